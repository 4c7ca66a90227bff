"""What stays of z while the rest of it moves: single dimensions, and places along directions."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganstudio.latent.spec import Array, LatentSpec

Mask = NDArray[np.bool_]

_FREE = 1e-6  # the share of a way's square that must be free for z to move along it
_SAME = 1e-5  # of the largest, below which a held direction follows from the others


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class Holds:
    """Dimensions and directions of z that stay.

    All ways through z are counted in standard deviations of the prior, choices as 0.

    Attributes
    ----------
    latent : LatentSpec
        What z consists of.
    locked : (dim,) bool
        Dimensions that keep their value.
    vectors : (K, dim) float32
        Directions along which z stays where it is.
    """

    latent: LatentSpec
    locked: Mask
    vectors: Array

    @staticmethod
    def none(latent: LatentSpec) -> "Holds":
        """Hold nothing."""
        dim = latent.dim
        none = np.zeros((0, dim), np.float32)
        return Holds(latent=latent, locked=np.zeros(dim, np.bool_), vectors=none)

    def free(self, way: Array) -> Array:
        """Return what is left of ways (..., dim) when all that stays is taken out: the nearest."""
        left = np.where(self.locked, 0.0, way).astype(np.float64)
        held = np.where(self.locked, 0.0, self.vectors).astype(np.float64)
        if len(held):
            _, sizes, basis = np.linalg.svd(held, full_matrices=False)
            basis = basis[sizes > _SAME * max(sizes[0], _SAME)]
            left -= (left @ basis.T) @ basis
        return left.astype(np.float32)

    def can_move(self, way: Array) -> bool:
        """Tell whether z can move along a way (dim,) at all."""
        return bool(np.square(self.free(way)).sum() > _FREE * np.square(way).sum())

    def frame(self, ways: Array) -> Array:
        """Return steps in z, (K, dim), that each lead 1 farther along one of some ways.

        And not at all along the others, nor along what is held: the shortest such steps. `ways` are
        (K, dim), of length 1, and independent of each other and of what is held; where they are
        not, the steps come as near as can be.
        """
        free = np.stack([self.free(way) for way in ways]).astype(np.float64)
        steps: Array = (np.linalg.pinv(free, rcond=_SAME).T * self.latent.deviations).astype(
            np.float32
        )
        return steps

    def ways(self) -> Array:
        """Return ways that z can move, (K, dim), of length 1 and at right angles to each other.

        All others are sums of them.
        """
        free = (self.latent.deviations > 0) & ~self.locked
        ways: Array = np.eye(len(free), dtype=np.float32)[free]
        held = self.vectors[:, free].astype(np.float64)
        if not held.size:
            return ways
        _, sizes, basis = np.linalg.svd(held)
        rank = int((sizes > _SAME * max(sizes[0], _SAME)).sum())
        return (basis[rank:] @ ways).astype(np.float32)

    def along(self, z: Array, way: Array, distances: Array) -> Array:
        """Return the latents nearest to `z` that lie farther along a way (dim,) of length 1.

        They lie `distances` (N,) farther: (N, dim). `can_move` must hold.
        """
        moved: Array = z + distances.astype(np.float32)[:, None] * self.frame(way[None])
        return moved

    def towards(self, z: Array, target: Array) -> Array:
        """Return the z nearest to `target`, (..., dim), that can be reached from `z`, (dim,)."""
        moved: Array = np.where(self.locked, z, target).astype(np.float32)
        if len(self.vectors):
            scale = self.latent.deviations
            way = np.divide(target - z, scale, out=np.zeros_like(target), where=scale > 0)
            moved = np.where(scale > 0, z + self.free(way) * scale, moved).astype(np.float32)
        return moved
