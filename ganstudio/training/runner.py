"""The loop around a trainer: it takes requests between steps and publishes what is new. No Qt."""

import math
import queue
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from ganstudio.config import Config
from ganstudio.errors import UNWRITTEN, Phrase, StudioError
from ganstudio.latent.notes import Notes
from ganstudio.latent.snapshot import Snapshot
from ganstudio.library import AUTOSAVE_SECONDS, LAST, RunFolder
from ganstudio.model_file import ModelFile
from ganstudio.training import checkpoint, exports, what_if
from ganstudio.training.earlier import Earlier
from ganstudio.training.failures import explained, explaining_device
from ganstudio.training.health import Diagnosis
from ganstudio.training.history import History
from ganstudio.training.homes import Homes
from ganstudio.training.live import Live
from ganstudio.training.openings import Opened, Openings
from ganstudio.training.orders import Nets
from ganstudio.training.pace import Pace
from ganstudio.training.profile import Profile
from ganstudio.training.run_info import describe
from ganstudio.training.saving import SAVE_SHARE
from ganstudio.training.status import LeftRun, Phase, Rival, RunInfo, Status, Waiting
from ganstudio.training.threads import ThreadTuner, cores
from ganstudio.training.trainer import Trainer
from ganstudio.work import Cancelled, Work

LOOK_SECONDS = 0.5  # between two looks at a run that is followed
PARKED_RUNS = 4  # saved runs that were left by Start over or Open, kept so that it can be undone
SAVE_DELAY = 1.0  # s, from a pause to saving: single steps come in quick succession

Request = Callable[["Runner"], object]


class Listener(Protocol):
    """Who hears of what the runner does, in the runner's thread."""

    def on_work(self, work: Work) -> None:
        """Take note: a run is being loaded, which can be cancelled."""

    def on_run(self, info: RunInfo) -> None:
        """Take note: another run is the current one."""

    def on_snapshot(self, snapshot: Snapshot) -> None:
        """Take note: there is a newer snapshot."""

    def on_rival_snapshot(self, snapshot: Snapshot) -> None:
        """Take note: there is a newer snapshot of the rival."""

    def on_dropped(self, folder: Path) -> None:
        """Take note: nobody wants to keep the run in this folder."""

    def on_earlier(self, snapshot: Snapshot) -> None:
        """Take note: there is a snapshot of an earlier step of the current run."""

    def on_status(self, status: Status) -> None:
        """Take note: the status changed."""

    def on_config(self, config: Config) -> None:
        """Take note: a live setting changed."""

    def on_saved(self, path: Path) -> None:
        """Take note: a checkpoint was written."""

    def on_finished(self, errors: list[StudioError]) -> None:
        """Take note: all runs are saved, but for those that these are about."""

    def on_error(self, error: StudioError) -> None:
        """Something failed; the current run is as it was after its last good step."""


class Runner:
    """Runs one trainer at a time. Requests from the queue call its methods in its own thread.

    Parameters
    ----------
    requests : queue.SimpleQueue of Request
        Other threads put callables here; they are called with the runner, in order, between steps.
    listener : Listener
        Who hears of what happens.
    library : Path, optional
        Where each run that is trained has a folder, and is saved into it by itself; by default
        nowhere.
    """

    def __init__(
        self,
        requests: "queue.SimpleQueue[Request]",
        listener: Listener,
        library: Path | None = None,
    ) -> None:
        self.trainer: Trainer | None = None
        self._requests = requests
        self._listener = listener
        self._homes = Homes(library)
        self._autosave: float = AUTOSAVE_SECONDS
        self._save_due = math.inf
        self._save_failed = False  # the last time, which has been told
        self._openings = Openings(self._homes)
        self._parked: OrderedDict[str, Trainer] = OrderedDict()
        self._lost = False  # whether the current run's device is gone, and the run with it
        self._rival: Trainer | None = None  # trained beside the current run, by turns
        self._told_rival: Rival | None = None
        self._queue: deque[Waiting] = deque()
        self._until: int | None = None  # the step at which the next of the queue has its turn
        self._from_queue = False  # whether the current run is of it
        self._training = False
        self._closed = False
        self._nets = Nets.BOTH
        self._remaining: int | None = None  # steps until a pause; None if there is no end
        self._reached = ""  # the limit that training paused at
        self._tuner = ThreadTuner()
        self._exact = False
        self._profile: Profile | None = None
        self._profiles = False  # whether it is asked for
        self._live: Live | None = None  # what is followed
        self._look_due = 0.0
        self._earlier: Earlier | None = None  # what is beside the checkpoint that was opened
        self._looked_at: int | None = None  # an earlier step, which a person may go on from
        self._pace = Pace()
        self._interval = 0.0  # seconds between the starts of two steps
        self._limit: tuple[int | None, float | None] = (None, None)
        self._step_due = 0.0

    def run(self) -> None:
        """Take requests and train until closed."""
        while True:
            self._take_requests()
            if self._closed:
                return
            if time.monotonic() >= self._save_due:
                self._save_by_itself()
            if self._training and time.monotonic() >= self._step_due:
                self._step_due = time.monotonic() + self._interval
                self._guarded(self._step, self._on_failed_step, "training-failed")
            elif self._earlier:
                self._guarded(self._read_earlier, self._forget_earlier, "unexpected")
            elif self._live is not None and time.monotonic() >= self._look_due:
                self._look_due = time.monotonic() + LOOK_SECONDS
                self._guarded(self._look, self._stop_following, "unexpected")

    @property
    def training(self) -> bool:
        """Whether steps are being made."""
        return self._training

    @property
    def has_steps(self) -> bool:
        """Whether there is a run, and it has been trained."""
        return self.trainer is not None and self.trainer.step > 0

    # Requests

    def close(self) -> None:
        """Save what is not, as well as may be, and end `run`."""
        for trainer in self._trainers():
            self._saving_fails(trainer)
        self._closed = True
        self._homes.release_others(())

    def finish(self) -> None:
        """Pause, and save all runs that are not; the listener hears of those that cannot be."""
        self._guarded(self.pause, lambda: None, "unexpected")
        errors = [self._saving_fails(trainer) for trainer in self._trainers()]
        self._publish_status()
        self._listener.on_finished([error for error in errors if error is not None])

    def new_run(
        self,
        config: Config,
        device_name: str = "auto",
        root: Path | None = None,
        file: ModelFile | None = None,
    ) -> None:
        """Begin a run with the notes of the current one, which is parked.

        A `file` makes its networks, and is run.
        """

        def build(work: Work) -> Trainer:
            trainer = self._openings.new(config, device_name, root, file, work)
            if self.trainer is not None:
                # names of directions mean nothing to another generator
                trainer.notes = Notes(bookmarks=self.trainer.notes.bookmarks)
            return trainer

        self._switch(build, can_cancel=self.trainer is not None)  # a first run is needed

    def open(
        self,
        path: Path,
        device_name: str = "auto",
        root: Path | None = None,
        data_folder: Path | None = None,
        file: ModelFile | None = None,
    ) -> None:
        """Continue the run in a checkpoint, or follow the one in a folder; the current is parked.

        Another process trains a run that is followed; to start is to go on from there by oneself.
        Its images are in the folder `root`, by default the one that the checkpoint names;
        `data_folder` is where downloads are kept. `file` makes its networks, if one does.
        """
        opened: Opened | None = None

        def build(work: Work) -> Trainer:
            nonlocal opened
            here = {one.run_id for one in self._trainers()}
            opened = self._openings.open(
                path, device_name, root, data_folder, file, here=here, work=work
            )
            return opened.trainer

        self._switch(build)
        assert opened is not None
        self._earlier = opened.earlier
        if opened.recovered:
            self._save(opened.trainer)
            self._publish_status()
        if opened.live is not None and not opened.live.ended:
            self._live = opened.live
            self._publish_status()
        if opened.elsewhere is not None:
            self._listener.on_error(opened.elsewhere)

    def return_to(self, run_id: str) -> bool:
        """Make a parked run the current one again; return False if it is that already."""
        if self.trainer is not None and run_id == self.trainer.run_id:
            return False

        def parked(work: Work) -> Trainer:
            if run_id in self._parked:
                return self._parked[run_id]
            if (folder := self._homes.path(run_id)) is None or self.trainer is None:
                raise StudioError("run-gone", kept=PARKED_RUNS)
            with ExitStack() as claims:
                home = None
                with suppress(StudioError):  # another program has it by now: this is a copy
                    home = claims.enter_context(self._homes.claiming(folder / LAST))
                trainer = self._openings.again(folder / LAST, self.trainer.device, work)
                self._homes.opened(folder / LAST, trainer, home)
                return trainer

        self._switch(parked)
        return True

    def look_back(self, step: int | None) -> None:
        """Take note that a person looks at an earlier step, which is not given up meanwhile."""
        self._looked_at = step

    def rewind(self, step: int) -> None:
        """Go on from an earlier step: in a branch of the current run, which is parked.

        Raises
        ------
        StudioError
            ``moment-gone`` if that step is not kept.
        """
        run = self.trainer
        if run is None:
            return
        moments = {moment.step: moment.path for moment in self._homes.moments(run.run_id)}
        if step not in moments:
            raise StudioError("moment-gone", step=step)

        def build(work: Work) -> Trainer:
            run.drain()
            branch = self._openings.earlier(run, moments[step], work)
            branch.run_id, branch.notes = run.run_id, run.notes  # a moment may be its parent's
            branch.diagnoses = tuple(one for one in run.diagnoses if one.step <= step)
            branch.history = History()
            branch.history.append(run.history.array()[:, :step])
            branch.branch()
            self._homes.branched(branch)
            return branch

        self._switch(build)

    def try_value(self, name: str, value: Any) -> None:
        """Train a branch with another value of a setting beside the current run, by turns.

        Raises
        ------
        StudioError
            ``rival-there`` if there is one already, or as `what_if.branch`.
        """
        run = self.trainer
        if run is None:
            return
        if self._rival is not None:
            raise StudioError("rival-there")
        run.check_trainable()
        run.drain()
        before = getattr(run.config, name)
        with explaining_device(run.device):
            root = run.dataset.root
            dataset = run.dataset
            few = bool(run.config.train_images)  # which are drawn by the seed
            if name == "train_images" or (name == "seed" and few):
                dataset = self._openings.dataset(run.config, root, Work(can_cancel=False))
            rival = what_if.branch(run, name, value, dataset)
        self._homes.branched(rival)
        self._rival = rival
        self._adapt()
        self._told_rival = Rival(rival.run_id, name, before, value, run.step, rival.history)
        self._publish()

    def keep_a(self) -> None:
        """Go on with the current run alone; the rival is nobody's."""
        if self._rival is None:
            return
        folder = self._homes.drop(self._rival.run_id)
        self._let_rest(self._rival)
        self._rival = self._told_rival = None
        if folder is not None:
            self._listener.on_dropped(folder)
        self._publish()

    def keep_b(self) -> bool:
        """Go on with the rival; the run that it is a branch of is parked.

        Returns whether there was a rival.
        """
        if (rival := self._rival) is not None:
            self._share_notes()
            self._switch(lambda _: rival, can_cancel=False)
            return True
        return False

    def keep_both(self) -> None:
        """Go on with the current run; the rival is parked."""
        if self._rival is not None:
            self._share_notes()
            self._park_rival()
            self._publish()

    def judged(self, run_id: str, ratio: float) -> None:
        """Take note of how good a run's samples are, for the list of runs."""
        self._homes.judged(run_id, ratio)

    def rename(self, folder: Path, name: str) -> None:
        """Give a run's folder another name."""
        self._homes.rename(folder, name)
        self._publish_status()

    def duplicate(self, folder: Path) -> None:
        """Copy a run."""
        self.save_in(folder)
        self._homes.duplicate(folder)

    def save_in(self, folder: Path) -> None:
        """Save the run that has a folder, if one here does."""
        run_id = self._homes.run_in(folder)
        self._save(*(trainer for trainer in self._trainers() if trainer.run_id == run_id))

    def delete(self, folder: Path) -> None:
        """Let go of a run's folder, which is to be deleted; not the current run's.

        Raises
        ------
        StudioError
            ``run-is-current``, or ``run-in-use`` if another program has it.
        """
        if not folder.is_dir():  # it is gone already
            return
        run_id = self._homes.run_in(folder)
        here = {trainer.run_id for trainer in (self.trainer, self._rival) if trainer is not None}
        if run_id in here:
            raise StudioError("run-is-current", name=folder.name)
        with ExitStack() as claims:
            if run_id is None:
                claims.enter_context(RunFolder(folder))  # nobody else has it
            for trainer in self._trainers():
                if trainer.run_id != run_id:
                    self._homes.take_along(trainer, folder)
        if run_id is not None:
            self._homes.drop(run_id)
            self._parked.pop(run_id, None)
        self._homes.forget(folder)
        self._listener.on_dropped(folder)
        self._publish_status()

    def enqueue(self, runs: Iterable[Waiting], after: int | None = None) -> None:
        """Train runs one after the other, the first at once or `after` a step of the current one.

        Those that wait already have their turn before. Where one ends by itself, at a recipe's
        last epoch, or fails, it is the next one's turn; a run that a person opens has them wait.
        """
        self._queue.extend(runs)
        if self._until is None and after is not None and self._training:
            self._until = after
        if self._until is None:
            self.go_on_with_queue()
        else:
            self._publish_status()

    def clear_queue(self) -> None:
        """Train none of the runs that wait; the current one goes on."""
        self._queue.clear()
        self._until = None
        self._publish_status()

    def go_on_with_queue(self) -> None:
        """Begin the run that waits first; one that cannot be is told of, and passed over."""
        self._until = None
        while self._queue:
            run = self._queue.popleft()
            try:
                self.new_run(run.config, run.device, run.root)
            except Cancelled:
                self._queue.appendleft(run)
                break
            except StudioError as error:
                self._listener.on_error(_passed_over(run.config, error))
                continue
            self._until, self._from_queue = run.steps, True
            self.start()
            return
        self._publish_status()

    def _share_notes(self) -> None:
        """Let the rival have what was noted while it was compared, which is of what both drew."""
        assert self._rival is not None
        assert self.trainer is not None
        self._rival.notes = self.trainer.notes

    def _park_rival(self) -> None:
        if (rival := self._rival) is not None:
            self._let_rest(rival)
            self._save(rival)
            self._parked[rival.run_id] = rival
            self._rival = self._told_rival = None

    def _let_rest(self, trainer: Trainer) -> None:
        """Have the numbers of a run that is left, and let go of what only training needs."""

        def rest() -> None:
            trainer.drain()
            trainer.adapt(False)

        self._guarded(rest, lambda: None, "unexpected")

    def start(self) -> None:
        """Train until paused."""
        self._nets, self._remaining = Nets.BOTH, None
        self.resume()

    def resume(self) -> None:
        """Go on with what was paused, be it training or a number of steps."""
        if self.trainer is None:
            return
        self.trainer.check_trainable()
        self._live = None  # from here on it is one's own
        self._homes.begin(self.trainer)
        if self._rival is not None:
            self._homes.begin(self._rival)
        self._training, self._reached = True, ""
        now = time.monotonic()
        self._step_due = 0.0
        self._pace.begin(now)
        self._save_due = min(self._save_due, now + self._autosave)
        self._publish_status()

    def pause(self) -> None:
        """Stop after the current step."""
        self._training = False
        if self.trainer is None:
            return
        if not self._lost:
            self.trainer.drain()
            if self._rival is not None:
                self._rival.drain()
            self._save_soon()
        self._publish()

    def step(self, nets: Nets, n: int = 1) -> None:
        """Make `n` steps of some nets, then pause."""
        self._nets, self._remaining = nets, n
        self.resume()

    def change(self, **live: float) -> None:
        """Change live settings; the rival's too, but for the one that it tries."""
        if self.trainer is not None:
            self.trainer.change(**live)
            if self._rival is not None and self._told_rival is not None:
                tried = self._told_rival.setting
                others = {name: value for name, value in live.items() if name != tried}
                self._rival.change(**others)
            self._listener.on_config(self.trainer.config)
            self._save_soon()
            self._publish_status()

    def set_speed(self, steps_per_second: float | None) -> None:
        """Train at most this many steps a second; None for full speed."""
        self._interval = 1 / steps_per_second if steps_per_second else 0.0
        self._step_due = 0.0

    def set_exact(self, exact: bool) -> None:
        """Compute in one way from now on, so that runs repeat bit for bit; or no longer.

        With one number of threads and without CUDA graphs.
        """
        self._exact = exact
        self._tuner.keep(self._threads() if exact else None)
        self._adapt()

    def set_profile(self, on: bool) -> None:
        """Measure where the time of steps goes, which the status tells from then on; or no more."""
        self._profiles = on
        if self._profile is not None:
            self._profile.end()
        self._profile = None
        self._adapt()
        if on and self.trainer is not None:
            self._profile = Profile(self.trainer, self, ("_publish", "_publish_status"))

    def _adapt(self) -> None:
        """Let steps be made the fastest way, unless they are to repeat or to be looked into."""
        if not self._lost:
            for trainer in (self.trainer, self._rival):
                if trainer is not None:
                    trainer.adapt(not (self._exact or self._profiles))

    def give_way(self, *, core: bool, quietly: bool) -> None:
        """Leave a core to others from now on, or no longer; `quietly`, publish less often too."""
        self._tuner.give_way(core)
        self._pace.give_way(quietly=quietly)

    def drew(self, seconds: float) -> None:
        """Take note of how long a core took to decode a snapshot's samples."""
        self._pace.drew(seconds)

    def set_limit(self, steps: int | None, minutes: float | None) -> None:
        """Pause when the run comes to this many steps, or minutes of training, in total."""
        self._limit = (steps, minutes * 60 if minutes is not None else None)

    def save(self, path: Path) -> None:
        """Write a checkpoint."""
        if self.trainer is not None:
            self._homes.save_as(self.trainer, path)
            self._publish_status()
            self._listener.on_saved(path)

    def keep(self) -> None:
        """Keep a checkpoint of this step in the run's folder."""
        if self.trainer is not None and (path := self._homes.keep(self.trainer)) is not None:
            self._publish_status()
            self._listener.on_saved(path)

    def set_autosave(self, seconds: float) -> None:
        """Save by itself this often from now on."""
        self._autosave = seconds
        if self._training:
            self._save_due = time.monotonic() + seconds

    def note(self, run_id: str, notes: Notes) -> None:
        """Take what a person has noted of a run, the current or a parked one; it saves them."""
        trainer = self.trainer
        if trainer is None or trainer.run_id != run_id:
            trainer = self._parked.get(run_id)
        if trainer is not None and notes != trainer.notes:
            trainer.notes = notes
            self._save_soon()
            self._publish_status()

    def diagnosed(self, run_id: str, diagnoses: tuple[Diagnosis, ...]) -> None:
        """Take note of what a run's health was called so far, which is saved with it."""
        for trainer in self._trainers():
            if trainer.run_id == run_id:
                trainer.diagnoses = diagnoses

    def export(self, path: Path) -> None:
        """Write the run as the suffix says, of `exports.SUFFIXES`."""
        if (run := self.trainer) is not None:
            content, root = checkpoint.content_of(run), run.dataset.root
            exports.write(content, path, path, root, lambda: run.dataset)

    # The loop's parts

    def _take_requests(self) -> None:
        """Call the requests that wait; while there is nothing to train, wait for one."""
        while True:
            try:
                request = self._requests.get(timeout=self._patience())
            except queue.Empty:
                return
            # a request that is refused leaves training as it is
            self._guarded(partial(request, self), self._publish, "unexpected")
            if self._closed:
                return

    def _patience(self) -> float | None:
        """Return how long to wait for a request: until something else is due, or for ever.

        Not at all while there are earlier steps to read.
        """
        if self._earlier:
            return 0.0
        due = self._save_due
        if self._training or self._live is not None:
            due = min(due, self._step_due if self._training else self._look_due)
        return None if due == math.inf else max(0.0, due - time.monotonic())

    def _guarded(
        self, action: Callable[[], object], after_failure: Callable[[], None], code: str
    ) -> None:
        """Do something that may fail: then the listener hears why, and `after_failure` follows.

        `code` is for what no one foresaw.
        """
        try:
            action()
        except Cancelled:
            pass  # by the one who asked for it
        except Exception as error:  # whatever it is, the run must be kept and the person told
            place = self.trainer.device if self.trainer else ""
            last = self.trainer.step if self.trainer and action == self._step else None
            told = explained(error, code, place, last)
            if told.code == "device-lost" and self.trainer and self.trainer.device.type != "cpu":
                told.fields["saved"] = self._lose(self.trainer)
            self._listener.on_error(told)
            try:
                after_failure()
            except Exception:
                # the cause has been told; a GPU that is gone cannot even be copied from
                self._training = False
                self._publish_status()

    def _lose(self, trainer: Trainer) -> Path | None:
        """Let go of the current run, whose device is gone; return what of it is on the disk."""
        self._lost = True
        folder = self._homes.drop(trainer.run_id)
        return folder / LAST if folder is not None and (folder / LAST).exists() else None

    def _step(self) -> None:
        """Make one step of a training run, and publish what is due."""
        trainer = self.trainer
        assert trainer is not None
        rival = self._rival
        while rival is not None and rival.step <= trainer.step:  # again, after one has failed
            try:  # first: where it fails, A has not gone on
                rival.train_step(self._nets)
            except StudioError as error:
                raise StudioError("rival-failed", error=error) from error
        start, before = time.monotonic(), trainer.step
        seconds, batches = trainer.seconds, trainer.real.count
        try:
            trainer.train_step(self._nets)
        except StudioError as error:
            passed_over = self._from_queue and self._queue
            raise (_passed_over(trainer.config, error) if passed_over else error) from error
        now = time.monotonic()
        self._tuner.step_took(now - start, now)
        for one in (trainer, *((self._rival,) if self._rival else ())):
            self._pace.step_done(now, one.config.batch_size * max(1, one.config.d_steps))
            with suppress(StudioError):  # saving meets it too, and tells
                self._homes.remember(one, self._looked_at)
        if self._remaining is not None:
            self._remaining -= trainer.step - before  # some may have been taken back
        self._reached = self._limit_of(trainer, seconds, batches)
        ended = self._until is not None and trainer.step >= self._until
        over = ended or self._reached or self._remaining == 0
        if over and (back := trainer.drain()):  # the next step says what was not finite
            self._reached = ""
            if self._remaining is not None:
                self._remaining += back
        elif ended or (self._until is not None and self._reached == "epochs"):
            self.pause()
            self.go_on_with_queue()
        elif self._remaining == 0 or self._reached:
            self.pause()
        elif self._pace.snapshot_is_due(now) or self._interval:
            self._publish()
        elif self._pace.status_is_due(now):
            self._publish_status()

    def _on_failed_step(self) -> None:
        """Pause; if it was one of the queue, it is the next one's turn; but a rival is nobody's.

        After a person's own run the queue waits: there may be a remedy for what failed.
        """
        if self._until is not None and not self._from_queue:
            self._until = None
        self.pause()
        if self._until is not None and self._rival is None:
            self.go_on_with_queue()

    def _save_soon(self) -> None:
        """Save by itself in a moment, unless training does, or another program has the steps."""
        if not self._training and self._live is None:
            self._save_due = time.monotonic() + SAVE_DELAY

    def _save_by_itself(self) -> None:
        start = time.monotonic()
        saved = self._save(*self._trainers())
        wait = max(self._autosave, (time.monotonic() - start) / SAVE_SHARE)
        self._save_due = start + wait if self._training or not saved else math.inf
        self._publish_status()

    def _save(self, *trainers: Trainer) -> bool:
        """Save runs into their folders; if that fails, tell it, once until it succeeds."""
        errors = [error for error in map(self._saving_fails, trainers) if error is not None]
        if errors and not self._save_failed:
            told = StudioError("not-saved", error=errors[0], seconds=self._autosave)
            self._listener.on_error(told)
        self._save_failed = bool(errors)
        return not errors

    def _saving_fails(self, trainer: Trainer) -> StudioError | None:
        """Save a run into its folder; return why that cannot be done, if so."""
        try:
            self._homes.save(trainer)
        except Exception as error:  # whatever it is, training goes on
            if not self._homes.is_unsaved(trainer):  # but in another file, by Save as
                return None
            cause = explained(error, "unexpected", trainer.device)
            if cause.code not in UNWRITTEN:
                return cause
            reason = Phrase(UNWRITTEN[cause.code], **cause.fields)
            return StudioError("run-unsaved", path=cause.fields["path"], reason=reason)
        return None

    def _trainers(self) -> tuple[Trainer, ...]:
        """Return all that are here, the current one last, unless its device is lost."""
        current = (None if self._lost else one for one in (self._rival, self.trainer))
        return (*self._parked.values(), *(trainer for trainer in current if trainer is not None))

    def _read_earlier(self) -> None:
        """Publish one more of the earlier steps."""
        assert self._earlier is not None
        if (snapshot := self._earlier.read()) is not None:
            self._listener.on_earlier(snapshot)

    def _forget_earlier(self) -> None:
        self._earlier = None

    def _look(self) -> None:
        """Take over what the run that is followed has become."""
        live, trainer = self._live, self.trainer
        assert live is not None
        assert trainer is not None
        content = live.newer()
        if content is None:
            return
        known = len(trainer.history)
        trainer.load_networks(content)
        rows = live.rows(content, known)
        if rows is None:  # they are lost: what is known is where they led to
            unknown = History.unknown(trainer.step, trainer.epoch, trainer.seconds)
            rows = unknown.since(known)
        trainer.history.append(rows)
        if live.ended:
            self._live = None
        self._homes.has_steps_elsewhere(trainer)
        self._publish()

    def _stop_following(self) -> None:
        self._live = None
        self._publish()

    def _limit_of(self, trainer: Trainer, seconds_before: float, batches_before: int) -> str:
        """Return which limit the step just made has come to, if any.

        What a run is beyond, however it came there, stops it no more: so Start goes on.
        """
        steps, seconds = self._limit
        if steps is not None and trainer.step == steps:
            return "step"
        if seconds is not None and seconds_before < seconds <= trainer.seconds:
            return "minutes"
        end = trainer.config.epochs * trainer.real.per_epoch
        if end and batches_before < end <= trainer.real.count:
            return "epochs"
        return ""

    def _switch(self, build: Callable[[Work], Trainer], *, can_cancel: bool = True) -> None:
        """Park the current run and take the one that `build` returns.

        If that fails or is cancelled, nothing has changed.
        """
        was_training, self._training = self._training, False
        work = Work(can_cancel=can_cancel)
        self._listener.on_work(work)
        self._listener.on_status(self._status(Phase.LOADING))
        try:
            trainer = build(work)
            info = describe(trainer)
            work.at(None)  # the last moment to cancel
        except Exception as error:
            self._training = was_training
            self._homes.release_others({trainer.run_id for trainer in self._trainers()})
            self._publish_status()
            if isinstance(error, Cancelled) and self.trainer is None:
                raise StudioError("nothing-opened") from None  # whoever shows runs needs one
            raise
        finally:
            work.end()
        if self.trainer is not None and not self._lost:
            self._let_rest(self.trainer)
            self._save(self.trainer)
            self._parked[self.trainer.run_id] = self.trainer
        if self._rival is trainer:
            self._rival = self._told_rival = None
        if not self._lost:
            self._park_rival()
        self._rival = self._told_rival = None
        self._lost = False
        self._parked.pop(trainer.run_id, None)
        saved = [id_ for id_, parked in self._parked.items() if self._homes.is_kept(parked)]
        for run_id in saved[:-PARKED_RUNS]:
            del self._parked[run_id]
        self.trainer, self._reached, self._live, self._earlier = trainer, "", None, None
        self._looked_at = self._until = None
        self._from_queue = False
        self._homes.release_others({trainer.run_id for trainer in self._trainers()})
        self._listener.on_run(info)
        self._pace.other_run()
        self.set_exact(self._exact)
        self.set_profile(self._profiles)
        self._publish()

    def _threads(self) -> int:
        """Return how many threads repeat the run: as many as it has had."""
        had = self.trainer.threads if self.trainer else 0
        return had if 0 < had <= cores() else cores()

    def _publish(self) -> None:
        """Publish a snapshot and the status."""
        if self.trainer is None or self._lost:
            self._publish_status()
            return
        start = time.thread_time()
        self._listener.on_snapshot(self.trainer.snapshot())
        if self._rival is not None:
            self._listener.on_rival_snapshot(self._rival.snapshot())
        self._pace.published(time.monotonic(), time.thread_time() - start)
        self._publish_status()

    def _publish_status(self) -> None:
        self._pace.told(time.monotonic())
        self._listener.on_status(self._status())

    def _status(self, phase: Phase | None = None) -> Status:
        trainer = self.trainer
        if trainer is None:
            return Status(phase=phase or Phase.NONE)
        if phase is None:
            idle = Phase.PAUSED if trainer.step else Phase.READY
            idle = idle if self._live is None else Phase.FOLLOWING
            phase = Phase.TRAINING if self._training else idle
        return Status(
            phase=phase,
            step=trainer.step,
            epoch=trainer.epoch,
            seconds=trainer.seconds,
            images_per_second=self._pace.images_per_second if phase is Phase.TRAINING else 0.0,
            unsaved=not self._lost and self._homes.is_unsaved(trainer),
            name=self._homes.name(trainer.run_id),
            folder=self._homes.path(trainer.run_id),
            queue=tuple(self._queue),
            queue_goes=self._until is not None,
            rival=self._told_rival,
            moments=self._homes.moments(trainer.run_id),
            left=tuple(map(self._left, self._parked.values())),
            reached=self._reached if phase is Phase.PAUSED else "",
            profile=self._profile.lately() if self._profile else (),
            without_graphs=trainer.without_graphs,
        )

    def _left(self, trainer: Trainer) -> LeftRun:
        return LeftRun(
            run_id=trainer.run_id,
            config=trainer.config,
            step=trainer.step,
            unsaved=self._homes.is_unsaved(trainer),
            folder=self._homes.path(trainer.run_id),
        )


def _passed_over(config: Config, error: StudioError) -> StudioError:
    """Return what to tell of a run of the queue that failed."""
    return StudioError("queued-run-failed", seed=config.seed, error=error)
