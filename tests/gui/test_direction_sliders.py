"""Sliders of directions: what a hand does to them, and what it does to z."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hands import WAIT, child, handle
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLabel, QLineEdit, QSlider, QWidget
from pytestqt.qtbot import QtBot
from runs import run_info

from ganstudio.gui.latent_layout import direction_name
from ganstudio.gui.main_window import MainWindow
from ganstudio.gui.panels.latent import LatentPanel
from ganstudio.gui.widgets.direction_sliders import PLACES, DirectionSliders
from ganstudio.gui.widgets.image_strip import ImageStrip
from ganstudio.gui.widgets.slider_list import SliderList
from ganstudio.latent.decode import decode
from ganstudio.latent.directions import Directions, NamedDirections
from ganstudio.latent.holds import Holds
from ganstudio.latent.notes import Notes
from ganstudio.latent.search import find
from ganstudio.latent.spec import LatentPart, LatentSpec

LEFT = Qt.MouseButton.LeftButton
SPEC = LatentSpec((LatentPart(name="z", kind="normal", dim=8),))
MakePanel = Callable[..., LatentPanel]


def orthonormal(seed: int = 0, strengths: np.ndarray | None = None) -> Directions:
    q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(8, 8)))
    sizes = np.geomspace(80, 1, 8) if strengths is None else strengths
    return Directions(latent=SPEC, vectors=q.astype(np.float32), strengths=sizes.astype(np.float32))


def attributes() -> NamedDirections:
    vectors = np.eye(8, dtype=np.float32)[:2]
    strengths = np.array([0.5, 2], np.float32)
    return NamedDirections(
        names=("slant", "like 7"),
        directions=Directions(latent=SPEC, vectors=vectors, strengths=strengths),
        units=("°", "nats"),
        explained=(0.25, 0.75),
    )


@pytest.fixture
def panel(qtbot: QtBot) -> LatentPanel:
    panel = LatentPanel()
    qtbot.addWidget(panel)
    panel.resize(330, 1400)
    with qtbot.waitActive(panel):
        panel.show()
        panel.activateWindow()
    panel.set_run(run_info(latent=SPEC), np.random.default_rng(1))
    child(panel, QComboBox, "slider_view").setCurrentIndex(1)
    directions_of(panel).set_found(orthonormal())
    return panel


def directions_of(panel: LatentPanel) -> DirectionSliders:
    return panel.sliders.directions


def slider(panel: LatentPanel, direction: int) -> QSlider:
    return child(panel, QSlider, f"direction_slider_{direction}")


def shown(panel: LatentPanel) -> list[str]:
    """The names of the rows in view, from top to bottom."""
    rows = {
        s.parentWidget() for s in child(panel, SliderList, "direction_list").findChildren(QSlider)
    }
    visible = sorted((row for row in rows if row.isVisible()), key=lambda row: row.y())
    return [row.accessibleName() for row in visible]


def drag(qtbot: QtBot, widget: QSlider, *pixels: int) -> None:
    at = handle(widget).center()
    qtbot.mousePress(widget, LEFT, pos=at)
    for step in pixels:
        qtbot.mouseMove(widget, at + QPoint(step, 0))
    qtbot.mouseRelease(widget, LEFT, pos=at + QPoint(pixels[-1], 0))


def read(panel: LatentPanel) -> np.ndarray:
    exploration = panel.exploration
    assert exploration.directions is not None
    return exploration.directions.directions.read(exploration.state.z)


def test_a_slider_moves_z_along_its_direction_and_is_one_edit(qtbot: QtBot, panel) -> None:
    edits: list[str] = []
    panel.exploration.edited.connect(lambda text, *_: edits.append(text))
    before, z = read(panel), panel.exploration.state.z
    drag(qtbot, slider(panel, 2), 10, 30)
    moved = read(panel) - before
    assert moved[2] > 0.5
    assert np.delete(moved, 2) == pytest.approx(0, abs=1e-4)
    assert (panel.exploration.state.z != z).all(), "it is no dimension of z"
    assert edits == ["move Direction 3"]
    value = child(panel, QAbstractButton, "direction_value_2").text()
    assert float(value.replace("−", "-")) == pytest.approx(read(panel)[2], abs=0.006)


def test_keys_move_reset_and_lock_as_those_of_z_do(qtbot: QtBot, panel) -> None:
    rows = child(panel, SliderList, "direction_list")
    rows.setFocus()
    before = read(panel)
    qtbot.keyClick(rows, Qt.Key.Key_Down)
    qtbot.keyClick(rows, Qt.Key.Key_Right)
    assert read(panel)[1] == pytest.approx(before[1] + 0.2, abs=1e-4)
    qtbot.keyClick(rows, Qt.Key.Key_L)
    locked = read(panel)[1]
    qtbot.keyClick(rows, Qt.Key.Key_Right)
    qtbot.mouseClick(child(panel, QAbstractButton, "random_z"), LEFT)
    assert read(panel)[1] == pytest.approx(locked, abs=1e-4), "Random leaves it"
    assert not np.allclose(read(panel)[[0, 2, 3]], before[[0, 2, 3]], atol=0.01)
    qtbot.keyClick(rows, Qt.Key.Key_L)
    qtbot.keyClick(rows, Qt.Key.Key_0)
    assert read(panel)[1] == pytest.approx(0, abs=1e-4)


def test_a_locked_direction_stays_while_a_dimension_of_z_is_dragged(qtbot: QtBot, panel) -> None:
    qtbot.mouseClick(child(panel, QAbstractButton, "direction_lock_0"), LEFT)
    locked, z = read(panel)[0], panel.exploration.state.z.copy()
    views = child(panel, QComboBox, "slider_view")
    qtbot.keyClick(views, Qt.Key.Key_Up)
    dragged = child(panel, QSlider, "latent_slider_5")
    drag(qtbot, dragged, 12, 25)
    assert panel.exploration.state.z[5] == pytest.approx(dragged.value() * 4 / 4000, abs=1e-3)
    assert panel.exploration.state.z[5] > z[5] + 0.3
    assert read(panel)[0] == pytest.approx(locked, abs=1e-4)


def test_locked_dimensions_stay_while_a_direction_is_dragged(qtbot: QtBot, panel) -> None:
    exploration = panel.exploration
    exploration.toggle_lock(slice(3, 5), "z 3")
    z = exploration.state.z
    drag(qtbot, slider(panel, 0), 30)
    assert np.array_equal(exploration.state.z[3:5], z[3:5])
    assert not np.allclose(np.delete(exploration.state.z, [3, 4]), np.delete(z, [3, 4]))
    exploration.toggle_lock(slice(0, 8), "z")
    assert not slider(panel, 0).isEnabled(), "nothing is left to move"


def test_new_directions_wait_until_the_hand_has_gone(qtbot: QtBot, panel) -> None:
    handle_ = handle(slider(panel, 1)).center()
    held = panel.exploration.directions
    qtbot.mousePress(slider(panel, 1), LEFT, pos=handle_)
    qtbot.mouseMove(slider(panel, 1), handle_ + QPoint(9, 0))
    directions_of(panel).set_found(orthonormal(5))
    assert panel.exploration.directions is held
    qtbot.mouseMove(slider(panel, 1), handle_ + QPoint(20, 0))
    qtbot.mouseRelease(slider(panel, 1), LEFT, pos=handle_ + QPoint(20, 0))
    now = panel.exploration.directions
    assert now is not None
    np.testing.assert_array_equal(now.directions.vectors, orthonormal(5).vectors)


def test_rows_keep_their_order_until_they_are_sorted(qtbot: QtBot, panel) -> None:
    directions_of(panel).set_found(attributes())
    first = shown(panel)
    assert first[:8] == [f"Direction {i}" for i in range(1, 9)]
    assert first[8:] == ["More like a 7", "Slant"], "what is explained best comes first"
    weaker = np.array([1, 80, 3, 4, 5, 6, 7, 2.0])
    directions_of(panel).set_found(orthonormal(strengths=weaker))
    assert shown(panel) == first
    qtbot.mouseClick(child(panel, QAbstractButton, "sort_directions"), LEFT)
    assert [name[-1] for name in shown(panel)[:8]] == list("27654381")


def test_what_is_known_of_a_direction_is_told(panel) -> None:
    directions_of(panel).set_found(attributes())
    texts = {label.text() for label in panel.findChildren(QLabel) if label.isVisible()}
    assert {"R² 0.75", "R² 0.25", "80.0 shades", "1.0 shades"} <= texts
    weak = attributes()
    directions_of(panel).set_found(replace(weak, explained=(0.75, 0.12)))
    texts = {label.text() for label in panel.findChildren(QLabel) if label.isVisible()}
    assert {"R² 0.75", "R² 0.12: weak"} <= texts


def test_a_row_that_comes_into_view_has_its_images_drawn(qtbot: QtBot, panel) -> None:
    rows = child(panel, SliderList, "direction_list")
    bar = rows.verticalScrollBar()
    panel.resize(330, 640)
    qtbot.waitUntil(lambda: bar.maximum() > 0)
    for place in range(0, bar.maximum() + 1, 3):  # as a wheel does: by less than a row
        with qtbot.waitSignal(rows.view_changed, raising=False, timeout=0) as told:
            before = rows.in_view()
            bar.setValue(place)
        assert told.signal_triggered or rows.in_view() == before
    with qtbot.waitSignal(panel.images_wanted, timeout=WAIT):
        bar.setValue(0)


def test_a_name_is_typed_over_the_old_one(qtbot: QtBot, panel) -> None:
    with qtbot.waitActive(panel):
        panel.activateWindow()
    told: list[str] = []
    panel.exploration.note_made.connect(lambda text, *_: told.append(text))
    row = child(panel, QWidget, "direction_row_3")
    name = next(label for label in row.findChildren(QLabel) if label.text() == "Direction 4")
    qtbot.mouseDClick(row, LEFT, pos=name.geometry().center())
    edit = child(panel, QLineEdit, "direction_name_edit")
    assert edit.hasFocus()
    QTest.keyClicks(edit, "smile")
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    assert "smile" in shown(panel)
    assert told == ["rename Direction 4"]
    assert panel.exploration.notes.names == (("direction 4", "smile"),)
    directions_of(panel).set_found(orthonormal(2))
    assert "smile" in shown(panel), "it holds while the model learns"
    rows = child(panel, SliderList, "direction_list")
    rows.select(3)
    rows.setFocus()
    qtbot.keyClick(rows, Qt.Key.Key_F2)
    QTest.keyClicks(edit, "nothing")
    qtbot.keyClick(edit, Qt.Key.Key_Escape)
    assert "smile" in shown(panel)
    assert rows.hasFocus()
    panel.exploration.set_notes(Notes())
    assert "Direction 4" in shown(panel), "as undo does"


def test_a_name_is_found_again_by_where_its_direction_led(panel) -> None:
    basis = orthonormal()
    notes = Notes().calling("direction 2", "hook", -basis.vectors[6])
    panel.set_run(run_info(latent=SPEC, run_id="opened", notes=notes), np.random.default_rng(2))
    directions_of(panel).set_found(basis)
    known = panel.exploration.directions.directions
    np.testing.assert_array_equal(known.vectors[1], -basis.vectors[6])
    assert "hook" in shown(panel)


def test_places_are_those_of_the_rows_in_view_and_show_there(qtbot: QtBot, panel) -> None:
    exploration = panel.exploration
    exploration.toggle_lock(slice(6, 7), "z 6")
    z = directions_of(panel).places()
    rows = child(panel, SliderList, "direction_list").in_view()
    assert z.shape == (len(rows) * len(PLACES), 8)
    assert (z[:, 6] == exploration.state.z[6]).all()
    known = exploration.directions.directions
    assert np.stack([known.read(each) for each in z[:7]])[:, rows[0]] == pytest.approx(
        PLACES, abs=1e-3
    )
    shades = np.linspace(0, 255, len(z)).astype(np.uint8)
    images = np.broadcast_to(shades[:, None, None, None], (len(z), 1, 4, 4))
    directions_of(panel).set_images(np.ascontiguousarray(images))
    strip = child(panel, ImageStrip, f"direction_images_{rows[2]}")
    picture = strip.grab().toImage()
    for place in range(len(PLACES)):
        colour = picture.pixelColor(strip.area(place).center())
        assert colour.red() == pytest.approx(shades[2 * len(PLACES) + place], abs=1)
    qtbot.mouseClick(strip, LEFT, pos=strip.area(5).center())
    assert read(panel)[rows[2]] == pytest.approx(PLACES[5], abs=1e-3)


def test_another_z_has_other_directions(panel) -> None:
    other = LatentSpec((LatentPart(name="z", kind="normal", dim=5),))
    panel.set_run(run_info(latent=other, run_id="other"), np.random.default_rng(2))
    assert panel.exploration.directions is None
    assert shown(panel) == []
    assert len(directions_of(panel).places()) == 0


def test_usual_names() -> None:
    assert direction_name("direction 12") == "Direction 12"
    assert direction_name("like 3") == "More like a 3"
    assert direction_name("width") == "Width"


def test_a_window_finds_them_and_draws_what_lies_along_them(
    qtbot: QtBot, window: MainWindow
) -> None:
    """From the generator to pixels, with nothing in between taken for granted."""
    exploration, session = window.latent.exploration, window.session
    views = child(window, QComboBox, "slider_view")
    with qtbot.waitSignal(session.decoding.thumbnails_drawn, timeout=WAIT):
        views.setCurrentIndex(1)
    qtbot.waitUntil(
        lambda: exploration.directions is not None and len(exploration.directions.names) == 30,
        timeout=WAIT,
    )
    snapshot = session.training.snapshot
    expected = find(snapshot)
    known = exploration.directions.directions
    assert np.abs((known.vectors[:16] * expected.vectors).sum(1)) == pytest.approx(1, abs=1e-3)
    strip = child(window, ImageStrip, "direction_images_0")
    z = known.line(exploration.state.z, 0, PLACES, Holds.none(snapshot.latent))
    images = decode(snapshot, z)

    def drawn() -> bool:
        picture = strip.grab().toImage()
        side = strip.area(0).width()
        assert side == 28, "as large as the images: every pixel can be compared"
        return all(
            picture.pixelColor(strip.area(place).topLeft() + QPoint(9, 14)).red()
            == images[place, 0, 14, 9]
            for place in range(len(PLACES))
        )

    qtbot.waitUntil(drawn, timeout=WAIT)
    before = exploration.state
    drag(qtbot, child(window, QSlider, "direction_slider_0"), 25)
    assert exploration.state != before
    window.session.undo_stack.undo()
    assert exploration.state == before
    assert session.undo_stack.redoText() == "move Direction 1"


def test_renaming_can_be_undone(qtbot: QtBot, window: MainWindow) -> None:
    child(window, QComboBox, "slider_view").setCurrentIndex(1)
    rows = child(window, SliderList, "direction_list")
    qtbot.waitUntil(lambda: bool(rows.in_view()), timeout=WAIT)
    rows.setFocus()
    qtbot.keyClick(rows, Qt.Key.Key_F2)
    QTest.keyClicks(child(window, QLineEdit, "direction_name_edit"), "loop")
    qtbot.keyClick(child(window, QLineEdit, "direction_name_edit"), Qt.Key.Key_Return)
    assert "loop" in shown(window.latent)
    assert window.session.undo_stack.undoText() == "rename Direction 1"
    window.session.undo_stack.undo()
    assert "loop" not in shown(window.latent)
    window.session.undo_stack.redo()
    assert "loop" in shown(window.latent)


def test_what_is_found_while_a_name_is_typed_waits(qtbot: QtBot, panel) -> None:
    with qtbot.waitActive(panel):
        panel.activateWindow()
    rows = child(panel, SliderList, "direction_list")
    rows.setFocus()
    qtbot.keyClick(rows, Qt.Key.Key_F2)
    edit = child(panel, QLineEdit, "direction_name_edit")
    QTest.keyClicks(edit, "thi")
    held = panel.exploration.directions
    directions_of(panel).set_found(orthonormal(5))
    assert panel.exploration.directions is held
    QTest.keyClicks(edit, "ckness")
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    assert panel.exploration.notes.names == (("direction 1", "thickness"),)
    assert panel.exploration.directions is not held


def test_another_run_takes_a_direction_out_of_the_hand(qtbot: QtBot, panel) -> None:
    drags: list[bool] = []
    panel.exploration.drag_toggled.connect(drags.append)
    at = handle(slider(panel, 1)).center()
    qtbot.mousePress(slider(panel, 1), LEFT, pos=at)
    qtbot.mouseMove(slider(panel, 1), at + QPoint(9, 0))
    panel.set_run(run_info(latent=SPEC, run_id="other"), np.random.default_rng(2))
    assert drags == [True, False]
    assert not panel.exploration.dragging


def test_a_search_waits_for_the_one_under_way(qtbot: QtBot, panel) -> None:
    asked: list[int] = []
    tab = directions_of(panel)
    tab.search_wanted.connect(lambda: asked.append(1))
    tab.forget()
    assert len(asked) == 1
    tab.search_began(2)
    tab._search_timer.stop()  # however long it takes
    for found in (orthonormal(), attributes()):
        tab.snapshot_changed()
        assert len(asked) == 1
        tab.set_found(found)
    assert tab._search_timer.isActive(), "and then a little longer"
    tab._search_timer.stop()
    tab.snapshot_changed()
    assert len(asked) == 2


def test_keys_that_step_are_told_as_steps(qtbot: QtBot, panel) -> None:
    steps: list[bool] = []
    panel.exploration.edited.connect(lambda *_: steps.append(panel.exploration.stepping))
    rows = child(panel, SliderList, "direction_list")
    rows.setFocus()
    qtbot.keyClick(rows, Qt.Key.Key_Right)
    qtbot.keyClick(rows, Qt.Key.Key_0)
    assert steps == [True, False]


def test_a_long_name_leaves_room_for_the_slider(qtbot: QtBot, panel) -> None:
    name = "a name that goes on and on and on and on"
    panel.exploration.set_notes(Notes(names=(("direction 2", name),)))
    assert slider(panel, 1).width() >= 60
    row = child(panel, QWidget, "direction_row_1")
    told = [label for label in row.findChildren(QLabel) if label.text().endswith("…")]
    assert told[0].toolTip() == name


def test_what_is_held_along_directions_does_not_outlive_them(panel) -> None:
    exploration = panel.exploration
    exploration.toggle_held("direction 2", "Direction 2")
    other = LatentSpec((LatentPart(name="z", kind="normal", dim=5),))
    panel.set_run(run_info(latent=other, run_id="other"), np.random.default_rng(2))
    panel.set_run(run_info(latent=SPEC), np.random.default_rng(2))
    assert exploration.directions is None
    assert exploration.state.held == frozenset()
