"""Networks computed another way give what they give the usual way."""

import copy

import pytest
import torch
from torch import nn

from ganstudio.config import Config
from ganstudio.training import shortcuts
from ganstudio.training.trainer import Trainer

LAYERS = {
    "one pixel": (nn.ConvTranspose2d(6, 5, (4, 3), bias=False), (1, 1)),
    "with a bias": (nn.ConvTranspose2d(6, 5, 4, stride=2), (1, 1)),
    "more pixels": (nn.ConvTranspose2d(6, 5, 4, stride=2), (3, 2)),
    "cut off": (nn.ConvTranspose2d(6, 5, 4, padding=1), (1, 1)),
    "added to": (nn.ConvTranspose2d(6, 5, 4, stride=2, output_padding=1), (1, 1)),
    "spread": (nn.ConvTranspose2d(6, 5, 3, dilation=2), (1, 1)),
    "in groups": (nn.ConvTranspose2d(6, 4, 3, groups=2), (1, 1)),
}


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("name", LAYERS)
def test_a_shortcut_leads_to_the_same(name: str, layout: torch.memory_format):
    layer, size = LAYERS[name]
    usual = nn.Sequential(copy.deepcopy(layer)).double().to(memory_format=layout)
    short = copy.deepcopy(usual)
    shortcuts.take(short)
    x = torch.rand(7, 6, *size, dtype=torch.float64, requires_grad=True)
    found, expected = short(x), usual(x)
    assert torch.allclose(found, expected, rtol=1e-12)
    assert found.is_contiguous(memory_format=layout)
    slope = torch.rand_like(expected)
    ways = [
        torch.autograd.grad(y, [x, *net.parameters()], slope)
        for y, net in ((found, short), (expected, usual))
    ]
    for a, b in zip(*ways, strict=True):
        assert torch.allclose(a, b, rtol=1e-12)


def test_it_is_taken_for_one_pixel_alone(monkeypatch):
    def refuse(*_: object) -> None:
        raise AssertionError

    net = nn.Sequential(nn.ConvTranspose2d(6, 5, 4))
    shortcuts.take(net)
    monkeypatch.setattr(nn.ConvTranspose2d, "forward", refuse)
    net(torch.rand(2, 6, 1, 1))
    for x in (torch.rand(2, 6, 2, 1), torch.rand(6, 1, 1)):
        with pytest.raises(AssertionError):
            net(x)
    shortcuts.leave(net)
    with pytest.raises(AssertionError):
        net(torch.rand(2, 6, 1, 1))


def test_a_person_s_own_way_stays():
    class Own(nn.ConvTranspose2d):
        pass

    layers = [Own(6, 5, 4), nn.ConvTranspose2d(6, 5, 4)]
    layers[1].forward = lambda _x: "own"
    net = nn.Sequential(*layers)
    shortcuts.take(net)
    assert type(layers[0]) is Own
    assert layers[1](None) == "own"
    shortcuts.leave(net)
    assert layers[1](None) == "own"


def test_a_run_takes_them_unless_it_is_to_repeat(tiny, cpu):
    trainer = Trainer(Config(model="dcgan", batch_size=4), tiny, cpu)
    layers = [layer for layer in trainer.G if isinstance(layer, nn.ConvTranspose2d)]
    usual = [nn.ConvTranspose2d] * len(layers)
    assert [type(layer) for layer in layers] == usual
    trainer.adapt(True)
    assert nn.ConvTranspose2d not in map(type, layers)
    trainer.train_step()
    assert trainer.threads == 0, "it is not known to repeat"
    trainer.adapt(False)
    assert [type(layer) for layer in layers] == usual


NETS = {
    "linear": nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 3, bias=False), nn.Tanh()),
    "to images": nn.Sequential(
        nn.Linear(5, 4), nn.GELU(), nn.Linear(4, 6), nn.Sigmoid(), nn.Unflatten(1, (1, 2, 3))
    ),
}


@pytest.mark.parametrize("name", NETS)
def test_two_batches_go_together(name: str):
    net = copy.deepcopy(NETS[name]).double()
    assert shortcuts.can_go_together(net)
    free = torch.rand(3, 5, dtype=torch.float64)
    x = torch.rand(4, 5, dtype=torch.float64, requires_grad=True)
    free_y, y = shortcuts.together(net, free, x)
    assert torch.allclose(free_y, net(free), rtol=1e-12)
    assert torch.allclose(y, net(x), rtol=1e-12)
    assert not free_y.requires_grad
    free_y.requires_grad_()  # as penalties have it
    way = torch.rand_like(y)
    both = [torch.autograd.grad(found, [x, *net.parameters()], way) for found in (y, net(x))]
    for a, b in zip(*both, strict=True):
        assert torch.allclose(a, b, rtol=1e-12)


def test_not_all_can():
    class Own(nn.Linear):
        pass

    overridden, seen, changed = (nn.Linear(5, 4) for _ in range(3))
    overridden.forward = lambda x: x
    seen.register_forward_hook(lambda *_: None)
    changed.register_full_backward_hook(lambda *_: None)
    layer, relu = nn.Linear(5, 4), nn.ReLU()
    assert shortcuts.can_go_together(nn.Sequential(layer, relu))
    for layers in (
        (Own(5, 4), relu), (overridden, relu), (seen, relu), (changed, relu),
        (layer, nn.BatchNorm1d(4), relu), (layer, nn.Dropout()), (layer, nn.ReLU(inplace=True)),
        (nn.Sequential(layer, relu),), (nn.Conv2d(1, 2, 3), relu), (layer,),
        (layer, nn.Unflatten(1, (2, 2))), (nn.Unflatten(1, (1, 5)), layer, relu), (relu, layer), (),
    ):  # fmt: skip
        assert not shortcuts.can_go_together(nn.Sequential(*layers)), layers
    assert not shortcuts.can_go_together(layer)
