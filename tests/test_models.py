from itertools import product

import pytest
import torch
from torch import nn

from ganstudio import parts
from ganstudio.latent.networks import Architecture, Networks, build, each_alone, with_classes
from ganstudio.latent.spec import LatentPart, LatentSpec
from ganstudio.training.trainer import _build

NAMES = parts.names(parts.MODEL)


def built(name: str, shape: tuple[int, int, int] = (1, 28, 28), **changes: object) -> Networks:
    latent = LatentSpec((LatentPart(name="z", kind="normal", dim=7),))
    settings: dict = {"model": name, "latent": latent, "image_shape": shape, **changes}
    return build(Architecture(**settings))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("channels", "side"), list(product((1, 3), (28, 32, 64))))
def test_shapes_and_range(name: str, channels: int, side: int):
    shape = (channels, side, side)
    networks = built(name, shape)
    images = networks.G(torch.randn(3, 7) * 50)
    assert images.shape == (3, *shape)
    low, high = networks.output_range
    assert low <= images.min() < images.max() <= high
    judged = images if networks.E is None else networks.E(images)[:, :7]
    assert networks.D(judged).shape == (3, 1)


@pytest.mark.parametrize("name", NAMES)
def test_d_gives_logits(name: str):
    """A D that ends in a sigmoid would squash twice."""
    networks = built(name)
    with torch.no_grad():
        for parameter in networks.D.parameters():
            parameter.mul_(50)
        judged = torch.rand(64, *((1, 28, 28) if networks.E is None else (7,)))
        logits = networks.D(judged)
    assert logits.abs().max() > 1


@pytest.mark.parametrize("name", NAMES)
def test_every_weight_learns(name: str):
    networks = built(name)
    images = networks.G(torch.randn(8, 7))
    judged = images
    if networks.E is not None:
        codes = networks.E(torch.rand(8, 1, 28, 28))
        judged = codes[:, :7] + codes[:, 7:]
    (networks.D(judged).square().sum() + images.square().sum()).backward()
    for net in (networks.G, networks.D, networks.E):
        for parameter in net.parameters() if net is not None else ():
            assert parameter.grad is not None
            assert parameter.grad.abs().sum() > 0


@pytest.mark.parametrize("name", [name for name in NAMES if name != "aae"])
def test_a_conditional_d_sees_a_map_for_each_class(name: str):
    latent = LatentSpec(
        (
            LatentPart(name="z", kind="normal", dim=4),
            LatentPart(name="class", kind="one-hot", dim=3, role="class"),
        )
    )
    networks = built(name, latent=latent)
    images, classes = torch.rand(5, 1, 28, 28), torch.eye(3)[[0, 1, 2, 1, 0]]
    seen = with_classes(images, classes)
    assert seen.shape == (5, 4, 28, 28)
    assert torch.equal(seen[:, :1], images)
    assert torch.equal(seen[3, 2], torch.ones(28, 28))
    assert seen[3, [1, 3]].abs().max() == 0
    assert networks.D(seen).shape == (5, 1)
    assert networks.G(torch.rand(5, 7)).shape == (5, 1, 28, 28)


def test_codes_give_d_more_outputs():
    latent = LatentSpec(
        (
            LatentPart(name="z", kind="normal", dim=4),
            LatentPart(name="choice", kind="one-hot", dim=10, role="code"),
            LatentPart(name="code", kind="uniform", dim=2, role="code"),
        )
    )
    assert built("conv-small", latent=latent).D(torch.rand(3, 1, 28, 28)).shape == (3, 1 + 10 + 2)


@pytest.mark.parametrize("name", NAMES)
def test_spectral_norm_bounds_every_layer_of_d(name: str):
    """After enough power iterations the largest singular value of every layer is 1."""
    networks = built(name, spectral_norm=True)
    judged = torch.rand(4, *((1, 28, 28) if networks.E is None else (7,)))
    with torch.no_grad():
        for _ in range(300):
            networks.D(judged)
    layers = [m for m in networks.D.modules() if isinstance(m, nn.Linear | nn.Conv2d)]
    assert layers
    for layer in layers:
        largest = torch.linalg.matrix_norm(layer.weight.flatten(1), 2)
        assert float(largest.detach()) == pytest.approx(1, abs=0.02)


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


@pytest.mark.parametrize("name", NAMES)
def test_images_that_are_judged_alone_may_be_judged_together(name: str):
    D = built(name).D.double()
    rng = torch.Generator().manual_seed(0)
    shape = (7,) if name == "aae" else (1, 28, 28)
    real, fake = torch.rand(2, 5, *shape, generator=rng, dtype=torch.float64)
    with torch.no_grad():
        apart = torch.cat([D(real), D(fake)])
        together = D(torch.cat([real, fake]))
    assert each_alone(D) == (name != "dcgan")
    assert torch.allclose(apart, together, rtol=1e-12) == each_alone(D)


def test_what_counts_passes_or_is_unknown_is_not_judged_together():
    class Own(nn.Linear):
        pass

    assert each_alone(nn.Sequential(nn.Flatten(), nn.Linear(4, 1)))
    assert not each_alone(nn.Sequential(Own(4, 1)))
    assert not each_alone(nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 1)))
    assert each_alone(nn.Sequential(nn.Unflatten(1, (2, 2)), nn.Flatten(2)))
    assert not each_alone(nn.Sequential(nn.Flatten(0)))
    assert not each_alone(nn.Sequential(nn.Unflatten(0, (-1, 2)), nn.Flatten()))
    for register in ("register_forward_pre_hook", "register_full_backward_hook"):
        net = nn.Sequential(nn.Linear(4, 1))
        getattr(net[0], register)(lambda *_: None)
        assert not each_alone(net)
    assert not each_alone(built("mlp-leaky", spectral_norm=True).D)
