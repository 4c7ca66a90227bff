from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hands import child, handle
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QEnterEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QSlider,
    QTabBar,
    QTabWidget,
    QWidget,
)
from pytestqt.qtbot import QtBot
from runs import run_info

from ganstudio.errors import StudioError
from ganstudio.gui.main_window import MainWindow
from ganstudio.gui.panels.latent import LatentPanel
from ganstudio.gui.threads.lanes import Drawn
from ganstudio.gui.widgets import z_sliders as sliders_module
from ganstudio.gui.widgets.image_view import ImageView
from ganstudio.gui.widgets.latent_state import LatentState
from ganstudio.gui.widgets.number_edit import number_text, parse_number
from ganstudio.gui.widgets.number_field import NumberField
from ganstudio.gui.widgets.slider_list import SliderList
from ganstudio.gui.widgets.z_strip import ZStrip
from ganstudio.latent.spec import LatentPart, LatentSpec, Stream, generator
from ganstudio.training.status import RunInfo

LEFT = Qt.MouseButton.LeftButton
Key = Qt.Key
MakePanel = Callable[..., LatentPanel]


def latent_run(dim: int = 16, kind: str = "normal") -> RunInfo:
    spec = LatentSpec((LatentPart(name="z", kind=kind, dim=dim),))
    return run_info(run_id=f"run of {dim}", latent=spec)


@pytest.fixture
def make(qtbot: QtBot) -> MakePanel:
    def made(dim: int = 16, kind: str = "normal", width: int = 330) -> LatentPanel:
        panel = LatentPanel()
        qtbot.addWidget(panel)
        panel.resize(width, 560)
        with qtbot.waitExposed(panel):
            panel.show()
        panel.set_run(latent_run(dim, kind), np.random.default_rng(1))
        return panel

    return made


class Log:
    """What a panel has emitted."""

    def __init__(self, panel: LatentPanel) -> None:
        self.images: list[np.ndarray] = []
        self.effects: list[np.ndarray] = []
        self.edits: list[tuple[str, LatentState, LatentState]] = []
        self.drags: list[bool] = []
        panel.exploration.image_wanted.connect(self.images.append)
        panel.exploration.drag_toggled.connect(self.drags.append)
        panel.sliders.z.effect_wanted.connect(self.effects.append)
        panel.exploration.edited.connect(lambda *edit: self.edits.append(edit))

    @property
    def texts(self) -> list[str]:
        return [text for text, _, _ in self.edits]


class Watcher(QObject):
    """Counts the events of one kind that a widget gets."""

    def __init__(self, widget: QWidget, kind: QEvent.Type) -> None:
        super().__init__(widget)
        self.count = 0
        self._kind = kind
        widget.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == self._kind
        return False


def sliders(panel: LatentPanel) -> SliderList:
    return child(panel, SliderList, "slider_list")


def slider(panel: LatentPanel, dim: int) -> QSlider:
    return child(panel, QSlider, f"latent_slider_{dim}")


def shown_value(panel: LatentPanel, dim: int) -> str:
    return child(panel, QAbstractButton, f"latent_value_{dim}").text()


def first_rows(panel: LatentPanel) -> list[int]:
    sliders(panel).verticalScrollBar().setValue(0)
    return row_order(panel)[:3]


def row_order(panel: LatentPanel) -> list[int]:
    """The dimensions of the visible rows, from top to bottom."""
    rows = [slider.parentWidget() for slider in panel.findChildren(QSlider)]
    shown = sorted((row for row in rows if row.isVisible()), key=lambda row: row.y())
    return [int(row.objectName().removeprefix("latent_row_")) for row in shown]


def pixels(widget: QWidget) -> QImage:
    return widget.grab().toImage()


def press(qtbot: QtBot, panel: LatentPanel, name: str) -> None:
    qtbot.mouseClick(child(panel, QAbstractButton, name), LEFT)


def drag(qtbot: QtBot, widget: QWidget, *points: QPoint) -> None:
    qtbot.mousePress(widget, LEFT, pos=points[0])
    for point in points[1:]:
        qtbot.mouseMove(widget, point)
    qtbot.mouseRelease(widget, LEFT, pos=points[-1])


def choose_order(qtbot: QtBot, panel: LatentPanel, index: int) -> None:
    combo = child(panel, QComboBox, "latent_order")
    combo.setFocus()
    qtbot.keyClick(combo, Key.Key_Home)
    for _ in range(index):
        qtbot.keyClick(combo, Key.Key_Down)
    assert combo.currentIndex() == index


def test_dragging_a_handle_moves_z_and_is_one_edit(qtbot: QtBot, make: MakePanel) -> None:
    panel = make()
    log, before = Log(panel), panel.exploration.state
    control, value = slider(panel, 2), child(panel, QAbstractButton, "latent_value_2")
    text, label, bars = value.text(), pixels(value), pixels(child(panel, ZStrip, "z_strip"))
    start = handle(control).center()
    qtbot.mousePress(control, LEFT, pos=start)
    assert not log.images, "pressing alone moves nothing"
    for x in (10, 20, 30):
        qtbot.mouseMove(control, start - QPoint(x, 0))
    assert len(log.images) == 3
    assert not log.edits
    assert handle(control).center().x() == pytest.approx(start.x() - 30, abs=1), (
        "it follows the mouse"
    )
    qtbot.mouseRelease(control, LEFT, pos=start - QPoint(30, 0))
    after = panel.exploration.state
    assert log.edits == [("move z 2", before, after)]
    assert after.z[2] < before.z[2] - 0.5
    assert np.flatnonzero(after.z != before.z).tolist() == [2]
    np.testing.assert_array_equal(log.images[-1], after.z)
    log.images[-1][:] = 0  # the receiver may write to it
    assert value.text() == number_text(after.z[2], 4) != text
    assert pixels(value) != label
    assert pixels(child(panel, ZStrip, "z_strip")) != bars


def test_a_click_in_the_groove_brings_the_handle_there(qtbot: QtBot, make: MakePanel) -> None:
    panel = make()
    log, control = Log(panel), slider(panel, 1)
    goal = QPoint(control.width() - 15, 4)
    qtbot.mouseClick(control, LEFT, pos=goal)
    assert handle(control).center().x() == pytest.approx(goal.x(), abs=1)
    assert log.texts == ["move z 1"]
    qtbot.mouseClick(control, LEFT, pos=handle(control).center())
    assert log.texts == ["move z 1"], "a click that moves nothing is no edit"


def test_a_hand_finds_the_slider_wherever_its_row_is(qtbot: QtBot, make: MakePanel) -> None:
    panel = make(8)
    control = slider(panel, 2)
    row = control.parentWidget()
    for y in range(row.height()):
        before = panel.exploration.state.z[2]
        x = handle(control).center().x() + (30 if y % 2 else -30)
        place = QPoint(control.mapTo(row, QPoint(x, 0)).x(), y)
        under = row.childAt(place) or row
        qtbot.mouseClick(under, LEFT, pos=under.mapFrom(row, place))
        assert panel.exploration.state.z[2] != before, y


def test_undo_in_the_middle_of_a_drag(qtbot: QtBot, make: MakePanel) -> None:
    panel = make()
    log, control = Log(panel), slider(panel, 0)
    other = LatentState.unlocked(np.full(16, 0.5, np.float32))
    qtbot.mousePress(control, LEFT, pos=handle(control).center())
    qtbot.mouseMove(control, QPoint(5, 12))
    panel.exploration.set_state(other)
    qtbot.mouseMove(control, QPoint(30, 12))
    qtbot.mouseRelease(control, LEFT, pos=QPoint(30, 12))
    assert [before for _, before, _ in log.edits] == [other]


def test_the_wheel_scrolls_and_changes_no_slider(qtbot: QtBot, make: MakePanel) -> None:
    panel = make(64)
    log, view = Log(panel), sliders(panel)
    view.setFocus()
    for widget in (slider(panel, 1), child(panel, QComboBox, "latent_order")):
        place = widget.mapTo(panel, widget.rect().center())
        QTest.wheelEvent(panel.windowHandle(), QPointF(place), QPoint(0, -120))
    assert not log.images
    assert child(panel, QComboBox, "latent_order").currentIndex() == 0
    assert view.verticalScrollBar().value() > 0
    assert row_order(panel)[0] > 0


def test_painting_the_strip_sets_the_bars_it_crosses(qtbot: QtBot, make: MakePanel) -> None:
    panel = make()
    press(qtbot, panel, "latent_lock_3")
    log, before = Log(panel), panel.exploration.state
    strip = child(panel, ZStrip, "z_strip")
    drawn = pixels(strip)
    start, end = strip.bar(1).center(), strip.bar(6).center()
    start.setY(2)
    end.setY(45)
    drag(qtbot, strip, start, end)
    after = panel.exploration.state
    assert np.flatnonzero(after.z != before.z).tolist() == [1, 2, 4, 5, 6]
    assert after.z[1] > 3
    assert after.z[6] < -3
    assert (np.diff(after.z[[1, 2, 4, 5, 6]]) < 0).all()
    assert log.edits == [("paint z", before, after)]
    assert pixels(strip) != drawn
    point = strip.bar(6).center()
    assert pixels(strip).pixelColor(point.x(), 36) != drawn.pixelColor(point.x(), 36)
    drag(qtbot, strip, end, QPoint(end.x(), 500))
    assert panel.exploration.state.z[6] == -4, "beyond the strip is its end"


def test_a_click_on_the_strip_jumps_to_the_row(qtbot: QtBot, make: MakePanel) -> None:
    panel = make(64)
    log, strip = Log(panel), child(panel, ZStrip, "z_strip")
    assert panel.findChild(QSlider, "latent_slider_50") is None
    drawn = pixels(strip)
    qtbot.mouseClick(strip, LEFT, pos=strip.bar(50).center())
    assert pixels(strip) != drawn
    assert 50 in row_order(panel)
    assert slider(panel, 50).parentWidget().accessibleName() == "z 50"
    assert sliders(panel).viewport().rect().contains(slider(panel, 50).parentWidget().geometry())
    assert not log.images
    assert not log.edits
    qtbot.keyClick(sliders(panel), Key.Key_Right)
    assert log.texts == ["move z 50"]


def test_random_and_centre_keep_locked_dimensions(qtbot: QtBot, make: MakePanel) -> None:
    panel = make()
    press(qtbot, panel, "latent_lock_4")
    log, before = Log(panel), panel.exploration.state
    press(qtbot, panel, "random_z")
    drawn = panel.exploration.state
    assert np.flatnonzero(drawn.z == before.z).tolist() == [4]
    assert shown_value(panel, 0) == number_text(drawn.z[0], 4)
    press(qtbot, panel, "centre_z")
    assert np.flatnonzero(panel.exploration.state.z).tolist() == [4]
    assert log.texts == ["random z", "centre z"]
    assert len(log.images) == 2


def test_locked_rows_take_no_drag_and_no_key(qtbot: QtBot, make: MakePanel) -> None:
    panel = make()
    view = sliders(panel)
    drawn = pixels(view)
    qtbot.keyClick(view, Key.Key_L)
    assert panel.exploration.state.locked.tolist() == [True] + 15 * [False]
    assert pixels(view) != drawn
    log, z = Log(panel), panel.exploration.state.z
    control = slider(panel, 0)
    drag(qtbot, control, handle(control).center(), handle(control).center() + QPoint(20, 0))
    for key in (Key.Key_0, Key.Key_Right, Key.Key_PageUp, Key.Key_Return):
        qtbot.keyClick(view, key)
    np.testing.assert_array_equal(panel.exploration.state.z, z)
    assert not child(panel, QLineEdit, "latent_edit").isVisible()
    assert not log.edits
    qtbot.keyClick(view, Key.Key_L)
    assert log.texts == ["unlock z 0"]


def test_keys_choose_and_move_rows(qtbot: QtBot, make: MakePanel) -> None:
    panel = make(64)
    view = sliders(panel)
    panel.exploration.load(np.zeros(64, np.float32), "load")
    log = Log(panel)
    moves = [
        (Key.Key_Right, Qt.KeyboardModifier.NoModifier, 0.2),
        (Key.Key_Right, Qt.KeyboardModifier.ShiftModifier, 0.02),
        (Key.Key_Left, Qt.KeyboardModifier.NoModifier, -0.2),
        (Key.Key_PageUp, Qt.KeyboardModifier.NoModifier, 1.0),
        (Key.Key_PageDown, Qt.KeyboardModifier.NoModifier, -1.0),
    ]
    expected = 0.0
    for key, modifier, step in moves:
        before = panel.exploration.state
        qtbot.keyClick(view, key, modifier)
        expected += step
        assert panel.exploration.state.z[0] == pytest.approx(expected, abs=1e-6)
        assert log.edits[-1] == ("move z 0", before, panel.exploration.state)
    qtbot.keyClick(view, Key.Key_0)
    assert log.texts[-1] == "reset z 0"
    assert view.accessibleDescription() == "z 0: 0.00"
    assert panel.exploration.state.z[0] == 0
    for key, dim in ((Key.Key_Down, 1), (Key.Key_End, 63), (Key.Key_Up, 62), (Key.Key_Home, 0)):
        qtbot.keyClick(view, key)
        qtbot.keyClick(view, Key.Key_Right)
        assert log.texts[-1] == f"move z {dim}"
        assert dim in row_order(panel)
    for _ in range(30):
        qtbot.keyClick(view, Key.Key_PageUp)
    assert panel.exploration.state.z[0] == 4, "keys stop at the end of the range"


def test_the_list_is_one_tab_stop(qtbot: QtBot, make: MakePanel) -> None:
    panel = make()
    for widget in panel.findChildren(QWidget):
        if sliders(panel).viewport().isAncestorOf(widget) and not isinstance(widget, QLineEdit):
            assert not widget.focusPolicy() & Qt.FocusPolicy.TabFocus, widget.objectName()
    assert sliders(panel).focusPolicy() & Qt.FocusPolicy.TabFocus


def test_the_current_row_is_marked(qtbot: QtBot, make: MakePanel) -> None:
    panel = make()
    row = slider(panel, 3).parentWidget()
    plain = pixels(row)
    qtbot.mouseClick(row, LEFT, pos=QPoint(4, 14))
    assert pixels(row) != plain
    qtbot.keyClick(sliders(panel), Key.Key_Down)
    assert pixels(row) == plain


def type_value(qtbot: QtBot, panel: LatentPanel, text: str) -> QLineEdit:
    edit = child(panel, QLineEdit, "latent_edit")
    qtbot.keyClicks(edit, text)
    qtbot.keyClick(edit, Key.Key_Return)
    return edit


def test_a_typed_value_widens_the_range(qtbot: QtBot, make: MakePanel) -> None:
    panel = make()
    log, before = Log(panel), panel.exploration.state
    qtbot.keyClick(sliders(panel), Key.Key_Return)
    edit = type_value(qtbot, panel, "7.5")
    assert not edit.isVisible()
    assert log.edits == [("move z 0", before, panel.exploration.state)]
    assert panel.exploration.state.z[0] == 7.5
    control = slider(panel, 0)
    assert control.value() == control.maximum()
    assert shown_value(panel, 0) == "7.50"
    drag(qtbot, control, handle(control).center(), handle(control).center() - QPoint(10, 0))
    assert 5 < panel.exploration.state.z[0] < 7.5
    assert control.value() < control.maximum(), "the range stays while one moves in it"
    panel.exploration.set_state(before)
    assert control.maximum() == slider(panel, 1).maximum()


@pytest.mark.parametrize(("text", "reason"), [("abc", "Not a number"), ("101", "Beyond ±100")])
def test_what_cannot_be_a_value_is_refused(
    qtbot: QtBot, make: MakePanel, text: str, reason: str
) -> None:
    panel = make()
    log = Log(panel)
    press(qtbot, panel, "latent_value_2")
    edit = type_value(qtbot, panel, text)
    message = child(panel, QLabel, "latent_edit_reason")
    assert edit.isVisible()
    assert message.isVisible()
    assert message.text() == reason
    qtbot.keyClicks(edit, "-1,5")
    assert not message.isVisible()
    qtbot.keyClick(edit, Key.Key_Return)
    assert panel.exploration.state.z[2] == -1.5
    assert len(log.edits) == 1


def test_leaving_the_field_untouched_changes_nothing(qtbot: QtBot, make: MakePanel) -> None:
    panel = make()
    log = Log(panel)
    edit = child(panel, QLineEdit, "latent_edit")
    for key in (Key.Key_Escape, Key.Key_Return):
        press(qtbot, panel, "latent_value_2")
        assert edit.text() == shown_value(panel, 2)
        qtbot.keyClick(edit, key)
        assert not edit.isVisible()
    press(qtbot, panel, "latent_value_2")
    qtbot.keyClicks(edit, "5")
    qtbot.keyClick(edit, Key.Key_Escape)
    assert not log.edits


def test_leaving_the_field_takes_what_was_typed(qtbot: QtBot, make: MakePanel) -> None:
    panel = make()
    press(qtbot, panel, "latent_value_2")
    qtbot.keyClicks(child(panel, QLineEdit, "latent_edit"), "2.25")
    child(panel, QComboBox, "latent_order").setFocus()
    assert panel.exploration.state.z[2] == 2.25


@pytest.mark.parametrize("text", ["", "nan", "inf", "1e9", "1.2.3"])
def test_parse_number_refuses(text: str) -> None:
    with pytest.raises(ValueError, match=r"Not a number|Beyond"):
        parse_number(text, 100)


def test_numbers_are_written_as_they_are_read() -> None:
    assert number_text(-0.001, 4) == "0.00"
    assert number_text(-1.2, 4) == "−1.20"
    assert number_text(0.005, 1) == "0.005"
    assert parse_number(" −1.20 ", 100) == -1.2


def test_rows_sort_by_effect_and_hold_still_during_a_drag(qtbot: QtBot, make: MakePanel) -> None:
    panel = make()
    log = Log(panel)
    choose_order(qtbot, panel, 1)
    assert len(log.effects) == 1
    np.testing.assert_array_equal(log.effects[0], panel.exploration.state.z)
    effect = np.arange(16, dtype=np.float32)
    panel.sliders.z.set_effect(effect)
    assert row_order(panel)[:3] == [15, 14, 13]
    control = slider(panel, 14)
    qtbot.mousePress(control, LEFT, pos=handle(control).center())
    qtbot.mouseMove(control, handle(control).center() + QPoint(10, 0))
    panel.sliders.z.set_effect(-effect)
    assert row_order(panel)[:3] == [15, 14, 13]
    assert len(log.effects) == 1
    qtbot.mouseRelease(control, LEFT, pos=handle(control).center())
    assert len(log.effects) == 2
    assert first_rows(panel) == [0, 1, 2]
    np.testing.assert_array_equal(log.effects[1], panel.exploration.state.z)
    panel.sliders.z.set_effect(np.zeros(5, np.float32))  # a late answer about another run
    assert first_rows(panel) == [0, 1, 2]


def hover(widget: QWidget, *, enter: bool) -> None:
    """Bring the pointer over a widget, or take it away, as Qt tells the widget."""
    place = QPointF(widget.rect().center())
    event = QEnterEvent(place, place, place) if enter else QEvent(QEvent.Type.Leave)
    QApplication.sendEvent(widget, event)


def test_rows_hold_still_under_the_pointer_and_sort_once_it_leaves(
    qtbot: QtBot, make: MakePanel
) -> None:
    panel = make()
    log, view = Log(panel), sliders(panel)
    choose_order(qtbot, panel, 1)
    effect = np.arange(16, dtype=np.float32)
    panel.sliders.z.set_effect(effect)
    hover(view, enter=True)
    control = slider(panel, 14)
    drag(qtbot, control, handle(control).center(), handle(control).center() + QPoint(10, 0))
    panel.sliders.z.set_effect(-effect)
    assert row_order(panel)[:3] == [15, 14, 13]
    assert len(log.effects) == 1
    hover(view, enter=False)
    assert first_rows(panel) == [0, 1, 2]
    assert len(log.effects) == 2, "of the z that was set meanwhile"
    np.testing.assert_array_equal(log.effects[1], panel.exploration.state.z)


def test_the_pointer_may_leave_while_a_slider_is_dragged(qtbot: QtBot, make: MakePanel) -> None:
    panel = make()
    choose_order(qtbot, panel, 1)
    effect = np.arange(16, dtype=np.float32)
    panel.sliders.z.set_effect(effect)
    hover(sliders(panel), enter=True)
    control = slider(panel, 14)
    qtbot.mousePress(control, LEFT, pos=handle(control).center())
    panel.sliders.z.set_effect(-effect)
    hover(sliders(panel), enter=False)
    assert row_order(panel)[:3] == [15, 14, 13]
    qtbot.mouseRelease(control, LEFT, pos=handle(control).center())
    assert first_rows(panel) == [0, 1, 2]


def test_keys_hold_the_order_for_a_moment(
    qtbot: QtBot, make: MakePanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sliders_module, "KEYS_PAUSE", 100)
    panel = make()
    log = Log(panel)
    choose_order(qtbot, panel, 1)
    panel.sliders.z.set_effect(np.arange(16, dtype=np.float32))
    qtbot.keyClick(sliders(panel), Key.Key_Right)
    panel.sliders.z.set_effect(np.arange(16, 0, -1, dtype=np.float32))
    assert first_rows(panel) == [15, 14, 13]
    qtbot.waitUntil(lambda: len(log.effects) == 2)
    assert first_rows(panel) == [0, 1, 2]


def test_effects_are_measured_now_and_then_while_training(
    qtbot: QtBot, make: MakePanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sliders_module, "EFFECT_INTERVAL", 100)
    panel = make()
    log = Log(panel)
    panel.sliders.z.snapshot_changed()
    assert not log.effects, "another order needs no effects"
    choose_order(qtbot, panel, 1)
    for _ in range(5):
        panel.sliders.z.snapshot_changed()
    assert len(log.effects) == 1
    qtbot.waitUntil(lambda: len(log.effects) == 2)
    press(qtbot, panel, "random_z")
    assert len(log.effects) == 3, "a new z does not wait"


def test_changed_and_locked_rows(qtbot: QtBot, make: MakePanel) -> None:
    panel = make()
    view = sliders(panel)
    empty = pixels(view)
    choose_order(qtbot, panel, 2)
    assert row_order(panel) == []
    assert pixels(view) != empty
    strip = child(panel, ZStrip, "z_strip")
    drag(qtbot, strip, strip.bar(5).topLeft(), strip.bar(5).bottomLeft())
    assert row_order(panel) == [5]
    qtbot.keyClick(view, Key.Key_L)
    press(qtbot, panel, "random_z")
    assert row_order(panel) == [5], "locked"
    qtbot.mouseClick(strip, LEFT, pos=strip.bar(9).center())
    assert child(panel, QComboBox, "latent_order").currentIndex() == 0, "jumps to any row"
    assert 9 in row_order(panel)


def test_set_state_shows_and_reports_no_edit(qtbot: QtBot, make: MakePanel) -> None:
    panel = make()
    log = Log(panel)
    z = np.linspace(-5, 5, 16, dtype=np.float32)
    state = LatentState(z, np.arange(16) % 2 == 0)
    panel.exploration.set_state(state)
    assert panel.exploration.state == state
    assert not log.edits
    np.testing.assert_array_equal(log.images, [z])
    assert shown_value(panel, 0) == "−5.00"
    assert child(panel, QAbstractButton, "latent_lock_2").isChecked()
    panel.exploration.set_state(state)
    assert len(log.images) == 1
    panel.exploration.set_state(LatentState.unlocked(np.zeros(3, np.float32)))
    assert panel.exploration.state == state, "of another run"


def test_load_z(make: MakePanel) -> None:
    panel = make()
    log, before = Log(panel), panel.exploration.state
    panel.exploration.load(np.full(16, 5.5, np.float32), "load sample 7")
    assert log.edits == [("load sample 7", before, panel.exploration.state)]
    assert slider(panel, 0).value() == slider(panel, 0).maximum(), "shown, not clamped"
    with pytest.raises(StudioError):
        panel.exploration.load(np.zeros(3, np.float32), "load sample 8")


def test_load_z_leaves_what_is_locked(qtbot: QtBot, make: MakePanel) -> None:
    panel = make()
    press(qtbot, panel, "latent_lock_4")
    before = panel.exploration.state.z
    panel.exploration.load(np.full(16, 0.5, np.float32), "load sample 7")
    assert np.flatnonzero(panel.exploration.state.z != 0.5).tolist() == [4]
    assert panel.exploration.state.z[4] == before[4]
    assert shown_value(panel, 4) == number_text(before[4], 4)


def test_a_run_that_is_returned_to_has_its_z_and_locks(qtbot: QtBot, make: MakePanel) -> None:
    panel = make()
    press(qtbot, panel, "latent_lock_4")
    qtbot.keyClick(sliders(panel), Key.Key_Up)
    qtbot.keyClick(sliders(panel), Key.Key_PageUp)
    first, other, rng = (
        panel.exploration.state,
        replace(latent_run(8), run_id="b"),
        np.random.default_rng(2),
    )
    panel.set_run(other, rng)
    press(qtbot, panel, "random_z")
    second = panel.exploration.state
    panel.set_run(latent_run(), rng)
    assert panel.exploration.state == first
    assert child(panel, QAbstractButton, "latent_lock_4").isChecked()
    choose_order(qtbot, panel, 2)
    assert row_order(panel) == [3, 4], "and what was changed"
    panel.set_run(other, rng)
    assert panel.exploration.state == second
    panel.exploration.keep_runs({"b"})
    panel.set_run(latent_run(), rng)
    assert panel.exploration.state != first, "there was no way back"


@pytest.mark.parametrize("zoom", [1, 2])
def test_an_order_without_any_effect_says_why_it_is_by_number(
    qtbot: QtBot, make: MakePanel, zoom: int
) -> None:
    panel = make()
    font = panel.font()
    font.setPointSizeF(font.pointSizeF() * zoom)
    panel.setFont(font)
    words = child(panel, QLabel, "no_effect")
    choose_order(qtbot, panel, 1)
    assert not words.isVisible(), "not measured yet"
    panel.sliders.z.set_effect(np.zeros(16, np.float32))
    QApplication.processEvents()
    assert words.isVisible()
    assert first_rows(panel) == [0, 1, 2]
    assert words.heightForWidth(words.width()) <= words.height(), "whole"
    panel.sliders.z.set_effect(np.arange(16, dtype=np.float32))
    assert not words.isVisible()
    panel.sliders.z.set_effect(np.zeros(16, np.float32))
    choose_order(qtbot, panel, 0)
    assert not words.isVisible(), "as was asked for"


def test_a_state_cannot_be_changed(make: MakePanel) -> None:
    state = make().exploration.state
    with pytest.raises(ValueError, match="read-only"):
        state.z[0] = 1


def test_another_run_keeps_z_of_the_same_dimension(make: MakePanel) -> None:
    panel = make()
    log, z, control = Log(panel), panel.exploration.state.z, slider(panel, 0)
    panel.set_run(replace(latent_run(), run_id="other"), np.random.default_rng(2))
    np.testing.assert_array_equal(panel.exploration.state.z, z)
    assert slider(panel, 0) is control, "rows stay"
    assert len(log.images) == 1, "another generator draws another image"
    panel.set_run(latent_run(8), np.random.default_rng(2))
    expected = latent_run(8).latent.sample(1, np.random.default_rng(2))[0]
    np.testing.assert_array_equal(panel.exploration.state.z, expected)
    np.testing.assert_array_equal(log.images[-1], expected)
    assert row_order(panel) == list(range(8))
    assert not log.edits


def test_another_run_has_other_effects(qtbot: QtBot, make: MakePanel) -> None:
    panel = make()
    log = Log(panel)
    choose_order(qtbot, panel, 1)
    panel.sliders.z.set_effect(np.arange(16, dtype=np.float32))
    assert first_rows(panel) == [15, 14, 13]
    panel.set_run(replace(latent_run(), run_id="another"), np.random.default_rng(1))
    assert first_rows(panel) == [0, 1, 2], "none is known yet"
    assert len(log.effects) == 2, "they are asked for"


def test_what_the_run_before_drew_is_not_taken_for_this_one(qapp: QApplication) -> None:
    window = MainWindow("cpu")  # its threads have not begun
    session = window.session
    taken: list[np.ndarray] = []
    session._latent.sliders.z.set_effect = taken.append
    image = Drawn(
        request=1,
        snapshot=SimpleNamespace(run_id="first", step=7),
        start=0,
        images=np.zeros((1, 1, 28, 28), np.uint8),
    )
    session.training.run_changed.emit(replace(latent_run(), run_id="first"))
    session.decoding.image_drawn.emit(image)
    session.training.run_changed.emit(replace(latent_run(), run_id="second"))
    effect = np.arange(16, dtype=np.float32)
    session.decoding.effect_measured.emit("first", effect)  # late
    assert not taken
    session.decoding.effect_measured.emit("second", effect)
    assert len(taken) == 1
    session._latent.hold_toggled.emit(True)  # before the first image
    assert session.decoder.held is None
    session.training.run_changed.emit(replace(latent_run(), run_id="first"))
    session.decoding.image_drawn.emit(image)
    session._latent.hold_toggled.emit(True)
    assert session.decoder.held is image.snapshot, "it would be held"
    session.undo_stack.undo()
    assert session.decoder.held is None
    session.undo_stack.redo()
    assert session.decoder.held is image.snapshot
    session._latent.hold_toggled.emit(False)
    assert session.decoder.held is None
    session.undo_stack.undo()  # what was held is not lost by following
    assert session.decoder.held is image.snapshot
    session.training.run_changed.emit(replace(latent_run(), run_id="second"))
    session.undo_stack.redo()
    session.undo_stack.undo()
    assert session.decoder.held is None, "it is another run's"
    session.close()
    window.deleteLater()


@pytest.mark.parametrize("step", [0, 1])
def test_an_untrained_d_has_no_opinion(make: MakePanel, step: int) -> None:
    panel = make()
    panel.set_image(np.zeros((1, 28, 28), np.uint8), None, step, learned=False)
    assert child(panel, QLabel, "verdict").text() == "D has learned nothing yet"
    panel.set_image(np.zeros((1, 28, 28), np.uint8), 0.99, step)
    text = child(panel, QLabel, "verdict").text()
    assert text == "More real to D than 99\u00a0% of held-out images"


def test_a_double_click_takes_the_whole_number(qtbot: QtBot, make: MakePanel) -> None:
    panel = make()
    press(qtbot, panel, "latent_value_2")
    edit = child(panel, QLineEdit, "latent_edit")
    qtbot.mouseClick(edit, LEFT)
    qtbot.mouseDClick(edit, LEFT)
    qtbot.keyClicks(edit, "2.5")
    qtbot.keyClick(edit, Key.Key_Return)
    assert panel.exploration.state.z[2] == np.float32(2.5)


def test_another_run_while_typing(qtbot: QtBot, make: MakePanel) -> None:
    panel = make()
    press(qtbot, panel, "latent_value_2")
    qtbot.keyClicks(child(panel, QLineEdit, "latent_edit"), "3")
    log = Log(panel)
    panel.set_run(latent_run(40), np.random.default_rng(2))
    assert not child(panel, QLineEdit, "latent_edit").isVisible()
    assert not log.edits
    assert not log.drags


@pytest.mark.parametrize("name", ["z_strip", "latent_slider_2"])
def test_another_run_while_dragging_ends_the_drag(qtbot: QtBot, make: MakePanel, name: str) -> None:
    panel = make()
    log, window = Log(panel), panel.windowHandle()
    held = child(panel, QWidget, name)
    start = held.mapTo(panel, held.rect().center())
    none = Qt.KeyboardModifier.NoModifier
    QTest.mousePress(window, LEFT, none, start)
    QTest.mouseMove(window, start + QPoint(20, 0))
    assert log.drags == [True]
    qtbot.waitUntil(lambda: bool(log.images))  # a window's events come by its queue
    panel.set_run(replace(latent_run(), run_id="other"), np.random.default_rng(2))
    assert log.drags == [True], "it has as many sliders: the drag goes on"
    panel.set_run(latent_run(8), np.random.default_rng(3))
    assert log.drags == [True, False]
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)  # before the next of the mouse
    QTest.mouseMove(window, start + QPoint(40, 0))
    QTest.mouseRelease(window, LEFT, none, start + QPoint(40, 0))
    expected = latent_run(8).latent.sample(1, np.random.default_rng(3))[0]
    np.testing.assert_array_equal(panel.exploration.state.z, expected)
    assert not log.edits
    assert log.drags == [True, False], "once"
    drag(qtbot, slider(panel, 1), QPoint(5, 12), QPoint(20, 12))
    assert log.drags == [True, False, True, False]


def test_another_run_after_an_edit_amid_a_drag_ends_the_drag(qtbot: QtBot, make: MakePanel) -> None:
    panel = make()
    log, control = Log(panel), slider(panel, 2)
    qtbot.mousePress(control, LEFT, pos=handle(control).center())
    qtbot.keyClick(sliders(panel), Key.Key_0)
    panel.set_run(latent_run(8), np.random.default_rng(3))
    assert log.drags == [True, False]


def test_locking_ends_a_drag(qtbot: QtBot, make: MakePanel) -> None:
    panel = make(64)
    log, control = Log(panel), slider(panel, 2)
    qtbot.mousePress(control, LEFT, pos=handle(control).center())
    qtbot.mouseMove(control, QPoint(5, 12))
    qtbot.keyClick(sliders(panel), Key.Key_L)
    z = panel.exploration.state.z
    qtbot.mouseMove(control, QPoint(40, 12))
    qtbot.mouseRelease(control, LEFT, pos=QPoint(40, 12))
    assert log.texts == ["move z 2", "lock z 2"]
    assert log.drags == [True, False]
    np.testing.assert_array_equal(panel.exploration.state.z, z)
    qtbot.keyClick(sliders(panel), Key.Key_End)
    assert 63 in row_order(panel), "rows move again"


def test_uniform_priors_have_their_own_range(qtbot: QtBot, make: MakePanel) -> None:
    panel = make(kind="uniform")
    control = slider(panel, 0)
    drag(qtbot, control, handle(control).center(), QPoint(1000, 12))
    assert panel.exploration.state.z[0] == 1
    assert shown_value(panel, 0) == "1.000"
    qtbot.keyClick(sliders(panel), Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert shown_value(panel, 0) == "0.995"


@pytest.mark.parametrize("dim", [1, 1024])
def test_few_and_many_dimensions(qtbot: QtBot, make: MakePanel, dim: int) -> None:
    panel = make(dim, width=300)
    assert panel.width() == 300, "fits"
    log, strip, view = Log(panel), child(panel, ZStrip, "z_strip"), sliders(panel)
    qtbot.keyClick(view, Key.Key_End)
    qtbot.keyClick(view, Key.Key_Right)
    assert log.texts == [f"move z {dim - 1}"]
    assert slider(panel, dim - 1).parentWidget().accessibleName() == f"z {dim - 1}"
    assert len(panel.findChildren(QSlider)) <= 20, "rows exist for what is in view"
    drag(qtbot, strip, QPoint(0, 1), QPoint(strip.width() - 1, 1))
    assert (panel.exploration.state.z > 3).all(), "a stroke leaves no dimension out"
    qtbot.mouseClick(strip, LEFT, pos=QPoint(0, 10))
    assert 0 in row_order(panel)


def test_image_verdict_and_step(make: MakePanel) -> None:
    panel = make()
    view = child(panel, ImageView, "decoded_image")
    empty = pixels(view)
    image = np.zeros((1, 28, 28), np.uint8)
    image[0, :14] = 255
    panel.set_image(image, 0.374, 6012)
    QApplication.processEvents()
    drawn = pixels(view)
    assert drawn != empty
    assert view.width() >= 168
    middle = drawn.width() // 2
    column = {drawn.pixelColor(middle, y).value() for y in range(drawn.height())}
    assert column <= {0, 255, view.palette().window().color().value()}, "no smoothing"
    verdict = child(panel, QLabel, "verdict")
    assert verdict.text() == "More real to D than 37\u00a0% of held-out images"
    assert child(panel, QLabel, "decoded_step").text() == "step 6,012"
    panel.set_image(255 - image, None, 6013)
    assert pixels(view) != drawn
    assert not verdict.isVisible()


def test_colour_images(make: MakePanel) -> None:
    panel = make()
    image = np.zeros((3, 32, 32), np.uint8)
    image[0] = 200
    panel.set_image(image, None, 1)
    QApplication.processEvents()
    view = child(panel, ImageView, "decoded_image")
    assert pixels(view).pixelColor(view.rect().center()).getRgb()[:3] == (200, 0, 0)


def typed(qtbot: QtBot, panel: LatentPanel, name: str, text: str) -> None:
    field = child(panel, NumberField, name)
    field.lineEdit().selectAll()
    qtbot.keyClicks(field, text)
    qtbot.keyClick(field, Key.Key_Return)


def seed_shown(panel: LatentPanel) -> str:
    return child(panel, NumberField, "z_seed").lineEdit().text()


def test_a_seed_is_shown_and_draws_the_same_z_again(qtbot: QtBot, make: MakePanel) -> None:
    panel = make()
    assert seed_shown(panel) == "", "this z was not drawn here"
    press(qtbot, panel, "random_z")
    seed, drawn = int(seed_shown(panel)), panel.exploration.state
    press(qtbot, panel, "random_z")
    assert int(seed_shown(panel)) != seed
    typed(qtbot, panel, "z_seed", str(seed))
    assert panel.exploration.state == drawn
    expected = latent_run().latent.sample(1, generator(seed, Stream.SAMPLES))[0]
    assert np.array_equal(drawn.z, expected), "as ganstudio sample has it"
    other = make()
    typed(qtbot, other, "z_seed", str(seed))
    assert other.exploration.state == drawn


def test_a_seed_goes_with_its_z_and_comes_back_with_it(qtbot: QtBot, make: MakePanel) -> None:
    panel = make()
    typed(qtbot, panel, "z_seed", "77")
    drawn = panel.exploration.state
    press(qtbot, panel, "latent_reset_0")
    assert seed_shown(panel) == ""
    panel.exploration.set_state(drawn)
    assert seed_shown(panel) == "77"


def test_a_wrong_seed_is_told_and_changes_nothing(qtbot: QtBot, make: MakePanel) -> None:
    panel = make()
    before = panel.exploration.state
    typed(qtbot, panel, "z_seed", "-3")
    message = child(panel, QLabel, "z_seed_message")
    assert message.isVisible()
    assert "-3" in message.text()
    assert panel.exploration.state == before
    typed(qtbot, panel, "z_seed", "3")
    assert not message.isVisible()
    assert panel.exploration.state != before


def test_truncation_brings_a_draw_nearer_to_the_mean(qtbot: QtBot, make: MakePanel) -> None:
    panel = make()
    typed(qtbot, panel, "z_truncation", "0.5")
    before = panel.exploration.state
    typed(qtbot, panel, "z_seed", "5")
    assert panel.exploration.state != before
    whole = latent_run().latent.sample(1, generator(5, Stream.SAMPLES))[0]
    np.testing.assert_allclose(panel.exploration.state.z, whole / 2)
    half = panel.exploration.state
    typed(qtbot, panel, "z_truncation", "1")
    panel.exploration.set_state(half)
    assert child(panel, NumberField, "z_truncation").value() == 0.5, "it comes back with its z"
    press(qtbot, panel, "latent_lock_1")
    locked = panel.exploration.state.z[1]
    typed(qtbot, panel, "z_truncation", "1")
    expected = whole.copy()
    expected[1] = locked
    np.testing.assert_allclose(panel.exploration.state.z, expected)


def test_hold_and_follow(qtbot: QtBot, make: MakePanel) -> None:
    panel = make(width=420)
    hold = child(panel, QAbstractButton, "hold")
    asked: list[bool] = []
    panel.hold_toggled.connect(asked.append)
    assert not hold.isEnabled()
    panel.set_image(np.zeros((1, 28, 28), np.uint8), 0.5, 6012)
    assert hold.text() == "Hold at step 6,012"
    qtbot.mouseClick(hold, LEFT)
    panel.set_holding(6012)
    assert hold.text() == "Follow training"
    qtbot.mouseClick(hold, LEFT)
    panel.set_holding(None)
    assert hold.text() == "Hold at step 6,012"
    assert asked == [True, False]
    panel.set_image(np.zeros((1, 28, 28), np.uint8), 0.5, 10**24)
    assert hold.text() in ("Hold this step", "Hold"), "no room for more"
    assert panel.minimumSizeHint().width() <= 300


@pytest.mark.parametrize("zoom", [1.0, 1.75])
@pytest.mark.parametrize("holding", [False, True])
def test_hold_is_whole_in_the_narrowest_panel(make: MakePanel, zoom: float, holding: bool) -> None:
    panel = make()
    panel.set_image(np.zeros((1, 28, 28), np.uint8), 0.5, 6012)
    panel.set_holding(6012 if holding else None)
    font = panel.font()
    font.setPointSizeF(font.pointSizeF() * zoom)
    panel.setFont(font)
    QApplication.processEvents()
    panel.resize(panel.minimumSizeHint())
    QApplication.processEvents()
    hold = child(panel, QAbstractButton, "hold")
    assert hold.visibleRegion().boundingRect() == hold.rect()
    assert hold.fontMetrics().horizontalAdvance(hold.text()) + 8 <= hold.width()
    assert hold.text().startswith("Follow" if holding else "Hold")


@pytest.mark.parametrize("order", [0, 1])
def test_rows_follow_the_zoom_there_and_back(qtbot: QtBot, make: MakePanel, order: int) -> None:
    panel = make(64, width=420)
    choose_order(qtbot, panel, order)
    panel.sliders.z.set_effect(np.arange(64, dtype=np.float32))
    panel.exploration.load(np.full(64, -2.34, np.float32), "load")
    QApplication.processEvents()
    first, seen = row_order(panel)[0], []
    size = panel.font().pointSizeF()
    for zoom in (1.0, 1.25, 2.0, 1.0):
        font = panel.font()
        font.setPointSizeF(size * zoom)
        panel.setFont(font)
        QApplication.processEvents()
        columns, bottom = set(), 0
        for dim in row_order(panel):
            row, value = slider(panel, dim).parentWidget(), f"latent_value_{dim}"
            name = next(label for label in row.findChildren(QLabel) if label.text())
            button = child(panel, QAbstractButton, value)
            assert name.width() >= name.fontMetrics().horizontalAdvance(f"z {dim}")
            assert button.width() >= button.fontMetrics().horizontalAdvance("−2.34") + 8
            assert row.height() >= name.fontMetrics().height()
            assert row.y() >= bottom or not bottom, "rows do not overlap"
            bottom = row.geometry().bottom()
            columns.add((slider(panel, dim).x(), slider(panel, dim).width(), button.x()))
        assert len(columns) == 1, "all rows have the same columns"
        seen.append((columns.pop(), bottom - row.y(), row_order(panel)[0]))
        assert seen[-1][0][1] >= 60, "there is room for the slider"
        assert seen[-1][2] == first
    assert seen[0] == seen[-1]
    assert seen[0][1] < seen[2][1], "rows grow"


def test_hold_says_more_where_there_is_room(qtbot: QtBot, make: MakePanel) -> None:
    panel = make()
    hold = child(panel, QAbstractButton, "hold")
    panel.set_image(np.zeros((1, 28, 28), np.uint8), 0.5, 10**9)
    texts = []
    for width in (600, 360, 250):
        panel.resize(width, panel.height())
        texts.append(hold.text())
    assert texts == ["Hold at step 1,000,000,000", "Hold this step", "Hold"]


def test_another_text_on_hold_lays_out_nothing(qtbot: QtBot, make: MakePanel) -> None:
    panel = make(width=420)
    image = np.zeros((1, 28, 28), np.uint8)
    panel.set_image(image, 0.5, 9)
    QApplication.processEvents()
    beside = child(panel, QAbstractButton, "random_z")
    seen = Watcher(panel, QEvent.Type.LayoutRequest)
    seen_beside = Watcher(beside.parentWidget(), QEvent.Type.LayoutRequest)
    panel.set_image(image, 0.5, 1_000)
    QApplication.processEvents()
    assert child(panel, QAbstractButton, "hold").text() == "Hold at step 1,000"
    assert (seen.count, seen_beside.count) == (0, 0)
    beside.setText("Draw another z")
    QApplication.processEvents()
    assert seen_beside.count > 0, "it would be seen"


def test_undo_and_redo_buttons(qtbot: QtBot, make: MakePanel) -> None:
    panel = make()
    undo = child(panel, QAbstractButton, "latent_undo")
    redo = child(panel, QAbstractButton, "latent_redo")
    assert not undo.isEnabled()
    panel.set_can_undo(True, "move z 12")
    panel.set_can_redo(True, "random z")
    assert (undo.toolTip(), redo.toolTip()) == ("Undo move z 12", "Redo random z")
    with qtbot.waitSignal(panel.undo_requested):
        qtbot.mouseClick(undo, LEFT)
    with qtbot.waitSignal(panel.redo_requested):
        qtbot.mouseClick(redo, LEFT)
    panel.set_can_undo(False, "")
    assert not undo.isEnabled()


def test_every_control_has_names_and_a_tooltip(make: MakePanel) -> None:
    panel = make()
    for kind in (QAbstractButton, QSlider, QComboBox, ZStrip, SliderList):
        for widget in panel.findChildren(kind):
            if isinstance(widget.parent(), QTabBar):  # Qt's own, where tabs have no room
                continue
            assert widget.objectName()
            assert widget.accessibleName(), widget.objectName()
            assert widget.toolTip(), widget.objectName()
            assert widget.height() >= 24
            assert widget.width() >= 24


def test_another_tab_moves_nothing_above_it(qtbot: QtBot, make: MakePanel) -> None:
    panel = make(width=328)
    panel.set_image(np.zeros((1, 28, 28), np.uint8), 0.5, 6012)
    tabs = child(panel, QTabWidget, "latent_tabs")
    seen = set()
    QApplication.processEvents()
    for place in range(tabs.count()):
        tabs.setCurrentIndex(place)
        QApplication.processEvents()
        bar = tabs.tabBar()
        view = child(panel, ImageView, "decoded_image")
        seen.add((bar.mapTo(panel, bar.rect().topLeft()).y(), view.width(), view.height()))
    assert len(seen) == 1
