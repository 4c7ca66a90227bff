"""A frozen copy of a model at one step, on the CPU: for drawing, exploring and judging."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganstudio import parts
from ganstudio.latent.spec import LatentSpec

State = Mapping[str, Tensor]


@dataclass(frozen=True, kw_only=True, slots=True)
class Architecture:
    """What it takes to build a model's networks again.

    Attributes
    ----------
    model : str
        Name of the model.
    latent : LatentSpec
        What z consists of.
    image_shape : (int, int, int)
        Channels, height and width.
    """

    model: str
    latent: LatentSpec
    image_shape: tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The weights of one step. Nobody writes to them, so any thread may read them.

    Attributes
    ----------
    run_id : str
        The run it belongs to.
    step : int
        The step after which it was taken.
    architecture : Architecture
        The networks that the weights belong to.
    G, D : mapping of str to Tensor
        States of the latest generator and discriminator, buffers included.
    G_ema : mapping of str to Tensor, or None
        State of the averaged generator, where the recipe has one.
    """

    run_id: str
    step: int
    architecture: Architecture
    G: State
    D: State
    G_ema: State | None

    @property
    def latent(self) -> LatentSpec:
        """What z consists of."""
        return self.architecture.latent

    def generator(self, averaged: bool) -> State:
        """Return the averaged generator's state if asked for and there, else the latest's."""
        return self.G_ema if averaged and self.G_ema is not None else self.G

    @property
    def networks(self) -> tuple[nn.Module, nn.Module, tuple[float, float]]:
        """G and D in evaluation mode, to be called with a state by `functional_call`; G's range."""
        return _networks(self.architecture)


# functional_call swaps the weights of the module that it calls, so every thread has modules of
# its own.
_built = threading.local()


def _networks(
    architecture: Architecture,
) -> tuple[nn.Module, nn.Module, tuple[float, float]]:
    """Build an architecture's networks once a thread, without weights: the snapshot has them."""
    if getattr(_built, "architecture", None) != architecture:
        module = parts.load(parts.MODEL, architecture.model)
        with torch.device("meta"):
            built = module.build(architecture.latent.dim, architecture.image_shape)
        G, D = (net.eval().requires_grad_(False) for net in (built.G, built.D))
        _built.architecture, _built.networks = architecture, (G, D, built.output_range)
    networks: tuple[nn.Module, nn.Module, tuple[float, float]] = _built.networks
    return networks
