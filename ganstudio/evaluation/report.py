"""An evaluation in words and columns, for consoles and files."""

import csv
from collections.abc import Iterable
from io import StringIO

from ganstudio.evaluation.quality import NAMES, Figure, Quality, Rated

_TITLES = {
    "frechet": "Fréchet distance",
    "kid": "KID × 1,000",
    "precision": "precision",
    "recall": "recall",
    "density": "density",
    "coverage": "coverage",
    "confidence": "mean confidence",
}
_SCALE = {"kid": 1000}


def text(quality: Quality) -> str:
    """Return lines for a person: every figure with its interval, and the floor's beside it."""
    if quality.unfit:
        return headline(quality)
    lines = [
        f"Step {quality.step:,}, {quality.n:,} generated images beside as many held-out ones; "
        f"95 % intervals; features: {quality.network}"
    ]
    lines.append(f"{'':18}  {'generated':26}  held out")
    lines += [
        _line(_TITLES[name], quality.figures[name], _SCALE.get(name, 1))
        for name in NAMES
        if name in quality.figures
    ]
    lines += [_line(f"digit {digit}, %", rated, 100) for digit, rated in enumerate(quality.digits)]
    return "\n".join([*lines, headline(quality)])


def headline(quality: Quality) -> str:
    """Return the most important in one line."""
    if quality.unfit:
        return f"Step {quality.step:,}: no figures, since {quality.unfit}."
    assert quality.ratio is not None
    value, low, high = quality.ratio
    return (
        f"Step {quality.step:,}: the Fréchet distance is {value:.1f} ({low:.1f} to {high:.1f}) "
        f"times that of held-out images, n = {quality.n:,}; {quality.found} of 10 digits found."
    )


def _line(title: str, rated: Rated, scale: float) -> str:
    return f"{title:18}  {_words(rated.figure, scale):26}  {_words(rated.floor, scale)}"


def _words(figure: Figure, scale: float) -> str:
    value, low, high = (f"{scale * part:.4g}" for part in figure)
    return f"{value:>7} ({low} to {high})"


def columns() -> list[str]:
    """Return the head of a table with a `row` for every evaluation."""
    ends = ("", "_low", "_high")
    ratio = [f"frechet_ratio{end}" for end in ends]
    figures = [name + of + end for name in NAMES for of in ("", "_floor") for end in ends]
    digits = [f"digit_{digit}" for digit in range(10)]
    return ["step", "n", "network", *ratio, *figures, *digits]


def row(quality: Quality) -> list[object]:
    """Return an evaluation's numbers in the order of `columns`; empty where there are none."""
    cells: list[object] = [quality.step, quality.n, quality.network]
    cells += quality.ratio or [None] * 3
    for name in NAMES:
        rated = quality.figures.get(name)
        cells += [*rated.figure, *rated.floor] if rated else [None] * 6
    cells += [rated.figure.value for rated in quality.digits] or [None] * 10
    return cells


def table(found: Iterable[Quality]) -> str:
    """Return evaluations as a CSV file."""
    return line(columns()) + "".join(line(row(quality)) for quality in found)


def line(cells: Iterable[object]) -> str:
    """Return a line of a CSV file."""
    out = StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()
