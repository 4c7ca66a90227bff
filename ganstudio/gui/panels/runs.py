"""Runs side by side: the library as a table, their curves, and the same z through each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ganstudio.config import recipe_name
from ganstudio.gui.actions import ToolButton
from ganstudio.gui.threads.lanes import OtherRun
from ganstudio.gui.widgets.compared_images import ComparedImages
from ganstudio.gui.widgets.curve_words import loss_words, score_words
from ganstudio.gui.widgets.run_table import Rows, RunTable
from ganstudio.gui.widgets.seen import is_seen
from ganstudio.gui.widgets.toggle import ToggleButton
from ganstudio.gui.widgets.wheel import ignore_wheel_unless_focused
from ganstudio.training.status import Waiting

if TYPE_CHECKING:
    from ganstudio.gui.widgets.charts import Band, ComparisonChart, Line

Values = NDArray[np.float64]

_FIRST = "g_loss"
_NAMED = 12  # of the runs that wait


@dataclass(frozen=True, eq=False, slots=True)
class Shown:
    """A run that is compared.

    Attributes
    ----------
    path : Path
        Its folder.
    colour : str
        As ``#RRGGBB``.
    group : str
        What it has in common with others that differ in the seed alone.
    run : OtherRun or None
        What is known of it; None until it is read.
    image : (C, H, W) uint8 or None
        z by its generator.
    """

    path: Path
    colour: str
    group: str
    run: OtherRun | None
    image: NDArray[np.uint8] | None

    @property
    def parts(self) -> tuple[object, ...]:
        """What it is shown by: another object is another content."""
        return self.path, self.colour, self.group, id(self.run), id(self.image)


class RunsPanel(QWidget):
    """The table, and what is compared beside it.

    Signals:
        seen(): it can be seen now.
        queue_wanted(), import_wanted(), clear_wanted(), go_on_wanted(): what a button asks for.

    Attributes
    ----------
    table : RunTable
        The runs.
    """

    seen = Signal()
    queue_wanted = Signal()
    import_wanted = Signal()
    clear_wanted = Signal()
    go_on_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: list[Shown] = []
        self._queued: tuple[Sequence[Waiting], bool] = (), False
        self.table = RunTable()
        self._empty = QLabel(
            self.tr("Every run that is trained here is kept, and listed here. Press Start (F5).")
        )
        self._empty.setObjectName("runs_empty")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._empty)
        self._split = QSplitter(Qt.Orientation.Horizontal)
        self._split.addWidget(self.table)
        self._side = self._make_side()
        self._split.addWidget(self._side)
        self._split.setStretchFactor(0, 3)
        self._split.setStretchFactor(1, 2)
        self._split.setChildrenCollapsible(False)
        self._side.hide()
        self._pages.addWidget(self._split)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 4, 6, 4)
        layout.setSpacing(4)
        layout.addLayout(self._make_header())
        layout.addWidget(self._pages, 1)

    def set_runs(self, rows: Rows, current: Path | None, config: Mapping[str, Any]) -> None:
        """Show the library; the run in the folder `current`, of these settings, is open."""
        self.table.set_runs(rows, current, config)
        self._pages.setCurrentIndex(int(bool(rows)))
        many = self.tr("{count} runs").format(count=len(rows))
        self._count.setText(self.tr("1 run") if len(rows) == 1 else many if rows else "")

    def set_queued(self, queue: Sequence[Waiting], *, goes: bool) -> None:
        """Say which runs wait for their turn, and have a button begin if they wait for a person."""
        if (queue, goes) == self._queued:
            return
        self._queued = queue, goes
        self._go_on.setVisible(bool(queue) and not goes)
        self._clear.setVisible(bool(queue))
        self._clear.setText(self.tr("Forget {count} queued").format(count=len(queue)))
        line = self.tr("{recipe}, seed {seed}, {steps:,} steps")
        lines = [
            line.format(
                recipe=recipe_name(run.config),
                seed=run.config.seed,
                steps=run.steps,
            )
            for run in queue[:_NAMED]
        ]
        lines += ["…"] * (len(queue) > _NAMED)
        told = self.tr("Train none of the runs that wait for their turn:")
        self._clear.setToolTip("\n".join([told, *lines]))

    def set_compared(self, shown: Sequence[Shown]) -> None:
        """Show curves and images of these runs."""
        if [run.parts for run in shown] == [run.parts for run in self._shown]:
            return
        self._shown = list(shown)
        self._side.setVisible(bool(shown))
        if shown:
            self._images.set_images([(run.image, run.colour, run.path.name) for run in shown])
            self._draw()

    @cached_property
    def chart(self) -> "ComparisonChart":
        """The plot, made when first asked for."""
        from ganstudio.gui.widgets.charts import ComparisonChart

        chart = ComparisonChart(
            "runs_chart", self.tr("Curves of the compared runs"), self.tr("step"), ""
        )
        self._plot_room.insertWidget(0, chart, 1)
        return chart

    def _make_header(self) -> QHBoxLayout:
        self._count = QLabel()
        self._count.setObjectName("runs_count")
        self._count.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        queue = self._button(
            "runs_queue",
            self.tr("Queue runs…"),
            self.tr(
                "Train the recipe in the fields after the run that trains now, or several "
                "seeds of it in turn"
            ),
        )
        queue.clicked.connect(self.queue_wanted)
        taken = self._button(
            "runs_import", self.tr("Import…"), self.tr("Take in a run from a zip file")
        )
        taken.clicked.connect(self.import_wanted)
        self._clear = self._button("runs_clear", "", "")
        self._clear.setAccessibleName(self.tr("Forget the queued runs"))
        self._clear.clicked.connect(self.clear_wanted)
        self._clear.hide()
        self._go_on = self._button(
            "runs_go_on", self.tr("Train queued"), self.tr("Begin the run that waits first")
        )
        self._go_on.clicked.connect(self.go_on_wanted)
        self._go_on.hide()
        header = QHBoxLayout()
        header.setSpacing(6)
        header.addWidget(self._count, 1)
        for button in (self._go_on, self._clear, queue, taken):
            header.addWidget(button)
        return header

    def _button(self, name: str, text: str, tip: str) -> QToolButton:
        button = ToolButton((text,))
        button.setObjectName(name)
        button.setText(text)
        button.setToolTip(tip)
        button.setMinimumHeight(26)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def _make_side(self) -> QWidget:
        self._series = QComboBox()
        self._series.setObjectName("runs_series")
        self._series.setAccessibleName(self.tr("Curve"))
        self._series.setMinimumHeight(26)
        ignore_wheel_unless_focused(self._series)
        for name, words in {**loss_words(True), **score_words(False)}.items():
            self._series.addItem(words.name, name)
        self._series.setCurrentIndex(self._series.findData(_FIRST))
        self._series.currentIndexChanged.connect(self._draw)
        self._band = ToggleButton(self.tr("Band over seeds"))
        self._band.setObjectName("runs_band")
        self._band.setToolTip(
            self.tr("Draw runs that differ in the seed alone as their mean, least and most")
        )
        self._band.toggled.connect(self._draw)
        bar = QHBoxLayout()
        bar.addWidget(self._series, 1)
        bar.addWidget(self._band)
        self._images = ComparedImages()
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self._plot_room = QHBoxLayout()
        self._plot_room.addWidget(self._images)
        column.addLayout(bar)
        column.addLayout(self._plot_room, 1)
        return side

    def _draw(self) -> None:
        """Draw the chosen curve of every run, or of every recipe."""
        name = str(self._series.currentData())
        known = [run for run in self._shown if run.run is not None]
        groups: dict[str, list[Shown]] = {}
        for run in known:
            groups.setdefault(run.group if self._band.isChecked() else str(run.path), []).append(
                run
            )
        lines: list[Line] = []
        bands: list[Band] = []
        for runs in groups.values():
            curves = [run.run.curves[name] for run in runs if run.run is not None]
            steps, values = _together(curves)
            if len(runs) > 1:
                low, high = np.fmin.reduce(values), np.fmax.reduce(values)
                bands.append((steps, low, high, runs[0].colour))
            if len(steps):
                lines.append((steps, values.mean(axis=0), runs[0].colour))
        self.chart.set_lines(lines, bands)

    def refresh(self) -> None:
        """Tell that it can be seen, if that is so."""
        if is_seen(self):
            self.seen.emit()


def _together(curves: list[tuple[Values, Values]]) -> tuple[Values, Values]:
    """Return curves at common steps, (n,) and (runs, n): those that all of them have come to."""
    if len(curves) == 1:
        return curves[0][0], curves[0][1][None]
    end = min((steps[-1] if len(steps) else 0.0 for steps, _ in curves), default=0.0)
    steps = max((steps for steps, _ in curves), key=len)
    steps = steps[steps <= end]
    if not len(steps):
        return steps, np.zeros((len(curves), 0))
    return steps, np.stack([np.interp(steps, *curve) for curve in curves])
