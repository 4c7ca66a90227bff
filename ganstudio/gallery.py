"""What each preset makes in a minute, as ``benchmarks/quality.py --gallery`` measured it.

``resources/gallery`` holds a sheet of samples for each measured preset and one table of figures.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ganstudio.errors import StudioError
from ganstudio.images import Pixels, grid, save_png
from ganstudio.resources import resource

SIDE = 6  # samples a side of a sheet
_TABLE = "figures.json"
_READABLE = 150.0  # times the Fréchet distance of real images; fewer is better
_MANY = 8  # digits of ten
_CROWDED = 40.0  # %; a digit that is this frequent has crowded others out
_ALIKE = 0.5  # of the variety that samples had


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """What was found after so many seconds of training.

    Attributes
    ----------
    seconds : float
        Of training.
    digits : int
        How many of the ten digits there are, as `Quality.found` counts them.
    rarest, commonest : float
        The shares of the rarest and of the most frequent digit, in %.
    variety : float
        How much samples differ: the mean standard deviation of a pixel, as a multiple of that of
        real images.
    frechet : float
        The Fréchet distance to training digits, as a multiple of that of held-out ones.
    """

    seconds: float
    digits: int
    rarest: float
    commonest: float
    variety: float
    frechet: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """What is known of a preset.

    Attributes
    ----------
    seconds : float
        Of training, after which samples were judged.
    runs : int
        How many, of different seeds.
    n : int
        Samples of each that were judged.
    digits : int
        How many of the ten digits there were: the median of the runs.
    rarest, commonest : float
        The least share of a digit in any run, and the greatest, in %.
    frechet, low, high : float
        The Fréchet distance, as in `Mark`: the median of the runs, and the least and the greatest.
    lost : int
        Runs in which digits that were there got lost, or samples much alike. Noise that has yet to
        become digits has lost none.
    readable : float or None
        Seconds until digits were readable, in the first run; None if they never were.
    """

    seconds: float
    runs: int
    n: int
    digits: int
    rarest: float
    commonest: float
    frechet: float
    low: float
    high: float
    lost: int
    readable: float | None


def figures_of(marks: Sequence[Mark], n: int) -> Figures:
    """Return what the marks of one run, in order, come to; `n` samples were judged at each."""
    last = marks[-1]
    fewer = _has_few(last) and not all(map(_has_few, marks))
    alike = last.variety < _ALIKE * max(mark.variety for mark in marks)
    frechet = round(last.frechet, 1)
    return Figures(
        seconds=last.seconds,
        runs=1,
        n=n,
        digits=last.digits,
        rarest=round(last.rarest, 1),
        commonest=round(last.commonest, 1),
        frechet=frechet,
        low=frechet,
        high=frechet,
        lost=int(fewer or alike),
        readable=next((mark.seconds for mark in marks if _is_readable(mark)), None),
    )


def _has_few(mark: Mark) -> bool:
    return mark.digits < _MANY or mark.commonest >= _CROWDED


def _is_readable(mark: Mark) -> bool:
    return mark.frechet <= _READABLE and mark.digits >= _MANY


def read() -> dict[str, Figures]:
    """Return the figures of all measured presets; none if the table is missing or damaged."""
    try:
        text = resource(f"gallery/{_TABLE}").read_text(encoding="utf-8")
        return {name: Figures(**figures) for name, figures in json.loads(text).items()}
    except (StudioError, OSError, ValueError, TypeError, AttributeError):
        return {}


def sheet(name: str) -> Path | None:
    """Return the picture of a measured preset's samples, None if there is none."""
    try:
        return resource(f"gallery/{name}.png")
    except StudioError:
        return None


def write(name: str, images: Pixels, figures: Figures) -> None:
    """Write the sheet and the figures of a preset, beside those that are there.

    Parameters
    ----------
    name : str
        The preset.
    images : (N, C, H, W) uint8
        Samples, when the figures were measured.
    figures : Figures
        What was found.
    """
    folder = _folder()
    folder.mkdir(exist_ok=True)
    save_png(grid(images[: SIDE**2], SIDE), folder / f"{name}.png")
    note({name: figures})


def note(found: Mapping[str, Figures]) -> None:
    """Write figures of presets, beside those that are there."""
    table = {name: asdict(figures) for name, figures in {**read(), **found}.items()}
    text = json.dumps(table, indent=2, sort_keys=True, ensure_ascii=False)
    (_folder() / _TABLE).write_text(text + "\n", encoding="utf-8")


def _folder() -> Path:
    return resource("presets").with_name("gallery")
