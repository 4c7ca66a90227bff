"""Layers computed another way give what they give the usual way."""

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
