"""Small charts that change now and then: a figure over time, shares as bars, distributions."""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QColor, QPen

from ganstudio.evaluation.quality import Rated
from ganstudio.gui.colours import BLUE, SKY, VERMILLION, faded
from ganstudio.gui.widgets.plot import NumberAxis
from ganstudio.gui.widgets.stroke import Stroke

_MADE = Stroke(VERMILLION, VERMILLION, Qt.PenStyle.SolidLine)
_REAL = Stroke(BLUE, SKY, Qt.PenStyle.DashLine)
_BAR = 0.7  # of the room that a bar has

Values = NDArray[np.float64]
Line = tuple[Values, Values, str]
Band = tuple[Values, Values, Values, str]


class Chart(pg.PlotWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """A plot without handles, in the theme's colours."""

    _complete = False  # until then, pyqtgraph's own constructor sends events

    def __init__(self, name: str, title: str, x: str, y: str) -> None:
        axes = {side: NumberAxis(side) for side in ("bottom", "left")}
        super().__init__(enableMenu=False, axisItems=axes)
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.hideButtons()
        self.setMouseEnabled(x=False, y=False)
        self.setMinimumSize(120, 90)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._labels = {"bottom": x, "left": y}
        self.getPlotItem().titleLabel.setMaximumHeight(0)
        for side in self._labels:
            self.getAxis(side).enableAutoSIPrefix(False)
        self._complete = True
        self._dress()

    def draw(self) -> None:
        """Draw all anew."""

    def _dress(self) -> None:
        palette = self.palette()
        text = palette.text().color()
        self.setBackground(palette.base().color())
        for side, label in self._labels.items():
            axis = self.getAxis(side)
            axis.setTextPen(text)
            axis.setPen(faded(text, 110))
            axis.setTickFont(self.font())
            axis.label.setFont(self.font())
            axis.setLabel(label)
        self.clear()
        self.draw()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme and the zoom."""
        super().changeEvent(event)
        if self._complete and event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._dress()


class RatioChart(Chart):
    """A ratio over the steps, with intervals, on a logarithmic axis; 1 is as good as real data."""

    def __init__(self, name: str, title: str, x: str, y: str) -> None:
        self._points = np.zeros((0, 4))
        super().__init__(name, title, x, y)

    def set_points(self, points: NDArray[np.float64]) -> None:
        """Show (N, 4) steps, ratios, and the ends of their intervals."""
        self._points = points
        self._dress()

    def draw(self) -> None:
        """Draw the ratios, and the line that real images are on."""
        axis = self.getAxis("left")
        axis.setLogMode(True)
        floor = pg.InfiniteLine(0.0, angle=0, pen=_REAL.pen(self.palette(), 1.5))
        self.addItem(floor, ignoreBounds=True)
        steps, *ratios = self._points.T if len(self._points) else np.ones((4, 1))
        value, low, high = np.log10(np.maximum(ratios, 1e-3))
        top = max(1.0, float(high.max()))
        self.setYRange(min(0.0, float(low.min())), top, padding=0.08)
        self.setXRange(0, max(1.0, float(steps.max())), padding=0.03)
        if not len(self._points):
            return
        colour = _MADE.colour(self.palette())
        self.addItem(
            pg.ErrorBarItem(
                x=steps, y=value, top=high - value, bottom=value - low, pen=QPen(colour, 0)
            )
        )
        self.plot(
            steps,
            value,
            pen=pg.mkPen(colour, width=1.5),
            symbol="o",
            symbolSize=6,
            symbolBrush=colour,
            symbolPen=None,
        )


class SharesChart(Chart):
    """The share of every class as a bar with its interval, and a dash where real images have it."""

    def __init__(self, name: str, title: str, x: str, y: str) -> None:
        self._shares: Sequence[Rated] = ()
        super().__init__(name, title, x, y)

    def set_shares(self, shares: Sequence[Rated]) -> None:
        """Show a share for every class."""
        self._shares = shares
        self._dress()

    def draw(self) -> None:
        """Draw a bar, an interval and a dash for every class."""
        n = len(self._shares)
        self.getAxis("bottom").setTicks([[(i, str(i)) for i in range(n)]])
        self.setXRange(-0.6, max(1, n) - 0.4, padding=0)
        if not n:
            return
        made = 100 * np.array([rated.figure for rated in self._shares])
        real = 100 * np.array([rated.floor.value for rated in self._shares])
        self.setYRange(0, 1.08 * max(made.max(), real.max()), padding=0)
        x, palette = np.arange(n), self.palette()
        colour = _MADE.colour(palette)
        value, low, high = made.T
        bars = pg.BarGraphItem(x=x, height=value, width=_BAR, brush=faded(colour, 130), pen=None)
        self.addItem(bars)
        ink = QPen(palette.text().color(), 0)
        self.addItem(
            pg.ErrorBarItem(x=x, y=value, top=high - value, bottom=value - low, beam=0.2, pen=ink)
        )
        ends = np.column_stack([x - _BAR / 2, x + _BAR / 2]).ravel()
        pen = pg.mkPen(_REAL.colour(palette), width=2.5)
        self.plot(ends, np.repeat(real, 2), connect="pairs", pen=pen)


class DistributionsChart(Chart):
    """Distributions over the same bins as outlines, each with a stroke of its own."""

    def __init__(
        self, name: str, title: str, x: str, y: str, strokes: Mapping[str, Stroke]
    ) -> None:
        self._strokes = strokes
        self._edges = np.zeros(0)
        self._shares: Mapping[str, NDArray[np.float64]] = {}
        super().__init__(name, title, x, y)

    def set_shares(
        self, edges: NDArray[np.float64], shares: Mapping[str, NDArray[np.float64]]
    ) -> None:
        """Show the share in each of the bins between (M + 1,) edges, (M,) by name."""
        self._edges, self._shares = edges, shares
        self._dress()

    def draw(self) -> None:
        """Draw an outline for every distribution."""
        if not self._shares:
            return
        self.setXRange(self._edges[0], self._edges[-1], padding=0.02)
        top = max(float(shares.max()) for shares in self._shares.values())
        self.setYRange(0, 100 * max(top, 1e-6), padding=0.05)
        for name, shares in self._shares.items():
            pen = self._strokes[name].pen(self.palette(), 1.5)
            self.plot(self._edges, 100 * shares, stepMode="center", pen=pen)


class ComparisonChart(Chart):
    """A curve of several runs over their steps, in a colour each, and bands over seeds."""

    def __init__(self, name: str, title: str, x: str, y: str) -> None:
        self._lines: list[Line] = []
        self._bands: list[Band] = []
        super().__init__(name, title, x, y)

    def set_lines(self, lines: Sequence[Line], bands: Sequence[Band]) -> None:
        """Show lines of (steps, values, colour), and bands of (steps, low, high, colour)."""
        self._lines, self._bands = list(lines), list(bands)
        self._dress()

    def draw(self) -> None:
        """Draw the bands, and the lines on them."""
        values = [v for _, v, _ in self._lines] + [v for _, *both, _ in self._bands for v in both]
        steps = [x for x, *_ in (*self._lines, *self._bands)]
        ends = [float(x[-1]) for x in steps if len(x)]
        found = np.concatenate(values) if values else np.zeros(0)
        found = found[np.isfinite(found)]
        if not len(found) or not ends:
            return
        low, high = np.percentile(found, (1, 99))
        room = 0.08 * max(float(high - low), 1e-6)
        self.setXRange(0, max(ends), padding=0.02)
        self.setYRange(low - room, high + room, padding=0)
        for x, bottom, top, colour in self._bands:
            edges = [pg.PlotDataItem(x, y, pen=None) for y in (bottom, top)]
            self.addItem(pg.FillBetweenItem(*edges, brush=faded(QColor(colour), 70)))
        styles = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DashDotLine)
        for (x, y, colour), style in zip(self._lines, itertools.cycle(styles), strict=False):
            self.plot(x, y, pen=pg.mkPen(colour, width=1.5, style=style), connect="finite")
