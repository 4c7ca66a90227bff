"""The six systems of ``recipes.md`` as plain textbook training loops, in float64.

An oracle: written from the page alone, to be compared step by step with an engine that
was not looked at. Every ``step`` is spelled out in full, so that it can be read beside
the page; what is shared is only what the page shares (labels, Adam, the two BCEs).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

FORMS = ("published", "repaired")
REAL, FAKE = 1.0, 0.0


class Draws(Protocol):
    """Where a step takes its random input from."""

    def real(self) -> Tensor:
        """Return the next real images, ``(N, C, s, s)`` float64 in [0, 1]."""

    def z(self, who: str) -> Tensor:
        """Return the next noise, ``(N, latent_dim)``; ``who`` is the net it is for."""


# --- objectives: (logits, label) -> mean over the batch ---------------------------------


def bce_on_probabilities(logits: Tensor, label: float) -> Tensor:
    """Sigmoid, then BCE; torch clamps each log at -100."""
    p = torch.sigmoid(logits)
    return F.binary_cross_entropy(p, torch.full_like(p, label))


def bce_with_logits(logits: Tensor, label: float) -> Tensor:
    """BCE with the sigmoid folded into it: the same loss, but it never saturates."""
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))


def bce_squashed_twice(logits: Tensor, label: float) -> Tensor:
    """BCE from logits, given what is a probability already: ``conv``'s published flaw."""
    return bce_with_logits(torch.sigmoid(logits), label)


Objective = Callable[[Tensor, float], Tensor]


# --- the base ---------------------------------------------------------------------------


class Page(ABC):
    """One system of the page, with its nets and their Adams.

    Parameters
    ----------
    form : {"published", "repaired"}
        With the flaws of the published text, or without them.
    side, channels : int
        Of the images.
    """

    latent_dim: ClassVar[int]
    prior: ClassVar[str] = "normal"
    adam: ClassVar[dict[str, Any]] = {"lr": 2e-4, "betas": (0.5, 0.999)}
    bces: ClassVar[Mapping[str, Objective]] = {
        "published": bce_on_probabilities,
        "repaired": bce_with_logits,
    }

    def __init__(self, form: str = "repaired", side: int = 28, channels: int = 1) -> None:
        if form not in FORMS:
            raise ValueError(f"form must be one of {FORMS}, not {form!r}")
        self.form, self.side, self.channels = form, side, channels
        self.shape = (channels, side, side)
        self.pixels = channels * side * side
        self.bce = self.bces[form]
        self.nets = {name: net.double().train() for name, net in self.build().items()}
        # G's optimiser holds all that is not D: for aae encoder and decoder, in one Adam.
        mine = [p for name, net in self.nets.items() if name != "D" for p in net.parameters()]
        self.opt_g = torch.optim.Adam(mine, foreach=False, **self.adam)
        self.opt_d = torch.optim.Adam(self.nets["D"].parameters(), foreach=False, **self.adam)

    @abstractmethod
    def build(self) -> dict[str, nn.Module]:
        """Return the nets in the order of the forward pass."""

    @abstractmethod
    def step(self, draws: Draws) -> dict[str, float]:
        """Update G once and D once, in the page's order, and return the losses."""


def to_tanh_range(images: Tensor) -> Tensor:
    """Scale [0, 1] to [-1, 1], the range of a G that ends in Tanh."""
    return 2 * images - 1


def report(**losses: Tensor) -> dict[str, float]:
    """Return the losses as floats."""
    return {name: loss.item() for name, loss in losses.items()}


# --- fully connected --------------------------------------------------------------------


class MlpGelu(Page):
    """BatchNorm and GELU; a G in [0, 1]."""

    latent_dim = 96
    adam: ClassVar = {"lr": 3e-4, "betas": (0.4, 0.8), "weight_decay": 1e-4}
    # Both forms keep to probabilities: what is repaired is the range of D's data.
    bces = dict.fromkeys(FORMS, bce_on_probabilities)

    def build(self) -> dict[str, nn.Module]:
        g = nn.Sequential(
            nn.Linear(self.latent_dim, 128),
            nn.BatchNorm1d(128),
            nn.GELU(),
            nn.Linear(128, 256),
            nn.BatchNorm1d(256),
            nn.GELU(),
            nn.Linear(256, 512),
            nn.BatchNorm1d(512),
            nn.GELU(),
            nn.Linear(512, 1024),
            nn.BatchNorm1d(1024),
            nn.GELU(),
            nn.Linear(1024, self.pixels),
            nn.Sigmoid(),
            nn.Unflatten(1, self.shape),
        )
        d = nn.Sequential(
            nn.Flatten(),
            nn.Linear(self.pixels, 512),
            nn.GELU(),
            nn.Linear(512, 256),
            nn.GELU(),
            nn.Linear(256, 128),
            nn.GELU(),
            nn.Linear(128, 64),
            nn.GELU(),
            nn.Linear(64, 32),
            nn.GELU(),
            nn.Linear(32, 1),
        )
        return {"G": g, "D": d}

    def step(self, draws: Draws) -> dict[str, float]:
        g, d = self.nets["G"], self.nets["D"]
        real = draws.real()
        if self.form == "published":
            # The flaw: real images in [-1, 1] beside fakes in [0, 1].
            real = to_tanh_range(real)

        fakes = g(draws.z("G"))
        g_loss = self.bce(d(fakes), REAL)
        self.opt_g.zero_grad()
        g_loss.backward()
        self.opt_g.step()

        # D keeps the fakes that G made before its update.
        real_loss = self.bce(d(real), REAL)
        fake_loss = self.bce(d(fakes.detach()), FAKE)
        self.opt_d.zero_grad()  # also drops what G's backward left in D
        (real_loss + fake_loss).backward()
        self.opt_d.step()
        return report(real_loss=real_loss, fake_loss=fake_loss, g_loss=g_loss)


class MlpLeaky(Page):
    """Four Linear layers, no normalisation; D's total is halved."""

    latent_dim = 100

    def build(self) -> dict[str, nn.Module]:
        g = nn.Sequential(
            nn.Linear(self.latent_dim, 128),
            nn.LeakyReLU(0.2),
            nn.Linear(128, 256),
            nn.LeakyReLU(0.2),
            nn.Linear(256, 512),
            nn.LeakyReLU(0.2),
            nn.Linear(512, self.pixels),
            nn.Tanh(),
            nn.Unflatten(1, self.shape),
        )
        d = nn.Sequential(
            nn.Flatten(),
            nn.Linear(self.pixels, 512),
            nn.LeakyReLU(0.2),
            nn.Linear(512, 256),
            nn.LeakyReLU(0.2),
            nn.Linear(256, 1),
        )
        return {"G": g, "D": d}

    def step(self, draws: Draws) -> dict[str, float]:
        g, d = self.nets["G"], self.nets["D"]
        real = to_tanh_range(draws.real())

        fakes = g(draws.z("G"))
        g_loss = self.bce(d(fakes), REAL)
        self.opt_g.zero_grad()
        g_loss.backward()
        self.opt_g.step()

        real_loss = self.bce(d(real), REAL)
        fake_loss = self.bce(d(fakes.detach()), FAKE)
        self.opt_d.zero_grad()
        ((real_loss + fake_loss) / 2).backward()
        self.opt_d.step()
        return report(real_loss=real_loss, fake_loss=fake_loss, g_loss=g_loss)


class MnistGan(Page):
    """D first, on real and fake in one batch; G then on fresh noise."""

    latent_dim = 128
    prior = "uniform"

    def build(self) -> dict[str, nn.Module]:
        g = nn.Sequential(
            nn.Linear(self.latent_dim, 1024),
            nn.ReLU(),
            nn.Linear(1024, 2048),
            nn.ReLU(),
            nn.Linear(2048, self.pixels),
            nn.Tanh(),
            nn.Unflatten(1, self.shape),
        )
        d = nn.Sequential(
            nn.Flatten(),
            nn.Linear(self.pixels, 512),
            nn.LeakyReLU(0.1),
            nn.Linear(512, 1),
        )
        return {"G": g, "D": d}

    def step(self, draws: Draws) -> dict[str, float]:
        g, d = self.nets["G"], self.nets["D"]
        real = to_tanh_range(draws.real())
        fakes = g(draws.z("D")).detach()

        images = torch.cat([real, fakes])
        labels = torch.cat([torch.ones(len(real), 1), torch.zeros(len(fakes), 1)]).double()
        logits = d(images)
        if self.form == "published":
            d_loss = F.binary_cross_entropy(torch.sigmoid(logits), labels)
        else:
            d_loss = F.binary_cross_entropy_with_logits(logits, labels)
        self.opt_d.zero_grad()
        d_loss.backward()
        self.opt_d.step()
        # Only to report: the halves of the batch that d_loss is the mean of.
        real_loss = self.bce(logits[: len(real)], REAL)
        fake_loss = self.bce(logits[len(real) :], FAKE)

        g_loss = self.bce(d(g(draws.z("G"))), REAL)
        self.opt_g.zero_grad()
        g_loss.backward()
        self.opt_g.step()
        return report(real_loss=real_loss, fake_loss=fake_loss, g_loss=g_loss)


# --- convolutional ----------------------------------------------------------------------


class Conv(Page):
    """Simultaneous updates: both gradients are taken before either net moves."""

    latent_dim = 100
    bces: ClassVar = {"published": bce_squashed_twice, "repaired": bce_with_logits}

    def build(self) -> dict[str, nn.Module]:
        s, c = self.side, self.channels
        seed = s // 4  # two ConvT of stride 2 bring it back to s
        left = (s - 4) // 2 + 1  # two convolutions without padding ...
        left = (left - 4) // 2 + 1  # ... leave 28 -> 13 -> 5
        g = nn.Sequential(
            nn.Linear(self.latent_dim, 256 * seed * seed, bias=False),
            nn.LeakyReLU(0.2),
            nn.Unflatten(1, (256, seed, seed)),
            nn.ConvTranspose2d(256, 128, 4, stride=2, padding=1, bias=False),
            nn.LeakyReLU(0.2),
            nn.ConvTranspose2d(128, 64, 4, stride=2, padding=1, bias=False),
            nn.LeakyReLU(0.2),
            nn.ConvTranspose2d(64, c, 3, stride=1, padding=1),
            nn.Tanh(),
        )
        d = nn.Sequential(
            nn.Conv2d(c, 64, 4, stride=2),
            nn.LeakyReLU(0.2),
            nn.Conv2d(64, 128, 4, stride=2),
            nn.LeakyReLU(0.2),
            nn.Flatten(),
            nn.Linear(128 * left * left, 1),
        )
        return {"G": g, "D": d}

    def step(self, draws: Draws) -> dict[str, float]:
        g, d = self.nets["G"], self.nets["D"]
        real = to_tanh_range(draws.real())

        # One forward pass, which both losses read.
        real_logits, fake_logits = d(real), d(g(draws.z("G")))
        g_loss = self.bce(fake_logits, REAL)
        real_loss = self.bce(real_logits, REAL)
        fake_loss = self.bce(fake_logits, FAKE)

        # Each loss reaches through both nets; `inputs` keeps its gradient to its own net.
        self.opt_g.zero_grad()
        self.opt_d.zero_grad()
        g_loss.backward(inputs=list(g.parameters()), retain_graph=True)
        ((real_loss + fake_loss) / 2).backward(inputs=list(d.parameters()))
        self.opt_g.step()
        self.opt_d.step()
        return report(real_loss=real_loss, fake_loss=fake_loss, g_loss=g_loss)


def dcgan_weights(module: nn.Module) -> None:
    """Draw a layer's weights as the DCGAN paper does; biases keep torch's default."""
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)


class Dcgan(Page):
    """D first; G scores the same fakes again, with the D that has just moved."""

    latent_dim = 100
    # The repair is an averaged copy of G to sample from: training does not notice it.
    bces = dict.fromkeys(FORMS, bce_with_logits)

    def build(self) -> dict[str, nn.Module]:
        c, seed = self.channels, self.side // 4
        g = nn.Sequential(
            nn.Unflatten(1, (self.latent_dim, 1, 1)),
            nn.ConvTranspose2d(self.latent_dim, 256, seed, stride=1, padding=0, bias=False),
            nn.BatchNorm2d(256),
            nn.ReLU(),
            nn.ConvTranspose2d(256, 128, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(128),
            nn.ReLU(),
            nn.ConvTranspose2d(128, c, 4, stride=2, padding=1),
            nn.Tanh(),
        )
        d = nn.Sequential(
            nn.Conv2d(c, 64, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(64, 128, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(128),
            nn.LeakyReLU(0.2),
            nn.Conv2d(128, 1, seed, stride=1, padding=0),
            nn.Flatten(),
        )
        return {"G": g.apply(dcgan_weights), "D": d.apply(dcgan_weights)}

    def step(self, draws: Draws) -> dict[str, float]:
        g, d = self.nets["G"], self.nets["D"]
        real = to_tanh_range(draws.real())
        fakes = g(draws.z("G"))

        # Real and fake go through D apart: its BatchNorm must not mix their statistics.
        real_loss = self.bce(d(real), REAL)
        fake_loss = self.bce(d(fakes.detach()), FAKE)
        self.opt_d.zero_grad()
        (real_loss + fake_loss).backward()
        self.opt_d.step()

        g_loss = self.bce(d(fakes), REAL)
        self.opt_g.zero_grad()
        g_loss.backward()
        self.opt_g.step()
        return report(real_loss=real_loss, fake_loss=fake_loss, g_loss=g_loss)


# --- adversarial autoencoder ------------------------------------------------------------


class Encoder(nn.Module):
    """Images to the mean and the log variance of their codes."""

    def __init__(self, pixels: int, latent_dim: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Flatten(),
            nn.Linear(pixels, 512),
            nn.LeakyReLU(0.2),
            nn.Linear(512, 512),
            nn.BatchNorm1d(512),
            nn.LeakyReLU(0.2),
        )
        self.mu = nn.Linear(512, latent_dim)
        self.logvar = nn.Linear(512, latent_dim)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.body(images)
        return self.mu(hidden), self.logvar(hidden)


class Aae(Page):
    """D tells codes from the prior; G is the decoder, E the encoder."""

    latent_dim = 10

    def __init__(self, form: str = "repaired", side: int = 32, channels: int = 1) -> None:
        super().__init__(form, side, channels)

    def build(self) -> dict[str, nn.Module]:
        decoder = nn.Sequential(
            nn.Linear(self.latent_dim, 512),
            nn.LeakyReLU(0.2),
            nn.Linear(512, 512),
            nn.BatchNorm1d(512),
            nn.LeakyReLU(0.2),
            nn.Linear(512, self.pixels),
            nn.Tanh(),
            nn.Unflatten(1, self.shape),
        )
        d = nn.Sequential(
            nn.Linear(self.latent_dim, 512),
            nn.LeakyReLU(0.2),
            nn.Linear(512, 256),
            nn.LeakyReLU(0.2),
            nn.Linear(256, 1),
        )
        return {"E": Encoder(self.pixels, self.latent_dim), "G": decoder, "D": d}

    def step(self, draws: Draws) -> dict[str, float]:
        e, g, d = self.nets["E"], self.nets["G"], self.nets["D"]
        x = to_tanh_range(draws.real())

        mu, logvar = e(x)
        codes = mu + torch.exp(logvar / 2) * draws.z("G")
        g_loss = self.bce(d(codes), REAL)
        reconstruction_loss = F.l1_loss(g(codes), x)
        self.opt_g.zero_grad()
        (0.001 * g_loss + 0.999 * reconstruction_loss).backward()
        self.opt_g.step()

        # The same codes, as they were before the encoder moved.
        real_loss = self.bce(d(draws.z("D")), REAL)
        fake_loss = self.bce(d(codes.detach()), FAKE)
        self.opt_d.zero_grad()
        (0.5 * (real_loss + fake_loss)).backward()
        self.opt_d.step()
        return report(
            real_loss=real_loss,
            fake_loss=fake_loss,
            g_loss=g_loss,
            reconstruction_loss=reconstruction_loss,
        )


PAGES: dict[str, Callable[..., Page]] = {
    "mlp-gelu": MlpGelu,
    "mlp-leaky": MlpLeaky,
    "mnistgan": MnistGan,
    "conv": Conv,
    "dcgan": Dcgan,
    "aae": Aae,
}

# Trainable parameters at the default sizes, by hand from the page. A Linear a->b has
# a*b + b, a convolution a->b of kernel k has a*b*k*k (+ b), a BatchNorm of b has 2*b.
COUNTS: dict[str, dict[str, int]] = {
    # G: 96*128+128 = 12_416,  128*256+256 = 33_024,  256*512+512 = 131_584,
    #    512*1024+1024 = 525_312,  1024*784+784 = 803_600;  these make 1_505_936
    #    BatchNorm 2*(128+256+512+1024) = 3_840;  in all 1_509_776
    # D: 784*512+512 = 401_920,  512*256+256 = 131_328,  256*128+128 = 32_896,
    #    128*64+64 = 8_256,  64*32+32 = 2_080,  32+1 = 33;  in all 576_513
    "mlp-gelu": {"G": 1_509_776, "D": 576_513},
    # G: 100*128+128 = 12_928,  33_024,  131_584,  512*784+784 = 402_192;  579_728
    # D: 401_920,  131_328,  256+1 = 257;  533_505
    "mlp-leaky": {"G": 579_728, "D": 533_505},
    # G: 128*1024+1024 = 132_096,  1024*2048+2048 = 2_099_200,
    #    2048*784+784 = 1_606_416;  3_837_712
    # D: 401_920,  512+1 = 513;  402_433
    "mnistgan": {"G": 3_837_712, "D": 402_433},
    # G: 100*(7*7*256) = 1_254_400,  256*128*16 = 524_288,  128*64*16 = 131_072,
    #    64*1*9+1 = 577;  1_910_337
    # D: 1*64*16+64 = 1_088,  64*128*16+128 = 131_200,
    #    sides 28 -> 13 -> 5: 128*25+1 = 3_201;  135_489
    "conv": {"G": 1_910_337, "D": 135_489},
    # G: 100*256*49 = 1_254_400,  BatchNorm 512,  256*128*16 = 524_288,  BatchNorm 256,
    #    128*1*16+1 = 2_049;  1_781_505
    # D: 1*64*16+64 = 1_088,  64*128*16 = 131_072,  BatchNorm 256,
    #    128*1*49+1 = 6_273;  138_689
    "dcgan": {"G": 1_781_505, "D": 138_689},
    # E: 1024*512+512 = 524_800,  512*512+512 = 262_656,  BatchNorm 1_024,
    #    mu and log variance 2*(512*10+10) = 10_260;  798_740
    # G: 10*512+512 = 5_632,  262_656,  BatchNorm 1_024,  512*1024+1024 = 525_312;  794_624
    # D: 5_632,  512*256+256 = 131_328,  256+1 = 257;  137_217
    "aae": {"E": 798_740, "G": 794_624, "D": 137_217},
}
