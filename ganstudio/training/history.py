"""Every step's numbers, in numpy: one thread writes, any other reads without a lock."""

import csv
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganstudio.atomic import replacing
from ganstudio.work import Work

METRICS = (
    "real_loss",
    "fake_loss",
    "g_loss",
    "real_score",
    "fake_score",
    "g_grad",
    "d_grad",
    "reconstruction_loss",
    "info_loss",
)
"""What a step measures: the three losses, D's mean scores on real and on generated images, the
norms of both nets' gradients, an autoencoder's reconstruction loss, and how badly D finds InfoGAN's
codes. What a recipe does not have is NaN; so is the other net's part in a manual step of one."""

COLUMNS = (*METRICS, "epoch", "seconds")
"""A history's columns: the metrics, and where the step lies in epochs and seconds of training."""

_BUCKETS = (16, 256, 4096)  # steps in a bucket of each coarser level


class History:
    """One row a step; row i is step i + 1.

    Beside every step it keeps each column's mean, smallest and largest value over buckets of 16,
    256 and 4,096 steps, so that a plot of any length costs the same.

    Attributes
    ----------
    began : int
        How many steps come before the first whose metrics are known: those that a generator file
        does not tell of.
    """

    def __init__(self) -> None:
        self._rows = self.began = 0
        self._data = np.empty((len(COLUMNS), 1024), np.float32)
        self._levels = [_Level(size) for size in _BUCKETS]

    @staticmethod
    def unknown(steps: int, epoch: float, seconds: float) -> "History":
        """Return the history of steps of which nothing is known but where they led to."""
        history = History()
        rows = np.full((len(COLUMNS), steps), np.nan, np.float32)
        for name, end in (("epoch", epoch), ("seconds", seconds)):
            rows[COLUMNS.index(name)] = np.linspace(end / max(steps, 1), end, steps)
        history.append(rows)
        return history

    def __len__(self) -> int:
        return self._rows

    def append(self, block: NDArray[np.float32]) -> None:
        """Append steps: (len(COLUMNS), n) float32. Called by one thread only."""
        start, stop = self._rows, self._rows + block.shape[1]
        if stop > self._data.shape[1]:
            grown = np.empty((len(COLUMNS), max(stop, 2 * self._data.shape[1])), np.float32)
            grown[:, :start] = self._data[:, :start]
            self._data = grown
        self._data[:, start:stop] = block
        if self.began == start:
            known = np.isfinite(block[: len(METRICS)]).any(axis=0)
            self.began += int(known.argmax()) if known.any() else stop - start
        for level in self._levels:
            level.extend(self._data, stop)
        self._rows = stop  # last: a reader that sees the rows finds them written

    def column(self, name: str) -> NDArray[np.float32]:
        """Return every step's value of a column, (steps,) float32: a view, not to be written to."""
        rows = self._rows
        return self._data[COLUMNS.index(name), :rows]

    def array(self) -> NDArray[np.float32]:
        """Return a copy of all, (len(COLUMNS), steps) float32."""
        return self.since(0)

    def since(self, row: int) -> NDArray[np.float32]:
        """Return a copy of the steps from `row` on, (len(COLUMNS), n) float32."""
        rows = self._rows  # first: the data may grow meanwhile
        return self._data[:, row:rows].copy()

    def reduced(
        self, name: str, start: int, stop: int, points: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Return a column over rows [start, stop) in at most about `points` buckets.

        Returns
        -------
        rows : (n,) int64
            The last row of each bucket.
        mean, low, high : (n,) float32
            Over the bucket's finite values; NaN where it has none.
        """
        start, stop = max(0, start), min(stop, self._rows)
        per_point = max(1, (stop - start) // max(1, points))
        level = next((lv for lv in reversed(self._levels) if lv.size <= per_point), None)
        row = COLUMNS.index(name)
        if level is None:
            values = self._data[row, start:stop]
            n = np.isfinite(values)
            return _bucketed(np.arange(start, stop), n, values, values, values, per_point)
        first, last = start // level.size, min(stop // level.size, level.count)
        n, mean, low, high = level.data[:, row, first:last]
        rows = (np.arange(first, last) + 1) * level.size - 1
        return _bucketed(rows, n, mean, low, high, per_point // level.size)

    def save_csv(self, path: Path, work: Work | None = None) -> None:
        """Write every step as CSV: step, then `COLUMNS`.

        Raises
        ------
        Cancelled
            If `work` was; the file is as it was before.
        """
        data = self.array().T
        work = work or Work()
        with replacing(path) as raw:
            file = io.TextIOWrapper(raw, encoding="utf-8", newline="", write_through=True)
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("step", *COLUMNS))
            # row by row: all at once would keep other threads from Python's lock for seconds
            for i, row in enumerate(data):
                writer.writerow((i + 1, *(f"{value:.7g}" for value in row.tolist())))
                if i % 1000 == 0:
                    work.at(i / len(data))
            file.detach()


class _Level:
    """Count of finite values, their mean, minimum and maximum, in buckets of `size` steps."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.count = 0  # complete buckets
        self.data = np.empty((4, len(COLUMNS), 64), np.float32)

    def extend(self, rows: NDArray[np.float32], stop: int) -> None:
        """Take in the buckets that are complete once `stop` rows are there."""
        count = stop // self.size
        if count == self.count:
            return
        if count > self.data.shape[2]:
            grown = np.empty((4, len(COLUMNS), max(count, 2 * self.data.shape[2])), np.float32)
            grown[:, :, : self.count] = self.data[:, :, : self.count]
            self.data = grown
        chunk = rows[:, self.count * self.size : count * self.size]
        chunk = chunk.reshape(len(COLUMNS), -1, self.size)
        finite = np.isfinite(chunk)
        n = finite.sum(axis=2)
        total = np.where(finite, chunk, 0).sum(axis=2, dtype=np.float64)
        new = slice(self.count, count)
        self.data[0, :, new] = n
        self.data[1, :, new] = np.where(n > 0, total / np.maximum(n, 1), np.nan)
        self.data[2, :, new] = np.fmin.reduce(chunk, axis=2)
        self.data[3, :, new] = np.fmax.reduce(chunk, axis=2)
        self.count = count


def _bucketed(
    rows: NDArray[np.int64],
    n: NDArray[np.float32] | NDArray[np.bool_],
    mean: NDArray[np.float32],
    low: NDArray[np.float32],
    high: NDArray[np.float32],
    size: int,
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Merge every `size` neighbours; a remainder at the end becomes a bucket of its own."""
    if size <= 1 or not len(rows):
        return rows, mean, low, high
    starts = np.arange(0, len(rows), size)
    total = np.add.reduceat(np.where(n > 0, n * mean, 0), starts, dtype=np.float64)
    n = np.add.reduceat(n, starts, dtype=np.float64)
    average = np.where(n > 0, total / np.maximum(n, 1), np.nan).astype(np.float32)
    last = np.minimum(starts + size, len(rows)) - 1
    return rows[last], average, np.fmin.reduceat(low, starts), np.fmax.reduceat(high, starts)
