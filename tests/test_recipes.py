"""Presets against the recipes as `pages` writes them down, which shares no code with the engine."""

import numpy as np
import pytest
import torch
from pages import COUNTS, PAGES, Page

from ganstudio.config import Config, load_preset
from ganstudio.data.batches import Noise, RealBatches
from ganstudio.data.dataset import Dataset
from ganstudio.latent.spec import Stream
from ganstudio.training.trainer import Trainer

STEPS = 50
SIDE = 12  # pixels, to be fast; the sizes of the networks at full size have a test of their own
FORMS = ("published", "repaired")


def settings(name: str, form: str) -> Config:
    return load_preset(name).form(published=form == "published").changed(batch_size=4)


def noisy(side: int, channels: int) -> Dataset:
    """64 images, no two alike."""
    images = np.random.default_rng(5).integers(0, 256, (64, channels, side, side), dtype=np.uint8)
    labels = np.arange(64) % 10
    return Dataset(name="noisy", train=images, test=images, train_labels=labels, test_labels=labels)


def built(name: str, form: str, side: int, channels: int) -> tuple[Page, Trainer]:
    """Return a page and a trainer that begin with the same weights."""
    page = PAGES[name](form, side=side, channels=channels)
    trainer = Trainer(settings(name, form), noisy(side, channels), torch.device("cpu"))
    with torch.no_grad():
        for net, own in page.nets.items():
            theirs = parameters(getattr(trainer, net), own)
            for target, source in zip(own.parameters(), theirs, strict=True):
                target.copy_(source)
    return page, trainer


def parameters(net: torch.nn.Module, like: torch.nn.Module) -> list[torch.Tensor]:
    """Return the engine's parameters in the page's shapes: its encoder has two last layers."""
    theirs = [p.detach().clone() for p in net.parameters()]
    if len(theirs) == len(list(like.parameters())):
        return theirs
    weight, bias = theirs[-2:]
    means, log_variances = zip(weight.chunk(2), bias.chunk(2), strict=True)
    return [*theirs[:-2], *means, *log_variances]


class Draws:
    """The trainer's batches and noise a second time, for a page."""

    def __init__(self, trainer: Trainer) -> None:
        size, seed, cpu = trainer.config.batch_size, trainer.config.seed, torch.device("cpu")
        self._real = RealBatches(trainer.dataset, size, seed, (0.0, 1.0), cpu)
        self._z = {
            "D": Noise(trainer.latent, size, seed, Stream.Z_D, cpu),
            "G": Noise(trainer.latent, size, seed, Stream.Z_G, cpu),
        }

    def real(self) -> torch.Tensor:
        return self._real.next()

    def z(self, who: str) -> torch.Tensor:
        return self._z[who].next()


def compare(name: str, form: str, side: int, channels: int, steps: int) -> None:
    page, trainer = built(name, form, side, channels)
    draws = Draws(trainer)
    seen = []
    for _ in range(steps):
        trainer.train_step()
        seen.append(page.step(draws))
    trainer.drain()
    for loss in seen[0]:
        expected = [losses[loss] for losses in seen]
        np.testing.assert_allclose(trainer.history.column(loss), expected, rtol=1e-6)
    for net, own in page.nets.items():
        theirs = parameters(getattr(trainer, net), own)
        for actual, wanted in zip(theirs, own.parameters(), strict=True):
            torch.testing.assert_close(actual, wanted.detach(), rtol=1e-6, atol=1e-8)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", PAGES)
def test_trains_as_the_page_says(name: str, form: str):
    compare(name, form, SIDE, 1, STEPS)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize(("side", "channels"), [(32, 1), (64, 3)])
@pytest.mark.parametrize("name", ["conv", "dcgan"])
def test_trains_at_other_sizes(name: str, side: int, channels: int):
    compare(name, "repaired", side, channels, 3)


@pytest.mark.parametrize("name", PAGES)
def test_has_the_pages_sizes(name: str):
    side = load_preset(name).config.image_size or 28
    page, trainer = built(name, "repaired", side, 1)
    for net, own in page.nets.items():
        theirs = parameters(getattr(trainer, net), own)
        assert [tuple(p.shape) for p in theirs] == [tuple(p.shape) for p in own.parameters()]
        assert sum(p.numel() for p in theirs) == COUNTS[name][net]


@pytest.mark.parametrize("name", PAGES)
def test_has_the_pages_lengths_and_prior(name: str):
    lengths = {
        "mlp-gelu": 200, "mlp-leaky": 300, "mnistgan": 100, "conv": 50, "dcgan": 50, "aae": 200,
    }  # fmt: skip
    for form in FORMS:
        config = load_preset(name).form(published=form == "published")
        assert (config.epochs, config.batch_size) == (lengths[name], 64)
        assert config.prior == PAGES[name].prior
        assert config.latent_dim == PAGES[name].latent_dim
    published = load_preset(name).form(published=True)
    assert published.ema_decay == 0  # they sample the raw G


@pytest.mark.parametrize("name", PAGES)
def test_the_forms_differ_and_say_how(name: str):
    preset = load_preset(name)
    assert preset.published is not None
    assert preset.published != preset.config
    assert "As published" in preset.difference
    assert "Repaired" in preset.difference


def test_saturated_d_tells_probabilities_from_logits():
    """The switch between the forms is real, though both agree on fresh weights."""
    gradients = {}
    for form in FORMS:
        trainer = Trainer(settings("mlp-leaky", form), noisy(28, 1), torch.device("cpu"))
        logits = torch.full((4,), -150.0, requires_grad=True)
        (gradient,) = torch.autograd.grad(trainer.objective.g_loss(logits), logits)
        gradients[form] = gradient.tolist()
    assert gradients == {"published": [0.0] * 4, "repaired": [-0.25] * 4}


def test_the_published_range_gives_d_a_hint():
    for form, low in (("published", -1.0), ("repaired", 0.0)):
        trainer = Trainer(settings("mlp-gelu", form), noisy(28, 1), torch.device("cpu"))
        assert trainer.real.next().min() == low
        with torch.no_grad():
            assert trainer.G(torch.randn(64, 96)).min() > 0
