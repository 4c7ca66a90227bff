"""The runner in the test's own thread: its requests wait in the queue before it runs."""

import dataclasses
import math
import queue
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from oracle import everything, same

from ganstudio import parts
from ganstudio.config import Config
from ganstudio.errors import StudioError
from ganstudio.latent.notes import Bookmark, Notes
from ganstudio.latent.snapshot import Snapshot
from ganstudio.latent.trail import MOST, Trail
from ganstudio.training import checkpoint, history_file, live
from ganstudio.training.earlier import Earlier
from ganstudio.training.live import LiveWriter
from ganstudio.training.orders import Nets
from ganstudio.training.pace import (
    DRAWING_SHARE,
    SNAPSHOT_SECONDS,
    SNAPSHOT_SECONDS_MOST,
    STATUS_SECONDS_MOST,
)
from ganstudio.training.run_info import HELD_OUT
from ganstudio.training.runner import PARKED_RUNS, Runner
from ganstudio.training.status import Phase
from ganstudio.training.threads import ThreadTuner
from ganstudio.training.trainer import Trainer

CONFIG = Config(model="mlp-gelu", batch_size=16, latent_dim=5, r1=0, epochs=0)
PER_EPOCH = 256 // 16


class Recorder:
    """A listener that keeps what it hears, and closes the runner when a training ends."""

    def __init__(self, requests: queue.SimpleQueue) -> None:
        self.requests = requests
        self.events: list[str] = []
        self.runs, self.snapshots, self.statuses, self.works = [], [], [], []
        self.cancels = False
        self.configs, self.saved, self.errors, self.finished = [], [], [], []
        self.earlier, self.enough = [], 0

    def on_work(self, work) -> None:
        self.works.append(work)
        if self.cancels:
            work.cancel()

    def on_run(self, info) -> None:
        self.runs.append(info)
        self.events.append("run")

    def on_snapshot(self, snapshot) -> None:
        self.snapshots.append(snapshot)
        self.events.append("snapshot")

    def on_earlier(self, snapshot) -> None:
        self.earlier.append(snapshot)
        if len(self.earlier) == self.enough:
            self.requests.put(Runner.close)

    def on_status(self, status) -> None:
        was = self.statuses[-1].phase if self.statuses else None
        self.statuses.append(status)
        self.events.append(status.phase.value)
        if was is Phase.TRAINING and status.phase in (Phase.PAUSED, Phase.READY):
            self.requests.put(Runner.close)

    def on_config(self, config) -> None:
        self.configs.append(config)

    def on_saved(self, path) -> None:
        self.saved.append(path)

    def on_finished(self, errors) -> None:
        self.finished.append(errors)

    def on_error(self, error) -> None:
        self.errors.append(error)
        self.events.append("error")


class Studio:
    """A runner, and words for what is asked of it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.requests: queue.SimpleQueue = queue.SimpleQueue()
        self.heard = Recorder(self.requests)
        self.runner = Runner(self.requests, self.heard)

    @property
    def trainer(self) -> Trainer:
        assert self.runner.trainer is not None
        return self.runner.trainer

    def ask(self, *requests) -> None:
        """Put requests, close, and run: nothing trains in between."""
        for request in (*requests, Runner.close):
            self.requests.put(request)
        self._run()

    def train(self, *requests) -> None:
        """Put requests the last of which begins to train, and run until it has paused."""
        for request in requests:
            self.requests.put(request)
        self._run()

    def new_run(self, config: Config = CONFIG) -> None:
        self.ask(lambda runner: runner.new_run(config, "cpu", self.root))

    def _run(self) -> None:
        self.runner._closed = False
        self.runner.run()
        assert self.requests.empty()


@pytest.fixture
def studio(small, tiny_root, monkeypatch) -> Studio:
    monkeypatch.setattr("ganstudio.training.threads.cores", lambda: 1)
    return Studio(tiny_root)


def limit(steps: int | None = None, minutes: float | None = None):
    return lambda runner: runner.set_limit(steps, minutes)


def test_a_new_run_is_announced(studio, tiny):
    studio.new_run()
    assert studio.heard.events == ["loading", "run", "snapshot", "ready"]
    (info,) = studio.heard.runs
    assert info.config == CONFIG
    assert (info.device, info.image_shape, info.averaged) == ("cpu", (1, 28, 28), True)
    assert "cpu" in info.devices
    assert info.curves.loss_reference == pytest.approx(math.log(2))
    assert info.history is studio.trainer.history
    assert len(info.real) == 100
    assert len(info.held_out) == min(HELD_OUT, len(tiny.test))
    for shown, images in ((info.real, tiny.train), (info.held_out, tiny.test)):
        known = {image.tobytes() for image in images}
        assert {image.tobytes() for image in shown} <= known
        assert len({image.tobytes() for image in shown}) == len(shown)
    assert studio.heard.snapshots[0].step == 0


def test_a_run_in_bfloat16_is_told_apart_and_stays_so(studio, tmp_path):
    studio.ask(lambda runner: runner.new_run(CONFIG, "cpu bfloat16", studio.root))
    assert studio.trainer.precision == "bfloat16"
    assert studio.heard.runs[-1].device == "cpu bfloat16"
    studio.train(limit(steps=2), Runner.start)
    studio.ask(lambda runner: runner.save(tmp_path / "run.pt"))
    studio.new_run()
    assert studio.heard.runs[-1].device == "cpu"
    studio.ask(lambda runner: runner.open(tmp_path / "run.pt", "cpu"))
    assert studio.heard.runs[-1].device == "cpu bfloat16"
    assert studio.heard.errors == []


def test_what_cannot_be_computed_in_bfloat16_leaves_the_run_as_it_was(studio):
    studio.new_run()
    before = studio.trainer
    config = CONFIG.changed(spectral_norm=True)
    studio.ask(lambda runner: runner.new_run(config, "cpu bfloat16", studio.root))
    assert [error.code for error in studio.heard.errors] == ["no-bfloat16"]
    assert studio.trainer is before


def test_real_images_of_a_conditional_run_are_in_columns(studio, tiny):
    studio.new_run(CONFIG.changed(conditional=True))
    (info,) = studio.heard.runs
    known = zip(tiny.train, tiny.train_labels, strict=True)
    labels = {image.tobytes(): label for image, label in known}
    assert [labels[image.tobytes()] for image in info.real] == list(range(10)) * 10
    assert len({image.tobytes() for image in info.real}) == 100


def test_an_autoencoder_is_announced_as_one(studio):
    studio.new_run()
    studio.new_run(CONFIG.changed(model="aae", order="g-first-shared"))
    assert [info.autoencoder for info in studio.heard.runs] == [False, True]


def test_loading_that_is_cancelled_leaves_the_run_as_it_was(studio):
    studio.new_run()
    before, studio.heard.cancels = studio.trainer, True
    studio.heard.events.clear()
    studio.new_run(CONFIG.changed(seed=5))
    assert studio.trainer is before
    assert studio.heard.events == ["loading", "ready"]
    assert studio.heard.errors == []
    assert all(work.ended for work in studio.heard.works)
    studio.heard.cancels = False
    studio.new_run(CONFIG.changed(seed=5))
    assert studio.trainer.config.seed == 5


def test_opening_can_be_cancelled_from_the_first_moment_and_is_told(studio, tmp_path):
    path = tmp_path / "run.pt"
    studio.new_run()
    studio.ask(lambda runner: runner.save(path))
    fresh = Studio(studio.root)
    fresh.heard.cancels = True
    fresh.ask(lambda runner: runner.open(path, "cpu"))
    assert fresh.heard.works[0].can_cancel
    assert fresh.runner.trainer is None
    (error,) = fresh.heard.errors
    assert error.code == "nothing-opened"


def test_earlier_steps_beside_an_opened_checkpoint_are_read(studio, tmp_path):
    run, other = tmp_path / "run", tmp_path / "other.pt"
    run.mkdir()
    studio.new_run(CONFIG.changed(seed=9))
    studio.ask(lambda runner: runner.save(other))
    studio.new_run()
    for step in range(0, 50, 10):
        if step:
            studio.train(lambda runner: runner.step(Nets.BOTH, 10))
        studio.ask(lambda runner, step=step: runner.save(run / f"step-{step:07d}.pt"))
    (run / "step-0000010.pt").write_bytes(b"damaged")
    (run / "step-0000011.pt").write_bytes(other.read_bytes())  # of another run
    whole = checkpoint.read(run / "step-0000020.pt")

    fresh = Studio(studio.root)
    fresh.heard.enough = 2
    fresh.train(lambda runner: runner.open(run / "step-0000030.pt", "cpu"))
    assert [snapshot.step for snapshot in fresh.heard.earlier] == [20, 0]
    assert {snapshot.run_id for snapshot in fresh.heard.earlier} == {fresh.trainer.run_id}
    for name, tensor in whole["G"].items():
        assert torch.equal(fresh.heard.earlier[0].G[name], tensor)
    assert fresh.heard.errors == []
    assert not fresh.runner._earlier

    branch = Studio(studio.root)
    branch.heard.enough = 2
    branch.ask(lambda runner: runner.open(run / "step-0000040.pt", "cpu"))
    branch.heard.earlier.clear()
    branch.train(lambda runner: runner.open(run / "step-0000030.pt", "cpu"))
    assert {snapshot.run_id for snapshot in branch.heard.earlier} == {branch.trainer.run_id}
    assert branch.trainer.run_id != fresh.trainer.run_id


def kept(studio: Studio, folder: Path, *steps: int) -> None:
    """Write the run as if it had been kept at these steps."""
    studio.ask(lambda runner: runner.save(folder / "last.pt"))
    content = checkpoint.read(folder / "last.pt")
    for step in steps:
        torch.save({**content, "step": step}, folder / f"step-{step:07d}.pt")


def test_of_many_earlier_steps_those_are_read_that_a_trail_keeps(studio, tmp_path):
    studio.new_run()
    studio.train(lambda runner: runner.step(Nets.BOTH, 30))
    kept(studio, tmp_path, *range(28), 31, 12_345_678)
    trail: Trail[Snapshot] = Trail()
    for step in range(28):
        trail.add(dataclasses.replace(studio.heard.snapshots[-1], step=step))
    fresh = Studio(studio.root)
    fresh.heard.enough = MOST
    fresh.train(lambda runner: runner.open(tmp_path / "last.pt", "cpu"))
    heard = [snapshot.step for snapshot in fresh.heard.earlier]
    assert heard == [snapshot.step for snapshot in reversed(trail.snapshots)]
    assert heard[0] == 27


def test_what_is_beside_a_run_that_was_left_is_not_read(studio, tmp_path):
    studio.new_run()
    studio.train(lambda runner: runner.step(Nets.BOTH, 3))
    kept(studio, tmp_path, 0, 1, 2)
    fresh = Studio(studio.root)
    fresh.ask(
        lambda runner: runner.open(tmp_path / "last.pt", "cpu"),
        lambda runner: runner.new_run(CONFIG, "cpu", studio.root),
    )
    assert not fresh.heard.earlier


def test_earlier_steps_wait_for_training(studio, tmp_path):
    studio.new_run()
    studio.train(lambda runner: runner.step(Nets.BOTH, 3))
    kept(studio, tmp_path, 0, 1, 2)
    fresh = Studio(studio.root)
    fresh.train(
        lambda runner: runner.open(tmp_path / "last.pt", "cpu"),
        lambda runner: runner.step(Nets.BOTH, 5),
    )
    assert fresh.trainer.step == 8
    made = [snapshot.step for snapshot in fresh.heard.snapshots]
    assert (min(made), max(made)) == (3, 8)
    assert not fresh.heard.earlier


def test_a_failure_among_earlier_steps_is_told_once(studio, tmp_path, monkeypatch):
    studio.new_run()
    studio.train(lambda runner: runner.step(Nets.BOTH, 3))
    kept(studio, tmp_path, 0, 1, 2)
    fresh = Studio(studio.root)

    def fails(earlier: Earlier) -> None:
        fresh.requests.put(Runner.close)
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr(Earlier, "read", fails)
    fresh.train(lambda runner: runner.open(tmp_path / "last.pt", "cpu"))
    assert [error.code for error in fresh.heard.errors] == ["unexpected"]
    assert not fresh.runner._earlier, "the others would fail, too"


def test_a_first_run_of_the_window_cannot_be_cancelled(studio):
    studio.new_run()
    studio.new_run()
    assert [work.can_cancel for work in studio.heard.works] == [False, True]


def test_an_opened_run_looks_for_its_images_where_they_were(studio, tmp_path):
    path = tmp_path / "run.pt"
    studio.new_run()
    studio.ask(lambda runner: runner.save(path))
    assert studio.heard.runs[-1].dataset.root == studio.root
    fresh = Studio(studio.root)
    fresh.ask(lambda runner: runner.open(path, "cpu"))
    assert fresh.heard.errors == []
    assert fresh.heard.runs[-1].dataset.root == studio.root
    assert len(fresh.trainer.dataset.train) == 256
    studio.root.rename(tmp_path / "gone")
    try:
        lost = Studio(studio.root)
        lost.ask(lambda runner: runner.open(path, "cpu", None, tmp_path))
        assert str(studio.root) in str(lost.heard.errors[0])
        lost.ask(lambda runner: runner.open(path, "cpu", tmp_path / "gone"))
        assert lost.heard.runs[-1].dataset.root == tmp_path / "gone"
    finally:
        (tmp_path / "gone").rename(studio.root)


def test_nothing_happens_before_there_is_a_run(studio, tmp_path):
    studio.ask(
        Runner.start,
        Runner.pause,
        lambda runner: runner.step(Nets.BOTH),
        lambda runner: runner.change(g_lr=0.1),
        lambda runner: runner.save(tmp_path / "a.pt"),
        limit(3),
    )
    assert studio.heard.errors == []
    assert studio.heard.events == []
    assert list(tmp_path.iterdir()) == []


def test_training_to_a_limit_is_training(studio, tiny, cpu):
    studio.new_run()
    studio.train(limit(steps=7), Runner.start)
    assert studio.trainer.step == 7
    assert len(studio.trainer.history) == 7
    assert studio.heard.events[-2:] == ["snapshot", "paused"]
    assert studio.heard.snapshots[-1].step == 7
    plain = Trainer(CONFIG, tiny, cpu)
    for _ in range(7):
        plain.train_step()
    assert same(everything(studio.trainer), everything(plain))
    assert same(dict(studio.heard.snapshots[-1].G), dict(plain.snapshot().G))


def test_why_a_run_paused_is_not_said_of_the_next(studio):
    studio.new_run()
    studio.train(limit(steps=3), Runner.start)
    assert studio.heard.statuses[-1].reached == "step"
    studio.new_run(CONFIG.changed(seed=5))
    assert studio.heard.statuses[-1].reached == ""


def test_start_goes_on_beyond_a_limit(studio):
    studio.new_run()
    studio.train(limit(steps=3), Runner.start)
    studio.train(limit(steps=5), Runner.start)
    assert studio.trainer.step == 5


def test_a_limit_of_minutes_stops_once(studio):
    studio.new_run()
    studio.train(limit(minutes=1e-9), Runner.start)
    assert studio.trainer.step == 1
    assert studio.heard.statuses[-1].reached == "minutes"
    studio.train(lambda runner: runner.step(Nets.BOTH, 4))
    assert studio.trainer.step == 5


def test_minutes_are_those_of_the_run_in_total(studio):
    studio.new_run()
    studio.train(limit(steps=2), Runner.start)
    studio.trainer.seconds = 599.99999  # as if it had trained for ten minutes
    studio.train(limit(minutes=10), Runner.start)
    assert (studio.trainer.step, studio.heard.statuses[-1].reached) == (3, "minutes")


def test_a_limit_that_is_past_has_no_effect_whichever_limit_changes(studio):
    studio.new_run()
    studio.train(limit(minutes=1e-9), Runner.start)
    assert studio.trainer.step == 1
    studio.train(limit(steps=9, minutes=1e-9), Runner.start)
    assert (studio.trainer.step, studio.heard.statuses[-1].reached) == (9, "step")
    studio.train(limit(steps=5, minutes=1e-9), lambda runner: runner.step(Nets.BOTH, 4))
    assert (studio.trainer.step, studio.heard.statuses[-1].reached) == (13, "")


@pytest.mark.parametrize("k", [1, 3])
def test_the_recipes_end_stops_once(studio, k: int):
    studio.new_run(CONFIG.changed(epochs=2, d_steps=k))
    studio.train(Runner.start)
    end = -(-2 * PER_EPOCH // k)
    assert studio.trainer.step == end
    assert studio.heard.statuses[-1].epoch >= 2
    studio.train(limit(steps=end + 4), Runner.start)
    assert studio.trainer.step == end + 4


@pytest.mark.parametrize(
    "recipe",
    [
        {"model": "aae", "order": "d-first"},
        {"objective": "relativistic", "order": "g-first-shared"},
        {"objective": "relativistic", "order": "g-first-shared", "d_steps": 3},
    ],
)
def test_the_recipes_end_is_found_where_a_step_takes_more_batches(studio, recipe: dict):
    """An odd number of batches is the end: no step of these ends there."""
    studio.new_run(CONFIG.changed(batch_size=17, epochs=1, **recipe))
    assert studio.trainer.real.per_epoch == 15
    taken = 1 + recipe.get("d_steps", 1)
    studio.train(limit(steps=20), Runner.start)
    assert studio.trainer.step == -(-15 // taken)
    assert studio.heard.statuses[-1].reached == "epochs"
    studio.train(Runner.start)
    assert (studio.trainer.step, studio.heard.statuses[-1].reached) == (20, "step")


def test_pause_waits_for_no_step(studio):
    studio.new_run()
    studio.train(Runner.start, Runner.pause)
    assert studio.trainer.step == 0
    assert studio.heard.statuses[-1].phase is Phase.READY


@pytest.mark.parametrize("nets", list(Nets))
def test_manual_steps(studio, nets: Nets):
    studio.new_run()
    studio.train(lambda runner: runner.step(nets, 3))
    assert studio.trainer.step == 3
    missing = np.isnan(studio.trainer.history.column("g_loss"))
    assert missing.tolist() == [nets is Nets.D] * 3
    assert studio.heard.snapshots[-1].step == 3


def test_start_after_manual_steps_trains_both(studio):
    studio.new_run()
    studio.train(lambda runner: runner.step(Nets.D, 1))
    studio.train(limit(steps=4), Runner.start)
    assert np.isnan(studio.trainer.history.column("g_loss")).tolist() == [True] + [False] * 3


def test_live_changes(studio):
    studio.new_run()
    studio.ask(lambda runner: runner.change(g_lr=0.5, d_steps=2))
    assert studio.heard.configs == [CONFIG.changed(g_lr=0.5, d_steps=2)]
    studio.ask(lambda runner: runner.change(g_lr=5))
    assert [error.fields["field"] for error in studio.heard.errors] == ["g_lr"]
    assert studio.trainer.config.g_lr == 0.5


def test_saving_and_opening(studio, tmp_path):
    path = tmp_path / "a.pt"
    studio.new_run()
    studio.train(limit(steps=3), Runner.start)
    assert studio.heard.statuses[-1].unsaved
    studio.ask(lambda runner: runner.save(path))
    assert studio.heard.saved == [path]
    assert not studio.heard.statuses[-1].unsaved
    saved = everything(studio.trainer)
    studio.new_run(CONFIG.changed(seed=1))
    studio.ask(lambda runner: runner.open(path, "cpu", studio.root))
    assert same(everything(studio.trainer), saved)
    # the run that was saved is still here: what was opened is a branch of it
    assert studio.heard.runs[-1].run_id != studio.heard.runs[0].run_id
    studio.ask(lambda runner: runner.return_to(studio.heard.runs[0].run_id))
    assert same(everything(studio.trainer), saved)
    assert studio.heard.statuses[-1] == dataclasses.replace(
        studio.heard.statuses[-1], phase=Phase.PAUSED, step=3, unsaved=False
    )


def test_a_run_whose_file_another_run_took_is_in_its_folder(studio, tmp_path):
    studio.runner = Runner(studio.requests, studio.heard, tmp_path / "runs")
    path = tmp_path / "a.pt"
    studio.new_run()
    studio.train(limit(steps=1), Runner.start)
    studio.ask(lambda runner: runner.save(path))
    studio.ask(lambda runner: runner.open(path, "cpu", studio.root))
    studio.train(limit(steps=2), Runner.start)
    studio.ask(lambda runner: runner.save(path))
    steps = [checkpoint.read(file)["step"] for file in sorted(tmp_path.glob("runs/*/last.pt"))]
    assert sorted(steps) == [1, 2]
    assert checkpoint.read(path)["step"] == 2


def test_a_live_change_is_unsaved_work(studio, tmp_path):
    studio.new_run()
    studio.train(limit(steps=1), Runner.start)
    studio.ask(lambda runner: runner.save(tmp_path / "a.pt"))
    studio.ask(lambda runner: runner.change(g_lr=0.5))
    assert studio.heard.statuses[-1].unsaved
    studio.ask(lambda runner: runner.change(g_lr=CONFIG.g_lr))
    assert not studio.heard.statuses[-1].unsaved


def test_a_note_is_unsaved_work_and_goes_along_to_a_new_run(studio, tmp_path):
    studio.new_run()
    studio.train(limit(steps=1), Runner.start)
    studio.ask(lambda runner: runner.save(tmp_path / "a.pt"))
    first, notes = studio.trainer.run_id, Notes().calling("slant", "lean")
    studio.ask(lambda runner: runner.note(first, notes))
    assert studio.heard.statuses[-1].unsaved
    studio.ask(lambda runner: runner.save(tmp_path / "a.pt"))
    assert not studio.heard.statuses[-1].unsaved
    latent = studio.trainer.latent
    here = Bookmark(name="here", z=latent.sample(1, np.random.default_rng(0))[0], latent=latent)
    both = Notes(bookmarks=(here,), names=notes.names)
    studio.ask(lambda runner: runner.note(first, both))
    studio.new_run(CONFIG.changed(seed=1))
    assert studio.heard.runs[-1].notes == Notes(bookmarks=(here,)), "but for names of directions"
    studio.ask(lambda runner: runner.note(first, notes))
    studio.ask(lambda runner: runner.return_to(first))
    assert studio.heard.runs[-1].notes == notes, "what is told late goes to its run"
    studio.ask(lambda runner: runner.open(tmp_path / "a.pt", "cpu", studio.root))
    assert studio.heard.runs[-1].notes == notes


def test_a_run_that_is_here_already_is_not_returned_to(studio):
    studio.new_run()
    answers = []
    studio.ask(lambda runner: answers.append(runner.return_to(studio.trainer.run_id)))
    assert (answers, len(studio.heard.runs), studio.heard.errors) == ([False], 1, [])


def test_a_run_that_was_left_can_be_returned_to(studio):
    studio.new_run()
    studio.train(limit(steps=3), Runner.start)
    first, before = studio.trainer, everything(studio.trainer)
    studio.new_run(CONFIG.changed(seed=1))
    assert studio.trainer.run_id != first.run_id
    studio.ask(lambda runner: runner.return_to(first.run_id))
    assert studio.trainer is first
    assert same(everything(first), before)
    assert [info.run_id for info in studio.heard.runs][::2] == [first.run_id] * 2
    assert studio.heard.statuses[-1].phase is Phase.PAUSED


def test_runs_that_are_not_saved_are_kept_however_many(studio):
    studio.new_run()
    first = studio.trainer.run_id
    studio.train(limit(steps=1), Runner.start)
    for seed in range(PARKED_RUNS + 2):
        studio.new_run(CONFIG.changed(seed=seed))
    studio.ask(lambda runner: runner.return_to(first))
    assert studio.heard.errors == []
    assert (studio.trainer.run_id, studio.trainer.step) == (first, 1)


def test_a_step_that_fails_beyond_repair_still_leaves_a_runner(studio, monkeypatch):
    studio.new_run()

    def fail(*_: object) -> None:
        raise RuntimeError("the device is gone")

    broken = studio.trainer
    for name in ("train_step", "drain", "snapshot"):
        monkeypatch.setattr(broken, name, fail)
    studio.train(lambda runner: runner.step(Nets.BOTH, 5))
    (error,) = studio.heard.errors
    assert "the device is gone" in str(error)
    assert studio.heard.statuses[-1].phase is Phase.READY

    studio.new_run()  # elsewhere, all is well
    assert studio.trainer is not broken
    whole = studio.trainer.run_id
    studio.train(limit(steps=2), Runner.start)
    assert studio.trainer.step == 2
    studio.ask(lambda runner: runner.return_to(broken.run_id))
    studio.ask(lambda runner: runner.return_to(whole))
    assert studio.trainer.run_id == whole


def test_resume_goes_on_with_the_steps_that_were_asked_for(studio):
    studio.new_run()
    studio.train(lambda runner: runner.step(Nets.G, 4), Runner.pause)
    assert studio.trainer.step == 0
    studio.train(Runner.resume)
    assert studio.trainer.step == 4
    assert np.isnan(studio.trainer.history.column("real_loss")).all()


def test_a_limit_that_was_reached_is_not_said_while_another_run_loads(studio):
    studio.new_run()
    studio.train(limit(steps=3), Runner.start)
    studio.new_run(CONFIG.changed(seed=5))
    loading = [status for status in studio.heard.statuses if status.phase is Phase.LOADING]
    assert [status.reached for status in loading] == ["", ""]


def test_runs_that_were_left_are_told(studio):
    studio.new_run()
    studio.train(limit(steps=1), Runner.start)
    first = studio.trainer
    studio.new_run(CONFIG.changed(seed=3))
    (left,) = studio.heard.statuses[-1].left
    assert (left.run_id, left.step, left.unsaved) == (first.run_id, 1, True)
    assert left.config == first.config


def test_without_a_run_it_says_so(studio):
    studio.ask(lambda runner: runner.new_run(CONFIG, "warp drive"))
    assert studio.heard.statuses[-1].phase is Phase.NONE


def test_only_the_last_runs_are_kept(studio):
    ids = []
    for seed in range(PARKED_RUNS + 2):
        studio.new_run(CONFIG.changed(seed=seed))
        ids.append(studio.trainer.run_id)
    current = studio.trainer
    studio.ask(lambda runner: runner.return_to(ids[0]))
    assert len(studio.heard.errors) == 1
    assert studio.trainer is current
    studio.ask(lambda runner: runner.return_to(ids[1]))
    assert studio.trainer.run_id == ids[1]


@pytest.mark.parametrize("nets", [Nets.BOTH, Nets.D])
def test_a_failing_step_pauses_and_keeps_the_model(studio, nets: Nets):
    studio.new_run()
    studio.train(limit(steps=3), Runner.start)
    before, objective = everything(studio.trainer), studio.trainer.objective
    broken = dataclasses.replace(objective, real_loss=lambda logits: logits.mean() * math.nan)
    studio.trainer.gradients.objective = broken
    studio.train(limit(), lambda runner: runner.step(nets, 5))
    (error,) = studio.heard.errors
    assert (error.code, error.fields["step"]) == ("non-finite", 4)
    assert same(everything(studio.trainer), before)
    assert studio.heard.statuses[-1].phase is Phase.PAUSED
    assert studio.heard.snapshots[-1].step == 3
    studio.trainer.gradients.objective = objective
    studio.train(limit(steps=5), Runner.start)
    assert studio.trainer.step == 5


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (RuntimeError("odd"), "training-failed"),
        (MemoryError(), "out-of-memory"),
        (torch.OutOfMemoryError(), "out-of-memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "out-of-memory"),
        (StudioError("latent-mismatch", expected=1, actual=2), "latent-mismatch"),
    ],
)
def test_every_error_is_explained(studio, raised: Exception, code: str):
    studio.new_run()
    studio.train(limit(steps=2), Runner.start)
    before = everything(studio.trainer)

    def fails(_logits):
        raise raised

    of = studio.trainer.gradients
    of.objective = dataclasses.replace(of.objective, g_loss=fails)
    studio.train(limit(), Runner.start)
    (error,) = studio.heard.errors
    assert error.code == code
    assert str(error)
    assert error is raised or error.__cause__ is raised
    assert same(everything(studio.trainer), before)


@pytest.mark.parametrize("request_", ["new", "open"])
def test_a_run_too_large_for_its_device_is_told_of_that_device(
    studio, request_: str, tmp_path, monkeypatch
):
    studio.new_run()
    studio.train(limit(steps=2), Runner.start)
    before, other = studio.trainer, torch.device("cuda:1")
    studio.ask(lambda runner: runner.save(tmp_path / "a.pt"))

    def fails(*_args: object) -> None:
        raise torch.OutOfMemoryError("full")

    monkeypatch.setattr("ganstudio.training.openings.device.place", lambda _: (other, "float32"))
    monkeypatch.setattr("ganstudio.training.openings.go_first", lambda _: None)  # it is not there
    monkeypatch.setattr("ganstudio.training.trainer._build", fails)
    if request_ == "new":
        studio.ask(lambda runner: runner.new_run(CONFIG, "cuda:1", studio.root))
    else:
        studio.ask(lambda runner: runner.open(tmp_path / "a.pt", "cuda:1", studio.root))
    (error,) = studio.heard.errors
    assert error.code == "too-little-memory"
    assert "The device cuda:1 has too little memory" in str(error)
    assert "step" not in error.fields
    assert studio.trainer is before


def test_a_request_that_memory_is_too_little_for_names_no_step(studio, tmp_path, monkeypatch):
    studio.new_run()
    studio.train(limit(steps=2), Runner.start)

    def fails(*_args: object) -> None:
        raise MemoryError

    monkeypatch.setattr(checkpoint, "save", fails)
    studio.ask(lambda runner: runner.save(tmp_path / "a.pt"))
    (error,) = studio.heard.errors
    assert error.code == "too-little-memory"
    assert "The device cpu" in str(error)


@pytest.mark.parametrize(
    "request_of",
    [
        lambda runner, folder: runner.open(folder / "none.pt", "cpu"),
        lambda runner, folder: runner.new_run(CONFIG, "warp drive"),
        lambda runner, folder: runner.new_run(CONFIG, "cpu", folder),
        lambda runner, folder: runner.new_run(CONFIG.changed(batch_size=8000), "cpu", runner.root),
        lambda runner, folder: runner.return_to("nobody"),
        lambda runner, folder: runner.save(folder / "none" / "a.pt"),
    ],
    ids=["open", "device", "dataset", "batch", "return", "save"],
)
def test_a_refused_request_keeps_the_run(studio, request_of, tmp_path):
    studio.new_run()
    studio.train(limit(steps=2), Runner.start)
    trainer, before = studio.trainer, everything(studio.trainer)
    studio.runner.root = studio.root
    studio.ask(lambda runner: request_of(runner, tmp_path))
    (error,) = studio.heard.errors
    assert error.code != "training-failed"
    assert studio.trainer is trainer
    assert same(everything(trainer), before)
    assert len(studio.heard.runs) == 1
    assert studio.heard.statuses[-1].phase is Phase.PAUSED
    studio.train(limit(steps=4), Runner.start)
    assert trainer.step == 4


def test_a_request_that_fails_unforeseen_stops_nothing(studio):
    studio.new_run()

    def odd(_runner):
        raise RuntimeError("odd")

    studio.train(limit(steps=3), Runner.start, odd)
    (error,) = studio.heard.errors
    assert error.code == "unexpected"
    assert str(error)
    assert studio.trainer.step == 3


def test_a_damaged_checkpoint_is_refused(studio, tmp_path):
    studio.new_run()
    path = tmp_path / "a.pt"
    checkpoint.save(studio.trainer, path)
    path.write_bytes(path.read_bytes()[:-500])
    studio.ask(lambda runner: runner.open(path, "cpu", studio.root))
    assert [error.code for error in studio.heard.errors] == ["damaged-checkpoint"]


def test_speed_changes_no_number(studio, tiny, cpu):
    studio.new_run()
    studio.train(limit(steps=3), lambda runner: runner.set_speed(1000.0), Runner.start)
    plain = Trainer(CONFIG, tiny, cpu)
    for _ in range(3):
        plain.train_step()
    assert same(everything(studio.trainer), everything(plain))


@pytest.fixture
def steps_between(studio, monkeypatch):
    """Train 13 steps after a request; how many steps lie between the snapshots, and statuses.

    By a clock of our own, in which only steps take time: each a little more than a snapshot.
    """
    now = [0.0]
    clock = SimpleNamespace(monotonic=lambda: now[0], thread_time=lambda: 0.0)
    monkeypatch.setattr("ganstudio.training.runner.time", clock)
    studio.new_run()
    train_step = studio.trainer.train_step

    def slow(nets: Nets) -> None:
        train_step(nets)
        now[0] += 1.25 * SNAPSHOT_SECONDS

    def train(request) -> tuple[list[int], list[int]]:
        heard = studio.heard
        first, told = len(heard.snapshots), len(heard.statuses)
        studio.train(limit(steps=studio.trainer.step + 13), request, Runner.start)
        statuses = [s.step for s in heard.statuses[told:] if s.phase is Phase.TRAINING]
        snapshots = [snapshot.step for snapshot in heard.snapshots[first:]]
        return tuple(np.diff(steps).tolist() for steps in (snapshots, statuses))

    monkeypatch.setattr(studio.trainer, "train_step", slow)
    return train


def test_giving_way_publishes_a_quarter_as_often(steps_between):
    def published(quietly: bool) -> list[int]:
        return steps_between(lambda runner: runner.give_way(core=False, quietly=quietly))[0]

    assert published(False) == [1] * 12
    assert published(True) == [4] * 3
    assert published(False) == [1] * 12


def test_samples_that_take_long_to_draw_are_published_more_seldom(steps_between):
    def published(seconds: float) -> tuple[list[int], list[int]]:
        return steps_between(lambda runner: runner.drew(seconds))

    step = 1.25 * SNAPSHOT_SECONDS
    assert published(0.5 * DRAWING_SHARE * SNAPSHOT_SECONDS)[0] == [1] * 12
    assert published(3.5 * DRAWING_SHARE * SNAPSHOT_SECONDS)[0] == [3] * 4
    snapshots, statuses = published(1000.0)
    assert (max(snapshots) - 1) * step < SNAPSHOT_SECONDS_MOST <= max(snapshots) * step
    assert (max(statuses) - 1) * step < STATUS_SECONDS_MOST <= max(statuses) * step


def test_how_long_drawing_takes_counts_as_soon_as_it_is_known(steps_between, studio, monkeypatch):
    train_step = studio.trainer.train_step

    def then_known(nets: Nets) -> None:
        train_step(nets)
        if studio.trainer.step == 2:
            studio.runner.drew(0.0)

    monkeypatch.setattr(studio.trainer, "train_step", then_known)
    assert steps_between(lambda runner: runner.drew(1000.0))[0] == [1] * 12


def test_another_run_may_be_drawn_quicker(studio):
    studio.new_run()
    studio.runner.drew(1000.0)
    assert studio.runner._pace.wait == SNAPSHOT_SECONDS_MOST
    studio.new_run()
    assert studio.runner._pace.wait < SNAPSHOT_SECONDS_MOST


def test_closing_while_training_ends_the_loop(studio):
    studio.new_run()
    studio.train(Runner.start, Runner.close)
    assert studio.heard.statuses[-1].phase is Phase.TRAINING
    assert studio.trainer.step <= 1


def test_an_exact_run_keeps_the_threads_that_it_had(studio, monkeypatch, tmp_path):
    kept: list[int | None] = []
    monkeypatch.setattr(ThreadTuner, "keep", lambda _self, count: kept.append(count))
    monkeypatch.setattr("ganstudio.training.runner.cores", lambda: 8)
    studio.ask(lambda runner: runner.set_exact(True))
    assert kept[-1] == 8
    studio.new_run()
    studio.trainer.threads = 7
    path = tmp_path / "run.pt"
    studio.ask(
        lambda runner: runner.save(path),
        lambda runner: runner.new_run(CONFIG, "cpu", studio.root),
    )
    assert kept[-1] == 8, "a new run has had none"
    studio.ask(lambda runner: runner.open(path, "cpu", studio.root))
    assert kept[-1] == 7
    studio.trainer.threads = 64
    studio.ask(lambda runner: runner.set_exact(True))
    assert kept[-1] == 8, "of another computer"
    studio.ask(lambda runner: runner.set_exact(False))
    assert kept[-1] is None


@pytest.fixture
def followed(studio, tiny, cpu, tmp_path, monkeypatch):
    """A run in a folder, and the runner that follows it."""
    monkeypatch.setattr(live, "SECONDS", 0.0)
    monkeypatch.setattr(live, "SHARE", math.inf)
    other = Trainer(CONFIG, tiny, cpu)
    writer = LiveWriter.of(other, tmp_path)

    def train(count: int) -> None:
        for _ in range(count):
            other.train_step()
            writer.step_done()

    train(3)
    studio.new_run()
    studio.ask(lambda runner: runner.open(tmp_path, "cpu", studio.root))
    return SimpleNamespace(trainer=other, writer=writer, train=train, folder=tmp_path)


def test_a_run_elsewhere_is_followed_to_its_end(studio, followed):
    heard = studio.heard
    assert heard.statuses[-1].phase is Phase.FOLLOWING
    assert heard.statuses[-1].goes_on
    assert not heard.statuses[-1].unsaved
    history = heard.runs[-1].history
    np.testing.assert_array_equal(history.array(), followed.trainer.history.array())
    followed.train(2)
    studio.runner._look()
    assert heard.snapshots[-1].step == heard.statuses[-1].step == 5
    np.testing.assert_array_equal(history.array(), followed.trainer.history.array())
    mine, theirs = studio.trainer.ema.model, followed.trainer.ema.model
    for name, value in theirs.state_dict().items():
        torch.testing.assert_close(mine.state_dict()[name], value, rtol=1e-3, atol=1e-4)
    count = len(heard.snapshots)
    studio.runner._look()
    assert len(heard.snapshots) == count, "there is nothing new"
    followed.train(1)
    checkpoint.save(followed.trainer, followed.folder / "last.pt")
    followed.writer.end()
    studio.runner._look()
    assert heard.statuses[-1].phase is Phase.PAUSED
    assert same(studio.trainer.G_opt.state_dict(), followed.trainer.G_opt.state_dict())
    assert not heard.errors


def test_start_goes_on_from_a_followed_run_alone(studio, followed):
    studio.train(limit(steps=6), Runner.start)
    assert studio.trainer.step == 6
    assert studio.heard.statuses[-1].phase is Phase.PAUSED
    assert studio.heard.statuses[-1].unsaved
    followed.train(9)
    studio.ask()
    assert studio.trainer.step == 6


def test_a_computer_that_slept_saves_and_goes_on(studio, tmp_path, monkeypatch):
    real, slept, saved = time.monotonic, [0.0], []
    monkeypatch.setattr(time, "monotonic", lambda: real() + slept[0])
    step, save = Trainer.train_step, checkpoint.save

    def train_step(trainer, *nets) -> None:
        step(trainer, *nets)
        if trainer.step == 3:
            slept[0] += 10 * 3600.0

    def noting(trainer, path) -> None:
        saved.append(trainer.step)
        save(trainer, path)

    monkeypatch.setattr(Trainer, "train_step", train_step)
    monkeypatch.setattr(checkpoint, "save", noting)
    studio.runner = Runner(studio.requests, studio.heard, tmp_path)
    studio.new_run()
    began = real()
    studio.train(lambda runner: runner.step(Nets.BOTH, 8))
    assert studio.trainer.step == 8
    assert studio.heard.errors == []
    assert saved[0] == 3, "at once"
    assert saved[-1] == 8
    assert studio.trainer.seconds < real() - began, "the night is no training"


def test_another_run_in_the_folder_is_not_taken_for_it(studio, followed, tiny, cpu):
    followed.trainer = Trainer(CONFIG, tiny, cpu)
    writer = LiveWriter.of(followed.trainer, followed.folder)
    for _ in range(5):
        followed.trainer.train_step()
        writer.step_done()
    studio.runner._guarded(studio.runner._look, studio.runner._stop_following, "unexpected")
    assert studio.heard.errors[-1].code == "another-run"
    assert studio.heard.statuses[-1].phase is Phase.PAUSED
    assert studio.trainer.step == 3, "what was seen last stays"


def test_lost_rows_of_a_followed_run_are_unknown(studio, followed):
    followed.train(2)
    (followed.folder / history_file.NAME).unlink()
    studio.runner._look()
    history = studio.trainer.history
    assert len(history) == 5
    assert np.isnan(history.column("g_loss")[3:]).all()
    assert np.isfinite(history.column("seconds")).all()


def test_what_is_noted_while_following_is_not_called_saved(studio, followed):
    run_id, notes = studio.trainer.run_id, Notes(names=(("slant", "lean"),))
    studio.ask(lambda runner: runner.open(followed.folder, "cpu", studio.root))
    run_id = studio.trainer.run_id
    studio.runner.note(run_id, notes)
    assert studio.heard.statuses[-1].unsaved
    followed.train(1)
    studio.runner._look()
    assert studio.heard.statuses[-1].step == 4
    assert studio.heard.statuses[-1].unsaved


def test_a_run_that_could_not_be_followed_leaves_the_one_that_is(studio, followed, tmp_path):
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    studio.ask(lambda runner: runner.open(nothing, "cpu", studio.root))
    assert studio.heard.errors[-1].code == "cannot-read"
    followed.train(1)
    studio.runner._look()
    assert studio.heard.statuses[-1].phase is Phase.FOLLOWING
    assert studio.trainer.step == 4


def test_a_profile_goes_with_the_run_on_show(studio, monkeypatch):
    monkeypatch.setattr("ganstudio.training.profile.SECONDS", 0.0)
    studio.new_run()
    studio.train(limit(steps=2), Runner.start)
    assert studio.heard.statuses[-1].profile == ()
    studio.ask(lambda runner: runner.set_profile(True))
    studio.new_run()
    first = studio.trainer
    studio.train(limit(steps=3), Runner.start)
    assert dict(studio.heard.statuses[-1].profile)["D"] > 0
    studio.new_run()
    assert "train_step" not in vars(first)
    assert "train_step" in vars(studio.trainer)
    assert studio.heard.statuses[-1].profile == (), "of the other run"
    studio.ask(lambda runner: runner.set_profile(False))
    assert "train_step" not in vars(studio.trainer)


def test_a_run_tells_what_every_objective_does(studio):
    studio.new_run()
    told = studio.heard.runs[-1].objectives
    assert set(told) == set(parts.names(parts.OBJECTIVE))
    assert all(sentence.endswith(".") and formula for sentence, formula in told.values())
