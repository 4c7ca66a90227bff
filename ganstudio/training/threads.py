"""How many threads torch computes with, chosen by measuring while training.

Torch's threads wait for each other after every operation. Where another program takes a core, two
threads can be many times slower than one; where the cores are free, they are faster. So the
window's training tries the other count now and then, and keeps the faster; the more seldom, the
longer all cores have been the best. Sums in another order round differently: training without the
window keeps one count, and so does the window for a run that is to repeat bit for bit.
"""

import os
import time

import torch

PROBE_SECONDS, PROBE_SECONDS_MOST = 5.0, 40.0  # between two trials
SLOWER = 1.5  # times as slow as at the last trial is a reason for another
PROBE_STEPS = 6  # measured of each count,
SLOW_SECONDS = 0.5  # or as many as fit into this time


def cores() -> int:
    """Return how many processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def use_threads(count: int) -> None:
    """Compute with so many of torch's threads, in the calling thread, from now on.

    Another count rounds sums differently.
    """
    torch.get_num_threads()  # else a thread's first operation takes what another has set last
    torch.set_num_threads(count)


class ThreadTuner:
    """Chooses between one thread and one a core, by the median time of a few steps of each.

    Attributes
    ----------
    threads : int
        The count in use.
    """

    def __init__(self) -> None:
        self._counts = (cores(), 1)
        self._best = self._counts[0]
        self._best_time = 0.0  # of a step with the best count, when it was last measured
        self._times: list[float] = []
        self._due = time.monotonic()
        self._wait = PROBE_SECONDS
        self._gives_way = False
        self._kept: int | None = None
        self._use(self._best)

    def step_took(self, seconds: float, now: float) -> None:
        """Take note of a step and how long it took; `now` is ``time.monotonic()``."""
        if self._counts[0] == 1 or self._gives_way or self._kept is not None:
            return
        self._times.append(seconds)
        if self.threads == self._best:
            self._times = self._times[-PROBE_STEPS:]
            if self._measured() and (now >= self._due or self._is_slower()):
                self._best_time = _median(self._times)
                self._use(next(n for n in self._counts if n != self._best))
        elif self._measured() or self._hopeless():
            if _median(self._times) < self._best_time:
                self._best = self.threads
            free = self._best == self._counts[0]
            self._wait = min(2 * self._wait, PROBE_SECONDS_MOST) if free else PROBE_SECONDS
            self._due = now + self._wait
            self._use(self._best)

    def give_way(self, gives_way: bool) -> None:
        """Leave a core to others from now on, or no longer."""
        self._gives_way = gives_way
        self._use_usual()

    def keep(self, count: int | None) -> None:
        """Compute with so many threads, whatever else goes on; None: choose again."""
        self._kept = count
        self._use_usual()

    def _use_usual(self) -> None:
        """Compute with as many threads as are right now, a trial apart."""
        usual = max(1, self._best - 1) if self._gives_way else self._best
        self._use(usual if self._kept is None else self._kept)

    def _measured(self) -> bool:
        return len(self._times) >= PROBE_STEPS or (
            len(self._times) >= 2 and sum(self._times) > SLOW_SECONDS
        )

    def _is_slower(self) -> bool:
        enough = len(self._times) == PROBE_STEPS  # one of fewer may have slept with the computer
        return enough and 0 < SLOWER * self._best_time < _median(self._times)

    def _hopeless(self) -> bool:
        """Tell whether the count on trial is so slow that the trial need not go on."""
        return len(self._times) >= 2 and min(self._times) > 2 * self._best_time

    def _use(self, count: int) -> None:
        self.threads = count
        self._times.clear()
        use_threads(count)


def _median(values: list[float]) -> float:
    return sorted(values)[(len(values) - 1) // 2]
