"""What if? A value is tried from the form, the two are seen side by side, and one is kept."""

import numpy as np
import pytest
from hands import WAIT, child
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QContextMenuEvent, QImage
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QMenu, QPushButton, QSlider, QWidget

from ganstudio.gui import trash
from ganstudio.gui.main_window import MainWindow
from ganstudio.gui.widgets.field_row import FieldRow
from ganstudio.gui.widgets.sample_grid import SampleGrid
from ganstudio.training.status import Phase

LEFT = Qt.MouseButton.LeftButton


def field(window: MainWindow, name: str) -> QWidget:
    found: QWidget = child(window, QWidget, f"setting_{name}")
    return found


def menu_of(widget: QWidget) -> QMenu:
    """Open the context menu of a widget, as the right button does."""
    reason, middle = QContextMenuEvent.Reason.Mouse, widget.rect().center()
    event = QContextMenuEvent(reason, middle, widget.mapToGlobal(middle))
    QApplication.sendEvent(widget, event)
    if not event.isAccepted():  # Qt itself goes on to the parents of what has no menu
        parent = widget.parentWidget()
        assert parent is not None
        return menu_of(parent)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    return menu


def try_value(qtbot, window: MainWindow, name: str, text: str) -> None:
    menu = menu_of(field(window, name))
    child(menu, QAction, "try_another").trigger()
    menu.close()
    dialog = child(window, QDialog, "try_value")
    entry = child(dialog, QWidget, "try_field")
    qtbot.keyClicks(entry, text)
    qtbot.keyClick(entry, Qt.Key.Key_Return)


def compare(qtbot, window: MainWindow) -> None:
    try_value(qtbot, window, "g_lr", "0.02")
    qtbot.waitUntil(lambda: window.session.status.rival is not None, timeout=WAIT)
    begins = window.session.status.rival.step
    qtbot.waitUntil(lambda: window.session.status.step > begins + 3, timeout=WAIT)


def pause(qtbot, window: MainWindow) -> None:
    window.session.pause()
    qtbot.waitUntil(lambda: window.session.status.phase is Phase.PAUSED, timeout=WAIT)


def pixels(grid: SampleGrid) -> np.ndarray:
    image = grid.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    return np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1).copy()


def decide(qtbot, window: MainWindow, name: str) -> None:
    button = child(window, QPushButton, f"keep_{name}")
    assert button.isVisible()
    qtbot.mouseClick(button, LEFT)


def test_another_value_is_tried_and_seen_beside(qtbot, window: MainWindow) -> None:
    compare(qtbot, window)
    pause(qtbot, window)
    rival = window.session.status.rival
    assert (rival.setting, rival.before, rival.value) == ("g_lr", 0.002, 0.02)
    text = child(window, QLabel, "what_if_text").text()
    assert "G learning rate were 0.02" in text
    grids = [child(window, SampleGrid, name) for name in ("samples_grid", "real_grid")]
    qtbot.waitUntil(lambda: len(grids[1].images()) > 0, timeout=WAIT)
    qtbot.waitUntil(lambda: window.samples._step == window.session.status.step, timeout=WAIT)
    a, b = (pixels(grid) for grid in grids)
    assert grids[1].isVisible()
    assert not np.array_equal(a, b), "the same z by two generators"
    assert window.samples._captions[0].text() == "A"
    plot = window.losses.plot
    qtbot.waitUntil(lambda: len(plot._rivals["g_loss"].get_data()[0]) > 0, timeout=WAIT)
    assert plot._rivals["g_loss"].get_data()[0].min() > rival.step
    assert field(window, "g_lr").text() == "0.002", "the fields are A's"


def test_a_as_it_is_goes_beside_b(qtbot, window: MainWindow) -> None:
    window.session.start()
    qtbot.waitUntil(lambda: len(window.session.status.moments) > 0, timeout=WAIT)
    with qtbot.waitSignal(window.session.decoder.looked_back, timeout=WAIT):
        window.samples.time_line.chosen.emit(window.session.status.moments[0])
    compare(qtbot, window)
    assert window.session.decoder.past is None
    slider = child(window, QSlider, "time_slider")
    assert not slider.isEnabled()
    assert "Keep A" in slider.toolTip()
    decide(qtbot, window, "both")
    qtbot.waitUntil(slider.isEnabled, timeout=WAIT)


def test_a_is_kept(qtbot, window: MainWindow, monkeypatch) -> None:
    trashed: list[str] = []
    monkeypatch.setattr(trash, "put", lambda folder: (trashed.append(folder.name) or True, None))
    compare(qtbot, window)
    window.session.training.post(lambda runner: runner._save(*runner._trainers()))
    a = window.session.info.run_id
    decide(qtbot, window, "a")
    qtbot.waitUntil(lambda: window.session.status.rival is None, timeout=WAIT)
    assert window.session.info.run_id == a
    assert not child(window, SampleGrid, "real_grid").isVisible()
    assert window.samples._captions[0].text() == "Generated"
    qtbot.waitUntil(lambda: len(trashed) == 1, timeout=WAIT)
    assert "-from-" in trashed[0]
    assert window.session.status.phase is Phase.TRAINING
    assert not child(window, QPushButton, "keep_a").isVisible()


def test_b_is_kept_and_undo_brings_a_back(qtbot, window: MainWindow) -> None:
    compare(qtbot, window)
    session = window.session
    a, b = session.info.run_id, session.status.rival.run_id
    decide(qtbot, window, "b")
    qtbot.waitUntil(lambda: session.info.run_id == b, timeout=WAIT)
    qtbot.waitUntil(lambda: session.status.phase is Phase.TRAINING, timeout=WAIT)
    assert field(window, "g_lr").text() == "0.02"
    assert session.undo_stack.undoText() == "Keep B"
    window.actions_.by_name["undo"].trigger()
    qtbot.waitUntil(lambda: session.info.run_id == a, timeout=WAIT)


def test_both_are_kept(qtbot, window: MainWindow) -> None:
    compare(qtbot, window)
    session = window.session
    b = session.status.rival.run_id
    decide(qtbot, window, "both")
    qtbot.waitUntil(lambda: session.status.rival is None, timeout=WAIT)
    assert [run.run_id for run in session.status.left] == [b]
    session.return_to(b)
    qtbot.waitUntil(lambda: session.info.run_id == b, timeout=WAIT)


def test_a_wrong_value_is_refused_where_it_is_typed(qtbot, window: MainWindow) -> None:
    for text, told in (("7", "must be between"), ("0.002", "already"), ("x", "takes a number")):
        try_value(qtbot, window, "g_lr", text)
        dialog = child(window, QDialog, "try_value")
        assert told in child(dialog, QLabel, "try_reason").text()
        assert child(dialog, QLabel, "try_reason").text().startswith("G learning rate")
        dialog.reject()
        qtbot.waitUntil(lambda: window.findChild(QDialog, "try_value") is None, timeout=WAIT)
    assert window.session.status.rival is None


@pytest.mark.parametrize("name", ["latent_dim", "dataset"])
def test_what_shapes_the_networks_is_not_offered(window: MainWindow, name: str) -> None:
    menu = menu_of(field(window, name))
    action = child(menu, QAction, "try_another")
    assert not action.isEnabled()
    assert "begin a new run" in action.toolTip()
    menu.close()


def test_a_number_s_menu_has_what_text_fields_have(window: MainWindow) -> None:
    menu = menu_of(field(window, "g_lr"))
    texts = [action.text() for action in menu.actions()]
    assert texts[0] == "Try another value from here…"
    assert any("Copy" in text for text in texts)
    menu.close()


def test_the_device_is_no_setting_of_the_recipe(window: MainWindow) -> None:
    row = field(window, "device").parentWidget()
    assert isinstance(row, FieldRow)
    middle = row.rect().center()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, middle, row.mapToGlobal(middle))
    QApplication.sendEvent(row, event)
    assert QApplication.activePopupWidget() is None
