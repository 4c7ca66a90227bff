import csv
import errno
import os
import re
import signal
from itertools import count
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from oracle import everything, interrupt_at, same
from PIL import Image

from ganstudio import atomic, images
from ganstudio.config import Config, load_config
from ganstudio.errors import StudioError
from ganstudio.training import checkpoint, headless, observer, run_folder
from ganstudio.training.limits import End, Limit
from ganstudio.training.observer import Observer
from ganstudio.training.trainer import Trainer

CONFIG = Config(model="mlp-gelu", batch_size=16, latent_dim=5, r1=0, epochs=0)
PER_EPOCH = 256 // 16

pytestmark = pytest.mark.usefixtures("small")


@pytest.fixture
def trainer(small, tiny_root) -> Trainer:
    return headless.new_trainer(CONFIG, "cpu", tiny_root)


def test_a_run_leaves_its_files(trainer, tmp_path):
    assert headless.train(trainer, tmp_path, Limit(steps=5)) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "config.toml", "history.csv", "history.rows", "last.pt", "run.lock",
        "samples-0000005.png", "step-0000005.pt",
    ]  # fmt: skip
    assert load_config(tmp_path / "config.toml") == CONFIG
    with (tmp_path / "history.csv").open(encoding="utf-8") as file:
        assert [line["step"] for line in csv.DictReader(file)] == ["1", "2", "3", "4", "5"]
    with Image.open(tmp_path / "samples-0000005.png") as picture:
        assert picture.size == (10 * 30 - 2, 10 * 30 - 2)
    contents = [checkpoint.read(tmp_path / name) for name in ("last.pt", "step-0000005.pt")]
    assert same(*contents)
    assert contents[0]["step"] == 5


def test_samples_come_as_often_as_is_asked_for(trainer, tmp_path, monkeypatch):
    save_png = images.save_png

    def once_full(sheet, path: Path) -> None:
        if "0000004" in path.name:
            raise StudioError("disk-full", path=path)
        save_png(sheet, path)

    monkeypatch.setattr(images, "save_png", once_full)
    every = headless.Every(sample=2)
    assert headless.train(trainer, tmp_path, Limit(steps=7), every) == 0
    found = sorted(path.name for path in tmp_path.glob("samples-*"))
    assert found == [f"samples-000000{step}.png" for step in (2, 6, 7)]


def test_the_loop_is_the_trainer(trainer, tiny, cpu, tmp_path):
    headless.train(trainer, tmp_path, Limit(steps=6))
    plain = Trainer(CONFIG, tiny, cpu)
    for _ in range(6):
        plain.train_step()
    assert same(everything(trainer), everything(plain))


def test_a_resumed_run_counts_all_steps(trainer, tiny_root, tmp_path):
    headless.train(trainer, tmp_path, Limit(steps=4))
    resumed = headless.resumed_trainer(tmp_path / "last.pt", "cpu", tiny_root)
    headless.train(resumed, tmp_path, Limit(steps=7))
    straight = headless.new_trainer(CONFIG, "cpu", tiny_root)
    headless.train(straight, tmp_path, Limit(steps=7))
    assert (resumed.step, resumed.run_id) == (7, trainer.run_id)
    assert same(everything(resumed), everything(straight))


def test_changes_of_health_are_told_and_written(trainer, tiny_root, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(Observer, "wait", 0.0)
    monkeypatch.setattr(observer, "LOOK_SECONDS", 0.0)
    for share in ("LOOK_SHARE", "LOOK_SHARE_MOST"):
        monkeypatch.setattr(observer, share, np.inf)  # so that every step is looked at
    trainer.change(d_steps=0)
    headless.train(trainer, tmp_path, Limit(steps=5))
    told = "D blind: D is not updated"
    assert f"step 2: {told}" in capsys.readouterr().err
    resumed = headless.resumed_trainer(tmp_path / "last.pt", "cpu", tiny_root)
    headless.train(resumed, tmp_path, Limit(steps=9))
    with (tmp_path / "health.csv").open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert [(line["step"], line["state"]) for line in lines] == [("2", "blind")]
    assert told in capsys.readouterr().err, "who goes on with the run is told again"
    assert lines[0]["numbers"].startswith("d_steps=0; seen=")
    assert lines[0]["why"].startswith("D is not updated, so")


@pytest.mark.parametrize("steps", [4, 3])
def test_nothing_to_do_is_said(steps: int, trainer, tiny_root, tmp_path):
    headless.train(trainer, tmp_path, Limit(steps=4))
    resumed = headless.resumed_trainer(tmp_path / "last.pt", "cpu", tiny_root)
    with pytest.raises(StudioError) as caught:
        headless.train(resumed, tmp_path, Limit(steps=steps))
    assert caught.value.fields == {"step": 4, "asked": steps}


@pytest.mark.parametrize(
    ("config", "limit", "steps"),
    [
        ({}, Limit(), None),
        ({}, Limit(minutes=1), None),
        ({"epochs": 3}, Limit(minutes=1), None),
        ({"epochs": 3}, Limit(), 3 * PER_EPOCH),
        ({"epochs": 3}, Limit(epochs=1.5), 24),
        ({"epochs": 3}, Limit(steps=7), 7),
        ({"epochs": 3, "d_steps": 5}, Limit(), 10),
        ({"epochs": 1, "d_steps": 0}, Limit(), PER_EPOCH),
    ],
)
def test_total_steps(config: dict, limit: Limit, steps: int | None, tiny, cpu):
    trainer = Trainer(CONFIG.changed(**config), tiny, cpu)
    assert limit.end(trainer).total_steps(trainer, trainer.config.d_steps) == steps


@pytest.mark.parametrize("k", [0, 1, 3])
@pytest.mark.parametrize("order", ["d-first", "g-first-shared"])
@pytest.mark.parametrize("recipe", [{}, {"model": "aae"}, {"objective": "relativistic"}])
def test_epochs_end_where_they_should(recipe, order: str, k: int, tiny_root, tmp_path, capsys):
    """Whatever a step takes of the images; where it takes none, it counts as a batch."""
    config = CONFIG.changed(batch_size=17, d_steps=k, order=order, **recipe)
    trainer = headless.new_trainer(config, "cpu", tiny_root)
    headless.train(trainer, tmp_path, Limit(epochs=1))
    taken = trainer.real.count // trainer.step
    assert 15 <= (trainer.real.count if taken else trainer.step) < 15 + max(1, taken)
    last = trainer.step
    assert f"{last}/{last}" in capsys.readouterr().err.splitlines()[-1].rpartition("\r")[2]


def test_the_recipes_length_is_kept_after_resuming(tiny, cpu):
    trainer = Trainer(CONFIG.changed(epochs=2), tiny, cpu)
    for _ in range(5):
        trainer.train_step()
    assert Limit().end(trainer).total_steps(trainer, 1) == 2 * PER_EPOCH


def test_minutes_end_a_run(trainer, tmp_path):
    headless.train(trainer, tmp_path, Limit(minutes=1e-9))
    assert trainer.step == 1


@pytest.mark.parametrize(("k", "kept"), [(1, [16, 32, 40]), (3, [6, 11, 16, 20]), (0, [20])])
def test_checkpoints_are_kept_every_so_many_epochs(k, kept, tiny_root, tmp_path, monkeypatch):
    monkeypatch.setattr(headless, "KEEP_EPOCHS", 1)
    trainer = headless.new_trainer(CONFIG.changed(d_steps=k), "cpu", tiny_root)
    headless.train(trainer, tmp_path, Limit(steps=kept[-1]))
    assert sorted(tmp_path.glob("step-*.pt")) == [tmp_path / f"step-{n:07d}.pt" for n in kept]


def test_a_minute_later_all_is_saved(trainer, tmp_path, monkeypatch):
    monkeypatch.setattr(headless, "SAVE_SECONDS", -1.0)
    monkeypatch.setattr(headless, "SAVE_SHARE", 1e9)
    headless.train(trainer, tmp_path, Limit(steps=3))
    assert [path.name for path in sorted(tmp_path.glob("samples-*.png"))] == [
        f"samples-{step:07d}.png" for step in (1, 2, 3)
    ]


def test_ctrl_c_saves_and_ends(trainer, tmp_path, monkeypatch):
    before = signal.getsignal(signal.SIGINT)
    interrupt_at(monkeypatch, {3: 1})
    assert headless.train(trainer, tmp_path, Limit(steps=100)) == signal.SIGINT
    assert checkpoint.read(tmp_path / "last.pt")["step"] == trainer.step == 3
    assert (tmp_path / "step-0000003.pt").exists()
    assert signal.getsignal(signal.SIGINT) is before


def test_a_second_ctrl_c_ends_at_once_and_saves_too(trainer, tmp_path, monkeypatch):
    before = signal.getsignal(signal.SIGINT)
    interrupt_at(monkeypatch, {3: 2})
    with pytest.raises(KeyboardInterrupt):
        headless.train(trainer, tmp_path, Limit(steps=100))
    assert checkpoint.read(tmp_path / "last.pt")["step"] == 3
    assert signal.getsignal(signal.SIGINT) is before


def test_a_run_that_fails_is_saved_at_its_last_good_step(trainer, tmp_path):
    for _ in range(2):
        trainer.train_step()
    before = everything(trainer)
    with torch.no_grad():
        trainer.D[1].weight[0, 0] = torch.inf
    with pytest.raises(StudioError, match="is not finite"):
        headless.train(trainer, tmp_path, Limit(steps=9))
    content = checkpoint.read(tmp_path / "last.pt")
    assert content["step"] == 2
    assert same(content["G"], before["G"])


def test_a_folder_with_a_run_is_refused(tmp_path):
    run_folder.check(tmp_path / "a" / "b", resumed=None)
    last = tmp_path / "a" / "b" / "last.pt"
    last.touch()
    run_folder.check(last.parent, resumed=last)
    with pytest.raises(StudioError, match=f"--resume {last}") as caught:
        run_folder.check(last.parent, resumed=None)
    assert caught.value.code == "run-exists"
    elsewhere = tmp_path / "another" / "last.pt"
    with pytest.raises(StudioError, match="already holds a run"):
        run_folder.check(last.parent, resumed=elsewhere)


def test_a_file_in_the_folders_place_is_refused(tmp_path):
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "deeper"):
        with pytest.raises(StudioError) as caught:
            run_folder.check(place, resumed=None)
        assert caught.value.code == "not-a-folder"
        assert f"{tmp_path / 'file'} is a file, not a folder" in str(caught.value)


def test_a_full_disk_keeps_the_former_last_pt(trainer, tmp_path, monkeypatch):
    headless.train(trainer, tmp_path, Limit(steps=2))
    former = (tmp_path / "last.pt").read_bytes()
    calls = count()

    def full_after_config_toml(_file):
        if next(calls):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_after_config_toml)
    with pytest.raises(StudioError) as caught:
        headless.train(trainer, tmp_path, Limit(steps=4))
    assert "saved up to step 2; later steps are lost: there is no space" in str(caught.value)
    assert str(tmp_path / "last.pt") in str(caught.value)
    assert (tmp_path / "last.pt").read_bytes() == former
    assert not list(tmp_path.glob(".*.part"))


def refuse_to_write(monkeypatch, *names: str) -> None:
    """Have no space for the files of these names."""
    link, replace = os.link, Path.replace

    def refusing(original):
        def call(source, target):
            if Path(target).name.removeprefix(".").removesuffix(".part") in names:
                raise OSError(errno.ENOSPC, "No space left on device")
            return original(source, target)

        return call

    monkeypatch.setattr(os, "link", refusing(link))
    monkeypatch.setattr(Path, "replace", refusing(replace))


def test_where_nothing_of_a_run_can_be_saved_it_is_said(trainer, tmp_path, monkeypatch):
    refuse_to_write(monkeypatch, "last.pt")
    with pytest.raises(StudioError, match="Nothing of this run is saved: there is no space"):
        headless.train(trainer, tmp_path, Limit(steps=4))
    assert not list(tmp_path.glob("*.pt"))
    assert len((tmp_path / "history.csv").read_text().splitlines()) == 5  # that went through


@pytest.mark.parametrize("name", ["step-0000004.pt", "history.csv", "samples-0000004.png"])
def test_a_full_disk_loses_no_step_that_last_pt_has(name: str, trainer, tmp_path, monkeypatch):
    refuse_to_write(monkeypatch, name)
    with pytest.raises(StudioError, match="saved up to step 4, but not all") as caught:
        headless.train(trainer, tmp_path, Limit(steps=4))
    assert str(tmp_path / name) in str(caught.value)
    assert checkpoint.read(tmp_path / "last.pt")["step"] == 4
    others = {"last.pt", "step-0000004.pt", "history.csv", "samples-0000004.png"} - {name}
    others |= {"config.toml", "history.rows", "run.lock"}
    assert others == {path.name for path in tmp_path.iterdir()}


def test_a_kept_checkpoint_is_a_name_of_last_pt_and_stays(trainer, tiny_root, tmp_path):
    headless.train(trainer, tmp_path, Limit(steps=4))
    last, kept = tmp_path / "last.pt", tmp_path / "step-0000004.pt"
    assert kept.samefile(last)  # which takes no space
    resumed = headless.resumed_trainer(last, "cpu", tiny_root)
    headless.train(resumed, tmp_path, Limit(steps=7))
    assert [checkpoint.read(path)["step"] for path in (kept, last)] == [4, 7]
    assert (tmp_path / "step-0000007.pt").samefile(last)


def test_what_could_be_saved_in_the_end_is_not_told_as_lost(trainer, tmp_path, monkeypatch):
    full, write = [True], headless.Saving._history

    def full_once(self) -> None:
        if full.pop() if full else False:
            raise StudioError("disk-full", path=tmp_path / "history.csv")
        write(self)

    monkeypatch.setattr(headless.Saving, "_history", full_once)
    monkeypatch.setattr(headless, "SAVE_SECONDS", 0.0)
    with pytest.raises(StudioError, match=r"ended at step 1, because there is no space.*continue"):
        headless.train(trainer, tmp_path, Limit(steps=4))
    assert len((tmp_path / "history.csv").read_text().splitlines()) == 2
    assert checkpoint.read(tmp_path / "last.pt")["step"] == 1


def test_both_are_told_that_training_failed_and_that_it_cannot_be_saved(
    trainer, tmp_path, monkeypatch, capsys
):
    refuse_to_write(monkeypatch, "last.pt")
    fails = StudioError("non-finite", quantity="loss", net="G", step=1, last=0, rate="", value=1)
    monkeypatch.setattr(trainer, "train_step", Mock(side_effect=fails))
    with pytest.raises(StudioError, match="Nothing of this run is saved: there is no space"):
        headless.train(trainer, tmp_path, Limit(steps=4))
    assert str(fails) in capsys.readouterr().err


def test_a_checkpoint_is_copied_where_there_are_no_second_names(tmp_path, monkeypatch):
    path, name = tmp_path / "last.pt", tmp_path / "step-4.pt"
    path.write_bytes(b"new")
    name.write_bytes(b"old")
    monkeypatch.setattr(os, "link", Mock(side_effect=PermissionError(errno.EPERM, "no links")))
    with monkeypatch.context() as full:
        full.setattr(os, "fsync", Mock(side_effect=OSError(errno.ENOSPC, "No space")))
        with pytest.raises(StudioError, match="disk"):
            atomic.keep(path, name)
    assert name.read_bytes() == b"old"
    atomic.keep(path, name)
    assert name.read_bytes() == b"new"
    assert not name.samefile(path)
    assert {path, name} == set(tmp_path.iterdir())


def test_a_second_name_takes_the_place_of_an_older_file(tmp_path):
    path, name = tmp_path / "last.pt", tmp_path / "step-4.pt"
    path.write_bytes(b"new")
    name.write_bytes(b"old")
    for _ in range(2):
        atomic.keep(path, name)
        assert name.samefile(path)
        assert {path, name} == set(tmp_path.iterdir())


def test_samples_are_one_sequence_in_any_batches(trainer, tmp_path, monkeypatch):
    headless.train(trainer, tmp_path, Limit(steps=2))
    path = tmp_path / "last.pt"
    whole = headless.sample(path, 25, seed=3)
    assert (whole.shape, whole.dtype) == ((25, 1, 28, 28), np.uint8)
    monkeypatch.setattr(headless, "SAMPLE_BATCH", 7)
    parts = headless.sample(path, 25, seed=3)
    assert np.abs(parts.astype(int) - whole).max() <= 1  # other sums, one grey level at most
    assert not np.array_equal(headless.sample(path, 25, seed=4), whole)


def test_samples_come_from_the_average(trainer, cpu, tmp_path):
    headless.train(trainer, tmp_path, Limit(steps=30))
    z = trainer.latent.sample(4, headless.generator(0, headless.Stream.SAMPLES))
    with torch.no_grad():
        averaged, latest = trainer.ema.model(torch.from_numpy(z)), trainer.G(torch.from_numpy(z))
    drawn = headless.sample(tmp_path / "last.pt", 4, seed=0) / 255
    assert np.abs(drawn - averaged.numpy()).max() < 0.002 + 1e-3
    assert np.abs(drawn - latest.numpy()).max() > 0.02


def test_going_on_from_an_earlier_step_does_not_overwrite_a_later_one(trainer, tiny_root, tmp_path):
    headless.train(trainer, tmp_path, Limit(steps=4))
    early, last = tmp_path / "step-0000004.pt", tmp_path / "last.pt"
    run_folder.check(tmp_path, resumed=early, run_id=trainer.run_id, step=4)
    headless.train(trainer, tmp_path, Limit(steps=9))
    with pytest.raises(StudioError, match=f"last.pt is at step 9.*--resume {last}") as caught:
        run_folder.check(tmp_path, resumed=early, run_id=trainer.run_id, step=4)
    assert caught.value.code == "run-goes-further"
    run_folder.check(tmp_path, resumed=last, step=9)
    run_folder.check(tmp_path / "another", resumed=early, run_id=trainer.run_id, step=4)
    last.write_bytes(last.read_bytes()[:5000])
    run_folder.check(
        tmp_path, resumed=early, run_id=trainer.run_id, step=4
    )  # the way back from a damaged one


@pytest.mark.parametrize(
    "limit", [(End(steps=100), None), (End(seconds=600), 10.0)], ids=["steps", "minutes"]
)
def test_the_first_losses_show_at_once(limit, trainer, capsys):
    """The bar is drawn every 10 seconds where there is no terminal; they do not wait for that."""
    trainer.train_step()
    trainer.drain()  # a resumed run has a history
    with headless.Progress(trainer, *limit) as progress:
        trainer.train_step()
        trainer.drain()
        progress.step_done()
        assert f"real_loss={trainer.history.column('real_loss')[-1]:.3f}" in capsys.readouterr().err


@pytest.mark.parametrize("limit", [Limit(steps=30), Limit(minutes=0.005)], ids=["steps", "minutes"])
def test_the_line_that_stays_tells_of_the_last_step(limit, trainer, tmp_path, capsys):
    headless.train(trainer, tmp_path, limit)
    line = capsys.readouterr().err.splitlines()[-1].rpartition("\r")[2]
    assert f"real_loss={trainer.history.column('real_loss')[-1]:.3f}" in line
    assert f"g_loss={trainer.history.column('g_loss')[-1]:.3f}" in line
    assert "images/s=0" not in line
    assert f"step={trainer.step:,}" in line or f"{trainer.step}/{trainer.step}" in line
    assert "/ step" not in line


@pytest.mark.parametrize(
    ("recipe", "losses"),
    [
        ({"objective": "relativistic"}, {"real_loss", "g_loss"}),
        ({"objective": "relativistic", "d_steps": 0}, {"g_loss"}),
        ({"model": "aae"}, {"real_loss", "fake_loss", "g_loss", "reconstruction_loss"}),
    ],
)
def test_only_losses_that_there_are_show(recipe, losses: set[str], tiny_root, capsys):
    trainer = headless.new_trainer(CONFIG.changed(**recipe), "cpu", tiny_root)
    with headless.Progress(trainer, End(steps=100), None) as progress:
        trainer.train_step()
        trainer.drain()
        progress.step_done()
        shown = capsys.readouterr().err
    assert set(re.findall(r"(\w+_loss)=", shown)) == losses
    assert "nan" not in shown


def test_a_resumed_run_tells_no_step_twice(trainer, tiny_root, tmp_path):
    """It was at step 6 when it was cut short, and saved at step 4."""
    headless.train(trainer, tmp_path, Limit(steps=4))
    rows = {
        "quality.csv": ["step,n", "2,40", "4,40", "6,40"],
        "health.csv": ["step,state,why,numbers", '3,blind,"this, so",d_steps=0', "5,learning,,"],
    }
    for name, lines in rows.items():
        (tmp_path / name).write_text("\n".join([*lines, ""]))
    foreign = tmp_path / "elsewhere" / "quality.csv"
    foreign.parent.mkdir()
    foreign.write_text("10,20\n")
    for out in (tmp_path, foreign.parent):
        resumed = headless.resumed_trainer(tmp_path / "step-0000004.pt", "cpu", tiny_root)
        headless.train(resumed, out, Limit(steps=5))
    for name, lines in rows.items():
        assert (tmp_path / name).read_text().splitlines() == lines[:-1]
    assert foreign.read_text() == "10,20\n"
