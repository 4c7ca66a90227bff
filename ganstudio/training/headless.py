"""Training without a window: into a folder, with a progress bar."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import numpy as np
from tqdm import tqdm

from ganstudio import images, parts
from ganstudio.config import Config, save_config
from ganstudio.data.dataset import Dataset
from ganstudio.errors import StudioError, writing
from ganstudio.latent.decode import decode
from ganstudio.latent.spec import Stream, generator
from ganstudio.training import checkpoint, device
from ganstudio.training.trainer import Trainer

SAVE_SECONDS = 60.0
KEEP_EPOCHS = 10  # a checkpoint is kept every so many epochs, beside last.pt
GRID_IMAGES = 64
SAMPLE_BATCH = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """When to stop: at a total of steps or epochs, or after minutes; or at the recipe's end."""

    steps: int | None = None
    epochs: float | None = None
    minutes: float | None = None

    def total_steps(self, trainer: Trainer) -> int | None:
        """Return the step to stop at; None if only the time decides, or nothing does."""
        if self.steps is not None:
            return self.steps
        epochs = self.epochs
        if epochs is None and self.minutes is None:
            epochs = trainer.config.epochs or None
        if epochs is None:
            return None
        batches = round(epochs * trainer.real.per_epoch) - trainer.real.count
        return trainer.step + max(0, -(-batches // max(1, trainer.config.d_steps)))


def new_trainer(config: Config, device_name: str, root: Path | None) -> Trainer:
    """Return a trainer at step 0."""
    place = device.choose(device_name)
    return Trainer(config, load_dataset(config.dataset, root), place)


def resumed_trainer(path: Path, device_name: str, root: Path | None) -> Trainer:
    """Return a trainer that continues a checkpoint."""
    place = device.choose(device_name)
    content = checkpoint.read(path)
    dataset = load_dataset(checkpoint.config_of(content, path).dataset, root)
    return checkpoint.restore(content, path, dataset, place)


def load_dataset(name: str, root: Path | None) -> Dataset:
    """Return a dataset, from `root` if given."""
    dataset: Dataset = parts.load(parts.DATASET, name).load(root)
    return dataset


def check_folder(out: Path, *, resuming: bool) -> None:
    """Make the folder `out`; ``run-exists`` if it holds a run that is not being resumed."""
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
    if (last := out / "last.pt").exists() and not resuming:
        raise StudioError("run-exists", path=out, checkpoint=last)


def train(trainer: Trainer, out: Path, limit: Limit) -> bool:
    """Train until the limit or Ctrl-C, writing into `out`.

    The folder receives config.toml at once; samples-STEP.png, history.csv and last.pt every minute
    and at the end; step-STEP.pt every 10 epochs and at the end.

    Returns
    -------
    bool
        Whether it was interrupted by Ctrl-C. All is saved either way.

    Raises
    ------
    StudioError
        ``nothing-to-do``, ``non-finite`` (the last good step is saved), or a file that cannot be
        written.
    """
    total = limit.total_steps(trainer)
    if total is not None and total <= trainer.step:
        raise StudioError("nothing-to-do", step=trainer.step, asked=total)
    save_config(trainer.config, out / "config.toml")
    end = trainer.seconds + limit.minutes * 60 if limit.minutes is not None else np.inf
    saved = time.monotonic()
    kept = trainer.epoch // KEEP_EPOCHS
    with _interruptible() as interrupted, _progress(trainer, total) as bar:
        try:
            while trainer.step != total and trainer.seconds < end and not interrupted:
                trainer.train_step()
                bar.update()
                if bar.n == bar.last_print_n:  # tqdm has just drawn: renew its numbers
                    _show(bar, trainer)
                if trainer.epoch // KEEP_EPOCHS > kept:
                    kept = trainer.epoch // KEEP_EPOCHS
                    _keep(trainer, out)
                if time.monotonic() - saved > SAVE_SECONDS:
                    _write(trainer, out)
                    saved = time.monotonic()
        finally:
            _keep(trainer, out)
            _write(trainer, out)
    return bool(interrupted)


def _progress(trainer: Trainer, total: int | None) -> "tqdm[None]":
    return tqdm(total=total, initial=trainer.step, unit=" steps", mininterval=0.5, smoothing=0.1)


def _show(bar: "tqdm[None]", trainer: Trainer) -> None:
    """Put the newest losses and the speed beside the bar."""
    trainer.drain()
    shown = {
        name: f"{trainer.history.column(name)[-1]:.3f}"
        for name in ("real_loss", "fake_loss", "g_loss")
    }
    rate = bar.format_dict["rate"] or 0
    images_per_step = trainer.config.batch_size * trainer.config.d_steps
    shown["images/s"] = f"{rate * images_per_step:,.0f}"
    bar.set_postfix(shown, refresh=False)


def _write(trainer: Trainer, out: Path) -> None:
    """Write grid, history and last.pt, in this order: what last.pt promises is there."""
    trainer.drain()
    z = trainer.latent.sample(GRID_IMAGES, generator(trainer.config.seed, Stream.SAMPLES))
    drawn = decode(trainer.snapshot(), z)
    images.save_png(images.grid(drawn.images), out / f"samples-{trainer.step:07d}.png")
    trainer.history.save_csv(out / "history.csv")
    checkpoint.save(trainer, out / "last.pt")


def _keep(trainer: Trainer, out: Path) -> None:
    """Write a checkpoint that stays."""
    checkpoint.save(trainer, out / f"step-{trainer.step:07d}.pt")


@contextmanager
def _interruptible() -> Iterator[list[int]]:
    """Give a list that Ctrl-C makes non-empty instead of ending anything; a second Ctrl-C does."""
    interrupted: list[int] = []

    def on_signal(number: int, _frame: FrameType | None) -> None:
        interrupted.append(number)
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, on_signal)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before)


def sample(path: Path, num: int, seed: int) -> images.Pixels:
    """Draw from a checkpoint's generator, averaged where the recipe has EMA.

    Returns
    -------
    (num, C, H, W) uint8
        The images of the seed's latents; the same for a seed on every computer, up to rounding.
    """
    snapshot = checkpoint.snapshot_of(checkpoint.read(path), path)
    z = snapshot.latent.sample(num, generator(seed, Stream.SAMPLES))
    batches = np.array_split(z, -(-num // SAMPLE_BATCH))
    return np.concatenate([decode(snapshot, batch).images for batch in batches])
