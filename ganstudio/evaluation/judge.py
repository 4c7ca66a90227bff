"""Judging a model: draw from a snapshot, look with the feature network, compare with real images.

Everything runs in small pieces and says how far it is, so that it can go on in the background.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganstudio.data.dataset import Dataset
from ganstudio.errors import Phrase
from ganstudio.evaluation import metrics
from ganstudio.evaluation.features import CLASSES, Features, digits, misread, unfit
from ganstudio.evaluation.metrics import Matrix, Moments
from ganstudio.evaluation.quality import Figure, Quality, Rated
from ganstudio.latent.decode import decode, judge, judge_real
from ganstudio.latent.snapshot import Snapshot
from ganstudio.latent.spec import Sampled, Stream, generator
from ganstudio.work import Work

REFERENCE = 10_000  # training images that samples are compared with
TRIED = 2000  # held-out images, at most, that tell whether the network knows the data
NEEDED = 40  # images, at least, on either side
UNFIT_IMAGES = 1000  # at most where there are no figures: for D's opinions and the brightness
JUDGED = 1000  # images of each kind whose logits are shown
BRIGHTNESSES = 32
_PIECE = 100

Seen = tuple[Matrix, NDArray[np.float32]]


class Judge:
    """What samples of one dataset are compared with: real images, and the figures of others.

    Parameters
    ----------
    dataset : Dataset
        The data that the model learns from.
    work : Work
        Told how far the look at the real images is.
    features : Features or None
        The network; None is the one that the studio brings.

    Raises
    ------
    Cancelled
        If `work` was.
    """

    def __init__(self, dataset: Dataset, work: Work, features: Features | None = None) -> None:
        self._features = features or digits()
        rng = generator(0, Stream.SAMPLES, Sampled.REFERENCE)
        self._train, self._test = (
            rng.permutation(count)[:REFERENCE] for count in (len(dataset.train), len(dataset.test))
        )
        self._dataset = dataset
        self._floors: dict[int, dict[str, Figure]] = {}
        self.unfit = self._look(work)

    def _look(self, work: Work) -> Phrase | None:
        """Look at the real images; return why that says nothing, if so."""
        data = self._dataset
        if reason := unfit(data, self._features):
            return reason
        if min(len(self._train), len(self._test)) < NEEDED:
            return Phrase("unfit-few", needed=NEEDED)
        tried = self._test[:TRIED]
        self._held_out = self._seen(data.test[tried], work, 0.0, 0.2)
        right = float((self._held_out[1].argmax(1) == data.test_labels[tried]).mean())
        if reason := misread(right, self._features):
            return reason
        self._real, _ = self._seen(data.train[self._train], work, 0.2, 1.0)
        self._moments = Moments.of(self._real)
        self._among = metrics.kernel_mean(self._real[: metrics.KID_MOST])
        return None

    def evaluate(self, snapshot: Snapshot, n: int, work: Work) -> Quality:
        """Judge a model by images of its averaged generator, where it has one.

        Parameters
        ----------
        snapshot : Snapshot
            The model.
        n : int
            How many images to draw, at least `NEEDED`; no more than are held out, since figures
            compare only with those of as many.
        work : Work
            Told how far it is.

        Raises
        ------
        Cancelled
            If `work` was.
        """
        assert n >= NEEDED, n
        n = min(n, len(self._test) if self.unfit is None else UNFIT_IMAGES)
        z = snapshot.latent.sample(n, generator(0, Stream.SAMPLES, Sampled.JUDGED))
        fakes = np.concatenate([decode(snapshot, part) for part in _pieces(z, work, 0.0, 0.5)])
        figures: dict[str, Rated] = {}
        shares: tuple[Rated, ...] = ()
        if self.unfit is None:
            seen, named = self._seen(fakes, work, 0.5, 0.8)
            held_out, real_digits = self._held_out_seen(n, work)
            if n not in self._floors:
                self._floors[n] = self._figures(held_out, real_digits, work)
            floor = self._floors[n]
            figures = {
                name: Rated(figure=figure, floor=floor[name])
                for name, figure in self._figures(seen, named, work).items()
            }
            shares = tuple(
                Rated(figure=figure, floor=real)
                for figure, real in zip(_shares(named), _shares(real_digits), strict=True)
            )
        return Quality(
            run_id=snapshot.run_id,
            step=snapshot.step,
            n=n,
            network=self._features.name,
            unfit=self.unfit,
            figures=figures,
            digits=shares,
            logits=self._logits(snapshot, fakes, z, work),
            pixels={
                "real": _brightness(self._dataset.train[self._train[:n]]),
                "generated": _brightness(fakes),
            },
        )

    def _seen(self, images: NDArray[np.uint8], work: Work, start: float, end: float) -> Seen:
        """Return features and probabilities of the digits."""
        seen = [self._features.of(part) for part in _pieces(images, work, start, end)]
        return np.concatenate([f for f, _ in seen]), np.concatenate([p for _, p in seen])

    def _held_out_seen(self, n: int, work: Work) -> Seen:
        """Return what the network sees in the first n held-out images, each looked at once."""
        known = self._held_out
        if len(known[0]) < n:
            more = self._seen(self._dataset.test[self._test[len(known[0]) : n]], work, 0.8, 0.85)
            known = np.concatenate([known[0], more[0]]), np.concatenate([known[1], more[1]])
            self._held_out = known
        return known[0][:n], known[1][:n]

    def _figures(
        self, features: Matrix, named: NDArray[np.float32], work: Work
    ) -> dict[str, Figure]:
        """Return all figures of generated or held-out images by their features."""
        real = self._real[: len(features)]
        found = {"frechet": metrics.frechet(self._moments, features)}
        work.at(0.85)
        most = metrics.KID_MOST
        found["kid"] = metrics.kid(self._real[:most], features[:most], self._among)
        work.at(0.9)
        found["precision"], found["recall"] = metrics.precision_recall(real, features)
        work.at(0.95)
        found["density"], found["coverage"] = metrics.density_coverage(real, features)
        found["confidence"] = metrics.mean(named.max(1))
        return found

    def _logits(
        self, snapshot: Snapshot, fakes: NDArray[np.uint8], z: NDArray[np.float32], work: Work
    ) -> dict[str, NDArray[np.float32]]:
        data = self._dataset
        said = {
            "generated": [
                judge(snapshot, fakes[part], z[part]) for part in _parts(min(JUDGED, len(z)))
            ]
        }
        for name, images, labels, order in (
            ("train", data.train, data.train_labels, self._train),
            ("held_out", data.test, data.test_labels, self._test),
        ):
            work.at(None)
            chosen = order[:JUDGED]
            said[name] = [
                judge_real(snapshot, images[chosen[part]], labels[chosen[part]])
                for part in _parts(len(chosen))
            ]
        return {name: np.concatenate(parts) for name, parts in said.items()}


def _parts(n: int) -> list[slice]:
    return [slice(start, start + _PIECE) for start in range(0, n, _PIECE)]


def _pieces(values: NDArray[Any], work: Work, start: float, end: float) -> Iterator[NDArray[Any]]:
    """Give the values piece by piece, and tell `work` from `start` to `end` how far it is."""
    for part in _parts(len(values)):
        work.at(start + (end - start) * part.start / len(values))
        yield values[part]


def _shares(named: NDArray[np.float32]) -> list[Figure]:
    counts = np.bincount(named.argmax(1), minlength=CLASSES)
    return [metrics.share(int(count), len(named)) for count in counts]


def _brightness(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    counts = np.bincount(images.ravel() // (256 // BRIGHTNESSES), minlength=BRIGHTNESSES)
    shares: NDArray[np.float64] = counts / counts.sum()
    return shares
