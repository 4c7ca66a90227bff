"""A frozen copy of a model at one step, on the CPU: for drawing, exploring and judging."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn
from torch.func import functional_call

from ganstudio.latent.aside import Aside
from ganstudio.latent.networks import Architecture, Networks, Range, build
from ganstudio.latent.spec import LatentSpec

State = Mapping[str, Tensor]

CPU = torch.device("cpu")
SLOW_SECONDS = 0.004  # an image: a slider moves sixty times a second, and others draw meanwhile
SLOW_CALLS = 3  # in a row: the first may be slow for other reasons


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
    d_updates : int
        How many updates D has had: an untrained one has no opinion worth telling.
    device : torch.device
        Where its run trains. Networks that take the CPU long may be called there (`go_aside`).
    """

    run_id: str
    step: int
    architecture: Architecture
    G: State
    D: State
    G_ema: State | None
    E: State | None
    real_range: Range
    d_updates: int
    device: torch.device = field(default=CPU, compare=False)

    @property
    def latent(self) -> LatentSpec:
        """What z consists of."""
        return self.architecture.latent

    @property
    def nbytes(self) -> int:
        """How much memory its weights take."""
        states = (self.G, self.D, self.G_ema, self.E)
        return sum(value.nbytes for state in states if state for value in state.values())

    def generator(self, averaged: bool) -> State:
        """Return the averaged generator's state if asked for and there, else the latest's."""
        return self.G_ema if averaged and self.G_ema is not None else self.G

    @property
    def networks(self) -> Networks:
        """The networks in evaluation mode, to be looked at: whose weights they have is open."""
        return _workplace.networks_of(self.architecture)

    def call(self, name: Literal["G", "D", "E"], x: Tensor, *, averaged: bool = False) -> Tensor:
        """Call a network with its weights of this step; G `averaged`, where it is."""
        state = self.generator(averaged) if name == "G" else getattr(self, name)
        return _workplace.call(self.architecture, name, state, x, self.device)


class _Workplace(threading.local):
    """A thread's own modules, which it gives the weights that they are called with.

    That takes as long as to draw an image, so modules keep them until they are called with others.

    Attributes
    ----------
    goes_aside : bool
        Whether networks that take the CPU long are called on the GPU that trains them.
    """

    def __init__(self) -> None:  # anew in every thread
        self.goes_aside = False
        self.clear()

    def clear(self) -> None:
        """Let go of the modules, and of the model that they were called with last."""
        self._built: tuple[Architecture, Networks] | None = None
        self._move(None)

    def _move(self, aside: Aside | None) -> None:
        """Compute there from now on; None is the CPU."""
        self._aside, self._slow = aside, 0
        self._states: dict[str, State] = {}  # the weights that modules have, wherever

    def networks_of(self, architecture: Architecture) -> Networks:
        """Return the modules of an architecture, which stay until another's are asked for.

        Built-in ones are built without weights; a file's code may need numbers to compute with.
        """
        if self._built is not None and self._built[0] == architecture:
            return self._built[1]
        with torch.device("cpu" if architecture.model_sha256 else "meta"):
            networks = build(architecture)
        for net in (networks.G, networks.D, networks.E):
            if net is not None:
                net.eval().requires_grad_(False)
        self._built = architecture, networks
        self._move(None)
        return networks

    def call(
        self, architecture: Architecture, name: str, state: State, x: Tensor, device: torch.device
    ) -> Tensor:
        """Call a network with a state, which stays as it is; `device` is where its run trains."""
        net: nn.Module = getattr(self.networks_of(architecture), name)
        made = partial(self._made, net, name, state, code=bool(architecture.model_sha256))
        if self._aside is not None and self._aside.device != device:
            self._move(None)
        if self._aside is not None:
            try:
                return self._aside.compute(made, x)
            except RuntimeError:  # there is no memory left, or a file's code knows the CPU alone
                self.goes_aside = False
                self._move(None)
        if not self.goes_aside or device.type != "cuda":
            return made(x)
        start = time.thread_time()
        out = made(x)
        slow = time.thread_time() - start > SLOW_SECONDS * len(x)
        self._slow = self._slow + 1 if slow else 0
        if self._slow == SLOW_CALLS:
            self._move(Aside(device))
        return out

    def _made(self, net: nn.Module, name: str, state: State, x: Tensor, *, code: bool) -> Tensor:
        """Call a network, where `x` is; `code` of a person may change what it computes with."""
        if code:
            unsaved = dict(net.named_buffers(remove_duplicate=False))  # buffers that no file keeps
            whole = {**unsaved, **state}
            own = {key: value.to(x.device, copy=True) for key, value in whole.items()}
            found: Tensor = functional_call(net, own, (x,), tie_weights=False)
            return found
        if self._states.get(name) is not state:
            self._states.pop(name, None)  # what fails half-way is loaded again
            here = {key: value.to(x.device) for key, value in state.items()}
            net.load_state_dict(here, assign=True)
            self._states[name] = state
        out: Tensor = net(x)
        return out


_workplace = _Workplace()


def go_aside() -> None:
    """Let this thread call networks that take the CPU long on the GPU that trains them."""
    _workplace.goes_aside = True


def forget() -> None:
    """Let this thread go of the model that it called last."""
    _workplace.clear()
