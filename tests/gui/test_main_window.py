"""The window as a whole: real threads, real training, real mouse and keyboard."""

import dataclasses
import html
import math
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hands import WAIT, handle
from PIL import Image
from PySide6.QtCore import QEvent, QMimeData, QPoint, QRect, QSettings, QSize, Qt, QTimer, QUrl
from PySide6.QtGui import QDropEvent, QImage, QScreen
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QDockWidget,
    QFileDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QMessageBox,
    QPushButton,
    QSlider,
    QToolButton,
    QWidget,
)

from ganstudio.errors import Phrase, StudioError
from ganstudio.gui import appearance
from ganstudio.gui.colours import is_dark
from ganstudio.gui.main_window import MainWindow
from ganstudio.gui.threads.evaluation_thread import EvaluationThread
from ganstudio.gui.threads.lanes import Job, Lane
from ganstudio.gui.threads.training_thread import NICENESS, TrainingThread
from ganstudio.gui.widgets.sample_grid import SampleGrid
from ganstudio.gui.widgets.seen import is_seen
from ganstudio.gui.widgets.work_bar import WorkBar
from ganstudio.training import checkpoint
from ganstudio.training.runner import Runner
from ganstudio.training.status import Phase
from ganstudio.training.threads import cores
from ganstudio.work import Work

LEFT = Qt.MouseButton.LeftButton


def wait_phase(qtbot, window: MainWindow, phase: Phase) -> None:
    """Wait for a phase; if it is training, until a step is made: before, a pause ends nothing."""

    def is_there() -> bool:
        status = window.session.status
        return status.phase is phase and (phase is not Phase.TRAINING or status.step > 0)

    qtbot.waitUntil(is_there, timeout=WAIT)


def step_in(folder: Path) -> int:
    """Return the step of the checkpoint that a run's folder has."""
    return int(checkpoint.read(folder / "last.pt")["step"])


def make_steps(qtbot, window: MainWindow, n: int) -> None:
    """Make `n` more steps and wait until the window knows."""
    target = window.session.status.step + n
    window.session.step("both", n)
    qtbot.waitUntil(
        lambda: (
            window.session.status.step == target and window.session.status.phase is Phase.PAUSED
        ),
        timeout=WAIT,
    )


def answer_box(button: QMessageBox.StandardButton) -> list[str]:
    """Click `button` in the next message box; the list receives its text."""
    texts: list[str] = []

    def click(box: QMessageBox) -> None:
        texts.append(box.text())
        box.button(button).click()

    look_at_box(click)
    return texts


def look_at_box(look: Callable[[QMessageBox], object]) -> None:
    """Do something with the next message box."""

    def wait() -> None:
        box = QApplication.activeModalWidget()
        if isinstance(box, QMessageBox):
            look(box)
        else:
            QTimer.singleShot(10, wait)

    QTimer.singleShot(0, wait)


def choose_file(monkeypatch: pytest.MonkeyPatch, path: Path | str) -> None:
    for name in ("getSaveFileName", "getOpenFileName"):
        monkeypatch.setattr(QFileDialog, name, lambda *_args, **_kwargs: (str(path), ""))


def drag_slider(qtbot, window: MainWindow, dim: int, pixels: int) -> None:
    slider = window.latent.findChild(QSlider, f"latent_slider_{dim}")
    at = handle(slider).center()
    qtbot.mousePress(slider, LEFT, pos=at)
    qtbot.mouseMove(slider, at + QPoint(pixels // 2, 0))
    qtbot.mouseMove(slider, at + QPoint(pixels, 0))
    qtbot.mouseRelease(slider, LEFT, pos=at + QPoint(pixels, 0))


def press_button(qtbot, window: MainWindow, name: str) -> None:
    qtbot.mouseClick(window.findChild(QAbstractButton, name), LEFT)


def picture(widget: QWidget) -> np.ndarray:
    image = widget.grab().toImage()
    return np.frombuffer(image.constBits(), np.uint8).copy()


def test_end_to_end(qtbot, open_window, monkeypatch, tmp_path: Path) -> None:
    """Train, drag, save, close while training, open again, resume."""
    window = open_window()
    qtbot.mouseClick(window.findChild(QPushButton, "start_card_button"), LEFT)  # torch still loads
    session = window.session
    qtbot.waitUntil(lambda: session.status.step >= 4, timeout=WAIT)
    assert session.status.phase is Phase.TRAINING

    view = window.latent.findChild(QWidget, "decoded_image")
    qtbot.waitUntil(lambda: len(set(picture(view).tolist())) > 2, timeout=WAIT)
    shown, z = picture(view), window.latent.exploration.state.z.copy()
    drag_slider(qtbot, window, 2, 40)
    moved = window.latent.exploration.state.z
    assert moved[2] > z[2]
    assert np.count_nonzero(moved != z) == 1
    qtbot.waitUntil(lambda: not np.array_equal(picture(view), shown), timeout=WAIT)
    assert session.status.phase is Phase.TRAINING

    window.losses.refresh()
    assert len(session.info.history) > 0

    path = tmp_path / "run.pt"
    choose_file(monkeypatch, path)
    with qtbot.waitSignal(session.saved, timeout=WAIT):
        window.actions_.by_name["save_as"].trigger()
    earlier = session.status.step
    window.close()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=WAIT)
    assert session.training.isFinished()
    assert session.decoding.isFinished()
    saved_step, folder = session.status.step, session.status.folder
    assert saved_step >= earlier

    again = open_window(folder / "last.pt")  # which closing has written
    wait_phase(qtbot, again, Phase.PAUSED)
    assert again.session.status.step == saved_step
    assert len(again.session.info.history) == saved_step
    make_steps(qtbot, again, 2)
    again.close()
    qtbot.waitUntil(lambda: not again.isVisible(), timeout=WAIT)
    assert step_in(folder) == saved_step + 2, "it goes on in its folder"

    other = open_window(path)
    wait_phase(qtbot, other, Phase.PAUSED)
    assert other.session.status.step <= saved_step
    qtbot.waitUntil(lambda: other.windowTitle() == "run.pt", timeout=WAIT)
    make_steps(qtbot, other, 1)
    qtbot.waitUntil(lambda: other.windowTitle() == "run", timeout=WAIT)
    assert other.session.status.folder == folder.with_name("run")


def test_f5_and_space_start_and_pause_but_a_button_keeps_its_space(qtbot, window) -> None:
    start = window.actions_.by_name["start"]
    qtbot.keyClick(window, Qt.Key.Key_Space)
    wait_phase(qtbot, window, Phase.TRAINING)
    assert start.text() == "Pause"
    start.trigger()
    wait_phase(qtbot, window, Phase.PAUSED)
    assert start.text() == "Start"
    button = window.findChild(QAbstractButton, "random_z")
    z = window.latent.exploration.state.z
    qtbot.keyClick(button, Qt.Key.Key_Space)
    assert not np.array_equal(window.latent.exploration.state.z, z)
    assert window.session.status.phase is Phase.PAUSED


def test_steps_of_one_net_show_in_the_latest_generator(qtbot, window) -> None:
    window.actions_.by_name["step_d"].trigger()
    qtbot.waitUntil(lambda: window.session.status.step == 1, timeout=WAIT)
    assert not window.samples.averaged()
    history = window.session.info.history
    assert math.isnan(history.column("g_loss")[0])
    assert math.isfinite(history.column("real_loss")[0])
    window.actions_.by_name["step_g"].trigger()
    qtbot.waitUntil(lambda: window.session.status.step == 2, timeout=WAIT)
    assert math.isnan(history.column("real_loss")[1])
    window.actions_.by_name["start"].trigger()
    wait_phase(qtbot, window, Phase.TRAINING)
    assert window.samples.averaged(), "as it was before the steps"


def test_a_learning_rate_is_halved_live_by_one_edit_and_undone(qtbot, window) -> None:
    field = next(
        widget
        for widget in window.experiment.findChildren(QAbstractSpinBox)
        if widget.accessibleName() == "D learning rate"
    )
    rate = window.session.info.config.d_lr
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, str(rate / 2))
    qtbot.keyClick(field, Qt.Key.Key_Return)
    make_steps(qtbot, window, 1)
    used: list[float] = []

    def look(runner) -> None:
        used.append(runner.trainer.D_opt.lr)

    window.session.training.post(look)
    qtbot.waitUntil(lambda: used == [rate / 2], timeout=WAIT)
    window.actions_.by_name["undo"].trigger()
    window.session.training.post(look)
    qtbot.waitUntil(lambda: used == [rate / 2, rate], timeout=WAIT)
    assert "from now on" in window.statusBar().currentMessage()
    assert float(field.text()) == rate


def test_start_over_is_undone_by_one_click(qtbot, window) -> None:
    make_steps(qtbot, window, 3)
    run_id = window.session.info.run_id
    z = window.latent.exploration.state.z.copy()
    window.actions_.by_name["start_over"].trigger()
    wait_phase(qtbot, window, Phase.READY)
    assert window.session.info.run_id != run_id
    assert np.array_equal(window.latent.exploration.state.z, z)
    undo = window.actions_.by_name["undo"]
    qtbot.waitUntil(lambda: undo.text() == "&Undo Start over", timeout=WAIT)
    qtbot.mouseClick(window.findChild(QAbstractButton, "undo_button"), LEFT)
    wait_phase(qtbot, window, Phase.PAUSED)
    assert window.session.info.run_id == run_id
    assert window.session.status.step == 3
    window.actions_.by_name["redo"].trigger()
    wait_phase(qtbot, window, Phase.READY)


def test_start_over_while_training_trains_on(qtbot, window) -> None:
    window.session.start()
    qtbot.waitUntil(lambda: window.session.status.step > 1, timeout=WAIT)
    run_id = window.session.info.run_id
    window.actions_.by_name["start_over_new_seed"].trigger()
    qtbot.waitUntil(lambda: window.session.info.run_id != run_id, timeout=WAIT)
    wait_phase(qtbot, window, Phase.TRAINING)


def test_a_clicked_sample_becomes_the_latent(qtbot, window) -> None:
    make_steps(qtbot, window, 1)
    window.samples.sample_chosen.emit(5)
    first = window.latent.exploration.state.z
    window.samples.sample_chosen.emit(6)
    assert not np.array_equal(window.latent.exploration.state.z, first)
    window.actions_.by_name["undo"].trigger()
    np.testing.assert_array_equal(window.latent.exploration.state.z, first)


def click_sample(qtbot, window: MainWindow, index: int) -> None:
    grid = window.samples.findChild(SampleGrid, "samples_grid")
    qtbot.waitUntil(lambda: len(grid.images()) > index, timeout=WAIT)
    qtbot.mouseClick(grid, LEFT, pos=grid.cell_rect(index).center())


def test_the_sample_whose_z_is_explored_is_framed(qtbot, window) -> None:
    make_steps(qtbot, window, 1)
    grid = window.samples.findChild(SampleGrid, "samples_grid")
    undo = window.actions_.by_name["undo"]
    for act in (
        lambda: press_button(qtbot, window, "random_z"),
        lambda: press_button(qtbot, window, "centre_z"),
        lambda: drag_slider(qtbot, window, 2, 40),
    ):
        click_sample(qtbot, window, 12)
        assert grid.marked() == 12
        act()
        assert grid.marked() is None
        undo.trigger()
        assert grid.marked() == 12


def test_a_click_on_a_sample_leaves_a_locked_dimension(qtbot, window) -> None:
    make_steps(qtbot, window, 1)
    press_button(qtbot, window, "latent_lock_5")
    z = window.latent.exploration.state.z
    click_sample(qtbot, window, 12)
    assert np.flatnonzero(window.latent.exploration.state.z == z).tolist() == [5]
    grid = window.samples.findChild(SampleGrid, "samples_grid")
    assert grid.marked() == 12, "but for what is locked, it is there"
    press_button(qtbot, window, "latent_lock_5")
    assert grid.marked() is None


def test_undoing_start_over_returns_z_and_locks_of_another_size(qtbot, window) -> None:
    press_button(qtbot, window, "latent_lock_5")
    drag_slider(qtbot, window, 2, 40)
    before, info = window.latent.exploration.state, window.session.info
    window.session.start_over(info.config.changed(latent_dim=8), "cpu")
    qtbot.waitUntil(lambda: len(window.latent.exploration.state.z) == 8, timeout=WAIT)
    qtbot.waitUntil(lambda: window.session.undo_stack.undoText() == "Start over", timeout=WAIT)
    press_button(qtbot, window, "random_z")
    window.actions_.by_name["undo"].trigger()
    window.actions_.by_name["undo"].trigger()
    qtbot.waitUntil(lambda: window.session.info.run_id == info.run_id, timeout=WAIT)
    assert window.latent.exploration.state == before
    window.actions_.by_name["undo"].trigger()
    assert window.latent.exploration.state != before, "the drag can be undone as well"
    assert window.latent.exploration.state.locked[5]


def test_training_gives_way_to_a_hand_on_a_slider(qtbot, open_window, monkeypatch) -> None:
    monkeypatch.setattr("ganstudio.training.threads.cores", lambda: 4)
    window = open_window()
    qtbot.waitUntil(lambda: window.session.status.phase is Phase.READY, timeout=WAIT)
    used: list[int] = []
    slider = window.latent.findChild(QSlider, "latent_slider_0")
    for act in (None, qtbot.mousePress, qtbot.mouseRelease):
        if act is not None:
            act(slider, LEFT, pos=slider.rect().center())
        window.session.training.post(lambda _runner: used.append(torch.get_num_threads()))
    qtbot.waitUntil(lambda: len(used) == 3, timeout=WAIT)
    assert used == [4, 3, 4]


def test_training_gives_way_to_a_judgement(qtbot, open_window, monkeypatch) -> None:
    monkeypatch.setattr("ganstudio.training.threads.cores", lambda: 4)
    asked: list[object] = []
    monkeypatch.setattr(
        EvaluationThread, "ask", lambda *arguments: asked.append(arguments) or Work()
    )
    window = open_window()
    qtbot.waitUntil(lambda: window.session.status.phase is Phase.READY, timeout=WAIT)
    used: list[int] = []
    for act in (lambda: None, window.quality.wanted.emit, window.session.evaluating.ended.emit):
        act()
        window.session.training.post(lambda _runner: used.append(torch.get_num_threads()))
    qtbot.waitUntil(lambda: len(used) == 3, timeout=WAIT)
    assert len(asked) == 1
    assert used == [4, 3, 4]


def test_what_lies_under_another_tab_waits_until_it_is_seen(qtbot, window) -> None:
    make_steps(qtbot, window, 3)
    scores, losses = window.scores.plot, window.losses.plot
    qtbot.waitUntil(lambda: losses.isVisibleTo(window.losses), timeout=WAIT)
    assert not scores.isVisibleTo(window.scores)  # the page that says when there will be curves
    window.findChild(QDockWidget, "scores_dock").raise_()
    qtbot.waitUntil(lambda: scores.isVisibleTo(window.scores), timeout=WAIT)


@pytest.mark.skipif(sys.platform != "linux", reason="only there niceness is a thread's")
def test_training_is_nicer_than_the_window(qtbot, window) -> None:
    own = os.getpriority(os.PRIO_PROCESS, 0)
    heard: list[int] = []
    window.session.training.post(
        lambda _runner: heard.append(os.getpriority(os.PRIO_PROCESS, 0))  # of its thread
    )
    qtbot.waitUntil(lambda: bool(heard), timeout=WAIT)
    assert heard == [min(own + NICENESS, 19)]  # nicer than 19 is nothing
    assert os.getpriority(os.PRIO_PROCESS, 0) == own


def test_hold_keeps_the_model_while_training_goes_on(qtbot, window, image_after) -> None:
    make_steps(qtbot, window, 1)
    hold = window.findChild(QAbstractButton, "hold")
    step = window.latent.findChild(QLabel, "decoded_step")
    qtbot.waitUntil(lambda: "1" in step.text(), timeout=WAIT)
    qtbot.mouseClick(hold, LEFT)
    make_steps(qtbot, window, 3)
    z = window.latent.exploration.state.z.copy()
    assert image_after(window, lambda: window.latent.exploration.image_wanted.emit(z)).step == 1
    assert "1" in step.text()
    assert image_after(window, lambda: qtbot.mouseClick(hold, LEFT)).step == 4


@pytest.mark.parametrize(
    "content", [b"", b"no checkpoint at all", b"PK\x03\x04 cut short"], ids=len
)
def test_a_bad_file_is_named_and_the_run_goes_on(qtbot, window, tmp_path, content) -> None:
    make_steps(qtbot, window, 2)
    run_id = window.session.info.run_id
    path = tmp_path / "bad.pt"
    path.write_bytes(content)
    window.files.open_file(path)
    qtbot.waitUntil(window.banner.isVisible, timeout=WAIT)
    assert str(path) in window.banner.findChild(QLabel, "banner_text").text()
    wait_phase(qtbot, window, Phase.PAUSED)
    assert window.session.info.run_id == run_id
    assert window.session.path is None
    make_steps(qtbot, window, 1)


def test_training_that_fails_says_why_and_keeps_the_last_good_step(qtbot, window) -> None:
    make_steps(qtbot, window, 2)

    def poison(runner) -> None:
        objective = runner.trainer.objective
        runner.trainer.gradients.objective = dataclasses.replace(
            objective, g_loss=lambda logits: logits.sum() * torch.nan
        )

    window.session.training.post(poison)
    window.session.start()
    qtbot.waitUntil(window.banner.isVisible, timeout=WAIT)
    wait_phase(qtbot, window, Phase.PAUSED)
    text = window.banner.findChild(QLabel, "banner_text").text()
    assert "step 3" in text
    assert "g_loss" in text
    assert window.session.status.step == 2
    assert window.session.training.snapshot.step == 2


def test_a_folder_that_cannot_be_written_loses_nothing(
    qtbot, window, monkeypatch, tmp_path
) -> None:
    make_steps(qtbot, window, 1)
    (tmp_path / "file").write_text("not a folder")
    choose_file(monkeypatch, tmp_path / "file" / "run.pt")
    window.actions_.by_name["save_as"].trigger()
    qtbot.waitUntil(window.banner.isVisible, timeout=WAIT)
    choose_file(monkeypatch, tmp_path / "run.pt")
    qtbot.mouseClick(window.findChild(QPushButton, "banner_action"), LEFT)
    qtbot.waitUntil((tmp_path / "run.pt").exists, timeout=WAIT)
    assert not window.banner.isVisible()


def test_undoing_a_start_over_and_a_live_edit_at_once_shows_what_runs(qtbot, window) -> None:
    session, field = window.session, window.experiment.findChild(QWidget, "setting_g_lr")
    before, run_id = field.value(), session.info.run_id
    field.stepBy(1)
    window.experiment.start_over()
    qtbot.waitUntil(lambda: session.undo_stack.count() == 2, timeout=WAIT)
    session.undo_stack.undo()
    session.undo_stack.undo()
    qtbot.waitUntil(lambda: session.info.run_id == run_id, timeout=WAIT)
    qtbot.waitUntil(lambda: field.value() == before, timeout=WAIT)
    rates: list[float] = []
    session.training.post(lambda runner: rates.append(runner.trainer.config.g_lr))
    qtbot.waitUntil(lambda: rates == [before], timeout=WAIT)


def test_a_name_without_suffix_replaces_no_file_unasked(
    qtbot, window, monkeypatch, tmp_path
) -> None:
    make_steps(qtbot, window, 1)
    (tmp_path / "run.2.pt").write_text("dear")
    choose_file(monkeypatch, tmp_path / "run.2")
    texts = answer_box(QMessageBox.StandardButton.No)
    window.files.save_as()
    assert "run.2.pt" in texts[0]
    assert (tmp_path / "run.2.pt").read_text() == "dear"


def test_runs_that_undo_cannot_reach_are_in_the_menu(qtbot, window) -> None:
    make_steps(qtbot, window, 2)
    session, menu = window.session, window.findChild(QMenu, "left_menu")
    menu.aboutToShow.emit()
    assert not menu.actions()[0].isEnabled()
    window.experiment.start_over()
    qtbot.waitUntil(session.undo_stack.canUndo, timeout=WAIT)
    make_steps(qtbot, window, 3)
    lost = session.info.run_id
    session.undo_stack.undo()
    qtbot.waitUntil(lambda: session.info.run_id != lost, timeout=WAIT)
    window.experiment.start_over()  # redo would have brought it back; no longer
    qtbot.waitUntil(lambda: len(session.status.left) == 2, timeout=WAIT)
    menu.aboutToShow.emit()
    action = next(a for a in menu.actions() if "step 3" in a.text())
    action.trigger()
    qtbot.waitUntil(lambda: session.info.run_id == lost, timeout=WAIT)
    qtbot.waitUntil(lambda: session.status.step == 3, timeout=WAIT)


@pytest.mark.parametrize("times", [1, 3])
def test_the_verdict_follows_a_change_of_run(qtbot, window, times: int) -> None:
    """The first verdict of a new run comes, however short ago the last was given."""
    session = window.session
    ranked: list[str] = []  # the runs whose images got a verdict
    session.decoding.image_drawn.connect(
        lambda drawn: (
            ranked.append(drawn.run_id) if drawn.rank is not None or not drawn.learned else None
        )
    )
    make_steps(qtbot, window, 1)
    qtbot.waitUntil(lambda: session.info.run_id in ranked, timeout=WAIT)
    before = session.info.run_id
    for _ in range(times):
        window.experiment.start_over()
    qtbot.waitUntil(lambda: session.undo_stack.count() == times, timeout=WAIT)
    assert session.info.run_id != before
    qtbot.waitUntil(lambda: session.info.run_id in ranked, timeout=WAIT)
    verdict = window.latent.findChild(QLabel, "verdict")
    qtbot.waitUntil(lambda: verdict.text() != "", timeout=WAIT)


def test_without_torch_the_window_says_so_and_promises_nothing(
    qtbot, open_window, monkeypatch
) -> None:
    monkeypatch.setitem(sys.modules, "ganstudio.training.runner", None)
    window = open_window()
    wait_phase(qtbot, window, Phase.NONE)
    qtbot.waitUntil(window.banner.isVisible, timeout=WAIT)
    window.actions_.by_name["start"].trigger()
    assert window.banner.isVisible()
    assert "no run" in window.findChild(QLabel, "state").text()
    works = window.findChild(WorkBar)
    qtbot.waitUntil(lambda: not works.isVisible(), timeout=WAIT)
    assert not window.actions_.by_name["step"].isEnabled()


def test_two_checkpoints_opened_at_once_keep_their_names(qtbot, window, tmp_path) -> None:
    session = window.session
    first, second = tmp_path / "first.pt", tmp_path / "second.pt"
    for path in (first, second):
        make_steps(qtbot, window, 1)
        session.save(path)
        window.actions_.by_name["start_over"].trigger()
        wait_phase(qtbot, window, Phase.READY)
    qtbot.waitUntil(lambda: session.undo_stack.count() == 2, timeout=WAIT)
    session.open(first)
    session.open(second)
    qtbot.waitUntil(lambda: session.undo_stack.count() == 4, timeout=WAIT)
    assert session.path == second
    session.undo_stack.undo()
    qtbot.waitUntil(lambda: session.path == first, timeout=WAIT)


def test_an_error_in_one_lane_leaves_what_another_answers(qtbot, window) -> None:
    decoder, failed = window.session.decoder, window.session.decoding.failed
    qtbot.waitUntil(lambda: not decoder._renewing, timeout=WAIT)
    window.samples.count_changed.emit(window.samples.count())
    failed.emit(Lane.REFERENCE, StudioError("unexpected", detail="no D"))
    assert "no D" in str(window.banner.error)
    assert Lane.GRID in decoder._renewing, "its pieces are still to come"
    failed.emit(Lane.GRID, StudioError("unexpected", detail="no G"))
    assert Lane.GRID not in decoder._renewing, "it can be asked for again"


def test_errors_in_the_background_are_told_once_and_stop_nothing(
    qtbot, window, monkeypatch
) -> None:
    monkeypatch.setattr(window.session.evaluating, "ask", lambda *_: Work())

    def fail(detail: str) -> None:
        window.session.decoding.failed.emit(Lane.IMAGE, StudioError("unexpected", detail=detail))

    window.files.closing = True  # once a save is done
    fail("a look")
    assert "a look" in str(window.banner.error)
    assert window.files.closing
    window.banner.dismiss()
    fail("a look")
    assert window.banner.error is None
    fail("another")
    assert "another" in str(window.banner.error)
    window.banner.dismiss()
    window.quality.wanted.emit()  # whoever asks is told again
    window.session.evaluating.failed.emit(StudioError("unexpected", detail="a look"))
    assert "a look" in str(window.banner.error)
    window.files.closing = False


def test_what_another_run_answers_is_dropped(qtbot, window) -> None:
    heard: list[np.ndarray] = []
    window.latent.sliders.z.set_effect = heard.append
    effect = np.ones(64, np.float32)
    window.session.decoding.effect_measured.emit("another", effect)
    assert not heard
    window.session.decoding.effect_measured.emit(window.session.info.run_id, effect)
    assert len(heard) == 1


def test_a_run_left_while_its_save_fails_comes_back(qtbot, window, tmp_path) -> None:
    make_steps(qtbot, window, 2)
    run_id = window.session.info.run_id
    window.session.save(tmp_path / "none" / "a.pt")
    window.experiment.start_over()
    qtbot.waitUntil(lambda: window.session.info.run_id != run_id, timeout=WAIT)
    qtbot.waitUntil(window.session.undo_stack.canUndo, timeout=WAIT)
    window.session.undo_stack.undo()
    qtbot.waitUntil(lambda: window.session.info.run_id == run_id, timeout=WAIT)
    assert window.banner.isVisible()


def test_a_window_whose_first_checkpoint_is_bad_can_train(qtbot, open_window, tmp_path) -> None:
    path = tmp_path / "bad.pt"
    path.write_text("no checkpoint")
    window = open_window(path)
    wait_phase(qtbot, window, Phase.READY)
    assert str(path) in window.banner.findChild(QLabel, "banner_text").text()
    assert QSettings().value("recent") is None
    make_steps(qtbot, window, 1)


def test_a_bad_first_checkpoint_is_named_whatever_the_fields_say(
    qtbot, open_window, tmp_path
) -> None:
    path = tmp_path / "bad.pt"
    path.write_text("no checkpoint")
    window = open_window(path)
    window.findChild(QWidget, "setting_batch_size").findChild(QLineEdit).setText("abc")
    wait_phase(qtbot, window, Phase.READY)
    assert str(path) in window.banner.findChild(QLabel, "banner_text").text()


def test_what_is_being_loaded_is_cancelled_on_closing(qtbot) -> None:
    thread = TrainingThread()
    loading, later = Work(), Work()
    thread.on_work(loading)
    assert not loading.cancelled
    thread.stop()
    thread.on_work(later)  # of a request that waited
    assert loading.cancelled
    assert later.cancelled


def test_a_file_belongs_to_the_run_that_was_saved_last(qtbot, window, tmp_path) -> None:
    session, path = window.session, tmp_path / "a.pt"
    session.paths["another"] = path
    with qtbot.waitSignal(session.saved, timeout=WAIT):
        session.save(path)
    assert session.paths == {session.info.run_id: path}


def test_a_preset_chosen_before_the_first_step_is_what_start_trains(qtbot, window) -> None:
    window.experiment.select_preset("mlp-leaky")
    qtbot.keyClick(window, Qt.Key.Key_F5)
    wait_phase(qtbot, window, Phase.TRAINING)
    qtbot.keyClick(window, Qt.Key.Key_F5)
    assert window.session.info.config.model == "mlp-leaky"
    assert not window.experiment.pending_edits()


def test_what_waits_stays_for_later_once_steps_are_made(qtbot, window) -> None:
    make_steps(qtbot, window, 1)
    window.experiment.select_preset("mlp-leaky")
    waiting = window.experiment.pending_edits()
    make_steps(qtbot, window, 1)
    assert window.session.info.config.model == "conv-small"
    assert window.experiment.pending_edits() == waiting


def test_random_after_another_run_is_another_z(qtbot, window) -> None:
    seen = [window.latent.exploration.state.z]
    for _ in range(2):
        window.experiment.start_over()
        with qtbot.waitSignal(window.session.run_changed, timeout=WAIT):
            pass
        press_button(qtbot, window, "random_z")
        assert not any(np.array_equal(window.latent.exploration.state.z, z) for z in seen)
        seen.append(window.latent.exploration.state.z)


def test_space_starts_and_pauses_a_fresh_window(qtbot, window) -> None:
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=WAIT)
    for phase in (Phase.TRAINING, Phase.PAUSED):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)
        wait_phase(qtbot, window, phase)


def test_a_run_whose_device_is_lost_is_gone_on_with_on_the_cpu(
    qtbot, window, monkeypatch, tmp_path
) -> None:
    make_steps(qtbot, window, 2)
    path = tmp_path / "last.pt"
    with qtbot.waitSignal(window.session.saved, timeout=WAIT):
        window.session.save(path)
    monkeypatch.setattr(window.experiment, "device", lambda: "cuda")  # as was chosen
    error = StudioError("device-lost", device="cuda", detail="CUDA error: launch failure")
    error.fields["saved"] = path
    window.session.failed.emit(error)
    button = window.findChild(QPushButton, "banner_action")
    assert button.text() == "Go on on the CPU"
    run_id = window.session.info.run_id
    qtbot.mouseClick(button, LEFT)
    qtbot.waitUntil(lambda: window.session.info.run_id != run_id, timeout=WAIT)  # a branch of it
    assert (window.session.info.device, window.session.status.step) == ("cpu", 2)


def test_a_banner_goes_when_another_run_opens(qtbot, window, tmp_path) -> None:
    make_steps(qtbot, window, 1)
    path, bad = tmp_path / "run.pt", tmp_path / "bad.pt"
    bad.write_bytes(b"nothing")
    window.session.save(path)
    qtbot.waitUntil(lambda: window.session.path == path, timeout=WAIT)
    window.session.open(bad)
    qtbot.waitUntil(window.banner.isVisible, timeout=WAIT)
    with qtbot.waitSignal(window.session.opened, timeout=WAIT):
        window.session.open(path)
    assert not window.banner.isVisible()


def test_a_run_that_blew_up_is_called_diverging_at_once(qtbot, window) -> None:
    error = StudioError(
        "non-finite", step=4, last=3, quantity="gradient", net="D", rate="d_lr", value=1.0
    )
    window.session.training.failed.emit(error)
    assert window.health.findChild(QToolButton, "health_state").text() == "Health: Diverging"
    assert "no finite number" in window.health.findChild(QLabel, "health_sentence").text()


def test_nothing_to_save_nothing_to_ask(qtbot, window) -> None:
    window.close()
    assert not window.isVisible()


def test_a_dropped_checkpoint_opens_and_is_remembered(qtbot, window, monkeypatch, tmp_path) -> None:
    make_steps(qtbot, window, 2)
    choose_file(monkeypatch, tmp_path / "run")
    path = tmp_path / "run.pt"
    with qtbot.waitSignal(window.session.saved, timeout=WAIT):
        window.actions_.by_name["save_as"].trigger()
    window.actions_.by_name["start_over"].trigger()
    wait_phase(qtbot, window, Phase.READY)
    QSettings().setValue("recent", ["a.pt", "b.pt"])  # the save has put it there already
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    action, buttons = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    keys = Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(QPoint(9, 9), action, data, buttons, keys))
    qtbot.waitUntil(lambda: window.session.path == path, timeout=WAIT)
    assert window.session.status.step == 2
    assert QSettings().value("recent") == [str(path), "a.pt", "b.pt"]


def test_why_steps_take_longer_than_they_need_to_is_told(qtbot, window) -> None:
    make_steps(qtbot, window, 1)
    status, state = window.session.status, window.findChild(QLabel, "state")
    window._on_status(dataclasses.replace(status, without_graphs=Phrase("graph-differs")))
    assert state.text().endswith("cpu  ·  without graphs")
    assert state.toolTip().endswith("a step by a graph came to something else")
    window._on_status(status)
    assert "graphs" not in state.text()
    assert not state.toolTip()


def test_samples_and_history_are_exported(qtbot, window, monkeypatch, tmp_path) -> None:
    make_steps(qtbot, window, 2)
    choose_file(monkeypatch, tmp_path / "out")
    window.actions_.by_name["export_samples"].trigger()
    qtbot.waitUntil((tmp_path / "out.png").exists, timeout=WAIT)
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")
    window.actions_.by_name["export_history"].trigger()
    qtbot.waitUntil(lambda: (tmp_path / "out.csv").exists(), timeout=WAIT)
    qtbot.waitUntil(lambda: len((tmp_path / "out.csv").read_text().splitlines()) == 3, timeout=WAIT)


def test_a_run_is_exported_for_use_elsewhere(qtbot, window, monkeypatch, tmp_path) -> None:
    make_steps(qtbot, window, 2)
    actions, shown = window.actions_.by_name, window.samples.images()
    choose_file(monkeypatch, tmp_path / "samples")
    actions["export_sample_folder"].trigger()
    qtbot.waitUntil((tmp_path / "samples").exists, timeout=WAIT)
    pictures = sorted((tmp_path / "samples").iterdir())
    with Image.open(pictures[7]) as picture:
        assert np.array_equal(np.asarray(picture), shown[7, 0])
    assert len(pictures) == len(shown)
    actions["export_sample_folder"].trigger()  # once more: there is one already
    qtbot.waitUntil(window.banner.isVisible, timeout=WAIT)
    assert "not empty" in window.banner.findChild(QLabel, "banner_text").text()

    choose_file(monkeypatch, tmp_path / "run")
    actions["export_events"].trigger()
    qtbot.waitUntil((tmp_path / "run.tfevents").exists, timeout=WAIT)
    with qtbot.waitSignal(window.session.exported, timeout=WAIT):
        actions["export_script"].trigger()
    text = (tmp_path / "run.py").read_text()
    assert text.startswith('"""Studio on mnist')
    assert "to step 2." in text


def test_it_pauses_at_a_step(qtbot, window) -> None:
    window.experiment.limits_changed.emit(3, None)
    window.session.start()
    qtbot.waitUntil(
        lambda: window.session.status.phase is Phase.PAUSED and window.session.status.step == 3,
        timeout=WAIT,
    )
    assert "the step you asked for" in window.findChild(QLabel, "state").text()


def test_theme_and_zoom_are_remembered(qtbot, window, qapp) -> None:
    size = qapp.font().pointSizeF()
    window.actions_.by_name["zoom_in"].trigger()
    assert qapp.font().pointSizeF() == pytest.approx(1.1 * size)
    window.actions_.by_name["theme_dark"].trigger()
    assert appearance.theme() == "dark"
    assert is_dark(qapp.palette())
    window.actions_.by_name["theme_light"].trigger()
    assert not is_dark(qapp.palette())
    window.actions_.by_name["theme_dark"].trigger()
    assert appearance.zoom() == 1.1
    window.actions_.by_name["zoom_reset"].trigger()
    window.actions_.by_name["theme_system"].trigger()
    assert qapp.font().pointSizeF() == pytest.approx(size)


def test_zoom_and_back_leaves_the_window_as_it_was(qtbot, window, qapp) -> None:
    window.setMinimumSize(0, 0)
    window.resize(1280, 800)
    qapp.processEvents()
    docks = {dock.objectName(): dock for dock in window.findChildren(QDockWidget)}
    shown = [docks[name] for name in ("experiment_dock", "losses_dock", "latent_dock")]

    def title(dock: QDockWidget) -> np.ndarray:
        image = dock.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
        dark = np.frombuffer(image.constBits(), np.uint8).reshape(-1, image.bytesPerLine())
        top = dark[: dock.widget().y(), : image.width() // 2]
        return np.flatnonzero((top < 110).any(axis=1))  # rows of its text

    def combos() -> list[tuple[int, int]]:
        return [box.size().toTuple() for box in window.findChildren(QComboBox) if box.isVisible()]

    qtbot.waitUntil(lambda: "0" in window.findChild(QLabel, "samples_step").text(), timeout=WAIT)
    sizes, titles, boxes = [dock.size() for dock in shown], [*map(title, shown)], combos()
    try:
        for _ in range(5):
            window.actions_.by_name["zoom_in"].trigger()
            qapp.processEvents()
        for dock, before in zip(shown, titles, strict=True):
            rows = title(dock)
            assert len(rows) > 1.6 * len(before), "its title grows"
            assert 0 < rows[0] <= rows[-1] < dock.widget().y() - 1, "and is whole"
        layout = window.layout()
        assert window.width() >= min(layout.minimumSize().width(), window.screen().size().width())
        step = window.findChild(QLabel, "samples_step")
        assert step.fontMetrics().horizontalAdvance(step.text()) <= step.width()
    finally:
        window.actions_.by_name["zoom_reset"].trigger()
    qapp.processEvents()
    window.resize(1280, 800)
    qapp.processEvents()
    assert [dock.size() for dock in shown] == sizes
    assert combos() == boxes
    for dock, before in zip(shown, titles, strict=True):
        assert title(dock).tolist() == before.tolist()


def test_layout_can_be_reset(qtbot, window) -> None:
    dock = window.latent.parentWidget()
    dock.hide()
    assert not window.latent.isVisible()
    window.actions_.by_name["reset_layout"].trigger()
    assert window.latent.isVisible()


def test_every_control_has_a_name_for_programs_and_one_for_people(qtbot, window) -> None:
    kinds = (QAbstractButton, QAbstractSpinBox, QComboBox, QSlider)
    nameless = []
    for kind in kinds:
        for widget in window.findChildren(kind):
            text = widget.text() if isinstance(widget, QAbstractButton) else ""
            internal = widget.objectName().startswith("qt_")
            inside = isinstance(widget.parentWidget(), QAbstractSpinBox | QComboBox | QLineEdit)
            of_dock = "dockwidget" in widget.objectName()
            if not (internal or inside or of_dock) and not (
                widget.objectName() and (widget.accessibleName() or text)
            ):
                nameless.append((type(widget).__name__, widget.objectName(), text))
    assert not nameless


def test_the_whole_window_fits_1024_by_640(qtbot, window) -> None:
    hint = window.minimumSizeHint()
    assert hint.width() <= 1024
    assert hint.height() <= 640


def test_help_names_every_key_and_the_commands_by_their_plain_names(
    qtbot, window: MainWindow
) -> None:
    field = window.findChild(QAbstractSpinBox, "setting_g_lr")
    qtbot.mouseClick(field.findChild(QLineEdit), LEFT)
    qtbot.keyClick(field, Qt.Key.Key_Up)
    assert "learning rate" in window.actions_.by_name["undo"].text()
    window.session.start()
    wait_phase(qtbot, window, Phase.TRAINING)
    window.actions_.by_name["help"].trigger()
    box = window.findChild(QDialog, "help_box")
    assert box.isVisible()
    text = box.findChild(QLabel).text()
    box.close()
    rows = dict(re.findall(r"<tr><td><b>(.*?)</b>&nbsp;&nbsp;</td><td>(.*?)</td></tr>", text))
    assert rows["F5, Space"] == "Start or pause training"
    assert rows["Ctrl+Z"] == "Undo"
    assert "only D" in rows["Shift+F10"]
    assert "only G" in rows["Ctrl+F10"]
    for action in window.actions_.by_name.values():
        for key in action.shortcuts():
            assert any(html.escape(key.toString()) in keys for keys in rows), action.objectName()
    assert "Everything can be undone" not in text
    assert "stay made" in text
    assert box.sizeHint().height() < 560


def test_a_message_is_drawn_over_nothing_and_the_status_bar_keeps_its_height(
    qtbot, window, qapp
) -> None:
    """Work that begins or ends lays the bar out anew, and so does the zoom."""
    bar, state = window.statusBar(), window.findChild(QLabel, "state")
    works = window.findChild(WorkBar)
    height = bar.height()
    for can_cancel in (True, False, True):
        work = Work(can_cancel=can_cancel)
        works.add(work, "Writing a.csv")
        window.show_message("Saved a.csv")
        qtbot.waitUntil(works.isVisible, timeout=WAIT)
        qapp.processEvents()
        assert not state.isVisible()
        assert bar.height() == height
        work.end()
        qtbot.waitUntil(works.isHidden, timeout=WAIT)
        qapp.processEvents()
        assert not state.isVisible()
        bar.clearMessage()
        assert state.isVisible()
        assert bar.height() == height
    window.show_message("Saved a.csv")
    for _ in range(4):
        window.actions_.by_name["zoom_in"].trigger()
    qtbot.waitUntil(lambda: bar.height() > height, timeout=WAIT)
    qapp.processEvents()
    assert not state.isVisible()
    window.actions_.by_name["zoom_reset"].trigger()
    bar.clearMessage()
    assert state.isVisible()


def test_the_state_shows_while_the_mouse_is_on_the_tool_bar(qtbot, window) -> None:
    for name in ("step", "start_over"):
        button = window.findChild(QAbstractButton, f"{name}_button")
        QApplication.sendEvent(button, QEvent(QEvent.Type.Enter))
        qtbot.mouseMove(button)
        assert window.statusBar().currentMessage() == ""
        assert window.findChild(QLabel, "state").isVisible()
        assert button.toolTip()


def test_the_tool_bar_holds_still_when_start_becomes_pause(qtbot, window, qapp) -> None:
    start, step = (window.findChild(QWidget, f"{name}_button") for name in ("start", "step"))
    for zoom in ("zoom_reset", "zoom_in"):
        window.actions_.by_name[zoom].trigger()
        places = []
        for begin, phase in ((True, Phase.TRAINING), (False, Phase.PAUSED)):
            (window.session.start if begin else window.session.pause)()
            wait_phase(qtbot, window, phase)
            qapp.processEvents()
            places.append((start.text(), start.width(), step.x()))
            assert start.width() >= QToolButton.sizeHint(start).width()
        assert [text for text, *_ in places] == ["Pause", "Start"]
        assert places[0][1:] == places[1][1:]
    window.actions_.by_name["zoom_reset"].trigger()


def test_a_new_run_from_the_menu_waits_for_start(qtbot, window) -> None:
    session, run_id = window.session, window.session.info.run_id
    session.start()
    qtbot.waitUntil(lambda: session.status.unsaved, timeout=WAIT)
    window.actions_.by_name["new"].trigger()
    qtbot.waitUntil(lambda: session.info.run_id != run_id, timeout=WAIT)
    qtbot.waitUntil(session.undo_stack.canUndo, timeout=WAIT)
    wait_phase(qtbot, window, Phase.READY)


def test_the_names_offered_are_new_and_hold_no_step(qtbot, window, monkeypatch, tmp_path) -> None:
    offered: list[str] = []

    def decline(_parent, _title, proposal: str, _kind) -> tuple[str, str]:
        offered.append(Path(proposal).name)
        return "", ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", decline)
    actions = window.actions_.by_name
    make_steps(qtbot, window, 1)
    for name in ("save_as", "export_samples", "export_history"):
        actions[name].trigger()
    assert offered == ["studio-0.pt", "studio-0-samples.png", "studio-0-history.csv"]
    (tmp_path / "studio-0.pt").touch()
    (tmp_path / "studio-0-2.pt").touch()
    actions["save_as"].trigger()
    assert offered[-1] == "studio-0-3.pt"
    config = window.session.info.config
    window.session.start_over(config.changed(seed=7, batch_size=16), "cpu")
    qtbot.waitUntil(lambda: window.session.info.config.seed == 7, timeout=WAIT)
    wait_phase(qtbot, window, Phase.READY)
    actions["save_as"].trigger()
    assert offered[-1] == "conv-small-7.pt"


def test_limits_are_typed_one_after_the_other(qtbot, window) -> None:
    """What is past is said at its field and stops nothing; the other limit is its own."""
    session = window.session
    make_steps(qtbot, window, 3)
    past = window.findChild(QLabel, "pause_at_step_past")
    for name, text in (("pause_after_minutes", "1000"), ("pause_at_step", "2")):
        field = window.findChild(QAbstractSpinBox, name)
        field.setFocus()
        field.selectAll()
        qtbot.keyClicks(field, text)
        qtbot.keyClick(field, Qt.Key.Key_Return)
    assert past.isVisible()
    window.actions_.by_name["start"].trigger()
    qtbot.waitUntil(lambda: session.status.step > 4, timeout=WAIT)
    assert session.status.phase is Phase.TRAINING
    step = session.status.step + 100_000
    field.selectAll()
    qtbot.keyClicks(field, str(step))
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert not past.isVisible()
    assert session.status.phase is Phase.TRAINING


def test_the_checkpoint_that_loads_is_named(qtbot, window, open_window, tmp_path) -> None:
    make_steps(qtbot, window, 1)
    path = tmp_path / "mine.pt"
    with qtbot.waitSignal(window.session.saved, timeout=WAIT):
        window.session.save(path)
    again = open_window(path)
    card, works = again.findChild(QLabel, "start_card_label"), again.findChild(QLabel, "work_text")
    assert card.text() == "Loading mine.pt…"
    qtbot.waitUntil(lambda: works.text() == "Loading PyTorch and mine.pt", timeout=WAIT)
    wait_phase(qtbot, again, Phase.PAUSED)
    qtbot.waitUntil(lambda: not card.isVisible(), timeout=WAIT)


def test_training_hears_how_long_samples_took(qtbot, open_window, monkeypatch) -> None:
    told: list[float] = []
    monkeypatch.setattr(Runner, "drew", lambda _, seconds: told.append(seconds))
    make_steps(qtbot, open_window(), 1)
    qtbot.waitUntil(lambda: len(told) >= 2, timeout=WAIT)
    assert min(told) > 0


def test_the_large_image_has_the_verdict_of_the_d_that_judged_last(
    qtbot, window, monkeypatch
) -> None:
    session = window.session
    session.start()
    wait_phase(qtbot, window, Phase.TRAINING)
    asked: list[Job] = []
    monkeypatch.setattr(session.decoding, "ask", lambda job: asked.append(job) or 0)
    session.decoding.reference_judged.emit(session.decoder.requests[Lane.REFERENCE])
    assert [job.lane for job in asked] == [Lane.IMAGE]


def test_exports_are_named_after_the_file_of_the_run(
    qtbot, window, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_steps(qtbot, window, 1)
    with qtbot.waitSignal(window.session.saved, timeout=WAIT):
        window.session.save(tmp_path / "first.pt")
    with qtbot.waitSignal(window.session.opened, timeout=WAIT):
        window.session.open(tmp_path / "first.pt")
    offered: list[str] = []
    monkeypatch.setattr(
        QFileDialog,
        "getSaveFileName",
        lambda _window, _title, proposal, *_: offered.append(Path(proposal).name) or ("", ""),
    )
    for name in ("export_samples", "export_history"):
        window.actions_.by_name[name].trigger()
    assert offered == ["first-samples.png", "first-history.csv"]


def test_a_window_closed_before_its_threads_begin_starts_none(qapp: QApplication) -> None:
    window = MainWindow("cpu")
    window.show()
    window.close()
    window.begin()
    assert not window.session.training.isRunning()
    window.deleteLater()


@pytest.mark.parametrize(
    ("screen", "size"),
    [
        (QSize(1920, 1080), QSize(1280, 800)),
        (QSize(1280, 800), QSize(1264, 752)),
        (QSize(800, 800), QSize(1280, 800)),
    ],
)
def test_a_first_window_fits_onto_the_screen_with_its_frame(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch, screen: QSize, size: QSize
) -> None:
    monkeypatch.setattr(
        MainWindow, "screen", lambda _: SimpleNamespace(availableSize=lambda: screen)
    )
    window = MainWindow("cpu")
    assert window.size() == size
    window.session.close()
    window.deleteLater()


def test_a_run_that_repeats_exactly_has_one_number_of_threads(qtbot, window, tmp_path) -> None:
    session, exact = window.session, window.actions_.by_name["exact"]
    assert not exact.isChecked()
    exact.trigger()
    assert exact.isChecked()
    window.latent.exploration.press()  # else training would leave a core to the hand
    session.step("both", 3)
    qtbot.waitUntil(lambda: session.status.step == 3, timeout=WAIT)
    path = tmp_path / "exact.pt"
    with qtbot.waitSignal(session.saved, timeout=WAIT):
        session.save(path)
    assert checkpoint.read(path)["threads"] == cores()
    window.latent.exploration.release()
    assert QSettings().value("exact") == "true", "and it is so the next time"
    exact.trigger()
    assert QSettings().value("exact") == "false"


def test_a_limited_speed_shows_while_training(qtbot, window) -> None:
    window.actions_.by_name["speed_10"].trigger()
    window.session.start()
    wait_phase(qtbot, window, Phase.TRAINING)
    state = window.findChild(QLabel, "state")
    assert state.text().startswith("Training, 10/s at most  ·")
    window.actions_.by_name["speed_full"].trigger()
    assert state.text().startswith("Training  ·")


def test_z_goes_through_the_clipboard_and_back(qtbot, window) -> None:
    window.activateWindow()
    keys = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    first = window.latent.exploration.state.z
    qtbot.keyClick(window, Qt.Key.Key_C, keys)
    press_button(qtbot, window, "random_z")
    assert not np.array_equal(window.latent.exploration.state.z, first)
    qtbot.keyClick(window, Qt.Key.Key_V, keys)
    assert np.array_equal(window.latent.exploration.state.z, first)
    assert window.session.undo_stack.undoText() == "paste z"
    QApplication.clipboard().setText("3.5, 7")
    qtbot.keyClick(window, Qt.Key.Key_V, keys)
    assert np.array_equal(window.latent.exploration.state.z, first)
    text = window.banner.findChild(QLabel, "banner_text").text()
    assert text == "This is no z of the 16 numbers that this generator takes: its length is 2."


def test_start_while_a_checkpoint_opens_trains_that_checkpoint(
    qtbot, window, open_window, tmp_path
) -> None:
    make_steps(qtbot, window, 2)
    path = tmp_path / "run.pt"
    with qtbot.waitSignal(window.session.saved, timeout=WAIT):
        window.session.save(path)
    again = open_window(path)
    again.experiment.select_preset("mlp-leaky")  # before it is there
    again.session.start()
    qtbot.waitUntil(lambda: again.session.status.step > 2, timeout=WAIT)
    again.session.pause()
    assert again.session.info.config.model == "conv-small"
    assert again.session.path == path


def test_tab_leaves_out_what_is_behind_another_tab_but_not_what_is_scrolled_away(
    qtbot, window: MainWindow
) -> None:
    qtbot.mouseClick(window.findChild(QToolButton, "advanced"), LEFT)
    window.findChild(QWidget, "preset").setFocus()
    names = []
    for _ in range(120):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        names.append(QApplication.focusWidget().objectName())
    assert {"setting_weight_decay", "legend_g_loss", "slider_list"} <= set(names)
    assert not {"legend_real_score", "quality_now", "runs_queue"} & set(names)
    assert names.index("latent_order") < names.index("slider_list")
    window.findChild(QWidget, "scores_dock").raise_()
    qtbot.waitUntil(lambda: is_seen(window.scores), timeout=WAIT)
    window.findChild(QWidget, "preset").setFocus()
    names.clear()
    for _ in range(120):
        focus = QApplication.focusWidget()
        qtbot.keyClick(focus, Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
        names.append(QApplication.focusWidget().objectName())
    assert "legend_real_score" in names
    assert "legend_g_loss" not in names


def test_text_gets_no_larger_than_the_screen_has_room_for(
    qtbot, window: MainWindow, monkeypatch
) -> None:
    monkeypatch.setattr(QScreen, "availableGeometry", lambda _: QRect(0, 0, 1000, 700))
    monkeypatch.setattr(QScreen, "availableSize", lambda _: QSize(1000, 700))
    larger = window.actions_.by_name["zoom_in"]
    for _ in range(8):
        larger.trigger()
    qtbot.waitUntil(lambda: 1 < appearance.zoom() < 2, timeout=WAIT)
    qtbot.waitUntil(lambda: window.layout().minimumSize().width() <= 1000, timeout=WAIT)
    assert appearance.zoom() > 1
    assert "screen" in window.statusBar().currentMessage()
    assert window.width() <= 1000
    assert window.height() <= 700
    window.actions_.by_name["zoom_reset"].trigger()
    assert appearance.zoom() == 1
