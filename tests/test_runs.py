"""What can be done to the runs of a library, and to those that wait for their turn."""

import shutil
from pathlib import Path

import pytest
from oracle import everything, same
from windowless import CONFIG, Window, keep_every_step

from ganstudio import library
from ganstudio.config import Config
from ganstudio.errors import StudioError
from ganstudio.library import RunFolder
from ganstudio.training import checkpoint
from ganstudio.training.health import Diagnosis, State
from ganstudio.training.orders import Nets
from ganstudio.training.status import Waiting
from ganstudio.training.trainer import Trainer


@pytest.fixture
def window(small, tiny_root, tmp_path, monkeypatch) -> Window:
    monkeypatch.setattr("ganstudio.training.threads.cores", lambda: 1)
    return Window(tmp_path / "runs", tiny_root)


@pytest.fixture
def saved(window: Window) -> Path:
    """The folder of the current run, at step 3, all of which is saved."""
    window.train(3)
    window.runner._save(window.trainer)
    folder = window.runner._homes.path(window.trainer.run_id)
    assert folder is not None
    return folder


def codes(window: Window) -> list[str]:
    return [error.code for error in window.heard.errors]


def test_the_list_says_what_a_run_is(window: Window, saved: Path):
    window.ask(lambda runner: runner.judged(window.trainer.run_id, 12.5))
    window.train(1)
    window.runner._save(window.trainer)
    ((path, entry),) = library.entries(saved.parent)
    assert path == saved
    assert entry.config == CONFIG.to_dict()
    assert (entry.step, entry.ratio, entry.parent) == (4, 12.5, "")
    assert (saved / "thumb.png").read_bytes().startswith(b"\x89PNG")


def test_a_branch_says_what_it_is_from(window: Window, saved: Path):
    window.ask(lambda runner: runner.try_value("g_lr", 0.01), lambda runner: runner.keep_b())
    window.train(1)
    window.runner._save(window.trainer)
    entries = {entry.step: entry for _, entry in library.entries(saved.parent)}
    assert entries[4].parent == "mlp-gelu-0 at 3"


@pytest.mark.parametrize("left", [False, True])
def test_a_run_gets_another_name(window: Window, saved: Path, tiny_root: Path, left: bool):
    run_id = window.trainer.run_id
    if left:
        window.ask(lambda runner: runner.new_run(CONFIG, "cpu", tiny_root))
    window.ask(lambda runner: runner.rename(saved, "my best: one"))
    assert codes(window) == []
    renamed = saved.with_name("my best- one")
    assert not saved.exists()
    assert window.runner._homes.path(run_id) == renamed
    if not left:
        window.train(1)
        window.runner._save(window.trainer)
        assert checkpoint.read(renamed / "last.pt")["step"] == 4
        assert [path for path, _ in library.entries(saved.parent)] == [renamed]


@pytest.mark.parametrize("name", ["con", "AUX", "nul.old", "Com1", "lpt9 ."])
def test_no_folder_is_called_as_a_device_of_windows(window: Window, saved: Path, name: str):
    window.ask(lambda runner: runner.rename(saved, name))
    assert codes(window) == []
    assert saved.with_name(f"run-{name.rstrip(' .')}").is_dir()


@pytest.mark.parametrize("name", ["console", "auxiliary", "com10", "a.con"])
def test_names_that_are_like_them_stay(window: Window, saved: Path, name: str):
    window.ask(lambda runner: runner.rename(saved, name))
    assert saved.with_name(name).is_dir()


def test_names_that_cannot_be_are_refused(window: Window, saved: Path):
    (saved.parent / "other").mkdir()
    for name in ("other", " .. ", "///"):
        window.ask(lambda runner, name=name: runner.rename(saved, name))
    assert codes(window) == ["name-taken", "no-name", "no-name"]
    window.train(1)
    window.runner._save(window.trainer)
    assert checkpoint.read(saved / "last.pt")["step"] == 4


def test_a_copy_goes_on_as_the_run_does(window: Window, saved: Path, tiny, cpu):
    window.ask(lambda runner: runner.duplicate(saved))
    copy = saved.with_name("mlp-gelu-0-copy")
    assert codes(window) == []
    entry = library.entry_of(copy)
    assert entry.parent == "mlp-gelu-0 at 3"
    assert entry.run_id != window.trainer.run_id
    assert not entry.open
    content = checkpoint.read(copy / "last.pt")
    assert content["parent"] == [window.trainer.run_id, 3]
    other = checkpoint.restore(content, copy / "last.pt", tiny, cpu)
    other.train_step()
    window.train(1)
    assert same(everything(other), everything(window.trainer))
    window.ask(lambda runner: runner.open(copy / "last.pt", "cpu"))
    assert window.trainer.run_id == entry.run_id


def test_a_copy_has_the_past_too(window: Window, monkeypatch):
    keep_every_step(monkeypatch)
    window.train(3)
    window.runner._save(window.trainer)
    folder = window.heard.status.folder
    window.ask(lambda runner: runner.duplicate(folder))
    copied = sorted(path.name for path in (folder.with_name("mlp-gelu-0-copy") / "past").iterdir())
    assert copied == [f"{step:07d}.pt" for step in range(4)]


def test_the_current_run_is_not_deleted(window: Window, saved: Path):
    window.ask(lambda runner: runner.delete(saved))
    assert codes(window) == ["run-is-current"]
    assert window.heard.dropped == []


def test_a_run_that_was_left_can_be_deleted(window: Window, saved: Path, tiny_root: Path):
    window.ask(
        lambda runner: runner.new_run(CONFIG, "cpu", tiny_root), lambda runner: runner.delete(saved)
    )
    assert codes(window) == []
    assert window.heard.dropped == [saved]
    assert window.heard.status.left == ()
    assert not library.in_use(saved), "whoever deletes it may"


def test_a_run_of_another_window_is_left_alone(window: Window, tmp_path: Path):
    theirs = tmp_path / "runs" / "theirs"
    theirs.mkdir(parents=True)
    with RunFolder(theirs):
        window.ask(
            lambda runner: runner.delete(theirs), lambda runner: runner.rename(theirs, "mine")
        )
    assert codes(window) == ["run-in-use", "run-in-use"]
    assert theirs.exists()


def waiting(configs: list[Config], steps: int, root: Path) -> list[Waiting]:
    return [Waiting(config=config, steps=steps, device="cpu", root=root) for config in configs]


def test_a_run_waits_until_the_one_that_trains_is_at_a_step(
    window: Window, saved: Path, tiny_root: Path
):
    first, other = window.trainer, [CONFIG.changed(seed=4, model="mlp-leaky")]
    window.runner.start()
    window.runner._step()
    end = first.step + 3
    window.runner.enqueue(waiting(other, 2, tiny_root), after=end)
    assert window.heard.status.queue_goes
    window.ask(lambda runner: None)
    assert first.step == end
    assert (window.trainer.config.model, window.trainer.step) == ("mlp-leaky", 2)
    assert [left.run_id for left in window.heard.status.left] == [first.run_id]


def test_a_person_s_own_run_that_fails_is_told_of_as_ever_and_the_queue_waits(
    window: Window, tiny_root: Path, monkeypatch
):
    window.runner.start()
    window.runner._step()
    window.runner.enqueue(waiting([CONFIG.changed(seed=4)], 2, tiny_root), after=99)
    monkeypatch.setattr(window.trainer.gradients, "_agreed", _fails)
    window.ask(lambda runner: None)
    assert codes(window) == ["non-finite"]
    assert len(window.heard.status.queue) == 1
    assert not window.heard.status.queue_goes


def test_the_last_of_the_queue_makes_room_for_those_to_come(window: Window, tiny_root: Path):
    window.runner.enqueue(waiting([CONFIG.changed(seed=4)], 3, tiny_root))
    assert (window.heard.status.queue, window.heard.status.queue_goes) == ((), True)
    window.ask(lambda runner: runner.enqueue(waiting([CONFIG.changed(seed=5)], 2, tiny_root)))
    assert [info.config.seed for info in window.heard.runs[-2:]] == [4, 5]
    assert (window.trainer.config.seed, window.trainer.step) == (5, 2)


def test_what_is_to_wait_for_a_run_that_stands_begins_at_once(window: Window, tiny_root: Path):
    window.ask(
        lambda runner: runner.enqueue(waiting([CONFIG.changed(seed=4)], 2, tiny_root), after=99)
    )
    assert (window.trainer.config.seed, window.trainer.step) == (4, 2)


def test_recipes_of_all_kinds_wait_in_one_queue(window: Window, tiny_root: Path):
    leaky = CONFIG.changed(seed=8, model="mlp-leaky")
    window.runner.enqueue(waiting([CONFIG.changed(seed=4)], 3, tiny_root))
    window.runner.enqueue(waiting([leaky], 2, tiny_root), after=1)  # it comes after that
    window.ask(lambda runner: None)
    trained = [(info.config.seed, info.config.model) for info in window.heard.runs[-2:]]
    assert trained == [(4, CONFIG.model), (8, "mlp-leaky")]
    steps = {left.config.seed: left.step for left in window.heard.status.left}
    assert (steps[4], window.trainer.step) == (3, 2)


def test_seeds_are_trained_one_after_the_other(
    window: Window, saved: Path, tiny_root: Path, tiny, cpu
):
    configs = [CONFIG.changed(seed=seed) for seed in (4, 5, 6)]
    window.ask(lambda runner: runner.enqueue(waiting(configs, 5, tiny_root)))
    assert codes(window) == []
    seeds = [(info.config.seed) for info in window.heard.runs[1:]]
    assert seeds == [4, 5, 6]
    assert (window.trainer.config.seed, window.trainer.step) == (6, 5)
    assert window.heard.status.queue == ()
    steps = {entry.seed: entry.step for _, entry in library.entries(saved.parent)}
    assert {4: 5, 5: 5}.items() <= steps.items()
    alone = Trainer(configs[2], tiny, cpu)
    for _ in range(5):
        alone.train_step()
    assert same(everything(window.trainer), everything(alone))


def test_a_recipe_that_cannot_be_trained_is_passed_over(window: Window, tiny_root: Path):
    wrong = CONFIG.changed(batch_size=8000)
    configs = [CONFIG.changed(seed=4), wrong, CONFIG.changed(seed=5)]
    window.ask(lambda runner: runner.enqueue(waiting(configs, 2, tiny_root)))
    assert codes(window) == ["queued-run-failed"]
    assert "seed 0 was passed over" in str(window.heard.errors[0])
    assert (window.trainer.config.seed, window.trainer.step) == (5, 2)


def test_a_pause_does_not_end_the_queue(window: Window, tiny_root: Path):
    configs = [CONFIG.changed(seed=seed) for seed in (4, 5)]
    window.runner.enqueue(waiting(configs, 4, tiny_root))
    window.runner._step()
    window.runner.pause()
    assert (window.trainer.step, len(window.heard.status.queue)) == (1, 1)
    window.ask(lambda runner: runner.start())
    assert (window.trainer.config.seed, window.trainer.step) == (5, 4)


def test_the_queue_can_be_forgotten(window: Window, tiny_root: Path):
    configs = [CONFIG.changed(seed=seed) for seed in (4, 5)]
    window.runner.enqueue(waiting(configs, 2, tiny_root))
    window.runner.clear_queue()
    assert window.heard.status.queue == ()
    window.ask(lambda runner: runner.set_limit(6, None))
    assert (window.trainer.config.seed, window.trainer.step) == (4, 6)


def test_a_run_that_fails_gives_way_to_the_next(window: Window, tiny_root: Path, monkeypatch):
    configs = [CONFIG.changed(seed=seed) for seed in (4, 5)]
    step = Trainer.train_step

    def fail(self: Trainer, *args) -> None:
        if self.config.seed == 4 and self.step == 1:
            raise StudioError(
                "non-finite", step=2, last=1, quantity="g_loss", net="G", rate="g_lr", value=1
            )
        step(self, *args)

    monkeypatch.setattr(Trainer, "train_step", fail)
    window.ask(lambda runner: runner.enqueue(waiting(configs, 3, tiny_root)))
    assert codes(window) == ["queued-run-failed"]
    assert "g_loss" in str(window.heard.errors[0])
    assert (window.trainer.config.seed, window.trainer.step) == (5, 3)


@pytest.mark.parametrize("how", ["limit", "steps", "epochs"])
def test_whatever_else_ends_a_run_the_queue_goes_on(window: Window, tiny_root: Path, how: str):
    configs = [CONFIG.changed(seed=seed, epochs=int(how == "epochs")) for seed in (4, 5)]
    steps = 20 if how == "epochs" else 6  # an epoch has 16
    if how == "limit":
        window.ask(lambda runner: runner.set_limit(6, None))
    if how == "steps":
        window.runner.enqueue(waiting(configs, steps, tiny_root))
        window.runner.pause()
        window.ask(lambda runner: runner.step(Nets.BOTH, 9))
    else:
        window.ask(lambda runner: runner.enqueue(waiting(configs, steps, tiny_root)))
    assert codes(window) == []
    assert window.trainer.config.seed == 5
    assert window.trainer.step == (16 if how == "epochs" else 6)


def test_a_run_that_is_opened_meanwhile_has_the_queue_wait(window: Window, tiny_root: Path):
    configs = [CONFIG.changed(seed=seed) for seed in (4, 5)]
    window.runner.enqueue(waiting(configs, 3, tiny_root))
    window.ask(lambda runner: runner.new_run(CONFIG, "cpu", tiny_root))
    assert [run.config.seed for run in window.heard.status.queue] == [5]
    assert not window.heard.status.queue_goes
    window.train(5)
    assert len(window.heard.status.queue) == 1
    window.ask(lambda runner: runner.go_on_with_queue())
    assert (window.trainer.config.seed, window.trainer.step) == (5, 3)


def test_a_judgement_of_a_run_that_is_saved_is_in_the_list(window: Window, saved: Path):
    window.ask(lambda runner: runner.judged(window.trainer.run_id, 7.5))
    assert library.entry_of(saved).ratio == 7.5


def test_what_is_gone_is_deleted_once(window: Window, saved: Path, tiny_root: Path):
    window.ask(
        lambda runner: runner.new_run(CONFIG, "cpu", tiny_root), lambda runner: runner.delete(saved)
    )
    shutil.rmtree(saved)
    window.ask(lambda runner: runner.delete(saved))
    assert window.heard.dropped == [saved]
    assert not saved.exists()


def test_the_rival_is_copied_as_it_is(window: Window, saved: Path):
    window.ask(lambda runner: runner.try_value("g_lr", 0.01))
    window.train(1)
    rival = window.runner._rival
    window.runner._save(rival)
    window.train(2)
    folder = window.runner._homes.path(rival.run_id)
    window.ask(lambda runner: runner.duplicate(folder))
    copy = folder.with_name(f"{folder.name}-copy")
    assert checkpoint.read(copy / "last.pt")["step"] == rival.step == 6


def test_a_rival_that_fails_does_not_end_the_run_s_turn(
    window: Window, tiny_root: Path, monkeypatch
):
    configs = [CONFIG.changed(seed=seed) for seed in (4, 5)]
    window.runner.enqueue(waiting(configs, 9, tiny_root))
    window.runner._step()
    window.runner.try_value("g_lr", 0.01)
    monkeypatch.setattr(window.runner._rival.gradients, "_agreed", _fails)
    window.ask(lambda runner: runner.start())
    assert codes(window) == ["rival-failed"]
    assert (window.trainer.config.seed, window.trainer.step) == (4, 1)
    window.ask(lambda runner: runner.keep_a(), lambda runner: runner.start())
    assert (window.trainer.config.seed, window.trainer.step) == (5, 9)


def _fails(*_: object) -> None:
    raise StudioError(
        "non-finite", step=2, last=1, quantity="g_loss", net="G", rate="g_lr", value=1
    )


def test_health_is_saved_with_the_run(window: Window, saved: Path, tiny_root: Path):
    told = tuple(
        Diagnosis(state=state, step=step, reason=reason)
        for state, step, reason in ((State.LEARNING, 1, "learning"), (State.STUCK, 3, "still"))
    )
    run_id = window.trainer.run_id
    window.ask(lambda runner: runner.diagnosed(run_id, told))
    window.train(1)
    window.runner.close()
    again = Window(saved.parent, tiny_root)
    again.ask(lambda runner: runner.open(saved / "last.pt", "cpu", tiny_root))
    assert again.heard.runs[-1].diagnoses == told


def test_what_another_version_calls_health_keeps_no_run_from_opening(tiny, cpu, small):
    run = Trainer(CONFIG, tiny, cpu)
    known = Diagnosis(state=State.STUCK, step=3, reason="still")
    for told in ("no list", [known.to_dict(), {"state": "tired"}, 7, {}], None):
        content = checkpoint.content_of(run) | {"health": told}
        again = checkpoint.restore(content, Path("run.pt"), tiny, cpu)
        assert again.diagnoses == ((known,) if isinstance(told, list) else ())


def test_a_copy_of_another_program_s_run_writes_nothing_where_it_cannot_be_deleted(
    window: Window, saved: Path, tiny_root: Path
):
    window.runner.close()
    with RunFolder(saved):
        other = Window(saved.parent, tiny_root)
        other.ask(lambda runner: runner.open(saved / "last.pt", "cpu", tiny_root))
        before = sorted(saved.parent.iterdir())
        other.ask(lambda runner: runner.delete(saved))
        assert [error.code for error in other.heard.errors][-1] == "run-in-use"
        assert sorted(saved.parent.iterdir()) == before


def test_a_branch_knows_its_health_up_to_where_it_began(window: Window, monkeypatch):
    keep_every_step(monkeypatch)
    window.train(3)
    told = tuple(
        Diagnosis(state=state, step=step, reason=reason)
        for state, step, reason in ((State.LEARNING, 1, "learning"), (State.STUCK, 3, "still"))
    )
    run_id = window.trainer.run_id
    window.ask(lambda runner: runner.diagnosed(run_id, told), lambda runner: runner.rewind(2))
    assert window.trainer.diagnoses == told[:1]
