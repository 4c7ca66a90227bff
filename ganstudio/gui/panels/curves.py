"""Live curves of a run: the losses, or D's scores."""

import math
from enum import Enum
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette, QShowEvent
from PySide6.QtWidgets import QLabel, QStackedWidget, QVBoxLayout, QWidget

from ganstudio.gui.colours import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILLION
from ganstudio.gui.folders import ask_target
from ganstudio.gui.widgets.curve_words import (
    loss_words,
    number,
    readout_table,
    reference_label,
    score_words,
)
from ganstudio.gui.widgets.curves_bar import CurvesBar
from ganstudio.gui.widgets.file_writer import FileWriter, picture_of, save_png
from ganstudio.gui.widgets.seen import is_seen
from ganstudio.gui.widgets.series import (
    Floats,
    Series,
    XAxis,
    latest,
    log10,
    nearest_row,
    position,
    positions,
    read,
    visible_rows,
    y_range,
)
from ganstudio.gui.widgets.stroke import Stroke
from ganstudio.gui.wording import translate
from ganstudio.training import tensorboard_file
from ganstudio.training.history import History
from ganstudio.training.status import Rival, RunInfo

if TYPE_CHECKING:
    from ganstudio.gui.widgets.plot import CurvePlot

_REAL = Stroke(BLUE, SKY, Qt.PenStyle.SolidLine)
_FAKE = Stroke(VERMILLION, VERMILLION, Qt.PenStyle.DashLine)
_G = Stroke(GREEN, GREEN, Qt.PenStyle.DashDotLine)
_RECONSTRUCTION = Stroke(PURPLE, PURPLE, Qt.PenStyle.DashDotDotLine)
_INFO = Stroke(ORANGE, ORANGE, Qt.PenStyle.DotLine)

_PIXELS = 3  # for every bucket of steps, or down to half of that
_PNG_RATIO = 2  # pixels of an exported picture for one on the screen


class Kind(Enum):
    """What a panel shows."""

    LOSSES = "losses"
    SCORES = "scores"


_STROKES = {
    Kind.LOSSES: {
        "real_loss": _REAL,
        "fake_loss": _FAKE,
        "g_loss": _G,
        "reconstruction_loss": _RECONSTRUCTION,
        "info_loss": _INFO,
    },
    Kind.SCORES: {"real_score": _REAL, "fake_score": _FAKE},
}


class CurvesPanel(QWidget):
    """Draws columns of a `History` while it grows.

    Attributes
    ----------
    bar : CurvesBar
        What is above it; its `menu` holds the panel's actions.
    writer : FileWriter
        Writes what is exported.
    """

    def __init__(self, kind: Kind, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"curves_{kind.value}")
        self._kind = kind
        self._history: History | None = None
        self._reference: float | None = None
        self._series: dict[str, Series] = {}
        self._seen_rows = 0  # how long the history was at the last refresh
        self._drawn_rows = 0  # and when it was drawn
        self._follow_x = True
        self._fit_y = True
        self._cursor: int | None = None  # the crosshair's row
        self._mark: int | None = None  # the row of the step that all panels show
        self._rival: Rival | None = None  # the run that this one is compared with
        self._words = loss_words() if kind is Kind.LOSSES else score_words()
        self.bar = CurvesBar(_STROKES[kind], self._words)
        self.bar.offer(list(self._words)[:3])  # those of a plain GAN, until there is a run
        self._pages = QStackedWidget()
        self._lay_out()
        self.writer = FileWriter(self)
        self._connect()

    @cached_property
    def plot(self) -> "CurvePlot":
        """The plot, made when first asked for: the window need not wait for pyqtgraph."""
        from ganstudio.gui.widgets.plot import CurvePlot

        plot = CurvePlot(_STROKES[self._kind])
        plot.setObjectName("plot")
        losses = self._kind is Kind.LOSSES
        plot.setAccessibleName(
            self.tr("Plot of the losses") if losses else self.tr("Plot of D's scores")
        )
        plot.setAccessibleDescription(
            self.tr("Left and Right read values, + and − zoom, Home follows the run.")
        )
        plot.setLabel("left", self.tr("loss") if losses else self.tr("score"))
        plot.setLabel("bottom", self._x_name())
        plot.set_logarithmic(self.bar.logarithmic())
        plot.moved.connect(self._on_moved)
        plot.follow_asked.connect(self._on_follow)
        plot.hovered.connect(self._on_hovered)
        plot.stepped.connect(self._on_stepped)
        plot.left.connect(self._on_left)
        self._pages.addWidget(plot)
        return plot

    def prepare(self) -> None:
        """Make the plot, which takes a third of a second, before there is something to draw."""
        self.plot.ensurePolished()

    def set_run(self, info: RunInfo) -> None:
        """Show another run, all of it."""
        self._history = info.history
        self._say_empty(info.history.began)
        curves, losses = info.curves, self._kind is Kind.LOSSES
        self._reference = curves.loss_reference if losses else curves.score_reference
        self.bar.set_has_reference(self._reference is not None)
        if losses:
            paired = "fake_loss" not in curves.losses
            sentence = translate("objectives", curves.sentence)
            self._words = loss_words(info.autoencoder, paired=paired)
            self.bar.describe(self._words, f"{sentence}\n{curves.formula}")
        else:
            self._words = score_words(info.autoencoder)
            self.bar.describe(self._words)
        self.bar.offer(curves.losses if losses else self._words)
        self._cursor = self._mark = self._rival = None
        self.bar.set_exportable(False)
        for name in self._words:
            self.bar.set_value(name, "")
        self._on_follow()

    def set_past(self, step: int | None) -> None:
        """Mark the earlier step that all panels show; None marks none."""
        self._mark = None if step is None else max(0, step - 1)
        if self._drawn_rows:
            self._show_mark()

    def set_rival(self, rival: Rival | None) -> None:
        """Draw the curves of a run that this one is compared with, dotted; None draws none."""
        if rival is not self._rival:
            self._rival = rival
            self._redraw()

    def is_empty(self) -> bool:
        """Return whether there is nothing to draw yet."""
        return self._history is None or len(self._history) <= self._history.began

    def refresh(self) -> None:
        """Draw what is new, if anything is; cheap enough for several times a second."""
        history = self._history
        if history is None or self.is_empty():
            return
        if not is_seen(self) or len(history) == self._seen_rows:
            return
        self._seen_rows = len(history)
        for name in self._words:
            self.bar.set_value(name, number(latest(history, name, self.bar.half_life())))
        if self._grew_visibly(history):
            if self._drawn_rows:  # else something was asked for, and is shown at once
                self.plot.paint_apart()
            self._draw(history)

    def export_history(self, path: Path) -> None:
        """Write every step's numbers, as a table or as TensorBoard's events, in another thread.

        `writer` tells the end.
        """
        if (history := self._history) is None:
            return
        if path.suffix.lower() == tensorboard_file.SUFFIX:
            self.writer.write(path, partial(tensorboard_file.write, history))
        else:
            self.writer.write(path, history.save_csv)

    def export_png(self, path: Path) -> None:
        """Write the legend and the plot at twice their size; `writer` tells."""
        self.plot.paint_now()
        self.plot.scale_pens(_PNG_RATIO)
        picture = picture_of(self.bar.legend, self.plot, _PNG_RATIO)
        self.plot.scale_pens(1)
        self.writer.write(path, lambda to, _work: save_png(picture, to), can_cancel=False)

    def _draw(self, history: History) -> None:
        rows = len(history)
        self._pages.setCurrentWidget(self.plot)
        self.bar.set_exportable(True)
        axis, half_life = self.bar.x_axis(), self.bar.half_life()
        end = position(history, axis, rows - 1) or 1.0
        self.plot.set_limits(end, 4 * end / max(4, rows))
        start = position(history, axis, history.began) if history.began else 0.0
        if self._follow_x and self._drawn_rows:
            self.plot.follow_x(start, end)
        elif self._follow_x:
            self.plot.fit_x(start, end)
        first, last = visible_rows(history, axis, *self.plot.x_range())
        points = max(50, min(500, self._pages.width() // _PIXELS))
        shown = self.bar.shown()
        self._series = {
            name: read(history, name, first, last + 1, points=points, half_life=half_life)
            for name in shown
        }
        for name in self._words:
            self.plot.show_curve(name, name in shown)
        ranges = [self._draw_series(history, axis, name) for name in shown]
        ranges += [self._draw_rival(axis, name, points) for name in shown]
        self._draw_reference(ranges)
        self._show_cursor()
        self._show_mark()
        self._drawn_rows = rows

    def _grew_visibly(self, history: History) -> bool:
        """Return whether the steps since the last drawing take a pixel or more."""
        if not self._drawn_rows:
            return True
        axis = self.bar.x_axis()
        low, high = self.plot.x_range()
        end = position(history, axis, self._seen_rows - 1)
        if not self._follow_x:
            end = min(end, high)
        drawn = position(history, axis, self._drawn_rows - 1)
        return end - drawn >= (high - low) / self._pages.width()

    def _draw_series(self, history: History, axis: XAxis, name: str) -> tuple[Floats, Floats]:
        """Draw a curve; return what its range is taken from: single steps, and the average."""
        series = self._series[name]
        x = positions(history, axis, series.rows)
        low: Floats = series.low
        high: Floats = series.high
        steps: Floats = series.steps
        smooth = series.smooth
        if self.bar.logarithmic():
            low = np.where(low > 0, low, high)  # a bucket's positive part
            low, high, smooth, steps = log10(low), log10(high), log10(smooth), log10(steps)
        self.plot.set_curve(name, x, low, high)
        self.plot.set_smooth(name, x, smooth)
        return steps, smooth

    def _draw_rival(self, axis: XAxis, name: str, points: int) -> tuple[Floats, Floats]:
        """Draw what a curve is in the other run, from where they part; return as above."""
        nothing: Floats = np.zeros(0, np.float32)
        rival = self._rival
        if rival is None or len(rival.history) <= rival.step:
            self.plot.set_rival(name, np.zeros(0), nothing)
            return nothing, nothing
        other, half_life = rival.history, self.bar.half_life()
        first, last = visible_rows(other, axis, *self.plot.x_range())
        first = max(first, rival.step)
        if last < first:
            self.plot.set_rival(name, np.zeros(0), nothing)
            return nothing, nothing
        series = read(other, name, first, last + 1, points=points, half_life=half_life)
        smooth = log10(series.smooth) if self.bar.logarithmic() else series.smooth
        self.plot.set_rival(name, positions(other, axis, series.rows), smooth)
        return nothing, smooth

    def _draw_reference(self, ranges: list[tuple[Floats, Floats]]) -> None:
        value = self._reference if self.bar.reference() else None
        text = "" if value is None else reference_label(value)
        if value is not None and self.bar.logarithmic():
            value = math.log10(value) if value > 0 else None
        self.plot.set_reference(value, text)
        if self._fit_y and ranges:
            self.plot.fit_y(*y_range(ranges, value))

    def _redraw(self) -> None:
        self._seen_rows = self._drawn_rows = 0
        self.refresh()

    def _show_cursor(self) -> None:
        if self._cursor is None or not self._history:
            self.plot.hide_crosshair()
            return
        x = position(self._history, self.bar.x_axis(), self._cursor)
        self.plot.show_crosshair(x, self._readout(self._history, self._cursor))

    def _show_mark(self) -> None:
        assert self._history is not None
        known = self._mark is not None and self._mark < len(self._history)
        row = self._mark if known else None
        axis = self.bar.x_axis()
        self.plot.set_mark(None if row is None else position(self._history, axis, row))

    def _readout(self, history: History, row: int) -> str:
        """Return a table: where the crosshair is, and every shown curve's values there."""
        lines = []
        for name, series in self._series.items():
            smooth = ""
            if self.bar.half_life():
                at = min(int(np.searchsorted(series.rows, row)), len(series.rows) - 1)
                smooth = number(float(series.smooth[at]))
                smooth = self.tr("smooth {value}").format(value=smooth)
            colour = _STROKES[self._kind][name].colour(self.palette()).name()
            value = number(float(history.column(name)[row]))
            lines.append((colour, self._words[name].name, value, smooth))
        return readout_table(self._place(history, row), lines)

    def _place(self, history: History, row: int) -> str:
        step = self.tr("step {step}").format(step=f"{row + 1:,}")
        x = position(history, self.bar.x_axis(), row)
        match self.bar.x_axis():
            case XAxis.EPOCH:
                return self.tr("epoch {epoch} · {step}").format(epoch=f"{x:,.2f}", step=step)
            case XAxis.SECONDS:
                return self.tr("{seconds} s · {step}").format(seconds=f"{x:,.1f}", step=step)
            case _:
                return step

    def _say_empty(self, unknown: int) -> None:
        """Say why there is nothing to draw; of so many steps nothing is known."""
        losses = self._kind is Kind.LOSSES
        if unknown and losses:
            text = self.tr("The file holds no losses of its {steps:,} steps. Start (F5) goes on.")
        elif unknown:
            text = self.tr("The file holds no scores of its {steps:,} steps. Start (F5) goes on.")
        elif losses:
            text = self.tr("Losses appear here once training starts. Press Start (F5).")
        else:
            text = self.tr("Scores appear here once training starts. Press Start (F5).")
        self._empty.setText(text.format(steps=unknown))

    def _lay_out(self) -> None:
        empty = self._empty = QLabel()
        empty.setObjectName("empty")
        empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        empty.setWordWrap(True)
        empty.setBackgroundRole(QPalette.ColorRole.Base)
        empty.setAutoFillBackground(True)
        self._pages.addWidget(empty)
        self._say_empty(0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.bar)
        layout.addWidget(self._pages, 1)

    def _connect(self) -> None:
        self.bar.changed.connect(self._redraw)
        self.bar.axis_changed.connect(self._on_axis)
        self.bar.scale_changed.connect(self._on_scale)
        self.bar.follow_asked.connect(self._on_follow)
        self.bar.csv_asked.connect(self._on_csv)
        self.bar.png_asked.connect(self._on_png)

    def _x_name(self) -> str:
        names = {
            XAxis.STEP: self.tr("step"),
            XAxis.EPOCH: self.tr("epoch"),
            XAxis.SECONDS: self.tr("seconds"),
        }
        return names[self.bar.x_axis()]

    def _on_csv(self) -> None:
        title, kind = self.tr("Export curves as CSV"), self.tr("Tables (*.csv)")
        if path := ask_target(self, title, "curves.csv", ".csv", kind):
            self.export_history(path)

    def _on_png(self) -> None:
        title, kind = self.tr("Export plot as PNG"), self.tr("Pictures (*.png)")
        if path := ask_target(self, title, f"{self._kind.value}.png", ".png", kind):
            self.export_png(path)

    def _on_axis(self) -> None:
        self.plot.setLabel("bottom", self._x_name())
        self._on_follow()

    def _on_scale(self) -> None:
        self.plot.set_logarithmic(self.bar.logarithmic())
        self._fit_y = True
        self.bar.set_following(self._follow_x)
        self._redraw()

    def _on_follow(self) -> None:
        self._follow_x = self._fit_y = True
        self.bar.set_following(True)
        if self.is_empty():
            self._pages.setCurrentIndex(0)
        self._redraw()

    def _on_moved(self, axis: int) -> None:
        if axis == 0:
            self._follow_x = False
        else:
            self._fit_y = False
        self.bar.set_following(False)
        self._redraw()

    def _on_hovered(self, x: float) -> None:
        if self._history:
            self._cursor = nearest_row(self._history, self.bar.x_axis(), x)
            self._show_cursor()

    def _on_stepped(self, points: int) -> None:
        if not self._history:
            return
        low, high = visible_rows(self._history, self.bar.x_axis(), *self.plot.x_range())
        if self._cursor is None:
            self._cursor = (low + high) // 2
        else:
            moved = self._cursor + points * max(1, (high - low) // 100)
            self._cursor = min(max(low, moved), high)
        self._show_cursor()

    def _on_left(self) -> None:
        self._cursor = None
        self._show_cursor()

    def showEvent(self, event: QShowEvent) -> None:
        """Draw what came while hidden."""
        super().showEvent(event)
        self.refresh()
