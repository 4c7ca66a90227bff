"""Other images than MNIST's in the window: folders, downloads, and what goes wrong with them."""

import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from hands import WAIT
from PIL import Image
from published import install_torchvision, md5, write_idx
from PySide6.QtCore import QMimeData, QPoint, QSettings, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QFileDialog,
    QLabel,
    QMessageBox,
    QPushButton,
    QWidget,
)

from ganstudio.data import download
from ganstudio.data.published import usual_folder
from ganstudio.data.sources.mnist import FILES
from ganstudio.errors import Phrase, StudioError
from ganstudio.gui.main_window import MainWindow
from ganstudio.gui.widgets.sample_grid import SampleGrid
from ganstudio.training.status import Phase

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of 80 red images, and one file that is none."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(80):
        Image.new("RGB", (28, 28), (255 - i, 0, 0)).save(folder / f"{i:02}.png")
    (folder / "broken.jpg").write_bytes(b"no image")
    return folder


def choose_folder(monkeypatch: pytest.MonkeyPatch, path: Path | str) -> list[str]:
    """Answer dialogs for folders; the list receives the folders that they begin in."""
    begun: list[str] = []

    def ask(_parent, _title, folder: str) -> str:
        begun.append(folder)
        return str(path)

    monkeypatch.setattr(QFileDialog, "getExistingDirectory", ask)
    return begun


def dataset_field(window: MainWindow) -> QComboBox:
    return window.findChild(QComboBox, "setting_dataset")


def choose_dataset(qtbot, window: MainWindow, name: str) -> None:
    """Choose a dataset in the opened list, by keyboard."""
    field = dataset_field(window)
    qtbot.keyClick(field, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    view = field.view()
    qtbot.waitUntil(view.isVisible)
    view.setCurrentIndex(field.model().index(field.findData(name), 0))
    qtbot.keyClick(view, Qt.Key.Key_Return)


def press(qtbot, window: MainWindow, name: str) -> None:
    qtbot.mouseClick(window.findChild(QAbstractButton, name), LEFT)


def wait_dataset(qtbot, window: MainWindow, name: str) -> None:
    qtbot.waitUntil(
        lambda: (
            window.session.info.config.dataset == name
            and window.session.status.phase is Phase.READY
        ),
        timeout=WAIT,
    )


def banner(window: MainWindow) -> str:
    shown = window.banner.isVisible()
    return window.findChild(QLabel, "banner_text").text() if shown else ""


def drop(window: MainWindow, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    action, keys = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(QPoint(9, 9), action, data, LEFT, keys))


def test_a_folder_is_chosen_trained_on_and_told_of(qtbot, window, monkeypatch, pictures) -> None:
    choose_folder(monkeypatch, pictures)
    choose_dataset(qtbot, window, "folder")
    field = dataset_field(window)
    assert field.currentText() == "Folder: pictures…"
    assert str(pictures) in field.toolTip()
    assert set(window.experiment.pending_edits()) == {"dataset", "folder"}
    assert not banner(window)
    press(qtbot, window, "start_over_pending")
    wait_dataset(qtbot, window, "folder")
    assert window.session.info.image_shape == (3, 28, 28)
    assert len(window.experiment.pending_edits()) == 0
    assert field.currentText() == "Folder: pictures…"
    assert "1 of 81 files" in banner(window)
    assert "broken.jpg" in banner(window)
    assert window.findChild(QLabel, "start_card_label").text().endswith("never seen an image.")

    press(qtbot, window, "real_images")
    real = window.findChild(SampleGrid, "real_grid")
    image = real.grab().toImage()
    colours = [
        image.pixelColor(x, y)
        for x in range(0, image.width(), 5)
        for y in range(0, image.height(), 5)
    ]
    assert any(c.red() > 150 and c.green() < 40 and c.blue() < 40 for c in colours)

    window.session.step("both", 2)
    qtbot.waitUntil(lambda: window.session.status.step == 2, timeout=WAIT)


def test_a_dialog_that_is_cancelled_changes_nothing(qtbot, window, monkeypatch) -> None:
    choose_folder(monkeypatch, "")
    choose_dataset(qtbot, window, "folder")
    assert dataset_field(window).currentText() == "MNIST"
    assert len(window.experiment.pending_edits()) == 0
    assert window.experiment.folder() is None


def test_the_folder_is_remembered_for_the_next_dialog(
    qtbot, window, monkeypatch, pictures, tmp_path
) -> None:
    first = choose_folder(monkeypatch, pictures)
    choose_dataset(qtbot, window, "folder")
    assert first == [str(tmp_path)]
    choose_dataset(qtbot, window, "mnist")
    assert not window.findChild(QWidget, "pending_bar").isVisible()
    second = choose_folder(monkeypatch, "")
    choose_dataset(qtbot, window, "folder")
    assert second == [str(pictures)]


def test_another_folder_waits_for_a_new_run_and_can_be_discarded(
    qtbot, window, monkeypatch, pictures, tmp_path
) -> None:
    drop(window, pictures)
    window.experiment.start_over()
    wait_dataset(qtbot, window, "folder")
    other = tmp_path / "others"
    other.mkdir()
    choose_folder(monkeypatch, other)
    choose_dataset(qtbot, window, "folder")
    assert len(window.experiment.pending_edits()) == 1
    assert dataset_field(window).currentText() == "Folder: others…"
    assert "Running: Folder: pictures…" in dataset_field(window).toolTip()
    press(qtbot, window, "discard_pending")
    assert dataset_field(window).currentText() == "Folder: pictures…"
    assert len(window.experiment.pending_edits()) == 0


def test_a_folder_without_images_is_told_and_the_run_goes_on(
    qtbot, window, monkeypatch, pictures, tmp_path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    window.session.start()
    qtbot.waitUntil(lambda: window.session.status.step > 0, timeout=WAIT)
    drop(window, empty)
    window.experiment.start_over()
    qtbot.waitUntil(lambda: str(empty) in banner(window), timeout=WAIT)
    qtbot.waitUntil(lambda: window.session.status.phase is Phase.TRAINING, timeout=WAIT)
    assert window.session.info.config.dataset == "mnist"
    choose_folder(monkeypatch, pictures)
    press(qtbot, window, "banner_action")
    assert window.experiment.folder() == pictures


def test_a_checkpoint_whose_folder_moved_is_opened_with_its_new_place(
    qtbot, window, monkeypatch, pictures, tmp_path
) -> None:
    drop(window, pictures)
    window.experiment.start_over()
    wait_dataset(qtbot, window, "folder")
    with qtbot.waitSignal(window.session.saved, timeout=WAIT):
        window.session.save(tmp_path / "run.pt")
    window.files.new()
    wait_dataset(qtbot, window, "mnist")
    moved = pictures.rename(tmp_path / "moved")
    window.files.open_file(tmp_path / "run.pt")
    qtbot.waitUntil(lambda: f"no folder {pictures}" in banner(window), timeout=WAIT)
    choose_folder(monkeypatch, moved)
    press(qtbot, window, "banner_action")
    wait_dataset(qtbot, window, "folder")
    qtbot.waitUntil(lambda: window.session.path == tmp_path / "run.pt", timeout=WAIT)
    assert window.session.info.dataset.root == moved
    window.experiment.start_over()  # the new place is that of a run begun anew, too
    qtbot.waitUntil(lambda: window.session.path is None, timeout=WAIT)
    assert window.session.info.dataset.root == moved


def test_a_data_folder_is_chosen_shown_remembered_and_given_up(
    qtbot, window, monkeypatch, tmp_path
) -> None:
    write_idx(tmp_path / "data" / "kmnist", FILES)
    field = dataset_field(window)
    texts = {field.itemData(i): i for i in range(field.count())}
    assert field.itemText(texts["kmnist"]) == "KMNIST (download: 21 MB)"

    def box(button: str) -> str:
        window.actions_.by_name["data_folder"].trigger()
        shown = window.findChild(QMessageBox, "data_folder_box")
        qtbot.waitUntil(shown.isVisible)
        text = shown.informativeText()
        qtbot.mouseClick(shown.findChild(QPushButton, button), LEFT)
        qtbot.waitUntil(lambda: window.findChild(QMessageBox, "data_folder_box") is None)
        return text

    choose_folder(monkeypatch, tmp_path / "data")
    assert box("data_folder_other") == str(usual_folder())
    assert QSettings().value("data_folder") == str(tmp_path / "data")
    assert field.itemText(texts["kmnist"]) == "KMNIST"
    assert box("data_folder_usual") == str(tmp_path / "data")
    assert QSettings().value("data_folder") is None
    assert field.itemText(texts["kmnist"]) == "KMNIST (download: 21 MB)"


def test_what_is_in_the_data_folder_trains_though_torchvision_is_not_there(
    qtbot, window, monkeypatch, tmp_path
) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    rng = np.random.default_rng(1)
    monkeypatch.setattr("published.GREY", rng.integers(0, 256, (90, 28, 28), dtype=np.uint8))
    monkeypatch.setattr("published.LABELS", np.arange(90) % 10)
    write_idx(tmp_path / "data" / "kmnist", FILES)
    QSettings().setValue("data_folder", str(tmp_path / "data"))
    choose_dataset(qtbot, window, "kmnist")
    window.experiment.start_over()
    wait_dataset(qtbot, window, "kmnist")
    choose_dataset(qtbot, window, "emnist")
    window.experiment.start_over()
    qtbot.waitUntil(lambda: "torchvision" in banner(window), timeout=WAIT)
    assert str(tmp_path / "data" / "emnist") in banner(window)
    window.session.step("both", 1)
    qtbot.waitUntil(lambda: window.session.status.step == 1, timeout=WAIT)


def test_a_download_shows_how_far_it_is_and_is_cancelled_by_a_click(
    qtbot, window, monkeypatch
) -> None:
    sums = [(f"{name}.gz", md5(b"")) for name in FILES]
    known = {"mirrors": ["http://there/"], "resources": sums}
    install_torchvision(monkeypatch, FashionMNIST=known)
    ended = threading.Event()

    def fetch(_urls, path: Path, _md5, work) -> None:
        note = Phrase("downloading", name=path.name, size=" (26.4 MB)")
        try:
            while not ended.wait(0.001):
                work.at(0.25, note)
        finally:
            ended.set()

    monkeypatch.setattr(download, "fetch", fetch)
    choose_dataset(qtbot, window, "fashion-mnist")
    window.experiment.start_over()
    text = window.findChild(QLabel, "work_text")
    said = "Downloading train-images-idx3-ubyte.gz (26.4 MB)"
    try:
        qtbot.waitUntil(lambda: text.accessibleName() == said, timeout=WAIT)
        assert window.session.status.phase is Phase.LOADING
        button = window.findChild(QAbstractButton, "work_cancel")
        qtbot.waitUntil(button.isVisible, timeout=WAIT)
        qtbot.mouseClick(button, LEFT)
        qtbot.waitUntil(lambda: window.session.status.phase is Phase.READY, timeout=WAIT)
        assert ended.is_set()
    finally:
        ended.set()
    assert window.session.info.config.dataset == "mnist"
    assert len(window.experiment.pending_edits()) == 1, "what was chosen still waits"
    assert not banner(window)


def test_a_download_that_fails_is_tried_again_by_the_banners_button(
    qtbot, window, monkeypatch
) -> None:
    asked = []
    known = {"mirrors": ["http://there/"], "resources": [("train-images-idx3-ubyte.gz", "0")]}
    install_torchvision(monkeypatch, KMNIST=known)

    def fetch(urls, path: Path, _md5, _work) -> None:
        asked.extend(urls)
        where = {"name": path.name, "folder": path.parent}
        raise StudioError("download-failed", url=urls[0], detail="no network", **where)

    monkeypatch.setattr(download, "fetch", fetch)
    choose_dataset(qtbot, window, "kmnist")
    window.experiment.start_over()
    qtbot.waitUntil(lambda: "no network" in banner(window), timeout=WAIT)
    assert window.session.status.phase is Phase.READY
    press(qtbot, window, "banner_action")
    qtbot.waitUntil(lambda: len(asked) == 2, timeout=WAIT)
    qtbot.waitUntil(lambda: "no network" in banner(window), timeout=WAIT)
    assert QApplication.activeModalWidget() is None
