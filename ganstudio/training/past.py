"""A run's past: all that it was at some earlier steps, to look at it again and to go on from it.

A moment is a checkpoint without the history, which has a file of its own. They are in the folder
``past`` of the run's own, dense lately and in the first steps, at most 100 and at most 500 MB of
them (three at least, however large they are).
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ganstudio import atomic, library
from ganstudio.errors import StudioError, writing
from ganstudio.latent.snapshot import Snapshot
from ganstudio.latent.trail import PastTrail
from ganstudio.library import PAST, Moment
from ganstudio.training import checkpoint
from ganstudio.training.history import COLUMNS
from ganstudio.training.history_file import HistoryReader, HistoryWriter
from ganstudio.training.trainer import Trainer

SECONDS = 2.0  # between two moments, at least, and after the beginning half of that;
SHARE = 0.01  # more where keeping one takes long: spend at most so much of the time on it
RETRY_SECONDS = 30.0  # after one that could not be kept


class Past:
    """The moments of one run.

    Parameters
    ----------
    moments : tuple of Moment
        Those that there are; whoever has the run's folder is to `settle` in it, or none is added.
    """

    def __init__(self, moments: tuple[Moment, ...] = ()) -> None:
        self._trail: PastTrail[Moment]
        self._set(moments)
        self._first: tuple[int, memoryview] | None = None  # where it began, not on the disk yet
        self._folder: Path | None = None
        self._rows: HistoryWriter | None = None
        self._due = 0.0

    @property
    def moments(self) -> tuple[Moment, ...]:
        """All of them, oldest first."""
        return self._trail.snapshots

    def until(self, step: int) -> "Past":
        """Return the past of a branch from `step` on."""
        return Past(tuple(moment for moment in self.moments if moment.step <= step))

    def begin(self, trainer: Trainer) -> None:
        """Remember where training begins: nothing is written yet, which would delay it."""
        if not self.moments and self._first is None:
            self._first = trainer.step, _packed(trainer)
            self._due = time.monotonic() + SECONDS / 2

    def is_due(self) -> bool:
        """Tell whether it is time to keep a moment."""
        return time.monotonic() >= self._due

    def put_off(self) -> None:
        """Try again in a while, unless what is tried now succeeds."""
        self._due = time.monotonic() + RETRY_SECONDS

    def settle(self, folder: Path) -> None:
        """Keep all in the run's own folder from now on.

        Moments in another run's folder, which goes on without this one, get second names. What is
        there of later steps, which nobody has gone on from yet, stays until somebody does.
        """
        self._folder, self._rows = folder / PAST, None
        with writing(self._folder):
            self._folder.mkdir(exist_ok=True)
        here = []
        for moment in self.moments:
            path = self._folder / moment.path.name
            with suppress(StudioError):  # somebody has deleted it
                if path != moment.path:
                    atomic.keep(moment.path, path)
                if path.exists():
                    here.append(replace(moment, path=path))
        self._set(here)

    def move(self, old: Path, new: Path) -> None:
        """Take note that a run's folder is called otherwise, be it this one's or another's."""
        if self._folder == old / PAST:
            self._folder, self._rows = new / PAST, None
        places = {old / PAST: new / PAST}
        self._set(
            replace(
                moment, path=places.get(moment.path.parent, moment.path.parent) / moment.path.name
            )
            for moment in self.moments
        )

    def _set(self, moments: Iterable[Moment]) -> None:
        self._trail = PastTrail()
        for moment in moments:
            self._trail.add(moment)

    def record(self, trainer: Trainer) -> None:
        """Append the newest numbers to the file of the history, in the run's own folder.

        And keep the moment at which it began, if that was not kept yet.

        Raises
        ------
        StudioError
            ``cannot-write`` or ``disk-full``, naming the file.
        """
        assert self._folder is not None
        trainer.drain()
        self._rows = self._rows or HistoryWriter(self._folder.parent, trainer.run_id)
        self._rows.append(trainer.history)
        if self._first is not None:
            self._write(*self._first)
            self._first = None

    def keep(self, trainer: Trainer, spared: int | None = None) -> None:
        """Keep a moment of this step; others go where they are too many, but not that of `spared`.

        Raises
        ------
        StudioError
            ``cannot-write`` or ``disk-full``, naming the file.
        """
        start = time.monotonic()
        self.record(trainer)
        if not self.moments or self.moments[-1].step < trainer.step:
            self._write(trainer.step, _packed(trainer), spared)
        took = time.monotonic() - start
        self._due = start + max(SECONDS, took / SHARE)

    def _write(self, step: int, content: memoryview, spared: int | None = None) -> None:
        assert self._folder is not None
        path = self._folder / f"{step:07d}.pt"
        with writing(path):
            self._folder.mkdir(exist_ok=True)
        with atomic.replacing(path) as file:
            file.write(content)
        before = library.moments(self._folder.parent)
        keep = next((moment for moment in self.moments if moment.step == spared), None)
        self._trail.add(Moment(step=step, path=path, nbytes=len(content)), keep)
        kept = {moment.path for moment in self.moments}
        self._forget(moment for moment in before if moment.path not in kept)

    def _forget(self, moments: Iterator[Moment]) -> None:
        for moment in moments:
            with suppress(OSError):  # at worst it takes space
                moment.path.unlink()


def newest(folder: Path, content: dict[str, Any]) -> dict[str, Any]:
    """Return the newest of a run in its folder, given what last.pt holds.

    That is another where the program was cut short: there are moments of later steps then, and in
    the history's file the numbers of the steps that led to them.
    """
    step, run_id = content.get("step"), str(content.get("run_id"))
    if not isinstance(step, int):  # it is damaged, which is told elsewhere
        return content
    for moment in reversed(library.moments(folder)):
        if moment.step <= step:
            break
        with suppress(StudioError, *checkpoint.MISFIT):  # a damaged one is passed over
            found = checkpoint.read(moment.path)
            rows = HistoryReader(folder, run_id).read(step, moment.step)
            if found.get("run_id") == run_id and _leads_to(rows, step, found):
                known = [content["history"], torch.from_numpy(rows)]
                return found | {"history": torch.cat(known, dim=1)}
    return content


def restored(
    folder: Path, content: dict[str, Any], restore: Callable[[dict[str, Any]], Trainer]
) -> tuple[Trainer, bool]:
    """Return what `restore` makes of the `newest` of a run, and whether last.pt is not as far.

    Of a moment that it makes nothing of, what it makes of last.pt.
    """
    further = newest(folder, content)
    if further is not content:
        with suppress(StudioError):
            return restore(further), True
    return restore(content), False


def _leads_to(rows: NDArray[np.float32], step: int, content: dict[str, Any]) -> bool:
    """Tell whether steps from `step` on are those that led to a moment, and not another future."""
    seconds = rows[COLUMNS.index("seconds")]
    all_there = step + len(seconds) == content["step"]
    return all_there and bool(seconds[-1] == np.float32(content["seconds"]))


def forget_beyond(step: int, folder: Path) -> None:
    """Drop the moments of later steps: the run in a folder goes on from this one."""
    for moment in library.moments(folder):
        if moment.step > step:
            with suppress(OSError):  # they are known for another future's by the history
                moment.path.unlink()


def read(path: Path, like: Snapshot) -> tuple[str, Snapshot]:
    """Return whose a moment is, and its networks, as a snapshot of the run that `like` is of.

    A branch has moments of the run that it left.

    Raises
    ------
    StudioError
        As `checkpoint.read` and `checkpoint.snapshot_of`, naming the file.
    """
    content = checkpoint.read(path)
    checkpoint.find_model_file(content, like.architecture)
    snapshot = checkpoint.snapshot_of(content, path)
    return snapshot.run_id, replace(snapshot, run_id=like.run_id)


def _packed(trainer: Trainer) -> memoryview:
    return checkpoint.packed(checkpoint.content_of(trainer, history=False))
