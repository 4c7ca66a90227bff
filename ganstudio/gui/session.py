"""The session: it owns the threads, and what a person can do to a run."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from ganstudio import library, model_file
from ganstudio.config import LIVE, Config
from ganstudio.data.loading import downloads, find_root, read_ahead
from ganstudio.errors import StudioError
from ganstudio.evaluation.quality import Quality
from ganstudio.gui.commands import Change
from ganstudio.gui.decoder import Decoder
from ganstudio.gui.folders import data_folder
from ganstudio.gui.panels.curves import CurvesPanel
from ganstudio.gui.panels.experiment import ExperimentPanel
from ganstudio.gui.panels.latent import LatentPanel
from ganstudio.gui.panels.quality import QualityPanel
from ganstudio.gui.panels.samples import SamplesPanel
from ganstudio.gui.setting_texts import setting_texts
from ganstudio.gui.threads.decode_thread import DecodeThread
from ganstudio.gui.threads.evaluation_thread import EvaluationThread
from ganstudio.gui.threads.lanes import Job, Lane
from ganstudio.gui.threads.training_thread import TrainingThread
from ganstudio.gui.widgets.canvas import Page
from ganstudio.gui.widgets.latent_state import LatentState
from ganstudio.latent.notes import Notes
from ganstudio.latent.spec import Sampled, Stream, generator
from ganstudio.model_file import ModelFile
from ganstudio.pretrained import GENERATOR_SUFFIX
from ganstudio.training.health import Doctor, Observation, Remedy, State, lowered
from ganstudio.training.status import Phase, Rival, RunInfo, Status, Waiting

if TYPE_CHECKING:
    from ganstudio.latent.snapshot import Snapshot
    from ganstudio.training.runner import Request, Runner

    Begin = Callable[[Runner, ModelFile | None], None]

UNDO_MOST = 200  # changes that can be undone: some keep a model, which takes up to 15 MB
FIRST_LOOK_SECONDS = 3.0  # until the first look at a run's health


class Session(QObject):
    """The current run as the window sees it, and what a person can do to it.

    Signals:
        work_began: a `Work`: torch, or a run, is being loaded.
        run_changed: a `RunInfo`.
        status_changed: a `Status`.
        saved: the `Path` of a checkpoint that was asked for.
        all_saved: a list of `StudioError`: of the runs that could not be, after `finish`.
        exported: the `Path` of what the run was written as for use elsewhere.
        folder_dropped: the `Path` of a folder whose run nobody wants to keep.
        library_changed(): what `manage` was given is done.
        opened: the `Path` of a checkpoint.
        failed: a `StudioError`: what a person asked for has failed.
        background_failed: a `StudioError` of what goes on by itself, told once per run.
        model_file_ran: the `ModelFile` that a person wants networks from, which works.
        model_file_needed: (`StudioError`, what to call with the `ModelFile` that may run).
        health_changed: (`Diagnosis`, the `Doctor`).
        undone_live: (name, value) after undo or redo set a live setting of the running training.

    Attributes
    ----------
    undo_stack : QUndoStack
        What can be undone.
    info : RunInfo or None
        The current run, None until the first one is there.
    status : Status
        Where it is.
    sources : dict of str to str
        By the run's id: the name of the generator file that it began from.
    paths : dict of str to Path
        Where each run was last saved or opened, by its id.
    decoder : Decoder
        What draws and judges the images that the window shows.
    """

    work_began = Signal(object)
    run_changed = Signal(object)
    status_changed = Signal(object)
    saved = Signal(object)
    all_saved = Signal(object)
    exported = Signal(object)
    folder_dropped = Signal(object)
    library_changed = Signal()
    opened = Signal(object)
    failed = Signal(object)
    background_failed = Signal(object)
    model_file_ran = Signal(object)
    model_file_needed = Signal(object, object)
    _lacks_file = Signal(object, object)  # as model_file_needed
    _switched = Signal(str, object, object)  # see _on_switched; after its run_changed
    health_changed = Signal(object, object)
    undone_live = Signal(str, object)

    def __init__(
        self,
        experiment: ExperimentPanel,
        samples: SamplesPanel,
        losses: CurvesPanel,
        scores: CurvesPanel,
        quality: QualityPanel,
        latent: LatentPanel,
        device: str = "auto",
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.undo_stack = QUndoStack(self)
        self.undo_stack.setUndoLimit(UNDO_MOST)
        self.info: RunInfo | None = None
        self.status = Status()
        self.paths: dict[str, Path] = {}
        self.sources: dict[str, str] = {}
        self._device = device
        self._experiment, self._samples, self._latent = experiment, samples, latent
        self._curves = (losses, scores)
        self._quality = quality
        self._randoms: dict[int, np.random.Generator] = {}  # what Random draws z from, by the seed
        self._closed = False
        self._interrupted = False  # training, by `finish`
        self._fell_back = False  # to the default run, because the one asked for was refused
        self._first_dataset = ""
        self._config = Config()
        self._echoes = 0  # of live edits that the training thread has yet to confirm
        self._doctors: dict[str, Doctor] = {}  # of each run, by its id
        self._told: set[str] = set()  # of errors in the background of this run
        self._looking = False
        self._look_at = 0.0  # the earliest time of the next look
        self._before: RunInfo | None = None  # the run before the current one
        self._dragging = self._judging = False  # what training gives way to
        self._looked_back: int | None = None  # the earlier step that all panels show

        self.training = TrainingThread(library.usual_folder(), self)
        self.decoding = DecodeThread(self)
        self.evaluating = EvaluationThread(self)
        self.decoder = Decoder(
            self.decoding,
            samples,
            latent,
            lambda: self.training.snapshot,
            lambda: self.training.rival_snapshot,
            self,
        )

        # training thread -> window
        self.training.work_began.connect(self.work_began)
        self.training.run_changed.connect(self._on_run)
        self.training.snapshot_changed.connect(self._on_snapshot)
        self.training.rival_snapshot_changed.connect(self.decoder.on_rival_snapshot)
        self.training.dropped.connect(self.folder_dropped)
        self.training.earlier_found.connect(self.decoder.on_earlier)
        self.training.status_changed.connect(self._on_status)
        self.training.config_changed.connect(self._on_config)
        self.training.saved.connect(self._on_saved)
        self.training.all_saved.connect(self.all_saved)
        self.training.failed.connect(self._on_failed)
        self._switched.connect(self._on_switched)
        self._lacks_file.connect(self._on_lacking_file)

        # decode thread -> window
        self.decoding.looked.connect(self._on_looked)
        self.decoder.grid_drawn.connect(self._on_grid_drawn)
        self.decoder.held_changed.connect(self._on_held_changed)
        self.decoder.looked_back.connect(self._on_looked_back)
        self.decoder.failed.connect(self._on_decoding_failed)

        # evaluation thread -> panel
        self.evaluating.evaluated.connect(self._on_evaluated)
        self.evaluating.failed.connect(self._on_background_failed)
        self.evaluating.ended.connect(self._on_evaluation_ended)

        # panels -> threads
        quality.wanted.connect(self._on_evaluation_wanted)
        exploration = latent.exploration
        exploration.edited.connect(self._on_latent_edited)
        latent.drawing.edited.connect(self._on_page_edited)
        exploration.noted.connect(self._on_noted)
        exploration.note_made.connect(self._on_note_made)
        exploration.drag_toggled.connect(self._on_drag_toggled)
        latent.undo_requested.connect(self.undo_stack.undo)
        latent.redo_requested.connect(self.undo_stack.redo)
        samples.start_requested.connect(self.start)
        samples.time_line.rewind_wanted.connect(self.rewind)
        samples.what_if.decided.connect(self.decide)
        experiment.try_wanted.connect(self.try_value)
        experiment.live_changed.connect(self._on_live_changed)
        experiment.start_over_requested.connect(self._on_start_over)
        experiment.limits_changed.connect(self._on_limits_changed)

        self.undo_stack.indexChanged.connect(self._show_undo)

    @property
    def dragging(self) -> bool:
        """Whether a hand is on a slider."""
        return self._dragging

    # What a person can do

    def begin(self) -> None:
        """Start the threads, unless the window has been closed already."""
        if self._closed:
            return
        if self._first_dataset == "mnist":  # others may have to be downloaded
            read_ahead(self._first_dataset)
        self.decoding.start()
        self.evaluating.start()
        self.training.start()
        self.look_for_datasets()

    def look_for_datasets(self) -> None:
        """Find out which datasets would have to be downloaded."""
        self._experiment.set_downloads(downloads(data_folder()))

    def ask_for_first_run(self, path: Path | None) -> None:
        """Ask for the checkpoint `path` or the preset in the panel, before anything else."""
        if path is not None:
            self.open(path)
        else:
            config = self._experiment.pending_config()
            self._first_dataset = config.dataset
            self._new_run(config, self._device)

    def start(self) -> None:
        """Train until paused; begun while torch still loads, it follows as soon as it can.

        What waits for a new run has come to it where nothing is trained yet.
        """
        self._samples.show_chosen()
        if self.status.step or not self._experiment.pending_edits():
            self.training.post(lambda runner: runner.start())
        elif (config := self._experiment.checked_config()) is not None:
            device, folder = self._experiment.device(), self._experiment.folder()
            anew = self._anew(config, device, folder, None)

            def begin(runner: "Runner", file: ModelFile | None) -> None:
                if not runner.has_steps:  # as a checkpoint has that was just being opened
                    anew(runner, file)
                runner.start()

            self._post_with_file(begin)

    def pause(self) -> None:
        """Pause after the current step."""
        self.training.post(lambda runner: runner.pause())

    def step(self, nets: str, n: int = 1) -> None:
        """Make `n` steps of "both", "D" or "G", then pause; they show in the latest generator."""

        def request(runner: "Runner") -> None:
            from ganstudio.training.orders import Nets

            runner.step(Nets(nets), n)

        if n == 1:
            self._samples.show_latest()
        self.training.post(request)

    def set_speed(self, steps_per_second: float | None) -> None:
        """Train at most this fast; None is full speed."""
        self.training.post(lambda runner: runner.set_speed(steps_per_second))

    def set_exact(self, exact: bool) -> None:
        """Train so that runs repeat bit for bit, or as fast as may be."""
        self.training.post(lambda runner: runner.set_exact(exact))

    def set_autosave(self, seconds: float) -> None:
        """Save runs by themselves this often."""
        self.training.post(lambda runner: runner.set_autosave(seconds))

    def set_profile(self, on: bool) -> None:
        """Have the status tell where the time of steps goes, or no longer."""
        self.training.post(lambda runner: runner.set_profile(on))

    def start_over(
        self,
        config: Config,
        device: str,
        folder: Path | None = None,
        waiting: dict[str, Any] | None = None,
    ) -> None:
        """Begin a new run in place of the current one, which undo brings back.

        Parameters
        ----------
        config : Config
            Its settings.
        device : str
            Where it trains.
        folder : Path or None
            Where its images are, if its dataset is a folder.
        waiting : dict or None
            Changes that go on waiting for a later run.
        """
        self._post_with_file(self._anew(config, device, folder, waiting))

    def open(self, path: Path, root: Path | None = None, device: str | None = None) -> None:
        """Open a checkpoint or a generator file; undo brings the run before it back.

        The run in a folder is followed while another process trains it. Images are in the folder
        `root`, by default where they were; `device` is by default the one that is chosen.
        """
        chosen = self._experiment.device() if self.info else self._device
        text = self.tr("Open {name}").format(name=path.name)
        data = data_folder()

        def begin(runner: "Runner", file: ModelFile | None) -> None:
            try:
                runner.open(path, device or chosen, root, data, file)
            except StudioError as error:
                error.fields["opened"] = path  # to try again
                raise
            self._switched.emit(text, path, None)

        self._post_with_file(begin)

    def run_model_file(self, file: ModelFile) -> None:
        """Run a file that a person wants networks from, so that new runs can have them."""

        def request(_runner: "Runner") -> None:
            model_file.run(file)
            self.model_file_ran.emit(file)

        self.training.post(request)

    def return_to(self, run_id: str) -> None:
        """Make a run that was left the current one again; undo brings the run before it back."""
        text = self.tr("Return to an earlier run")

        def request(runner: "Runner") -> None:
            if runner.return_to(run_id):
                self._switched.emit(text, None, None)

        self.training.post(request)

    def rewind(self, step: int) -> None:
        """Go on from an earlier step in a run of its own; undo brings the current one back."""
        text = self.tr("Rewind to step {step:,}").format(step=step)

        def request(runner: "Runner") -> None:
            train_on = runner.training
            runner.rewind(step)
            self._switched.emit(text, None, None)
            if train_on:
                runner.start()

        self.training.post(request)

    def try_value(self, name: str, value: object) -> None:
        """Train a branch with another value of a setting beside the current run, to compare."""
        self.decoder.look_back(None)  # A as it is goes beside B

        def request(runner: "Runner") -> None:
            runner.try_value(name, value)
            if not runner.training:
                runner.start()

        self.training.post(request)

    def decide(self, which: str) -> None:
        """Keep "A", "B" or "both" of two runs that are compared; undo brings A back for B."""
        text = self.tr("Keep B")

        def keep_b(runner: "Runner") -> None:
            train_on = runner.training
            if not runner.keep_b():  # by a second click
                return
            self._switched.emit(text, None, None)
            if train_on:
                runner.start()

        if which == "B":
            self.training.post(keep_b)
        elif which == "A":
            self.training.post(lambda runner: runner.keep_a())
        else:
            self.training.post(lambda runner: runner.keep_both())

    def manage(self, request: "Request") -> None:
        """Have the training thread do something to the library; `library_changed` follows."""

        def manage(runner: "Runner") -> None:
            try:
                request(runner)
            finally:
                self.library_changed.emit()

        self.training.post(manage)

    def enqueue(self, config: Config, seeds: int, steps: int, after: int | None = None) -> None:
        """Train a recipe with seeds from its own on, in turn, at once or `after` a step."""
        device, root = self._experiment.device(), self._root(config, self._experiment.folder())
        runs = [
            Waiting(
                config=config.changed(seed=config.seed + i), steps=steps, device=device, root=root
            )
            for i in range(seeds)
        ]

        def begin(runner: "Runner", file: ModelFile | None) -> None:
            if file is not None:
                model_file.run(file)
            elif model_file.is_model_file(config.model):
                known = model_file.read(Path(config.model))
                if model_file.module(known.sha256) is None:
                    raise StudioError("model-file-needed", file=config.model)
            runner.enqueue(runs, after)

        self._post_with_file(begin)

    def way_back(self) -> int | None:
        """Return the earlier step at which the run was last well, None if none is kept.

        Where nothing is known of that, it is half-way back.
        """
        assert self.info is not None
        steps = [moment.step for moment in self.status.moments]
        told = self._doctors.get(self.info.run_id, Doctor()).told
        well = [diagnosis.step for diagnosis in told if diagnosis.state is State.LEARNING]
        until = well[-1] if well else self.status.step / 2
        return max((step for step in steps if step <= until), default=min(steps, default=None))

    def recover(self, step: int) -> None:
        """Rewind to `step` and go on with lower learning rates; undo brings this run back."""
        text, slower = self.tr("Rewind to step {step:,}").format(step=step), lowered(self._config)

        def request(runner: "Runner") -> None:
            runner.rewind(step)
            runner.change(**slower)
            self._switched.emit(text, None, None)
            runner.start()

        self.training.post(request)

    @property
    def config(self) -> Config:
        """The settings of the current run, live ones as they are now."""
        return self._config

    def apply(self, remedy: Remedy) -> None:
        """Make the changes of a remedy: in this run, or in a new one; undo takes them back."""
        if not remedy.live:
            assert self.info is not None
            config = self._config.changed(**dict(remedy.changes))
            waiting = self._experiment.pending_edits()
            self.start_over(config, self.info.device, self.info.dataset.root, waiting)
            return
        together = len(remedy.changes) > 1
        if together:
            self.undo_stack.beginMacro(self.tr("remedy"))
        for name, value in remedy.changes:
            self._on_live_changed(name, value)
        if together:
            self.undo_stack.endMacro()

    def keep(self) -> None:
        """Keep a checkpoint of the current step in the run's folder."""
        self.training.post(lambda runner: runner.keep())

    def save(self, path: Path) -> None:
        """Write the current run as a checkpoint elsewhere."""
        self.training.post(lambda runner: runner.save(path))

    def finish(self) -> None:
        """Pause, and have all runs saved; `all_saved` follows. What is being loaded is given up."""

        def finish(runner: "Runner") -> None:
            self._interrupted |= runner.training
            runner.finish()

        self.training.cancel()
        self.training.post(finish)

    def stay(self) -> None:
        """Go on with what `finish` has paused, if there was anything."""
        if self._interrupted:
            self._interrupted = False
            self.training.post(lambda runner: runner.resume())

    def export(self, path: Path) -> None:
        """Write the current run for use elsewhere; the suffix says as what."""

        def request(runner: "Runner") -> None:
            runner.export(path)
            self.exported.emit(path)

        self.training.post(request)

    def close(self) -> None:
        """End the threads; wait for them."""
        self._closed = True
        self.training.stop()
        self.decoding.stop()
        self.evaluating.stop()

    @property
    def name(self) -> str:
        """What the current run is called: by its folder, or what it was opened from; else ""."""
        if self.info is None:
            return ""
        place = self.status.folder or self.path
        return place.name if place else self.source or self.status.name

    @property
    def path(self) -> Path | None:
        """Where the current run was last saved or opened."""
        return self.paths.get(self.info.run_id) if self.info else None

    @property
    def source(self) -> str:
        """The generator file that the current run began from; "" if there is none."""
        return self.sources.get(self.info.run_id, "") if self.info else ""

    # training thread -> window

    def _on_run(self, info: RunInfo) -> None:
        self._before, self.info = self.info, info
        self._config = info.config
        self._told.clear()
        self._looking, self._look_at = False, time.monotonic() + FIRST_LOOK_SECONDS
        self._looked_back = None
        if info.parent is not None and info.run_id not in self._doctors:
            parent, step = info.parent
            if parent in self._doctors:
                self._doctors[info.run_id] = self._doctors[parent].until(step)
        if info.diagnoses:
            self._doctors.setdefault(info.run_id, Doctor.again(info.diagnoses))
        self._show_health()
        for panel in (self._experiment, *self._curves, self._quality):
            panel.set_run(info)
        self.evaluating.forget_others(info.dataset)
        seed = info.config.seed  # whose z go on where another run left them: Random repeats none
        self._randoms.setdefault(seed, generator(seed, Stream.SAMPLES, Sampled.RANDOM))
        self.decoder.set_run(info, self._randoms[seed])
        self.look_for_datasets()
        self.run_changed.emit(info)

    def _on_switched(self, text: str, path: Path | None, waiting: dict[str, Any] | None) -> None:
        """Let a change of run that a person asked for be undone, and note where it came from.

        Parameters
        ----------
        text : str
            What undo calls it.
        path : Path or None
            The file that was opened.
        waiting : dict or None
            Changes that go on waiting for a later run.
        """
        assert self.info is not None
        if self._before is not None:
            command = Change(text, self._return_to, self._before.run_id, self.info.run_id)
            self.undo_stack.push(command)
        if path is not None:
            if path.suffix.lower() == GENERATOR_SUFFIX:  # which holds too little to be saved to
                self.paths.pop(self.info.run_id, None)
                self.sources[self.info.run_id] = path.name
            else:
                self.paths[self.info.run_id] = path
            self.opened.emit(path)
        if waiting:
            self._experiment.set_pending_edits(waiting)

    def _return_to(self, run_id: str) -> None:
        self.training.post(lambda runner: runner.return_to(run_id))

    def _on_snapshot(self) -> None:
        self.decoder.on_snapshot()
        self._look()

    def _on_status(self, status: Status) -> None:
        paused = self.status.goes_on and not status.goes_on
        if paused:
            self.decoder.on_paused()
        self.status = status
        self._experiment.set_progress(status.step, status.seconds)
        self._experiment.set_followed(status.phase is Phase.FOLLOWING)
        self._samples.time_line.set_moments(status.moments)
        self._show_rival(status.rival)
        if status.goes_on and self._quality.is_due(status.seconds):
            self._evaluate()
        kept = {run.run_id for run in status.left}
        for keeper in (self._latent.exploration, self._quality, self.decoder):
            keeper.keep_runs(kept)
        current = self.info.run_id if self.info else ""
        self._doctors = {k: v for k, v in self._doctors.items() if k in kept or k == current}
        self.status_changed.emit(status)

    def _show_rival(self, rival: Rival | None) -> None:
        """Show the run that the current one is compared with, or none."""
        if rival is None:
            self._samples.set_rival("", "")
        elif self._samples.rival != rival.run_id:
            wording = self._experiment.wording
            text = self.tr(
                "What if {name} were {value}? From step {step:,}: A goes on with {before}; "
                "B, dotted in the curves, with {value}."
            ).format(
                name=setting_texts()[rival.setting].label,
                value=wording(rival.setting, rival.value),
                before=wording(rival.setting, rival.before),
                step=rival.step,
            )
            self._samples.set_rival(rival.run_id, text)
            self.decoder.on_rival_snapshot()
        for curves in self._curves:
            curves.set_rival(rival)

    def _on_config(self, config: Config) -> None:
        self._echoes = max(0, self._echoes - 1)
        if not self._echoes:  # else an older one, while newer edits are on their way
            self._config = config
            self._experiment.set_config(config)

    def _on_saved(self, path: Path) -> None:
        if self.info is not None:  # whichever run had that file has none now
            here = path.resolve()
            self.paths = {id_: p for id_, p in self.paths.items() if p.resolve() != here}
            self.paths[self.info.run_id] = path
        self.saved.emit(path)

    def _on_failed(self, error: StudioError) -> None:
        self._fall_back()
        if error.code == "non-finite" and self.info is not None:
            last = error.fields["last"]
            assert isinstance(last, int)
            self._doctors[self.info.run_id].hear_the_end(last, self._config)
            self._tell_health(self.info.run_id)
        self.failed.emit(error)

    def _on_lacking_file(self, error: StudioError, again: Callable[[ModelFile], None]) -> None:
        self._fall_back()
        self.model_file_needed.emit(error, again)

    def _fall_back(self) -> None:
        """Begin the default run if there is none: a window without any would be dead."""
        if self.info is None and not self._fell_back:
            self._fell_back = True
            self._new_run(Config(), "auto")

    def _on_decoding_failed(self, error: StudioError) -> None:
        self._looking = False
        self._on_background_failed(error)

    def _on_grid_drawn(self, seconds: float) -> None:
        self.training.post(lambda runner: runner.drew(seconds))

    def _on_background_failed(self, error: StudioError) -> None:
        """Tell an error of what goes on by itself, once: it may come back every few seconds."""
        if str(error) not in self._told:
            self._told.add(str(error))
            self.background_failed.emit(error)

    # the run's health

    def _look(self) -> None:
        """Have the newest snapshot looked at, if it is time."""
        snapshot, now = self.training.snapshot, time.monotonic()
        if not self.status.goes_on or self._dragging or self._looking or now < self._look_at:
            return
        if snapshot is None or self.info is None or snapshot.run_id != self.info.run_id:
            return
        self._looking = True
        self.decoding.ask(Job(lane=Lane.HEALTH, snapshot=snapshot, info=self.info))

    def _on_looked(self, run_id: str, look: Observation, wait: float) -> None:
        if self.info is None or run_id != self.info.run_id:
            return
        self._looking, self._look_at = False, time.monotonic() + wait
        self._doctors[run_id].hear(look, self._config, self.info.history)
        self._tell_health(run_id)

    def _tell_health(self, run_id: str) -> None:
        """Show what the current run is called now, and have it saved with the run."""
        told = self._doctors[run_id].changes
        self.training.post(lambda runner: runner.diagnosed(run_id, told))
        self._show_health()

    def _show_health(self) -> None:
        """Pass on what the current run's doctor says."""
        assert self.info is not None
        doctor = self._doctors.setdefault(self.info.run_id, Doctor())
        diagnosis = doctor.diagnosis
        if self._looked_back is not None:
            diagnosis = doctor.at(self._looked_back)
        if not self.info.trainable:  # who trains it has to find the remedy
            diagnosis = replace(diagnosis, remedy=None)
        self.health_changed.emit(diagnosis, doctor)

    # panels -> threads

    def _evaluate(self) -> None:
        """Have the newest snapshot judged, unless one is being judged."""
        if self._judging:
            return
        snapshot = self.training.snapshot
        if self.info is not None and snapshot is not None and snapshot.run_id == self.info.run_id:
            self._quality.set_work(self.evaluating.ask(snapshot, self.info.dataset))
            self._judging = True
            self._give_way()

    def _on_evaluated(self, quality: Quality) -> None:
        self._quality.add(quality)
        if (ratio := quality.ratio) is not None:
            of, value = quality.run_id, ratio.value
            self.training.post(lambda runner: runner.judged(of, value))

    def _on_evaluation_ended(self) -> None:
        self._quality.set_work(None)
        self._judging = False
        self._give_way()

    def _on_evaluation_wanted(self) -> None:
        self._told.clear()  # whoever asks is told again why it fails
        self._evaluate()

    def _on_drag_toggled(self, dragging: bool) -> None:
        self._dragging = dragging
        self._give_way()

    def _give_way(self) -> None:
        """Let training give way to the hand on a slider or to a judgement, while it is there.

        Where each core trains and one of them does something else as well, all wait for that one:
        a judgement costs training a fraction on a core that is left to it.
        """
        core, quietly = self._dragging or self._judging, self._dragging
        self.training.post(lambda runner: runner.give_way(core=core, quietly=quietly))

    def _on_noted(self) -> None:
        run_id, notes = self._latent.exploration.run_id, self._latent.exploration.notes
        self.training.post(lambda runner: runner.note(run_id, notes))

    def _on_note_made(self, text: str, before: Notes, after: Notes) -> None:
        exploration = self._latent.exploration
        of = exploration.run_id

        def take(notes: Notes) -> None:
            if exploration.run_id == of:  # notes of a run that is gone are nobody's
                exploration.set_notes(notes)

        self.undo_stack.push(Change(text, take, before, after))

    def _on_page_edited(self, text: str, before: Page, after: Page) -> None:
        self.undo_stack.push(Change(text, self._latent.drawing.set_page, before, after))

    def _on_held_changed(self, before: "Snapshot | None", after: "Snapshot | None") -> None:
        text = self.tr("follow training") if after is None else self.tr("hold a step")
        self.undo_stack.push(Change(text, self.decoder.hold, before, after, merges=True))

    def _on_looked_back(self, step: int | None) -> None:
        """Have all panels show what was known at an earlier step; None is now."""
        self._looked_back = step
        self._samples.set_past(step)
        for curves in self._curves:
            curves.set_past(step)
        self._quality.set_past(step)
        self._show_health()
        self.training.post(lambda runner: runner.look_back(step))

    def _on_latent_edited(self, text: str, before: LatentState, after: LatentState) -> None:
        exploration = self._latent.exploration
        merges = exploration.stepping or np.count_nonzero(before.z != after.z) == 1
        command = Change(text, exploration.set_state, before, after, merges=merges)
        self.undo_stack.push(command)

    def _on_live_changed(self, name: str, value: float) -> None:
        before = getattr(self._config, name)
        self._set_live(name, value)
        label = setting_texts()[name].label
        text = self.tr("change {name} to {value:g}").format(name=label, value=value)

        def apply(value: float) -> None:
            self._set_live(name, value)
            self.undone_live.emit(name, value)

        self.undo_stack.push(Change(text, apply, before, value))

    def _set_live(self, name: str, value: float) -> None:
        assert name in LIVE
        self._config = self._config.changed(**{name: value})
        self._echoes += 1
        self.training.post(lambda runner: runner.change(**{name: value}))

    def _on_start_over(self, config: Config, device: str) -> None:
        self.start_over(config, device, self._experiment.folder())

    def _on_limits_changed(self, steps: int | None, minutes: float | None) -> None:
        self.training.post(lambda runner: runner.set_limit(steps, minutes))

    def _anew(
        self, config: Config, device: str, folder: Path | None, waiting: dict[str, Any] | None
    ) -> "Begin":
        """Return what begins a new run in the training thread, as `start_over` describes it."""
        text = self.tr("Start over")
        root = self._root(config, folder)

        def begin(runner: "Runner", file: ModelFile | None) -> None:
            train_on = runner.training
            runner.new_run(config, device, root, file)
            self._switched.emit(text, None, waiting)
            if train_on:
                runner.start()

        return begin

    def _post_with_file(self, begin: "Begin") -> None:
        """Have a run begun; if it needs a model file that has not run, ask for it and try again."""

        def post(file: ModelFile | None) -> None:
            self.training.post(lambda runner: attempt(runner, file))

        def attempt(runner: "Runner", file: ModelFile | None) -> None:
            try:
                begin(runner, file)
            except StudioError as error:
                if error.code not in model_file.NEEDED:
                    raise
                self._lacks_file.emit(error, post)

        post(None)

    def _new_run(self, config: Config, device: str) -> None:
        root = self._root(config, self._experiment.folder())
        self.training.post(lambda runner: runner.new_run(config, device, root))

    def _root(self, config: Config, folder: Path | None) -> Path | None:
        """Return where a new run has its images, `folder` or another; None is the usual place."""
        root = None
        if config.dataset == "folder":
            root = folder
        elif self.info is not None and config.dataset == self.info.config.dataset:
            root = self.info.dataset.root
        return find_root(config.dataset, root, data_folder())

    def _show_undo(self) -> None:
        stack = self.undo_stack
        self._latent.set_can_undo(stack.canUndo(), stack.undoText())
        self._latent.set_can_redo(stack.canRedo(), stack.redoText())
