"""What if? Two runs by turns from one state: neither knows of the other."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from oracle import everything, same
from windowless import CONFIG, Window

from ganstudio.config import SETTINGS, SHAPING
from ganstudio.errors import ConfigError
from ganstudio.latent.notes import Bookmark, Notes
from ganstudio.training import what_if
from ganstudio.training.trainer import Trainer

VALUES = {
    "seed": 5,
    "batch_size": 8,
    "epochs": 3,
    "train_images": 100,
    "data_range": "[0, 1]",
    "objective": "hinge",
    "d_total": "mean",
    "info_weight": 0.5,
    "adversarial_share": 0.5,
    "r1": 0.1,
    "r2": 0.1,
    "gradient_penalty": 1.0,
    "penalty_every": 2,
    "weight_clip": 0.1,
    "instance_noise": 0.1,
    "translation": 0.1,
    "order": "simultaneous",
    "d_steps": 2,
    "g_lr": 0.01,
    "d_lr": 0.01,
    "beta1": 0.5,
    "beta2": 0.99,
    "lr_constant_steps": 2,
    "weight_decay": 0.01,
    "ema_decay": 0.0,
}


@pytest.fixture
def window(small, tiny_root, tmp_path, monkeypatch) -> Window:
    monkeypatch.setattr("ganstudio.training.threads.cores", lambda: 1)
    return Window(tmp_path / "runs", tiny_root)


@pytest.fixture
def compared(window: Window) -> Window:
    """Two runs by turns: the one at step 3, the other begun at its first."""
    window.train(1)
    try_value(window, "g_lr", 0.01)
    window.train(2)
    return window


def try_value(window: Window, name: str, value: object) -> None:
    window.ask(lambda runner: runner.try_value(name, value))


def test_every_setting_can_be_tried_or_shapes_the_networks():
    assert VALUES.keys() | set(SHAPING) == SETTINGS.keys()
    assert not VALUES.keys() & set(SHAPING)


@pytest.mark.parametrize("name", VALUES)
def test_a_is_the_run_that_was_not_branched(window: Window, tiny, cpu, name: str):
    alone = Trainer(CONFIG, tiny, cpu)
    window.train(3)
    try_value(window, name, VALUES[name])
    assert window.heard.errors == []
    window.train(4)
    for _ in range(7):
        alone.train_step()
    assert same(everything(window.trainer), everything(alone))


@pytest.mark.parametrize("name", VALUES)
def test_b_is_a_run_that_had_another_value_from_then_on(window: Window, tiny, cpu, name: str):
    window.train(3)
    start = everything(window.trainer)
    try_value(window, name, VALUES[name])
    rival = window.runner._rival
    begins = everything(rival)
    for part in ("step", "G", "D", "G_opt", "D_opt", "history"):
        assert same(begins[part], start[part]), part
    assert rival.parent == (window.trainer.run_id, 3)
    window.train(2)

    other = Trainer(CONFIG.changed(**{name: VALUES[name]}), tiny, cpu)
    other.load_state({**start, "seconds": 0.0, "history": None})
    for _ in range(2):
        other.train_step()
    found, expected = everything(rival), everything(other)
    del found["history"], expected["history"]
    assert same(found, expected)
    told = window.heard.status.rival
    assert (told.setting, told.value, told.step) == (name, VALUES[name], 3)
    assert len(told.history) == 5
    shared = window.trainer.history.array()[:, :3]
    assert np.array_equal(told.history.array()[:, :3], shared, equal_nan=True)


def test_an_average_can_begin_where_there_was_none(tiny, cpu):
    run = Trainer(CONFIG.changed(ema_decay=0), tiny, cpu)
    run.train_step()
    rival = what_if.branch(run, "ema_decay", 0.9, tiny)
    assert rival.ema is not None
    assert same(rival.ema.model.state_dict(), run.G.state_dict())


@pytest.mark.parametrize("name", SHAPING)
def test_what_shapes_the_networks_needs_a_new_run(window: Window, name: str):
    window.train(1)
    other = {"int": 9, "bool": True}.get(type(getattr(CONFIG, name)).__name__, "uniform")
    with pytest.raises(ConfigError, match="Begin a new run"):
        what_if.branch(window.trainer, name, other, window.trainer.dataset)
    assert window.heard.status.rival is None


def test_there_are_two_runs_at_most_and_another_value_is_another(window: Window):
    window.train(1)
    try_value(window, "g_lr", CONFIG.g_lr)
    try_value(window, "g_lr", 5.0)
    assert [error.code for error in window.heard.errors] == ["same-value", "out-of-range"]
    assert window.heard.status.rival is None
    try_value(window, "g_lr", 0.01)
    try_value(window, "d_lr", 0.01)
    assert [error.code for error in window.heard.errors[2:]] == ["rival-there"]
    assert window.heard.status.rival.setting == "g_lr"


def test_b_is_published_with_a(compared: Window):
    assert compared.heard.rivals[0].step == 1
    assert compared.heard.rivals[-1].step == 3
    assert compared.heard.rivals[-1].run_id == compared.heard.status.rival.run_id


def test_a_alone_is_kept(compared: Window):
    compared.runner._save(*compared.runner._trainers())
    a = compared.trainer
    folder = compared.runner._homes.path(compared.runner._rival.run_id)
    assert folder.name == "mlp-gelu-0-from-1"
    compared.ask(lambda runner: runner.keep_a())
    assert compared.trainer is a
    assert compared.heard.status.rival is None
    assert compared.heard.dropped == [folder], "whoever hears it deletes it"
    compared.train(1)
    assert (a.step, len(compared.heard.status.left)) == (4, 0)


def test_b_alone_is_kept_and_a_can_be_returned_to(compared: Window):
    a, b = compared.trainer, compared.runner._rival
    compared.ask(lambda runner: runner.keep_b())
    assert compared.trainer is b
    assert compared.heard.status.rival is None
    assert [left.run_id for left in compared.heard.status.left] == [a.run_id]
    compared.ask(lambda runner: runner.return_to(a.run_id))
    assert compared.trainer is a
    assert compared.heard.errors == []


def test_both_are_kept(compared: Window):
    a, b = compared.trainer, compared.runner._rival
    compared.ask(lambda runner: runner.keep_both())
    assert compared.trainer is a
    assert [left.run_id for left in compared.heard.status.left] == [b.run_id]
    assert not compared.heard.status.left[0].unsaved


def test_nothing_is_lost_where_another_run_is_opened(window: Window, tiny_root: Path):
    window.train(1)
    try_value(window, "g_lr", 0.01)
    window.train(1)
    ids = {window.trainer.run_id, window.runner._rival.run_id}
    window.ask(lambda runner: runner.new_run(CONFIG, "cpu", tiny_root))
    assert {left.run_id for left in window.heard.status.left} == ids
    assert window.heard.status.rival is None


def test_b_fails_alone(window: Window):
    window.train(2)
    try_value(window, "g_lr", 0.01)
    b = window.runner._rival
    b.gradients.objective = replace(b.objective, g_loss=lambda logits: logits.mean() * math.nan)
    before = everything(b)
    window.train(3)
    (error,) = window.heard.errors
    assert error.code == "rival-failed"
    assert "This is B" in str(error)
    assert "g_loss of G is not finite" in str(error)
    assert same(everything(b), before)
    assert window.trainer.step == 2, "A is as it was"
    window.ask(lambda runner: runner.keep_a())
    window.train(2)
    assert window.trainer.step == 4


def test_closing_saves_both(window: Window):
    window.train(1)
    try_value(window, "g_lr", 0.01)
    window.train(1)
    homes, b = window.runner._homes, window.runner._rival
    window.runner.close()
    for trainer in (window.trainer, b):
        assert (homes.path(trainer.run_id) / "last.pt").exists()


def test_what_is_saved_of_b_can_be_opened_beside_it(window: Window):
    window.train(1)
    try_value(window, "g_lr", 0.01)
    window.train(1)
    b = window.runner._rival
    window.runner._save(b)
    window.train(2)
    path = window.runner._homes.path(b.run_id) / "last.pt"
    window.ask(lambda runner: runner.open(path, "cpu"))
    assert window.heard.errors == []
    assert window.trainer.step == 2
    assert window.trainer.parent == (b.run_id, 2)
    assert b.run_id in {left.run_id for left in window.heard.status.left}
    assert b.step == 4
    window.train(2)
    assert window.heard.errors == []


def test_b_goes_on_with_the_images_of_its_own_seed(tiny, cpu, tmp_path: Path, tiny_root, small):
    window = Window(tmp_path / "few", tiny_root, CONFIG.changed(train_images=100))
    window.train(1)
    try_value(window, "seed", 5)
    b = window.runner._rival
    expected = Trainer(CONFIG.changed(train_images=100, seed=5), tiny, cpu).dataset.train
    assert np.array_equal(b.dataset.train, expected)


def test_on_all_images_another_seed_has_them_read_no_second_time(window: Window, monkeypatch):
    window.train(1)
    monkeypatch.setattr(window.runner._openings, "dataset", None)
    try_value(window, "seed", 5)
    assert window.runner._rival.dataset is window.trainer.dataset


def test_b_has_what_was_noted_while_both_were_compared(compared: Window):
    a = compared.trainer
    z = np.zeros(a.latent.dim, np.float32)
    notes = Notes(bookmarks=(Bookmark(name="seven", z=z, latent=a.latent),))
    compared.ask(lambda runner: runner.note(a.run_id, notes))
    compared.ask(lambda runner: runner.keep_b())
    assert compared.heard.runs[-1].notes == compared.trainer.notes == notes


def test_what_is_changed_meanwhile_is_changed_of_both(window: Window):
    window.train(1)
    try_value(window, "beta1", 0.5)
    window.ask(lambda runner: runner.change(g_lr=0.0005))
    rates = [one.G_opt.lr for one in (window.trainer, window.runner._rival)]
    window.train(1)
    rates += [one.G_opt.lr for one in (window.trainer, window.runner._rival)]
    assert rates == [0.0005] * 4


def test_what_is_tried_stays_what_it_is(window: Window):
    window.train(1)
    try_value(window, "g_lr", 0.01)
    window.ask(lambda runner: runner.change(g_lr=0.0005, d_lr=0.0007))
    a, b = window.trainer.config, window.runner._rival.config
    assert (a.g_lr, a.d_lr, b.g_lr, b.d_lr) == (0.0005, 0.0007, 0.01, 0.0007)


def test_b_waits_for_a_where_a_fails(compared: Window):
    a, b = compared.trainer, compared.runner._rival
    sound = a.gradients.objective
    a.gradients.objective = replace(sound, g_loss=lambda logits: logits.mean() * math.nan)
    compared.train(1)
    assert [error.code for error in compared.heard.errors] == ["non-finite"]
    assert (a.step, b.step) == (3, 4)
    a.gradients.objective = sound
    compared.train(2)
    assert (a.step, b.step) == (5, 5)
