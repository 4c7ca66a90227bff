"""Tools that several tests share, and a step of each order in plain torch, to compare with."""

import copy
import dataclasses
import importlib
import math
import os
import signal
import struct
import warnings
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from ganstudio.data import batches
from ganstudio.data.batches import Dice, Noise
from ganstudio.latent import networks
from ganstudio.latent.networks import Architecture, build
from ganstudio.latent.snapshot import Snapshot, forget
from ganstudio.latent.spec import LatentPart, LatentSpec, Stream
from ganstudio.training import trainer as trainer_module
from ganstudio.training.trainer import Trainer

GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")


def _small_generator(latent_dim: int, image_shape: tuple[int, int, int]) -> nn.Module:
    return nn.Sequential(
        nn.Linear(latent_dim, 12),
        nn.BatchNorm1d(12),
        nn.GELU(),
        nn.Linear(12, math.prod(image_shape)),
        nn.Sigmoid(),
        nn.Unflatten(1, image_shape),
    )


def _small_discriminator(shape: tuple[int, ...], outputs: int) -> nn.Module:
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(math.prod(shape), 12),
        nn.BatchNorm1d(12),
        nn.GELU(),
        nn.Linear(12, outputs),
    )


SMALL = {"generator": _small_generator, "discriminator": _small_discriminator}
"""Two-layer networks with BatchNorm in both, for a model module."""


def importable(module: str) -> ModuleType:
    """Import what needs torchvision, which cannot be loaded beside every build of torch.

    There the test is skipped, but not in continuous integration.
    """
    try:
        with warnings.catch_warnings(action="ignore"):
            return importlib.import_module(module)
    except (ImportError, RuntimeError) as error:  # "operator torchvision::nms does not exist"
        if "CI" in os.environ:
            raise
        pytest.skip(f"{module} cannot be imported: {error}")


def idx_bytes(values: np.ndarray) -> bytes:
    """Return `values` as an IDX file of unsigned bytes."""
    header = struct.pack(f">{values.ndim + 1}I", 0x0800 + values.ndim, *values.shape)
    return header + values.astype(np.uint8).tobytes()


def everything(trainer: Any) -> dict[str, Any]:
    """Return a copy of all that a step may change: weights, buffers, moments, positions, rows."""
    state = copy.deepcopy(trainer.state())
    del state["seconds"]
    state["history"] = state["history"][:-1]  # without the seconds
    return state


def weights(net: nn.Module) -> dict[str, torch.Tensor]:
    """Return a copy of a network's parameters."""
    return {name: value.detach().clone() for name, value in net.named_parameters()}


def same(a: Any, b: Any) -> bool:
    """Tell whether two nested structures are equal to the last bit; NaN equals NaN."""
    if isinstance(a, torch.Tensor):
        return a.shape == b.shape and torch.equal(a.nan_to_num(nan=7e33), b.nan_to_num(nan=7e33))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


def close(actual: nn.Module, expected: nn.Module) -> None:
    """Assert that two networks have the same weights and buffers up to rounding in float64."""
    torch.testing.assert_close(
        actual.state_dict(), expected.state_dict(), rtol=1e-7, atol=1e-10, check_dtype=True
    )


def compute_in_double(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make trainers compute in float64."""
    build = trainer_module._build

    def doubled(architecture, seed):
        networks = build(architecture, seed)
        for net in (networks.G, networks.D, networks.E):
            if net is not None:
                net.double()
        return networks

    def to_range(images: torch.Tensor, low: float, high: float) -> torch.Tensor:
        return images.double() / 255 * (high - low) + low

    original = Noise.next
    monkeypatch.setattr(trainer_module, "_build", doubled)
    monkeypatch.setattr(batches, "to_range", to_range)
    monkeypatch.setattr(Noise, "next", lambda self: original(self).double())


def interrupt_at(monkeypatch: Any, steps: dict[int, int]) -> None:
    """Press Ctrl-C within some steps, as often as the dictionary says."""
    original = Trainer.train_step

    def train_step(self, *args):
        original(self, *args)
        for _ in range(steps.get(self.step, 0)):
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Trainer, "train_step", train_step)


class PlainGAN:
    """The textbook GAN: logistic losses, `backward`, and Adam as torch has it by default."""

    def __init__(self, trainer: Any, real: Any, z_D: Any, z_G: Any) -> None:
        self.config = config = trainer.config
        self.share = Dice(config.seed, Stream.PENALTY, torch.device("cpu"))
        self.G, self.D = copy.deepcopy(trainer.G), copy.deepcopy(trainer.D)
        self.real, self.z_D, self.z_G = real, z_D, z_G
        self.half = config.d_total == "mean"
        adam = {"betas": (config.beta1, config.beta2), "weight_decay": config.weight_decay}
        self.G_opt = torch.optim.Adam(self.G.parameters(), config.g_lr, foreach=False, **adam)
        self.D_opt = torch.optim.Adam(self.D.parameters(), config.d_lr, foreach=False, **adam)
        self.seen: dict[str, float] = {}

    def step(self, order: str, k: int) -> None:
        """Make one step, as recipes.md words its order."""
        if order == "d-first":
            for _ in range(k):
                self.update_D(self.G(self.z_D.next()).detach())
            self.update_G(self.G(self.z_G.next()))
        elif order == "d-first-shared":
            fake = self.G(self.z_G.next())
            for _ in range(k - 1):
                self.update_D(self.G(self.z_D.next()).detach())
            self.update_D(fake.detach())
            self.update_G(fake)
        elif order == "g-first-shared":
            fake = self.G(self.z_G.next())
            self.update_G(fake)
            self.update_D(fake.detach())
            for _ in range(k - 1):
                self.update_D(self.G(self.z_D.next()).detach())
        else:
            for _ in range(k - 1):
                self.update_D(self.G(self.z_D.next()).detach())
            fake = self.G(self.z_G.next())
            d_gradients = torch.autograd.grad(self.d_loss(fake.detach()), [*self.D.parameters()])
            g_gradients = torch.autograd.grad(self.g_loss(fake), [*self.G.parameters()])
            for opt, gradients in ((self.D_opt, d_gradients), (self.G_opt, g_gradients)):
                for parameter, gradient in zip(
                    opt.param_groups[0]["params"], gradients, strict=True
                ):
                    parameter.grad = gradient
                opt.step()

    def update_D(self, fake: torch.Tensor) -> None:
        self.D_opt.zero_grad()
        self.d_loss(fake).backward()
        self.D_opt.step()

    def update_G(self, fake: torch.Tensor) -> None:
        self.G_opt.zero_grad()
        self.g_loss(fake).backward()
        self.G_opt.step()

    def d_loss(self, fake: torch.Tensor) -> torch.Tensor:
        x = self.real.next()
        penalty = self.penalty(x, fake)
        real, fake = self.D(x)[:, 0], self.D(fake)[:, 0]
        real_loss = binary_cross_entropy_with_logits(real, torch.ones_like(real))
        fake_loss = binary_cross_entropy_with_logits(fake, torch.zeros_like(fake))
        self.see(real_loss=real_loss, fake_loss=fake_loss)
        self.see(real_score=real.sigmoid().mean(), fake_score=fake.sigmoid().mean())
        return (real_loss + fake_loss) / (2 if self.half else 1) + penalty

    def penalty(self, real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
        """Return R1 and R2, and WGAN-GP's penalty, each of every update and weighted."""
        total = torch.zeros((), dtype=real.dtype)
        for x, gamma in ((real, self.config.r1), (fake, self.config.r2)):
            if gamma:
                total = total + gamma / 2 * (self.slopes(x) ** 2).mean()
        if weight := self.config.gradient_penalty:
            share = torch.rand(len(real), generator=self.share.next()).to(real.dtype)
            share = share[:, None, None, None]
            between = share * real + (1 - share) * fake
            total = total + weight * ((self.slopes(between) - 1) ** 2).mean()
        return total

    def slopes(self, x: torch.Tensor) -> torch.Tensor:
        x = x.detach().clone().requires_grad_()
        (gradient,) = torch.autograd.grad(self.D(x).sum(), x, create_graph=True)
        return (gradient**2).sum(dim=(1, 2, 3)).sqrt()

    def g_loss(self, fake: torch.Tensor) -> torch.Tensor:
        logits = self.D(fake)[:, 0]
        g_loss = binary_cross_entropy_with_logits(logits, torch.ones_like(logits))
        self.see(g_loss=g_loss, fake_score=logits.sigmoid().mean())
        return g_loss

    def see(self, **values: torch.Tensor) -> None:
        self.seen |= {name: float(value.detach()) for name, value in values.items()}


def fresh_snapshot(architecture: Architecture, seed: int = 1, **fields: Any) -> Snapshot:
    """Return a snapshot of untrained networks; `fields` differ from the usual."""
    torch.manual_seed(seed)
    made = build(architecture)
    usual = {
        "run_id": "run",
        "step": 1,
        "architecture": architecture,
        "G": made.G.state_dict(),
        "D": made.D.state_dict(),
        "G_ema": None,
        "E": None if made.E is None else made.E.state_dict(),
        "real_range": made.output_range,
        "d_updates": 1,
    }
    return Snapshot(**usual | fields)


MIXED = LatentSpec(
    (
        LatentPart(name="class", kind="one-hot", dim=3, role="class"),
        LatentPart(name="z", kind="normal", dim=4),
        LatentPart(name="code", kind="uniform", dim=2, role="code"),
    )
)
"""A z of all kinds: a class, noise and codes."""

LINEAR_SHAPE = (1, 6, 5)


class Linear(nn.Module):
    """Draws W z on a grey ground."""

    def __init__(self, grey: float) -> None:
        super().__init__()
        self.layer = nn.Linear(MIXED.dim, math.prod(LINEAR_SHAPE), bias=False)
        self.grey = grey

    def forward(self, z):
        return (self.grey + self.layer(z)).view(-1, *LINEAR_SHAPE)


def linear_snapshot(
    monkeypatch: pytest.MonkeyPatch, *, grey: float = 0.0, contrast: float = 1.0
) -> Snapshot:
    """Return a model of `MIXED` that is linear; ``G["layer.weight"]`` is its matrix."""
    architecture = Architecture(model="mlp-gelu", latent=MIXED, image_shape=LINEAR_SHAPE)
    usual = fresh_snapshot(architecture)
    torch.manual_seed(3)
    G = Linear(grey).eval()
    with torch.no_grad():
        G.layer.weight *= contrast
    made = networks.Networks(G=G, D=nn.Linear(1, 1), E=None, output_range=(0.0, 1.0))
    monkeypatch.setattr("ganstudio.latent.snapshot.build", lambda _: made)
    forget()
    weights = {"layer.weight": G.layer.weight.detach().clone()}
    return dataclasses.replace(usual, G=weights)
