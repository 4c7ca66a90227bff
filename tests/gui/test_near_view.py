"""Is it a copy: training images near the one that z decodes to, in the window."""

import numpy as np
import pytest
from hands import WAIT, child
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QLabel,
    QListWidget,
    QTabWidget,
    QWidget,
)
from pytestqt.qtbot import QtBot

from ganstudio.config import Config, load_preset
from ganstudio.errors import Phrase, StudioError
from ganstudio.evaluation.neighbourhood import Near, Neighbourhood
from ganstudio.gui.exploration import Exploration
from ganstudio.gui.main_window import MainWindow
from ganstudio.gui.threads.lanes import Lane
from ganstudio.gui.widgets.image_strip import ImageStrip
from ganstudio.gui.widgets.near_view import NearView
from ganstudio.latent.decode import decode
from ganstudio.training.status import Phase

LEFT, Key = Qt.MouseButton.LeftButton, Qt.Key
IMAGES = np.arange(6, dtype=np.uint8)[:, None, None, None] * np.full((1, 1, 8, 8), 40, np.uint8)


@pytest.fixture
def view(qtbot: QtBot) -> NearView:
    view = NearView(Exploration())
    qtbot.addWidget(view)
    view.resize(320, 330)
    with qtbot.waitExposed(view):
        view.show()
    return view


def found(share: float | None, distance: float = 0.1, **more) -> Neighbourhood:
    near = Near(images=IMAGES, distance=distance, share=share, among=256)
    return Neighbourhood(**{"pixels": near, "features": None, "unfit": None, **more})


def words(view, measure: str) -> str:
    return child(view, QLabel, f"near_{measure}_words").text()


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "None of 256 held-out images has a training image so near: this may be a copy"),
        (0.002, "fewer than 1\u00a0% of held-out"),
        (0.416, "42\u00a0% of held-out"),
        (1.0, "100\u00a0% of held-out"),
        (None, "Too few images are held out"),
    ],
)
def test_says_how_near_that_is(view: NearView, share, text) -> None:
    view.set_found(found(share))
    assert text in words(view, "pixels")
    assert child(view, QLabel, "near_pixels_words").toolTip() == words(view, "pixels")
    assert "0.1 away" in child(view, ImageStrip, "near_pixels").toolTip()


def test_shows_the_images_the_nearest_first(view: NearView) -> None:
    view.set_found(found(0.5))
    strip = child(view, ImageStrip, "near_pixels")
    pixels = strip.grab().toImage()
    for place in range(len(IMAGES)):
        middle = strip.area(place).center()
        assert pixels.pixelColor(middle).red() == 40 * place
    assert "Looking at all training images" in words(view, "features")


def test_shows_how_far_the_look_is_and_why_there_is_none(view: NearView) -> None:
    view.set_progress(0.418)
    assert "41\u00a0%" in words(view, "pixels")
    view.set_found(found(0.5, unfit=Phrase("unfit-colour", network="digits-0")))
    assert "digits-0" in words(view, "features")


def test_an_image_is_chosen_by_mouse_and_by_keys(qtbot: QtBot, view: NearView) -> None:
    chosen: list[np.ndarray] = []
    view.picture_chosen.connect(chosen.append)
    strip = child(view, ImageStrip, "near_pixels")
    qtbot.mouseClick(strip, LEFT, pos=strip.rect().center())
    assert not chosen, "there is nothing to choose yet"
    view.set_found(found(0.5))
    qtbot.mouseClick(strip, LEFT, pos=strip.area(3).center())
    assert chosen.pop().max() == 120
    qtbot.mouseClick(strip, LEFT, pos=QPoint(strip.area(0).right() + 2, 5))
    assert not chosen, "between two"
    strip.setFocus()
    for key in (Key.Key_Right, Key.Key_Right, Key.Key_Left, Key.Key_Return):
        QTest.keyClick(strip, key)
    assert chosen.pop().max() == 40
    for _ in range(9):
        QTest.keyClick(strip, Key.Key_Right)
    QTest.keyClick(strip, Key.Key_Enter)
    assert chosen.pop().max() == 200


def test_the_images_of_a_run_are_its_own_and_what_is_chosen_is_looked_for(
    qtbot: QtBot, open_window
) -> None:
    window = open_window()
    session, near = window.session, window.latent.near
    qtbot.waitUntil(lambda: session.status.phase is Phase.READY, timeout=WAIT)
    few = Config(model="mlp-gelu", train_images=20, batch_size=4, latent_dim=4)
    with qtbot.waitSignal(session.run_changed, timeout=WAIT):
        session.start_over(few, "cpu")
    child(window, QTabWidget, "latent_tabs").setCurrentIndex(3)
    child(window, QComboBox, "find_view").setCurrentIndex(1)
    assert near.isVisible()
    qtbot.waitUntil(lambda: "held-out" in words(near, "features"), timeout=WAIT)
    z = window.latent.exploration.state.z
    image = decode(session.training.snapshot, z[None])[0]
    train = session.info.dataset.train
    apart = [float(np.square(one.astype(float) - image).sum()) for one in train]
    nearest = train[int(np.argmin(apart))]
    strip = child(near, ImageStrip, "near_pixels")
    qtbot.mouseClick(strip, LEFT, pos=strip.area(0).center())
    assert window.latent.drawing.isVisible()
    assert np.array_equal(window.latent.drawing.target, nearest)
    assert child(window, QWidget, "find_z").hasFocus()
    qtbot.waitUntil(lambda: "mean square error" in told(window), timeout=WAIT)
    assert session.undo_stack.undoText() == "find image"
    session.undo_stack.undo()
    assert session.undo_stack.undoText() == "look for a training image"
    session.undo_stack.undo()
    with qtbot.waitSignal(session.run_changed, timeout=WAIT):
        session.undo_stack.undo()
    assert "held-out" not in words(near, "pixels")


@pytest.mark.parametrize("preset", ["aae", "cgan", "infogan", "dcgan"])
def test_every_kind_of_model_is_compared_and_judges_drawings(
    qtbot: QtBot, window: MainWindow, preset: str
) -> None:
    session, latent = window.session, window.latent
    changes = {"train_images": 20, "batch_size": 4, "image_size": 32 if preset == "dcgan" else 0}
    with qtbot.waitSignal(session.run_changed, timeout=WAIT):
        session.start_over(load_preset(preset).config.changed(**changes), "cpu")
    session.step("both")
    qtbot.waitUntil(lambda: session.training.snapshot.step == 1, timeout=WAIT)
    tabs = child(window, QTabWidget, "latent_tabs")
    tabs.setCurrentIndex(2)
    child(window, QComboBox, "walk_view").setCurrentIndex(1)
    trail = child(window, QListWidget, "trail")
    qtbot.waitUntil(lambda: trail.count() == 2, timeout=WAIT)
    tabs.setCurrentIndex(3)
    qtbot.mouseClick(child(window, QAbstractButton, "real_image"), LEFT)
    label = child(latent, QLabel, "drawing_verdict")
    meant = "encoded images" if preset == "aae" else "of held-out images"
    qtbot.waitUntil(lambda: meant in label.text(), timeout=WAIT)
    child(window, QComboBox, "find_view").setCurrentIndex(1)
    for measure in ("pixels", "features"):
        qtbot.waitUntil(lambda m=measure: "held-out" in words(latent.near, m), timeout=WAIT)


def told(window: MainWindow) -> str:
    return child(window, QLabel, "found_error").text()


def test_a_look_that_failed_is_repeated(qtbot: QtBot, window: MainWindow) -> None:
    session, decoder = window.session, window.session.decoder
    decoder._look_at_training_images(features=False)
    first = decoder.requests[Lane.INDEX]
    decoder._look_at_training_images(features=False)
    assert decoder.requests[Lane.INDEX] == first
    session.decoding.failed.emit(Lane.INDEX, StudioError("unexpected", detail="no memory"))
    decoder._look_at_training_images(features=False)
    assert decoder.requests[Lane.INDEX] > first


def test_another_dataset_is_let_go_of(qtbot: QtBot, window: MainWindow) -> None:
    session, thread = window.session, window.session.decoding
    child(window, QTabWidget, "latent_tabs").setCurrentIndex(3)
    child(window, QComboBox, "find_view").setCurrentIndex(1)
    with qtbot.waitSignal(thread.neighbours_found, timeout=WAIT):
        pass
    child(window, QComboBox, "find_view").setCurrentIndex(0)
    few = Config(model="mlp-gelu", train_images=20, batch_size=4, latent_dim=4)
    with qtbot.waitSignal(session.run_changed, timeout=WAIT):
        session.start_over(few, "cpu")
    qtbot.waitUntil(lambda: thread._neighbours is None, timeout=WAIT)
    assert list(thread._near) == []
    assert Lane.INDEX not in thread._jobs


def test_follows_z(qtbot: QtBot, window: MainWindow) -> None:
    session = window.session
    child(window, QTabWidget, "latent_tabs").setCurrentIndex(3)
    child(window, QComboBox, "find_view").setCurrentIndex(1)
    exploration = window.latent.exploration
    thread = session.decoding
    with qtbot.waitSignal(thread.neighbours_found, timeout=WAIT):
        exploration.draw(1.0, 5)
    child(window, QComboBox, "find_view").setCurrentIndex(0)
    before = session.decoder.requests.copy()
    exploration.draw(1.0, 6)
    assert {key: n for key, n in session.decoder.requests.items() if before[key] != n}.keys() == {
        0
    }, "only the large image is asked for while nobody can see the others"
