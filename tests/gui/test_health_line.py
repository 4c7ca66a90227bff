"""The Health line: what it says, its evidence, and remedies that can be undone."""

import math

import numpy as np
import pytest
from hands import WAIT
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtWidgets import QAbstractButton, QLabel, QScrollArea, QToolBar, QWidget

from ganstudio.config import load_preset
from ganstudio.gui import appearance, session
from ganstudio.gui.colours import BLUE
from ganstudio.gui.main_window import MainWindow
from ganstudio.gui.widgets.health_evidence import EvidenceCurve, HealthEvidence
from ganstudio.gui.widgets.health_line import HealthLine
from ganstudio.gui.widgets.health_mark import HealthMark
from ganstudio.gui.widgets.health_words import NumberWords
from ganstudio.training import observer
from ganstudio.training.health import (
    Diagnosis,
    Doctor,
    Evidence,
    Observation,
    Remedy,
    State,
)
from ganstudio.training.history import COLUMNS, History

LEFT = Qt.MouseButton.LeftButton


def diagnosis(**changes: object) -> Diagnosis:
    fields: dict = {
        "state": State.WINNING,
        "reason": "certain",
        "step": 1200,
        "evidence": (Evidence("seen", 1.0, 0.98), Evidence("d_steps", 20.0)),
        "remedy": Remedy((("d_steps", 1.0),)),
    }
    return Diagnosis(**fields | changes)


def doctor() -> Doctor:
    looks = [
        Observation(step=100 * i, seen=0.2 * i, known=0.5, diversity=0.5, gap=0.3)
        for i in range(1, 6)
    ]
    return Doctor(looks=looks)


@pytest.fixture
def line(qtbot) -> HealthLine:
    line = HealthLine()
    qtbot.addWidget(line)
    line.resize(900, 32)
    line.show()
    return line


def button(widget: QWidget, name: str) -> QAbstractButton:
    return widget.findChild(QAbstractButton, name)


def pixels(widget: QWidget) -> np.ndarray:
    image = widget.grab().toImage()
    width, height = image.width(), image.height()
    return np.frombuffer(image.constBits(), np.uint8).reshape(height, width, 4).copy()


def test_it_waits_at_first(line: HealthLine, qtbot) -> None:
    assert button(line, "health_state").text() == "Health: Not known yet"
    assert not button(line, "health_remedy").isVisible()
    qtbot.mouseClick(button(line, "health_state"), LEFT)
    assert line.findChild(QWidget, "health_evidence") is None  # there is none yet


def test_there_may_be_nothing_to_copy(qtbot) -> None:
    evidence = HealthEvidence(None)
    qtbot.addWidget(evidence)
    qtbot.mouseClick(button(evidence, "health_copy"), LEFT)
    assert QGuiApplication.clipboard().text() == ""


def test_state_reason_and_remedy(line: HealthLine, qtbot) -> None:
    line.set_health(diagnosis(), doctor(), History())
    assert button(line, "health_state").text() == "Health: D winning"
    text = line.findChild(QLabel, "health_sentence")
    assert (
        text.text() == "D tells every generated image, and the samples come no closer to real ones."
    )
    remedy = button(line, "health_remedy")
    assert remedy.text() == "Set D updates, k = 1"
    with qtbot.waitSignal(line.remedy_chosen) as caught:
        qtbot.mouseClick(remedy, LEFT)
    assert caught.args == [Remedy((("d_steps", 1.0),))]
    assert not remedy.isVisible()  # not a second time before the next look
    line.offer_again()
    assert remedy.isVisible()
    qtbot.mouseClick(remedy, LEFT)
    assert not remedy.isVisible()
    line.set_health(diagnosis(), doctor(), History())
    assert remedy.isVisible()
    line.set_health(diagnosis(remedy=Remedy((("r1", 0.1),))), doctor(), History())
    assert remedy.text() == "Start over with R1 = 0.1"
    more = Remedy((("train_images", 0.0), ("batch_size", 64.0)))
    line.set_health(diagnosis(remedy=more), doctor(), History())
    assert remedy.text() == "Start over with all training images and Batch size = 64"
    both = Remedy((("g_lr", 1e-3), ("d_lr", 1e-3)))
    line.set_health(diagnosis(remedy=both), doctor(), History())
    assert remedy.text() == "Set G learning rate = 0.001 and D learning rate = 0.001"
    line.set_health(Diagnosis(state=State.LEARNING, reason="level"), doctor(), History())
    assert not remedy.isVisible()


def test_lost_digits_are_in_the_sentence(line: HealthLine) -> None:
    lost = diagnosis(state=State.COLLAPSING, reason="lost-digits", digits=(1, 7))
    line.set_health(lost, doctor(), History())
    assert line.findChild(QLabel, "health_sentence").text() == "G no longer draws the digits 1, 7."


def test_a_long_sentence_is_cut_and_in_the_tooltip(line: HealthLine) -> None:
    line.set_health(diagnosis(), doctor(), History())
    text = line.findChild(QLabel, "health_sentence")
    line.resize(430, 32)
    assert text.text().endswith("…")
    assert text.toolTip().endswith("closer to real ones.")
    assert text.accessibleName() == text.toolTip()
    line.resize(900, 32)
    assert not text.text().endswith("…")


def test_targets_and_names(line: HealthLine) -> None:
    line.set_health(diagnosis(), doctor(), History())
    for name in ("health_state", "health_remedy"):
        control = button(line, name)
        assert min(control.width(), control.height()) >= 24
        assert control.accessibleName()
        assert control.toolTip()
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_kinds_of_health_differ_in_shape(line: HealthLine, theme: str, qtbot) -> None:
    appearance.set_theme(theme)
    mark = line.findChild(HealthMark, "health_mark")
    shapes = []
    for state in (State.WAITING, State.LEARNING, State.STUCK):
        mark.set_state(state)
        shown = pixels(mark).astype(int)
        shapes.append(np.abs(shown - shown[0, 0]).sum(axis=2) > 60)
    appearance.set_theme("system")
    ring, disc, triangle = shapes
    middle = ring.shape[0] // 2
    assert not ring[middle, middle]
    assert disc[middle, middle]
    top, bottom = triangle[: middle - 1].sum(), triangle[middle + 1 :].sum()
    assert bottom > 1.5 * top > 0
    assert disc[:middle].sum() == pytest.approx(disc[-middle:].sum(), rel=0.2)


def test_the_evidence(line: HealthLine, qtbot) -> None:
    line.set_health(diagnosis(), doctor(), History())
    line.activateWindow()
    button(line, "health_state").setFocus()
    qtbot.keyClick(button(line, "health_state"), Qt.Key.Key_Space)
    shown = line.findChild(QWidget, "health_evidence")
    assert shown.isVisible()
    assert "D winning" in shown.findChild(QLabel, "health_why").text()
    assert "1,200" in shown.findChild(QLabel, "health_why").text()
    numbers = shown.findChild(QLabel, "health_numbers").text()
    for text in ("D tells generated", "1.00 (bound 0.980)", "0.5 by chance", "<td>20</td>"):
        assert text in numbers
    qtbot.mouseClick(button(shown, "health_copy"), LEFT)
    copied = QGuiApplication.clipboard().text().splitlines()
    assert copied[0] == "D winning"
    assert copied[-1] == "D updates, k\t20"

    curve = shown.findChild(QWidget, "health_curve")
    before = pixels(curve)
    still = doctor()
    still.looks[2] = Observation(step=300, seen=0.0, known=0.5, diversity=0.5, gap=0.3)
    line.set_health(diagnosis(), still, History())
    assert (pixels(curve) != before).any()  # it follows while it is open
    history = History()
    block = np.full((len(COLUMNS), 300), 2.0, np.float32)
    history.append(block)
    grown = diagnosis(state=State.DIVERGING, evidence=(Evidence("d_grad", 60.0, 30.0),))
    line.set_health(grown, doctor(), history)
    assert curve.accessibleName() == "Curve: D's gradient"
    line.set_health(Diagnosis(state=State.WAITING), Doctor(), history)
    assert not curve.isVisible()
    assert "step" not in shown.findChild(QLabel, "health_why").text(), "nobody has looked"
    qtbot.keyClick(shown, Qt.Key.Key_Escape)
    assert not shown.isVisible()


def test_the_evidence_scrolls_and_keeps_what_is_selected(line: HealthLine, qtbot) -> None:
    line.set_health(diagnosis(), doctor(), History())
    qtbot.mouseClick(button(line, "health_state"), LEFT)
    shown = line.findChild(QWidget, "health_evidence")
    numbers = shown.findChild(QLabel, "health_numbers")
    numbers.setSelection(0, 5)  # in a table: whole cells
    selected = numbers.selectedText()
    assert selected
    line.set_health(diagnosis(), doctor(), History())  # a new look that finds the same
    assert numbers.selectedText() == selected
    assert numbers.textInteractionFlags() & Qt.TextInteractionFlag.TextSelectableByKeyboard
    shown.resize(300, 200)
    assert (shown.width(), shown.height()) == (300, 200), "it fits any screen"
    bar = shown.findChild(QScrollArea, "health_scroll").verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0)
    assert button(shown, "health_copy").isVisible()

    text = numbers.text()
    shown.close()
    other = diagnosis(evidence=(Evidence("seen", 0.3, 0.98),))
    line.set_health(other, doctor(), History())
    assert numbers.text() == text, "nobody sees it"
    qtbot.mouseClick(button(line, "health_state"), LEFT)
    assert numbers.text() != text


def test_a_remedy_acts_and_can_be_undone(qtbot, window: MainWindow) -> None:
    current = window.session
    current.training.post(lambda runner: runner.change(d_steps=20))
    qtbot.waitUntil(lambda: window.experiment.pending_config().d_steps == 20, timeout=WAIT)
    window.health.set_health(diagnosis(), doctor(), current.info.history)
    qtbot.mouseClick(button(window, "health_remedy"), LEFT)
    qtbot.waitUntil(lambda: window.experiment.pending_config().d_steps == 1, timeout=WAIT)
    assert button(window, "health_remedy").isHidden()
    window.actions_.by_name["undo"].trigger()
    qtbot.waitUntil(lambda: window.experiment.pending_config().d_steps == 20, timeout=WAIT)
    assert button(window, "health_remedy").isVisible()

    halves = diagnosis(remedy=Remedy((("g_lr", 1e-3), ("d_lr", 5e-4))))
    window.health.set_health(halves, doctor(), current.info.history)
    qtbot.mouseClick(button(window, "health_remedy"), LEFT)
    config = window.experiment.pending_config
    qtbot.waitUntil(lambda: (config().g_lr, config().d_lr) == (1e-3, 5e-4), timeout=WAIT)
    window.actions_.by_name["undo"].trigger()  # both at once
    qtbot.waitUntil(lambda: (config().g_lr, config().d_lr) == (2e-3, 2e-3), timeout=WAIT)


def test_a_remedy_for_a_new_run_starts_over_and_can_be_undone(qtbot, window: MainWindow) -> None:
    current, first = window.session, window.session.info.run_id
    other = diagnosis(remedy=Remedy((("translation", 0.125),)))
    window.health.set_health(other, doctor(), current.info.history)
    qtbot.mouseClick(button(window, "health_remedy"), LEFT)
    qtbot.waitUntil(lambda: current.info.run_id != first, timeout=WAIT)
    assert current.info.config == load_preset("studio").config.changed(translation=0.125)
    qtbot.waitUntil(current.undo_stack.canUndo, timeout=WAIT)
    current.undo_stack.undo()
    qtbot.waitUntil(lambda: current.info.run_id == first, timeout=WAIT)


def test_a_remedy_learns_from_the_same_images_and_other_changes_wait_on(
    qtbot, window: MainWindow, tmp_path
) -> None:
    for name, red in (("first", 250), ("other", 90)):
        (tmp_path / name).mkdir()
        for i in range(80):
            path = tmp_path / name / f"{i:02}.png"
            Image.new("RGB", (28, 28), (red - i, 0, 0)).save(path)
    current = window.session
    window.experiment.choose_folder(tmp_path / "first")
    window.experiment.start_over()
    qtbot.waitUntil(lambda: current.info.config.dataset == "folder", timeout=WAIT)
    first = current.info
    waiting = {"folder": str(tmp_path / "other"), "latent_dim": 32}
    window.experiment.set_pending_edits(waiting)

    other = diagnosis(remedy=Remedy((("translation", 0.125),)))
    window.health.set_health(other, doctor(), first.history)
    qtbot.mouseClick(button(window, "health_remedy"), LEFT)
    qtbot.waitUntil(lambda: current.info.run_id != first.run_id, timeout=WAIT)
    assert current.info.dataset.root == tmp_path / "first"
    assert current.info.config == first.config.changed(translation=0.125)
    qtbot.waitUntil(lambda: window.experiment.pending_edits() == waiting, timeout=WAIT)
    assert len(window.experiment.pending_edits()) == 2


def test_a_frozen_d_is_named_while_it_trains(qtbot, window: MainWindow, monkeypatch) -> None:
    monkeypatch.setattr(session, "FIRST_LOOK_SECONDS", 0.0)
    monkeypatch.setattr(observer, "LOOK_SECONDS", 0.0)
    for share in ("LOOK_SHARE", "LOOK_SHARE_MOST"):
        monkeypatch.setattr(observer, share, math.inf)
    window.session.training.post(lambda runner: runner.change(d_steps=0))
    window.session.start()
    state = button(window, "health_state")
    qtbot.waitUntil(lambda: state.text() == "Health: D blind", timeout=WAIT)
    assert button(window, "health_remedy").text() == "Set D updates, k = 1"
    qtbot.mouseClick(button(window, "health_remedy"), LEFT)
    qtbot.waitUntil(lambda: state.text() == "Health: Learning", timeout=WAIT)


def test_it_is_always_there(window: MainWindow) -> None:
    bar = window.findChild(QToolBar, "health_bar")
    assert bar.isVisible()
    assert not bar.toggleViewAction().isVisible()
    assert not bar.isMovable()
    names = [action.text() for action in window.createPopupMenu().actions() if action.isVisible()]
    assert "Health" not in names


@pytest.mark.parametrize(("least", "height"), [(1.0, 0.5), (0.0, 0.99)])
def test_a_curve_over_powers_of_ten_has_a_scale_on_which_its_bound_shows(qtbot, least, height):
    curve = EvidenceCurve()
    qtbot.addWidget(curve)
    curve.resize(480, 160)
    values = np.array([least, 10.0, 100.0, 1000.0, 10_000.0])
    words = NumberWords("D's gradient", "")
    curve.set_curve(words, np.arange(5.0), values, 100.0)
    curve.show()
    image = curve.grab().toImage()
    blue = [
        (x, y)
        for x in range(image.width())
        for y in range(image.height())
        if image.pixelColor(x, y) == QColor(BLUE)
    ]
    left, right = min(x for x, _ in blue), max(x for x, _ in blue)
    top, bottom = min(y for _, y in blue), max(y for _, y in blue)
    middle = np.mean([y for x, y in blue if abs(x - (left + right) / 2) < 2])
    assert (middle - top) / (bottom - top) == pytest.approx(height, abs=0.06)
