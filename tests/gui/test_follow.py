"""A run that another process trains, in the window; here a trainer of the test's is the other."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hands import WAIT, child
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QGroupBox, QLabel, QMessageBox, QPushButton, QWidget
from pytestqt.qtbot import QtBot
from torch import nn

from ganstudio import RunWriter, model_file
from ganstudio.config import Config
from ganstudio.data.loading import load
from ganstudio.library import usual_folder
from ganstudio.training import checkpoint, live
from ganstudio.training.device import choose
from ganstudio.training.live import LiveWriter
from ganstudio.training.status import Phase
from ganstudio.training.trainer import Trainer
from ganstudio.work import Work


class Other:
    """Trains into a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        config = Config(model="mlp-leaky", r1=0.0, batch_size=8)
        self.trainer = Trainer(config, load("mnist", 0, None, Work()), choose("cpu"))
        self.writer = LiveWriter.of(self.trainer, folder)
        self.train(2)

    def train(self, steps: int) -> None:
        for _ in range(steps):
            self.trainer.train_step()
            self.writer.step_done()

    def end(self) -> None:
        checkpoint.save(self.trainer, self.folder / "last.pt")
        self.writer.end()


@pytest.fixture
def other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Other:
    monkeypatch.setattr(live, "SECONDS", 0.0)
    monkeypatch.setattr(live, "SHARE", math.inf)
    folder = tmp_path / "theirs"
    folder.mkdir()
    return Other(folder)


def test_the_window_shows_a_run_as_it_goes_on_elsewhere(
    qtbot: QtBot, open_window, other: Other, monkeypatch
) -> None:
    window = open_window(other.folder)
    session = window.session
    qtbot.waitUntil(lambda: session.status.phase is Phase.FOLLOWING, timeout=WAIT)
    state = child(window, QLabel, "state")
    assert state.text().startswith("Following  ·  step 2")
    qtbot.waitUntil(lambda: window.windowTitle() == "theirs", timeout=WAIT)
    shown = child(window, QLabel, "samples_step")
    qtbot.waitUntil(lambda: shown.text() == "step 2", timeout=WAIT)
    before = window.samples.sheet()
    other.train(5)
    qtbot.waitUntil(lambda: session.status.step == 7, timeout=WAIT)
    qtbot.waitUntil(lambda: shown.text() == "step 7", timeout=WAIT)
    assert not np.array_equal(window.samples.sheet(), before)
    np.testing.assert_array_equal(session.info.history.array(), other.trainer.history.array())
    theirs = {path: path.stat().st_mtime_ns for path in other.folder.iterdir()}
    with qtbot.waitSignal(session.saved, timeout=WAIT):
        window.actions_.by_name["save"].trigger()
    assert {path: path.stat().st_mtime_ns for path in other.folder.iterdir()} == theirs
    assert session.status.folder == usual_folder() / "theirs"
    live_settings = child(window, QGroupBox, "live_settings")
    assert live_settings.title() == "Live: trained elsewhere"
    assert not child(window, QWidget, "setting_g_lr").isEnabled()
    other.end()
    qtbot.waitUntil(lambda: session.status.phase is Phase.PAUSED, timeout=WAIT)
    assert session.status.step == 7
    assert live_settings.title() == "Live: acts at once"
    assert child(window, QWidget, "setting_g_lr").isEnabled()


def test_start_goes_on_alone(qtbot: QtBot, window, other: Other, monkeypatch) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(other.folder))
    window.actions_.by_name["follow"].trigger()
    session = window.session
    qtbot.waitUntil(lambda: session.status.phase is Phase.FOLLOWING, timeout=WAIT)
    window.actions_.by_name["step"].trigger()
    qtbot.waitUntil(lambda: session.status.step == 3, timeout=WAIT)
    assert session.status.phase is Phase.PAUSED
    qtbot.waitUntil(lambda: session.status.folder is not None, timeout=WAIT)
    assert session.status.folder.parent != other.folder.parent, "it is a run of one's own now"
    session.undo_stack.undo()
    qtbot.waitUntil(lambda: session.status.step == 0, timeout=WAIT)


def test_a_folder_without_a_run_is_told(qtbot: QtBot, window, tmp_path: Path) -> None:
    with qtbot.waitSignal(window.session.failed, timeout=WAIT):
        window.session.open(tmp_path)
    assert "last.pt" in str(window.banner.error)
    assert window.session.status.phase is Phase.READY


@pytest.fixture
def anybodys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunWriter:
    """A run of a program that knows nothing of the studio's trainer."""
    monkeypatch.setattr(live, "SECONDS", 0.0)
    monkeypatch.setattr(live, "SHARE", math.inf)
    monkeypatch.setattr(model_file, "_ran", {})
    G = nn.Sequential(nn.Linear(7, 784), nn.Tanh())
    D = nn.Sequential(nn.Linear(784, 1), nn.Sigmoid())
    z, real = torch.randn(4, 7), torch.rand(8, 784) * 2 - 1
    run = RunWriter(tmp_path / "theirs", G, D, z=z, real=real, g_lr=1e-3)
    run.step(real_loss=0.5, fake_loss=0.25, g_loss=2.0)
    return run


def test_a_loop_of_ones_own_is_followed_once_its_networks_may_run(
    qtbot: QtBot, open_window, anybodys: RunWriter, tmp_path: Path
) -> None:
    window = open_window(tmp_path / "theirs")
    session = window.session

    def asked() -> QMessageBox:
        box = window.findChild(QMessageBox, "model_file_box")
        assert box is not None
        return box

    qtbot.waitUntil(lambda: window.findChild(QMessageBox, "model_file_box") is not None)
    assert str(tmp_path / "theirs" / "networks.py") in asked().informativeText()
    qtbot.mouseClick(asked().findChild(QPushButton, "run_model_file"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: session.status.phase is Phase.FOLLOWING, timeout=WAIT)
    qtbot.waitUntil(lambda: window.windowTitle() == "theirs", timeout=WAIT)
    assert session.info.latent.dim == 7
    anybodys.step(g_loss=torch.tensor(1.5))
    qtbot.waitUntil(lambda: session.status.step == 2, timeout=WAIT)
    np.testing.assert_array_equal(session.info.history.column("g_loss"), [2.0, 1.5])
    shown = child(window, QLabel, "samples_step")
    qtbot.waitUntil(lambda: shown.text() == "step 2", timeout=WAIT)
    assert window.samples.sheet().any()

    rate = child(window, QWidget, "setting_g_lr")
    assert not rate.isEnabled()
    assert rate.isVisible(), "it was told"
    assert not child(window, QWidget, "setting_d_lr").isVisible(), "it was not told"
    assert not child(window, QWidget, "setting_d_steps").isVisible()
    assert "another program" in rate.toolTip()
    with qtbot.waitSignal(session.failed, timeout=WAIT):
        window.actions_.by_name["start"].trigger()
    assert "another program trains" in str(window.banner.error)
    assert session.status.phase is Phase.FOLLOWING, "it is followed as before"

    anybodys.close()
    qtbot.waitUntil(lambda: session.status.phase is Phase.PAUSED, timeout=WAIT)
