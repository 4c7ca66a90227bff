"""A few snapshots of a run, from its first step to the newest, to compare over training."""

import math
from typing import Generic, Protocol, TypeVar

MOST = 12  # snapshots
BYTES = 200 << 20  # that they take in memory, but for the fewest
FEWEST = 3
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
    """

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
        self.thin(max(FEWEST, min(MOST, BYTES // max(1, snapshot.nbytes))), spared)

    def thin(self, most: int, spared: Kept | None = None) -> None:
        """Keep no more than `most`, which is `FEWEST` at least."""
        while len(self._kept) > most:
            inner = range(1, len(self._kept) - 1)
            places = [place for place in inner if self._kept[place] is not spared]
            del self._kept[min(places, key=self._gap_without)]

    def _gap_without(self, place: int) -> float:
        """Return how far apart the neighbours of a snapshot are."""
        before, after = self._kept[place - 1].step, self._kept[place + 1].step
        return math.log((after + _EARLY) / (before + _EARLY))
