"""A run that others can follow: its newest networks and numbers, in its folder while it trains.

``live.safetensors`` is a generator file (with the averaged G, where there is one), replaced whole
every few seconds, and gone once the run has ended: then last.pt has all. The numbers are in the
run's `history_file`, which is written first, so that those of the networks' step are there.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganstudio.errors import StudioError, reading
from ganstudio.library import LAST
from ganstudio.training import checkpoint, generator_file
from ganstudio.training.history import History
from ganstudio.training.history_file import HistoryReader, HistoryWriter
from ganstudio.training.trainer import Trainer

NETWORKS = "live.safetensors"
SECONDS = 2.0  # between two times,
STALE_SECONDS = 600.0  # by which networks may be older than last.pt: else the run was killed
SHARE = 0.01  # and more where writing would take more of the time than this


class LiveWriter:
    """Lets others follow a run that trains into a folder.

    Parameters
    ----------
    latest : callable
        Returns every step's numbers and the content of the newest, as `generator_file` takes it.
    out : Path
        The folder.
    """

    def __init__(self, latest: Callable[[], tuple[History, dict[str, Any]]], out: Path) -> None:
        self._latest, self._out = latest, out
        self._rows: HistoryWriter | None = None
        self._due = time.monotonic()
        self._forget_networks()  # what one that was killed has left

    @staticmethod
    def of(trainer: Trainer, out: Path) -> "LiveWriter":
        """Return the writer for a trainer."""

        def latest() -> tuple[History, dict[str, Any]]:
            trainer.drain()
            return trainer.history, checkpoint.content_of(trainer, whole=False)

        return LiveWriter(latest, out)

    def step_done(self) -> None:
        """Write, if it is time. That nobody can follow is no reason to stop training."""
        start = time.monotonic()
        if start < self._due:
            return
        with suppress(StudioError):  # the disk is full, say; what must be saved says so itself
            self._write()
        took = time.monotonic() - start
        self._due = start + max(SECONDS, took / SHARE)

    def end(self) -> None:
        """Write the last rows, and take the networks away: those of last.pt are newer."""
        with suppress(Exception):  # also of a GPU that is gone
            self._write_rows()
        self._forget_networks()

    def _write(self) -> None:
        content = self._write_rows()
        generator_file.write(content, self._out / NETWORKS, root=True)

    def _write_rows(self) -> dict[str, Any]:
        """Append the rows that are new; return the content of the newest step."""
        history, content = self._latest()
        self._rows = self._rows or HistoryWriter(self._out, content["run_id"])
        self._rows.append(history)
        return content

    def _forget_networks(self) -> None:
        with suppress(OSError):  # a follower on Windows may have it open
            (self._out / NETWORKS).unlink(missing_ok=True)


class Live:
    """Follows a run in a folder, whoever trains it.

    Attributes
    ----------
    ended : bool
        Whether the last content was that of a run that trains no more.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: tuple[int, ...] | None = None  # what tells the file that was read last
        self._run, self._step = "", 0  # in it
        self._rows = HistoryReader(folder, self._run)
        self.ended = False

    @property
    def path(self) -> Path:
        """The file that holds the newest of the run."""
        networks, last = self._folder / NETWORKS, self._folder / LAST
        try:
            stale = networks.stat().st_mtime < last.stat().st_mtime - STALE_SECONDS
        except OSError:  # one of them is not there
            stale = not networks.exists()
        return last if stale else networks

    def first(self) -> dict[str, Any]:
        """Return the content that is there, as `checkpoint.read` does, whichever run's it is.

        Raises
        ------
        StudioError
            ``cannot-read`` if the folder holds no run, or as `checkpoint.read`.
        """
        self._seen = None
        content = self._changed()
        assert content is not None
        self._run, self._step = str(content["run_id"]), int(content["step"])
        self._rows = HistoryReader(self._folder, self._run)
        return content

    def newer(self) -> dict[str, Any] | None:
        """Return the content if it is a later one of the same run; None if nothing has changed.

        Raises
        ------
        StudioError
            ``another-run``, or as `first`.
        """
        content = self._changed()
        if content is not None:
            run, step = str(content["run_id"]), int(content["step"])
            if run != self._run or step < self._step:
                raise StudioError("another-run", path=self._folder)
            self._step = step
        return content

    def _changed(self) -> dict[str, Any] | None:
        try:
            return self._read(self.path)
        except StudioError:  # the run may have ended between the two looks that this takes
            return self._read(self.path)

    def _read(self, path: Path) -> dict[str, Any] | None:
        with reading(path):
            about = path.stat()
        seen = (about.st_ino, about.st_mtime_ns, about.st_size)
        if seen == self._seen:
            return None
        content = checkpoint.read(path)
        self._seen, self.ended = seen, path.name == LAST
        return content

    def rows(self, content: dict[str, Any], start: int) -> NDArray[np.float32] | None:
        """Return the steps of a content from `start` on, (len(COLUMNS), n); None if not known."""
        steps = int(content["step"])
        if content["history"] is not None:
            return np.asarray(content["history"], np.float32)[:, start:]
        rows = self._rows.read(start, steps)
        return rows if start + rows.shape[1] == steps else None
