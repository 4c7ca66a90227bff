"""Writing a run into its folder, and what it means for the run where that fails."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tqdm import tqdm

from ganstudio import atomic, images
from ganstudio.errors import UNWRITTEN, Phrase, StudioError
from ganstudio.latent.decode import decode
from ganstudio.latent.spec import Stream, generator
from ganstudio.library import LAST
from ganstudio.training import checkpoint
from ganstudio.training.trainer import Trainer

GRID_IMAGES = 100
SAVE_SHARE = 0.05  # a long history takes long to write: spend at most so much of the time on it


class Saving:
    """Writes a run into its folder.

    Parameters
    ----------
    trainer : Trainer
        The run.
    out : Path
        Its folder, which is there.
    """

    def __init__(self, trainer: Trainer, out: Path) -> None:
        self._trainer, self._out = trainer, out
        self._saved = trainer.step or None  # a resumed run has its checkpoint
        self._behind: dict[str, StudioError] = {}  # why what was to be written was not, last time
        self._failed: list[StudioError] = []  # all that ever failed

    def write_all(self, *, keep: bool = False) -> None:
        """Write last.pt, which the run can go on from, and then what only tells of it.

        Where one cannot be written, another may: a history takes less space than networks. The
        first failure is raised in the end.
        """
        self.try_all(keep=keep)
        for error in self._behind.values():
            raise error

    def write_checkpoint(self, *, keep: bool = False) -> None:
        """Write last.pt; with `keep` also as the checkpoint of its step, which stays."""
        self._try("checkpoint", partial(self._checkpoint, keep=keep))
        if "checkpoint" in self._behind:
            raise self._behind["checkpoint"]

    def write_samples(self) -> None:
        """Write a grid of samples; one that cannot be written is no reason to stop training."""
        self._try("samples", self._samples)

    def try_all(self, *, keep: bool = False) -> None:
        """Write what `write_all` does; what fails can be told by `told`."""
        self._try("checkpoint", partial(self._checkpoint, keep=keep))
        self._try("history", self._history)
        self._try("samples", self._samples)

    def told(self, error: StudioError) -> StudioError:
        """Return what to tell of an error that ended training, when all has been tried to save.

        Where the error is another than that something cannot be saved, it is told at once.
        """
        behind = next(iter(self._behind.values()), None)
        if error.code not in UNWRITTEN:
            if behind is None:
                return error
            tqdm.write(f"ganstudio: {error}", file=sys.stderr)
        cause = behind or error
        reason = Phrase(UNWRITTEN[cause.code], **cause.fields)
        if self._saved is None:
            return StudioError("nothing-saved", reason=reason)
        if behind is None and error in self._failed:  # and was written in the end
            code = "saved-at-last"
        else:
            code = "saved-without" if self._saved == self._trainer.step else "later-steps-lost"
        return StudioError(code, saved=self._saved, reason=reason)

    def _try(self, what: str, write: Callable[[], None]) -> None:
        self._behind.pop(what, None)
        try:
            write()
        except StudioError as error:
            self._behind[what] = error
            self._failed.append(error)

    def _checkpoint(self, *, keep: bool) -> None:
        trainer, last = self._trainer, self._out / LAST
        trainer.drain()
        checkpoint.save(trainer, last)
        self._saved = trainer.step
        if keep:
            atomic.keep(last, self._out / f"step-{trainer.step:07d}.pt")

    def _history(self) -> None:
        self._trainer.history.save_csv(self._out / "history.csv")

    def _samples(self) -> None:
        trainer, latent = self._trainer, self._trainer.latent
        rng = generator(trainer.config.seed, Stream.SAMPLES)
        z = latent.sample_grid(latent.whole_rows(GRID_IMAGES), rng)
        sheet = images.grid(decode(trainer.snapshot(), z), latent.columns)
        images.save_png(sheet, self._out / f"samples-{trainer.step:07d}.png")
