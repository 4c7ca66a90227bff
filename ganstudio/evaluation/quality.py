"""What an evaluation found. numpy only: the window shows it without torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ganstudio.errors import Phrase


class Figure(NamedTuple):
    """An estimate with its 95 % confidence interval, over the samples and given the reference."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Rated:
    """A figure beside the floor: what real images that G never saw score in its place.

    Attributes
    ----------
    figure : Figure
        Of the generated images.
    floor : Figure
        Of as many held-out images.
    """

    figure: Figure
    floor: Figure


NAMES = ("frechet", "kid", "precision", "recall", "density", "coverage", "confidence")
"""The figures of an evaluation, as files and ``evaluate --json`` call them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Quality:
    """How good a model's images are.

    Attributes
    ----------
    run_id : str
        The run.
    step : int
        The step of the generator.
    n : int
        How many images its averaged generator drew, where it has one; the floor is of as many.
    network : str
        The feature network and the hash of its weights; every figure holds for these alone.
    unfit : Phrase or None
        Why the feature network says nothing about this data; then there are no figures.
    figures : dict of str to Rated
        By the names in `NAMES`.
    digits : tuple of Rated
        The shares of the ten digits; empty where the network does not fit.
    logits : dict of str to (M,) float32
        D's on ``"train"``, ``"held_out"`` and ``"generated"`` images.
    pixels : dict of str to (32,) float64
        Shares of pixels by brightness, of ``"real"`` and ``"generated"`` images.
    """

    run_id: str
    step: int
    n: int
    network: str
    unfit: Phrase | None
    figures: Mapping[str, Rated]
    digits: tuple[Rated, ...]
    logits: Mapping[str, NDArray[np.float32]]
    pixels: Mapping[str, NDArray[np.float64]]

    @property
    def ratio(self) -> Figure | None:
        """The Fréchet distance as a multiple of the floor's: at 1, real images lie as far off.

        Both are estimates from `n` images, and the interval is of both. It depends on `n`: the more
        images, the smaller the differences that show.
        """
        if "frechet" not in self.figures:
            return None
        rated = self.figures["frechet"]
        (value, low, high), (floor, least, most) = (
            np.maximum(part, 1e-12) for part in (rated.figure, rated.floor)
        )
        down = np.hypot(np.log(value / low), np.log(most / floor))
        up = np.hypot(np.log(high / value), np.log(floor / least))
        ratio = value / floor
        return Figure(float(ratio), float(ratio * np.exp(-down)), float(ratio * np.exp(up)))

    @property
    def found(self) -> int:
        """How many of the digits make at least a tenth of their share among real images."""
        return sum(
            rated.figure.value > 0 and rated.figure.value >= rated.floor.value / 10
            for rated in self.digits
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as plain values, without the histograms."""
        return {
            "run": self.run_id,
            "step": self.step,
            "n": self.n,
            "network": self.network,
            "unfit": str(self.unfit) if self.unfit else None,
            "frechet_ratio": self.ratio._asdict() if self.ratio else None,
            **{name: _plain(rated) for name, rated in self.figures.items()},
            "digits": [_plain(rated) for rated in self.digits],
        }


def _plain(rated: Rated) -> dict[str, Any]:
    return {"figure": rated.figure._asdict(), "floor": rated.floor._asdict()}
