"""Find the z of an image: what the generator would draw it from.

From several starts, by Levenberg and Marquardt's method (Marquardt 1963) on the difference of the
pixels, with a weak pull towards the prior's mean: a few dozen small systems of as many equations as
z has numbers find what gradient descent takes hundreds of steps for. Where the prior is uniform z
stays within it, unless what is held leads out of it: farther out G has never been.
"""

import math
import time
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganstudio.latent.decode import decode_exactly, encode
from ganstudio.latent.holds import Holds
from ganstudio.latent.snapshot import Snapshot
from ganstudio.latent.spec import Array, Sampled, Stream, generator
from ganstudio.work import Work

POOL = 512  # latents of the prior that are looked at first, of which the nearest
STARTS = 16  # are improved,
LEFT = 4  # and the best of them further, each
ROUNDS = (6, 24)  # times at most.
LOOKS = 2  # such pools at most: another
ENOUGH = 1e-3  # where the best error is not that small
DELTA = 0.02  # standard deviations: the difference quotient's
PATIENCE = 10.0  # seconds of work, after which a slow model's best so far is the answer
PULL = 2e-4  # of the squared length of z, beside the squared difference of pixels in [0, 1]
_PIECE = 64  # images between two looks at the clock
_DAMPINGS = (0.2, 1.0, 8.0)  # tried at once, times the last one
_EDGES = 4  # times that more of z is put to the edge of the prior in a step
_TURNS, _BEYOND = 200, 1e-3  # between the prior and what is held, at most; how near is enough
_GAIN = 1e-4  # of the error, below which a round was in vain

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class Found:
    """A z, and how near it comes.

    Attributes
    ----------
    z : (dim,) float32
        The latent.
    image : (C, H, W) uint8
        What it decodes to.
    error : float
        The mean squared difference of its pixels from the target's, both in [0, 1].
    """

    z: Array
    image: Pixels
    error: float


@dataclass(slots=True)
class _Start:
    """A latent that is being improved."""

    z: Array
    shades: Tensor  # (pixels,) in [0, 1], what it decodes to
    cost: float
    damping: float = 1.0
    rounds: int = 0
    in_vain: int = 0


class Inversion:
    """Looks for the z of an image, a few images at a time.

    Parameters
    ----------
    snapshot : Snapshot
        The model.
    target : (C, H, W) uint8
        The image, of the model's shape.
    averaged : bool
        By the averaged generator, where there is one.
    seed : int
        Of the latents that it begins with.
    within : (Array, Holds), optional
        A z (dim,), and what of it stays.

    Attributes
    ----------
    fraction : float
        How much is done, in [0, 1]; it may be done earlier.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        target: Pixels,
        *,
        averaged: bool = True,
        seed: int = 0,
        within: tuple[Array, Holds] | None = None,
    ) -> None:
        self._snapshot, self._averaged = snapshot, averaged
        self._target = torch.from_numpy(target.copy()).flatten().double() / 255
        latent = snapshot.latent
        self._scale = latent.deviations
        no_edge = np.full(latent.dim, np.inf, np.float32)  # choices do not move
        self._edge = np.divide(latent.limits, self._scale, out=no_edge, where=self._scale > 0)
        now, holds = within or (np.zeros(latent.dim, np.float32), Holds.none(latent))
        self._now, self._holds = now, holds
        self._ways = holds.ways()  # that z is moved, in standard deviations
        pools = latent.sample(LOOKS * POOL, generator(seed, Stream.SAMPLES, Sampled.INVERSION))
        self._pools = self._reachable(pools)
        self._known: list[_Start] = []  # the best of earlier looks
        if snapshot.E is not None:  # the encoder's answer is the first to be tried
            code = self._reachable(encode(snapshot, target[None]))
            shades = self._draw(code)[0]
            self._known = [_Start(code[0], shades, self._cost(code[0], shades))]
        self._looks = 0
        self._begin()
        self.fraction = 0.0

    def go_on(self, images: int) -> Found | None:
        """Draw about so many images; return the best z once it is found."""
        if self._stage < 0:
            self._look(max(1, images))
            return None
        while images > 0:
            start = self._next()
            if start is not None:
                images -= self._improve(start, images)
            elif self._looks < LOOKS and self._error(self._best()) > ENOUGH and len(self._ways):
                self._known = [self._best()]
                self._begin()
                return None
            else:
                return self.so_far()
        return None

    def _begin(self) -> None:
        """Begin to look at another pool."""
        self._pool = self._pools[self._looks * POOL : (self._looks + 1) * POOL]
        self._looks += 1
        self._nearest = self._known  # those of the pool so far
        self._seen = 0
        self._starts: list[_Start] = []
        self._slopes: list[Tensor] = []  # of the start that is being improved, so far
        self._stage = -1  # the pool, then those of ROUNDS

    def _look(self, images: int) -> None:
        """Look at the next of the pool, and keep the nearest."""
        z = self._pool[self._seen : self._seen + images]
        for one, shades in zip(z, self._draw(z), strict=True):
            self._nearest.append(_Start(one, shades, self._cost(one, shades)))
        self._nearest = sorted(self._nearest, key=lambda start: start.cost)[:STARTS]
        self._seen += len(z)
        self._advance(0.2 * len(z) / POOL)
        if self._seen == len(self._pool):
            self._starts, self._stage = self._nearest, 0

    def _next(self) -> _Start | None:
        """Return a start that can be improved; None once none can."""
        while True:
            most = ROUNDS[self._stage]
            for start in self._starts:
                if start.rounds < most and start.in_vain < 2:
                    return start
            if self._stage + 1 == len(ROUNDS) or not len(self._ways):
                return None
            self._stage += 1
            self._starts = sorted(self._starts, key=lambda start: start.cost)[:LEFT]

    def _improve(self, start: _Start, images: int) -> int:
        """Go on with a step from a start; return how many images were drawn, `images` or more."""
        known = sum(map(len, self._slopes))
        missing = self._ways[known : known + max(1, images)]
        self._slopes.append(self._jacobian(start, missing))
        if known + len(missing) < len(self._ways):
            return len(missing)
        jacobian = torch.cat(self._slopes)
        self._slopes = []
        self._step(start, jacobian)
        return len(missing) + len(_DAMPINGS)

    def _step(self, start: _Start, jacobian: Tensor) -> None:
        """Make the best of a few steps from a start, if one of them is better."""
        start.rounds += 1
        total = STARTS * ROUNDS[0] + LEFT * (ROUNDS[1] - ROUNDS[0])
        self._advance(0.8 / total)
        u = torch.from_numpy(self._ways @ self._deviating(start.z)).double()
        slope = jacobian @ (start.shades - self._target) + PULL * u
        curvature = jacobian @ jacobian.T
        eye = torch.eye(len(u), dtype=torch.float64)
        size = float(curvature.diagonal().mean()) + 1e-9
        dampings = [start.damping * factor for factor in _DAMPINGS]
        damped = [curvature + (PULL + damping * 1e-2 * size) * eye for damping in dampings]
        tried = self._reachable(np.stack([self._stepped(start.z, c, slope) for c in damped]))
        shades = self._draw(tried)
        costs = [self._cost(z, s) for z, s in zip(tried, shades, strict=True)]
        best = int(np.argmin(costs))
        if costs[best] >= start.cost:
            start.damping *= 4 * _DAMPINGS[-1]
            start.in_vain += 1
            return
        gain = 1 - costs[best] / start.cost
        start.in_vain = start.in_vain + 1 if gain < _GAIN else 0
        start.z, start.shades, start.cost = tried[best], shades[best], costs[best]
        start.damping = dampings[best]

    def _stepped(self, z: Array, curvature: Tensor, slope: Tensor) -> Array:
        """Return z at the bottom of a bowl, or at the edge of the prior where that is beyond.

        The bowl is the cost by its slope (ways,) and curvature (ways, ways) at z. What would leave
        the prior is put to its edge, and the rest goes to where the bottom is then.
        """
        u, way = self._deviating(z), np.zeros_like(z)
        at_edge = np.zeros(len(z), np.bool_)
        for _ in range(_EDGES):
            held = torch.from_numpy(self._ways[:, at_edge]).double()
            none = torch.zeros(held.shape[1], held.shape[1], dtype=torch.float64)
            system = torch.cat([torch.cat([curvature, held], 1), torch.cat([held.T, none], 1)])
            wanted = torch.cat([-slope, torch.from_numpy((way - u)[at_edge]).double()])
            if at_edge.any():  # what is held may leave no way there
                found = torch.linalg.lstsq(system, wanted).solution[: len(slope)]
            else:
                found = torch.linalg.solve(system, wanted)
            moved = u + found.numpy().astype(np.float32) @ self._ways
            beyond = (np.abs(moved) > self._edge) & ~at_edge
            if not beyond.any():
                break
            at_edge |= beyond
            way = np.where(beyond, np.copysign(self._edge, moved), way)
        return np.where(self._scale > 0, moved * self._scale, z)

    def _reachable(self, z: Array) -> Array:
        """Return latents near to some, (N, dim), that the prior draws and what is held lets.

        By going to the one and to the other in turn; where both cannot be, what is held stays.
        """
        limits = self._snapshot.latent.limits
        for _ in range(_TURNS):
            z = self._holds.towards(self._now, np.clip(z, -limits, limits))
            if (np.abs(z) <= limits + _BEYOND).all():
                break
        return z

    def _jacobian(self, start: _Start, ways: Array) -> Tensor:
        """Return how the pixels change along some ways, transposed: (ways, pixels)."""
        around = start.z + DELTA * ways * self._scale
        return (self._draw(around) - start.shades) / DELTA

    def _draw(self, z: Array) -> Tensor:
        """Return pixels, (N, pixels) float64, 0 black and 1 white."""
        shades = decode_exactly(self._snapshot, z, averaged=self._averaged)
        return shades.flatten(1).double() / 255

    def _cost(self, z: Array, shades: Tensor) -> float:
        u = self._deviating(z)
        difference = float((shades - self._target).square().sum())
        return difference + PULL * float(np.square(u).sum())

    def _deviating(self, z: Array) -> Array:
        """Return z in standard deviations; 0 for choices."""
        return np.divide(z, self._scale, out=np.zeros_like(z), where=self._scale > 0)

    def _advance(self, share: float) -> None:
        self.fraction = min(self.fraction + share / LOOKS, 0.99)

    def _best(self) -> _Start:
        return min(self._starts or self._nearest, key=lambda start: start.cost)

    def _error(self, start: _Start) -> float:
        return float((start.shades.clamp(0, 1) - self._target).square().mean())

    def so_far(self) -> Found:
        """Return the best z that is known; there must be one: after the first `go_on`."""
        best, shape = self._best(), self._snapshot.architecture.image_shape
        self.fraction = 1.0
        image = (best.shades.clamp(0, 1) * 255).round().to(torch.uint8).reshape(shape).numpy()
        return Found(z=best.z, image=image, error=self._error(best))


def invert(
    snapshot: Snapshot,
    target: Pixels,
    *,
    averaged: bool = True,
    seed: int = 0,
    seconds: float = math.inf,
    work: Work | None = None,
) -> Found:
    """Return the z of an image; as `Inversion`, all at once.

    The best so far is the answer after so many `seconds` of a processor; `work` hears how far it
    is.
    """
    inversion, start = Inversion(snapshot, target, averaged=averaged, seed=seed), time.thread_time()
    while (found := inversion.go_on(_PIECE)) is None:
        spent = (time.thread_time() - start) / seconds
        if work is not None:
            work.at(min(max(inversion.fraction, spent), 1.0))
        if spent > 1:
            return inversion.so_far()
    return found
