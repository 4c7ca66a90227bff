"""Bars on the standard error: how far training is, and other work."""

import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from tqdm import tqdm

from ganstudio.training.limits import End
from ganstudio.training.trainer import Trainer
from ganstudio.work import Work


@contextmanager
def shown(note: str = "", *, beside: bool = False) -> Iterator[Work]:
    """Give work that shows how far it is until all is done or has failed."""
    work = _ShownWork(note, beside=beside)
    try:
        yield work
        work.at(1.0)
    finally:
        work.end()


class _ShownWork(Work):
    """Shows how far work is: downloads, reading many images, judging.

    Parameters
    ----------
    note : str
        What is being done where the work does not say it itself; work that nobody names is not
        shown.
    beside : bool
        Whether there is a bar of training above: this one goes when it is done, and is shown at a
        terminal only.
    """

    def __init__(self, note: str, *, beside: bool) -> None:
        super().__init__()
        self._note = note
        self._how: dict[str, Any] = {"leave": False, "disable": None} if beside else {}
        self._bar: tqdm | None = None
        self._said = ""
        self._lock = Lock()  # images are read by several threads

    def at(self, fraction: float | None, note: object = None) -> None:
        """Move the bar on; another note begins another one."""
        said = str(note or self._note)
        with self._lock:
            if self._bar is None or said != self._said:
                self.end()
                if not said:
                    return
                kept = "{desc}: {percentage:3.0f}% |{bar}| {elapsed}"
                self._said = said
                self._bar = tqdm(
                    total=1.0,
                    desc=said,
                    bar_format=kept,
                    mininterval=draw_seconds(),
                    file=sys.stderr,
                    **self._how,
                )
            if fraction is not None:
                self._bar.update(fraction - self._bar.n)

    def end(self) -> None:
        """Leave the bar as it is."""
        super().end()
        if self._bar is not None:
            self._bar.close()
            self._bar = None


class Progress:
    """The progress bar: of steps or, where only the time decides, of seconds.

    Where the end is a number of batches, the first step tells how many steps that will be.
    """

    def __init__(self, trainer: Trainer, end: End, minutes: float | None) -> None:
        self._trainer, self._end = trainer, end
        self._timed = minutes is not None
        self._first = trainer.seconds
        self._batches = trainer.real.count
        total = end.total_steps(trainer, trainer.config.d_steps)
        self._shown = (trainer.real.count, trainer.seconds)
        self._drained = len(trainer.history)
        self._images_a_second = 0.0
        self._told = False  # the first losses
        self._bar = tqdm(
            total=max(1, round(60 * minutes)) if minutes is not None else total,
            initial=0 if self._timed else trainer.step,
            unit="s" if self._timed else " steps",
            bar_format="{l_bar}{bar}| {n:.0f}/{total} s{postfix}" if self._timed else None,
            mininterval=draw_seconds(),
        )

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_: object) -> None:
        if len(self._trainer.history):
            self._show()  # the line that stays tells of the last step
        self._bar.close()

    def step_done(self) -> None:
        """Move the bar on; renew the numbers beside it when it was drawn."""
        done: float = self._trainer.step
        if self._timed:  # the last step ends a little late
            done = min(self._trainer.seconds - self._first, self._bar.total)
        else:
            before, self._batches = self._batches, self._trainer.real.count
            self._bar.total = self._end.total_steps(self._trainer, self._batches - before)
        if self._bar.update(done - self._bar.n):
            self._show()
        if not self._told and len(self._trainer.history) > self._drained:
            self._told = True
            self._show()
            self._bar.refresh()  # else they wait until the bar is next drawn

    def _show(self) -> None:
        """Put the newest losses and the speed beside the bar."""
        trainer, history = self._trainer, self._trainer.history
        trainer.drain()
        losses = {name: history.column(name)[-1] for name in trainer.losses}
        shown = {name: f"{loss:.3f}" for name, loss in losses.items() if math.isfinite(loss)}
        (count, seconds), self._shown = self._shown, (trainer.real.count, trainer.seconds)
        if trainer.seconds > seconds:  # else no step was made since it was last shown
            images = (trainer.real.count - count) * trainer.config.batch_size
            self._images_a_second = images / (trainer.seconds - seconds)
        shown["images/s"] = f"{self._images_a_second:,.0f}"
        if self._timed:
            shown["step"] = f"{trainer.step:,}"
        self._bar.set_postfix(shown, refresh=False)


def draw_seconds() -> float:
    """Return how often a bar is drawn, at most: in a log, every time is another line."""
    return 0.5 if sys.stderr.isatty() else 10.0
