"""The directions of z that change the image most.

They are the eigenvectors of E[JᵀJ], with J the Jacobian of G's pixels and the mean over the prior:
the metric that G gives its latent space, averaged (Wang and Ponce 2021, arXiv 2101.06006).
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganstudio.latent.decode import decode_exactly
from ganstudio.latent.directions import Directions
from ganstudio.latent.snapshot import Snapshot
from ganstudio.latent.spec import Array, Sampled, Stream, generator

DELTA = 0.1  # standard deviations on either side: the difference quotient's
IMAGES = 4096  # drawn for one search, about,
ANCHORS = (12, 64)  # around so many latents of the prior


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
        self._anchors = latent.sample(count, generator(seed, Stream.SAMPLES, Sampled.DIRECTIONS))
        self._done = 0  # rows of Jacobians: one for each dimension, anchor by anchor
        self._rows: list[Tensor] = []  # of the current one
        self._metric = torch.zeros(len(self._dims), len(self._dims), dtype=torch.float64)

    @property
    def drawing(self) -> bool:
        """Whether there are images to draw; what follows takes as long whatever their number."""
        return self._place()[0] < len(self._anchors) and len(self._dims) > 0

    def go_on(self, images: int) -> Directions | None:
        """Draw about so many images; return the directions once they are found."""
        if self.drawing:
            anchor, first = self._place()
            dims = self._dims[first : first + max(1, images // 2)]
            self._rows.append(self._slopes(self._anchors[anchor], dims))
            self._done += len(dims)
            if first + len(dims) == len(self._dims):
                jacobian = torch.cat(self._rows).double()  # transposed: (dims, pixels)
                self._metric += jacobian @ jacobian.T / jacobian.shape[1]
                self._rows = []
            return None
        return self.so_far()

    def _place(self) -> tuple[int, int]:
        """Return at which anchor, and at which of its dimensions, the search is."""
        return divmod(self._done, max(len(self._dims), 1))

    def _slopes(self, z: Array, dims: NDArray[np.intp]) -> Tensor:
        """Return how the pixels change with some dimensions at `z`: (len(dims), pixels)."""
        steps = np.zeros((len(dims), len(z)), np.float32)
        steps[np.arange(len(dims)), dims] = DELTA * self._scale[dims]
        around = np.concatenate([z + steps, z - steps])
        shades = decode_exactly(self._snapshot, around, averaged=self._averaged)
        plus, minus = shades.flatten(1).chunk(2)
        return (plus - minus) / (2 * DELTA)

    def so_far(self) -> Directions | None:
        """Return the directions by the latents that are done; None before any is."""
        anchors = self._place()[0] if len(self._dims) else len(self._anchors)
        if not anchors:
            return None
        values, columns = torch.linalg.eigh(self._metric / anchors)
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
