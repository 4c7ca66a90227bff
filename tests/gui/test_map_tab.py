"""The map: real hands on it, the place of z and its pixels."""

from collections.abc import Callable

import numpy as np
import pytest
from hands import WAIT, child
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QLabel,
    QTabWidget,
    QWidget,
)
from pytestqt.qtbot import QtBot
from runs import run_info

from ganstudio.config import Config
from ganstudio.gui import colours
from ganstudio.gui.main_window import MainWindow
from ganstudio.gui.panels.latent import LatentPanel
from ganstudio.gui.threads.lanes import Lane
from ganstudio.gui.widgets.map_tab import MapTab
from ganstudio.gui.widgets.map_view import MapView
from ganstudio.latent.decode import decode
from ganstudio.latent.directions import Directions, NamedDirections
from ganstudio.latent.spec import LatentPart, LatentSpec

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
Key = Qt.Key
SPEC = LatentSpec(
    (
        LatentPart(name="z", kind="normal", dim=4),
        LatentPart(name="code", kind="uniform", dim=2, role="code"),
    )
)


@pytest.fixture
def panel(qtbot: QtBot) -> LatentPanel:
    panel = LatentPanel()
    qtbot.addWidget(panel)
    panel.resize(330, 700)
    with qtbot.waitExposed(panel):
        panel.show()
    panel.set_run(run_info(latent=SPEC), np.random.default_rng(1))
    child(panel, QTabWidget, "latent_tabs").setCurrentWidget(panel.map)
    return panel


def view(panel: QWidget) -> MapView:
    return child(panel, MapView, "map")


def choose(panel: QWidget, side: str, name: str) -> None:
    box = child(panel, QComboBox, f"map_{side}")
    box.setCurrentIndex(box.findText(name))


def z(panel: LatentPanel) -> np.ndarray:
    return panel.exploration.state.z


def show_tiles(panel: LatentPanel, values: np.ndarray | None = None) -> np.ndarray:
    """Give every tile a shade of its own; return the shades."""
    count = len(panel.map.places())
    shades = np.linspace(20, 250, count).astype(np.uint8)
    images = np.ascontiguousarray(np.broadcast_to(shades[:, None, None, None], (count, 1, 4, 4)))
    panel.map.set_images(images, values)
    return shades


def middle(panel: LatentPanel, tile: int) -> QPoint:
    x, y = view(panel).coordinates()[tile].tolist()
    return view(panel).point(x, y).toPoint()


def test_the_first_axes_are_the_codes_and_a_drag_moves_both(qtbot: QtBot, panel) -> None:
    edits: list[str] = []
    panel.exploration.edited.connect(lambda text, *_: edits.append(text))
    assert [child(panel, QComboBox, f"map_{side}").currentText() for side in "xy"] == [
        "Code 1",
        "Code 2",
    ]
    before, pad = z(panel).copy(), view(panel)
    start, end = pad.point(-0.5, 0.5).toPoint(), pad.point(0.25, -0.75).toPoint()
    qtbot.mousePress(pad, LEFT, pos=start)
    assert z(panel)[4:] == pytest.approx([-0.5, 0.5], abs=0.01)
    qtbot.mouseMove(pad, end)
    assert z(panel)[4:] == pytest.approx([0.25, -0.75], abs=0.01)
    assert edits == []
    qtbot.mouseRelease(pad, LEFT, pos=end)
    assert edits == ["move on the map"]
    assert np.array_equal(z(panel)[:4], before[:4])
    picture = pad.grab().toImage()
    ring = end + QPoint(8, 0)
    assert max(picture.pixelColor(ring + QPoint(dx, 0)).lightness() for dx in (-1, 0, 1)) > 200


def test_beside_the_square_nothing_is_moved_and_no_drag_leaves_it(qtbot: QtBot, panel) -> None:
    pad, before = view(panel), z(panel).copy()
    pad.resize(400, 200)
    beside = QPoint(20, 100)
    assert not pad.area().contains(beside)
    qtbot.mouseClick(pad, LEFT, pos=beside)
    assert np.array_equal(z(panel), before)
    qtbot.mousePress(pad, LEFT, pos=pad.area().center())
    qtbot.mouseMove(pad, beside)
    qtbot.mouseRelease(pad, LEFT, pos=beside)
    assert z(panel)[4:] == pytest.approx([-1.0, 0.0], abs=0.02)


def test_tiles_are_of_their_places(qtbot: QtBot, panel) -> None:
    choose(panel, "x", "z 0")
    choose(panel, "y", "z 2")
    places = panel.map.places()
    n = view(panel).count()
    assert places.shape == (n * n, 6)
    assert places[0, [0, 2]] == pytest.approx([-3 + 3 / n, 3 - 3 / n], abs=1e-4)
    assert places[-1, [0, 2]] == pytest.approx([3 - 3 / n, -3 + 3 / n], abs=1e-4)
    others = [1, 3, 4, 5]
    assert np.abs(places[:, others] - z(panel)[others]).max() < 1e-6
    shades = show_tiles(panel)
    picture = view(panel).grab().toImage()
    for tile in (0, n - 1, n * n // 2 + 1, n * n - 1):
        colour = picture.pixelColor(middle(panel, tile)).red()
        assert colour == pytest.approx(shades[tile], abs=2)


def test_directions_are_axes_too_and_locks_hold(qtbot: QtBot, panel) -> None:
    q, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(6, 6)))
    directions = Directions(
        latent=SPEC, vectors=q.astype(np.float32), strengths=np.arange(6, 0, -1, np.float32)
    )
    names = tuple(f"direction {i + 1}" for i in range(6))
    known = NamedDirections(
        names=names, directions=directions, units=("shades",) * 6, explained=(None,) * 6
    )
    panel.exploration.set_directions(known)
    choose(panel, "x", "Direction 2")
    choose(panel, "y", "z 3")
    panel.exploration.toggle_held("direction 5", "Direction 5")
    panel.exploration.toggle_lock(slice(0, 1), "z 0")
    before = z(panel).copy()
    qtbot.mouseClick(view(panel), LEFT, pos=view(panel).point(1.5, -2).toPoint())
    assert directions.read(z(panel))[1] == pytest.approx(1.5, abs=0.03)
    assert z(panel)[3] == pytest.approx(-2, abs=0.03)
    assert z(panel)[0] == before[0]
    assert directions.read(z(panel))[4] == pytest.approx(directions.read(before)[4], abs=1e-3)


def test_keys_move_and_zoom(qtbot: QtBot, panel) -> None:
    pad = view(panel)
    pad.setFocus()
    panel.exploration.load(np.zeros(6, np.float32), "load")
    qtbot.keyClick(pad, Key.Key_Right)
    qtbot.keyClick(pad, Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert z(panel)[4:] == pytest.approx([0.04, 0.004], abs=1e-5)
    qtbot.keyClick(pad, Key.Key_Plus)
    places = panel.map.places()
    n = pad.count()
    assert np.ptp(places[:, 4]) == pytest.approx(2 * (n - 1) / n / 1.25, rel=1e-4)
    for _ in range(60):
        qtbot.keyClick(pad, Key.Key_Left)
    seen = panel.map.places()[:, 4]
    assert seen.min() <= z(panel)[4] <= seen.max(), "the view follows z"
    qtbot.keyClick(pad, Key.Key_Home)
    assert np.abs(panel.map.places()[:, 4]).max() <= 1


def test_the_wheel_zooms_about_the_pointer_and_the_right_button_pans(qtbot: QtBot, panel) -> None:
    pad = view(panel)
    here = pad.point(0.5, 0.5)
    wheel = QWheelEvent(
        here,
        pad.mapToGlobal(here),
        QPoint(),
        QPoint(0, 240),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(pad, wheel)
    there = pad.point(0.5, 0.5)
    assert (there - QPointF(here)).manhattanLength() < 1.5
    n = pad.count()
    assert np.ptp(panel.map.places()[:, 4]) == pytest.approx(2 * (n - 1) / n / 1.25**2, rel=1e-4)
    before = z(panel).copy()
    qtbot.mousePress(pad, RIGHT, pos=here.toPoint())
    qtbot.mouseMove(pad, here.toPoint() + QPoint(-40, 25))
    qtbot.mouseRelease(pad, RIGHT, pos=here.toPoint() + QPoint(-40, 25))
    assert (pad.point(0.5, 0.5) - QPointF(here + QPoint(-40, 25))).manhattanLength() < 1.5
    assert np.array_equal(z(panel), before)


def test_a_drag_in_the_plane_draws_nothing_anew_but_another_plane_does(qtbot: QtBot, panel) -> None:
    show_tiles(panel)
    QApplication.processEvents()
    asked: list[int] = []
    panel.map._images.renew = lambda: asked.append(1)
    qtbot.mouseClick(view(panel), LEFT, pos=view(panel).point(0.2, 0.2).toPoint())
    assert asked == []
    qtbot.mouseClick(child(panel, QAbstractButton, "random_z"), LEFT)
    assert asked


def test_colours_and_what_is_said_of_a_tile(qtbot: QtBot, panel) -> None:
    box = child(panel, QComboBox, "map_colour")
    box.setCurrentIndex(1)
    assert panel.map.colour == "rank"
    count = len(panel.map.places())
    show_tiles(panel, np.linspace(0, 1, count, dtype=np.float32))
    picture = view(panel).grab().toImage()
    first, last = (picture.pixelColor(middle(panel, tile)) for tile in (0, count - 1))
    assert first.blue() > first.red() + 30, "unreal is blue"
    assert last.red() > last.blue() + 30, "real is orange"
    word = view(panel)._word(middle(panel, count - 1))
    assert word == "more real to D than 100 % of held-out images"
    show_tiles(panel, np.full(count, np.nan, np.float32))
    grey = view(panel).grab().toImage().pixelColor(middle(panel, 3))
    assert grey.red() == grey.blue(), "an unknown verdict has no colour"
    box.setCurrentIndex(2)
    show_tiles(panel, np.full(count, 7, np.float32))
    assert view(panel)._word(middle(panel, 5)) == "a 7"


def test_a_legend_says_what_the_colours_mean(qtbot: QtBot, panel) -> None:
    box, legend = child(panel, QComboBox, "map_colour"), child(panel, QWidget, "map_legend")
    assert not legend.isVisible()
    box.setCurrentIndex(1)
    assert legend.isVisible()
    picture, y = legend.grab().toImage(), 1
    left, right = (picture.pixelColor(x, y) for x in (1, legend.width() - 2))
    assert left.blue() > left.red() + 100
    assert right.red() > right.blue() + 100
    box.setCurrentIndex(2)
    picture = legend.grab().toImage()
    for digit, name in enumerate(colours.TEN):
        x = round((digit + 0.5) * legend.width() / 10)
        assert picture.pixelColor(x, y).name().upper() == name.upper()
    box.setCurrentIndex(0)
    assert not legend.isVisible()


def test_an_answer_to_another_choice_is_not_shown(qtbot: QtBot, window: MainWindow) -> None:
    session, tab = window.session, window.latent.map
    child(window, QComboBox, "map_colour").setCurrentIndex(1)
    child(window, QTabWidget, "latent_tabs").setCurrentWidget(tab)
    told: list[object] = []
    tab.set_images = lambda images, values: told.append(values)
    qtbot.waitUntil(lambda: Lane.THUMBNAILS in session.decoder._renewing, timeout=WAIT)
    child(window, QComboBox, "map_colour").setCurrentIndex(2)
    qtbot.waitUntil(lambda: bool(told), timeout=WAIT)
    assert np.isfinite(told[0]).all(), "digits, not verdicts that are unknown"


def test_images_go_to_the_tab_that_asked_before_another_asks(
    qtbot: QtBot, window: MainWindow, monkeypatch
) -> None:
    decoder, order = window.session.decoder, []
    child(window, QTabWidget, "latent_tabs").setCurrentWidget(window.latent.map)
    qtbot.waitUntil(lambda: Lane.THUMBNAILS in decoder._renewing, timeout=WAIT)
    decoder._stale.add(Lane.THUMBNAILS)  # more is wanted meanwhile
    places = window.latent.places
    monkeypatch.setattr(window.latent, "places", lambda: (order.append("asked"), places())[1])
    monkeypatch.setattr(window.latent, "set_thumbnails", lambda *_: order.append("shown"))
    qtbot.waitUntil(lambda: len(order) >= 2, timeout=WAIT)
    assert order[:2] == ["shown", "asked"]


def test_digits_are_offered_where_there_are_digits(panel) -> None:
    box = child(panel, QComboBox, "map_colour")
    box.setCurrentIndex(2)
    faces = run_info(latent=SPEC, run_id="faces", config=Config(dataset="folder"))
    panel.set_run(faces, np.random.default_rng(2))
    assert panel.map.colour == ""
    assert box.findData("digit") < 0
    panel.set_run(run_info(latent=SPEC), np.random.default_rng(2))
    assert box.findData("digit") == 2


def test_the_zoom_stays_when_directions_come(qtbot: QtBot, panel) -> None:
    pad = view(panel)
    pad.setFocus()
    qtbot.keyClick(pad, Key.Key_Plus)
    near = np.ptp(panel.map.places()[:, 4])
    directions = Directions(
        latent=SPEC, vectors=np.eye(6, dtype=np.float32)[:1], strengths=np.ones(1, np.float32)
    )
    known = NamedDirections(
        names=("direction 1",), directions=directions, units=("shades",), explained=(None,)
    )
    panel.exploration.set_directions(known)
    assert np.ptp(panel.map.places()[:, 4]) == pytest.approx(near)
    choose(panel, "x", "Direction 1")
    panel.exploration.set_directions(None)
    assert child(panel, QComboBox, "map_x").currentText() == "Code 1"
    panel.exploration.set_directions(known)
    assert child(panel, QComboBox, "map_x").currentText() == "Direction 1", "as it was chosen"


def test_two_axes_that_are_one_are_no_plane(panel) -> None:
    choose(panel, "y", "Code 1")
    assert child(panel, QLabel, "map_hint").isVisible()
    assert len(panel.map.places()) == 0
    choose(panel, "y", "z 1")
    assert not child(panel, QLabel, "map_hint").isVisible()
    assert len(panel.map.places()) > 0


def test_one_dimension_has_no_map(panel) -> None:
    spec = LatentSpec((LatentPart(name="z", kind="normal", dim=1),))
    panel.set_run(run_info(latent=spec, run_id="one"), np.random.default_rng(2))
    assert child(panel, QLabel, "map_hint").isVisible()
    assert len(panel.map.places()) == 0


@pytest.mark.parametrize("colour", [0, 1, 2])
def test_a_window_draws_it(qtbot: QtBot, window: MainWindow, colour: int) -> None:
    session, tab = window.session, window.latent.map
    told: list[tuple] = []
    real: Callable = tab.set_images

    def remember(images: np.ndarray, values: np.ndarray | None) -> None:
        told.append((images, values, tab._view._asked))
        real(images, values)

    tab.set_images = remember
    child(window, QComboBox, "map_colour").setCurrentIndex(colour)
    child(window, QTabWidget, "latent_tabs").setCurrentWidget(tab)
    assert isinstance(tab, MapTab)
    qtbot.waitUntil(lambda: bool(told), timeout=WAIT)
    places = tab.places()
    qtbot.waitUntil(lambda: len(told[-1][0]) == len(places), timeout=WAIT)
    images, values, _ = told[-1]
    np.testing.assert_array_equal(images, decode(session.training.snapshot, places))
    assert (values is None) == (colour == 0)
    if colour == 1:
        assert np.isnan(values).all(), "a D that has learned nothing has no verdict"
    if colour == 2:
        assert set(np.unique(values)) <= set(range(10))
    box = child(window, QComboBox, "map_x")
    qtbot.waitUntil(lambda: box.findText("Direction 1") >= 0, timeout=WAIT)
