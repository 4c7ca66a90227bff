"""The gallery and presets of one's own, under mouse and keyboard."""

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDropEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QLabel,
    QLineEdit,
    QListWidget,
    QMessageBox,
    QPlainTextEdit,
)
from pytestqt.qtbot import QtBot

from ganstudio import gallery, preset_files
from ganstudio.config import Config, load_preset, own_folder, preset_names, read_preset
from ganstudio.gallery import Figures
from ganstudio.gui import colours
from ganstudio.gui.gallery import Gallery
from ganstudio.gui.main_window import MainWindow
from ganstudio.images import save_png

LEFT = Qt.MouseButton.LeftButton
MINE = Config(batch_size=48)
GOOD = Figures(
    seconds=60,
    runs=3,
    n=10_000,
    digits=10,
    rarest=8.1,
    commonest=12.9,
    frechet=37.2,
    low=31.4,
    high=45.6,
    lost=0,
    readable=12,
)
BAD = replace(GOOD, digits=1, commonest=99.6, frechet=900, readable=None, lost=2)
INK = QColor(10, 200, 30)


@pytest.fixture
def measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have figures of two presets, and a picture of one."""
    import numpy as np

    path = tmp_path / "sheet.png"
    save_png(np.full((178, 178, 3), INK.getRgb()[:3], np.uint8), path)
    monkeypatch.setattr(gallery, "read", lambda: {"studio": GOOD, "wgan": BAD})
    monkeypatch.setattr(gallery, "sheet", lambda name: path if name == "studio" else None)


@pytest.fixture
def window(qapp: QApplication) -> Iterator[MainWindow]:
    """Return a window whose threads have not begun."""
    window = MainWindow("cpu")
    window.show()
    yield window
    window.session.close()
    window.hide()
    window.deleteLater()


def opened(qtbot: QtBot, window: MainWindow) -> Gallery:
    """Open the gallery with the button beside the presets."""
    qtbot.mouseClick(window.findChild(QAbstractButton, "open_gallery"), LEFT)
    dialog = window.findChild(Gallery)
    assert dialog is not None
    qtbot.waitUntil(dialog.isActiveWindow)
    return dialog


def opened_on_mine(qtbot: QtBot, window: MainWindow) -> Gallery:
    """Save a preset, choose it, and open the gallery."""
    preset_files.save("Mine", "", MINE)
    window.experiment.renew_presets()
    window.experiment.select_preset("mine")
    return opened(qtbot, window)


def cards(dialog: Gallery) -> QListWidget:
    found = dialog.findChild(QListWidget, "gallery_list")
    assert found is not None
    return found


def button(dialog: QDialog, name: str) -> QAbstractButton:
    found = dialog.findChild(QAbstractButton, name)
    assert found is not None
    return found


def shown(dialog: Gallery) -> list[str]:
    view = cards(dialog)
    items = [view.item(row) for row in range(view.count())]
    return [item.data(Qt.ItemDataRole.UserRole) for item in items if not item.isHidden()]


def spoken(dialog: Gallery, name: str) -> str:
    view = cards(dialog)
    row = list(preset_names()).index(name)
    return str(view.item(row).data(Qt.ItemDataRole.AccessibleTextRole))


def painted(dialog: Gallery, name: str) -> dict[str, int]:
    """Count the pixels of a card by colour."""
    view = cards(dialog)
    item = view.item(list(preset_names()).index(name))
    view.scrollToItem(item)
    image = view.viewport().grab(view.visualItemRect(item)).toImage()
    counts: dict[str, int] = {}
    for y in range(image.height()):
        for x in range(image.width()):
            colour = image.pixelColor(x, y).name()
            counts[colour] = counts.get(colour, 0) + 1
    return counts


def choose_file(monkeypatch: pytest.MonkeyPatch, path: Path | str) -> None:
    for name in ("getOpenFileName", "getSaveFileName"):
        monkeypatch.setattr(QFileDialog, name, lambda *_: (str(path), ""))


@pytest.mark.usefixtures("measured")
def test_cards_say_and_show_what_presets_make(window: MainWindow, qtbot: QtBot) -> None:
    preset_files.save("Mine", "", MINE)
    dialog = opened(qtbot, window)
    assert shown(dialog) == list(preset_names())
    text = spoken(dialog, "studio")
    for part in (
        "Studio",
        "10 of 10 digits",
        "8 to 13 %",
        "after 12 s",
        "Fréchet distance 37 × real",
    ):
        assert part in text
    assert "Collapses in 2 of 3 runs" in spoken(dialog, "wgan")
    assert "Far from real digits after 60 s" in spoken(dialog, "wgan")
    assert "Not measured yet" in spoken(dialog, "dcgan")
    assert "Your own" in spoken(dialog, "mine")

    rows = dict(zip(shown(dialog), range(cards(dialog).count()), strict=True))
    tip = cards(dialog).item(rows["studio"]).toolTip()
    assert "after 60 s" in tip
    assert "median 37.2, from 31.4 to 45.6" in tip
    assert not cards(dialog).item(rows["dcgan"]).toolTip()

    by_name = {name: painted(dialog, name) for name in ("studio", "wgan", "dcgan", "mine")}
    assert by_name["studio"].get(INK.name(), 0) > 5000
    assert INK.name() not in by_name["wgan"]
    badges = {name: counts.get(colours.VERMILLION.lower(), 0) for name, counts in by_name.items()}
    assert badges["wgan"] > 300
    assert not badges["studio"] + badges["dcgan"] + badges["mine"]
    assert by_name["mine"].get(colours.SKY.lower(), 0) > 300


def test_what_is_meant_to_fail_says_so(window: MainWindow, qtbot: QtBot) -> None:
    own_folder().mkdir(parents=True)
    (own_folder() / "bad.toml").write_text('g_lr = 1.0\n[about]\ngroup = "Broken on purpose"')
    assert "Broken on purpose" in spoken(opened(qtbot, window), "bad")


def test_arrows_walk_and_enter_uses(window: MainWindow, qtbot: QtBot) -> None:
    dialog = opened(qtbot, window)
    view = cards(dialog)
    assert (view.hasFocus(), dialog.current()) == (True, "studio")
    qtbot.keyClick(view, Qt.Key.Key_Right)
    assert dialog.current() == preset_names()[1]
    qtbot.keyClick(view, Qt.Key.Key_Down)
    below = dialog.current()
    assert below not in preset_names()[:2]
    about = dialog.findChild(QLabel, "gallery_about")
    assert about is not None
    assert about.text() == load_preset(below).description
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert not dialog.isVisible()
    assert window.experiment.preset() == below
    combo = window.experiment.findChild(QComboBox, "preset")
    assert combo is not None
    assert combo.currentText() == load_preset(below).title


def test_a_double_click_uses(window: MainWindow, qtbot: QtBot) -> None:
    dialog = opened(qtbot, window)
    view = cards(dialog)
    at = view.visualItemRect(view.item(2)).center()
    qtbot.mouseClick(view.viewport(), LEFT, pos=at)
    qtbot.mouseDClick(view.viewport(), LEFT, pos=at)
    assert window.experiment.preset() == preset_names()[2]


def test_escape_changes_nothing(window: MainWindow, qtbot: QtBot) -> None:
    dialog = opened(qtbot, window)
    qtbot.keyClick(cards(dialog), Qt.Key.Key_Right)
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    assert window.experiment.preset() == "studio"


def test_searching(window: MainWindow, qtbot: QtBot) -> None:
    dialog = opened(qtbot, window)
    search = dialog.findChild(QLineEdit, "gallery_search")
    assert search is not None
    search.setFocus()
    qtbot.keyClicks(search, "gulrajani PENALTY")
    assert shown(dialog) == ["wgan-gp"]
    assert dialog.current() == "wgan-gp"
    qtbot.keyClicks(search, "zzz")
    assert shown(dialog) == []
    assert not button(dialog, "gallery_use").isEnabled()
    assert not button(dialog, "gallery_export").isEnabled()
    qtbot.keyClick(search, Qt.Key.Key_Return)
    assert dialog.isVisible()
    search.clear()
    assert shown(dialog) == list(preset_names())
    qtbot.keyClicks(cards(dialog), "w")
    qtbot.keyClicks(QApplication.focusWidget(), "gan-gp")
    assert search.text() == "wgan-gp", "what is typed over the cards is sought"
    assert dialog.current() == "wgan-gp"


def test_own_presets_are_deleted_after_a_question(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog = opened_on_mine(qtbot, window)
    assert dialog.current() == "mine"
    answers = [QMessageBox.StandardButton.Cancel, QMessageBox.StandardButton.Yes]
    monkeypatch.setattr(QMessageBox, "question", lambda *_: answers.pop(0))
    qtbot.mouseClick(button(dialog, "gallery_delete"), LEFT)
    assert "mine" in preset_names()
    qtbot.mouseClick(button(dialog, "gallery_delete"), LEFT)
    assert "mine" not in preset_names()
    assert "mine" not in shown(dialog)
    assert window.experiment.preset() == ""
    assert dialog.current() == "studio"
    assert not button(dialog, "gallery_delete").isEnabled()


def test_a_preset_that_cannot_be_deleted_is_told(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog = opened_on_mine(qtbot, window)
    path = own_folder() / "mine.toml"

    def lose(*_: object) -> QMessageBox.StandardButton:
        path.unlink()  # by another program, while the question is asked
        return QMessageBox.StandardButton.Yes

    monkeypatch.setattr(QMessageBox, "question", lose)
    qtbot.mouseClick(button(dialog, "gallery_delete"), LEFT)
    errors = dialog.findChild(QLabel, "gallery_errors")
    assert errors.isVisible()
    assert str(path) in errors.text()
    assert "mine" not in shown(dialog)

    preset_files.save("Mine", "", MINE)
    dialog.renew("mine")
    path.unlink()  # before it
    qtbot.mouseClick(button(dialog, "gallery_delete"), LEFT)
    assert "no preset called “mine”" in errors.text()
    assert "mine" not in shown(dialog)


def test_exporting_replaces_a_file_only_after_a_question(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog = opened(qtbot, window)
    (tmp_path / "shared.toml").write_text("precious")
    choose_file(monkeypatch, tmp_path / "shared")  # without the suffix nobody has asked
    answers = [QMessageBox.StandardButton.No, QMessageBox.StandardButton.Yes]
    monkeypatch.setattr(QMessageBox, "question", lambda *_: answers.pop(0))
    qtbot.mouseClick(button(dialog, "gallery_export"), LEFT)
    assert (tmp_path / "shared.toml").read_text() == "precious"
    qtbot.mouseClick(button(dialog, "gallery_export"), LEFT)
    assert read_preset(tmp_path / "shared.toml").config == load_preset("studio").config


def test_exporting_and_importing(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog = opened(qtbot, window)
    choose_file(monkeypatch, tmp_path / "shared")
    qtbot.mouseClick(button(dialog, "gallery_export"), LEFT)
    choose_file(monkeypatch, tmp_path / "shared.toml")
    qtbot.mouseClick(button(dialog, "gallery_import"), LEFT)
    assert dialog.current() == "shared"
    assert load_preset("shared").config == load_preset("studio").config

    qtbot.mouseClick(button(dialog, "gallery_import"), LEFT)  # once more
    errors = dialog.findChild(QLabel, "gallery_errors")
    assert errors is not None
    assert errors.isVisible()
    assert "There is a preset called “shared” already." in errors.text()
    choose_file(monkeypatch, "")
    qtbot.mouseClick(button(dialog, "gallery_import"), LEFT)
    qtbot.mouseClick(button(dialog, "gallery_export"), LEFT)
    assert [path.name for path in own_folder().iterdir()] == ["shared.toml"]


def test_the_same_settings_under_two_names_keep_the_chosen_one(
    window: MainWindow, qtbot: QtBot
) -> None:
    preset_files.save("Twin", "", Config())
    window.experiment.renew_presets()
    window.experiment.select_preset("twin")
    assert window.experiment.preset() == "twin"
    window.experiment.select_preset("studio")
    assert window.experiment.preset() == "studio"


def test_files_that_come_and_go_while_the_window_is_open(window: MainWindow) -> None:
    preset_files.save("Mine", "", MINE)
    window.experiment.set_config(MINE)
    combo = window.experiment.findChild(QComboBox, "preset")
    assert combo.currentText() == "Mine"
    preset_files.delete("mine")
    window.experiment.select_preset("mine")
    assert window.banner.error is not None
    assert "no preset called “mine”" in str(window.banner.error)
    assert combo.findText("Mine") < 0
    assert combo.currentText() == "Custom"


# Saving


def save_dialog(window: MainWindow) -> QDialog:
    window.actions_.by_name["save_preset"].trigger()
    dialog = window.findChild(QDialog, "save_preset")
    assert dialog is not None
    return dialog


def test_saving_the_fields_as_a_preset(window: MainWindow, qtbot: QtBot) -> None:
    window.experiment.select_preset("wgan")
    window.experiment.set_model("conv")
    dialog = save_dialog(window)
    save = dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Save)
    title, reason = dialog.findChild(QLineEdit), dialog.findChild(QLabel, "preset_reason")
    assert not save.isEnabled()
    assert reason.text() == ""
    qtbot.keyClicks(title, "Studio")
    assert not save.isEnabled()
    assert "There is a preset called “studio” already." in reason.text()
    qtbot.keyClicks(title, " by hand")
    assert save.isEnabled()
    assert reason.text() == ""
    qtbot.keyClicks(dialog.findChild(QPlainTextEdit), "Mine.")
    qtbot.mouseClick(save, LEFT)
    saved = load_preset("studio-by-hand")
    assert saved.config == load_preset("wgan").config.changed(model="conv")
    assert (saved.title, saved.description) == ("Studio by hand", "Mine.")
    assert window.experiment.preset() == "studio-by-hand"
    combo = window.experiment.findChild(QComboBox, "preset")
    assert combo.currentText() == "Studio by hand"


def test_cancelling_saves_nothing(window: MainWindow, qtbot: QtBot) -> None:
    dialog = save_dialog(window)
    qtbot.keyClicks(dialog.findChild(QLineEdit), "Mine")
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not own_folder().exists()


def test_a_folder_that_cannot_be_written_is_told(window: MainWindow, qtbot: QtBot) -> None:
    own_folder().parent.mkdir(parents=True)
    own_folder().touch()
    dialog = save_dialog(window)
    qtbot.keyClicks(dialog.findChild(QLineEdit), "Mine")
    qtbot.keyClick(dialog.findChild(QLineEdit), Qt.Key.Key_Return)
    reason = dialog.findChild(QLabel, "preset_reason")
    assert "cannot be written" in reason.text()
    assert dialog.isVisible()  # with all that was typed
    own_folder().unlink()
    qtbot.keyClick(dialog.findChild(QLineEdit), Qt.Key.Key_Return)
    assert not dialog.isVisible()
    assert load_preset("mine").title == "Mine"


def test_the_dialog_goes_when_it_is_closed(window: MainWindow, qtbot: QtBot) -> None:
    for _ in range(2):
        with qtbot.waitSignal(save_dialog(window).destroyed):
            qtbot.keyClick(window.findChild(QDialog, "save_preset"), Qt.Key.Key_Escape)
    assert window.findChild(QDialog, "save_preset") is None


def test_the_dataset_is_no_part_of_a_preset(window: MainWindow, qtbot: QtBot) -> None:
    window.experiment.set_pending_edits({"dataset": "fashion-mnist", "batch_size": 48})
    dialog = save_dialog(window)
    qtbot.keyClicks(dialog.findChild(QLineEdit), "Mine")
    qtbot.keyClick(dialog.findChild(QLineEdit), Qt.Key.Key_Return)
    saved = tomllib.loads((own_folder() / "mine.toml").read_text())
    assert saved["batch_size"] == 48
    assert not {"seed", "dataset"} & saved.keys()
    assert window.experiment.preset() == "mine"
    assert window.experiment.pending_config().dataset == "fashion-mnist"


# Files that come from outside


def drop(window: MainWindow, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    action, buttons, keys = Qt.DropAction.CopyAction, LEFT, Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(QPointF(QPoint(5, 5)), action, data, buttons, keys))


def test_a_dropped_preset_joins_the_list_and_is_shown(window: MainWindow, tmp_path: Path) -> None:
    preset_files.export(load_preset("wgan"), tmp_path / "theirs.toml")
    drop(window, tmp_path / "theirs.toml")
    assert window.experiment.preset() == "theirs"
    assert window.banner.error is None


def test_a_dropped_file_that_is_no_preset_is_told(window: MainWindow, tmp_path: Path) -> None:
    (tmp_path / "theirs.toml").write_text("g_lr = 'fast'")
    drop(window, tmp_path / "theirs.toml")
    assert window.banner.error is not None
    assert window.banner.error.code == "bad-preset"
    assert window.experiment.preset() == "studio"


def test_damaged_presets_are_named_and_the_window_opens(qtbot: QtBot, qapp: QApplication) -> None:
    own_folder().mkdir(parents=True)
    for name in ("one", "two"):
        (own_folder() / f"{name}.toml").write_text("[")
    preset_files.save("Mine", "", MINE)
    window = MainWindow("cpu")
    window.show()
    try:
        assert window.banner.error is not None
        assert "one.toml" in str(window.banner.error)
        dialog = opened(qtbot, window)
        errors = dialog.findChild(QLabel, "gallery_errors").text()
        assert "one.toml" in errors
        assert "two.toml" in errors
        assert shown(dialog)[-1] == "mine"
    finally:
        window.session.close()
        window.hide()
        window.deleteLater()


def test_a_preset_is_started_over_with_where_a_run_has_steps(
    window: MainWindow, qtbot: QtBot
) -> None:
    dialog = opened(qtbot, window)
    assert not button(dialog, "gallery_start_over").isVisible(), "Start takes what the fields show"
    assert button(dialog, "gallery_use").isDefault()
    dialog.reject()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    window.experiment.set_progress(1, 0.5)
    asked: list[Config] = []
    window.experiment.start_over_requested.disconnect()
    window.experiment.start_over_requested.connect(lambda config, _device: asked.append(config))
    dialog = opened(qtbot, window)
    anew = button(dialog, "gallery_start_over")
    assert anew.isDefault()
    cards(dialog).setCurrentRow(shown(dialog).index("mlp-leaky"))
    qtbot.mouseClick(anew, LEFT)
    assert [config.model for config in asked] == ["mlp-leaky"]
