"""How long a run without a window goes on."""

import math
from dataclasses import dataclass

from ganstudio.errors import StudioError
from ganstudio.training.trainer import Trainer


@dataclass(frozen=True, kw_only=True, slots=True)
class End:
    """Where a run ends: at a step, a number of batches of real images or a time, in total.

    How many batches a step takes is its recipe's affair, so epochs are counted in batches.
    """

    steps: int | None = None
    batches: int | None = None
    seconds: float = math.inf

    def is_reached(self, trainer: Trainer) -> bool:
        """Tell whether a run is there."""
        return (
            (self.steps is not None and trainer.step >= self.steps)
            or (self.batches is not None and trainer.real.count >= self.batches)
            or trainer.seconds >= self.seconds
        )

    def total_steps(self, trainer: Trainer, batches_a_step: int) -> int | None:
        """Return the step that this will be, None where that is not known."""
        if self.batches is None:
            return self.steps
        left = max(0, self.batches - trainer.real.count)
        return trainer.step - (-left // max(1, batches_a_step))


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """When to stop: at a total of steps or epochs, or after minutes; or at the recipe's end."""

    steps: int | None = None
    epochs: float | None = None
    minutes: float | None = None

    def end(self, trainer: Trainer) -> End:
        """Return where a run that goes on from here ends.

        Raises
        ------
        StudioError
            ``nothing-to-do`` if the run is there already.
        """
        steps, epochs = self.steps, self.epochs
        if steps is None and epochs is None and self.minutes is None:
            epochs = trainer.config.epochs or None
        batches = None if epochs is None else round(epochs * trainer.real.per_epoch)
        if batches is not None and not trainer.config.d_steps:
            # a step may take no batch then, and counts as one
            steps, batches = trainer.step + max(0, batches - trainer.real.count), None
        seconds = math.inf if self.minutes is None else trainer.seconds + 60 * self.minutes
        end = End(steps=steps, batches=batches, seconds=seconds)
        if end.is_reached(trainer):
            asked = trainer.step if steps is None else steps
            raise StudioError("nothing-to-do", step=trainer.step, asked=asked)
        return end
