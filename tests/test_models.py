from itertools import pairwise

import pytest
import torch
from torch import nn

from ganstudio import parts
from ganstudio.latent.snapshot import Architecture
from ganstudio.latent.spec import LatentPart, LatentSpec
from ganstudio.models import mlp_gelu
from ganstudio.training.trainer import _build

NAMES = parts.names(parts.MODEL)


def count(net: nn.Module) -> int:
    return sum(parameter.numel() for parameter in net.parameters())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(1, 28, 28), (1, 32, 32), (3, 64, 64)])
def test_shapes_and_range(name: str, shape: tuple[int, int, int]):
    networks = parts.load(parts.MODEL, name).build(7, shape)
    images = networks.G(torch.randn(3, 7) * 50)
    assert images.shape == (3, *shape)
    low, high = networks.output_range
    assert low <= images.min() < images.max() <= high
    assert networks.D(images).shape == (3,)


@pytest.mark.parametrize("name", NAMES)
def test_d_gives_logits(name: str):
    """A D that ends in a sigmoid would squash twice."""
    networks = parts.load(parts.MODEL, name).build(7, (1, 28, 28))
    with torch.no_grad():
        for parameter in networks.D.parameters():
            parameter.mul_(50)
        logits = networks.D(torch.rand(64, 1, 28, 28))
    assert logits.abs().max() > 1


@pytest.mark.parametrize("name", NAMES)
def test_every_weight_learns(name: str):
    networks = parts.load(parts.MODEL, name).build(7, (1, 28, 28))
    networks.D(networks.G(torch.randn(8, 7))).square().sum().backward()
    for net in (networks.G, networks.D):
        assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())


def test_mlp_gelu_has_the_published_sizes():
    networks = mlp_gelu.build(96, (1, 28, 28))
    g, d = (96, 128, 256, 512, 1024, 784), (784, 512, 256, 128, 64, 32, 1)
    linear = [sum(n * m + m for n, m in pairwise(sizes)) for sizes in (g, d)]
    assert count(networks.G) == linear[0] + 2 * sum(g[1:-1]) == 1_509_776
    assert count(networks.D) == linear[1] == 576_513
    kinds = [type(layer).__name__ for layer in networks.G]
    assert kinds == ["Linear", "BatchNorm1d", "GELU"] * 4 + ["Linear", "Sigmoid", "Unflatten"]
    kinds = [type(layer).__name__ for layer in networks.D]
    assert kinds == ["Flatten"] + ["Linear", "GELU"] * 5 + ["Linear", "Flatten"]


def test_initial_weights_come_from_the_seed_alone():
    latent = LatentSpec((LatentPart(name="z", kind="normal", dim=4),))
    architecture = Architecture(model="mlp-gelu", latent=latent, image_shape=(1, 2, 2))
    torch.manual_seed(99)
    before = torch.get_rng_state()
    first, second, other = (_build(architecture, seed) for seed in (3, 3, 4))
    assert torch.equal(torch.get_rng_state(), before)
    assert all(map(torch.equal, first.G.parameters(), second.G.parameters()))
    assert not torch.equal(first.G[0].weight, other.G[0].weight)
    # change these numbers and a seed begins elsewhere
    torch.testing.assert_close(first.G[0].weight[0].detach(), torch.tensor(GOLDEN_WEIGHTS))


GOLDEN_WEIGHTS = [-0.49573648, -0.39443064, -0.21415752, -0.47304517]
