"""How many clicks a person needs, each on what the person sees: a text or an accessible name."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hands import handle
from PySide6.QtCore import QPoint, Qt, QTimer
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

LEFT = Qt.MouseButton.LeftButton
WAIT = 60_000  # ms; only a hang takes so long
Open = Callable[[], MainWindow]


class Person:
    """Looks at the screen, clicks with a mouse, types, and counts the clicks."""

    def __init__(self, qtbot: QtBot) -> None:
        self.clicks = 0
        self._bot = qtbot

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
        """Click a place of a widget."""
        self.clicks += 1
        self._bot.mouseClick(widget, LEFT, pos=at)

    def drag(self, words: str, pixels: int) -> None:
        """Press on a slider's handle, move, release: one click."""
        slider, _ = self.see(words)
        assert isinstance(slider, QSlider)
        self.clicks += 1
        at = handle(slider).center()
        self._bot.mousePress(slider, LEFT, pos=at)
        for way in (pixels // 2, pixels):
            self._bot.mouseMove(slider, at + QPoint(way, 0))
        self._bot.mouseRelease(slider, LEFT, pos=at + QPoint(pixels, 0))

    def answer_dialog(self, typed: str, words: str) -> None:
        """Type and click in the next dialog, which blocks whoever opens it."""

        def act() -> None:
            dialog = QApplication.activeModalWidget()
            if dialog is None:
                QTimer.singleShot(10, act)
                return
            field = dialog.focusWidget()
            assert isinstance(field, QLineEdit), "one types into a dialog at once"
            field.selectAll()
            self._bot.keyClicks(field, typed)
            self.click(words)

        QTimer.singleShot(0, act)


@pytest.fixture
def person(qtbot: QtBot) -> Person:
    return Person(qtbot)


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
    window.latent.edited.connect(lambda text, before, after: loaded.append(after.z))
    samples, _ = person.see("Samples")
    assert isinstance(samples, SampleGrid)
    person.click_at(samples, samples.cell_rect(5).center())
    (start,) = loaded
    rows = [s for s in window.latent.findChildren(QSlider) if s.isVisible()]
    names = [row.accessibleName() for row in sorted(rows, key=lambda row: row.parent().y())[:3]]
    for name in names:
        person.drag(name, 30)
    assert person.clicks == 4
    assert len(loaded) == 4
    assert np.count_nonzero(window.latent.state().z != start) == 3
    assert window.session.status.phase is Phase.TRAINING


def test_saving_and_opening_again_take_six(
    qtbot, open_window: Open, person: Person, tmp_path: Path
) -> None:
    first = open_window()
    first.session.step("both", 3)
    qtbot.waitUntil(lambda: first.session.status.step == 3, timeout=WAIT)
    person.answer_dialog("digits", "Save")
    person.click("Save")
    qtbot.waitUntil((tmp_path / "digits.pt").exists, timeout=WAIT)
    qtbot.waitUntil(lambda: not first.session.status.unsaved, timeout=WAIT)
    person.clicks += 1  # on the cross in the window's frame, which is the desktop's
    first.close()
    assert not first.isVisible()

    again = open_window()
    qtbot.waitUntil(lambda: again.session.status.phase is Phase.READY, timeout=WAIT)
    person.click("File")
    person.click("Open recent")
    person.click("digits.pt")
    qtbot.waitUntil(lambda: again.session.status.step == 3, timeout=WAIT)
    assert person.clicks <= 6


def test_halving_a_learning_rate_takes_one_edit(qtbot, open_window: Open, person: Person) -> None:
    window = open_window()
    qtbot.waitUntil(lambda: window.session.status.phase is Phase.READY, timeout=WAIT)
    field, _ = person.see("G learning rate")
    rate = window.session.info.config.g_lr
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, f"{rate / 2}")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    heard = []
    window.session.training.post(lambda runner: heard.append(runner.trainer.G_opt.lr))
    qtbot.waitUntil(lambda: heard == [rate / 2], timeout=WAIT)
    assert window.session.undo_stack.count() == 1


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
