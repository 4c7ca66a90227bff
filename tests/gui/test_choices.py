"""Classes and codes in the latent panel, under real mouse and keyboard."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QSlider
from pytestqt.qtbot import QtBot
from test_latent import Log, child, drag, first_rows, latent_run, pixels, press, sliders

from ganstudio.config import Config
from ganstudio.gui.latent_layout import LatentLayout
from ganstudio.gui.panels.latent import LatentPanel
from ganstudio.gui.widgets.choice_row import ChoiceRow
from ganstudio.gui.widgets.latent_state import LatentState
from ganstudio.gui.widgets.z_strip import ZStrip
from ganstudio.latent.spec import LatentPart, LatentSpec
from ganstudio.training.status import RunInfo

LEFT = Qt.MouseButton.LeftButton
Key = Qt.Key
NOISE = LatentPart(name="z", kind="normal", dim=6)
CLASS = LatentPart(name="class", kind="one-hot", dim=10, role="class")
CHOICE = LatentPart(name="choice", kind="one-hot", dim=4, role="code")
CODE = LatentPart(name="code", kind="uniform", dim=2, role="code")
CGAN, INFOGAN = (NOISE, CLASS), (NOISE, CHOICE, CODE)
MakePanel = Callable[..., LatentPanel]


def info_of(parts: tuple[LatentPart, ...], dataset: str = "mnist") -> RunInfo:
    latent = LatentSpec(parts)
    config = Config()
    object.__setattr__(config, "dataset", dataset)  # there may be no other
    return replace(latent_run(), latent=latent, config=config, run_id=f"{latent}{dataset}")


@pytest.fixture
def make(qtbot: QtBot) -> MakePanel:
    def made(parts: tuple[LatentPart, ...] = CGAN, width: int = 330) -> LatentPanel:
        panel = LatentPanel()
        qtbot.addWidget(panel)
        panel.resize(width, 560)
        with qtbot.waitExposed(panel):
            panel.show()
        panel.activateWindow()
        qtbot.waitUntil(panel.isActiveWindow)
        panel.set_run(info_of(parts), np.random.default_rng(1))
        QApplication.processEvents()
        return panel

    return made


def row(panel: LatentPanel, key: str = "class") -> ChoiceRow:
    return child(panel, ChoiceRow, f"choice_{key}")


def buttons(panel: LatentPanel, key: str = "class") -> list[QAbstractButton]:
    count = len(row(panel, key).findChildren(QAbstractButton)) - 1  # but for the lock
    return [child(panel, QAbstractButton, f"choice_{key}_{i}") for i in range(count)]


def chosen(panel: LatentPanel, key: str = "class") -> list[int]:
    return [i for i, button in enumerate(buttons(panel, key)) if button.isChecked()]


def test_a_button_chooses_a_class_exactly_and_as_one_edit(qtbot: QtBot, make: MakePanel) -> None:
    panel = make()
    log, before = Log(panel), panel.exploration.state
    was, goal = int(before.z[6:].argmax()), 3
    assert was != goal
    off, on = pixels(buttons(panel)[was]), pixels(buttons(panel)[goal])
    press(qtbot, panel, f"choice_class_{goal}")
    after = panel.exploration.state
    assert after.z[6:].tolist() == np.eye(10)[goal].tolist()
    np.testing.assert_array_equal(after.z[:6], before.z[:6])
    assert log.edits == [("choose Digit 3", before, after)]
    np.testing.assert_array_equal(log.images, [after.z])
    assert chosen(panel) == [goal]
    assert pixels(buttons(panel)[was]) != off
    assert pixels(buttons(panel)[goal]) != on
    press(qtbot, panel, f"choice_class_{goal}")
    assert len(log.edits) == 1, "what is chosen already is no edit"
    panel.exploration.set_state(before)
    assert chosen(panel) == [was], "undo shows"


def test_the_keyboard_chooses(qtbot: QtBot, make: MakePanel) -> None:
    panel = make()
    control = row(panel)
    control.setFocus()
    for key, goal in (
        *((Key.Key_Home, 0), (Key.Key_Left, 0), (Key.Key_Right, 1), (Key.Key_Right, 2)),
        *((Key.Key_7, 7), (Key.Key_Left, 6), (Key.Key_End, 9), (Key.Key_Right, 9), (Key.Key_0, 0)),
    ):
        qtbot.keyClick(control, key)
        assert chosen(panel) == [goal], key
        assert control.accessibleDescription() == f"Digit {goal}"
    log = Log(panel)
    qtbot.keyClick(control, Key.Key_5, Qt.KeyboardModifier.ControlModifier)
    assert not log.edits


def test_digits_beyond_the_options_choose_nothing(qtbot: QtBot, make: MakePanel) -> None:
    panel = make(INFOGAN)
    row(panel, "choice").setFocus()
    qtbot.keyClick(row(panel, "choice"), Key.Key_3)
    assert chosen(panel, "choice") == [3]
    log = Log(panel)
    qtbot.keyClick(row(panel, "choice"), Key.Key_4)
    assert not log.edits


def test_space_is_left_to_the_window(qtbot: QtBot, make: MakePanel) -> None:
    panel = make()
    log = Log(panel)
    press(qtbot, panel, "choice_class_1")
    assert row(panel).hasFocus(), "a click brings the keys here"
    log.edits.clear()
    unhandled: list[int] = []
    panel.keyPressEvent = lambda event: unhandled.append(event.key())
    qtbot.keyClick(row(panel), Key.Key_Space)
    assert not log.edits
    assert unhandled == [Key.Key_Space]


def test_tab_comes_to_the_choice_before_the_sliders(qtbot: QtBot, make: MakePanel) -> None:
    panel = make((NOISE, CLASS, CHOICE, CODE))
    row(panel).setFocus()
    qtbot.keyClick(row(panel), Key.Key_Tab)
    assert row(panel, "choice").hasFocus()
    stops = []
    for _ in range(10):
        qtbot.keyClick(QApplication.focusWidget(), Key.Key_Tab)
        stops.append(QApplication.focusWidget().objectName())
    assert stops.index("random_z") < stops.index("slider_list")
    assert len(set(stops)) > 3


def test_the_focus_is_painted(qtbot: QtBot, make: MakePanel) -> None:
    panel = make()
    sliders(panel).setFocus()
    without = pixels(row(panel))
    row(panel).setFocus()
    assert pixels(row(panel)) != without


def test_a_lock_keeps_the_class(qtbot: QtBot, make: MakePanel) -> None:
    panel = make()
    log = Log(panel)
    press(qtbot, panel, "choice_class_4")
    press(qtbot, panel, "choice_class_lock")
    assert log.texts[-1] == "lock Digit"
    assert panel.exploration.state.locked.tolist() == [False] * 6 + [True] * 10
    assert row(panel).accessibleDescription() == "Digit 4, locked"
    seen = set()
    for _ in range(5):
        press(qtbot, panel, "random_z")
        seen.add(float(panel.exploration.state.z[0]))
        assert chosen(panel) == [4]
    assert len(seen) == 5, "the noise is drawn"
    press(qtbot, panel, "choice_class_5")
    qtbot.keyClick(row(panel), Key.Key_5)
    assert panel.exploration.state.z[6:].argmax() == 4
    other = LatentSpec(CGAN).sample(20, np.random.default_rng(2))
    panel.exploration.load(next(z for z in other if z[6:].argmax() != 4), "load sample 1")
    assert chosen(panel) == [4]
    qtbot.keyClick(row(panel), Key.Key_L)
    assert log.texts[-1] == "unlock Digit"
    press(qtbot, panel, "choice_class_5")
    assert chosen(panel) == [5]


def test_random_draws_classes_from_the_prior(qtbot: QtBot, make: MakePanel) -> None:
    panel = make()
    seen = set()
    for _ in range(40):
        press(qtbot, panel, "random_z")
        assert LatentSpec(CGAN).allows(panel.exploration.state.z)
        assert chosen(panel) == [int(panel.exploration.state.z[6:].argmax())]
        seen.update(chosen(panel))
    assert len(seen) > 5


def test_the_centre_keeps_class_and_code(qtbot: QtBot, make: MakePanel) -> None:
    panel = make((NOISE, CLASS, CHOICE, CODE))
    press(qtbot, panel, "choice_class_8")
    press(qtbot, panel, "choice_choice_2")
    press(qtbot, panel, "centre_z")
    z = panel.exploration.state.z
    assert np.flatnonzero(z).tolist() == [6 + 8, 16 + 2]
    assert (chosen(panel), chosen(panel, "choice")) == ([8], [2])


def test_names() -> None:
    mnist = LatentLayout.of(LatentSpec((NOISE, CLASS, CHOICE, CODE)), "mnist")
    assert mnist.names == ("Code 1", "Code 2", *(f"z {i}" for i in range(6)))
    assert mnist.dims.tolist() == [20, 21, 0, 1, 2, 3, 4, 5]
    assert [choice.name for choice in mnist.choices] == ["Digit", "Code"]
    assert mnist.choices[0].options == tuple(f"Digit {i}" for i in range(10))
    assert mnist.choices[1].options == tuple(f"Code {i}" for i in range(4))
    other = LatentLayout.of(LatentSpec(CGAN), "another")
    assert (other.choices[0].name, other.choices[0].options[9]) == ("Class", "Class 9")


def test_another_dataset_names_the_classes_anew(make: MakePanel) -> None:
    panel = make()
    before = panel.exploration.state
    assert buttons(panel)[2].accessibleName() == "Digit 2"
    panel.set_run(info_of(CGAN, "another"), np.random.default_rng(3))
    assert panel.exploration.state == before
    QApplication.processEvents()
    rows = [found for found in panel.findChildren(ChoiceRow) if found.isVisible()]
    assert [found.accessibleName() for found in rows] == ["Class"]


@pytest.mark.parametrize("index", [0, 1])
def test_codes_come_first_in_both_orders(qtbot: QtBot, make: MakePanel, index: int) -> None:
    panel = make(INFOGAN)
    effect = np.array([1, 6, 2, 5, 3, 4, 90, 90, 90, 90, 0.1, 0.2], np.float32)
    combo = child(panel, QComboBox, "latent_order")
    combo.setCurrentIndex(index)
    panel.sliders.z.set_effect(effect)
    expected = [[0, 1, 2], [1, 0, 3]][index]  # sliders: Code 1, Code 2, z 0, z 1
    assert first_rows(panel) == expected


def test_a_code_is_moved_by_its_slider_and_its_bar(qtbot: QtBot, make: MakePanel) -> None:
    panel = make(INFOGAN)
    log, before = Log(panel), panel.exploration.state
    sliders(panel).setFocus()
    sliders(panel).select(1)
    qtbot.keyClick(sliders(panel), Key.Key_Left)
    assert log.texts == ["move Code 2"]
    assert np.flatnonzero(panel.exploration.state.z != before.z).tolist() == [11]
    qtbot.keyClick(sliders(panel), Key.Key_0)
    assert panel.exploration.state.z[11] == 0
    qtbot.keyClick(sliders(panel), Key.Key_L)
    assert log.texts[1:] == ["reset Code 2", "lock Code 2"]
    assert np.flatnonzero(panel.exploration.state.locked).tolist() == [11]
    strip, before = child(panel, ZStrip, "z_strip"), panel.exploration.state
    width = strip.width() / 8  # a bar for each slider: two codes and six numbers of noise
    top = QPoint(int(2.5 * width), 2)
    drag(qtbot, strip, QPoint(top.x(), 30), top + QPoint(1, 0), top)
    assert log.texts[-1] == "paint z"
    assert np.flatnonzero(panel.exploration.state.z != before.z).tolist() == [0]
    assert panel.exploration.state.z[0] > 3
    assert LatentSpec(INFOGAN).allows(panel.exploration.state.z)


def test_changed_and_locked_lists_sliders_only(qtbot: QtBot, make: MakePanel) -> None:
    panel = make(INFOGAN)
    old = int(panel.exploration.state.z[6:10].argmax())
    press(qtbot, panel, f"choice_choice_{(old + 1) % 4}")
    press(qtbot, panel, "choice_choice_lock")
    sliders(panel).select(4)
    qtbot.keyClick(sliders(panel), Key.Key_Right)
    sliders(panel).select(0)
    qtbot.keyClick(sliders(panel), Key.Key_L)
    child(panel, QComboBox, "latent_order").setCurrentIndex(2)
    shown = [found for found in panel.findChildren(QSlider) if found.isVisible()]
    assert sorted(found.accessibleName() for found in shown) == ["Code 1", "z 2"]


def test_a_run_of_another_kind_and_back(qtbot: QtBot, make: MakePanel) -> None:
    panel = make()
    press(qtbot, panel, "choice_class_4")
    left = panel.exploration.state
    plain = info_of((replace(NOISE, dim=16),))  # as many numbers, but no classes
    panel.set_run(plain, np.random.default_rng(5))
    assert not [found for found in panel.findChildren(ChoiceRow) if found.isVisible()]
    assert panel.exploration.state == left, "it is a z of that run, too"
    sliders(panel).setFocus()
    qtbot.keyClick(sliders(panel), Key.Key_Right)
    sliders(panel).select(8)
    qtbot.keyClick(sliders(panel), Key.Key_Right)
    moved = panel.exploration.state
    panel.set_run(info_of(CGAN), np.random.default_rng(6))
    assert panel.exploration.state == left, "that was no z of this run"
    assert chosen(panel) == [4]
    panel.exploration.set_state(moved)
    assert panel.exploration.state == left, "nor does undo bring it"


def test_a_state_of_another_class_shows(make: MakePanel) -> None:
    panel = make()
    z = panel.exploration.state.z.copy()
    z[6:] = np.eye(10)[9]
    panel.exploration.set_state(LatentState.unlocked(z))
    assert chosen(panel) == [9]


@pytest.mark.parametrize("width", [230, 280, 330, 500])
def test_buttons_are_large_enough_and_apart(make: MakePanel, width: int) -> None:
    panel = make(width=width)
    control = row(panel)
    areas = [button.geometry() for button in buttons(panel)]
    assert all(area.width() >= 24 and area.height() >= 24 for area in areas)
    assert all(control.rect().contains(area) for area in areas)
    lock = child(panel, QAbstractButton, "choice_class_lock").geometry()
    for i, area in enumerate([*areas, lock]):
        assert not any(area.intersects(other) for other in [*areas, lock][:i])
    assert control.geometry().right() <= panel.rect().right()
    lines = {area.top() for area in areas}
    assert len(lines) == (2 if width < 300 else 1)


def test_they_follow_the_zoom(make: MakePanel) -> None:
    panel = make()
    font = panel.font()
    font.setPointSizeF(2 * font.pointSizeF())
    panel.setFont(font)
    QApplication.processEvents()
    areas = [button.geometry() for button in buttons(panel)]
    assert all(area.height() >= panel.fontMetrics().height() for area in areas)
    assert all(row(panel).rect().contains(area) for area in areas)
    strip = child(panel, ZStrip, "z_strip")
    assert row(panel).geometry().bottom() < strip.mapTo(panel, strip.rect().topLeft()).y()


def test_everything_has_a_name_and_a_tip(make: MakePanel) -> None:
    panel = make((NOISE, CLASS, CHOICE, CODE))
    for key in ("class", "choice"):
        for found in (row(panel, key), *row(panel, key).findChildren(QAbstractButton)):
            assert found.objectName()
            assert found.accessibleName()
        for button in row(panel, key).findChildren(QAbstractButton):
            assert button.toolTip()
