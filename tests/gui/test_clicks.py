"""How many clicks a person needs, each on what the person sees: a text or an accessible name.

A click is done at a place of a window, as a mouse does it: Qt finds out which widget is there. The
application counts what arrives.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hands import WAIT, handle
from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QLineEdit,
    QMenu,
    QMenuBar,
    QSlider,
    QWidget,
)
from pytestqt.qtbot import QtBot

from ganstudio.gui.main_window import MainWindow
from ganstudio.gui.widgets.sample_grid import SampleGrid
from ganstudio.training.status import Phase

LEFT, NO_KEY = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
PRESSES = (QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick)
Open = Callable[[], MainWindow]


class Person(QObject):
    """Looks at the screen, clicks with a mouse, types.

    Attributes
    ----------
    clicks : int
        How many presses of the mouse the application received, on widgets that can be used.
    """

    def __init__(self, qtbot: QtBot) -> None:
        super().__init__()
        self.clicks = 0
        self._bot = qtbot

    def eventFilter(self, receiver: QObject, event: QEvent) -> bool:
        """Count the presses that come from outside; what a widget hands to its parent does not."""
        if event.type() in PRESSES and event.spontaneous() and isinstance(receiver, QWidget):
            self.clicks += receiver.isVisible() and receiver.isEnabled()
        return False

    def see(self, words: str) -> tuple[QWidget, QPoint]:
        """Return the place on the screen that reads `words` or is announced so; the topmost."""
        self._bot.waitUntil(lambda: bool(self._places(words)), timeout=WAIT)
        places = self._places(words)
        return min(places, key=lambda place: place[0].mapToGlobal(place[1]).toTuple()[::-1])

    def _places(self, words: str) -> list[tuple[QWidget, QPoint]]:
        modal = QApplication.activeModalWidget()
        tops = [modal] if modal else QApplication.topLevelWidgets()
        places: list[tuple[QWidget, QPoint]] = []
        for widget in {child for top in tops for child in (top, *top.findChildren(QWidget))}:
            if not widget.isVisible() or not widget.isEnabled():
                continue
            if isinstance(widget, QMenu | QMenuBar):
                places += [
                    (widget, widget.actionGeometry(action).center())
                    for action in widget.actions()
                    if action.isEnabled() and words in action.text().replace("&", "")
                ]
            text = widget.text() if isinstance(widget, QAbstractButton) else ""
            if words in (widget.accessibleName(), text.replace("&", "")):
                places.append((widget, widget.rect().center()))
        return places

    def click(self, words: str) -> None:
        """Click what reads `words`."""
        self.click_at(*self.see(words))

    def click_at(self, widget: QWidget, at: QPoint) -> None:
        """Click where a widget is."""
        window = widget.window()
        QTest.mouseClick(window.windowHandle(), LEFT, NO_KEY, widget.mapTo(window, at))

    def drag(self, words: str, pixels: int) -> None:
        """Press on a slider's handle, move, release: one click."""
        slider, _ = self.see(words)
        assert isinstance(slider, QSlider)
        window = slider.window()
        screen, at = window.windowHandle(), slider.mapTo(window, handle(slider).center())
        QTest.mousePress(screen, LEFT, NO_KEY, at)
        for way in (pixels // 2, pixels):
            QTest.mouseMove(screen, at + QPoint(way, 0))
        QTest.mouseRelease(screen, LEFT, NO_KEY, at + QPoint(pixels, 0))

    def type(self, text: str) -> None:
        """Type over what is in the field that has the focus."""
        field = QApplication.focusWidget()
        self._bot.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        self._bot.keyClicks(field, text)

    def answer_dialog(self, typed: str, words: str) -> None:
        """Type and click in the next dialog, which blocks whoever opens it."""

        def act() -> None:
            dialog = QApplication.activeModalWidget()
            if dialog is None or not dialog.isActiveWindow():
                QTimer.singleShot(10, act)
                return
            assert isinstance(QApplication.focusWidget(), QLineEdit), "one types into it at once"
            self.type(typed)
            self.click(words)

        QTimer.singleShot(0, act)


@pytest.fixture
def person(qtbot: QtBot, qapp: QApplication) -> Iterator[Person]:
    person = Person(qtbot)
    qapp.installEventFilter(person)
    yield person
    qapp.removeEventFilter(person)


def test_first_digits_take_one_click(qtbot: QtBot, open_window: Open, person: Person) -> None:
    window = open_window()
    person.click("Start")  # torch still loads
    blank = window.samples.sheet()
    grown(qtbot, window, 3)
    qtbot.waitUntil(lambda: not np.array_equal(window.samples.sheet(), blank), timeout=WAIT)
    assert person.clicks == 1


def test_a_sample_and_three_sliders_take_four(qtbot, open_window: Open, person: Person) -> None:
    window = open_window()
    window.session.start()
    grown(qtbot, window, 3)
    loaded = []
    window.latent.exploration.edited.connect(lambda text, before, after: loaded.append(after.z))
    samples, _ = person.see("Samples")
    assert isinstance(samples, SampleGrid)
    person.click_at(samples, samples.cell_rect(5).center())
    assert len(loaded) == 1
    rows = [s for s in window.latent.findChildren(QSlider) if s.isVisible()]
    names = [row.accessibleName() for row in sorted(rows, key=lambda row: row.parent().y())[:3]]
    for name in names:
        person.drag(name, 30)
        assert np.count_nonzero(loaded[-1] != loaded[-2]) == 1
    assert len(loaded) == 4
    assert np.count_nonzero(window.latent.exploration.state.z != loaded[0]) == 3
    assert window.session.status.phase is Phase.TRAINING
    assert person.clicks == 4


def test_closing_and_opening_again_take_four(
    qtbot, open_window: Open, person: Person, tmp_path: Path
) -> None:
    first = open_window()
    first.session.step("both", 3)
    qtbot.waitUntil(lambda: first.session.status.step == 3, timeout=WAIT)
    first.windowHandle().close()  # the first is on the cross in its frame, which is the desktop's
    qtbot.waitUntil(lambda: not first.isVisible(), timeout=WAIT)

    again = open_window()
    qtbot.waitUntil(lambda: again.session.status.phase is Phase.READY, timeout=WAIT)
    person.click("Run")
    person.click("Earlier runs")
    person.click("studio-0:  studio, seed 0, step 3")
    qtbot.waitUntil(lambda: again.session.status.step == 3, timeout=WAIT)
    assert person.clicks == 3


def test_halving_a_learning_rate_takes_one_edit(qtbot, open_window: Open, person: Person) -> None:
    window = open_window()
    qtbot.waitUntil(lambda: window.session.status.phase is Phase.READY, timeout=WAIT)
    rate = window.session.info.config.g_lr
    person.click("G learning rate")
    person.type(f"{rate / 2}\r")
    heard = []
    window.session.training.post(lambda runner: heard.append(runner.trainer.G_opt.lr))
    qtbot.waitUntil(lambda: heard == [rate / 2], timeout=WAIT)
    assert window.session.undo_stack.count() == 1
    assert person.clicks == 1


def test_undoing_start_over_takes_one_click(qtbot, open_window: Open, person: Person) -> None:
    window = open_window()
    window.session.step("both", 3)
    qtbot.waitUntil(lambda: window.session.status.step == 3, timeout=WAIT)
    window.actions_.by_name["start_over"].trigger()
    qtbot.waitUntil(lambda: window.session.status.step == 0, timeout=WAIT)
    qtbot.waitUntil(window.session.undo_stack.canUndo, timeout=WAIT)
    person.click("Undo Start over")
    qtbot.waitUntil(lambda: window.session.status.step == 3, timeout=WAIT)
    assert person.clicks == 1


def grown(qtbot: QtBot, window: MainWindow, step: int) -> None:
    """Wait until samples of this step, or a later one, are on the screen."""
    label = window.samples.findChild(QWidget, "samples_step")

    def shown() -> bool:
        digits = "".join(filter(str.isdigit, label.text()))
        return digits != "" and int(digits) >= step

    qtbot.waitUntil(shown, timeout=WAIT)
