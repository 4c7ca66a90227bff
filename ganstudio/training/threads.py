"""How many threads torch computes with, chosen by measuring while training.

Torch's threads wait for each other after every operation. Where another program takes a core, two
threads can be many times slower than one; where the cores are free, they are faster. So the
window's training tries the other count now and then, and keeps the faster. Training without the
window keeps one count, since sums in another order round differently.
"""

import os
import time

import torch

PROBE_SECONDS = 5.0  # between two trials
PROBE_STEPS = 6


def cores() -> int:
    """Return how many processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class ThreadTuner:
    """Chooses between one thread and one a core, by the median time of a few steps of each.

    Attributes
    ----------
    threads : int
        The count in use.
    """

    def __init__(self) -> None:
        self._counts = (cores(), 1)
        self._times: list[float] = []
        self._best = self.threads = self._counts[0]
        self._trial_of: int | None = None  # the count on trial
        self._due = time.monotonic()
        self._last: float | None = None
        self._best_time = 0.0
        torch.set_num_threads(self.threads)

    def interrupt(self) -> None:
        """Forget when the last step was: training paused, or something else was done in between."""
        self._last = None

    def step_done(self, now: float) -> None:
        """Take note of a step, at ``time.monotonic()``."""
        if self._counts[0] == 1:
            return
        if self._last is not None:
            self._times.append(now - self._last)
        self._last = now
        if self._trial_of is None:
            if now >= self._due and len(self._times) >= PROBE_STEPS:
                self._best_time = _median(self._times[-PROBE_STEPS:])
                self._try(next(n for n in self._counts if n != self._best))
        elif len(self._times) >= PROBE_STEPS or self._hopeless():
            if _median(self._times) < self._best_time:
                self._best = self._trial_of
            self._trial_of = None
            self._due = now + PROBE_SECONDS
            self._use(self._best)

    def _hopeless(self) -> bool:
        """Tell whether the trial is so slow after two steps that it need not go on."""
        return len(self._times) >= 2 and min(self._times) > 2 * self._best_time

    def _try(self, count: int) -> None:
        self._trial_of = count
        self._use(count)

    def _use(self, count: int) -> None:
        self.threads = count
        torch.set_num_threads(count)
        self._times.clear()
        self._last = None


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]
