"""The same z over training, and going back to an earlier generator."""

from pathlib import Path

import numpy as np
import pytest
from hands import WAIT, child
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QLabel, QListWidget, QPushButton, QTabWidget
from pytestqt.qtbot import QtBot

from ganstudio.gui.exploration import Exploration
from ganstudio.gui.main_window import MainWindow
from ganstudio.gui.widgets.trail_view import TrailView
from ganstudio.latent.decode import decode

LEFT, Key = Qt.MouseButton.LeftButton, Qt.Key
IMAGES = np.array([30, 90, 150], np.uint8)[:, None, None, None] * np.ones((1, 1, 8, 8), np.uint8)


@pytest.fixture
def view(qtbot: QtBot) -> TrailView:
    view = TrailView(Exploration())
    qtbot.addWidget(view)
    view.resize(320, 330)
    with qtbot.waitExposed(view):
        view.show()
    return view


def items(view) -> QListWidget:
    return child(view, QListWidget, "trail")


def texts(view) -> list[str]:
    trail = items(view)
    return [trail.item(row).text() for row in range(trail.count())]


def test_shows_each_step_below_its_image(view: TrailView) -> None:
    assert child(view, QLabel, "trail_hint").isVisible()
    view.set_images([0, 120, 4500], IMAGES)
    assert texts(view) == ["0", "120", "4,500"]
    assert not child(view, QLabel, "trail_hint").isVisible()
    trail = items(view)
    pixels = trail.viewport().grab().toImage()
    for row, shade in enumerate((30, 90, 150)):
        place = trail.visualItemRect(trail.item(row))
        middle = place.center()
        middle.setY(place.top() + 25)
        assert pixels.pixelColor(middle).red() == shade, "one that is selected is not tinted"
    assert trail.currentRow() == 2, "the newest is followed"
    view.set_held(120)
    assert trail.currentRow() == 1
    view.clear()
    assert texts(view) == []


def test_a_click_and_enter_choose_a_step(qtbot: QtBot, view: TrailView) -> None:
    chosen: list[int] = []
    view.step_chosen.connect(chosen.append)
    view.set_images([0, 120, 4500], IMAGES)
    trail = items(view)
    place = trail.visualItemRect(trail.item(0)).center()
    qtbot.mouseClick(trail.viewport(), LEFT, pos=place)
    assert set(chosen) == {0}
    trail.setFocus()
    QTest.keyClick(trail, Key.Key_Right)
    view.set_images([0, 120, 4600], IMAGES)
    assert trail.currentRow() == 1, "newer images leave the keys where they are"
    QTest.keyClick(trail, Key.Key_Return)
    assert chosen[-1] == 120
    view.set_images([0, 150, 4600], IMAGES)
    assert trail.currentRow() == 1, "the nearest, where the step is no longer kept"
    QTest.keyClick(trail, Key.Key_End)
    view.set_images([150, 4600, 4700], IMAGES)
    assert trail.currentRow() == 2, "the newest is whichever is"


def go(qtbot: QtBot, window: MainWindow, steps: int) -> None:
    session = window.session
    until = session.status.step + steps
    session.step("both", steps)
    qtbot.waitUntil(
        lambda: session.status.step == until and session.training.snapshot.step == until,
        timeout=WAIT,
    )


def test_an_earlier_generator_is_held_and_the_newest_followed(
    qtbot: QtBot, window: MainWindow
) -> None:
    session, trail = window.session, items(window)
    child(window, QTabWidget, "latent_tabs").setCurrentIndex(2)
    child(window, QComboBox, "walk_view").setCurrentIndex(1)
    for _ in range(3):
        go(qtbot, window, 2)
    qtbot.waitUntil(lambda: texts(window)[-1:] == ["6"], timeout=WAIT)
    assert texts(window)[0] == "0"
    early = int(texts(window)[1])  # which others there are is up to the threads
    kept = {snapshot.step: snapshot for snapshot in session.decoder._drawing}

    place = trail.visualItemRect(trail.item(1)).center()
    with qtbot.waitSignal(
        session.decoding.image_drawn,
        timeout=WAIT,
        check_params_cb=lambda drawn: drawn.step == early,
    ) as drawn:
        qtbot.mouseClick(trail.viewport(), LEFT, pos=place)
    z = window.latent.exploration.state.z
    assert np.array_equal(drawn.args[0].images, decode(kept[early], z[None]))
    assert child(window, QPushButton, "hold").text().startswith("Follow")
    assert trail.currentRow() == 1

    go(qtbot, window, 2)  # the held one stays under the sliders, the newest is shown, too
    qtbot.waitUntil(lambda: texts(window)[-1:] == ["8"], timeout=WAIT)
    assert session.decoder.held is kept[early]
    assert trail.currentRow() == 1

    trail.setFocus()
    QTest.keyClick(trail, Key.Key_End)
    with qtbot.waitSignal(
        session.decoding.image_drawn, timeout=WAIT, check_params_cb=lambda drawn: drawn.step == 8
    ):
        QTest.keyClick(trail, Key.Key_Return)
    assert session.decoder.held is None
    assert child(window, QPushButton, "hold").text().startswith("Hold")


def test_a_click_means_what_is_shown(qtbot: QtBot, window: MainWindow) -> None:
    session, trail = window.session, items(window)
    child(window, QTabWidget, "latent_tabs").setCurrentIndex(2)
    child(window, QComboBox, "walk_view").setCurrentIndex(1)
    go(qtbot, window, 4)
    qtbot.waitUntil(lambda: texts(window)[-1:] == ["4"], timeout=WAIT)
    session.decoder._drawing = ()  # as if others were on their way
    place = trail.visualItemRect(trail.item(0)).center()
    qtbot.mouseClick(trail.viewport(), LEFT, pos=place)
    assert session.decoder.held.step == 0


def test_every_run_has_its_own(qtbot: QtBot, window: MainWindow) -> None:
    session = window.session
    child(window, QTabWidget, "latent_tabs").setCurrentIndex(2)
    child(window, QComboBox, "walk_view").setCurrentIndex(1)
    go(qtbot, window, 3)
    qtbot.waitUntil(lambda: texts(window)[-1:] == ["3"], timeout=WAIT)
    with qtbot.waitSignal(session.run_changed, timeout=WAIT):
        session.start_over(session.info.config, "cpu")
    qtbot.waitUntil(lambda: texts(window) == ["0"], timeout=WAIT)
    with qtbot.waitSignal(session.run_changed, timeout=WAIT):
        session.undo_stack.undo()
    qtbot.waitUntil(lambda: texts(window)[-1:] == ["3"], timeout=WAIT)


def test_through_training_has_the_checkpoints_beside_the_one_that_is_opened(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    session = window.session
    for step in range(3):
        path = tmp_path / f"step-{step:07d}.pt"
        with qtbot.waitSignal(session.saved, timeout=WAIT):
            session.save(path)
        session.step("both")
        qtbot.waitUntil(lambda at=step: session.training.snapshot.step == at + 1, timeout=WAIT)
    child(window, QTabWidget, "latent_tabs").setCurrentIndex(2)
    child(window, QComboBox, "walk_view").setCurrentIndex(1)
    trail = child(window, QListWidget, "trail")
    with qtbot.waitSignal(session.run_changed, timeout=WAIT):
        session.open(path)
    qtbot.waitUntil(lambda: trail.count() == 3, timeout=WAIT)
    assert [trail.item(row).text() for row in range(3)] == ["0", "1", "2"]
    qtbot.mouseClick(trail.viewport(), LEFT, pos=trail.visualItemRect(trail.item(1)).center())
    held = session.decoder.held
    assert held is not None
    assert held.step == 1
