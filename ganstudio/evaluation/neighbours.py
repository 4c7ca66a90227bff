"""Is it a copy? The training images nearest to an image, in pixels and in features.

How near is near is told by held-out images, which nobody has copied: each has a nearest training
image, too. (Meehan et al. 2020, arXiv 2004.05675, compare the same two distances for whole models.)
"""

import math
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganstudio.data.dataset import Dataset
from ganstudio.evaluation.features import Features, digits, misread, unfit
from ganstudio.evaluation.neighbourhood import FEW, NEAREST, Near, Neighbourhood
from ganstudio.latent.ranks import rank, ranks

HELD_OUT = 256  # images, at most, that tell how near is near
_BLOCK = 1 << 20  # numbers that are compared at once: a millisecond or so
_AMONG = 4  # times as many are compared again, exactly
# Points that are compared while the network looks at one image:
_AS_LONG_PIXELS, _AS_LONG_FEATURES = 16, 128

Pixels = NDArray[np.uint8]


class Neighbours:
    """Compares images with all training images of a dataset.

    Parameters
    ----------
    dataset : Dataset
        What the model learns from.
    features : Features or None
        The network; None is the one that the studio brings.

    Attributes
    ----------
    dataset : Dataset
    unfit : Phrase or None
        Why features say nothing of this data, as far as is known.
    """

    def __init__(self, dataset: Dataset, features: Features | None = None) -> None:
        self.dataset = dataset
        self._network = features or digits()
        self.unfit = unfit(dataset, self._network)
        self._among = dataset.held_out(HELD_OUT)
        self._pixels = _Points(_flat(dataset.train), _flat(dataset.test[self._among]))
        self._features: _Points | None = None
        self._seen: list[NDArray[np.float32]] = []  # features: of held-out images, then of others
        self._named: list[NDArray[np.float32]] = []
        self._looked = 0  # images whose features are known

    @property
    def fraction(self) -> float:
        """How much of `go_on` is done; 1 is all."""
        count = len(self.dataset.train)
        if self.unfit is not None:
            return self._pixels.done / count
        # in their shares of the time, roughly
        looked = self._looked / (count + len(self._among))
        compared = self._features.done / count if self._features else 0
        return 0.05 * self._pixels.done / count + 0.93 * looked + 0.02 * compared

    def go_on(self, images: int, *, features: bool = True) -> bool:
        """Look at more images, or do as much as that takes; return whether all is done.

        All is done sooner without `features`.
        """
        count = len(self.dataset.train)
        if self._pixels.done < count:
            self._pixels.take(_AS_LONG_PIXELS * images)
        elif not features:
            return True
        elif self.unfit is None and self._features is None:
            self._look(images)
        elif self._features is not None:
            self._features.take(_AS_LONG_FEATURES * images)
        done = self._pixels.done == count
        if features and self.unfit is None:
            done = self._features is not None and self._features.done == count
        return done

    def _look(self, images: int) -> None:
        """Find the next features; those of held-out images first, to see if they say anything."""
        data, held_out = self.dataset, len(self._among)
        if self._looked < held_out:
            end = min(self._looked + images, held_out)
            piece = data.test[self._among[self._looked : end]]
        else:
            end = min(self._looked + images, held_out + len(data.train))
            piece = data.train[self._looked - held_out : end - held_out]
        features, named = self._network.of(piece)
        self._seen.append(features.astype(np.float32))
        self._looked = end
        if end <= held_out:
            self._named.append(named)
        if end == held_out:
            right = np.concatenate(self._named).argmax(1) == data.test_labels[self._among]
            self.unfit = misread(float(right.mean()), self._network)
        if end == held_out + len(data.train):
            seen = np.concatenate(self._seen)
            self._features = _Points(seen[held_out:], seen[:held_out])
            self._seen = []

    @property
    def typical(self) -> NDArray[np.float32] | None:
        """Of each of the dataset's first `HELD_OUT` held-out images, how near it is to training.

        The share of them that are farther by pixels, (M,) in [0, 1]; None while that is not known,
        and where they are few.
        """
        if self._pixels.done < len(self.dataset.train) or len(self._among) < FEW:
            return None
        return 1 - ranks(self._pixels.held_out, self._pixels.held_out)

    def of(self, image: Pixels, *, features: bool = True) -> Iterator[Neighbourhood | None]:
        """Find the training images nearest to one; None while there is more to do, a bit each.

        Parameters
        ----------
        image : (C, H, W) uint8
            Of the dataset's shape.
        features : bool
            By features, too, where they say anything.
        """
        pixels = seen = None
        if self._pixels.done == len(self.dataset.train):
            yield from (found := _Search(self._pixels, _flat(image[None])[0]))
            pixels = self._near(found, 255.0)
        known = self._features
        if features and known is not None and known.done == len(self.dataset.train):
            point = self._network.of(image[None])[0][0].astype(np.float32)
            yield from (found := _Search(known, point))
            seen = self._near(found, 1.0)
        yield Neighbourhood(pixels=pixels, features=seen, unfit=self.unfit)

    def _near(self, found: "_Search", unit: float) -> Near:
        """Name what was found, in distances of `unit`."""
        dims = found.points.rows.shape[1]
        nearest = float(found.squares[0])
        known = found.points.held_out
        return Near(
            images=self.dataset.train[found.indices],
            distance=(nearest / dims) ** 0.5 / unit,
            share=rank(nearest, known) if len(known) >= FEW else None,
            among=len(known),
        )


class _Points:
    """Training images as points, and how far held-out ones lie from them.

    Attributes
    ----------
    rows : (N, P) uint8 or float32
        The points.
    done : int
        How many have been taken in.
    held_out : (M,) float32
        Of each held-out image, the squared distance to the nearest of the points so far.
    """

    def __init__(self, rows: NDArray[np.generic], held_out: NDArray[np.generic]) -> None:
        self.rows = rows
        self.done = 0
        self.held_out = np.full(len(held_out), np.inf, np.float32)
        self._squares = torch.empty(len(rows))
        self._others = torch.from_numpy(held_out.astype(np.float32))
        self._other_squares = self._others.square().sum(1)

    def take(self, count: int) -> None:
        """Take in the next points."""
        piece = slice(self.done, min(self.done + count, len(self.rows)))
        block = self.block(piece)
        self._squares[piece] = block.square().sum(1)
        if len(self.held_out):
            crossed = block @ self._others.T
            apart = self._squares[piece, None] - 2 * crossed + self._other_squares
            nearest = apart.min(0).values.clamp(min=0).numpy()
            self.held_out = np.minimum(self.held_out, nearest)
        self.done = piece.stop

    def block(self, piece: slice) -> Tensor:
        """Return some of the points as numbers to compute with, (B, P) float32."""
        return torch.from_numpy(self.rows[piece].astype(np.float32))

    def apart(self, piece: slice, point: Tensor) -> Tensor:
        """Return the squared distances of some points to one, nearly: up to a constant."""
        return self._squares[piece] - 2 * (self.block(piece) @ point)


class _Search:
    """The nearest points: iterate to find them, a block at a time.

    Attributes
    ----------
    indices : (k,) int64
        Which, the nearest first.
    squares : (k,) float64
        Their squared distances.
    """

    def __init__(self, points: _Points, point: NDArray[np.generic]) -> None:
        self.points = points
        self._point = point
        self.indices = np.zeros(0, np.int64)
        self.squares = np.zeros(0)

    def __iter__(self) -> Iterator[None]:
        rows = self.points.rows
        size = max(1, _BLOCK // rows.shape[1])
        point = torch.from_numpy(self._point.astype(np.float32))
        apart = []
        for start in range(0, len(rows), size):
            apart.append(self.points.apart(slice(start, start + size), point))
            yield None
        whole = torch.cat(apart)
        some = whole.topk(min(_AMONG * NEAREST, len(whole)), largest=False).indices.numpy()
        exactly = rows[some].astype(np.float64) - self._point
        squares = np.square(exactly).sum(axis=1)
        order = squares.argsort(kind="stable")[:NEAREST]
        self.indices, self.squares = some[order], squares[order]


def _flat(images: Pixels) -> NDArray[np.generic]:
    return images.reshape(len(images), math.prod(images.shape[1:]))
