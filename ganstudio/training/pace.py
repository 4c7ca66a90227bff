"""When to tell of a run that trains: two cores do not train while a window draws."""

import math

from ganstudio.training.threads import cores

SNAPSHOT_SECONDS, SNAPSHOT_SECONDS_MOST = 0.25 if cores() > 2 else 0.5, 2.0  # between two of them
STATUS_SECONDS_MOST = 1.0
COPYING_SHARE = 0.02  # of the time that training has: so much may copying networks take,
DRAWING_SHARE = 0.005 * cores()  # and of one core, decoding samples of them
GIVING_WAY = 4  # times as long between two snapshots or statuses while a person drags


class Pace:
    """When the next snapshot and the next status are due, and how fast training goes.

    All times are in seconds, by one clock.
    """

    def __init__(self) -> None:
        self._slower = 1  # times as long as usual
        self._copying = self._drawing = 0.0  # what a snapshot and its samples took
        self._published = self._told = -math.inf
        self._rate = _Rate(0.0)

    @property
    def images_per_second(self) -> float:
        """Real images that the nets train on, of the last second; 0 before it is known."""
        return self._rate.value

    @property
    def wait(self) -> float:
        """How long to wait between two snapshots, so that they take little of the time."""
        wait = max(SNAPSHOT_SECONDS, self._copying / COPYING_SHARE, self._drawing / DRAWING_SHARE)
        return min(wait, SNAPSHOT_SECONDS_MOST)

    def begin(self, now: float) -> None:
        """Take note that training begins: its first step shows at once."""
        self._published, self._rate = -math.inf, _Rate(now)

    def other_run(self) -> None:
        """Forget how long drawing took: that was of another run."""
        self._drawing = 0.0

    def give_way(self, *, quietly: bool) -> None:
        """Tell less often, or no longer; once more at once."""
        self._slower, self._published = GIVING_WAY if quietly else 1, -math.inf

    def step_done(self, now: float, images: int) -> None:
        """Take note of a step, and of how many real images it was made with."""
        self._rate.count(now, images)

    def published(self, now: float, copying: float) -> None:
        """Take note of a snapshot, and of how long copying the networks took."""
        self._published, self._copying = now, copying

    def told(self, now: float) -> None:
        """Take note of a status."""
        self._told = now

    def drew(self, seconds: float) -> None:
        """Take note of how long a core took to decode a snapshot's samples."""
        self._drawing = seconds

    def snapshot_is_due(self, now: float) -> bool:
        """Tell whether it is time for a snapshot."""
        return now >= self._published + self._slower * self.wait

    def status_is_due(self, now: float) -> bool:
        """Tell whether it is time for a status."""
        return now >= self._told + self._slower * min(self.wait, STATUS_SECONDS_MOST)


class _Rate:
    """Images a second, over windows of a second."""

    def __init__(self, now: float) -> None:
        self.value = 0.0
        self._start, self._images = now, 0

    def count(self, now: float, images: int) -> None:
        self._images += images
        elapsed = now - self._start
        if elapsed >= 1.0 or (self.value == 0.0 and elapsed >= 0.2):
            self.value = self._images / elapsed
            if elapsed >= 1.0:
                self._start, self._images = now, 0
