"""Directions of z that change the image most, and their names' way through training.

They are the eigenvectors of E[JᵀJ], with J the Jacobian of G's pixels and the mean over the prior:
the metric that G gives its latent space, averaged (Wang and Ponce 2021, arXiv 2101.06006). z is
counted in the prior's standard deviations, so that normal and uniform parts can be compared.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganstudio.latent.decode import decode_exactly
from ganstudio.latent.snapshot import Snapshot
from ganstudio.latent.spec import Array, LatentSpec, Stream, generator

DELTA = 0.1  # standard deviations on either side: the difference quotient's
IMAGES = 4096  # drawn for one search, about,
ANCHORS = (12, 64)  # around so many latents of the prior
ALIKE = 0.9  # eigenvalues with at least this ratio cannot be told apart
_Z = 7  # the generator of `Stream.SAMPLES` that draws the latents
_FREE = 1e-6  # the share of a direction that must be free to be moved along

Mask = NDArray[np.bool_]


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

    def can_move(self, index: int, locked: Mask) -> bool:
        """Tell whether a direction has a part in dimensions that are not locked."""
        return bool(np.square(self.vectors[index][~locked]).sum() > _FREE)

    def moved(self, z: Array, index: int, value: float, locked: Mask) -> Array:
        """Return the z nearest to `z` that lies `value` along a direction.

        Parameters
        ----------
        z : (dim,) float32
            Where from.
        index : int
            The direction.
        value : float
            In standard deviations.
        locked : (dim,) bool
            Dimensions that stay; `can_move` must hold.
        """
        free = np.where(locked, 0.0, self.vectors[index]).astype(np.float32)
        step = (value - self.read(z)[index]) / np.square(free).sum()
        moved: Array = (z + step * free * self.latent.deviations).astype(np.float32)
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

    def sorted(self) -> "Directions":
        """Return them in the order of their strength."""
        order = np.argsort(-self.strengths, kind="stable")
        return replace(self, vectors=self.vectors[order], strengths=self.strengths[order])


class Search:
    """Finds the directions of a snapshot, a few images at a time.

    Parameters
    ----------
    snapshot : Snapshot
        The model.
    averaged : bool
        By the averaged generator, where there is one.
    seed : int
        Of the latents around which images are compared.
    """

    def __init__(self, snapshot: Snapshot, *, averaged: bool = True, seed: int = 0) -> None:
        self._snapshot, self._averaged = snapshot, averaged
        latent = snapshot.latent
        self._scale = latent.deviations
        self._dims = np.flatnonzero(self._scale)
        few, many = ANCHORS
        count = min(max(IMAGES // max(2 * len(self._dims), 1), few), many)
        self._anchors = latent.sample(count, generator(seed, Stream.SAMPLES, _Z))
        self._done = 0  # rows of Jacobians: one for each dimension, anchor by anchor
        self._rows: list[Tensor] = []  # of the current one
        self._metric = torch.zeros(len(self._dims), len(self._dims), dtype=torch.float64)

    def go_on(self, images: int) -> Directions | None:
        """Draw about so many images; return the directions once they are found."""
        anchor, first = divmod(self._done, max(len(self._dims), 1))
        if anchor < len(self._anchors) and len(self._dims):
            dims = self._dims[first : first + max(1, images // 2)]
            self._rows.append(self._slopes(self._anchors[anchor], dims))
            self._done += len(dims)
            if first + len(dims) == len(self._dims):
                jacobian = torch.cat(self._rows).double()  # transposed: (dims, pixels)
                self._metric += jacobian @ jacobian.T / jacobian.shape[1]
                self._rows = []
            return None
        return self._found()

    def _slopes(self, z: Array, dims: NDArray[np.intp]) -> Tensor:
        """Return how the pixels change with some dimensions at `z`: (len(dims), pixels)."""
        steps = np.zeros((len(dims), len(z)), np.float32)
        steps[np.arange(len(dims)), dims] = DELTA * self._scale[dims]
        around = np.concatenate([z + steps, z - steps])
        shades = decode_exactly(self._snapshot, around, averaged=self._averaged)
        plus, minus = shades.flatten(1).chunk(2)
        return (plus - minus) / (2 * DELTA)

    def _found(self) -> Directions:
        values, columns = torch.linalg.eigh(self._metric / len(self._anchors))
        vectors = np.zeros((len(self._dims), len(self._scale)), np.float32)
        vectors[:, self._dims] = columns.T.flip(0).numpy()
        largest = np.abs(vectors).argmax(axis=1, keepdims=True)
        vectors *= np.sign(np.take_along_axis(vectors, largest, axis=1))  # either would do
        strengths = values.flip(0).clamp(min=0).sqrt().numpy().astype(np.float32)
        return Directions(latent=self._snapshot.latent, vectors=vectors, strengths=strengths)


def find(snapshot: Snapshot, *, averaged: bool = True, seed: int = 0) -> Directions:
    """Return the directions of a snapshot, the strongest first; as `Search`, all at once."""
    search = Search(snapshot, averaged=averaged, seed=seed)
    while (found := search.go_on(256)) is None:
        pass
    return found


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
