"""A look at a snapshot, for the doctor in `health`: what D and G do now, as numbers of no scale.

Losses and scores mean something else under every objective; ranks of D's logits, and distances
between images beside those between real ones, mean the same under all.
"""

import time
from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from ganstudio.evaluation.features import CLASSES, FITS, digits
from ganstudio.latent.decode import decode, judge, judge_real
from ganstudio.latent.snapshot import Snapshot
from ganstudio.latent.spec import Sampled, Stream, generator
from ganstudio.training.health import Observation
from ganstudio.training.status import RunInfo

LOOK_SECONDS = 2.5  # between two looks, at least
LOOK_SHARE = 0.01  # of a processor's time that goes into looks, at most,
LOOK_SECONDS_MOST = 20.0  # but one comes by then: what goes wrong is to be named in time,
LOOK_SHARE_MOST = 0.05  # unless looks would take even more than this
IMAGES = 128  # of each kind, at most
APART = 100  # steps, at least, over which samples change: looks come by the clock
_PIECE = 16  # images between two looks at what else there is to do, where networks are small,
_PIECE_SECONDS = 0.008  # and as many as take so long, of the run's own networks
_SIDE = 32  # pixels: of larger images only some are compared
_FLOOR = 1e-6  # a distance below which images are all the same

Pixels = NDArray[np.uint8]
Matrix = NDArray[np.float64]


class Observer:
    """Looks at the snapshots of one run, always at the same latents and real images.

    Parameters
    ----------
    info : RunInfo
        The run: its real images.

    Attributes
    ----------
    wait : float
        Seconds to the next look, so that looks take at most `LOOK_SHARE` of a processor, but for
        models whose looks are rare by that: up to `LOOK_SHARE_MOST`. Time that others take of it is
        no reason to look less.
    """

    wait = LOOK_SECONDS

    def __init__(self, info: RunInfo) -> None:
        self._train, self._train_labels = info.real[:IMAGES], info.real_labels[:IMAGES]
        self._test, self._test_labels = info.held_out[:IMAGES], info.held_out_labels[:IMAGES]
        rng = generator(info.config.seed, Stream.SAMPLES, Sampled.LOOKS)
        self._z = info.latent.sample(IMAGES, rng)
        self._fits: bool | None = None  # whether the feature network names these images
        self._real = np.zeros((0, 1))  # features of the held-out images
        self._spread = self._pixel_spread = _FLOOR  # mean distances between two held-out images
        self._took = _PIECE_SECONDS  # the last piece of work, in seconds of this thread
        self._fitting = {"judged": _PIECE, "drawn": _PIECE}  # images of a piece
        self._before: tuple[int, Pixels] | None = None  # the step and the images of a look before
        self._moved = np.nan  # from that look to one at least `APART` steps later

    def look(self, snapshot: Snapshot) -> Iterator[Observation | None]:
        """Look at a snapshot: give None after every few milliseconds, and what was seen at last."""
        if self._fits is None:
            yield from self._prepare()
        looking, spent = self._look(snapshot), 0.0
        while True:
            start = time.thread_time()
            seen = next(looking)
            self._took = time.thread_time() - start
            spent += self._took
            if seen is not None:
                break
            yield None
        usual = min(max(LOOK_SECONDS, spent / LOOK_SHARE), LOOK_SECONDS_MOST)
        self.wait = max(usual, spent / LOOK_SHARE_MOST)
        yield seen

    def _pieces(self, what: str, images: int) -> Iterator[slice]:
        """Divide images into pieces that take `_PIECE_SECONDS` each, by how long the last took."""
        start = 0
        while start < images:
            end = min(start + self._fitting[what], images)
            yield slice(start, end)
            fitting = (end - start) * _PIECE_SECONDS / max(self._took, 1e-6)
            self._fitting[what] = max(1, min(int(fitting), IMAGES))
            start = end

    def _look(self, snapshot: Snapshot) -> Iterator[Observation | None]:
        held_out: list[NDArray[np.float32]] = []
        train: list[NDArray[np.float32]] = []
        drawn, fake = [], []
        for images, labels, logits in (
            (self._test, self._test_labels, held_out),
            (self._train, self._train_labels, train),
        ):
            for part in self._pieces("judged", len(images)):
                logits.append(judge_real(snapshot, images[part], labels[part]))
                yield None
        for part in self._pieces("drawn", IMAGES):
            z = self._z[part]
            drawn.append(decode(snapshot, z, averaged=False))  # D plays against the latest G
            fake.append(judge(snapshot, drawn[-1], z))
            yield None
        images = np.concatenate(drawn)
        features = []
        shares: Matrix | None = np.zeros(CLASSES) if self._fits else None
        for part in _parts(IMAGES):
            seen, named = self._seen(images[part])
            features.append(seen)
            if shares is not None:
                shares += np.bincount(named.argmax(1), minlength=CLASSES) / IMAGES
            yield None
        diversity, gap = self._compare(np.concatenate(features))
        real, known, made = (np.concatenate(said) for said in (held_out, train, fake))
        if snapshot.networks.E is not None:  # whose D takes draws of the prior for real, codes not
            real, known, made = -real, -known, -made
        yield Observation(
            step=snapshot.step,
            seen=auc(real, made),
            known=auc(known, real),
            diversity=diversity,
            gap=gap,
            change=self._change(snapshot.step, images),
            shares=None if shares is None else tuple(shares.tolist()),
        )

    def _prepare(self) -> Iterator[None]:
        """Look at the held-out images, which all others are compared with."""
        features, right = [], 0
        grey = self._test.shape[1] == 1
        for part in _parts(len(self._test)) if grey else ():
            seen, named = digits().of(self._test[part])
            features.append(seen)
            right += int((named.argmax(1) == self._test_labels[part]).sum())
            yield None
        fits = grey and right >= FITS * len(self._test)
        self._real = np.concatenate(features) if fits else _pixels(self._test)
        self._spread = max(_mean_distance(self._real), _FLOOR)
        self._pixel_spread = max(_mean_distance(_pixels(self._test)), _FLOOR)
        self._fits = fits  # last: a look that was given up half-way begins again

    def _seen(self, images: Pixels) -> tuple[Matrix, NDArray[np.float32]]:
        """Return what is compared of images, and the probability of each digit."""
        if self._fits:
            return digits().of(images)
        return _pixels(images), np.zeros((len(images), 0), np.float32)

    def _compare(self, fake: Matrix) -> tuple[float, float]:
        """Return the diversity, and Székely and Rizzo's energy coefficient (2013), in [0, 1]."""
        own = _mean_distance(fake)
        across = float(_distances(fake, self._real).mean())
        gap = (2 * across - own - self._spread) / max(2 * across, _FLOOR)
        return own / self._spread, min(max(gap, 0.0), 1.0)

    def _change(self, step: int, images: Pixels) -> float:
        """Return how far the samples moved in `APART` steps or some more, NaN until it is known."""
        if self._before is None or self._before[0] > step:
            self._before, self._moved = (step, images), np.nan
        elif step - self._before[0] >= APART:
            moved = np.linalg.norm(_pixels(images) - _pixels(self._before[1]), axis=1).mean()
            self._before, self._moved = (step, images), float(moved) / self._pixel_spread
        return self._moved


def auc(high: NDArray[np.float32], low: NDArray[np.float32]) -> float:
    """Return the probability that one of `high` is above one of `low`; ties count half.

    It is the area under the ROC curve: 1 if D tells them apart, 0.5 if it does not.
    """
    if not (len(high) and len(low)):
        return np.nan
    ordered = np.sort(low)
    below = np.searchsorted(ordered, high, "left") + np.searchsorted(ordered, high, "right")
    return float(below.mean() / 2 / len(low))


def _parts(n: int) -> list[slice]:
    return [slice(start, min(start + _PIECE, n)) for start in range(0, n, _PIECE)]


def _pixels(images: Pixels) -> Matrix:
    """Return images as rows of numbers in [0, 1]; of large ones, some of the pixels."""
    every = max(1, images.shape[2] // _SIDE)
    return images[:, :, ::every, ::every].reshape(len(images), -1) / 255.0


def _distances(a: Matrix, b: Matrix) -> Matrix:
    # torch keeps to this thread, where numpy's threads wait for each other at full speed
    products = (torch.from_numpy(a) @ torch.from_numpy(b).T).numpy()
    squares = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * products
    distances: Matrix = np.sqrt(squares.clip(0))
    return distances


def _mean_distance(x: Matrix) -> float:
    """Return the mean distance between two different rows."""
    distances = _distances(x, x)
    np.fill_diagonal(distances, 0)  # rounding
    return float(distances.sum() / max(1, len(x) * (len(x) - 1)))
