"""Training without a window: into a folder, with a progress bar."""

import csv
import math
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Lock
from types import FrameType
from typing import Any

import numpy as np
from tqdm import tqdm

from ganstudio import atomic, images, model_file
from ganstudio.config import Config, save_config
from ganstudio.data.dataset import Dataset
from ganstudio.data.loading import find_root, load
from ganstudio.errors import Phrase, StudioError, writing
from ganstudio.evaluation import report
from ganstudio.evaluation.judge import Judge
from ganstudio.evaluation.quality import Quality
from ganstudio.latent.decode import decode
from ganstudio.latent.spec import LatentSpec, Stream, generator
from ganstudio.model_file import ModelFile
from ganstudio.training import checkpoint, device
from ganstudio.training.failures import UNWRITTEN, explaining_memory, unsaved
from ganstudio.training.health import Diagnosis, Doctor
from ganstudio.training.limits import End, Limit
from ganstudio.training.observer import Observer
from ganstudio.training.run_folder import forget_beyond
from ganstudio.training.runner import describe
from ganstudio.training.trainer import Trainer, training_data
from ganstudio.work import Work

SAVE_SECONDS = 60.0
SAVE_SHARE = 0.05  # a long history takes long to write: spend at most so much of the time on it
KEEP_EPOCHS = 10  # a checkpoint is kept every so many epochs, beside last.pt
GRID_IMAGES = 64
SAMPLE_BATCH = 500
JUDGED = 10_000  # images for a line of quality.csv
QUALITY, HEALTH = "quality.csv", "health.csv"


def new_trainer(
    config: Config, device_name: str, root: Path | None, file: ModelFile | None = None
) -> Trainer:
    """Return a trainer at step 0; a `file` makes its networks, and is run for that."""
    if file is not None:
        model_file.run(file)
        config = config.changed(model=str(file.path))
    place = device.choose(device_name)
    with explaining_memory(place):
        return Trainer(config, _dataset(config, root), place)


def resumed_trainer(
    path: Path, device_name: str, root: Path | None, file: ModelFile | None = None
) -> Trainer:
    """Return a trainer that continues a checkpoint, with the `file` that makes its networks."""
    place = device.choose(device_name)
    with explaining_memory(place):
        content = _content(path, file)
        return checkpoint.restore(content, path, _dataset_of(content, path, root), place)


def _dataset_of(content: dict[str, Any], path: Path, root: Path | None) -> Dataset:
    """Return the dataset of a checkpoint, from `root` or from where it was."""
    config = checkpoint.config_of(content, path)
    where = root or find_root(config.dataset, checkpoint.root_of(content), None)
    return _dataset(config, where)


def _content(path: Path, file: ModelFile | None) -> dict[str, Any]:
    content = checkpoint.read(path)
    if file is not None:
        checkpoint.give_model_file(content, path, file)
    return content


def _dataset(config: Config, root: Path | None) -> Dataset:
    with _shown() as work:
        dataset = load(config.dataset, config.image_size, root, work)
    if dataset.notice is not None:
        tqdm.write(f"ganstudio: {dataset.notice}", file=sys.stderr)
    return dataset


@contextmanager
def _shown(note: str = "", *, beside: bool = False) -> Iterator[Work]:
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
                    mininterval=_draw_seconds(),
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


def train(trainer: Trainer, out: Path, limit: Limit, evaluate_every: int = 0) -> bool:
    """Train until the limit or Ctrl-C, writing into `out`.

    The folder receives config.toml at once; last.pt, history.csv and samples-STEP.png every minute
    and at the end; step-STEP.pt, another name of last.pt, every 10 epochs and at the end; a line of
    quality.csv every so many steps, where asked for; a line of health.csv whenever the doctor
    (`health`) gives the run's state another name, which is printed as well. What quality.csv and
    health.csv tell of later steps than the run's is of a future that was lost, and is dropped.

    Returns
    -------
    bool
        Whether it was interrupted by Ctrl-C. All is saved either way.

    Raises
    ------
    StudioError
        ``nothing-to-do``, ``non-finite`` or ``out-of-memory`` (the last good step is saved);
        ``nothing-saved``, ``later-steps-lost`` or ``saved-without`` if a file cannot be written.
    """
    end = limit.end(trainer)
    save_config(trainer.config, out / "config.toml")
    for name in (QUALITY, HEALTH):
        forget_beyond(trainer.step, out / name)
    saving = _Saving(trainer, out)
    try:
        with explaining_memory(trainer.device, trainer):
            return _train(trainer, out, end, limit.minutes, evaluate_every, saving)
    except StudioError as error:
        if error.code not in UNWRITTEN:
            raise
        raise unsaved(error, saving.saved, trainer.step) from error


def _train(
    trainer: Trainer,
    out: Path,
    end: End,
    minutes: float | None,
    evaluate_every: int,
    saving: "_Saving",
) -> bool:
    save_due = time.monotonic() + SAVE_SECONDS
    kept = trainer.epoch // KEEP_EPOCHS
    judge = _judge_of(trainer.dataset) if evaluate_every else None
    if judge is not None and judge.unfit:
        tqdm.write(f"ganstudio: no figures, since {judge.unfit}.", file=sys.stderr)
        judge = None
    watch = _Watch(trainer, out)
    with _interruptible() as interrupted, _Progress(trainer, end, minutes) as progress:
        try:
            while not (end.is_reached(trainer) or interrupted):
                trainer.train_step()
                progress.step_done()
                watch.step_done()
                if trainer.epoch // KEEP_EPOCHS > kept:
                    kept = trainer.epoch // KEEP_EPOCHS
                    saving.write_checkpoint(keep=True)
                if judge is not None and trainer.step % evaluate_every == 0:
                    with _shown("Judging", beside=True) as work:
                        quality = judge.evaluate(trainer.snapshot(), JUDGED, work)
                    _note_quality(quality, out)
                if (start := time.monotonic()) > save_due:
                    saving.write_all()
                    took = time.monotonic() - start
                    save_due = start + max(SAVE_SECONDS, took / SAVE_SHARE)
        finally:
            saving.write_all(keep=True)
    return bool(interrupted)


class _Watch:
    """Has the doctor look at the run, and tells what it says when that changes."""

    def __init__(self, trainer: Trainer, out: Path) -> None:
        self._trainer, self._path = trainer, out / HEALTH
        self._observer, self._doctor = Observer(describe(trainer)), Doctor()
        self._due = time.monotonic() + self._observer.wait

    def step_done(self) -> None:
        """Look, if it is time. A look that fails is the last one: training goes on."""
        if time.monotonic() < self._due:
            return
        try:
            self._look()
        except Exception as error:  # whatever it is, it is no reason to lose a run
            tqdm.write(f"ganstudio: health is no longer watched: {error}", file=sys.stderr)
            self._due = math.inf

    def _look(self) -> None:
        trainer, before = self._trainer, self._doctor.diagnosis
        trainer.drain()
        *_, look = self._observer.look(trainer.snapshot())
        assert look is not None
        diagnosis = self._doctor.hear(look, trainer.config, trainer.history)
        if (diagnosis.state, diagnosis.digits) != (before.state, before.digits):
            self._tell(diagnosis)
        self._due = time.monotonic() + self._observer.wait

    def _tell(self, diagnosis: Diagnosis) -> None:
        tqdm.write(f"step {self._trainer.step:,}: {diagnosis}", file=sys.stderr)
        with writing(self._path):
            new = not self._path.exists()
            with self._path.open("a", encoding="utf-8", newline="") as file:
                lines = csv.writer(file, lineterminator="\n")
                if new:
                    lines.writerow(("step", "state", "why", "numbers"))
                numbers = "; ".join(f"{e.name}={e.value:.4g}" for e in diagnosis.evidence)
                sentence = str(diagnosis).partition(": ")[2]
                lines.writerow((self._trainer.step, diagnosis.state.value, sentence, numbers))


class _Progress:
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
            unit="s" if self._timed else "step",
            bar_format="{l_bar}{bar}| {n:.0f}/{total} s{postfix}" if self._timed else None,
            mininterval=_draw_seconds(),
        )

    def __enter__(self) -> "_Progress":
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


def _draw_seconds() -> float:
    """Return how often a bar is drawn, at most: in a log, every time is another line."""
    return 0.5 if sys.stderr.isatty() else 10.0


class _Saving:
    """Writes a run into its folder.

    Attributes
    ----------
    saved : int or None
        The step up to which the run is saved, None if nothing of it is.
    """

    def __init__(self, trainer: Trainer, out: Path) -> None:
        self._trainer, self._out = trainer, out
        self.saved = trainer.step or None  # a resumed run has its checkpoint

    def write_all(self, *, keep: bool = False) -> None:
        """Write last.pt, which the run can go on from, and then what only tells of it.

        Where one cannot be written, another may: a history takes less space than networks. The
        first failure is raised in the end.
        """
        failures: list[StudioError] = []
        for write in (partial(self.write_checkpoint, keep=keep), self._history, self._samples):
            try:
                write()
            except StudioError as error:
                failures.append(error)
        if failures:
            raise failures[0]

    def write_checkpoint(self, *, keep: bool = False) -> None:
        """Write last.pt; with `keep` also as the checkpoint of its step, which stays."""
        trainer, last = self._trainer, self._out / "last.pt"
        trainer.drain()
        checkpoint.save(trainer, last)
        self.saved = trainer.step
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


def _note_quality(quality: Quality, out: Path) -> None:
    """Add a line to the run's quality.csv, and tell it."""
    path = out / QUALITY
    with writing(path):
        text = "" if path.exists() else report.line(report.columns())
        with path.open("a", encoding="utf-8") as file:
            file.write(text + report.line(report.row(quality)))
    tqdm.write(report.headline(quality), file=sys.stderr)


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


@explaining_memory("cpu", field="--num")
def sample(
    path: Path, num: int, seed: int, class_: int | None = None, file: ModelFile | None = None
) -> images.Pixels:
    """Draw from a checkpoint's generator, averaged where the recipe has EMA.

    Parameters
    ----------
    path : Path
        The checkpoint.
    num : int
        How many images.
    seed : int
        Of their latents.
    class_ : int, optional
        The class of all of them; by default each is of a random one, where there are any.
    file : ModelFile, optional
        What makes the checkpoint's networks, if a file does; it is run.

    Returns
    -------
    (num, C, H, W) uint8
        The images of the seed's latents; the same for a seed on every computer, up to rounding.

    Raises
    ------
    StudioError
        ``no-class-to-draw`` or ``out-of-range`` if the model cannot draw that class.
    """
    snapshot = checkpoint.snapshot_of(_content(path, file), path)
    z = snapshot.latent.sample(num, generator(seed, Stream.SAMPLES))
    if class_ is not None:
        _check_class(class_, snapshot.latent, path)
        z = snapshot.latent.with_class(z, class_)
    batches = np.array_split(z, -(-num // SAMPLE_BATCH))
    return np.concatenate([decode(snapshot, batch) for batch in batches])


@explaining_memory("cpu", field="--num")
def evaluate(path: Path, num: int, root: Path | None, file: ModelFile | None = None) -> Quality:
    """Judge a checkpoint's generator, averaged where the recipe has EMA, by `num` samples.

    The images are in the folder `root`, by default where they were; `file` makes the networks, if
    one does.
    """
    content = _content(path, file)
    snapshot = checkpoint.snapshot_of(content, path)
    config, dataset = checkpoint.config_of(content, path), _dataset_of(content, path, root)
    checkpoint.check_images(snapshot.architecture, dataset, path)
    judge = _judge_of(training_data(config, dataset))
    with _shown(f"Judging step {snapshot.step:,}") as work:
        return judge.evaluate(snapshot, num, work)


def _judge_of(dataset: Dataset) -> Judge:
    with _shown("Looking at real images") as work:
        return Judge(dataset, work)


def _check_class(class_: int, latent: LatentSpec, path: Path) -> None:
    if not latent.classes:
        choices = sum(part.dim for part in latent.choices)
        reason = Phrase("code-is-no-class", count=choices) if choices else Phrase("no-class-told")
        raise StudioError("no-class-to-draw", path=path, reason=reason)
    if not 0 <= class_ < latent.classes:
        raise StudioError(
            "out-of-range", field="--class", value=class_, low=0, high=latent.classes - 1
        )
