import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from ganstudio.training.ema import EMA


class Net(nn.Module):
    """One weight, one floating buffer, one counter."""

    def __init__(self, value: float = 0.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([value], dtype=torch.float64))
        self.register_buffer("mean", torch.tensor([value], dtype=torch.float64))
        self.register_buffer("count", torch.tensor(0))

    def become(self, value: float, count: int) -> None:
        with torch.no_grad():
            self.weight.fill_(value)
            self.mean.fill_(-value)
            self.count.fill_(count)


@given(
    decay=st.floats(0.01, 0.99999),
    values=st.lists(st.floats(-100, 100), min_size=1, max_size=30),
)
def test_the_average_by_its_formula(decay: float, values: list[float]):
    net = Net(1.0)
    ema = EMA(net, decay)
    average = 1.0
    buffer = 1.0
    for t, value in enumerate(values, 1):
        net.become(value, t)
        ema.update()
        d = min(decay, (1 + t) / (10 + t))
        average, buffer = d * average + (1 - d) * value, d * buffer - (1 - d) * value
        assert float(ema.model.weight) == pytest.approx(average, rel=1e-9, abs=1e-9)
        assert float(ema.model.mean) == pytest.approx(buffer, rel=1e-9, abs=1e-9)
        assert int(ema.model.count) == t
    assert ema.updates == len(values)


def test_the_first_updates_forget_the_beginning():
    net = Net(1.0)
    ema = EMA(net, 0.999)
    net.become(0.0, 1)
    ema.update()
    assert float(ema.model.weight) == pytest.approx(2 / 11)


def test_the_average_is_apart():
    net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    ema = EMA(net, 0.9)
    assert net.training
    assert not ema.model.training
    assert all(p.requires_grad for p in net.parameters())
    assert not any(p.requires_grad for p in ema.model.parameters())
    before = ema.model[0].weight.clone()
    with torch.no_grad():
        net[0].weight.add_(1)
    assert torch.equal(ema.model[0].weight, before)
    ema.update()
    moved = before + (1 - 2 / 11)
    torch.testing.assert_close(ema.model[0].weight, moved)


def test_a_shared_weight_moves_once():
    net = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
    net[1].weight = net[0].weight
    net.register_buffer("transposed", net[0].weight.detach().T)
    ema = EMA(net, 0.9)
    before = ema.model[0].weight.clone()
    with torch.no_grad():
        net[0].weight.add_(1)
    ema.update()
    torch.testing.assert_close(ema.model[0].weight, before + (1 - 2 / 11))
    assert ema.model[1].weight is ema.model[0].weight
    assert torch.equal(ema.model.transposed, ema.model[0].weight.T)


def test_it_follows_weights_that_were_loaded():
    net = Net(1.0)
    ema = EMA(net, 0.5)
    other = Net(11.0)
    net.load_state_dict(other.state_dict())
    ema.updates = 1000
    ema.update()
    assert float(ema.model.weight) == pytest.approx(6.0)
