"""Training without a window: into a folder, with a progress bar."""

import csv
import math
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
from tqdm import tqdm

from ganstudio import images, model_file
from ganstudio.config import Config, save_config
from ganstudio.data.dataset import Dataset
from ganstudio.data.loading import find_root, load
from ganstudio.errors import Phrase, StudioError, writing
from ganstudio.evaluation import report
from ganstudio.evaluation.judge import Judge
from ganstudio.evaluation.quality import Quality
from ganstudio.latent import z_file
from ganstudio.latent.decode import decode
from ganstudio.latent.spec import LatentSpec, Stream, generator
from ganstudio.library import LAST, RunFolder
from ganstudio.model_file import ModelFile
from ganstudio.training import checkpoint, device, past
from ganstudio.training.failures import explaining_device, is_lost
from ganstudio.training.half import FLOAT32
from ganstudio.training.health import Diagnosis, Doctor, State
from ganstudio.training.limits import End, Limit
from ganstudio.training.live import LiveWriter
from ganstudio.training.observer import Observer
from ganstudio.training.progress import Progress, shown
from ganstudio.training.ranks import ALONE, Ranks, launched
from ganstudio.training.run_folder import forget_beyond
from ganstudio.training.run_info import describe
from ganstudio.training.saving import SAVE_SHARE, Saving
from ganstudio.training.threads import ThreadTuner
from ganstudio.training.trainer import Trainer, training_data

SAVE_SECONDS = 60.0
KEEP_EPOCHS = 10  # a checkpoint is kept every so many epochs, beside last.pt
SAMPLE_BATCH = 500
JUDGED = 10_000  # images for a line of quality.csv
QUALITY, HEALTH = "quality.csv", "health.csv"


def new_trainer(
    config: Config,
    device_name: str,
    root: Path | None,
    file: ModelFile | None = None,
    ranks: Ranks = ALONE,
    precision: str = FLOAT32,
) -> Trainer:
    """Return a trainer at step 0; a `file` makes its networks, and is run for that."""
    if file is not None:
        model_file.run(file)
        config = config.changed(model=str(file.path))
    place = device.choose(device_name)
    with explaining_device(place):
        dataset = _dataset(config, root)
        trainer = Trainer(config, dataset, place, ranks=ranks, precision=precision)
    trainer.check_trainable()
    return trainer


def resumed_trainer(
    path: Path,
    device_name: str,
    root: Path | None,
    file: ModelFile | None = None,
    ranks: Ranks = ALONE,
    precision: str | None = None,
) -> Trainer:
    """Return a trainer that continues a checkpoint, with the `file` that makes its networks."""
    place = device.choose(device_name)
    with explaining_device(place):
        content = checkpoint.read(path)
        # each rank would have to find the same moments beside its file
        recovers = path.name == LAST and ranks.count == 1

        def restored(content: dict[str, Any]) -> Trainer:
            if file is not None:
                checkpoint.give_model_file(content, path, file)
            dataset = dataset_of(content, path, root)
            return checkpoint.restore(content, path, dataset, place, ranks, precision)

        if recovers:
            trainer, _ = past.restored(path.parent, content, restored)
        else:
            trainer = restored(content)
    trainer.check_trainable()
    return trainer


def dataset_of(content: dict[str, Any], path: Path, root: Path | None) -> Dataset:
    """Return the dataset of a checkpoint, from `root` or from where it was."""
    config = checkpoint.config_of(content, path)
    where = root or find_root(config.dataset, checkpoint.root_of(content), None)
    return _dataset(config, where)


def content_of(path: Path, file: ModelFile | None) -> dict[str, Any]:
    """Read a checkpoint; the `file` that makes its networks, if one does, is run."""
    content = checkpoint.read(path)
    if file is not None:
        checkpoint.give_model_file(content, path, file)
    return content


def _dataset(config: Config, root: Path | None) -> Dataset:
    with shown() as work:
        dataset = load(config.dataset, config.image_size, root, work)
    if dataset.notice is not None:
        tqdm.write(f"ganstudio: {dataset.notice}", file=sys.stderr)
    return dataset


@dataclass(frozen=True, kw_only=True, slots=True)
class Every:
    """When something is done, again and again: after so many steps; 0 is never.

    Attributes
    ----------
    evaluate : int
        The generator is judged, into quality.csv.
    sample : int
        A sample grid is written, besides those that come with saving.
    seconds : float or None
        All is saved after so many seconds of training; None is a minute.
    """

    evaluate: int = 0
    sample: int = 0
    seconds: float | None = None


def train(
    trainer: Trainer,
    out: Path,
    limit: Limit,
    every: Every = Every(),
    *,
    tuner: ThreadTuner | None = None,
) -> int:
    """Train until the limit, Ctrl-C or SIGTERM, writing into `out`.

    The folder receives config.toml at once; last.pt, history.csv and samples-STEP.png every minute,
    or as often as `every` says, and at the end; step-STEP.pt, another name of last.pt, every 10
    epochs and at the end; more samples and lines of quality.csv as often as `every` says; while it
    trains, what others follow it by
    (`live`); a line of health.csv whenever the doctor (`health`) gives the run's state another
    name, which is printed as well. What quality.csv and health.csv tell of later steps than the
    run's is of a future that was lost, and is dropped.

    With a `tuner` speed comes before a run that repeats bit for bit: it chooses the number of
    threads, and on a GPU steps are made by CUDA graphs.

    Returns
    -------
    int
        The number of the signal that ended it (Ctrl-C's is SIGINT); 0 if none did. All is saved
        either way.

    Raises
    ------
    StudioError
        ``nothing-to-do``; ``non-finite``, ``out-of-memory`` or ``rank-lost`` (the last good step is
        saved);
        ``nothing-saved``, ``later-steps-lost``, ``saved-without`` or ``saved-at-last`` if a file
        cannot be written; ``cannot-write`` or ``disk-full`` before the first step; ``run-in-use``
        if another program trains into that folder.
    """
    end = limit.end(trainer)
    with RunFolder(out):
        save_config(trainer.config, out / "config.toml")
        for name in (QUALITY, HEALTH):
            forget_beyond(trainer.step, out / name)
        past.forget_beyond(trainer.step, out)
        saving = Saving(trainer, out)
        try:
            with explaining_device(trainer.device, trainer):
                trainer.adapt(tuner is not None)
                return _train(trainer, out, end, limit.minutes, every, saving, tuner)
        except StudioError as error:
            told = saving.told(error)
            if told is error:
                raise
            raise told from error


def _train(
    trainer: Trainer,
    out: Path,
    end: End,
    minutes: float | None,
    every: Every,
    saving: Saving,
    tuner: ThreadTuner | None,
) -> int:
    wait = SAVE_SECONDS if every.seconds is None else every.seconds
    save_due = time.monotonic() + wait
    kept = trainer.epoch // KEEP_EPOCHS
    judge = _judge_of(trainer.dataset) if every.evaluate else None
    if judge is not None and judge.unfit:
        tqdm.write(f"ganstudio: no figures, since {judge.unfit}.", file=sys.stderr)
        judge = None
    watch, live = _Watch(trainer, out), LiveWriter.of(trainer, out)
    told = ""  # of graphs
    with _interruptible() as interrupted, Progress(trainer, end, minutes) as progress:
        try:
            while not trainer.ranks.any(_is_over(trainer, end) or bool(interrupted)):
                start = time.monotonic()
                trainer.train_step()
                if tuner is not None:
                    now = time.monotonic()
                    tuner.step_took(now - start, now)
                    if (reason := trainer.without_graphs) is not None and not told:
                        told = f"ganstudio: steps are made without CUDA graphs, since {reason}."
                        tqdm.write(told, file=sys.stderr)
                progress.step_done()
                watch.step_done()
                live.step_done()
                if trainer.epoch // KEEP_EPOCHS > kept:
                    kept = trainer.epoch // KEEP_EPOCHS
                    saving.write_checkpoint(keep=True)
                if every.sample and trainer.step % every.sample == 0:
                    saving.write_samples()
                if judge is not None and trainer.step % every.evaluate == 0:
                    with shown("Judging", beside=True) as work:
                        quality = judge.evaluate(trainer.snapshot(), JUDGED, work)
                    _note_quality(quality, out)
                if (start := time.monotonic()) > save_due:
                    saving.write_all()
                    took = time.monotonic() - start
                    save_due = start + max(wait, took / SAVE_SHARE)
        except BaseException as error:
            if not is_lost(error):  # what was on it is so, too
                saving.try_all(keep=True)
            raise
        else:
            saving.write_all(keep=True)
        finally:
            live.end()
    return interrupted[0] if interrupted else 0


def _is_over(trainer: Trainer, end: End) -> bool:
    """Tell whether a run is at its end, and not because of steps that are taken back."""
    return end.is_reached(trainer) and not trainer.drain()


def accompany(trainer: Trainer, limit: Limit) -> int:
    """Train as `train` does in the first of the ranks, but write and tell nothing."""
    end = limit.end(trainer)
    with explaining_device(trainer.device, trainer), _interruptible() as interrupted:
        while not trainer.ranks.any(end.is_reached(trainer) or bool(interrupted)):
            trainer.train_step()
    return interrupted[0] if interrupted else 0


class _Watch:
    """Has the doctor look at the run, and tells what it says when that changes."""

    def __init__(self, trainer: Trainer, out: Path) -> None:
        self._trainer, self._path = trainer, out / HEALTH
        self._observer, self._doctor = Observer(describe(trainer)), Doctor.again(trainer.diagnoses)
        if self._doctor.told:  # the run goes on, as what it was called
            self._say(self._doctor.diagnosis)
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
        trainer.diagnoses = self._doctor.changes
        others = diagnosis.state is State.COLLAPSING and diagnosis.digits != before.digits
        if diagnosis.state is not before.state or others:
            self._tell(diagnosis)
        self._due = time.monotonic() + self._observer.wait

    def _say(self, diagnosis: Diagnosis) -> None:
        tqdm.write(f"step {diagnosis.step:,}: {diagnosis}", file=sys.stderr)

    def _tell(self, diagnosis: Diagnosis) -> None:
        self._say(diagnosis)
        with writing(self._path):
            new = not self._path.exists()
            with self._path.open("a", encoding="utf-8", newline="") as file:
                lines = csv.writer(file, lineterminator="\n")
                if new:
                    lines.writerow(("step", "state", "why", "numbers"))
                numbers = "; ".join(f"{e.name}={e.value:.4g}" for e in diagnosis.evidence)
                sentence = str(diagnosis).partition(": ")[2]
                lines.writerow((self._trainer.step, diagnosis.state.value, sentence, numbers))


def _note_quality(quality: Quality, out: Path) -> None:
    """Add a line to the run's quality.csv, and tell it."""
    path = out / QUALITY
    head = report.line(report.columns())
    with writing(path):
        if path.exists() and _first_line(path) != head:
            path.replace(path.with_name("quality-before.csv"))  # of an earlier version's columns
        text = "" if path.exists() else head
        with path.open("a", encoding="utf-8") as file:
            file.write(text + report.line(report.row(quality)))
    tqdm.write(report.headline(quality), file=sys.stderr)


def _first_line(path: Path) -> str:
    with path.open(encoding="utf-8") as file:
        return file.readline()


@contextmanager
def _interruptible() -> Iterator[list[int]]:
    """Give a list that Ctrl-C or SIGTERM makes non-empty instead of ending anything.

    The second time they end it, unless torchrun has started it, which passes Ctrl-C on to those
    who have heard of it already, and kills what takes too long.
    """
    interrupted: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def back() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def on_signal(number: int, _frame: FrameType | None) -> None:
        interrupted.append(number)
        if launched().count == 1:
            back()

    for number in before:
        signal.signal(number, on_signal)
    try:
        yield interrupted
    finally:
        back()


@explaining_device("cpu", field="--num")
def sample(
    path: Path,
    num: int,
    seed: int,
    class_: int | None = None,
    file: ModelFile | None = None,
    latents: Path | None = None,
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
    latents : Path, optional
        A file of latents, as `z_file.read` reads it, in place of `num` of the seed's.

    Returns
    -------
    (num, C, H, W) uint8
        The images of the seed's latents; the same for a seed on every computer, up to rounding.

    Raises
    ------
    StudioError
        ``no-class-to-draw`` or ``out-of-range`` if the model cannot draw that class.
    """
    snapshot = checkpoint.snapshot_of(content_of(path, file), path)
    if latents is None:
        z = snapshot.latent.sample(num, generator(seed, Stream.SAMPLES))
    else:
        z = z_file.read(snapshot.latent, latents)
    if class_ is not None:
        _check_class(class_, snapshot.latent, path)
        z = snapshot.latent.with_class(z, class_)
    batches = np.array_split(z, -(-len(z) // SAMPLE_BATCH))
    return np.concatenate([decode(snapshot, batch) for batch in batches])


@explaining_device("cpu", field="--num")
def evaluate(path: Path, num: int, root: Path | None, file: ModelFile | None = None) -> Quality:
    """Judge a checkpoint's generator, averaged where the recipe has EMA, by `num` samples.

    The images are in the folder `root`, by default where they were; `file` makes the networks, if
    one does.
    """
    content = content_of(path, file)
    snapshot = checkpoint.snapshot_of(content, path)
    config, dataset = checkpoint.config_of(content, path), dataset_of(content, path, root)
    checkpoint.check_images(snapshot.architecture, dataset, path)
    judge = _judge_of(training_data(config, dataset))
    with shown(f"Judging step {snapshot.step:,}") as work:
        return judge.evaluate(snapshot, num, work)


def _judge_of(dataset: Dataset) -> Judge:
    with shown("Looking at real images") as work:
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
