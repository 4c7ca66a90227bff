"""Models from a person's own file: the window asks before anything of it runs."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hands import WAIT
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QComboBox, QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot

from ganstudio import model_file
from ganstudio.config import Config
from ganstudio.data.dataset import Dataset
from ganstudio.gui.main_window import MainWindow
from ganstudio.gui.widgets.sample_grid import SampleGrid
from ganstudio.training import checkpoint
from ganstudio.training.status import Phase
from ganstudio.training.trainer import Trainer

LEFT = Qt.MouseButton.LeftButton
SOUND = """
import math

from torch import nn

with open(__file__ + ".ran", "a") as log:
    log.write("x")


def generator(latent_dim, image_shape):
    last = nn.Linear(latent_dim, math.prod(image_shape))
    return nn.Sequential(last, nn.Tanh(), nn.Unflatten(1, image_shape))


def discriminator(image_shape, outputs):
    return nn.Sequential(nn.Flatten(), nn.Linear(math.prod(image_shape), outputs))
"""


@pytest.fixture(autouse=True)
def nothing_ran_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_file, "_ran", {})


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "my_gan.py"
    path.write_text(SOUND)
    return path


@pytest.fixture
def saved(mine: Path, tiny: Dataset, cpu, tmp_path: Path, monkeypatch) -> Path:
    """A checkpoint whose networks the file makes, which has not run in this process."""
    model_file.run(model_file.read(mine))
    trainer = Trainer(Config(model=str(mine), latent_dim=5, batch_size=16), tiny, cpu)
    trainer.train_step()
    checkpoint.save(trainer, tmp_path / "run.pt")
    monkeypatch.setattr(model_file, "_ran", {})
    Path(f"{mine}.ran").unlink()
    return tmp_path / "run.pt"


@pytest.fixture
def window(qtbot: QtBot, open_window: Callable[..., MainWindow]) -> MainWindow:
    window = open_window()
    qtbot.waitUntil(lambda: window.session.status.phase is Phase.READY, timeout=WAIT)
    return window


def times_run(path: Path) -> int:
    log = Path(f"{path}.ran")
    return len(log.read_text()) if log.exists() else 0


def asked(qtbot: QtBot, window: MainWindow) -> QMessageBox:
    """Wait for the question, and return its box."""

    def box() -> QMessageBox | None:
        found = window.findChildren(QMessageBox, "model_file_box")
        return next((box for box in found if box.isVisible()), None)

    qtbot.waitUntil(lambda: box() is not None, timeout=WAIT)
    found = box()
    assert found is not None
    return found


def from_a_file(window: MainWindow, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Choose "From a file…" in the list of models, and that file."""
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    combo = window.experiment.findChild(QComboBox, "setting_model")
    assert combo is not None
    combo.setCurrentIndex(combo.count() - 1)
    combo.activated.emit(combo.count() - 1)


def answer(qtbot: QtBot, box: QMessageBox, name: str) -> None:
    found = box.findChild(QAbstractButton, name)
    assert found is not None
    qtbot.mouseClick(found, LEFT)


def model(window: MainWindow) -> str:
    return window.experiment.pending_config().model


def test_choosing_a_file_shows_path_and_hash_and_enter_runs_nothing(
    window: MainWindow, mine: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    from_a_file(window, mine, monkeypatch)
    combo = window.experiment.findChild(QComboBox, "setting_model")
    assert combo.currentText() == "conv-small"  # until it is agreed to
    box = asked(qtbot, window)
    said = box.informativeText().replace(" ", "")
    assert str(mine) in said
    assert hashlib.sha256(SOUND.encode()).hexdigest() in said
    assert box.defaultButton() is box.button(QMessageBox.StandardButton.Cancel)
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert not box.isVisible()
    assert model(window) == "conv-small"
    assert times_run(mine) == 0


def test_a_file_that_may_run_is_trained(
    window: MainWindow, mine: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    from_a_file(window, mine, monkeypatch)
    answer(qtbot, asked(qtbot, window), "run_model_file")
    combo = window.experiment.findChild(QComboBox, "setting_model")
    qtbot.waitUntil(lambda: combo.currentText() == "my_gan.py", timeout=WAIT)
    assert model(window) == str(mine)
    window.experiment.start_over()
    qtbot.waitUntil(lambda: window.session.info.config.model == str(mine), timeout=WAIT)
    window.session.step("both", 1)
    qtbot.waitUntil(lambda: window.session.status.step == 1, timeout=WAIT)
    grid = window.samples.findChild(SampleGrid)
    qtbot.waitUntil(lambda: len(grid.images()) > 0, timeout=WAIT)
    assert window.banner.error is None
    assert times_run(mine) == 1

    mine.write_text(SOUND + "# changed")  # it would be other code
    run_id = window.session.info.run_id
    window.experiment.start_over()
    box = asked(qtbot, window)
    assert window.session.info.run_id == run_id
    assert times_run(mine) == 1
    answer(qtbot, box, "run_model_file")
    qtbot.waitUntil(lambda: window.session.info.run_id != run_id, timeout=WAIT)
    assert times_run(mine) == 2


def test_a_file_that_cannot_be_used_is_told_in_the_banner(
    window: MainWindow, mine: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine.write_text("def generator(")
    from_a_file(window, mine, monkeypatch)
    answer(qtbot, asked(qtbot, window), "run_model_file")
    qtbot.waitUntil(lambda: window.banner.error is not None, timeout=WAIT)
    assert window.banner.error.code == "bad-model-file"
    assert f"{mine} cannot be used as a model: line 1" in str(window.banner.error)
    assert model(window) == "conv-small"
    window.session.step("both", 1)  # the run goes on
    qtbot.waitUntil(lambda: window.session.status.step == 1, timeout=WAIT)


def test_opening_a_checkpoint_asks_and_no_leaves_all_as_it_was(
    window: MainWindow, mine: Path, saved: Path, qtbot: QtBot
) -> None:
    run_id = window.session.info.run_id
    window.files.open_file(saved)
    box = asked(qtbot, window)
    assert "It is the file that the checkpoint was made with" in box.informativeText()
    qtbot.keyClick(box, Qt.Key.Key_Escape)
    window.session.step("both", 1)
    qtbot.waitUntil(lambda: window.session.status.step == 1, timeout=WAIT)
    assert window.session.info.run_id == run_id
    assert times_run(mine) == 0
    assert window.banner.error is None

    window.files.open_file(saved)
    answer(qtbot, asked(qtbot, window), "run_model_file")
    qtbot.waitUntil(lambda: window.session.path == saved, timeout=WAIT)
    assert window.session.info.config.model == str(mine)
    assert times_run(mine) == 1


def test_another_file_cannot_be_run_for_a_checkpoint(
    window: MainWindow, mine: Path, saved: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = mine.rename(mine.with_name("kept.py"))
    window.files.open_file(saved)
    box = asked(qtbot, window)
    assert box.text().startswith(f"{mine} cannot be read: No such file")
    assert box.findChild(QAbstractButton, "run_model_file") is None

    mine.write_text(SOUND + "# another")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(mine), ""))
    answer(qtbot, box, "other_model_file")
    box = asked(qtbot, window)
    assert "another file" in box.text()
    for content in (SOUND, mine.read_text()):
        digest = hashlib.sha256(content.encode()).hexdigest()
        assert digest in box.informativeText().replace(" ", "")
    assert box.findChild(QAbstractButton, "run_model_file") is None

    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(original), ""))
    answer(qtbot, box, "other_model_file")
    answer(qtbot, asked(qtbot, window), "run_model_file")
    qtbot.waitUntil(lambda: window.session.path == saved, timeout=WAIT)
    assert window.session.info.config.model == str(original)
    assert (times_run(mine), times_run(original)) == (0, 1)


def test_a_window_opened_on_such_a_checkpoint_asks_over_the_default_run(
    open_window: Callable[..., MainWindow], mine: Path, saved: Path, qtbot: QtBot
) -> None:
    window = open_window(saved)
    box = asked(qtbot, window)
    qtbot.waitUntil(lambda: window.session.info is not None, timeout=WAIT)
    assert window.session.info.config.model == "conv-small"
    assert times_run(mine) == 0
    answer(qtbot, box, "run_model_file")
    qtbot.waitUntil(lambda: window.session.path == saved, timeout=WAIT)
    assert times_run(mine) == 1
