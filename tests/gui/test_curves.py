import csv
import dataclasses
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hands import WAIT, child
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QAction, QColor, QMouseEvent, QPalette, QPixmap, QWheelEvent
from PySide6.QtWidgets import QApplication, QComboBox, QFileDialog, QLabel, QToolButton, QWidget
from pytestqt.qtbot import QtBot
from runs import CURVES, run_info

from ganstudio.errors import StudioError
from ganstudio.gui.colours import BLUE, GREEN, VERMILLION
from ganstudio.gui.panels.curves import CurvesPanel, Kind
from ganstudio.gui.widgets.series import XAxis, ema, latest, nearest_row, read, y_range
from ganstudio.training.history import COLUMNS, History
from ganstudio.training.status import RunInfo

LN2 = math.log(2)
LEVELS = {"real_loss": 0.4, "fake_loss": 0.6, "g_loss": 0.8, "real_score": 0.7, "fake_score": 0.3}


def block(n: int, start: int = 0, **values: Any) -> np.ndarray:
    """Steps whose columns are constant, unless `values` names others."""
    steps = np.arange(start + 1, start + n + 1)
    table = {**LEVELS, "epoch": steps / 100, "seconds": steps / 20, **values}
    rows = [np.broadcast_to(table.get(name, 1.0), n) for name in COLUMNS]
    return np.array(rows, np.float32)


def history_of(n: int, **values: Any) -> History:
    history = History()
    history.append(block(n, **values))
    return history


def info(history: History, loss: float | None = LN2, score: float | None = 0.5) -> RunInfo:
    return run_info(
        run_id="r",
        averaged=False,
        history=history,
        curves=dataclasses.replace(
            CURVES, score_range=(0, 1), loss_reference=loss, score_reference=score
        ),
    )


@pytest.fixture
def panel(qtbot: QtBot) -> Iterator[CurvesPanel]:
    panel = CurvesPanel(kind=Kind.LOSSES)
    qtbot.addWidget(panel)
    panel.resize(560, 230)
    panel.show()
    qtbot.waitExposed(panel)
    yield panel
    panel.hide()


def count(widget: QWidget, colour: str | QColor, tolerance: int = 12) -> int:
    """Pixels of (nearly) a colour."""
    image = widget.grab().toImage().convertToFormat(widget.grab().toImage().Format.Format_RGB32)
    shape = (image.height(), image.bytesPerLine() // 4, 4)
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(shape)[..., 2::-1].astype(int)
    wanted = QColor(colour).getRgb()[:3]
    return int((abs(pixels - wanted).max(axis=2) <= tolerance).sum())


def at(panel: CurvesPanel, x: float) -> QPoint:
    """Where x lies in the plot's viewport."""
    view = panel.plot.getViewBox()
    middle = sum(panel.plot.y_range()) / 2
    return panel.plot.mapFromScene(view.mapViewToScene(QPointF(x, middle)))


def shows_up_to(panel: CurvesPanel, end: float) -> bool:
    """Return whether x runs from 0 to this or little further: it grows in steps."""
    low, high = panel.plot.x_range()
    return low == 0 and end <= high <= 1.06 * end


def wheel(panel: CurvesPanel, where: QPoint, delta: int = 240) -> None:
    viewport = panel.plot.viewport()
    event = QWheelEvent(
        QPointF(where),
        QPointF(viewport.mapToGlobal(where)),
        QPoint(),
        QPoint(0, delta),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(viewport, event)


def hover(panel: CurvesPanel, where: QPoint) -> None:
    viewport = panel.plot.viewport()
    event = QMouseEvent(
        QEvent.Type.MouseMove,
        QPointF(where),
        QPointF(viewport.mapToGlobal(where)),
        Qt.MouseButton.NoButton,
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(viewport, event)


# numbers


def test_ema_weighs_half_after_its_half_life() -> None:
    steps = np.concatenate([np.zeros(2000), np.ones(300)])
    smooth = ema(steps, 0.5 ** (1 / 30))
    assert smooth[2000 + 29] == pytest.approx(0.5, abs=1e-6)
    assert smooth[2000 + 59] == pytest.approx(0.75, abs=1e-6)


def test_ema_equals_its_definition_and_keeps_gaps() -> None:
    x = np.random.default_rng(0).normal(size=50)
    x[[0, 7, 8, 30]] = np.nan
    smooth, top, weight = ema(x, 0.9), 0.0, 0.0
    for value, got in zip(x, smooth, strict=True):
        top, weight = 0.9 * top, 0.9 * weight
        if math.isfinite(value):
            top, weight = top + value, weight + 1
            assert got == pytest.approx(top / weight)
        else:
            assert math.isnan(got)


def test_smoothing_does_not_depend_on_the_view() -> None:
    rng = np.random.default_rng(1)
    history = history_of(5000, g_loss=rng.normal(size=5000))
    whole = ema(history.column("g_loss"), 0.5 ** (1 / 100))
    part = read(history, "g_loss", 3000, 3400, points=400, half_life=100)
    np.testing.assert_array_equal(part.rows, np.arange(3000, 3400))
    np.testing.assert_allclose(part.smooth, whole[3000:3400], atol=0.02)
    assert latest(history, "g_loss", 100) == pytest.approx(whole[-1], abs=0.02)


def test_series_are_few_and_keep_spikes() -> None:
    values = np.full(100_000, 0.5, np.float32)
    values[77_777] = 40
    series = read(history_of(100_000, g_loss=values), "g_loss", 0, 100_000, points=250, half_life=0)
    assert 250 <= len(series.rows) <= 510
    assert series.high.max() == 40


def test_range_ignores_a_spike_and_includes_a_near_reference() -> None:
    values = np.random.default_rng(2).uniform(1, 2, 500)
    values[100] = 1000
    low, high = y_range([(values, values)], None)
    assert 0.9 < low < 1.1
    assert 1.9 < high < 2.3
    assert y_range([(values, values)], 0.5)[0] == 0.5
    assert y_range([(values, values)], -30)[0] > 0.9


def test_range_of_a_constant_of_nothing_and_of_few() -> None:
    low, high = y_range([(np.full(9, 3.0), np.full(9, 3.0))], None)
    assert low < 3 < high
    low, high = y_range([(np.array([np.nan]), np.array([np.nan]))], None)
    assert low < high
    assert y_range([(np.array([1.0, 2.0]), np.array([1.0, 2.0]))], None) == (1, 2)


@pytest.mark.parametrize("axis", XAxis)
def test_nearest_row(axis: XAxis) -> None:
    history = history_of(200)
    scale = {XAxis.STEP: 1, XAxis.EPOCH: 1 / 100, XAxis.SECONDS: 1 / 20}[axis]
    assert nearest_row(history, axis, 50.4 * scale) == 49
    assert nearest_row(history, axis, 50.6 * scale) == 50
    assert nearest_row(history, axis, -9) == 0
    assert nearest_row(history, axis, 9e9) == 199


# drawing


def test_empty_says_what_to_do(panel: CurvesPanel) -> None:
    label = child(panel, QLabel, "empty")
    assert label.isVisible()
    assert "Start (F5)" in label.text()
    assert panel.is_empty()
    assert not child(panel, QAction, "export_csv").isEnabled()
    panel.set_run(info(History()))
    panel.refresh()
    assert label.isVisible()

    panel.set_run(info(History.unknown(9370, 10.0, 100.0)))
    assert label.isVisible()
    assert "no losses of its 9,370 steps" in label.text()
    panel.set_run(info(History()))
    assert "once training starts" in label.text()


def test_curves_appear_once_the_run_has_steps(panel: CurvesPanel) -> None:
    history = History()
    panel.set_run(info(history))
    history.append(block(50))
    panel.refresh()
    assert not child(panel, QLabel, "empty").isVisible()
    assert not panel.is_empty()
    for colour in (BLUE, VERMILLION, GREEN):
        assert count(panel.plot, colour) > 100


def test_growth_is_drawn(panel: CurvesPanel) -> None:
    history = history_of(50)
    panel.set_run(info(history))
    history.append(block(150, 50))
    panel.refresh()
    assert shows_up_to(panel, 200)
    assert panel._series["g_loss"].rows[-1] == 199


def test_nothing_is_drawn_while_hidden(panel: CurvesPanel) -> None:
    history = history_of(50)
    panel.set_run(info(history))
    panel.hide()
    history.append(block(50, 50))
    panel.refresh()
    assert panel.plot.x_range() == (0, 50)
    panel.show()
    assert shows_up_to(panel, 100)


def test_growth_below_a_pixel_costs_no_drawing(panel: CurvesPanel, qtbot: QtBot) -> None:
    history = history_of(20_000)
    panel.set_run(info(history))
    child(panel, QComboBox, "smoothing").setCurrentIndex(0)
    history.append(block(5, 20_000, g_loss=0.125))
    panel.refresh()
    assert panel.plot.x_range() == (0, 20_000)
    assert "0.125" in child(panel, QToolButton, "legend_g_loss").caption()
    history.append(block(500, 20_005))
    panel.refresh()
    assert shows_up_to(panel, 20_505)


def test_legend_click_hides_and_shows_a_curve(panel: CurvesPanel, qtbot: QtBot) -> None:
    panel.set_run(info(history_of(300)))
    button = child(panel, QToolButton, "legend_fake_loss")
    before = count(panel.plot, VERMILLION)
    assert before > 100
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert count(panel.plot, VERMILLION) == 0
    assert count(panel.plot, BLUE) > 100
    button.setFocus()
    qtbot.keyClick(button, Qt.Key.Key_Space)
    assert count(panel.plot, VERMILLION) > 100


def test_scores_panel_shows_scores(qtbot: QtBot) -> None:
    panel = CurvesPanel(kind=Kind.SCORES)
    qtbot.addWidget(panel)
    panel.resize(560, 230)
    panel.show()
    panel.set_run(info(history_of(300)))
    assert list(panel._series) == ["real_score", "fake_score"]
    assert "0.700" in child(panel, QToolButton, "legend_real_score").caption()
    assert panel.plot.reference_label() == "0.5"
    assert count(panel.plot, BLUE) > 100


def test_spike_does_not_flatten_the_rest(panel: CurvesPanel) -> None:
    spiky = np.full(1000, 0.8)
    spiky[500] = 5000
    panel.set_run(info(history_of(1000, g_loss=spiky)))
    assert panel.plot.y_range()[1] < 2


def test_gaps_of_manual_steps_are_no_zeros_and_no_crash(panel: CurvesPanel) -> None:
    gaps = np.full(60, 0.8)
    gaps[10:50] = np.nan
    panel.set_run(info(history_of(60, g_loss=gaps, real_loss=np.nan), loss=None))
    low, _ = panel.plot.y_range()
    assert low > 0.3
    assert count(panel.plot, BLUE) == 0
    assert 0 < count(panel.plot, GREEN) < count_without_gaps(panel)
    assert child(panel, QToolButton, "legend_real_loss").caption() == "real –"


def count_without_gaps(panel: CurvesPanel) -> int:
    panel.set_run(info(history_of(60, real_loss=np.nan), loss=None))
    return count(panel.plot, GREEN)


def test_single_steps_between_gaps_are_seen(panel: CurvesPanel) -> None:
    values = np.full(21, np.nan)
    values[10] = 0.8
    panel.set_run(info(history_of(21, g_loss=values)))
    assert count(panel.plot, GREEN, 60) > 0


def test_reference_line_is_labelled_and_can_go(panel: CurvesPanel) -> None:
    panel.set_run(info(history_of(100)))
    line = panel.plot._reference
    assert line.isVisible()
    assert line.value() == pytest.approx(LN2)
    assert panel.plot.reference_label() == "ln 2 = 0.693"
    action = child(panel, QAction, "reference")
    action.trigger()
    assert not line.isVisible()
    assert panel.plot.reference_label() == ""
    action.trigger()
    panel.set_run(info(history_of(100), loss=None))
    assert not line.isVisible()
    assert not action.isEnabled()


def label_pixels(panel: CurvesPanel) -> int:
    """Pixels of text right of the curves."""
    QApplication.processEvents()
    plot = panel.plot
    right = plot.mapFromScene(plot.getViewBox().sceneBoundingRect()).boundingRect().right()
    image = plot.grab().toImage()
    text = plot.palette().text().color()
    return sum(
        abs(image.pixelColor(x, y).lightness() - text.lightness()) < 60
        for x in range(right + 2, image.width())
        for y in range(image.height())
    )


@pytest.mark.parametrize("levels", [(0, 9), (LN2, 5000), (-5000, LN2), (LN2 - 0.1, 5)])
def test_the_reference_is_named_beside_the_curves_and_never_clipped(
    panel: CurvesPanel, levels: tuple[float, float]
) -> None:
    panel.set_run(info(history_of(300, g_loss=np.linspace(0.3, 1.2, 300))))
    whole = label_pixels(panel)
    assert whole > 50
    panel.set_run(info(history_of(300, **dict.fromkeys(LEVELS, np.linspace(*levels, 300)))))
    assert abs(label_pixels(panel) - whole) < 0.1 * whole
    child(panel, QAction, "reference").trigger()
    assert label_pixels(panel) == 0


def test_the_newest_of_the_curves_is_not_covered(panel: CurvesPanel) -> None:
    panel.set_run(info(history_of(300, g_loss=LN2 + 0.01)))
    QApplication.processEvents()
    plot = panel.plot
    view = plot.mapFromScene(plot.getViewBox().sceneBoundingRect()).boundingRect()
    image = plot.grab().toImage()
    for x in range(view.right() - 80, view.right() - 2):
        column = [image.pixelColor(x, y) for y in range(view.top(), view.bottom())]
        assert any(abs(colour.blue() - 0xB2) < 12 and colour.red() < 12 for colour in column), x


def noisy(n: int) -> dict[str, np.ndarray]:
    """Three losses near each other under noise with ever more spikes, as of a long run."""
    rng = np.random.default_rng(5)
    noise = np.exp(np.linspace(0.2, 0.5, n) * rng.standard_normal((3, n)))
    noise[rng.random((3, n)) < 2e-3] *= 6
    return dict(zip(LEVELS, np.array([[0.70], [0.69], [0.79]]) * noise, strict=False))


@pytest.mark.parametrize("logarithmic", [False, True])
def test_smoothed_curves_can_be_told_apart_after_long_training(
    panel: CurvesPanel, logarithmic: bool
) -> None:
    values = noisy(24_000)
    if logarithmic:
        values["real_loss"][::500] = 1e-8
        child(panel, QAction, "logarithmic").trigger()
    panel.set_run(info(history_of(24_000, **values)))
    low, high = panel.plot.y_range()
    drawn = panel.plot._smooth
    curves = [drawn[name].get_data()[1] for name in ("real_loss", "fake_loss", "g_loss")]
    assert low < np.nanmedian(curves) < high
    apart = np.nanmedian(curves[2]) - np.nanmedian(curves[0])
    height = panel.plot.getViewBox().sceneBoundingRect().height()
    assert apart / (high - low) * height > 8
    steps = history_of(24_000, **values).column("g_loss")
    shown = (np.log10(steps) if logarithmic else steps) <= high
    assert 0.8 < shown.mean() < 0.9999


def test_logarithmic_axis_masks_what_has_no_logarithm(panel: CurvesPanel, qtbot: QtBot) -> None:
    falling = np.geomspace(100, 0.01, 300)
    falling[100:200] = -1
    panel.set_run(info(history_of(300, g_loss=falling)))
    child(panel, QComboBox, "smoothing").setCurrentIndex(0)
    child(panel, QAction, "logarithmic").trigger()
    low, high = panel.plot.y_range()
    assert -2.5 < low < -1
    assert 1 < high < 2.5
    _, y = panel.plot._smooth["g_loss"].get_data()
    assert np.isnan(y).sum() == 100
    assert y[0] == pytest.approx(2)
    assert panel.plot._reference.value() == pytest.approx(math.log10(LN2))
    assert "0.1" in panel.plot.getAxis("left").tickStrings([-1.0], 1.0, 1.0)
    assert count(panel.plot, GREEN) > 30


@pytest.mark.parametrize(
    ("index", "label", "end"), [(0, "step", 400), (1, "epoch", 4), (2, "seconds", 20)]
)
def test_x_axis(panel: CurvesPanel, index: int, label: str, end: float) -> None:
    panel.set_run(info(history_of(400)))
    child(panel, QComboBox, "x_axis").setCurrentIndex(index)
    assert panel.plot.getAxis("bottom").labelText == label
    assert panel.plot.x_range() == pytest.approx((0, end))
    x, _ = panel.plot._smooth["g_loss"].get_data()
    assert x[-1] == pytest.approx(end)


def test_steps_are_written_out() -> None:
    axis = CurvesPanel(kind=Kind.LOSSES).plot.getAxis("bottom")
    assert axis.tickStrings([0, 1e6, 2e6], 1, 1e6) == ["0", "1,000,000", "2,000,000"]
    assert axis.tickStrings([0.5, 1.0], 1, 0.5) == ["0.5", "1.0"]


def test_smoothing_choice_changes_the_strong_line(panel: CurvesPanel, qtbot: QtBot) -> None:
    values = np.tile([0.5, 1.5], 150)
    panel.set_run(info(history_of(300, g_loss=values)))
    combo = child(panel, QComboBox, "smoothing")
    combo.setCurrentIndex(combo.findData(0))
    assert np.ptp(panel.plot._smooth["g_loss"].get_data()[1]) == 1
    combo.setFocus()
    for _ in range(3):
        qtbot.keyClick(combo, Qt.Key.Key_Down)
    assert combo.currentData() == 100
    assert np.ptp(panel.plot._smooth["g_loss"].get_data()[1][100:]) < 0.02


def test_theme_change_recolours(panel: CurvesPanel, qapp: QApplication) -> None:
    panel.set_run(info(history_of(300)))
    dark = QPalette(QColor(50, 50, 50))
    dark.setColor(QPalette.ColorRole.Base, QColor(30, 30, 30))
    panel.setPalette(dark)
    assert count(panel.plot, QColor(30, 30, 30)) > 10_000
    assert count(panel.plot, BLUE) == 0


# the view


def test_wheel_zoom_keeps_its_view_until_follow(panel: CurvesPanel, qtbot: QtBot) -> None:
    history = history_of(1000)
    panel.set_run(info(history))
    follow = child(panel, QToolButton, "follow")
    assert not follow.isVisible()
    wheel(panel, at(panel, 300))
    zoomed = panel.plot.x_range()
    assert follow.isVisible()
    assert 0 < zoomed[0] < 300 < zoomed[1] < 1000
    history.append(block(1000, 1000))
    panel.refresh()
    assert panel.plot.x_range() == zoomed
    qtbot.mouseClick(follow, Qt.MouseButton.LeftButton)
    assert panel.plot.x_range() == (0, 2000)
    assert not follow.isVisible()


def test_no_zoom_leaves_the_run(panel: CurvesPanel) -> None:
    history = history_of(1000)
    panel.set_run(info(history))
    for x, delta in ((300, -960), (900, 960), (900, -1920), (10, -960)):
        wheel(panel, at(panel, x), delta)
        low, high = panel.plot.x_range()
        assert low >= 0
        assert high <= 1.06 * 1000
    history.append(block(1000, 1000))
    panel.refresh()
    for _ in range(9):
        wheel(panel, at(panel, 500), -960)
    assert shows_up_to(panel, 2000)


def test_the_crosshair_stays_at_the_mouse_while_the_wheel_zooms(panel: CurvesPanel) -> None:
    panel.set_run(info(history_of(1000)))
    where = at(panel, 700)
    hover(panel, where)
    for delta in (480, 480, -240, -1920):
        wheel(panel, where, delta)
        line = panel.plot._crosshair.value()
        assert abs(at(panel, line).x() - where.x()) <= 2
        assert f"step {line:,.0f}<" in panel.plot.readout()


def test_zoom_shows_finer_steps(panel: CurvesPanel) -> None:
    panel.set_run(info(history_of(100_000)))
    before = np.diff(panel._series["g_loss"].rows)[0]
    for _ in range(20):
        wheel(panel, at(panel, 30_000), 480)
    assert np.diff(panel._series["g_loss"].rows)[0] < before / 10


def test_drag_pans_and_double_click_follows(panel: CurvesPanel, qtbot: QtBot) -> None:
    panel.set_run(info(history_of(1000)))
    viewport = panel.plot.viewport()
    wheel(panel, at(panel, 500), 480)  # there is nothing to pan to from the whole run
    before = panel.plot.x_range()[0]
    start = at(panel, 500)
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=start)
    for step in (20, 60, 120):
        where = start - QPoint(step, 0)
        event = QMouseEvent(
            QEvent.Type.MouseMove,
            QPointF(where),
            QPointF(viewport.mapToGlobal(where)),
            Qt.MouseButton.NoButton,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(viewport, event)
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=start - QPoint(120, 0))
    assert panel.plot.x_range()[0] > before + 50
    assert child(panel, QToolButton, "follow").isVisible()
    qtbot.mouseDClick(viewport, Qt.MouseButton.LeftButton, pos=start)
    assert panel.plot.x_range() == (0, 1000)
    assert not child(panel, QToolButton, "follow").isVisible()


def test_wheel_on_the_y_axis_zooms_values(panel: CurvesPanel) -> None:
    history = history_of(100)
    panel.set_run(info(history))
    whole = panel.plot.y_range()
    view = panel.plot.getViewBox().sceneBoundingRect()
    wheel(panel, panel.plot.mapFromScene(view.center() - QPointF(view.width() / 2 + 10, 0)))
    zoomed = panel.plot.y_range()
    assert whole[0] < zoomed[0] < zoomed[1] < whole[1]
    history.append(block(100, 100))
    panel.refresh()
    assert panel.plot.y_range() == zoomed
    assert shows_up_to(panel, 200)  # which goes on following


def test_keyboard_zooms_and_follows(panel: CurvesPanel, qtbot: QtBot) -> None:
    panel.set_run(info(history_of(1000)))
    qtbot.keyClick(panel.plot, Qt.Key.Key_Plus)
    assert panel.plot.x_range() == pytest.approx((150, 850))
    qtbot.keyClick(panel.plot, Qt.Key.Key_Minus)
    assert panel.plot.x_range() == pytest.approx((0, 1000))
    assert child(panel, QToolButton, "follow").isVisible()
    qtbot.keyClick(panel.plot, Qt.Key.Key_Home)
    assert not child(panel, QToolButton, "follow").isVisible()


def test_another_run_is_shown_whole(panel: CurvesPanel) -> None:
    panel.set_run(info(history_of(1000)))
    wheel(panel, at(panel, 300))
    hover(panel, at(panel, 300))
    panel.set_run(info(history_of(20)))
    assert panel.plot.x_range() == (0, 20)
    assert panel.plot.readout() == ""
    panel.set_run(info(History()))
    assert child(panel, QLabel, "empty").isVisible()
    assert child(panel, QToolButton, "legend_g_loss").caption() == "G"


# the crosshair


def test_crosshair_tells_the_history_at_that_step(panel: CurvesPanel, qtbot: QtBot) -> None:
    rng = np.random.default_rng(3)
    history = history_of(200, real_loss=rng.uniform(0.1, 0.9, 200))
    panel.set_run(info(history))
    hover(panel, at(panel, 150))
    step = round(panel.plot._crosshair.value())
    assert abs(step - 150) <= 1
    text = panel.plot.readout()
    assert f"step {step}<" in text
    assert f"<b>{history.column('real_loss')[step - 1]:#.3g}</b>" in text
    assert "<b>0.600</b>" in text
    assert "<b>0.800</b>" in text
    QApplication.sendEvent(panel.plot, QEvent(QEvent.Type.Leave))
    assert panel.plot.readout() == ""
    assert not panel.plot._crosshair.isVisible()


@pytest.mark.parametrize("size", [(420, 180), (560, 230)])
def test_readout_stays_within_the_plot(panel: CurvesPanel, size: tuple[int, int]) -> None:
    panel.resize(*size)
    panel.set_run(info(history_of(200)))
    child(panel, QComboBox, "x_axis").setCurrentIndex(1)
    label = child(panel.plot, QLabel, "readout")
    for x in (0.02, 0.7, 1.0, 1.3, 1.98):
        hover(panel, at(panel, x))
        assert "epoch" in panel.plot.readout()
        assert panel.plot.rect().contains(label.geometry())
        line = at(panel, panel.plot._crosshair.value()).x()
        assert not label.geometry().left() <= line <= label.geometry().right()


def test_hidden_curves_are_not_read_out(panel: CurvesPanel, qtbot: QtBot) -> None:
    panel.set_run(info(history_of(200)))
    qtbot.mouseClick(child(panel, QToolButton, "legend_fake_loss"), Qt.MouseButton.LeftButton)
    hover(panel, at(panel, 100))
    assert "real" in panel.plot.readout()
    assert "fake" not in panel.plot.readout()


def test_arrows_move_the_crosshair(panel: CurvesPanel, qtbot: QtBot) -> None:
    panel.set_run(info(history_of(101)))
    panel.plot.setFocus()
    qtbot.keyClick(panel.plot, Qt.Key.Key_Right)
    middle = panel.plot._crosshair.value()
    qtbot.keyClick(panel.plot, Qt.Key.Key_Right)
    assert panel.plot._crosshair.value() == middle + 1
    qtbot.keyClick(panel.plot, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert panel.plot._crosshair.value() == middle - 9
    assert f"step {middle - 9:.0f}<" in panel.plot.readout()
    child(panel, QToolButton, "more").setFocus()
    assert panel.plot.readout() == ""


# manners


def test_everything_fits_and_has_a_name(panel: CurvesPanel) -> None:
    panel.set_run(info(history_of(100)))
    assert child(panel, QToolButton, "legend_g_loss").caption() == "G 0.800"
    panel.resize(420, 180)
    wheel(panel, at(panel, 50))
    QApplication.processEvents()
    assert child(panel, QToolButton, "legend_g_loss").caption() == "G 0.800", "in two rows"
    controls = [*panel.bar.findChildren(QToolButton), *panel.bar.findChildren(QComboBox)]
    controls = [widget for widget in controls if widget.isVisible()]
    right = row = 0
    for widget in sorted(controls, key=lambda w: w.mapTo(panel, QPoint()).toTuple()[::-1]):
        top = widget.mapTo(panel, QPoint()).y()
        row, right = (top, 0) if top > row + 12 else (row, right)
        assert widget.objectName()
        assert widget.accessibleName()
        assert widget.toolTip()
        assert widget.width() >= 24
        assert widget.height() >= 24
        assert widget.mapTo(panel, QPoint()).x() >= right
        right = widget.mapTo(panel, QPoint()).x() + widget.width()
        if widget.objectName().startswith("legend"):
            assert widget.width() >= widget.minimumSizeHint().width()
        assert right <= 420
    assert panel.width() == 420
    panel.resize(240, 180)
    QApplication.processEvents()
    assert panel.width() == 240
    assert child(panel, QToolButton, "legend_g_loss").caption() == "G", "no room at all"


def enlarge(widget: QWidget, zoom: float) -> None:
    font = widget.font()
    font.setPointSizeF(font.pointSizeF() * zoom)
    widget.setFont(font)
    QApplication.processEvents()


def test_the_plots_texts_grow_and_stay_apart(panel: CurvesPanel) -> None:
    panel.set_run(info(history_of(100)))
    QApplication.processEvents()
    texts = [panel.plot.getAxis(name).label for name in ("bottom", "left")]
    before = [text.boundingRect().height() for text in texts]
    margin = panel.plot._margin.width()
    enlarge(panel, 2)
    assert panel.plot._margin.width() > 1.6 * margin
    for text, height in zip(texts, before, strict=True):
        assert text.boundingRect().height() > 1.6 * height
    for name in ("smoothing", "x_axis"):
        box = child(panel, QComboBox, name)
        assert box.height() >= box.fontMetrics().height() + 2, "its text is whole"
    scene = panel.plot.viewport().rect()
    for text in texts:
        assert QRectF(scene).contains(text.mapRectToScene(text.boundingRect()).center())
    enlarge(panel, 0.5)
    assert [text.boundingRect().height() for text in texts] == before


def test_wheel_leaves_unfocused_choices_alone(panel: CurvesPanel) -> None:
    combo = child(panel, QComboBox, "smoothing")
    before = combo.currentIndex()
    centre = combo.rect().center()
    event = QWheelEvent(
        QPointF(centre),
        QPointF(combo.mapToGlobal(centre)),
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(combo, event)
    assert combo.currentIndex() == before


# files


def test_csv_holds_the_history(
    panel: CurvesPanel, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(4)
    history = history_of(40, g_loss=rng.normal(size=40))
    panel.set_run(info(history))
    path = tmp_path / "curves.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    with qtbot.waitSignal(panel.writer.message, timeout=WAIT) as blocker:
        child(panel, QAction, "export_csv").trigger()
    assert blocker.args == [f"Saved {path}"]
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == list(range(1, 41))
    for name in COLUMNS:
        got = [float(row[name]) for row in rows]
        np.testing.assert_allclose(got, history.column(name), rtol=1e-6)


def test_png_shows_legend_and_curves_at_twice_the_size(
    panel: CurvesPanel, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel.set_run(info(history_of(100)))
    path = tmp_path / "plot.png"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    with qtbot.waitSignal(panel.writer.message, timeout=WAIT):
        child(panel, QAction, "export_png").trigger()
    picture = QLabel()
    qtbot.addWidget(picture)
    picture.setPixmap(QPixmap(str(path)))
    assert picture.pixmap().width() == 2 * panel.plot.width()
    assert picture.pixmap().height() > 2 * panel.plot.height()
    picture.resize(picture.pixmap().size())
    assert count(picture, BLUE) > count(panel.plot, BLUE)


@pytest.mark.parametrize(
    ("export", "can_cancel"), [("export_history", True), ("export_png", False)]
)
def test_only_what_can_be_cancelled_offers_it(
    panel: CurvesPanel, qtbot: QtBot, tmp_path: Path, export: str, can_cancel: bool
) -> None:
    panel.set_run(info(history_of(10)))
    written = qtbot.waitSignal(panel.writer.message, timeout=WAIT)
    with written, qtbot.waitSignal(panel.writer.work_began) as began:
        getattr(panel, export)(tmp_path / "file")
    _, work = began.args
    assert work.can_cancel is can_cancel


@pytest.mark.parametrize("export", ["export_history", "export_png"])
def test_unwritable_folder(panel: CurvesPanel, qtbot: QtBot, tmp_path: Path, export: str) -> None:
    panel.set_run(info(history_of(10)))
    path = tmp_path / "missing" / "file"
    with qtbot.waitSignal(panel.writer.failed, timeout=WAIT) as blocker:
        getattr(panel, export)(path)
    error = blocker.args[0]
    assert isinstance(error, StudioError)
    assert error.code == "cannot-write"
    assert error.fields["path"] == path
    assert list(tmp_path.rglob("file")) == []


def test_a_cancelled_dialog_writes_nothing(
    panel: CurvesPanel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel.set_run(info(history_of(10)))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("", ""))
    with qtbot.assertNotEmitted(panel.writer.message), qtbot.assertNotEmitted(panel.writer.failed):
        child(panel, QAction, "export_csv").trigger()


def test_an_objective_explains_itself_and_pairs_are_called_so(panel: CurvesPanel) -> None:
    plain = info(history_of(5))
    panel.set_run(plain)
    real = child(panel, QToolButton, "legend_real_loss")
    assert real.caption().startswith("real")
    for words in (plain.curves.sentence, plain.curves.formula, "real images"):
        assert words in real.toolTip()
    pairs = dataclasses.replace(plain.curves, losses=("real_loss", "g_loss"))
    panel.set_run(dataclasses.replace(plain, curves=pairs))
    assert real.caption().startswith("pair")
    assert "pairs of a real and a generated image" in real.toolTip()
    panel.set_run(plain)
    assert real.caption().startswith("real")


def test_each_recipe_has_curves_of_its_own(panel: CurvesPanel) -> None:
    def offered() -> list[str]:
        buttons = panel.bar.findChildren(QToolButton)
        return [b.objectName()[7:] for b in buttons if "legend" in b.objectName() and b.isVisible()]

    panel.set_run(info(history_of(50)))
    assert offered() == ["real_loss", "fake_loss", "g_loss"]
    for losses in (
        ("real_loss", "g_loss"),
        ("real_loss", "fake_loss", "g_loss", "reconstruction_loss"),
        ("real_loss", "fake_loss", "g_loss", "info_loss"),
    ):
        of_run = info(history_of(50))
        of_run = dataclasses.replace(
            of_run, curves=dataclasses.replace(of_run.curves, losses=losses)
        )
        panel.set_run(of_run)
        assert tuple(offered()) == losses
        assert {name for name, shown in shown_curves(panel).items() if shown} == set(losses)


def shown_curves(panel: CurvesPanel) -> dict[str, bool]:
    return {name: curve.isVisible() for name, curve in panel.plot._smooth.items()}


def test_curves_begin_where_a_generator_file_ends(panel: CurvesPanel) -> None:
    history = History.unknown(900, epoch=3.0, seconds=30.0)
    panel.set_run(info(history))
    panel.refresh()
    assert panel.is_empty()
    assert not panel.plot.isVisible(), "there is nothing to draw yet"
    for steps in (40, 300):
        history.append(block(steps, start=len(history)))
        panel.refresh()
        assert panel.plot.isVisible()
        low, high = panel.plot.x_range()
        assert low == pytest.approx(901, abs=1)
        assert len(history) <= high <= 900 + 1.3 * (len(history) - 900)
