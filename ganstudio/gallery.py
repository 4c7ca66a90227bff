"""What each preset makes in a minute, as ``benchmarks/quality.py --gallery`` measured it.

``resources/gallery`` holds a sheet of samples for each measured preset and one table of figures.
"""

import json
from collections.abc import Sequence
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
    seconds, digits, rarest, commonest, frechet :
        Those of the last `Mark`.
    readable : float or None
        Seconds until digits were readable; None if they never were.
    collapses : bool
        Whether samples became much alike, or lost digits: noise that has yet to become digits is
        none.
    """

    seconds: float
    digits: int
    rarest: float
    commonest: float
    frechet: float
    readable: float | None
    collapses: bool


def figures_of(marks: Sequence[Mark]) -> Figures:
    """Return what the marks of one run, in order, come to."""
    last = marks[-1]
    fewer = _has_few(last) and not all(map(_has_few, marks))
    alike = last.variety < _ALIKE * max(mark.variety for mark in marks)
    return Figures(
        seconds=last.seconds,
        digits=last.digits,
        rarest=round(last.rarest, 1),
        commonest=round(last.commonest, 1),
        frechet=round(last.frechet, 1),
        readable=next((mark.seconds for mark in marks if _is_readable(mark)), None),
        collapses=fewer or alike,
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


def write(name: str, images: Pixels, marks: Sequence[Mark]) -> None:
    """Write the sheet and the figures of a preset, beside those that are there.

    Parameters
    ----------
    name : str
        The preset.
    images : (N, C, H, W) uint8
        Samples at the last mark.
    marks : sequence of Mark
        In order of time.
    """
    folder = resource("presets").with_name("gallery")
    folder.mkdir(exist_ok=True)
    save_png(grid(images[: SIDE**2], SIDE), folder / f"{name}.png")
    table = {other: asdict(figures) for other, figures in read().items()}
    table[name] = asdict(figures_of(marks))
    text = json.dumps(table, indent=2, sort_keys=True, ensure_ascii=False)
    (folder / _TABLE).write_text(text + "\n", encoding="utf-8")
