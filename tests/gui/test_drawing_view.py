"""Draw, open or take an image: what D says, where it wants ink, and what G answers."""

import threading
from pathlib import Path

import numpy as np
import pytest
from hands import WAIT, child
from PIL import Image
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QFileDialog,
    QLabel,
    QMenu,
    QTabWidget,
    QWidget,
)
from pytestqt.qtbot import QtBot
from runs import run_info

from ganstudio.config import Config
from ganstudio.data import pictures
from ganstudio.errors import StudioError
from ganstudio.evaluation.neighbours import Neighbours
from ganstudio.evaluation.passing import convincing
from ganstudio.gui.main_window import MainWindow
from ganstudio.gui.threads.lanes import Verdict
from ganstudio.gui.widgets.canvas import PAGE, Canvas
from ganstudio.gui.widgets.drawing_view import DrawingView
from ganstudio.gui.widgets.image_view import ImageView
from ganstudio.latent.decode import decode, judge_real, taste
from ganstudio.latent.ranks import rank
from ganstudio.pretrained import pretrained

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton


@pytest.fixture
def tab(qtbot: QtBot) -> DrawingView:
    tab = DrawingView()
    qtbot.addWidget(tab)
    tab.resize(330, 340)
    with qtbot.waitExposed(tab):
        tab.show()
    tab.set_run(run_info(np.full((2, 1, 28, 28), 77, np.uint8)))
    return tab


class Log:
    """What a tab has asked for."""

    def __init__(self, tab: DrawingView) -> None:
        self.judged: list[np.ndarray] = []
        self.found: list[np.ndarray] = []
        self.failed: list[StudioError] = []
        self.edited: list[str] = []
        tab.judge_wanted.connect(lambda: self.judged.append(tab.target))
        tab.find_wanted.connect(self.found.append)
        tab.failed.connect(self.failed.append)
        tab.edited.connect(lambda what, _before, _after: self.edited.append(what))


def canvas(tab: QWidget) -> Canvas:
    return child(tab, Canvas, "canvas")


def stroke(qtbot: QtBot, page: Canvas, *shares: tuple[float, float], button=LEFT) -> None:
    """Draw through places that are given as shares of the page's sides."""
    area = page.area()
    points = [
        QPoint(round(area.left() + x * area.width()), round(area.top() + y * area.height()))
        for x, y in shares
    ]
    qtbot.mousePress(page, button, pos=points[0])
    for point in points[1:]:
        qtbot.mouseMove(page, point)
    qtbot.mouseRelease(page, button, pos=points[-1])


def press(qtbot: QtBot, tab: QWidget, name: str) -> None:
    qtbot.mouseClick(child(tab, QAbstractButton, name), LEFT)


def test_a_stroke_becomes_a_digit_in_the_middle(qtbot: QtBot, tab) -> None:
    log = Log(tab)
    stroke(qtbot, canvas(tab), (0.1, 0.1), (0.1, 0.5))
    image = log.judged[-1]
    assert (image.shape, image.dtype) == ((1, 28, 28), np.uint8)
    rows, columns = np.flatnonzero(image[0].any(1)), np.flatnonzero(image[0].any(0))
    assert np.ptp(rows) == 19
    assert abs(columns.mean() - 14) <= 1, "though it was drawn at the edge"
    assert len(log.judged) >= 2, "while it is being drawn"
    pixel = canvas(tab).grab().toImage()
    area = canvas(tab).area()
    here = area.topLeft() + QPoint(area.width() // 10, area.height() * 3 // 10)
    assert pixel.pixelColor(here).lightness() > 200


def test_the_right_button_rubs_out_and_clear_clears(qtbot: QtBot, tab) -> None:
    find = child(tab, QAbstractButton, "find_z")
    assert not find.isEnabled()
    stroke(qtbot, canvas(tab), (0.5, 0.3), (0.5, 0.7))
    assert find.isEnabled()
    stroke(qtbot, canvas(tab), (0.5, 0.25), (0.5, 0.75), button=RIGHT)
    assert canvas(tab).is_blank()
    assert not find.isEnabled()
    stroke(qtbot, canvas(tab), (0.5, 0.3), (0.5, 0.7))
    press(qtbot, tab, "clear_canvas")
    assert canvas(tab).is_blank()
    assert not find.isEnabled()
    assert child(tab, QLabel, "drawing_verdict").text() == ""


def test_other_images_take_the_page_as_it_is(qtbot: QtBot, tab) -> None:
    faces = run_info(np.zeros((2, 3, 32, 32), np.uint8), config=Config(dataset="folder"))
    tab.set_run(faces)
    log = Log(tab)
    stroke(qtbot, canvas(tab), (0.1, 0.1), (0.1, 0.5))
    image = log.judged[-1]
    assert image.shape == (3, 32, 32)
    assert (image[0] == image[2]).all()
    assert image[0, 8, 3] > 150, "where it was drawn"


def test_wishes_lie_where_the_digit_does(qtbot: QtBot, tab) -> None:
    stroke(qtbot, canvas(tab), (0.2, 0.2), (0.2, 0.4))
    wishes = np.zeros((28, 28), np.float32)
    wishes[4:24, 12:16] = -1  # on the stroke
    wishes[13, 24] = 1  # to its right
    press(qtbot, tab, "show_wishes")
    tab.set_verdict(Verdict(run_id="run", rank=0.25, wishes=wishes))
    assert "25" in child(tab, QLabel, "drawing_verdict").text()
    picture, area = canvas(tab).grab().toImage(), canvas(tab).area()
    on_stroke = area.topLeft() + QPoint(area.width() // 5, area.height() * 3 // 10)
    colour = picture.pixelColor(on_stroke)
    assert colour.blue() > colour.red() + 40, "less ink there"
    whole = [
        picture.pixelColor(x, y)
        for x in range(area.left(), area.right(), 1)
        for y in range(area.top(), area.bottom(), 2)
    ]
    assert any(c.red() > c.blue() + 60 for c in whole), "and more somewhere"
    qtbot.mouseClick(child(tab, QCheckBox, "show_wishes"), LEFT, pos=QPoint(8, 12))
    colour = canvas(tab).grab().toImage().pixelColor(on_stroke)
    assert abs(colour.blue() - colour.red()) < 5


def test_pictures_are_opened_and_dropped(qtbot: QtBot, tab, tmp_path: Path, monkeypatch) -> None:
    log = Log(tab)
    page = np.full((90, 70), 255, np.uint8)
    page[20:70, 30:40] = 0
    path = tmp_path / "one.png"
    Image.fromarray(page).save(path)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_, **__: (str(path), ""))
    press(qtbot, tab, "open_picture")
    qtbot.waitUntil(lambda: bool(log.judged), timeout=WAIT)
    assert np.ptp(np.flatnonzero(log.judged[-1][0].any(1))) == 19
    text = tmp_path / "two.png"
    text.write_text("none")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(text))])
    copy, none = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(9, 9), copy, data, LEFT, none)
    tab.dragEnterEvent(enter)
    assert enter.isAccepted()
    tab.dropEvent(QDropEvent(QPointF(9, 9), copy, data, LEFT, none))
    qtbot.waitUntil(lambda: bool(log.failed), timeout=WAIT)
    assert "two.png" in str(log.failed[0])
    assert len(log.judged) == 1, "what was there stays"


def test_the_picture_that_was_opened_last_is_shown(
    qtbot: QtBot, tab, tmp_path: Path, monkeypatch
) -> None:
    log, told = Log(tab), child(tab, QLabel, "found_error")
    go_on = threading.Event()
    read = pictures.read

    def slowly(path: Path, *arguments, **named):
        if path.name == "slow.png":
            go_on.wait(30)
        return read(path, *arguments, **named)

    monkeypatch.setattr(pictures, "read", slowly)
    for name, column in (("slow.png", 5), ("quick.png", 20)):
        shades = np.zeros((28, 28), np.uint8)
        shades[4:24, column : column + 3] = 255
        Image.fromarray(shades).save(tmp_path / name)
        tab.open(tmp_path / name)
        assert told.text() == f"Reading {name}…"
    qtbot.waitUntil(lambda: bool(log.judged), timeout=WAIT)
    assert log.judged[0][0, 10, 21] == 255
    done = threading.Event()
    tab._read.connect(lambda *_: done.set())
    go_on.set()
    qtbot.waitUntil(done.is_set, timeout=WAIT)
    assert len(log.judged) == 1, "what was opened before comes too late"
    assert tab.target[0, 10, 21] == 255


@pytest.mark.parametrize("readable", [True, False])
@pytest.mark.parametrize("way", ["clear", "draw"])
def test_a_picture_that_is_being_read_can_be_given_up(
    qtbot: QtBot, tab, tmp_path: Path, monkeypatch, way: str, readable: bool
) -> None:
    log, told = Log(tab), child(tab, QLabel, "found_error")
    go_on, done = threading.Event(), threading.Event()
    read = pictures.read

    def slowly(*arguments, **named):
        go_on.wait(30)
        return read(*arguments, **named)

    monkeypatch.setattr(pictures, "read", slowly)
    path = tmp_path / "slow.png"
    shades = np.zeros((28, 28), np.uint8)
    shades[4:24, 5:8] = 255
    Image.fromarray(shades).save(path)
    if not readable:
        path.write_bytes(b"no picture")
    tab.open(path)
    if way == "clear":
        press(qtbot, tab, "clear_canvas")
    else:
        stroke(qtbot, canvas(tab), (0.5, 0.3), (0.5, 0.7))
    assert told.text() == ""
    before, edits = tab.target, len(log.edited)
    assert edits == (way == "draw"), "an empty page is not cleared"
    for signal in (tab._read, tab._unread):
        signal.connect(lambda *_: done.set())
    go_on.set()
    qtbot.waitUntil(done.is_set, timeout=WAIT)
    assert tab.target is before
    assert len(log.edited) == edits
    assert not log.failed


def test_a_checkpoint_is_left_to_the_window(tab) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile("/somewhere/run.pt")])
    copy, none = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(9, 9), copy, data, LEFT, none)
    tab.dragEnterEvent(enter)
    assert not enter.isAccepted()


def test_a_stroke_takes_the_place_of_a_picture(qtbot: QtBot, tab) -> None:
    log = Log(tab)
    press(qtbot, tab, "real_image")
    assert (log.judged[-1] == 77).all()
    stroke(qtbot, canvas(tab), (0.5, 0.3), (0.5, 0.7))
    assert log.judged[-1].min() == 0


def test_another_run_keeps_what_its_images_could_be(qtbot: QtBot, tab) -> None:
    log = Log(tab)
    stroke(qtbot, canvas(tab), (0.5, 0.3), (0.5, 0.7))
    target = log.judged[-1]
    tab.set_run(run_info(np.zeros((1, 1, 28, 28), np.uint8), run_id="other"))
    assert log.judged[-1] is target, "the other D is asked"
    tab.set_run(run_info(np.zeros((1, 3, 32, 32), np.uint8), run_id="third"))
    assert canvas(tab).is_blank()
    assert not child(tab, QAbstractButton, "find_z").isEnabled()


@pytest.fixture
def explored(qtbot: QtBot, open_window) -> MainWindow:
    """A window on a trained generator, with the tab in view."""
    window = open_window(pretrained()[0].path)
    qtbot.waitUntil(lambda: window.session.status.step > 0, timeout=WAIT)
    tabs = child(window, QTabWidget, "latent_tabs")
    tabs.setCurrentIndex(3)
    return window


def test_g_answers_and_the_sliders_go_there(qtbot: QtBot, explored: MainWindow) -> None:
    session, finder = explored.session, explored.latent.drawing
    log = Log(finder)
    with qtbot.waitSignal(session.decoding.judged, timeout=WAIT):
        press(qtbot, explored, "real_image")
    target = log.judged[-1]
    before = explored.latent.exploration.state
    with qtbot.waitSignal(session.decoding.found, timeout=WAIT):
        press(qtbot, explored, "find_z")
    state = explored.latent.exploration.state
    assert state != before
    answer = decode(session.training.snapshot, state.z[None])[0]
    error = np.square((answer.astype(float) - target) / 255).mean()
    assert error < 0.05
    assert f"{error:.2g}"[:4] in child(finder, QLabel, "found_error").text()
    shown = child(finder, ImageView, "found_image")._image
    assert shown.pixelColor(14, 14).red() == pytest.approx(answer[0, 14, 14], abs=1)
    assert session.undo_stack.undoText() == "find image"
    session.undo_stack.undo()
    assert explored.latent.exploration.state == before


def test_what_is_locked_stays_and_the_error_is_of_what_the_sliders_show(
    qtbot: QtBot, explored: MainWindow
) -> None:
    session, exploration = explored.session, explored.latent.exploration
    press(qtbot, explored, "real_image")
    exploration.toggle_lock(slice(0, 8), "half")
    before = exploration.state.z.copy()
    with qtbot.waitSignal(session.decoding.found, timeout=WAIT) as told:
        press(qtbot, explored, "find_z")
    np.testing.assert_array_equal(exploration.state.z, told.args[1].z)
    np.testing.assert_array_equal(exploration.state.z[:8], before[:8])
    assert (exploration.state.z[8:] != before[8:]).any()
    text = child(explored.latent.drawing, QLabel, "found_error").text()
    assert f"at step {session.training.snapshot.step:,}" in text


def test_what_was_drawn_meanwhile_is_not_answered(qtbot: QtBot, explored: MainWindow) -> None:
    session, finder = explored.session, explored.latent.drawing
    press(qtbot, explored, "real_image")
    before = explored.latent.exploration.state
    with qtbot.waitSignal(session.decoding.found, timeout=WAIT):
        press(qtbot, explored, "find_z")
        press(qtbot, explored, "real_image")
    assert explored.latent.exploration.state == before
    assert not child(finder, QLabel, "found_error").text()
    with qtbot.waitSignal(session.decoding.found, timeout=WAIT):
        press(qtbot, explored, "find_z")
    assert explored.latent.exploration.state != before


@pytest.mark.parametrize(
    ("verdict", "texts"),
    [
        ({"rank": None}, ["D has learned nothing yet"]),
        ({"rank": 0.314}, ["More real to D than 31\u00a0%"]),
        (
            {"rank": 0.9, "convincing": 0.3, "typical": 0.25},
            ["Passes better than 30\u00a0%"],
        ),
        (
            {"rank": 0.97, "convincing": 0.02, "typical": 0.01},
            ["Passes better than 2\u00a0%", "D alone would say 97\u00a0%"],
        ),
        ({"rank": 0.0, "convincing": 0.0, "accepts": False}, ["0\u00a0%", "None passes now"]),
    ],
)
def test_the_verdict_says_what_it_is_made_of(qtbot: QtBot, tab, verdict, texts) -> None:
    label = child(tab, QLabel, "drawing_verdict")
    wishes = np.zeros((28, 28), np.float32)
    tab.set_verdict(Verdict(run_id="run", wishes=wishes, **verdict))
    assert label.text() == "", "nothing is drawn"
    press(qtbot, tab, "real_image")
    tab.set_verdict(Verdict(run_id="run", wishes=wishes, final=False, **verdict))
    assert label.text() == "", "the rest is on its way"
    tab.set_verdict(Verdict(run_id="run", wishes=wishes, **verdict))
    assert all(text in label.text() for text in texts)
    assert ("alone" in label.text()) == (len(texts) == 2 and verdict.get("accepts", True))


SQUARE = ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9), (0.1, 0.1))


def test_a_real_image_passes_and_a_square_does_not(qtbot: QtBot, explored: MainWindow) -> None:
    """D alone finds the square more real than most digits: it has never been shown one."""
    session, view = explored.session, explored.latent.drawing
    info, snapshot = session.info, session.training.snapshot
    known = judge_real(snapshot, info.held_out, info.held_out_labels)
    among = Neighbours(info.dataset)
    while not among.go_on(400, features=False):
        pass
    typical = among.typical
    assert np.array_equal(info.dataset.test[info.dataset.held_out(9)], info.held_out[:9])
    label = child(view, QLabel, "drawing_verdict")
    log, said = Log(view), []
    for draw in (
        lambda: press(qtbot, explored, "real_image"),
        lambda: stroke(qtbot, canvas(explored), *SQUARE),
    ):
        draw()
        logit, _ = taste(snapshot, log.judged[-1], 0)
        *_, found = among.of(log.judged[-1], features=False)
        by_D = rank(logit, known)
        passing = convincing(by_D, 1 - found.pixels.share, known, typical)
        expected = f"Passes better than {round(100 * passing)}\u00a0%"
        qtbot.waitUntil(lambda expected=expected: expected in label.text(), timeout=WAIT)
        said.append((by_D, passing))
    assert said[1][0] > 0.5
    assert said[1][1] < 0.05
    assert "D alone" in label.text()


def test_the_page_stays_where_it_is_whatever_is_said(qtbot: QtBot, tab) -> None:
    press(qtbot, tab, "real_image")
    wishes, places = np.zeros((28, 28), np.float32), set()
    for verdict in ({"rank": None}, {"rank": 0.97, "convincing": 0.02, "typical": 0.01}):
        tab.set_verdict(Verdict(run_id="run", wishes=wishes, **verdict))
        QApplication.processEvents()  # in which a layout would be made anew
        places.add(canvas(tab).geometry().getRect())
    assert len(places) == 1


def test_the_d_of_an_autoencoder_is_not_said_to_judge_images(qtbot: QtBot, tab) -> None:
    images = np.full((2, 1, 28, 28), 77, np.uint8)
    tab.set_run(run_info(images, autoencoder=True))
    press(qtbot, tab, "real_image")
    wishes = np.zeros((28, 28), np.float32)
    tab.set_verdict(Verdict(run_id="run", rank=0.4, wishes=wishes))
    assert "encoded images" in child(tab, QLabel, "drawing_verdict").text()


def test_the_page_is_white_on_black(qtbot: QtBot, tab) -> None:
    stroke(qtbot, canvas(tab), (0.5, 0.5), (0.6, 0.5))
    page = canvas(tab).page()
    assert page.shape == (PAGE, PAGE)
    assert page[PAGE // 2, round(0.55 * PAGE)] == 255
    assert page[3, 3] == 0


def test_a_trained_generator_is_never_saved_to(
    qtbot: QtBot, explored: MainWindow, tmp_path: Path
) -> None:
    session, path = explored.session, pretrained()[0].path
    assert session.path is None
    with qtbot.waitSignal(session.saved, timeout=WAIT):
        session.save(tmp_path / "mine.pt")
    assert session.path == tmp_path / "mine.pt"
    with qtbot.waitSignal(session.opened, timeout=WAIT):
        session.open(path)
    assert session.path is None
    assert not explored.files.fill_recent(recent := explored.findChild(QMenu, "recent_menu"))
    assert not any(path.name in action.text() for action in recent.actions())


def test_strokes_are_undone_one_by_one(qtbot: QtBot, explored: MainWindow) -> None:
    finder, stack = explored.latent.drawing, explored.session.undo_stack
    page = canvas(finder)
    run = explored.session.info.run_id
    blank = page.page()
    stroke(qtbot, page, (0.5, 0.3), (0.5, 0.7))
    first, target = page.page(), finder.target
    stroke(qtbot, page, (0.3, 0.3), (0.7, 0.3))
    press(qtbot, explored, "real_image")
    picture = finder.target
    press(qtbot, explored, "clear_canvas")
    assert stack.undoText() == "clear the page"
    stack.undo()
    assert finder.target is picture
    stack.undo()
    assert stack.undoText() == "draw"
    assert page.page().any(), "both strokes are there again"
    qtbot.keyClick(explored, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    np.testing.assert_array_equal(page.page(), first)
    np.testing.assert_array_equal(finder.target, target)
    stack.undo()
    np.testing.assert_array_equal(page.page(), blank)
    assert finder.target is None
    for _ in range(3):
        stack.redo()
    assert finder.target is picture
    assert explored.session.info.run_id == run


def test_a_page_of_images_of_another_kind_is_not_brought_back(qtbot: QtBot, tab) -> None:
    press(qtbot, tab, "real_image")
    page = canvas(tab).content()
    tab.set_run(run_info(np.zeros((1, 3, 32, 32), np.uint8), run_id="other"))
    assert tab.target is None
    tab.set_page(page)
    assert tab.target is None
    assert canvas(tab).content().picture is None


def test_what_is_judged_of_a_page_is_framed(qtbot: QtBot, tab) -> None:
    def greys() -> int:
        picture, area = canvas(tab).grab().toImage(), canvas(tab).area().adjusted(3, 3, -3, -3)
        places = [(x, y) for x in range(area.left(), area.right()) for y in (area.center().y(),)]
        return sum(80 < picture.pixelColor(x, y).lightness() < 180 for x, y in places)

    stroke(qtbot, canvas(tab), (0.5, 0.42), (0.5, 0.58))
    fitted = greys()
    assert fitted >= 3, "the edges of the stroke, and those of the frame"
    faces = run_info(np.zeros((2, 1, 28, 28), np.uint8), config=Config(dataset="folder"))
    tab.set_run(faces)
    press(qtbot, tab, "clear_canvas")
    stroke(qtbot, canvas(tab), (0.5, 0.42), (0.5, 0.58))
    assert greys() < fitted, "all of the page is judged"


def test_what_was_said_of_a_bad_picture_goes_with_a_good_one(
    qtbot: QtBot, explored: MainWindow, tmp_path: Path
) -> None:
    finder, banner = explored.latent.drawing, explored.banner
    good, bad = tmp_path / "good.png", tmp_path / "bad.png"
    page = np.zeros((50, 40), np.uint8)
    page[10:40, 18:24] = 255
    Image.fromarray(page).save(good)
    bad.write_text("none")
    finder.open(bad)
    qtbot.waitUntil(lambda: banner.error is not None, timeout=WAIT)
    assert "bad.png" in str(banner.error)
    finder.open(good)
    qtbot.waitUntil(lambda: banner.error is None, timeout=WAIT)
    other = StudioError("blank-picture", path=good)
    explored.show_error(other)
    with qtbot.waitSignal(finder.opened, timeout=WAIT):
        finder.open(good)
    assert banner.error is other, "that is of something else"


def test_a_tall_panel_has_both_images_large(qtbot: QtBot, tab) -> None:
    page, answer = canvas(tab), child(tab, ImageView, "found_image")
    assert answer.x() > page.x() + page.width() / 2
    tab.resize(330, 800)
    qtbot.waitUntil(lambda: answer.y() >= page.y() + page.height())
    assert page.area().width() > 280


def test_a_second_button_does_not_cut_a_stroke(qtbot: QtBot, tab) -> None:
    page, edits = canvas(tab), []
    tab.edited.connect(lambda text, before, after: edits.append(before))
    area = page.area()
    at = area.center()
    qtbot.mousePress(page, LEFT, pos=at)
    qtbot.mousePress(page, RIGHT, pos=at)
    qtbot.mouseMove(page, at + QPoint(20, 0))
    qtbot.mouseRelease(page, LEFT, pos=at + QPoint(20, 0))
    qtbot.mouseRelease(page, RIGHT, pos=at + QPoint(20, 0))
    assert page.page().any(), "nothing was rubbed out"
    assert len(edits) == 1
    tab.set_page(edits[0])
    assert page.is_blank(), "all of it is undone"
