"""Bookmarks and walks: what hands and keys do, what comes of it in z, in pixels and in files."""

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from hands import WAIT, child, handle
from PIL import Image
from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QComboBox,
    QFileDialog,
    QLabel,
    QLineEdit,
    QListWidget,
    QSlider,
    QTabWidget,
    QToolTip,
    QWidget,
)
from pytestqt.qtbot import QtBot
from runs import run_info

from ganstudio import images
from ganstudio.gui.main_window import MainWindow
from ganstudio.gui.panels.latent import LatentPanel
from ganstudio.gui.widgets.latent_state import LatentState
from ganstudio.gui.widgets.number_field import NumberField
from ganstudio.gui.widgets.walk_tab import LEG
from ganstudio.latent import walks
from ganstudio.latent.decode import decode
from ganstudio.latent.notes import Bookmark, Notes
from ganstudio.latent.spec import LatentPart, LatentSpec
from ganstudio.work import Work

LEFT = Qt.MouseButton.LeftButton
Key = Qt.Key
SPEC = LatentSpec((LatentPart(name="z", kind="normal", dim=6),))
OTHER = LatentSpec((LatentPart(name="z", kind="normal", dim=3),))


def mark(name: str, seed: int, latent: LatentSpec = SPEC) -> Bookmark:
    return Bookmark(name=name, z=latent.sample(1, np.random.default_rng(seed))[0], latent=latent)


ABC = tuple(mark(name, i) for i, name in enumerate("ABC"))


@pytest.fixture
def make(qtbot: QtBot) -> Callable[..., LatentPanel]:
    def made(*bookmarks: Bookmark) -> LatentPanel:
        panel = LatentPanel()
        qtbot.addWidget(panel)
        panel.resize(330, 700)
        with qtbot.waitActive(panel):
            panel.show()
            panel.activateWindow()
        notes = Notes(bookmarks=bookmarks)
        panel.set_run(run_info(latent=SPEC, notes=notes), np.random.default_rng(1))
        child(panel, QTabWidget, "latent_tabs").setCurrentIndex(2)
        return panel

    return made


def rows(panel: QWidget) -> QListWidget:
    return child(panel, QListWidget, "bookmarks")


def names(panel: LatentPanel) -> list[str]:
    return [mark.name for mark in panel.exploration.notes.bookmarks]


def press(qtbot: QtBot, panel: QWidget, name: str) -> None:
    qtbot.mouseClick(child(panel, QAbstractButton, name), LEFT)


def test_a_place_is_kept_and_gone_back_to(qtbot: QtBot, make) -> None:
    panel = make()
    assert child(panel, QLabel, "walk_hint").isVisible()
    here = panel.exploration.state.z.copy()
    press(qtbot, panel, "add_bookmark")
    press(qtbot, panel, "random_z")
    press(qtbot, panel, "add_bookmark")
    assert names(panel) == ["Place 1", "Place 2"]
    assert not child(panel, QLabel, "walk_hint").isVisible()
    rows(panel).setFocus()
    rows(panel).setCurrentRow(0)
    qtbot.keyClick(rows(panel), Key.Key_Return)
    np.testing.assert_array_equal(panel.exploration.state.z, here)


def test_keys_rename_move_and_remove(qtbot: QtBot, make) -> None:
    panel = make(*ABC)
    rows(panel).setFocus()
    rows(panel).setCurrentRow(0)
    qtbot.keyClick(rows(panel), Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert names(panel) == ["B", "A", "C"]
    assert rows(panel).currentRow() == 1
    qtbot.keyClick(rows(panel), Key.Key_F2)
    edit = rows(panel).viewport().findChild(QLineEdit)
    edit.clear()
    QTest.keyClicks(edit, "a seven")
    qtbot.keyClick(edit, Key.Key_Return)
    qtbot.waitUntil(lambda: names(panel) == ["B", "a seven", "C"], timeout=WAIT)
    qtbot.keyClick(rows(panel), Key.Key_Delete)
    assert names(panel) == ["B", "C"]
    assert [rows(panel).item(i).text() for i in range(2)] == ["B", "C"]


def test_an_empty_name_is_none(qtbot: QtBot, make) -> None:
    panel = make(*ABC)
    rows(panel).item(1).setText("  ")
    assert names(panel) == ["A", "B", "C"]
    assert rows(panel).item(1).text() == "B"


def test_dragged_rows_change_the_order(make) -> None:
    panel = make(*ABC)
    told: list[str] = []
    panel.exploration.note_made.connect(lambda text, *_: told.append(text))
    model = rows(panel).model()
    assert model.moveRow(QModelIndex(), 2, QModelIndex(), 0)
    assert model.moveRow(QModelIndex(), 2, QModelIndex(), 0)
    QApplication.processEvents()
    assert names(panel) == ["B", "C", "A"]
    assert told == ["move bookmarks"], "of several rows, once"


def test_what_is_noted_is_told_for_undo(qtbot: QtBot, make) -> None:
    panel = make(*ABC)
    told: list[tuple[str, Notes, Notes]] = []
    panel.exploration.note_made.connect(lambda *made: told.append(made))
    press(qtbot, panel, "add_bookmark")
    (text, before, after) = told[0]
    assert text == "bookmark Place 1"
    assert (len(before.bookmarks), len(after.bookmarks)) == (3, 4)
    panel.exploration.set_notes(before)
    assert rows(panel).count() == 3
    assert len(told) == 1, "undo tells nothing"


def test_a_bookmark_of_another_model_is_grey_and_stays(qtbot: QtBot, make, monkeypatch) -> None:
    panel = make(ABC[0], mark("far", 5, OTHER), ABC[1])
    far = rows(panel).item(1)
    assert "3" in far.toolTip()
    assert far.foreground().color() != rows(panel).item(0).foreground().color()
    z = panel.exploration.state.z
    said: list[str] = []
    monkeypatch.setattr(QToolTip, "showText", lambda _at, text, _of: said.append(text))
    rows(panel).itemActivated.emit(far)
    assert panel.exploration.state.z is z
    assert said == [far.toolTip()], "it says why it leads nowhere"
    hint = child(panel, QLabel, "walk_hint")
    assert not hint.isVisible(), "there are two others"
    rows(panel).setCurrentRow(0)
    panel.walk._list.remove()
    assert hint.isVisible()
    assert "Grey ones (1)" in hint.text()
    panel.exploration.set_notes(Notes(bookmarks=(ABC[0], mark("far", 5, OTHER), ABC[1])))
    assert len(panel.walk.walk()) == LEG + 1, "the walk passes it over"
    assert child(panel, QComboBox, "term_a").count() == 2
    panel.set_run(
        run_info(latent=OTHER, run_id="other", notes=panel.exploration.notes),
        np.random.default_rng(2),
    )
    assert not rows(panel).item(1).toolTip()
    assert rows(panel).item(0).toolTip()


def test_the_slider_leads_along_the_way_and_is_one_edit(qtbot: QtBot, make) -> None:
    panel = make(*ABC)
    edits: list[str] = []
    panel.exploration.edited.connect(lambda text, *_: edits.append(text))
    place = child(panel, QSlider, "walk_place")
    assert place.maximum() == 2 * LEG
    way = walks.walk(SPEC, np.stack([mark.z for mark in ABC]), LEG)
    at = handle(place).center()
    qtbot.mousePress(place, LEFT, pos=at)
    for pixels in (20, 60, 110):
        qtbot.mouseMove(place, at + QPoint(pixels, 0))
        np.testing.assert_array_equal(panel.exploration.state.z, way[place.value()])
    assert place.value() > 20
    qtbot.mouseRelease(place, LEFT, pos=at + QPoint(110, 0))
    assert edits == ["walk"]
    place.setFocus()
    qtbot.keyClick(place, Key.Key_End)
    np.testing.assert_array_equal(panel.exploration.state.z, ABC[2].z)
    assert edits == ["walk", "walk"]


def test_locked_dimensions_stay_on_the_way(qtbot: QtBot, make) -> None:
    panel = make(*ABC)
    panel.exploration.toggle_lock(slice(2, 3), "z 2")
    z = panel.exploration.state.z.copy()
    qtbot.keyClick(child(panel, QSlider, "walk_place"), Key.Key_End)
    assert panel.exploration.state.z[2] == z[2]
    np.testing.assert_array_equal(np.delete(panel.exploration.state.z, 2), np.delete(ABC[2].z, 2))


def ticks(panel: LatentPanel, count: int) -> None:
    for _ in range(count):
        panel.walk._timer.timeout.emit()


def test_it_walks_by_itself_to_the_end_and_again(qtbot: QtBot, make) -> None:
    panel = make(*ABC)
    panel.walk._timer.setInterval(10_000_000)  # the test beats the time
    edits: list[str] = []
    panel.exploration.edited.connect(lambda text, *_: edits.append(text))
    child(panel, QComboBox, "walk_speed").setCurrentIndex(4)
    press(qtbot, panel, "walk_play")
    np.testing.assert_array_equal(panel.exploration.state.z, ABC[0].z)
    ticks(panel, 15)
    np.testing.assert_array_equal(panel.exploration.state.z, ABC[1].z)
    assert edits == []
    ticks(panel, 15)
    np.testing.assert_array_equal(panel.exploration.state.z, ABC[2].z)
    assert not panel.walk._timer.isActive()
    assert edits == ["walk"]
    press(qtbot, panel, "walk_play")
    np.testing.assert_array_equal(panel.exploration.state.z, ABC[0].z)


def test_a_loop_goes_on(qtbot: QtBot, make) -> None:
    panel = make(*ABC)
    panel.walk._timer.setInterval(10_000_000)
    qtbot.mouseClick(child(panel, QCheckBox, "walk_loop"), LEFT, pos=QPoint(8, 12))
    assert child(panel, QSlider, "walk_place").maximum() == 3 * LEG - 1
    press(qtbot, panel, "walk_play")
    ticks(panel, 3 * LEG)
    np.testing.assert_array_equal(panel.exploration.state.z, ABC[0].z)
    assert panel.walk._timer.isActive()
    ticks(panel, LEG)
    np.testing.assert_array_equal(panel.exploration.state.z, ABC[1].z)


@pytest.mark.parametrize("hand", ["random_z", "slider", "tab", "walk_play", "undo", "run"])
def test_whatever_else_is_done_stops_it(qtbot: QtBot, make, hand: str) -> None:
    panel = make(*ABC)
    panel.walk._timer.setInterval(10_000_000)
    press(qtbot, panel, "walk_play")
    ticks(panel, 5)
    if hand == "tab":
        child(panel, QTabWidget, "latent_tabs").setCurrentIndex(0)
    elif hand == "slider":
        place = child(panel, QSlider, "walk_place")
        qtbot.mousePress(place, LEFT, pos=handle(place).center())
        assert not panel.walk._timer.isActive()
        qtbot.mouseRelease(place, LEFT, pos=handle(place).center())
    elif hand == "undo":
        before = LatentState.unlocked(np.ones(6, np.float32))
        panel.exploration.set_state(before)
        assert panel.exploration.state == before, "it does not walk on from there"
    elif hand == "run":
        other = run_info(latent=OTHER, run_id="other")
        panel.set_run(other, np.random.default_rng(2))
    else:
        press(qtbot, panel, hand)
    assert not panel.walk._timer.isActive()
    assert not panel.exploration.dragging


def test_truncation_draws_the_way_nearer_to_the_mean(qtbot: QtBot, make) -> None:
    panel = make(*ABC)
    psi = child(panel, NumberField, "z_truncation")
    psi.setFocus()
    psi.lineEdit().selectAll()
    QTest.keyClicks(psi.lineEdit(), "0.5")
    qtbot.keyClick(psi, Key.Key_Return)
    np.testing.assert_allclose(panel.walk.walk()[0], 0.5 * ABC[0].z, rtol=1e-6)


def test_a_sum_of_three(qtbot: QtBot, make) -> None:
    panel = make(*ABC)
    texts = [child(panel, QComboBox, f"term_{letter}").currentText() for letter in "abc"]
    assert texts == ["A", "B", "C"]
    last = child(panel, QComboBox, "term_c")
    last.setFocus()
    last.setCurrentIndex(0)
    last.activated.emit(0)
    press(qtbot, panel, "combine")
    np.testing.assert_allclose(panel.exploration.state.z, ABC[0].z - ABC[1].z + ABC[0].z, atol=1e-6)
    rows(panel).setCurrentRow(1)
    press(qtbot, panel, "remove_bookmarks")
    assert child(panel, QComboBox, "term_c").currentText() == "A", "what was chosen stays"


def test_a_sum_keeps_the_class_of_the_first() -> None:
    latent = LatentSpec(
        (
            LatentPart(name="class", kind="one-hot", dim=2, role="class"),
            LatentPart(name="z", kind="normal", dim=1),
        )
    )
    a, b, c = (np.array(z, np.float32) for z in ([1, 0, 1], [0, 1, 2], [0, 1, 4]))
    assert walks.combined(latent, a, b, c).tolist() == [1, 0, 3]


def choose(monkeypatch: pytest.MonkeyPatch, path) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(path), ""))


@pytest.mark.parametrize("suffix", [".gif", ".mp4", ".png", ".npy"])
def test_a_window_writes_the_walk(
    qtbot: QtBot, window: MainWindow, monkeypatch, tmp_path, suffix: str
) -> None:
    exploration, snapshot = window.latent.exploration, window.session.training.snapshot
    marks = tuple(mark(name, i, exploration.latent) for i, name in enumerate("AB"))
    exploration.set_notes(Notes(bookmarks=marks))
    path = tmp_path / f"way{suffix}"
    choose(monkeypatch, path)
    with qtbot.waitSignal(window.walk_export.writer.message, timeout=WAIT):
        window.latent.walk.export_wanted.emit(suffix)
    way = walks.walk(exploration.latent, np.stack([m.z for m in marks]), LEG)
    if suffix == ".npy":
        np.testing.assert_array_equal(np.load(path), way)
        return
    if suffix == ".mp4":
        with av.open(path) as film:
            assert sum(1 for _ in film.decode(video=0)) == LEG + 1
        return
    with Image.open(path) as picture:
        if suffix == ".gif":
            assert picture.n_frames == LEG + 1
            return
        drawn = np.asarray(picture.convert("L"))
    assert drawn.shape == (2 * 30 - 2, 10 * 30 - 2)
    images = decode(snapshot, way[:: LEG // 10])
    np.testing.assert_array_equal(drawn[:28, :28], images[0, 0])
    np.testing.assert_array_equal(drawn[30:58, :28], images[10, 0])


def test_a_film_that_cannot_be_made_is_told_at_once(
    qtbot: QtBot, window: MainWindow, monkeypatch
) -> None:
    monkeypatch.setattr("ganstudio.images.find_spec", lambda name: None)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: pytest.fail("asked"))
    with qtbot.waitSignal(window.walk_export.writer.failed, timeout=WAIT) as told:
        window.latent.walk.export_wanted.emit(".mp4")
    assert "pip install av" in str(told.args[0])


def film_to_replace(window: MainWindow, tmp_path: Path, monkeypatch) -> Path:
    """Have a walk to export, and a file chosen for it that is there already."""
    exploration = window.latent.exploration
    marks = tuple(mark(name, i, exploration.latent) for i, name in enumerate("AB"))
    exploration.set_notes(Notes(bookmarks=marks))
    path = tmp_path / "films" / "way.gif"
    path.parent.mkdir()
    path.write_bytes(b"the one before")
    choose(monkeypatch, str(path))
    return path


def test_a_full_disk_is_told(qtbot: QtBot, window: MainWindow, monkeypatch, tmp_path) -> None:
    path = film_to_replace(window, tmp_path, monkeypatch)
    marks = window.latent.exploration.notes.bookmarks
    fsync = os.fsync

    def full(file: int) -> None:
        if Path(os.readlink(f"/proc/self/fd/{file}")).parent == path.parent:
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(file)

    monkeypatch.setattr("ganstudio.atomic.os.fsync", full)
    with qtbot.waitSignal(window.walk_export.writer.failed, timeout=WAIT) as told:
        window.latent.walk.export_wanted.emit(".gif")
    assert str(told.args[0]).startswith(f"There is no space left for {path}")
    assert path.read_bytes() == b"the one before"
    assert [*path.parent.iterdir()] == [path]
    assert window.latent.exploration.notes.bookmarks == marks


def test_a_film_that_is_being_written_can_be_cancelled(
    qtbot: QtBot, window: MainWindow, monkeypatch, tmp_path
) -> None:
    path = film_to_replace(window, tmp_path, monkeypatch)
    works: list[Work] = []
    window.walk_export.writer.work_began.connect(lambda _path, work: works.append(work))
    reached = threading.Event()
    pictures = images._told

    def told(frames, work):
        reached.wait(30)
        return pictures(frames, work)

    monkeypatch.setattr(images, "_told", told)
    window.latent.walk.export_wanted.emit(".gif")
    qtbot.waitUntil(lambda: len(works) == 2, timeout=WAIT)  # drawing it, and then writing
    assert works[1].can_cancel
    works[1].cancel()
    reached.set()
    qtbot.waitUntil(lambda: works[1].ended, timeout=WAIT)
    assert path.read_bytes() == b"the one before"
    assert [*path.parent.iterdir()] == [path]


def test_bookmarks_are_drawn_saved_and_opened_again(
    qtbot: QtBot, window: MainWindow, tmp_path
) -> None:
    exploration, session = window.latent.exploration, window.session
    session.step("both")
    qtbot.waitUntil(lambda: session.status.step == 1, timeout=WAIT)
    child(window, QTabWidget, "latent_tabs").setCurrentIndex(2)
    press(qtbot, window, "add_bookmark")
    (noted,) = exploration.notes.bookmarks
    qtbot.waitUntil(lambda: not rows(window).item(0).icon().isNull(), timeout=WAIT)

    def drawn() -> bool:
        averaged = window.samples.averaged()  # not after a single step
        image = decode(session.training.snapshot, noted.z[None], averaged=averaged)[0, 0]
        icon = rows(window).item(0).icon().pixmap(28, 28).toImage()
        return all(icon.pixelColor(x, x).red() == image[x, x] for x in range(28))

    qtbot.waitUntil(drawn, timeout=WAIT)
    assert session.undo_stack.undoText() == "bookmark Place 1"
    with qtbot.waitSignal(session.saved, timeout=WAIT):
        session.save(tmp_path / "run.pt")
    session.undo_stack.undo()
    qtbot.waitUntil(lambda: session.status.unsaved, timeout=WAIT)
    assert exploration.notes.bookmarks == ()
    with qtbot.waitSignal(session.opened, timeout=WAIT):
        session.open(tmp_path / "run.pt")
    assert exploration.notes.bookmarks == (noted,)


def test_films_are_written_one_after_the_other(
    qtbot: QtBot, window: MainWindow, monkeypatch, tmp_path
) -> None:
    exploration = window.latent.exploration
    marks = tuple(mark(name, i, exploration.latent) for i, name in enumerate("AB"))
    exploration.set_notes(Notes(bookmarks=marks))
    for name in ("a.gif", "b.png", "c.gif"):
        choose(monkeypatch, tmp_path / name)
        window.latent.walk.export_wanted.emit(name[1:])
    wanted = {"a.gif", "b.png", "c.gif"}
    qtbot.waitUntil(lambda: {path.name for path in tmp_path.glob("?.*")} >= wanted, timeout=WAIT)


def test_a_cancelled_film_leaves_the_next_one(
    qtbot: QtBot, window: MainWindow, monkeypatch, tmp_path
) -> None:
    exploration = window.latent.exploration
    marks = tuple(mark(name, i, exploration.latent) for i, name in enumerate("AB"))
    exploration.set_notes(Notes(bookmarks=marks))
    works: list = []
    window.walk_export.writer.work_began.connect(lambda _path, work: works.append(work))
    for name in ("a.gif", "b.png"):
        choose(monkeypatch, tmp_path / name)
        window.latent.walk.export_wanted.emit(name[1:])
        works[0].cancel()
    qtbot.waitUntil((tmp_path / "b.png").exists, timeout=WAIT)
    assert not (tmp_path / "a.gif").exists()
    assert works[0].ended


def test_a_click_beside_the_handle_takes_it_there_and_it_can_be_dragged_on(
    qtbot: QtBot, make
) -> None:
    panel = make(*ABC)
    edits: list[str] = []
    panel.exploration.edited.connect(lambda text, *_: edits.append(text))
    place = child(panel, QSlider, "walk_place")
    way = walks.walk(SPEC, np.stack([mark.z for mark in ABC]), LEG)
    there = QPoint(place.width() * 3 // 4, place.height() // 2)
    qtbot.mousePress(place, LEFT, pos=there)
    assert place.value() == pytest.approx(0.75 * 2 * LEG, abs=4)
    assert handle(place).contains(there)
    np.testing.assert_array_equal(panel.exploration.state.z, way[place.value()])
    before = place.value()
    qtbot.mouseMove(place, there - QPoint(40, 0))
    assert place.value() < before - 10
    np.testing.assert_array_equal(panel.exploration.state.z, way[place.value()])
    qtbot.mouseRelease(place, LEFT, pos=there - QPoint(40, 0))
    assert edits == ["walk"]
