"""A frozen copy of a model at one step, on the CPU: for drawing, exploring and judging."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ganstudio.latent.networks import Architecture, Networks, Range, build
from ganstudio.latent.spec import LatentSpec

State = Mapping[str, Tensor]


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
    E : mapping of str to Tensor, or None
        State of the encoder, in an autoencoder.
    real_range : (float, float)
        The range of the real images that D sees.
    """

    run_id: str
    step: int
    architecture: Architecture
    G: State
    D: State
    G_ema: State | None
    E: State | None
    real_range: Range

    @property
    def latent(self) -> LatentSpec:
        """What z consists of."""
        return self.architecture.latent

    def generator(self, averaged: bool) -> State:
        """Return the averaged generator's state if asked for and there, else the latest's."""
        return self.G_ema if averaged and self.G_ema is not None else self.G

    @property
    def networks(self) -> Networks:
        """The networks in evaluation mode, to be called with a state by `functional_call`."""
        return _networks(self.architecture)


# functional_call swaps the weights of the module that it calls, so every thread has modules of
# its own.
_built = threading.local()


def _networks(architecture: Architecture) -> Networks:
    """Build an architecture's networks once a thread: the snapshot has their weights.

    Built-in ones are built without any; a file's code may need numbers to compute with.
    """
    if getattr(_built, "architecture", None) != architecture:
        with torch.device("cpu" if architecture.model_sha256 else "meta"):
            built = build(architecture)
        for net in (built.G, built.D, built.E):
            if net is not None:
                net.eval().requires_grad_(False)
        _built.architecture, _built.networks = architecture, built
    networks: Networks = _built.networks
    return networks
