"""Directions of z, and how they keep their names while a model learns.

z is counted in the prior's standard deviations, so that normal and uniform parts can be compared.
numpy only: the window moves z along them without torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ganstudio.latent.holds import Holds
from ganstudio.latent.spec import Array, LatentSpec

SHADES = "shades"  # the unit of a strength: the root mean square change of a pixel, of 255
DIGITS = ("mnist",)  # datasets of whose images attributes are known
ALIKE = 0.9  # eigenvalues with at least this ratio cannot be told apart


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class Directions:
    """Directions of one model's z, in standard deviations of the prior.

    Attributes
    ----------
    latent : LatentSpec
        What z consists of.
    vectors : (K, dim) float32
        Of length 1; choices have no part in them. Those that `find` returns are orthogonal.
    strengths : (K,) float32
        The root mean square change of a pixel, of 255, for a standard deviation along each.
    """

    latent: LatentSpec
    vectors: Array
    strengths: Array

    def read(self, z: Array) -> Array:
        """Return how far `z` (dim,) lies along each direction: (K,), each N(0, 1) or alike."""
        scale = self.latent.deviations
        u = np.divide(z, scale, out=np.zeros_like(z), where=scale > 0)
        along: Array = self.vectors @ u
        return along

    def line(self, z: Array, index: int, values: Array, holds: Holds) -> Array:
        """Return the latents nearest to `z` that lie at `values` along a direction.

        Parameters
        ----------
        z : (dim,) float32
            Where from.
        index : int
            The direction.
        values : (N,) float32
            In standard deviations.
        holds : Holds
            What stays; ``holds.can_move(vectors[index])`` must hold.

        Returns
        -------
        (N, dim) float32
        """
        return holds.along(z, self.vectors[index], values - self.read(z)[index])

    def moved(self, z: Array, index: int, value: float, holds: Holds) -> Array:
        """Return the one latent of a `line`: (dim,) float32."""
        moved: Array = self.line(z, index, np.array([value], np.float32), holds)[0]
        return moved

    def like(self, former: "Directions") -> "Directions":
        """Return the same directions in the order, and with the signs, of former ones.

        Each former direction gets the one nearest to it that is left. Where eigenvalues can hardly
        be told apart, any rotation among them is as good: they are turned to the former ones.
        """
        if former.vectors.shape != self.vectors.shape:
            return self
        place = _matched(np.abs(self.vectors @ former.vectors.T))
        vectors, strengths = self.vectors.copy(), self.strengths.copy()
        for group in _alike(self.strengths**2):
            theirs = sorted(place[i] for i in group)
            u, _, vt = np.linalg.svd(former.vectors[theirs] @ self.vectors[group].T)
            turn = u @ vt  # the orthogonal Procrustes problem (Schönemann 1966)
            vectors[theirs] = turn @ self.vectors[group]
            strengths[theirs] = np.sqrt(turn**2 @ self.strengths[group] ** 2)
        return replace(self, vectors=vectors, strengths=strengths)

    def placed(self, ways: Mapping[int, Array]) -> "Directions":
        """Return the same directions in another order: those at some places lead along `ways`.

        Each place gets the one nearest to its way (dim,) that is left, with its sign; places and
        ways that there are none of here are passed over.
        """
        order, signs = np.arange(len(self.vectors)), np.ones(len(self.vectors), np.float32)
        left = np.ones(len(order), np.bool_)
        for place, way in ways.items():
            if place >= len(order) or way.shape != self.vectors[0].shape:
                continue
            along = self.vectors[order] @ way
            nearest = int(np.where(left, np.abs(along), -1).argmax())
            order[[place, nearest]] = order[[nearest, place]]
            signs[order[place]] = -1 if along[nearest] < 0 else 1
            left[place] = False
        vectors = (self.vectors * signs[:, None])[order]
        return replace(self, vectors=vectors, strengths=self.strengths[order])


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class NamedDirections:
    """Directions, and what is known of each.

    Attributes
    ----------
    names : tuple of str
        English, as ``"direction 1"`` and ``"thickness"``; they tell one from the others.
    directions : Directions
        In the same order.
    units : tuple of str
        Of their strengths.
    explained : tuple of float or None
        R² of what was fitted; None for what was not.
    """

    names: tuple[str, ...]
    directions: Directions
    units: tuple[str, ...]
    explained: tuple[float | None, ...]

    def joined(self, others: "NamedDirections") -> "NamedDirections":
        """Return these and then the others, of the same z."""
        mine, theirs = self.directions, others.directions
        return NamedDirections(
            names=self.names + others.names,
            directions=replace(
                mine,
                vectors=np.concatenate([mine.vectors, theirs.vectors]),
                strengths=np.concatenate([mine.strengths, theirs.strengths]),
            ),
            units=self.units + others.units,
            explained=self.explained + others.explained,
        )


def strongest(found: Directions, count: int) -> NamedDirections:
    """Name the first directions that were found."""
    directions = replace(found, vectors=found.vectors[:count], strengths=found.strengths[:count])
    names = tuple(f"direction {i + 1}" for i in range(len(directions.vectors)))
    none = (None,) * len(names)
    return NamedDirections(
        names=names, directions=directions, units=(SHADES,) * len(names), explained=none
    )


def _matched(likeness: NDArray[np.floating]) -> list[int]:
    """Return for each row its column: the pairs that are most alike first."""
    left = likeness.copy()
    place = [0] * len(left)
    for _ in place:
        row, column = np.unravel_index(left.argmax(), left.shape)
        place[int(row)] = int(column)
        left[row, :] = left[:, column] = -1
    return place


def _alike(values: NDArray[np.floating]) -> list[list[int]]:
    """Divide descending eigenvalues into runs that cannot be told apart."""
    groups: list[list[int]] = []
    for i, value in enumerate(values):
        if groups and value >= ALIKE * values[groups[-1][0]]:
            groups[-1].append(i)
        else:
            groups.append([i])
    return groups
