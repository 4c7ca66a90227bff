"""Runs are saved by themselves: what is lost by a crash, a full disk, or by closing. Nothing."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hands import WAIT
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QLabel,
    QMenu,
    QMessageBox,
    QPushButton,
    QToolButton,
    QWidget,
)

from ganstudio import library
from ganstudio.errors import StudioError
from ganstudio.gui.earlier_runs import _newest_step
from ganstudio.gui.main_window import MainWindow
from ganstudio.library import NOTE, Entry, RunFolder, now, usual_folder
from ganstudio.training import checkpoint
from ganstudio.training.health import Diagnosis, Doctor, Observation, State
from ganstudio.training.history import COLUMNS, History
from ganstudio.training.history_file import HistoryWriter
from ganstudio.training.homes import Homes
from ganstudio.training.status import Phase
from ganstudio.training.trainer import Trainer

LEFT = Qt.MouseButton.LeftButton
Open = Callable[..., MainWindow]


def step_in(folder: Path) -> int:
    return int(checkpoint.read(folder / "last.pt")["step"])


def ready(qtbot, window: MainWindow) -> None:
    phases = (Phase.READY, Phase.PAUSED)
    qtbot.waitUntil(lambda: window.session.status.phase in phases, timeout=WAIT)


def make_steps(qtbot, window: MainWindow, n: int) -> None:
    window.session.step("both", n)
    target = window.session.status.step + n
    qtbot.waitUntil(lambda: window.session.status.step == target, timeout=WAIT)
    ready(qtbot, window)


def answer(text: str) -> list[str]:
    """Click the button of this text in the next message box; the list receives what it says."""
    told: list[str] = []

    def wait() -> None:
        box = QApplication.activeModalWidget()
        if not isinstance(box, QMessageBox):
            QTimer.singleShot(10, wait)
            return
        told.append(f"{box.text()} {box.informativeText()}")
        next(b for b in box.buttons() if b.text().replace("&", "") == text).click()

    QTimer.singleShot(0, wait)
    return told


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Let no run be saved into the library while the list is not empty."""
    is_full = [True]
    write = Homes._write

    def refuse(self: Homes, *args) -> RunFolder:
        if is_full:
            raise StudioError("disk-full", path=usual_folder() / "studio-0/last.pt", detail="full")
        return write(self, *args)

    monkeypatch.setattr(Homes, "_write", refuse)
    return is_full


def test_closing_saves_and_asks_nothing(qtbot, window: MainWindow) -> None:
    window.session.start()
    qtbot.waitUntil(lambda: window.session.status.step >= 3, timeout=WAIT)
    window.close()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=WAIT)
    status = window.session.status
    assert status.folder == usual_folder() / "studio-0"
    assert step_in(status.folder) == status.step >= 3
    ((folder, entry),) = library.entries(usual_folder())
    assert (folder, entry.step, entry.open) == (status.folder, status.step, False)


def test_a_pause_saves_and_the_run_has_its_name(qtbot, window: MainWindow) -> None:
    assert window.windowTitle() == "New run"
    make_steps(qtbot, window, 2)
    folder = usual_folder() / "studio-0"
    qtbot.waitUntil(lambda: window.session.status.folder == folder, timeout=WAIT)
    assert step_in(folder) == 2
    assert window.windowTitle() == "studio-0"
    make_steps(qtbot, window, 1)
    qtbot.waitUntil(lambda: step_in(folder) == 3, timeout=WAIT)


def test_training_saves_now_and_then(qtbot, window: MainWindow) -> None:
    window.session.training.post(lambda runner: runner.set_autosave(0.01))
    window.session.start()
    qtbot.waitUntil(lambda: window.session.status.folder is not None, timeout=WAIT)
    assert window.session.status.phase is Phase.TRAINING
    folder = window.session.status.folder
    first = step_in(folder)
    qtbot.waitUntil(lambda: step_in(folder) > first, timeout=WAIT)


def test_save_keeps_this_step(qtbot, window: MainWindow) -> None:
    make_steps(qtbot, window, 2)
    with qtbot.waitSignal(window.session.saved, timeout=WAIT):
        window.actions_.by_name["save"].trigger()
    make_steps(qtbot, window, 1)
    folder = usual_folder() / "studio-0"
    qtbot.waitUntil(lambda: step_in(folder) == 3, timeout=WAIT)
    assert checkpoint.read(folder / "step-0000002.pt")["step"] == 2


def test_a_run_that_was_left_is_on_the_disk(qtbot, window: MainWindow) -> None:
    make_steps(qtbot, window, 2)
    window.actions_.by_name["start_over"].trigger()
    qtbot.waitUntil(lambda: window.session.status.step == 0, timeout=WAIT)
    assert [run.unsaved for run in window.session.status.left] == [False]
    assert step_in(usual_folder() / "studio-0") == 2
    make_steps(qtbot, window, 1)
    second = usual_folder() / "studio-0-2"
    qtbot.waitUntil(lambda: window.session.status.folder == second, timeout=WAIT)


def test_runs_come_back_that_memory_has_let_go(qtbot, window: MainWindow, monkeypatch) -> None:
    monkeypatch.setattr("ganstudio.training.runner.PARKED_RUNS", 1)
    make_steps(qtbot, window, 2)
    session = window.session
    first = session.info.run_id
    for _ in range(2):
        before = session.info.run_id
        window.actions_.by_name["start_over"].trigger()
        qtbot.waitUntil(lambda before=before: session.info.run_id != before, timeout=WAIT)
        ready(qtbot, window)
        make_steps(qtbot, window, 1)
    assert first not in {run.run_id for run in session.status.left}
    session.return_to(first)
    qtbot.waitUntil(lambda: session.info.run_id == first, timeout=WAIT)
    ready(qtbot, window)
    assert session.status.step == 2
    assert session.status.folder == usual_folder() / "studio-0"


def test_a_disk_that_is_full_is_said_once_and_training_goes_on(
    qtbot, window: MainWindow, full: list[bool]
) -> None:
    heard: list[StudioError] = []
    window.session.failed.connect(heard.append)
    window.session.training.post(lambda runner: runner.set_autosave(0.01))
    window.session.start()
    qtbot.waitUntil(window.banner.isVisible, timeout=WAIT)
    step = window.session.status.step
    qtbot.waitUntil(lambda: window.session.status.step > step + 20, timeout=WAIT)
    text = window.banner.findChild(QLabel, "banner_text").text()
    assert "cannot be saved" in text
    assert "Nothing else stops" in text
    assert [error.code for error in heard] == ["not-saved"]
    full.clear()
    qtbot.waitUntil(lambda: window.session.status.folder is not None, timeout=WAIT)


def test_closing_asks_where_saving_fails(
    qtbot, window: MainWindow, full: list[bool], monkeypatch, tmp_path: Path
) -> None:
    session = window.session
    session.start()
    qtbot.waitUntil(lambda: session.status.step >= 3, timeout=WAIT)
    told = answer("Cancel")
    window.close()
    qtbot.waitUntil(lambda: bool(told), timeout=WAIT)
    assert "is lost" in told[0]
    assert str(usual_folder()) in told[0]
    step = session.status.step
    qtbot.waitUntil(lambda: session.status.step > step + 2, timeout=WAIT)
    assert window.isVisible(), "it stays, and trains on"

    elsewhere = tmp_path / "elsewhere.pt"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(elsewhere), ""))
    answer("Save as…")
    window.close()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=WAIT)
    assert checkpoint.read(elsewhere)["step"] == session.status.step


def test_what_cannot_be_saved_can_be_lost(qtbot, window: MainWindow, full: list[bool]) -> None:
    make_steps(qtbot, window, 1)
    told = answer("Close and lose it")
    window.close()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=WAIT)
    assert told


def test_a_run_that_was_cut_short_is_offered_once(qtbot, open_window: Open) -> None:
    window = open_window()
    ready(qtbot, window)
    make_steps(qtbot, window, 2)
    qtbot.waitUntil(lambda: window.session.status.folder is not None, timeout=WAIT)
    folder = window.session.status.folder
    window.close()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=WAIT)
    note = json.loads((folder / NOTE).read_text())
    (folder / NOTE).write_text(json.dumps(note | {"open": True}))  # as after a power cut

    again = open_window()
    qtbot.waitUntil(again.banner.isVisible, timeout=WAIT)
    assert "studio-0 was saved at step 2" in again.banner.findChild(QLabel, "banner_text").text()
    ready(qtbot, again)
    qtbot.mouseClick(again.findChild(QPushButton, "banner_action"), LEFT)
    qtbot.waitUntil(lambda: again.session.status.step == 2, timeout=WAIT)
    qtbot.waitUntil(lambda: again.windowTitle() == "studio-0", timeout=WAIT)
    again.close()
    qtbot.waitUntil(lambda: not again.isVisible(), timeout=WAIT)

    third = open_window()
    ready(qtbot, third)
    assert not third.banner.isVisible()


def test_the_step_that_is_offered_is_the_one_that_opens(tmp_path: Path) -> None:
    entry = Entry(run_id="1", recipe="studio", seed=0, step=2, seconds=1.0, saved=now())
    assert _newest_step(tmp_path, entry) == 2
    (tmp_path / "past").mkdir()
    for step in (1, 3, 5, 7):
        (tmp_path / "past" / f"{step}.pt").touch()
    assert _newest_step(tmp_path, entry) == 2, "no numbers are there, as of an older version's"
    history = History()
    history.append(np.zeros((len(COLUMNS), 6), np.float32))
    HistoryWriter(tmp_path, "1").append(history)
    assert _newest_step(tmp_path, entry) == 5


def test_a_run_in_another_window_is_left_to_it(qtbot, open_window: Open) -> None:
    window = open_window()
    ready(qtbot, window)
    make_steps(qtbot, window, 2)
    folder = usual_folder() / "studio-0"
    qtbot.waitUntil(lambda: window.session.status.folder == folder, timeout=WAIT)
    window.close()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=WAIT)

    theirs = RunFolder(folder)
    again = open_window(folder / "last.pt")
    qtbot.waitUntil(again.banner.isVisible, timeout=WAIT)
    assert "another window" in again.banner.findChild(QLabel, "banner_text").text()
    make_steps(qtbot, again, 1)
    copy = usual_folder() / "studio-0-2"
    qtbot.waitUntil(lambda: again.session.status.folder == copy, timeout=WAIT)
    assert (step_in(folder), step_in(copy)) == (2, 3)
    theirs.release()


def test_an_older_checkpoint_of_a_run_takes_nothing_from_it(qtbot, window: MainWindow) -> None:
    make_steps(qtbot, window, 1)
    session, folder = window.session, usual_folder() / "studio-0"
    with qtbot.waitSignal(session.saved, timeout=WAIT):
        session.keep()
    make_steps(qtbot, window, 2)
    qtbot.waitUntil(lambda: step_in(folder) == 3, timeout=WAIT)
    first = session.info.run_id
    session.training.post(lambda runner: runner._homes.release_others(()))
    session.training.post(lambda runner: setattr(runner.trainer, "run_id", "forgotten"))
    session.open(folder / "step-0000001.pt")
    qtbot.waitUntil(lambda: session.status.step == 1, timeout=WAIT)
    assert session.info.run_id == first
    make_steps(qtbot, window, 1)
    qtbot.waitUntil(lambda: session.status.folder is not None, timeout=WAIT)
    assert (step_in(folder), step_in(session.status.folder)) == (3, 2)


def test_a_folder_that_was_deleted_is_made_anew(qtbot, window: MainWindow) -> None:
    make_steps(qtbot, window, 1)
    folder = usual_folder() / "studio-0"
    qtbot.waitUntil(lambda: window.session.status.folder == folder, timeout=WAIT)
    shutil.rmtree(folder)
    make_steps(qtbot, window, 1)
    qtbot.waitUntil((folder / "last.pt").exists, timeout=WAIT)
    qtbot.waitUntil(lambda: not window.session.status.unsaved, timeout=WAIT)
    assert step_in(folder) == 2


def test_a_device_that_is_gone_does_not_keep_the_window_open(
    qtbot, window: MainWindow, monkeypatch
) -> None:
    make_steps(qtbot, window, 1)

    def gone(self: Trainer) -> None:
        raise RuntimeError("CUDA error: device is gone")

    monkeypatch.setattr(Trainer, "drain", gone)
    window.session.training.post(lambda runner: runner.trainer.change(g_lr=0.125))
    window.session.training.post(lambda runner: runner._publish_status())
    qtbot.waitUntil(lambda: window.session.status.unsaved, timeout=WAIT)
    told = answer("Close and lose it")
    window.close()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=WAIT)
    assert "device is gone" in told[0]


def test_earlier_runs_are_in_the_menu(qtbot, open_window: Open) -> None:
    window = open_window()
    ready(qtbot, window)
    make_steps(qtbot, window, 2)
    window.close()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=WAIT)
    again = open_window()
    ready(qtbot, again)
    menu = again.findChild(QMenu, "left_menu")
    menu.aboutToShow.emit()
    (action,) = menu.actions()
    assert action.text().startswith("studio-0:")
    assert action.text().endswith("seed 0, step 2")
    action.trigger()
    qtbot.waitUntil(lambda: again.session.status.step == 2, timeout=WAIT)


def test_the_system_lets_go_of_a_folder_whose_program_was_killed(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from ganstudio.library import RunFolder;"
        "home = RunFolder(Path(sys.argv[1])); print('there', flush=True); sys.stdin.read()"
    )
    command, pipe = [sys.executable, "-c", code, str(tmp_path)], subprocess.PIPE
    other = subprocess.Popen(command, stdin=pipe, stdout=pipe)
    assert other.stdin is not None
    assert other.stdout is not None
    assert other.stdout.readline().strip() == b"there"
    assert library.in_use(tmp_path)
    with pytest.raises(StudioError, match="another program has open"):
        RunFolder(tmp_path)
    other.kill()
    other.wait()
    other.stdin.close()
    other.stdout.close()
    assert not library.in_use(tmp_path)
    RunFolder(tmp_path).release()


def test_a_run_that_is_opened_again_knows_its_health(
    qtbot, open_window: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window()
    ready(qtbot, window)
    make_steps(qtbot, window, 2)
    session, run_id = window.session, window.session.info.run_id
    session._doctors[run_id] = Doctor.again(
        Diagnosis(state=state, step=step, reason=reason)
        for state, step, reason in ((State.LEARNING, 1, "learning"), (State.BLIND, 2, "frozen-d"))
    )
    # the same step again, which says nothing new
    look = Observation(step=0, seen=0.5, known=0.5, diversity=1.0, gap=1.0)
    monkeypatch.setattr(Doctor, "hear", lambda *_: None)
    session._on_looked(run_id, look, 60.0)
    make_steps(qtbot, window, 1)
    window.close()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=WAIT)
    assert step_in(usual_folder() / "studio-0") == 3

    again = open_window(usual_folder() / "studio-0" / "last.pt")
    ready(qtbot, again)
    state = again.findChild(QToolButton, "health_state")
    qtbot.waitUntil(lambda: state.text() == "Health: D blind", timeout=WAIT)
    qtbot.mouseClick(state, LEFT)
    evidence = again.findChild(QWidget, "health_evidence")
    assert "At step 2" in " ".join(label.text() for label in evidence.findChildren(QLabel))
    assert again.session._doctors[run_id].at(1).state is State.LEARNING
