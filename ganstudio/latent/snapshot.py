"""A frozen copy of a model at one step, on the CPU: for drawing, exploring and judging."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

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
        """The networks in evaluation mode, to be called by `call`: their weights are anybody's."""
        return _workplace(self.architecture).networks


class _Workplace(threading.local):
    """A thread's own modules and whose weights they have.

    To give a module its weights takes as long as to draw an image, so they stay until it is called
    with others.
    """

    networks: Networks

    def __init__(self) -> None:  # anew in every thread
        self.architecture: Architecture | None = None
        self.states: dict[nn.Module, State] = {}


_workplaces = _Workplace()


def _workplace(architecture: Architecture) -> _Workplace:
    """Return the thread's modules of an architecture, which it keeps until it needs another's.

    Built-in ones are built without weights; a file's code may need numbers to compute with.
    """
    place = _workplaces
    if place.architecture != architecture:
        with torch.device("cpu" if architecture.model_sha256 else "meta"):
            built = build(architecture)
        for net in (built.G, built.D, built.E):
            if net is not None:
                net.eval().requires_grad_(False)
        place.architecture, place.networks, place.states = architecture, built, {}
    return place


def call(net: nn.Module, state: State, x: Tensor) -> Tensor:
    """Call one of a snapshot's `networks` with a state, whose tensors it takes without a copy."""
    states = _workplaces.states
    if states.get(net) is not state:
        states.pop(net, None)
        net.load_state_dict(state, assign=True)
        states[net] = state
    out: Tensor = net(x)
    return out
