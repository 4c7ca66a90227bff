"""What a plot shows of a `History`: few enough points for its pixels, smoothed, and their range."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from ganstudio.training.history import History

Floats = NDArray[np.float32] | NDArray[np.float64]

_WARM_UP = 8  # half-lives before the first point shown; what lies earlier weighs 2^-8
_SAMPLE = 2000  # steps from which a curve's percentiles are taken
_ROOMS = 3  # how many times the height of the smoothed curves the range is at most


class XAxis(Enum):
    """What a plot is drawn over; all but the step are columns of the history."""

    STEP = "step"
    EPOCH = "epoch"
    SECONDS = "seconds"


@dataclass(frozen=True, slots=True)
class Series:
    """A curve, reduced to buckets of steps.

    Attributes
    ----------
    rows : (n,) int64
        The last row of each bucket.
    low, high : (n,) float32
        The bucket's extremes; NaN where nothing was measured.
    smooth : (n,) float
        The moving average there; NaN where nothing was measured.
    steps : (m,) float32
        Single steps' values, evenly spread. The extremes of large buckets are all rare values, so
        that percentiles of them would say nothing of the usual ones.
    """

    rows: NDArray[np.int64]
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    smooth: Floats
    steps: NDArray[np.float32]


def ema(values: Floats, decay: float) -> NDArray[np.float64]:
    """Return the exponential moving average of a row of numbers.

    ``y[t] = sum_k decay^k x[t - k] / sum_k decay^k`` over the finite x, so that it has no bias
    towards zero at the beginning, and a gap ages what came before it. NaN where x is not finite.
    """
    finite = np.isfinite(values)
    sums = np.stack([np.where(finite, values, 0.0), finite]).astype(np.float64)
    shift, factor = 1, decay
    while shift < len(values) and factor > 1e-12:  # each round doubles how far back a sum reaches
        sums[:, shift:] += factor * sums[:, :-shift]
        shift, factor = 2 * shift, factor * factor
    return np.where(finite, sums[0] / np.maximum(sums[1], 1e-12), np.nan)


def read(
    history: History, name: str, start: int, stop: int, *, points: int, half_life: int
) -> Series:
    """Return rows [start, stop) of a column in `points` to twice as many buckets, or all if fewer.

    Parameters
    ----------
    half_life : int
        Steps after which a value weighs half in the moving average; 0 for none.
    """
    size = max(1, (stop - start) // points)
    first = max(0, start - _WARM_UP * half_life) // size * size
    rows, mean, low, high = history.reduced(name, first, stop, max(1, (stop - first) // size))
    smooth: Floats = mean
    if half_life and len(rows) > 1:
        smooth = ema(mean, 0.5 ** (int(rows[1] - rows[0]) / half_life))
    shown = slice(int(np.searchsorted(rows, start)), None)
    every = (stop - start) // _SAMPLE | 1  # odd: what comes every eighth step is met as often
    steps = history.column(name)[start:stop:every]
    return Series(rows[shown], low[shown], high[shown], smooth[shown], steps)


def latest(history: History, name: str, half_life: int) -> float:
    """Return the moving average at the last step, NaN where nothing was measured lately."""
    tail = history.column(name)[-max(1, _WARM_UP * half_life) :]
    finite = np.isfinite(tail)
    if not finite.any():
        return math.nan
    age = np.arange(len(tail) - 1, -1, -1)
    weight = 0.5 ** (age[finite] / max(1, half_life))
    return float(weight @ tail[finite] / weight.sum())


def positions(history: History, axis: XAxis, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return where rows lie on an x axis, (n,) float64."""
    if axis is XAxis.STEP:
        return (rows + 1).astype(np.float64)
    return history.column(axis.value)[rows].astype(np.float64)


def position(history: History, axis: XAxis, row: int) -> float:
    """Return where one row lies on an x axis."""
    return float(positions(history, axis, np.array([row]))[0])


def first_row_from(history: History, axis: XAxis, x: float) -> int:
    """Return the first row at or after `x`; it may lie outside the history."""
    if axis is XAxis.STEP:
        return math.ceil(x) - 1
    # A plain float would make numpy copy the whole column as float64.
    return int(np.searchsorted(history.column(axis.value), np.float32(x)))


def nearest_row(history: History, axis: XAxis, x: float) -> int:
    """Return the row of a history with steps that lies nearest to `x`."""
    last = len(history) - 1
    after = min(max(0, first_row_from(history, axis, x)), last)
    before = max(0, after - 1)
    ahead = position(history, axis, after) - x
    return after if ahead <= x - position(history, axis, before) else before


def visible_rows(history: History, axis: XAxis, low: float, high: float) -> tuple[int, int]:
    """Return the first and last row of a history with steps that a view shows, and one beyond."""
    last = len(history) - 1
    first = min(max(0, first_row_from(history, axis, low) - 1), last)
    return first, min(max(first, first_row_from(history, axis, high)), last)


def log10(values: Floats) -> Floats:
    """Return common logarithms, NaN for what has none."""
    return np.log10(values, out=np.full_like(values, np.nan), where=values > 0)


def y_range(curves: Iterable[tuple[Floats, Floats]], near: float | None) -> tuple[float, float]:
    """Return the range to show: what few steps exceed does not flatten the rest.

    It holds what the steps usually are, which leaves out a spike, but it is at most `_ROOMS` times
    as high as the smoothed curves: these are to be told apart however noisy the steps become.

    Parameters
    ----------
    curves : iterable of (steps, smooth)
        Each curve's values at single steps, and its moving average.
    near : float, optional
        A value to include unless it lies further off than the range is wide.
    """
    curves = list(curves)
    usual = _hull(_usual(steps) for steps, _ in curves)
    if usual is None:
        return (0.0, 1.0) if near is None else (near - 0.5, near + 0.5)
    bottom, top = usual
    if (smooth := _hull(_usual(values) for _, values in curves)) is not None:
        low, high = max(bottom, smooth[0]), min(top, smooth[1])
        room = (_ROOMS - 1) / 2 * (high - low)
        if room > 0:
            bottom, top = max(bottom, low - room), min(top, high + room)
    span = max(top - bottom, 1e-3 * abs(top), 1e-6)
    if near is not None and bottom - span <= near <= top + span:
        bottom, top = min(bottom, near), max(top, near)
    if top - bottom < span:
        middle = (bottom + top) / 2
        bottom, top = middle - span / 2, middle + span / 2
    return bottom, top


def _hull(ranges: Iterable[tuple[float, float] | None]) -> tuple[float, float] | None:
    """Return the range that holds all of these, None without any."""
    found = [one for one in ranges if one is not None]
    return (min(low for low, _ in found), max(high for _, high in found)) if found else None


def _usual(values: Floats) -> tuple[float, float] | None:
    """Return the extremes of values, or what lies a little outside their 1st and 99th percentile.

    None where there are none.
    """
    finite = np.sort(values[np.isfinite(values)])
    if not len(finite):
        return None
    cut = math.ceil(len(finite) / 100) if len(finite) >= 5 else 0
    bottom, top = float(finite[cut]), float(finite[-1 - cut])
    fence = 0.25 * (top - bottom)  # so that ordinary noise is shown whole
    return max(float(finite[0]), bottom - fence), min(float(finite[-1]), top + fence)
