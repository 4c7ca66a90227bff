"""The Quality tab: judgements in the background, and how they are shown."""

import csv
import threading
import weakref
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from hands import WAIT
from PySide6.QtCore import QEvent, QObject, QPointF, QSettings, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPalette
from PySide6.QtWidgets import QApplication, QFileDialog, QScrollArea
from runs import run_info

from ganstudio.errors import Phrase, StudioError
from ganstudio.evaluation import judge as judge_module
from ganstudio.evaluation.quality import NAMES, Figure, Quality, Rated
from ganstudio.gui.colours import BLUE, SKY, VERMILLION
from ganstudio.gui.panels.quality import QualityPanel
from ganstudio.gui.threads import evaluation_thread
from ganstudio.gui.threads.evaluation_thread import EvaluationThread
from ganstudio.training.status import Phase

FORMAT = QImage.Format.Format_RGB32


def quality(step: int = 100, ratio: float = 20.0, run_id: str = "run", **changes) -> Quality:
    floor = Figure(0.5, 0.4, 0.6)
    figure = Figure(0.5 * ratio, 0.45 * ratio, 0.55 * ratio)
    shares = tuple(
        Rated(figure=Figure(share, share - 0.01, share + 0.01), floor=Figure(0.1, 0.09, 0.11))
        for share in np.arange(10) / 45
    )
    rng = np.random.default_rng(0)
    found = Quality(
        run_id=run_id,
        step=step,
        n=2000,
        network="digits-0123abcd",
        unfit=None,
        figures=dict.fromkeys(NAMES, Rated(figure=figure, floor=floor)),
        digits=shares,
        logits={
            name: rng.normal(size=300).astype(np.float32)
            for name in ("generated", "train", "held_out")
        },
        pixels={name: np.full(32, 1 / 32) for name in ("real", "generated")},
    )
    return replace(found, **changes)


@pytest.fixture
def panel(qtbot) -> QualityPanel:
    panel = QualityPanel()
    qtbot.addWidget(panel)
    panel.resize(660, 240)
    panel.show()
    panel.set_run(run("run"))
    return panel


def run(run_id: str, **changes):
    return run_info(run_id=run_id, **{"averaged": False, **changes})


def darken(panel: QualityPanel) -> None:
    dark, role = panel.palette(), QPalette.ColorRole
    dark.setColor(role.Window, QColor("#202020"))
    dark.setColor(role.Base, QColor("#101010"))
    dark.setColor(role.Text, QColor("#eeeeee"))
    dark.setColor(role.WindowText, QColor("#eeeeee"))
    panel.setPalette(dark)


class Busy:
    """Work that is under way."""

    fraction = 0.4
    cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Layouts(QObject):
    """Counts how often a widget is asked to lay its children out."""

    def __init__(self, widget) -> None:
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, _watched, event) -> bool:
        self.count += event.type() == QEvent.Type.LayoutRequest
        return False


def child(panel, name: str):
    (found,) = [widget for widget in panel.findChildren(object) if widget.objectName() == name]
    return found


def coloured(widget, colour: str) -> np.ndarray:
    """Return where the picture of a widget is of about this colour, (H, W) bool."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)[:, :, 2::-1]
    wanted = np.array(QColor(colour).getRgb()[:3])
    return (np.abs(pixels.astype(int) - wanted) < 12).all(2)


# The panel


def test_an_empty_panel_names_the_next_action(panel):
    assert "Judge now" in child(panel, "quality_empty").text()
    assert not child(panel, "quality_details").isEnabled()
    assert child(panel, "quality_now").isEnabled()


def test_what_is_like_no_digit_is_not_said_to_be_some(panel):
    noise = quality(ratio=1930.0)
    none = Rated(figure=Figure(0.002, 0.0, 0.004), floor=Figure(0.9, 0.8, 1.0))
    panel.add(replace(noise, figures={**noise.figures, "precision": none}))
    panel.resize(760, 240)
    headline = child(panel, "quality_headline")
    assert headline.text().endswith("1,930 (1,564 – 2,460) × real, n = 2,000 · hardly a digit")


def test_a_judgement_is_a_headline_and_two_charts(panel):
    panel.resize(760, 240)
    panel.add(quality(ratio=123.0))
    headline = child(panel, "quality_headline")
    assert headline.text().startswith("Step 100: ")
    assert headline.text().endswith("123 (99.6 – 157) × real, n = 2,000 · 9 of 10 digits")
    for part in ("9 of 10 digits", "2,000", "latest generator", "95 %", "digits-0123abcd"):
        assert part in headline.toolTip()
    QApplication.processEvents()
    dashes = coloured(child(panel, "quality_digits"), BLUE)
    assert dashes.any(1).sum() <= 5  # all real shares are equal here: one level
    assert dashes.any(0).sum() > 50  # ten dashes


def test_bars_are_as_high_as_the_shares(panel):
    panel.add(quality())
    QApplication.processEvents()
    chart = child(panel, "quality_digits")
    base = QColor(Qt.GlobalColor.white)
    bar = QColor(VERMILLION)
    mixed = [
        round((130 * getattr(bar, part)() + 125 * getattr(base, part)()) / 255)
        for part in ("red", "green", "blue")
    ]
    bars = coloured(chart, QColor(*mixed).name())
    view = chart.getViewBox()
    heights = []
    for digit in range(1, 10):
        x = chart.mapFromScene(view.mapViewToScene(QPointF(digit - 0.2, 1))).x()
        heights.append(bars[:, x].sum())
    # shares 1/45 … 9/45, but for what a dash and an interval cover
    slope = np.polyfit(range(1, 10), heights, 1)[0]
    assert slope > 5
    assert np.corrcoef(heights, range(1, 10))[0, 1] > 0.99


def test_points_come_in_the_order_of_the_steps_and_replace_each_other(panel):
    for step, ratio in ((200, 10.0), (100, 20.0), (200, 8.0)):
        panel.add(quality(step, ratio))
    chart = child(panel, "quality_ratios")
    np.testing.assert_allclose(chart._points[:, 0], [100, 200])
    np.testing.assert_allclose(chart._points[:, 1], [20, 8])
    np.testing.assert_allclose(chart._points[1, 1:], quality(200, 8.0).ratio)
    assert "8.00" in child(panel, "quality_headline").text()


def test_without_a_fitting_network_the_reason_stands_there(panel):
    reason = Phrase("unfit-colour", network="digits-0123abcd")
    panel.add(quality(unfit=reason, figures={}, digits=()))
    text = child(panel, "quality_empty").text()
    assert "No Fréchet distance" in text
    assert "sees grey images only" in text
    child(panel, "quality_details").click()  # D's opinion needs no features
    assert child(panel, "quality_opinions").isVisible()
    assert "Fréchet" not in child(panel, "quality_table").text()


def test_details_show_every_figure_with_its_interval_and_the_floor(panel, qtbot):
    panel.add(quality(ratio=20.0))
    qtbot.mouseClick(child(panel, "quality_details"), Qt.MouseButton.LeftButton)
    text = child(panel, "quality_table").text()
    for part in (
        "Fréchet distance",
        "KID",
        "Recall",
        "Coverage",
        "Digit 9",
        "10.0",
        "9.00\u202f–\u202f11.0",
    ):
        assert part in text
    assert "0.500" in text
    assert coloured(child(panel, "quality_pixels"), BLUE).any()


@pytest.mark.parametrize("judged_before", [True, False])
def test_the_dark_theme_is_followed(panel, judged_before: bool):
    if judged_before:
        panel.add(quality())
    darken(panel)
    QApplication.processEvents()
    if not judged_before:
        panel.add(quality())
    assert coloured(child(panel, "quality_ratios"), "#101010").mean() > 0.5


@pytest.mark.parametrize("ratio", [1.5, 42.0, 900.0])
def test_labels_of_the_ratio_do_not_overlap(panel, ratio: float):
    panel.add(quality(ratio=ratio))
    QApplication.processEvents()
    axis, canvas = child(panel, "quality_ratios").getAxis("left"), QImage(660, 240, FORMAT)
    painter = QPainter(canvas)
    _, _, labels = axis.generateDrawSpecs(painter)
    painter.end()
    spans = sorted((room.top(), room.bottom()) for room, _, text in labels if text)
    assert len(spans) >= 2
    assert all(above[1] <= below[0] for above, below in pairwise(spans))


def test_judging_is_due_after_half_a_minute_and_then_at_the_interval(panel):
    due = [seconds for seconds in range(1, 400) if panel.is_due(float(seconds))]
    assert due == [30, 150, 270, 390]
    panel.set_run(run("other"))
    assert not panel.is_due(10.0)
    assert panel.is_due(31.0)


def test_a_run_that_goes_on_is_judged_at_once(panel):
    assert panel.is_due(500.0)
    assert not panel.is_due(501.0)


def test_no_second_judgement_while_one_is_under_way_nor_unless_asked(panel, qtbot):
    work = Busy()
    panel.set_work(work)
    assert not panel.is_due(60.0)
    button = child(panel, "quality_now")
    assert button.text() == "Cancel (40 %)"
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert work.cancelled
    panel.set_work(None)
    assert button.text() == "Judge now"
    box = child(panel, "quality_interval")
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_End)
    box.activated.emit(box.currentIndex())
    assert box.currentText() == "When asked"
    assert not panel.is_due(9999.0)


def test_progress_lays_out_nothing_and_is_followed_only_while_it_is_seen(panel):
    work = Busy()
    panel.set_work(work)
    QApplication.processEvents()
    button = child(panel, "quality_now")
    seen = Layouts(panel)
    work.fraction = 1.0
    panel._look.timeout.emit()
    QApplication.processEvents()
    assert button.text() == "Cancel (100 %)"
    assert seen.count == 0
    assert panel._look.isActive()
    panel.hide()
    assert not panel._look.isActive()
    work.fraction = 0.7
    panel.show()
    assert panel._look.isActive()
    assert button.text() == "Cancel (70 %)"
    assert button.height() >= 26
    panel.set_work(None)
    assert not panel._look.isActive()
    child(panel, "quality_details").setText("Many more details")
    QApplication.processEvents()
    assert seen.count > 0, "it would be seen"


def test_the_headline_says_less_where_there_is_less_room_and_demands_none(panel):
    panel.resize(900, 240)
    least = panel.minimumSizeHint().width()
    panel.add(quality(ratio=123.0))
    headline = child(panel, "quality_headline")
    whole = headline.text()
    assert panel.minimumSizeHint().width() == least
    metrics, used = headline.fontMetrics(), panel.width() - headline.width()
    for text in (
        whole,
        "Step 100: 123 (99.6 – 157) × real, n = 2,000",
        "Step 100: 123 × real, n = 2,000",
        "Step 100: 123 × real",
        "123 × real",
    ):
        panel.resize(used + metrics.horizontalAdvance(text) + 1, 240)
        assert headline.text() == text
    assert headline.accessibleName() == whole
    assert headline.toolTip().splitlines()[0] == whole
    panel.resize(least, 240)
    assert headline.text() == "123 × real"
    panel.add(quality(ratio=123_456_789.0))
    assert headline.text() == "…", "half a number would be another one"
    assert "× real" in headline.accessibleName()


def test_the_table_can_be_reached_whole_in_a_narrow_panel(panel):
    panel.add(quality())
    child(panel, "quality_details").click()
    panel.resize(panel.minimumSizeHint().width(), 240)
    QApplication.processEvents()
    scroll = child(panel, "quality_figures")
    assert isinstance(scroll, QScrollArea)
    table = child(panel, "quality_table")
    table_width = table.minimumSizeHint().width()
    assert table_width > scroll.viewport().width(), "else nothing is shown here"
    assert table.width() >= table_width
    bar = scroll.horizontalScrollBar()
    assert bar.isVisible()
    assert bar.maximum() >= table_width - scroll.viewport().width()
    assert scroll.accessibleName()
    assert "KID" in table.accessibleDescription()
    assert "<" not in table.accessibleDescription()


def choose_interval(panel, qtbot, text: str) -> None:
    box = child(panel, "quality_interval")
    box.setCurrentIndex(box.findText(text))
    box.activated.emit(box.currentIndex())


def test_the_empty_page_promises_a_judgement_only_if_one_comes(panel, qtbot):
    empty = child(panel, "quality_empty")
    assert "half a minute" in empty.text()
    choose_interval(panel, qtbot, "When asked")
    assert "half a minute" not in empty.text()
    assert "Judge now" in empty.text()
    choose_interval(panel, qtbot, "Every minute")
    assert "half a minute" in empty.text()


def test_no_judgement_is_due_earlier_for_having_been_off(panel, qtbot):
    assert panel.is_due(30.0)
    choose_interval(panel, qtbot, "When asked")
    choose_interval(panel, qtbot, "Every 2 minutes")
    assert not panel.is_due(31.0)
    assert panel.is_due(150.0)


@pytest.mark.parametrize("damaged", ["soon", "", "7", "-30"])
def test_a_damaged_setting_is_no_interval(qtbot, damaged):
    QSettings().setValue("quality/interval", damaged)
    panel = QualityPanel()
    qtbot.addWidget(panel)
    assert child(panel, "quality_interval").currentText() == "Every 2 minutes"


def test_the_generator_that_is_judged_is_named(panel):
    panel.add(quality())
    headline, button = child(panel, "quality_headline"), child(panel, "quality_now")
    assert "averaged" not in headline.toolTip() + button.toolTip()
    panel.set_run(run("run", averaged=True))
    assert "averaged generator" in headline.toolTip()
    assert "averaged generator" in button.toolTip()


def test_legends_follow_the_theme(panel):
    panel.add(quality())
    child(panel, "quality_details").click()
    legend = panel._legends[0]
    assert BLUE.lower() in legend.text().lower()
    darken(panel)
    assert BLUE.lower() not in legend.text().lower()
    assert SKY.lower() in legend.text().lower()


def test_judgements_of_earlier_runs_come_back_with_them(panel):
    panel.add(quality(ratio=50.0))
    panel.set_run(run("other"))
    assert child(panel, "quality_headline").text() == ""
    panel.add(quality(ratio=40.0))  # late, of the run before
    assert child(panel, "quality_headline").text() == ""
    panel.set_run(run("run"))
    assert "40.0" in child(panel, "quality_headline").text()
    panel.set_run(run("other"))
    panel.keep_runs(set())
    panel.set_run(run("run"))
    assert child(panel, "quality_headline").text() == ""


def test_judgements_are_exported(panel, qtbot, tmp_path, monkeypatch):
    path = tmp_path / "quality.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    panel.add(quality(100))
    panel.add(quality(200))
    child(panel, "quality_details").click()
    with qtbot.waitSignal(panel.writer.message, timeout=WAIT):
        child(panel, "quality_export").click()
    with path.open() as file:
        assert [row["step"] for row in csv.DictReader(file)] == ["100", "200"]


# The thread


class FakeJudge:
    """Judges at once; the dataset says how."""

    made = 0

    def __init__(self, dataset, work) -> None:
        type(self).made += 1
        # as training does; a thread that has computed nothing yet would take this for its own
        other = threading.Thread(target=torch.set_num_threads, args=(2,))
        other.start()
        other.join()
        if dataset == "broken":
            raise ValueError("no such luck")

    def evaluate(self, snapshot, n, work):
        while snapshot == "endless":
            work.at(0.5)  # until it is cancelled
        return snapshot, n, torch.get_num_threads()


@pytest.fixture
def thread(qtbot, monkeypatch):
    monkeypatch.setattr(judge_module, "Judge", FakeJudge)
    FakeJudge.made = 0
    count = torch.get_num_threads()
    thread = EvaluationThread()
    thread.start()
    yield thread
    thread.stop()
    torch.set_num_threads(count)


def test_the_thread_judges_with_one_of_torchs_threads(qtbot, thread):
    answers = []
    thread.evaluated.connect(answers.append)
    for snapshot in ("first", "second"):
        with qtbot.waitSignal(thread.ended, timeout=WAIT):
            work = thread.ask(snapshot, "data")
        assert work.ended
    assert answers == [(name, evaluation_thread.SAMPLES, 1) for name in ("first", "second")]
    assert FakeJudge.made == 1  # real images are looked at once


def test_the_thread_keeps_no_model_and_nothing_of_another_dataset(qtbot, thread):
    class Thing:
        pass

    snapshot, first, second = Thing(), Thing(), Thing()
    kept = weakref.ref(snapshot), weakref.ref(first)
    thread.evaluated.connect(lambda _answer: None)
    with qtbot.waitSignal(thread.ended, timeout=WAIT):
        thread.ask(snapshot, first)
    del snapshot
    qtbot.waitUntil(lambda: kept[0]() is None, timeout=WAIT)
    thread.forget_others(first)
    with qtbot.waitSignal(thread.ended, timeout=WAIT):
        thread.ask("again", first)
    assert FakeJudge.made == 1, "it still knows it"
    thread.forget_others(second)
    del first
    qtbot.waitUntil(lambda: kept[1]() is None, timeout=WAIT)


def test_the_thread_tells_what_failed_and_goes_on(qtbot, thread):
    failures = []
    thread.failed.connect(failures.append)
    with qtbot.waitSignal(thread.ended, timeout=WAIT):
        thread.ask("first", "broken")
    (error,) = failures
    assert isinstance(error, StudioError)
    assert "no such luck" in str(error)
    with qtbot.waitSignal(thread.evaluated, timeout=WAIT):
        thread.ask("second", "data")


def test_judging_can_be_cancelled_and_the_thread_ended_in_the_middle(qtbot, thread):
    failures = []
    thread.failed.connect(failures.append)
    with qtbot.waitSignal(thread.ended, timeout=WAIT):
        thread.ask("endless", "data").cancel()
    thread.ask("endless", "data")
    thread.stop()
    assert not failures
    assert not thread.isRunning()


# The window


def test_the_window_judges_when_asked(qtbot, open_window, monkeypatch):
    monkeypatch.setattr(evaluation_thread, "SAMPLES", 60)
    monkeypatch.setattr(judge_module, "REFERENCE", 80)
    window = open_window()
    qtbot.waitUntil(lambda: window.session.status.phase is Phase.READY, timeout=WAIT)
    dock = next(d for d in window._docks if d.objectName() == "quality_dock")
    dock.raise_()
    with qtbot.waitSignal(window.session.evaluating.evaluated, timeout=WAIT):
        qtbot.mouseClick(child(window.quality, "quality_now"), Qt.MouseButton.LeftButton)
    button = child(window.quality, "quality_now")
    qtbot.waitUntil(lambda: button.text() == "Judge now", timeout=WAIT)
    assert "× real" in child(window.quality, "quality_headline").text()


def test_an_earlier_step_shows_what_was_known_then(panel):
    for step, ratio in ((100, 20.0), (200, 10.0), (300, 5.0)):
        panel.add(quality(step, ratio))
    headline = child(panel, "quality_headline")
    assert "5.00" in headline.accessibleName()
    panel.set_past(250)
    assert "10.0" in headline.accessibleName()
    panel.set_past(50)
    assert child(panel, "quality_empty").text() == "Not judged up to step 50."
    panel.set_past(None)
    assert "5.00" in headline.accessibleName()


def test_a_branch_was_judged_as_the_run_that_it_left(panel):
    for step, ratio in ((100, 20.0), (300, 5.0)):
        panel.add(quality(step, ratio))
    panel.set_run(run("branch", parent=("run", 200)))
    headline = child(panel, "quality_headline")
    assert "20.0" in headline.accessibleName()
    panel.add(quality(250, 8.0, "branch"))
    assert "8.00" in headline.accessibleName()
    panel.set_run(run("run"))
    assert "5.00" in headline.accessibleName()
