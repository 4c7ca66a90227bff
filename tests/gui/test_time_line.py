"""The time line: earlier steps are looked at, gone on from, and filmed."""

from pathlib import Path

import numpy as np
import pytest
from hands import WAIT, child, handle
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QLabel, QPushButton, QSlider, QToolButton
from windowless import keep_every_step

from ganstudio.errors import StudioError
from ganstudio.gui.main_window import MainWindow
from ganstudio.gui.widgets.plot import CurvePlot
from ganstudio.gui.widgets.time_line import TimeLine
from ganstudio.library import Moment
from ganstudio.training.health import Diagnosis, Doctor, State
from ganstudio.training.status import Phase

LEFT = Qt.MouseButton.LeftButton


def moments(*steps: int) -> tuple[Moment, ...]:
    return tuple(Moment(step=step, path=Path(f"{step}.pt"), nbytes=1) for step in steps)


@pytest.fixture
def line(qtbot) -> TimeLine:
    widget = TimeLine()
    qtbot.addWidget(widget)
    widget.resize(500, 30)
    widget.show()
    return widget


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep every step."""
    keep_every_step(monkeypatch)


@pytest.fixture
def trained(qtbot, often, window: MainWindow) -> MainWindow:
    """A window whose run is at step 6, of which all steps are kept."""
    make_steps(qtbot, window, 6)
    assert [moment.step for moment in window.session.status.moments] == list(range(7))
    qtbot.waitUntil(lambda: text(window, "samples_step") == "step 6", timeout=WAIT)
    return window


def make_steps(qtbot, window: MainWindow, n: int) -> None:
    target = window.session.status.step + n
    window.session.step("both", n)
    qtbot.waitUntil(lambda: window.session.status.step == target, timeout=WAIT)
    qtbot.waitUntil(lambda: window.session.status.phase is Phase.PAUSED, timeout=WAIT)


def slider(parent) -> QSlider:
    return child(parent, QSlider, "time_slider")


def at(of: QSlider, value: int) -> QPoint:
    """Return where a click takes the slider to a value."""
    width = handle(of).width()
    room = of.width() - width
    return QPoint(round(width / 2 + room * value / of.maximum()), of.height() // 2)


def look(qtbot, window: MainWindow, value: int) -> None:
    with qtbot.waitSignal(window.session.decoder.looked_back, timeout=WAIT):
        qtbot.mouseClick(slider(window), LEFT, pos=at(slider(window), value))


def text(window: MainWindow, name: str) -> str:
    label: QLabel = child(window, QLabel, name)
    return label.text()


def test_there_is_nothing_to_look_at_before_training(line: TimeLine) -> None:
    assert not slider(line).isEnabled()
    assert "gather here" in slider(line).toolTip()
    for name in ("time_now", "time_rewind"):
        assert not child(line, QPushButton, name).isEnabled()
    assert not child(line, QToolButton, "time_film").isEnabled()


def test_a_click_chooses_a_step_and_the_right_end_is_now(qtbot, line: TimeLine) -> None:
    heard: list[Moment | None] = []
    line.chosen.connect(heard.append)
    line.set_moments(moments(0, 10, 20, 40))
    assert slider(line).value() == slider(line).maximum() == 4
    qtbot.mouseClick(slider(line), LEFT, pos=at(slider(line), 1))
    assert [moment and moment.step for moment in heard] == [10]
    assert slider(line).toolTip() == "Step 10"
    assert "step 10" in child(line, QPushButton, "time_rewind").toolTip()
    qtbot.mouseClick(slider(line), LEFT, pos=at(slider(line), 4))
    assert heard[-1] is None
    assert not child(line, QPushButton, "time_rewind").isEnabled()


def test_the_keyboard_goes_from_step_to_step(qtbot, line: TimeLine) -> None:
    heard: list[Moment | None] = []
    line.chosen.connect(heard.append)
    line.set_moments(moments(0, 10, 20))
    slider(line).setFocus()
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Left, Qt.Key.Key_Home, Qt.Key.Key_End):
        qtbot.keyClick(slider(line), key)
    assert [moment and moment.step for moment in heard] == [20, 10, 0, None]


def test_the_step_on_show_stays_where_others_come_and_go(line: TimeLine) -> None:
    line.set_moments(moments(0, 10, 20, 40))
    line.set_past(20)
    line.set_moments(moments(0, 20, 40, 80, 90))
    assert (slider(line).value(), slider(line).maximum()) == (1, 5)
    line.set_past(None)
    assert slider(line).value() == 5


def test_the_slider_holds_still_in_the_hand(qtbot, line: TimeLine) -> None:
    line.set_moments(moments(0, 10, 20, 40))
    grip = handle(slider(line)).center()
    qtbot.mousePress(slider(line), LEFT, pos=grip)
    line.set_moments(moments(0, 10, 20, 40, 80))
    assert slider(line).maximum() == 4
    qtbot.mouseRelease(slider(line), LEFT, pos=grip)
    assert slider(line).maximum() == slider(line).value() == 5


def test_all_panels_show_the_step_that_is_looked_at(qtbot, trained: MainWindow) -> None:
    session = trained.session
    look(qtbot, trained, 2)
    qtbot.waitUntil(lambda: text(trained, "samples_step") == "step 2, earlier", timeout=WAIT)
    assert session.decoder.past is not None
    assert session.decoder.past.step == session.decoder.held.step == 2
    assert trained.losses.plot.mark() == 2
    assert "step 2" in child(trained, QLabel, "quality_empty").text()
    shown = trained.samples.sheet()

    make_steps(qtbot, trained, 1)  # which changes nothing of it
    assert text(trained, "samples_step") == "step 2, earlier"
    assert np.array_equal(trained.samples.sheet(), shown)

    qtbot.mouseClick(child(trained, QPushButton, "time_now"), LEFT)
    qtbot.waitUntil(lambda: text(trained, "samples_step") == "step 7", timeout=WAIT)
    assert session.decoder.held is None
    assert trained.losses.plot.mark() is None
    assert not np.array_equal(trained.samples.sheet(), shown)


@pytest.mark.parametrize("steps", [6, 6000])
def test_the_mark_in_the_curves_is_as_wide_at_any_zoom(qtbot, steps: int) -> None:
    plot = CurvePlot({})
    qtbot.addWidget(plot)
    plot.resize(400, 200)
    plot.set_limits(steps, 1)
    plot.fit_x(0, steps)
    plot.show()
    plot.set_mark(steps / 2)
    colour = plot.palette().highlight().color().rgb()
    image = plot.grab().toImage()
    row = [image.pixel(x, 60) for x in range(image.width())]
    assert 1 <= row.count(colour) <= 3


def test_samples_of_a_step_are_those_it_had(qtbot, often, window: MainWindow) -> None:
    make_steps(qtbot, window, 3)
    qtbot.waitUntil(lambda: text(window, "samples_step") == "step 3", timeout=WAIT)
    then = window.samples.sheet()
    make_steps(qtbot, window, 2)
    qtbot.waitUntil(lambda: text(window, "samples_step") == "step 5", timeout=WAIT)
    look(qtbot, window, 3)
    qtbot.waitUntil(lambda: text(window, "samples_step") == "step 3, earlier", timeout=WAIT)
    assert np.array_equal(window.samples.sheet(), then)


def test_to_follow_training_leaves_the_past(qtbot, trained: MainWindow) -> None:
    look(qtbot, trained, 1)
    hold = child(trained, QPushButton, "hold")
    assert hold.text().startswith("Follow")
    with qtbot.waitSignal(trained.session.decoder.looked_back, timeout=WAIT) as back:
        qtbot.mouseClick(hold, LEFT)
    assert back.args == [None]
    assert slider(trained).value() == slider(trained).maximum()


def test_rewinding_goes_on_from_that_step_and_can_be_undone(qtbot, trained: MainWindow) -> None:
    session = trained.session
    first = session.info.run_id
    look(qtbot, trained, 3)
    with qtbot.waitSignal(session.run_changed, timeout=WAIT):
        qtbot.mouseClick(child(trained, QPushButton, "time_rewind"), LEFT)
    qtbot.waitUntil(lambda: session.status.step == 3, timeout=WAIT)
    assert session.info.parent == (first, 3)
    assert session.undo_stack.undoText() == "Rewind to step 3"
    assert text(trained, "samples_step") in ("", "step 3")
    assert trained.windowTitle() == "studio-0-from-3"
    assert slider(trained).value() == slider(trained).maximum() == 4
    make_steps(qtbot, trained, 1)
    trained.actions_.by_name["undo"].trigger()
    qtbot.waitUntil(lambda: session.info.run_id == first, timeout=WAIT)
    qtbot.waitUntil(lambda: session.status.step == 6, timeout=WAIT)
    trained.actions_.by_name["redo"].trigger()
    qtbot.waitUntil(lambda: session.status.step == 4, timeout=WAIT)


def test_training_goes_on_where_it_is_rewound_to(qtbot, trained: MainWindow) -> None:
    session = trained.session
    first = session.info.run_id
    look(qtbot, trained, 2)
    session.start()
    qtbot.waitUntil(lambda: session.status.phase is Phase.TRAINING, timeout=WAIT)
    qtbot.mouseClick(child(trained, QPushButton, "time_rewind"), LEFT)
    qtbot.waitUntil(lambda: session.info.run_id != first, timeout=WAIT)
    qtbot.waitUntil(lambda: session.status.phase is Phase.TRAINING, timeout=WAIT)
    session.pause()
    qtbot.waitUntil(lambda: session.status.phase is Phase.PAUSED, timeout=WAIT)


def test_a_branch_knows_how_its_beginning_was_judged(qtbot, trained: MainWindow) -> None:
    session = trained.session
    session._doctors[session.info.run_id] = Doctor(
        told=[
            Diagnosis(state=State.LEARNING, step=2, reason="learning"),
            Diagnosis(state=State.COLLAPSING, step=5, reason="less-varied"),
        ],
        diagnosis=Diagnosis(state=State.COLLAPSING, step=5, reason="less-varied"),
    )
    look(qtbot, trained, 3)
    assert "Learning" in child(trained, QToolButton, "health_state").text()
    with qtbot.waitSignal(session.run_changed, timeout=WAIT):
        session.rewind(3)
    assert "Learning" in child(trained, QToolButton, "health_state").text()


def test_a_damaged_step_is_told_and_what_was_on_show_stays(qtbot, trained: MainWindow) -> None:
    path = trained.session.status.moments[2].path
    path.write_bytes(b"PK\x03\x04" + bytes(100))
    look(qtbot, trained, 2)
    qtbot.waitUntil(trained.banner.isVisible, timeout=WAIT)
    assert path.name in text(trained, "banner_text")
    assert slider(trained).value() == slider(trained).maximum()
    assert text(trained, "samples_step") == "step 6"


def blow_up(window: MainWindow) -> None:
    error = StudioError(
        "non-finite", step=7, last=6, quantity="g_loss", net="G", rate="g_lr", value=0.002
    )
    window.session.training.failed.emit(error)


def test_a_run_that_blew_up_can_go_back_and_learn_slower(qtbot, trained: MainWindow) -> None:
    session = trained.session
    first = session.info.run_id
    well = Diagnosis(state=State.LEARNING, step=4, reason="learning")
    session._doctors[first] = Doctor(diagnosis=well, told=[well])
    blow_up(trained)
    action = child(trained, QPushButton, "banner_action")
    assert action.text() == "Rewind to step 4, learn slower"
    qtbot.mouseClick(action, LEFT)
    qtbot.waitUntil(lambda: session.info.run_id != first, timeout=WAIT)
    qtbot.waitUntil(lambda: session._config.g_lr != 0.002, timeout=WAIT)
    qtbot.waitUntil(lambda: session.status.phase is Phase.TRAINING, timeout=WAIT)
    session.pause()
    assert session.info.parent == (first, 4)
    assert session._config.g_lr == session._config.d_lr == pytest.approx(0.002 / 3, rel=0.01)
    trained.actions_.by_name["undo"].trigger()
    qtbot.waitUntil(lambda: session.info.run_id == first, timeout=WAIT)
    qtbot.waitUntil(lambda: session._config.g_lr == 0.002, timeout=WAIT)


def test_where_nothing_is_known_of_its_health_it_goes_half_way_back(
    qtbot, trained: MainWindow
) -> None:
    blow_up(trained)
    assert "step 3" in child(trained, QPushButton, "banner_action").text()


@pytest.mark.parametrize("suffix", ["gif", "mp4"])
def test_a_film_shows_all_steps(
    qtbot, trained: MainWindow, monkeypatch, tmp_path: Path, suffix: str
) -> None:
    if suffix == "mp4":
        pytest.importorskip("av")
    path = tmp_path / f"film.{suffix}"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(path), ""))
    with qtbot.waitSignal(trained.time_lapse.writer.message, timeout=WAIT):
        child(trained, QAction, f"time_film_{suffix}").trigger()
    if suffix == "gif":
        with Image.open(path) as film:
            assert film.n_frames == 7
    else:
        assert path.read_bytes()[4:8] == b"ftyp"


def test_a_film_can_be_cancelled(qtbot, trained: MainWindow, monkeypatch, tmp_path: Path) -> None:
    path = tmp_path / "film.gif"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(path), ""))
    trained.time_lapse.writer.work_began.connect(lambda _, work: work.cancel())
    with qtbot.waitSignal(trained.session.decoding.film_lost, timeout=WAIT):
        child(trained, QAction, "time_film_gif").trigger()
    assert not path.exists()
    trained.time_lapse.writer.work_began.disconnect()
    with qtbot.waitSignal(trained.time_lapse.writer.message, timeout=WAIT):
        child(trained, QAction, "time_film_gif").trigger()
    assert path.exists()
