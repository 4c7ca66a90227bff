"""Where the time of a step goes."""

import time
from collections.abc import Callable
from typing import Any

import torch

from ganstudio.training.trainer import Trainer

PARTS = ("data", "D", "G", "optimiser", "ema", "rest", "window")
"""Real batches; both nets' ways forth and back; Adam; the averaged generator; what else a step
does; and telling others of it."""

SECONDS = 1.0  # that `Profile.lately` is the mean of


class Profile:
    """Measures the parts of a trainer's steps, each without those within it, until ended.

    It puts clocks around methods, so what nobody looks at costs nothing; the trainer must not
    `adapt`, by which steps go without them. On a GPU every part is
    waited for, and on any device they are made one by one, which makes steps slower.

    Parameters
    ----------
    trainer : Trainer
        Whose steps.
    telling : object
        What publishes them, in methods of these names.
    """

    def __init__(self, trainer: Trainer, telling: object, names: tuple[str, ...]) -> None:
        self._steps = 0  # made since parts were last asked for
        self._spent = dict.fromkeys(PARTS, 0.0)
        self._inner: list[float] = []  # seconds within each part under way, of others
        self._wrapped: list[tuple[object, str]] = []
        self._lately: tuple[tuple[str, float], ...] = ()
        self._due = time.monotonic()  # to renew that
        # what a device has been told to do takes time when it does it
        self._wait: Callable[[], None] = getattr(torch, trainer.device.type).synchronize
        for part, owner, names_ in (
            ("data", trainer.real, ("next", "next_labelled")),
            ("D", trainer.gradients, ("of_D",)),
            ("G", trainer.gradients, ("of_G",)),
            ("G", trainer._game, ("fake",)),
            ("optimiser", trainer.updates, ("_move",)),
            ("ema", trainer.ema, ("update",) if trainer.ema else ()),
            ("rest", trainer, ("train_step",)),
            ("window", telling, names),
        ):
            for name in names_:
                self._wrap(part, owner, name)

    def end(self) -> None:
        """Take the clocks away."""
        for owner, name in self._wrapped:
            delattr(owner, name)
        self._wrapped = []

    def lately(self) -> tuple[tuple[str, float], ...]:
        """Return what was `taken` last, renewed every second; () before the first step."""
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + SECONDS
            self._lately = self.taken() or self._lately
        return self._lately

    def taken(self) -> tuple[tuple[str, float], ...]:
        """Return each part's seconds a step since this was last asked; () if there was no step."""
        if not self._steps:  # others, whom one follows, may make some
            return ()
        found = tuple((part, spent / self._steps) for part, spent in self._spent.items())
        self._steps, self._spent = 0, dict.fromkeys(PARTS, 0.0)
        return found

    def _wrap(self, part: str, owner: object, name: str) -> None:
        method = getattr(owner, name)

        def timed(*args: Any, **named: Any) -> Any:
            self._wait()
            start = time.perf_counter()
            self._inner.append(0.0)
            try:
                return method(*args, **named)
            finally:
                self._wait()
                took = time.perf_counter() - start
                self._spent[part] += took - self._inner.pop()
                self._steps += name == "train_step"
                if self._inner:
                    self._inner[-1] += took

        setattr(owner, name, timed)
        self._wrapped.append((owner, name))
