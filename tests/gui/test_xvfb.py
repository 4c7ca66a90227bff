"""The main job with a true mouse and keyboard: xdotool on a real X display."""

import os
import shutil
import subprocess
from collections.abc import Iterator

import numpy as np
import pytest
from hands import WAIT, handle
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel, QSlider, QTabWidget, QWidget

from ganstudio.gui.main_window import MainWindow
from ganstudio.training.status import Phase

pytestmark = pytest.mark.xvfb


def xdotool(*words: object) -> None:
    subprocess.run(["xdotool", *map(str, words)], check=True)


@pytest.fixture(scope="module", autouse=True)
def window_manager() -> Iterator[None]:
    """Give windows the focus, as a desktop does."""
    assert QGuiApplication.platformName() == "xcb", "this lane needs an X display"
    assert shutil.which("xdotool"), "install xdotool"
    manager = subprocess.Popen(["openbox"], env={**os.environ})
    yield
    manager.terminate()
    manager.wait()


@pytest.fixture
def window(qtbot, qapp: QApplication) -> Iterator[MainWindow]:
    window = MainWindow("cpu")
    window.show()
    window.begin()
    qtbot.waitExposed(window)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=WAIT)
    qtbot.waitUntil(lambda: window.session.info is not None, timeout=WAIT)
    yield window
    window.session.close()
    window.session.status = type(window.session.status)()  # nothing to save
    window.close()


def centre(widget: QWidget, rect: QRect | None = None) -> QPoint:
    """Return where a person would click, in the screen's pixels."""
    return widget.mapToGlobal((rect or widget.rect()).center())


def click(point: QPoint) -> None:
    xdotool("mousemove", "--sync", point.x(), point.y(), "click", 1)


def named(window: QWidget, name: str) -> QWidget:
    """Find a control as a screen reader would: by its accessible name."""
    (found,) = (
        widget
        for widget in window.findChildren(QWidget)
        if widget.accessibleName() == name and widget.isVisible()
    )
    return found


def test_the_main_job(qtbot, window: MainWindow) -> None:
    """Start by one click, see digits move on, drag a slider meanwhile, pause by the keyboard."""
    session = window.session
    click(centre(named(window.samples, "Start")))
    qtbot.waitUntil(lambda: session.status.phase is Phase.TRAINING, timeout=WAIT)
    qtbot.waitUntil(lambda: session.status.step > 5, timeout=WAIT)
    grid = window.samples.sheet().copy()
    qtbot.waitUntil(lambda: not np.array_equal(grid, window.samples.sheet()), timeout=WAIT)

    slider = window.latent.findChild(QSlider, "latent_slider_3")
    before = window.latent.exploration.state.z.copy()
    at = centre(slider, handle(slider))
    xdotool("mousemove", "--sync", at.x(), at.y(), "mousedown", 1)
    for shift in (10, 20, 30):
        xdotool("mousemove", "--sync", at.x() + shift, at.y())
    qtbot.waitUntil(lambda: window.latent.exploration.state.z[3] > before[3], timeout=WAIT)
    xdotool("mouseup", 1)
    qtbot.waitUntil(session.undo_stack.canUndo, timeout=WAIT)
    assert session.status.phase is Phase.TRAINING

    xdotool("key", "F5")
    qtbot.waitUntil(lambda: session.status.phase is Phase.PAUSED, timeout=WAIT)
    xdotool("key", "ctrl+z")
    qtbot.waitUntil(lambda: np.array_equal(window.latent.exploration.state.z, before), timeout=WAIT)
    xdotool("key", "space")
    qtbot.waitUntil(lambda: session.status.phase is Phase.TRAINING, timeout=WAIT)


def test_a_sample_is_loaded_by_a_click(qtbot, window: MainWindow) -> None:
    session = window.session
    session.step("both")
    qtbot.waitUntil(lambda: session.status.step == 1, timeout=WAIT)
    before = window.latent.exploration.state.z.copy()
    grid = window.samples.findChild(QWidget, "samples_grid")
    click(centre(grid))
    qtbot.waitUntil(
        lambda: not np.array_equal(window.latent.exploration.state.z, before), timeout=WAIT
    )


def test_undo_reaches_the_window_from_a_settings_field(qtbot, window: MainWindow) -> None:
    """Type a learning rate, press Enter, press Ctrl+Z: the change is undone, not swallowed."""
    field = named(window.experiment, "D learning rate")
    rate = window.session.info.config.d_lr
    xdotool(
        "mousemove", "--sync", centre(field).x() - 20, centre(field).y(), "click", "--repeat", 2, 1
    )
    qtbot.waitUntil(field.hasFocus, timeout=WAIT)
    xdotool("key", "ctrl+a")
    xdotool("type", "0.0005")
    xdotool("key", "Return")
    qtbot.waitUntil(lambda: window.session.undo_stack.count() == 1, timeout=WAIT)
    xdotool("key", "ctrl+z")
    qtbot.waitUntil(lambda: float(field.text()) == rate, timeout=WAIT)
    assert not window.session.undo_stack.canUndo()


def share(widget: QWidget, x: float, y: float) -> QPoint:
    """Return a point of a widget, by shares of its sides, in the screen's pixels."""
    return widget.mapToGlobal(QPoint(round(x * widget.width()), round(y * widget.height())))


def drag(*points: QPoint) -> None:
    """Press the left button at the first point, go to the others, and let go."""
    first, *others = points
    xdotool("mousemove", "--sync", first.x(), first.y(), "mousedown", 1)
    for point in others:
        xdotool("mousemove", "--sync", point.x(), point.y())
    xdotool("mouseup", 1)


def explore(qtbot, window: MainWindow, tab: int) -> None:
    """Open the first trained generator from the first screen, and a tab of the latent panel."""
    click(centre(named(window.samples, "Explore a trained one")))
    qtbot.waitUntil(lambda: QApplication.activePopupWidget() is not None, timeout=WAIT)
    xdotool("key", "Down", "Return")
    step = window.findChild(QLabel, "decoded_step")
    qtbot.waitUntil(lambda: "9,370" in step.text(), timeout=WAIT)
    bar = window.findChild(QTabWidget, "latent_tabs").tabBar()
    click(centre(bar, bar.tabRect(tab)))
    qtbot.waitUntil(lambda: bar.currentIndex() == tab, timeout=WAIT)


def test_the_map_is_dragged_and_the_digit_follows(qtbot, window: MainWindow) -> None:
    explore(qtbot, window, 1)
    latent, image = window.latent, window.findChild(QWidget, "decoded_image")
    pad = named(window, "Map of z")
    before, drawn = latent.exploration.state.z.copy(), image.grab().toImage()

    def moved() -> np.ndarray:
        return latent.exploration.state.z - before

    drag(share(pad, 0.5, 0.5), share(pad, 0.6, 0.4), share(pad, 0.75, 0.25))
    qtbot.waitUntil(lambda: bool((moved()[:2] > 0).all()), timeout=WAIT)  # to the right and up
    assert not moved()[2:].any()
    qtbot.waitUntil(lambda: image.grab().toImage() != drawn, timeout=WAIT)
    xdotool("key", "ctrl+z")
    qtbot.waitUntil(lambda: np.array_equal(latent.exploration.state.z, before), timeout=WAIT)


def test_a_stroke_is_drawn_judged_answered_and_cleared(qtbot, window: MainWindow) -> None:
    explore(qtbot, window, 3)
    canvas, verdict = named(window, "Drawing"), window.findChild(QLabel, "drawing_verdict")
    before = window.latent.exploration.state.z.copy()
    drag(*(share(canvas, 0.55 - 0.02 * i, 0.2 + 0.1 * i) for i in range(7)))
    qtbot.waitUntil(lambda: "held-out images" in verdict.text(), timeout=WAIT)
    on_it = canvas.mapFromGlobal(share(canvas, 0.49, 0.5))
    assert canvas.grab().toImage().pixelColor(on_it).lightness() > 200
    click(centre(named(window, "Let G answer")))
    told = window.findChild(QLabel, "found_error")
    qtbot.waitUntil(lambda: "mean square error" in told.text(), timeout=WAIT)
    assert not np.array_equal(window.latent.exploration.state.z, before)
    click(centre(named(window, "Clear")))
    qtbot.waitUntil(lambda: not verdict.text(), timeout=WAIT)
    assert canvas.grab().toImage().pixelColor(on_it).lightness() < 60
