"""Some steps of a run, from its first to the newest: to compare over training, to go back to."""

import math
import sys
from typing import Generic, Protocol, TypeVar

MOST = 12  # snapshots
BYTES = 200 << 20  # that they take in memory, but for the fewest
FEWEST = 3
MOST_PAST, BYTES_PAST = 100, 500 << 20  # of a `PastTrail`
MOST_FILM = 60  # frames
_EARLY = 10  # steps, below which the logarithm would make too much of each


class Step(Protocol):
    """What a trail keeps: a snapshot, or the file of one."""

    @property
    def step(self) -> int:
        """The step."""

    @property
    def nbytes(self) -> int:
        """How much memory it takes."""


Kept = TypeVar("Kept", bound=Step)


class Trail(Generic[Kept]):
    """Keeps snapshots whose steps are about evenly apart on a logarithmic scale.

    A generator changes the most in its first steps. So where there are too many, that one goes
    whose neighbours are nearest to each other; the first and the newest stay.

    Attributes
    ----------
    most, nbytes : int
        How many are kept, and how much memory they take, at most; but for the fewest.
    """

    most, nbytes = MOST, BYTES

    def __init__(self) -> None:
        self._kept: list[Kept] = []

    @property
    def snapshots(self) -> tuple[Kept, ...]:
        """Those that are kept, oldest first."""
        return tuple(self._kept)

    def add(self, snapshot: Kept, spared: Kept | None = None) -> None:
        """Keep the newest; those of later steps, which the run has gone back from, are dropped.

        `spared`, if it is kept, stays.
        """
        self._kept = [kept for kept in self._kept if kept.step < snapshot.step]
        self._keep(snapshot, spared)

    def insert(self, snapshot: Kept, spared: Kept | None = None) -> None:
        """Keep one of an earlier step, unless that step is kept already."""
        if snapshot.step not in [kept.step for kept in self._kept]:
            self._keep(snapshot, spared)

    def _keep(self, snapshot: Kept, spared: Kept | None) -> None:
        self._kept = sorted([*self._kept, snapshot], key=lambda kept: kept.step)
        self.thin(max(FEWEST, min(self.most, self.nbytes // max(1, snapshot.nbytes))), spared)

    def thin(self, most: int, spared: Kept | None = None) -> None:
        """Keep no more than `most`, which is `FEWEST` at least."""
        while len(self._kept) > most:
            inner = range(1, len(self._kept) - 1)
            places = [place for place in inner if self._kept[place] is not spared]
            del self._kept[min(places, key=self._gap_without)]

    def _gap_without(self, place: int) -> float:
        """Return how far apart the neighbours of a snapshot are."""
        before, after = self._kept[place - 1].step, self._kept[place + 1].step
        return self._scale(after) - self._scale(before)

    def _scale(self, step: int) -> float:
        """Return where a step is on the scale that they are evenly apart on."""
        return math.log(step + _EARLY)


class FilmTrail(Trail[Kept]):
    """Keeps the frames of a film: most of them of the first steps, which change the most."""

    most, nbytes = MOST_FILM, sys.maxsize


class PastTrail(Trail[Kept]):
    """Keeps many, dense lately and in the first steps, and sparse between.

    The scale is logarithmic from both ends: the gaps grow in proportion to how long ago they are,
    and to how far from the beginning.
    """

    most, nbytes = MOST_PAST, BYTES_PAST

    def _scale(self, step: int) -> float:
        newest = self._kept[-1].step
        return math.log((step + _EARLY) / (newest - step + _EARLY))
