"""The Runs tab: what is listed, compared, and done to a run."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hands import WAIT, child
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction, QColor, QContextMenuEvent, QImage
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QFileDialog,
    QInputDialog,
    QLabel,
    QMenu,
    QPushButton,
    QSpinBox,
    QToolButton,
    QWidget,
)

from ganstudio import library
from ganstudio.config import Config
from ganstudio.gui import trash
from ganstudio.gui.main_window import MainWindow
from ganstudio.gui.panels.runs import _together
from ganstudio.gui.queue_runs import QueueRuns
from ganstudio.gui.widgets.run_table import COMPARED, RunTable
from ganstudio.gui.widgets.seen import is_seen
from ganstudio.library import Entry
from ganstudio.training.status import Phase, Status, Waiting

LEFT = Qt.MouseButton.LeftButton


def entry(run_id: str, seed: int = 0, step: int = 100, **changes: object) -> Entry:
    config = Config(seed=seed).changed(**changes).to_dict()
    saved = "2026-01-01T00:00:00+00:00"
    return Entry(
        run_id=run_id, recipe="studio", seed=seed, step=step, seconds=75, saved=saved, config=config
    )


def texts(table: RunTable) -> list[list[str]]:
    cells = range(table.columnCount())
    return [[table.item(row, cell).text() for cell in cells] for row in range(table.rowCount())]


def tick(qtbot, table: RunTable, row: int) -> None:
    """Click the box of a row."""
    area = table.visualItemRect(table.item(row, 0))
    qtbot.mouseClick(table.viewport(), LEFT, pos=QPoint(area.left() + 10, area.center().y()))


@pytest.fixture
def table(qtbot, tmp_path: Path) -> RunTable:
    widget = RunTable()
    qtbot.addWidget(widget)
    widget.resize(640, 200)
    rows = [(tmp_path / "a", entry("1")), (tmp_path / "b", entry("2", 3, g_lr=0.01, d_steps=2))]
    widget.set_runs(rows, tmp_path / "a", rows[0][1].config)
    widget.show()
    return widget


def test_a_row_says_what_a_run_is_and_how_it_differs(table: RunTable) -> None:
    assert texts(table) == [
        ["a, open", "studio", "0", "100", "1:15", "", ""],
        ["b", "studio", "3", "100", "1:15", "", "D updates, k 2; G learning rate 0.01"],
    ]


def test_the_box_compares_and_the_row_gets_a_colour(qtbot, table: RunTable) -> None:
    with qtbot.waitSignal(table.compared_changed):
        tick(qtbot, table, 1)
    ((path, _, colour),) = table.compared()
    assert (path.name, colour) == ("b", COMPARED[0])
    image = table.viewport().grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    area = table.visualItemRect(table.item(1, 0))
    seen = {image.pixel(x, area.center().y()) for x in range(area.left(), area.left() + 60)}
    assert QColor(colour).rgb() in seen
    tick(qtbot, table, 1)
    assert table.compared() == []


def test_keys_do_what_they_do_in_lists_of_files(qtbot, table: RunTable, tmp_path: Path) -> None:
    table.setCurrentCell(1, 0)
    table.setFocus()
    for key, signal in (
        (Qt.Key.Key_F2, table.rename_wanted),
        (Qt.Key.Key_Delete, table.delete_wanted),
        (Qt.Key.Key_Return, table.open_wanted),
    ):
        with qtbot.waitSignal(signal) as heard:
            qtbot.keyClick(table, key)
        assert heard.args == [tmp_path / "b"]
    qtbot.keyClick(table, Qt.Key.Key_Space)
    assert [path.name for path, *_ in table.compared()] == ["b"]


def test_what_is_chosen_and_compared_stays_where_rows_move(
    qtbot, table: RunTable, tmp_path
) -> None:
    table.setCurrentCell(1, 0)
    tick(qtbot, table, 1)
    rows = [(tmp_path / name, entry(name)) for name in ("c", "b", "d")]
    table.set_runs(rows, None, {})
    assert table.chosen() == tmp_path / "b"
    assert [path.name for path, *_ in table.compared()] == ["b"]
    table.set_runs(rows[:1], None, {})
    assert table.compared() == []


def test_only_so_many_are_compared_as_there_are_colours(qtbot, table: RunTable, tmp_path) -> None:
    rows = [(tmp_path / str(i), entry(str(i))) for i in range(len(COMPARED) + 1)]
    table.set_runs(rows, None, {})
    table.resize(640, 600)
    for row in range(len(rows)):
        tick(qtbot, table, row)
    assert len({colour for *_, colour in table.compared()}) == len(COMPARED)
    assert table.item(len(COMPARED), 0).checkState() is Qt.CheckState.Unchecked


def test_curves_meet_at_the_steps_that_all_have() -> None:
    one = np.array([10.0, 20.0, 30.0]), np.array([1.0, 2.0, 3.0])
    two = np.array([5.0, 15.0, 25.0]), np.array([0.5, 1.5, 2.5])
    steps, values = _together([one, two])
    assert steps.tolist() == [10, 20]
    assert values.tolist() == [[1.0, 2.0], [1.0, 2.0]]
    nothing = np.zeros(0), np.zeros(0)
    assert _together([one, nothing])[1].shape == (2, 0)


# In the window


def seen_runs(qtbot, window: MainWindow) -> RunTable:
    dock = child(window, QWidget, "runs_dock")
    dock.raise_()
    found: RunTable = child(window, RunTable, "run_table")
    qtbot.waitUntil(found.isVisible, timeout=WAIT)
    return found


def train(qtbot, window: MainWindow, steps: int) -> Path:
    target = window.session.status.step + steps
    window.session.step("both", steps)
    qtbot.waitUntil(lambda: window.session.status.step == target, timeout=WAIT)
    session = window.session
    qtbot.waitUntil(lambda: session.status.folder is not None, timeout=WAIT)
    qtbot.waitUntil(lambda: not session.status.unsaved, timeout=WAIT)
    folder = session.status.folder
    assert folder is not None
    return folder


def start_over(qtbot, window: MainWindow) -> None:
    before = window.session.info.run_id
    window.actions_.by_name["start_over"].trigger()
    qtbot.waitUntil(lambda: window.session.info.run_id != before, timeout=WAIT)
    qtbot.waitUntil(lambda: window.session.status.phase is Phase.READY, timeout=WAIT)


def listed(qtbot, window: MainWindow, *names: str) -> RunTable:
    found = seen_runs(qtbot, window)
    window.library.look()
    qtbot.waitUntil(lambda: sorted(row[0] for row in texts(found)) == sorted(names), timeout=WAIT)
    return found


def menu_action(table: RunTable, row: int, name: str) -> QAction:
    area = table.visualItemRect(table.item(row, 1)).center()
    at = table.viewport().mapToGlobal(area)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, area, at)
    QApplication.sendEvent(table.viewport(), event)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    menu.close()
    action: QAction = child(menu, QAction, name)
    return action


@pytest.fixture
def two(qtbot, window: MainWindow) -> MainWindow:
    """A window with an earlier run of 3 steps, and the current one of 2."""
    train(qtbot, window, 3)
    start_over(qtbot, window)
    train(qtbot, window, 2)
    listed(qtbot, window, "studio-0", "studio-0-2, open")
    return window


def test_before_the_first_run_it_says_what_will_be_there(qtbot, window: MainWindow) -> None:
    child(window, QWidget, "runs_dock").raise_()
    label = child(window, QLabel, "runs_empty")
    qtbot.waitUntil(label.isVisible, timeout=WAIT)
    assert "Start" in label.text()


def test_runs_are_opened_and_come_back(qtbot, two: MainWindow) -> None:
    table = child(two, RunTable, "run_table")
    row = [line[0] for line in texts(table)].index("studio-0")
    menu_action(table, row, "run_open").trigger()
    qtbot.waitUntil(lambda: two.session.status.step == 3, timeout=WAIT)
    listed(qtbot, two, "studio-0, open", "studio-0-2")


def test_compared_runs_show_curves_and_the_same_z(qtbot, two: MainWindow) -> None:
    table = child(two, RunTable, "run_table")
    for row in range(2):
        tick(qtbot, table, row)
    panel = two.runs

    def drawn_runs() -> int:
        return sum(run.run is not None and run.image is not None for run in panel._shown)

    qtbot.waitUntil(lambda: drawn_runs() == 2, timeout=WAIT)
    lengths = sorted(len(run.run.curves["g_loss"][0]) for run in panel._shown)
    assert lengths == [2, 3]
    images = [run.image for run in panel._shown]
    assert not np.array_equal(*images)
    drawn = child(two, QWidget, "compared_images").grab().toImage()
    colours = {drawn.pixelColor(1, y).name() for y in range(drawn.height())}
    assert {colour.lower() for *_, colour in table.compared()} <= colours
    child(two, QComboBox, "runs_series").setCurrentIndex(0)
    qtbot.mouseClick(child(two, QToolButton, "runs_band"), LEFT)
    assert len(panel.chart._bands) == 1

    two.latent.exploration.load(np.ones(16, np.float32), "ones")
    qtbot.waitUntil(
        lambda: (
            not any(
                np.array_equal(run.image, image)
                for run, image in zip(panel._shown, images, strict=True)
            )
        ),
        timeout=WAIT,
    )
    for row in range(2):
        tick(qtbot, table, row)
    assert not child(two, QWidget, "compared_images").isVisible()


def throw_away(trashed: list[str]) -> Callable[[Path], tuple[bool, Path]]:
    """Return a trash of the test's own, as freedesktop.org describes one."""

    def put(folder: Path) -> tuple[bool, Path]:
        trashed.append(folder.name)
        there = folder.parent.parent / "Trash" / "files" / folder.name
        note = there.parent.parent / "info" / f"{folder.name}.trashinfo"
        for made in (there.parent, note.parent):
            made.mkdir(parents=True, exist_ok=True)
        note.write_text("[Trash Info]")
        return True, folder.rename(there)

    return put


@pytest.mark.parametrize("told", ["", "/nowhere/x"])
def test_without_knowing_the_place_nothing_is_taken_back(told: str, tmp_path: Path, monkeypatch):
    folder = tmp_path / "run"
    folder.mkdir()
    place = SimpleNamespace(moveToTrash=lambda: True, fileName=lambda: told or "")
    monkeypatch.setattr(trash, "QFile", lambda _: place)
    there = trash.put(folder)
    assert there == (True, Path(told) if told else None)
    assert not trash.take_back(Path(told or "/nowhere"), tmp_path / "back")


def test_what_is_deleted_can_be_had_back(qtbot, two: MainWindow, monkeypatch) -> None:
    table = child(two, RunTable, "run_table")
    trashed: list[str] = []
    monkeypatch.setattr(trash, "put", throw_away(trashed))
    undo, redo = (two.actions_.by_name[name] for name in ("undo", "redo"))
    row = [line[0] for line in texts(table)].index("studio-0")
    table.setCurrentCell(row, 0)
    table.setFocus()
    qtbot.keyClick(table, Qt.Key.Key_Delete)
    listed(qtbot, two, "studio-0-2, open")
    assert "undo brings it back" in two.statusBar().currentMessage()
    undo.trigger()
    listed(qtbot, two, "studio-0", "studio-0-2, open")
    info = library.usual_folder().parent / "Trash" / "info"
    assert not list(info.iterdir()), "the trash knows no more of it"
    redo.trigger()
    listed(qtbot, two, "studio-0-2, open")
    assert trashed == ["studio-0"] * 2
    undo.trigger()
    listed(qtbot, two, "studio-0", "studio-0-2, open")
    row = [line[0] for line in texts(table)].index("studio-0")
    table.setCurrentCell(row, 0)
    table.setFocus()
    qtbot.keyClick(table, Qt.Key.Key_Delete)  # once more, by hand
    listed(qtbot, two, "studio-0-2, open")
    (library.usual_folder() / "studio-0").mkdir()  # somebody else's
    undo.trigger()
    assert "restore it from the trash" in two.statusBar().currentMessage()
    assert (library.usual_folder().parent / "Trash" / "files" / "studio-0").is_dir()


def test_rows_stay_where_they_are_whichever_run_is_saved(qtbot, two: MainWindow) -> None:
    table = child(two, RunTable, "run_table")
    before = [line[0] for line in texts(table)]
    folder = library.usual_folder() / "studio-0"
    entry = library.entry_of(folder)
    told = dataclasses.asdict(entry) | {"saved": "2099-01-01T00:00:00+00:00", "step": 77}
    note = {"format": "ganstudio-run", "version": 1, **told}
    (folder / "new").write_text(json.dumps(note))
    (folder / "new").replace(folder / library.NOTE)  # at once: the list is being read
    two.library.look()
    row = before.index("studio-0")
    qtbot.waitUntil(lambda: texts(table)[row][3] == "77", timeout=WAIT)
    assert [line[0] for line in texts(table)] == before
    child(two, QWidget, "losses_dock").raise_()
    qtbot.waitUntil(lambda: not is_seen(table), timeout=WAIT)
    child(two, QWidget, "runs_dock").raise_()
    qtbot.waitUntil(lambda: texts(table)[0][3] == "77", timeout=WAIT)


def test_runs_are_renamed_copied_and_thrown_away(qtbot, two: MainWindow, monkeypatch) -> None:
    table = child(two, RunTable, "run_table")
    trashed: list[str] = []
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("the first", True))

    monkeypatch.setattr(trash, "put", throw_away(trashed))
    row = [line[0] for line in texts(table)].index("studio-0")
    menu_action(table, row, "run_rename").trigger()
    listed(qtbot, two, "the first", "studio-0-2, open")
    row = [line[0] for line in texts(table)].index("the first")
    menu_action(table, row, "run_duplicate").trigger()
    listed(qtbot, two, "the first", "the first-copy", "studio-0-2, open")
    row = [line[0] for line in texts(table)].index("the first")
    menu_action(table, row, "run_delete").trigger()
    listed(qtbot, two, "the first-copy", "studio-0-2, open")
    assert trashed == ["the first"]
    row = [line[0] for line in texts(table)].index("studio-0-2, open")
    menu_action(table, row, "run_delete").trigger()
    qtbot.waitUntil(two.banner.isVisible, timeout=WAIT)
    assert "open here" in child(two, QLabel, "banner_text").text()


def test_a_run_goes_into_a_zip_file_and_comes_back(
    qtbot, two: MainWindow, monkeypatch, tmp_path: Path
) -> None:
    path = tmp_path / "mine.zip"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(path), ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_, **__: (str(path), ""))
    table = child(two, RunTable, "run_table")
    row = [line[0] for line in texts(table)].index("studio-0")
    with qtbot.waitSignal(two.library.writer.message, timeout=WAIT):
        menu_action(table, row, "run_export").trigger()
    with qtbot.waitSignal(two.library.writer.message, timeout=WAIT):
        qtbot.mouseClick(child(two, QToolButton, "runs_import"), LEFT)
    listed(qtbot, two, "mine", "studio-0", "studio-0-2, open")
    path.write_bytes(b"no zip")
    qtbot.mouseClick(child(two, QToolButton, "runs_import"), LEFT)
    qtbot.waitUntil(two.banner.isVisible, timeout=WAIT)
    assert "no run that can be imported" in child(two, QLabel, "banner_text").text()


def test_the_list_is_read_only_while_it_can_be_seen(qtbot, window: MainWindow, monkeypatch) -> None:
    entries, looks = library.entries, []
    monkeypatch.setattr(library, "entries", lambda place: looks.append(place) or entries(place))
    qtbot.waitUntil(lambda: is_seen(window.losses), timeout=WAIT)
    window.library.look()
    assert not window.library._listing, "Losses is before it"
    child(window, QWidget, "runs_dock").raise_()
    qtbot.waitUntil(lambda: bool(looks), timeout=WAIT)


def test_the_open_run_is_listed_as_it_is_now(qtbot, window: MainWindow) -> None:
    train(qtbot, window, 1)
    session = window.session
    session.training.post(lambda runner: setattr(runner._homes, "save", lambda _: None))
    session.step("both", 2)
    table = listed(qtbot, window, "studio-0, open")
    qtbot.waitUntil(lambda: session.status.step == 3, timeout=WAIT)
    window.library.look()
    qtbot.waitUntil(lambda: texts(table)[0][3] == "3", timeout=WAIT)
    ((_, entry),) = library.entries(library.usual_folder())
    assert entry.step == 1, "as it was saved"


def test_what_differs_follows_live_settings(qtbot, window: MainWindow) -> None:
    train(qtbot, window, 1)
    start_over(qtbot, window)
    train(qtbot, window, 1)
    usual = window.session.config.g_lr
    window.session.training.post(lambda runner: runner.change(g_lr=0.01))
    table = listed(qtbot, window, "studio-0", "studio-0-2, open")

    def differs() -> dict[str, str]:
        return {row[0]: row[6] for row in texts(table)}

    expected = {"studio-0": f"G learning rate {usual:g}", "studio-0-2, open": ""}
    qtbot.waitUntil(lambda: differs() == expected, timeout=WAIT)
    train(qtbot, window, 1)  # which saves it as it is now
    window.library.look()
    qtbot.waitUntil(lambda: texts(table)[0][3] == "2", timeout=WAIT)
    assert differs() == expected


def test_seeds_are_trained_one_after_the_other(qtbot, window: MainWindow) -> None:
    child(window, QWidget, "runs_dock").raise_()
    button = child(window, QToolButton, "runs_queue")
    qtbot.waitUntil(button.isVisible, timeout=WAIT)
    qtbot.mouseClick(button, LEFT)
    dialog = child(window, QDialog, "queue_runs")
    assert "studio" in dialog.findChildren(QLabel)[0].text()
    child(dialog, QSpinBox, "queue_seeds").setValue(2)
    child(dialog, QSpinBox, "queue_steps").setValue(3)
    assert child(dialog, QPushButton, "queue_go").isDefault()
    qtbot.keyClick(child(dialog, QSpinBox, "queue_steps"), Qt.Key.Key_Return)
    session = window.session
    qtbot.waitUntil(lambda: (session.info.config.seed, session.status.step) == (1, 3), timeout=WAIT)
    listed(qtbot, window, "studio-0", "studio-1, open")


def test_the_queue_is_shown_and_can_be_forgotten(qtbot, window: MainWindow) -> None:
    child(window, QWidget, "runs_dock").raise_()
    window.session.enqueue(Config(), 3, 1000)
    forget = child(window, QToolButton, "runs_clear")
    qtbot.waitUntil(lambda: forget.isVisible() and "2" in forget.text(), timeout=WAIT)
    qtbot.waitUntil(lambda: "2 queued" in child(window, QLabel, "state").text(), timeout=WAIT)
    qtbot.mouseClick(forget, LEFT)
    qtbot.waitUntil(lambda: not forget.isVisible(), timeout=WAIT)
    assert window.session.status.phase is Phase.TRAINING


def test_the_dialog_says_when_it_is_the_runs_turn(qtbot) -> None:
    training = {"phase": Phase.TRAINING, "step": 5}
    waiting = Waiting(config=Config(), steps=2, device="cpu", root=None)
    expected = {
        Status(): (False, "over"),
        Status(**training): (True, "over"),
        Status(**training, queue_goes=True): (False, "when the run that trains now has made"),
        Status(**training, queue_goes=True, queue=(waiting,)): (False, "1 wait already"),
    }
    parent = QWidget()
    qtbot.addWidget(parent)
    for status, (asks, told) in expected.items():
        dialog = QueueRuns(parent, Config(), status)
        assert (dialog.findChild(QComboBox, "queue_when") is not None) is asks
        text = dialog.findChildren(QLabel)[0].text()
        assert told in text if told != "over" else text.endswith("as a band.")


def test_a_queue_that_was_paused_can_be_gone_on_with(qtbot, window: MainWindow) -> None:
    child(window, QWidget, "runs_dock").raise_()
    session = window.session
    session.enqueue(Config(), 2, 1000)
    go_on = child(window, QToolButton, "runs_go_on")
    qtbot.waitUntil(
        lambda: session.status.step > 0 and len(session.status.queue) == 1, timeout=WAIT
    )
    assert not go_on.isVisible()
    session.pause()
    qtbot.waitUntil(go_on.isVisible, timeout=WAIT)
    qtbot.mouseClick(go_on, LEFT)
    qtbot.waitUntil(lambda: session.info.config.seed == 1, timeout=WAIT)


def test_another_recipe_waits_for_the_run_that_trains(qtbot, window: MainWindow) -> None:
    child(window, QWidget, "runs_dock").raise_()
    session = window.session
    session.start()
    qtbot.waitUntil(lambda: session.status.step > 0, timeout=WAIT)
    window.experiment.select_preset("mlp-leaky")
    button = child(window, QToolButton, "runs_queue")
    qtbot.waitUntil(button.isVisible, timeout=WAIT)
    qtbot.mouseClick(button, LEFT)
    dialog = child(window, QDialog, "queue_runs")
    assert "mlp-leaky" in dialog.findChildren(QLabel)[0].text()
    after = child(dialog, QSpinBox, "queue_after")
    assert not after.isEnabled()
    qtbot.keyClick(child(dialog, QComboBox, "queue_when"), Qt.Key.Key_Down)
    assert after.isEnabled()
    child(dialog, QSpinBox, "queue_steps").setValue(2)
    after.setValue(session.status.step + 10)
    first, end = session.info.run_id, after.value()
    qtbot.mouseClick(child(dialog, QPushButton, "queue_go"), LEFT)
    clear = child(window, QToolButton, "runs_clear")
    qtbot.waitUntil(lambda: clear.isVisible() or session.info.run_id != first, timeout=WAIT)
    qtbot.waitUntil(lambda: session.info.config.model == "mlp-leaky", timeout=WAIT)
    qtbot.waitUntil(lambda: session.status.step == 2, timeout=WAIT)
    (left,) = session.status.left
    assert left.run_id == first
    assert left.step >= end


def test_an_imported_copy_of_the_open_run_can_be_opened(
    qtbot, window: MainWindow, monkeypatch, tmp_path: Path
) -> None:
    train(qtbot, window, 2)
    path = tmp_path / "copy.zip"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(path), ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_, **__: (str(path), ""))
    table = listed(qtbot, window, "studio-0, open")
    with qtbot.waitSignal(window.library.writer.message, timeout=WAIT):
        menu_action(table, 0, "run_export").trigger()
    with qtbot.waitSignal(window.library.writer.message, timeout=WAIT):
        qtbot.mouseClick(child(window, QToolButton, "runs_import"), LEFT)
    train(qtbot, window, 3)
    listed(qtbot, window, "copy", "studio-0, open")
    row = [line[0] for line in texts(table)].index("copy")
    menu_action(table, row, "run_open").trigger()
    qtbot.waitUntil(lambda: window.session.status.step == 2, timeout=WAIT)
    listed(qtbot, window, "copy, open", "studio-0")


def test_a_run_that_is_passed_over_is_still_told_of(qtbot, window: MainWindow) -> None:
    child(window, QWidget, "runs_dock").raise_()
    wrong, good = Config(batch_size=8192, train_images=100), Config(seed=7)
    session = window.session
    runs = [Waiting(config=config, steps=2, device="cpu", root=None) for config in (wrong, good)]
    session.training.post(lambda runner: runner.enqueue(runs))
    qtbot.waitUntil(lambda: (session.info.config.seed, session.status.step) == (7, 2), timeout=WAIT)
    assert "passed over" in child(window, QLabel, "banner_text").text()
    assert window.banner.isVisible()
