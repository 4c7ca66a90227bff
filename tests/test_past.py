"""A run's past: which steps are kept, where, and that a run goes on from them as it did."""

import itertools
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from oracle import everything, same
from PIL import Image
from windowless import CONFIG, Window, keep_every_step

from ganstudio import library
from ganstudio.errors import StudioError
from ganstudio.latent.trail import MOST_FILM, MOST_PAST, FilmTrail, PastTrail
from ganstudio.library import Moment
from ganstudio.training import checkpoint, headless, history_file, past
from ganstudio.training.history_file import HistoryWriter
from ganstudio.training.limits import Limit
from ganstudio.training.past import Past
from ganstudio.training.status import Phase


@pytest.fixture
def window(small, tiny_root, tmp_path, monkeypatch) -> Window:
    monkeypatch.setattr("ganstudio.training.threads.cores", lambda: 1)
    keep_every_step(monkeypatch)
    return Window(tmp_path / "runs", tiny_root)


@pytest.fixture
def pictures(tiny, tmp_path: Path) -> Path:
    """A folder of images."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i, image in enumerate(tiny.train[:80]):
        Image.fromarray(image[0]).save(folder / f"{i:02d}.png")
    return folder


def moments(steps, nbytes: int = 1) -> list[Moment]:
    return [Moment(step=step, path=Path(f"{step}"), nbytes=nbytes) for step in steps]


def test_steps_are_dense_lately_and_in_the_beginning() -> None:
    trail = PastTrail()
    for moment in moments(range(0, 100_000, 7)):
        trail.add(moment)
    steps = [moment.step for moment in trail.snapshots]
    assert (len(steps), steps[0], steps[-1]) == (MOST_PAST, 0, 99_995)
    gaps = [b - a for a, b in itertools.pairwise(steps)]
    middle = gaps[len(gaps) // 2]
    assert max(gaps[:30]) < middle / 5
    assert max(gaps[-30:]) < middle / 5


def test_large_ones_take_no_more_than_their_room() -> None:
    trail = PastTrail()
    for moment in moments(range(100), nbytes=100 << 20):
        trail.add(moment)
    assert len(trail.snapshots) == 5
    assert sum(moment.nbytes for moment in trail.snapshots) <= 500 << 20


def test_a_film_is_mostly_of_the_beginning() -> None:
    trail = FilmTrail()
    for moment in moments(range(0, 10_000, 50), nbytes=1 << 30):
        trail.add(moment)
    steps = [moment.step for moment in trail.snapshots]
    assert len(steps) == MOST_FILM
    assert sum(step < 1000 for step in steps) >= len(steps) / 4


def test_every_moment_is_kept_in_the_run_s_folder(window: Window) -> None:
    window.train(4)
    folder = window.heard.status.folder
    assert window.kept() == [0, 1, 2, 3, 4]
    for moment in window.heard.status.moments:
        assert moment.path.parent == folder / "past"
        assert moment.nbytes == moment.path.stat().st_size
        content = checkpoint.read(moment.path)
        assert content["step"] == moment.step
        assert content["history"] is None
    assert {path.name for path in (folder / "past").iterdir()} == {
        f"{step:07d}.pt" for step in range(5)
    }


def test_what_is_thinned_is_no_longer_on_the_disk(window: Window, monkeypatch) -> None:
    monkeypatch.setattr(PastTrail, "most", 6)
    window.ask(lambda runner: runner.look_back(7))
    window.train(40)
    folder = window.heard.status.folder / "past"
    kept = window.kept()
    assert len(kept) == 6
    assert {0, 7, 40} <= set(kept), "that which a person looks at is spared"
    assert sorted(int(path.stem) for path in folder.iterdir()) == kept


def test_a_moment_is_due_after_a_while(window: Window, monkeypatch) -> None:
    monkeypatch.setattr(past, "SECONDS", 1e6)
    window.train(5)
    assert window.kept() == []
    assert window.heard.status.folder is None, "nothing was written"


def test_a_rewound_run_is_the_run_it_was(window: Window) -> None:
    window.train(10)
    first, run_id = everything(window.trainer), window.trainer.run_id
    history = window.trainer.history.array()
    window.ask(lambda runner: runner.rewind(4))
    assert window.heard.errors == []
    branch = window.trainer
    assert branch.run_id != run_id
    assert branch.parent == window.heard.runs[-1].parent == (run_id, 4)
    assert (branch.step, len(branch.history)) == (4, 4)
    assert np.array_equal(branch.history.array(), history[:, :4], equal_nan=True)
    assert window.kept() == [0, 1, 2, 3, 4]
    assert not window.heard.status.unsaved
    assert window.heard.status.folder is None, "what is not trained leaves nothing"

    window.train(6)
    assert same(everything(branch), first)
    assert window.heard.status.folder.name == "mlp-gelu-0-from-4"
    assert window.kept() == list(range(11))
    saved = checkpoint.content_of(branch)
    assert saved["parent"] == [run_id, 4]

    window.ask(lambda runner: runner.return_to(run_id))
    assert window.trainer.run_id == run_id
    assert window.trainer.step == 10
    assert window.kept() == list(range(11))


def test_a_branch_keeps_its_past_when_the_other_run_s_folder_is_gone(window: Window) -> None:
    window.train(6)
    first = window.heard.status.folder
    window.ask(lambda runner: runner.rewind(3))
    window.train(1)
    second = window.heard.status.folder
    assert second != first
    for path in (first / "past").iterdir():
        path.unlink()
    window.ask(lambda runner: runner.rewind(2))
    assert window.heard.errors == []
    assert window.trainer.step == 2
    assert window.heard.status.name == f"{first.name}-from-2"


def test_a_step_that_is_not_kept_is_refused_and_nothing_changes(window: Window) -> None:
    window.train(3)
    before = window.trainer
    window.ask(lambda runner: runner.rewind(77))
    assert [error.code for error in window.heard.errors] == ["moment-gone"]
    assert window.trainer is before


def test_a_damaged_moment_is_named_and_the_run_stays(window: Window) -> None:
    window.train(3)
    before, moment = window.trainer, window.heard.status.moments[1]
    moment.path.write_bytes(moment.path.read_bytes()[:1000])
    window.ask(lambda runner: runner.rewind(1))
    (error,) = window.heard.errors
    assert error.code == "damaged-checkpoint"
    assert error.fields["path"] == moment.path
    assert window.trainer is before
    assert window.heard.status.phase is Phase.PAUSED


def test_the_past_is_there_when_the_run_is_opened_again(
    window: Window, tiny_root: Path, tmp_path: Path
) -> None:
    window.train(4)
    folder = window.heard.status.folder
    window.train(1)
    window.runner.close()
    again = Window(tmp_path / "runs", tiny_root)
    again.ask(lambda runner: runner.open(folder / "last.pt", "cpu", tiny_root))
    assert again.heard.errors == []
    assert again.kept() == list(range(6))
    again.train(1)
    assert again.kept() == list(range(7))
    assert again.heard.status.folder == folder


@pytest.fixture
def cut_short(window: Window) -> Path:
    """A run whose program ended at step 7, before it was saved once more than at step 2."""
    window.train(2)
    folder = window.heard.status.folder
    window.ask(lambda runner: runner.finish())
    last, note = ((folder / name).read_bytes() for name in ("last.pt", "run.json"))
    window.train(5)
    window.runner.close()
    (folder / "last.pt").write_bytes(last)
    (folder / "run.json").write_bytes(note)
    assert checkpoint.read(folder / "last.pt")["step"] == 2
    return folder


def opened(folder: Path, tiny_root: Path) -> Window:
    again = Window(folder.parent, tiny_root)
    again.ask(lambda runner: runner.open(folder / "last.pt", "cpu", tiny_root))
    assert again.heard.errors == []
    return again


def test_a_run_that_was_cut_short_goes_on_from_its_newest_moment(
    window: Window, cut_short: Path, tiny_root: Path
) -> None:
    again = opened(cut_short, tiny_root)
    assert again.trainer.run_id == window.trainer.run_id
    assert same(everything(again.trainer), everything(window.trainer))
    whole = window.trainer.history.array()
    assert np.array_equal(again.trainer.history.array(), whole, equal_nan=True)
    assert not again.heard.status.unsaved
    assert checkpoint.read(cut_short / "last.pt")["step"] == 7
    assert again.kept() == list(range(8))
    window.train(3)
    again.train(3)
    assert same(everything(again.trainer), everything(window.trainer))


def test_where_the_newest_moment_is_damaged_the_one_before_is_taken(
    cut_short: Path, tiny_root: Path
) -> None:
    path = cut_short / "past" / "0000007.pt"
    path.write_bytes(path.read_bytes()[:1000])
    assert opened(cut_short, tiny_root).trainer.step == 6


def test_a_moment_that_cannot_be_restored_leaves_last_pt(cut_short: Path, tiny_root: Path) -> None:
    path = cut_short / "past" / "0000007.pt"
    content = checkpoint.read(path)
    next(iter(content["G"].values()))[:] = torch.inf
    checkpoint.write(content, path)
    assert opened(cut_short, tiny_root).trainer.step == 2


def test_moments_of_a_future_that_was_lost_are_not_taken_for_this_one_s(
    cut_short: Path, tiny_root: Path
) -> None:
    (cut_short / history_file.NAME).unlink()  # so it goes on from step 2
    trainer = headless.resumed_trainer(cut_short / "last.pt", "cpu", tiny_root)
    assert trainer.step == 2
    trainer.change(g_lr=0.05)
    for _ in range(8):
        trainer.train_step()
    trainer.drain()
    HistoryWriter(cut_short, trainer.run_id).append(trainer.history)  # and then it is killed
    content = checkpoint.read(cut_short / "last.pt")
    assert past.newest(cut_short, content) is content


def test_without_a_window_later_moments_are_forgotten_where_the_run_goes_on(
    cut_short: Path, tiny_root: Path
) -> None:
    (cut_short / history_file.NAME).unlink()
    trainer = headless.resumed_trainer(cut_short / "last.pt", "cpu", tiny_root)
    headless.train(trainer, cut_short, Limit(steps=3))
    assert [moment.step for moment in library.moments(cut_short)] == [0, 1, 2]


def test_a_run_of_another_folder_is_looked_at_and_nothing_comes_of_it(
    cut_short: Path, tiny_root: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "elsewhere" / "mine"
    shutil.copytree(cut_short, copy)
    shutil.rmtree(cut_short)
    window = Window(cut_short.parent, tiny_root)
    window.ask(lambda runner: runner.open(copy / "last.pt", "cpu", tiny_root))
    assert (window.heard.errors, window.trainer.step) == ([], 2)
    window.runner.close()
    assert list(cut_short.parent.iterdir()) == []
    assert max(moment.step for moment in library.moments(copy)) == 7


def test_a_moment_whose_numbers_are_lost_is_not_gone_on_from(
    cut_short: Path, tiny_root: Path
) -> None:
    path = cut_short / history_file.NAME
    path.write_bytes(path.read_bytes()[:-10])  # of step 7
    again = opened(cut_short, tiny_root)
    assert (again.trainer.step, len(again.trainer.history)) == (6, 6)


def test_later_steps_than_the_last_save_stay_until_the_run_goes_on(
    cut_short: Path, tiny_root: Path
) -> None:
    (cut_short / history_file.NAME).unlink()  # as in an older version's folder

    def on_disk() -> int:
        return max(int(path.stem) for path in (cut_short / "past").iterdir())

    again = opened(cut_short, tiny_root)
    assert again.trainer.step == 2
    assert max(again.kept()) <= 2
    assert on_disk() == 7, "to look at a run takes nothing from it"
    again.train(1)
    assert on_disk() == 3


def test_a_run_that_was_cut_short_goes_on_without_a_window(
    window: Window, cut_short: Path, tiny_root: Path
) -> None:
    trainer = headless.resumed_trainer(cut_short / "last.pt", "cpu", tiny_root)
    assert same(everything(trainer), everything(window.trainer))


def test_a_clock_that_is_set_back_loses_nothing(
    window: Window, tiny_root: Path, monkeypatch
) -> None:
    window.train(2)
    window.ask(lambda runner: runner.finish())
    folder = window.heard.status.folder
    monkeypatch.setattr(library, "now", lambda: "1999-12-31T23:59:59+00:00")
    monkeypatch.setattr("time.time", lambda: 0.0)
    window.train(3)
    window.runner.close()
    for path in folder.rglob("*"):  # written by that clock
        os.utime(path, (0, 0))
    ((found, entry),) = library.entries(folder.parent)
    assert (found, entry.step, entry.saved[:4]) == (folder, 5, "1999")
    again = opened(folder, tiny_root)
    assert same(everything(again.trainer), everything(window.trainer))
    assert again.kept() == list(range(6))
    again.train(1)
    assert again.heard.status.folder == folder
    assert again.kept() == list(range(7))


@pytest.mark.parametrize("left", [False, True])
def test_a_new_name_keeps_the_past(window: Window, tiny_root: Path, left: bool) -> None:
    window.train(4)
    run_id, folder = window.trainer.run_id, window.heard.status.folder
    if left:
        window.ask(lambda runner: runner.new_run(CONFIG, "cpu", tiny_root))
    window.ask(lambda runner: runner.rename(folder, "other"))
    if left:
        window.ask(lambda runner: runner.return_to(run_id))
    assert window.kept() == [0, 1, 2, 3, 4]
    assert {moment.path.parent for moment in window.heard.status.moments} == {
        folder.with_name("other") / "past"
    }
    window.ask(lambda runner: runner.rewind(2))
    assert window.heard.errors == []
    window.train(1)
    assert window.kept() == [0, 1, 2, 3]


def test_a_branch_finds_its_past_where_the_other_run_is_renamed(window: Window) -> None:
    window.train(4)
    folder = window.heard.status.folder
    window.ask(lambda runner: runner.rewind(2), lambda runner: runner.rename(folder, "other"))
    assert all(moment.path.exists() for moment in window.heard.status.moments)
    window.train(1)
    assert window.kept() == [0, 1, 2, 3]


def test_a_folder_that_was_removed_takes_its_past_along(window: Window) -> None:
    window.train(3)
    folder = window.heard.status.folder
    shutil.rmtree(folder)
    window.train(1)
    window.runner._save(window.trainer)
    window.train(1)
    assert window.heard.status.moments
    assert all(moment.path.exists() for moment in window.heard.status.moments)


def test_where_nothing_can_be_written_training_goes_on(window: Window, monkeypatch) -> None:
    def refuse(self: Past, *_: object) -> None:
        raise StudioError("disk-full", path=Path("past"), detail="full")

    monkeypatch.setattr(Past, "_write", refuse)
    window.train(5)
    assert window.trainer.step == 5
    assert window.kept() == []


def test_a_moment_is_read_as_a_snapshot_of_the_current_run(window: Window) -> None:
    window.train(3)
    path = window.heard.status.moments[2].path
    like = window.trainer.snapshot()
    whose, snapshot = past.read(path, like)
    assert whose == like.run_id == snapshot.run_id
    assert snapshot.step == 2
    content = checkpoint.read(path)
    for name, tensor in snapshot.G.items():
        assert torch.equal(tensor, content["G"][name])


def test_a_file_in_another_run_s_folder_has_nothing_of_its_past(
    window: Window, tmp_path: Path, tiny_root: Path
) -> None:
    window.train(3)
    other = window.runner._homes.path(window.trainer.run_id)
    window.ask(lambda runner: runner.new_run(CONFIG.changed(seed=9), "cpu", tiny_root))
    window.train(3)
    window.ask(lambda runner: runner.save(other / "mine.pt"))
    window.runner.close()
    again = Window(tmp_path / "runs", tiny_root)
    again.ask(lambda runner: runner.open(other / "mine.pt", "cpu", tiny_root))
    assert again.trainer.config.seed == 9
    assert again.kept() == []


def test_a_branch_s_file_in_its_parent_s_folder_has_the_past_that_they_share(
    window: Window, tmp_path: Path, tiny_root: Path
) -> None:
    window.train(4)
    parent = window.runner._homes.path(window.trainer.run_id)
    window.ask(lambda runner: runner.rewind(2))
    window.train(2)
    window.ask(lambda runner: runner.save(parent / "branch.pt"))
    window.runner.close()
    again = Window(tmp_path / "runs", tiny_root)
    again.ask(lambda runner: runner.open(parent / "branch.pt", "cpu", tiny_root))
    assert again.kept() == [0, 1, 2]


def test_the_way_back_is_open_where_the_images_have_moved(
    window: Window, tmp_path: Path, pictures: Path
) -> None:
    config = CONFIG.changed(dataset="folder")
    window.ask(lambda runner: runner.new_run(config, "cpu", pictures))
    window.train(2)
    was = everything(window.trainer)
    last = window.runner._homes.path(window.trainer.run_id) / "last.pt"
    window.runner.close()
    moved = pictures.rename(tmp_path / "moved")
    again = Window(tmp_path / "runs", moved, config)
    again.ask(lambda runner: runner.open(last, "cpu", moved), lambda runner: runner.rewind(1))
    assert again.heard.errors == []
    again.train(1)
    assert same(everything(again.trainer)["G"], was["G"])


def test_where_it_began_is_kept_with_the_first_save(
    window: Window, monkeypatch, tiny_root: Path
) -> None:
    monkeypatch.setattr(past, "SECONDS", 100.0)
    window.train(1)
    run = window.trainer.run_id
    window.ask(lambda runner: runner.new_run(CONFIG, "cpu", tiny_root))  # which saves what is left
    window.ask(lambda runner: runner.return_to(run))
    assert window.kept() == [0]
    assert window.runner._homes._past(run)._first is None


def test_a_branch_takes_its_past_along_where_its_parent_is_deleted(window: Window) -> None:
    window.train(4)
    parent = window.runner._homes.path(window.trainer.run_id)
    window.ask(lambda runner: runner.rewind(2))
    window.ask(lambda runner: runner.delete(parent))
    shutil.rmtree(parent)
    window.train(1)
    assert window.kept() == [0, 1, 2, 3]
    window.ask(lambda runner: runner.rewind(1))
    assert window.heard.errors == []


def test_a_moment_that_goes_while_they_are_listed_hides_no_other(
    window: Window, monkeypatch
) -> None:
    window.train(3)
    folder = window.runner._homes.path(window.trainer.run_id)
    found = list((folder / "past").iterdir())
    gone = folder / "past" / "0000009.pt"
    monkeypatch.setattr(Path, "iterdir", lambda _: iter([gone, *found]))
    assert [moment.step for moment in library.moments(folder)] == [0, 1, 2, 3]
