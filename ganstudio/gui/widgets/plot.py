"""A plot of curves over time, with a crosshair; what it shows is up to its owner."""

import math
from collections.abc import Mapping

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPalette,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QLabel, QWidget

from ganstudio.gui.colours import faded
from ganstudio.gui.widgets.curve_line import CurveLine
from ganstudio.gui.widgets.series import Floats
from ganstudio.gui.widgets.stroke import Stroke

_ZOOM = 0.7  # of the x range, for every press of +
_ROOM = 1.05  # of the x range, for what comes next
_GAP = 4  # pixels beside the name of the reference line
_APART_MS = 20  # from new curves to their painting
_FAINT = 40  # of 255: the opacity of what is not smoothed


class _TimeView(pg.ViewBox):  # type: ignore[misc]  # pyqtgraph has no types
    """Zooms and pans along x alone; along y by the wheel or a drag on the y axis.

    Signals:
        moved: The user changed the range of an axis: 0 for x, 1 for y.
    """

    moved = Signal(int)

    def wheelEvent(self, event: object, axis: int | None = None) -> None:
        super().wheelEvent(event, axis or 0)
        self.moved.emit(axis or 0)

    def mouseDragEvent(self, event: object, axis: int | None = None) -> None:
        super().mouseDragEvent(event, axis or 0)
        self.moved.emit(axis or 0)


class NumberAxis(pg.AxisItem):  # type: ignore[misc]  # pyqtgraph has no types
    """Writes 6,000 and 1,000,000, not 6000 and 1e+06, and is drawn anew only if it changes."""

    def __init__(self, side: str) -> None:
        super().__init__(side)
        self.setCacheMode(self.CacheMode.DeviceCoordinateCache)

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        """Return the labels, empty where they would overlap."""
        if self.logMode:
            return [_power(value, self.range[1] - self.range[0]) for value in values]
        places = max(0, int(np.ceil(-np.log10(spacing * scale) - 1e-9)))
        return [f"{value * scale:,.{places}f}" for value in values]

    def paint(self, painter: QPainter, *_: object) -> None:
        """Draw without the QPicture of pyqtgraph, which takes longer to play than this takes."""
        if (specs := self.generateDrawSpecs(painter)) is not None:
            self.drawPicture(painter, *specs)


class _Margin(pg.AxisItem):  # type: ignore[misc]  # pyqtgraph has no types
    """Names a level of y right of the curves: within the plot, it would cover them."""

    def __init__(self) -> None:
        super().__init__("right")
        self._level, self.text = math.nan, ""
        self.hide()

    def set_label(self, level: float | None, text: str) -> None:
        """Write `text` at `level`, or give the room to the curves if there is none."""
        level, text = (math.nan, "") if level is None else (level, text)
        if text != self.text or not math.isclose(level, self._level):
            self._level, self.text = level, text
            self.setVisible(bool(text))
            self._fit()
            self.update()

    def _fit(self) -> None:
        self.setWidth(QFontMetricsF(self.font()).horizontalAdvance(self.text) + 2 * _GAP)

    def paint(self, painter: QPainter, *_: object) -> None:
        view = self.linkedView()
        line = self.mapFromItem(view, view.mapFromView(QPointF(0, self._level))).y()
        room = self.mapRectFromParent(self.geometry())
        if room.top() <= line <= room.bottom():
            height = QFontMetricsF(self.font()).height()
            top = min(max(room.top(), line - height / 2), room.bottom() - height)
            painter.setFont(self.font())
            painter.setPen(self.textPen())
            painter.drawText(QPointF(room.left() + _GAP, top + height * 0.8), self.text)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()


class CurvePlot(pg.PlotWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """Curves, each faint as measured and strong as smoothed, a reference line and a crosshair.

    Signals:
        moved: The user changed the range of an axis: 0 for x, 1 for y.
        follow_asked: The user wants to see the whole run again.
        hovered: The mouse is over this x.
        stepped: The user moves the crosshair by so many points with the keyboard.
        left: The mouse or the focus is gone.
    """

    moved = Signal(int)
    follow_asked = Signal()
    hovered = Signal(float)
    stepped = Signal(int)
    left = Signal()

    _complete = False  # until then, pyqtgraph's own constructor sends events

    def __init__(self, strokes: Mapping[str, Stroke], parent: QWidget | None = None) -> None:
        self._view = _TimeView(enableMenu=False)
        self._margin = _Margin()
        axes = {"right": self._margin}
        axes |= {side: NumberAxis(side) for side in ("bottom", "left")}
        super().__init__(parent, viewBox=self._view, axisItems=axes, enableMenu=False)
        self._strokes = strokes
        self._raw = {name: CurveLine(self._view, smooth=False) for name in strokes}
        self._smooth = {name: CurveLine(self._view, smooth=True) for name in strokes}
        self._rivals = {name: CurveLine(self._view, smooth=True) for name in strokes}
        for curve in (*self._raw.values(), *self._smooth.values(), *self._rivals.values()):
            self._view.sigResized.connect(curve.move_with_view)
            self._view.sigRangeChanged.connect(curve.move_with_view)
        self._reference = pg.InfiniteLine(angle=0)
        self._crosshair = pg.InfiniteLine(angle=90)
        self._mark = pg.InfiniteLine(angle=90)
        for line in (self._reference, self._crosshair, self._mark):
            line.hide()
            self.addItem(line, ignoreBounds=True)
        self._readout = self._make_readout()
        self.hideButtons()
        self.disableAutoRange()
        self.showGrid(y=True, alpha=0.2)
        for name in ("bottom", "left"):
            self.getAxis(name).enableAutoSIPrefix(False)
            self.getAxis(name).setStyle(maxTickLevel=1)  # finer grids cost as much as the curves
            self.getAxis(name).setZValue(-1)  # below the curves
        self._margin.setGrid(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        self._view.moved.connect(self.moved)
        self._view.sigResized.connect(self._place_readout)
        self._apart = QTimer(self, singleShot=True)
        self._apart.timeout.connect(self.paint_now)
        self._pen_scale = 1
        self._limits = (0.0, 0.0)
        self._complete = True
        self._dress()

    def paint_apart(self) -> None:
        """Paint what comes now a little later: at once, both would be one long wait for a mouse."""
        if not self._apart.isActive():
            self.setUpdatesEnabled(False)
            self._apart.start(_APART_MS)

    def paint_now(self) -> None:
        """Paint whatever waits to be painted."""
        self._apart.stop()
        self.setUpdatesEnabled(True)

    def set_curve(self, name: str, x: NDArray[np.float64], low: Floats, high: Floats) -> None:
        """Draw a curve as measured: a vertical line from the low to the high of every point."""
        y = np.column_stack([low, high]).astype(np.float64).ravel()
        self._raw[name].set_data(np.repeat(x, 2), y)

    def set_smooth(self, name: str, x: NDArray[np.float64], y: Floats) -> None:
        """Draw a curve's moving average."""
        self._smooth[name].set_data(x, y)

    def set_rival(self, name: str, x: NDArray[np.float64], y: Floats) -> None:
        """Draw the moving average of a curve of the run that this one is compared with."""
        self._rivals[name].set_data(x, y)

    def show_curve(self, name: str, shown: bool) -> None:
        """Show or hide a curve."""
        for curves in (self._raw, self._smooth, self._rivals):
            curves[name].setVisible(shown)

    def set_reference(self, y: float | None, text: str = "") -> None:
        """Draw a horizontal line with a label in the right margin, or none."""
        self._reference.setVisible(y is not None)
        self._margin.set_label(y, text)
        if y is not None:
            self._reference.setValue(y)

    def reference_label(self) -> str:
        """Return what stands beside the reference line, empty without one."""
        return str(self._margin.text)

    def set_mark(self, x: float | None) -> None:
        """Draw a vertical line where the step is that all panels show, or none."""
        self._mark.setVisible(x is not None)
        if x is not None:
            self._mark.setValue(x)

    def mark(self) -> float | None:
        """Return where that line is, None without one."""
        return float(self._mark.value()) if self._mark.isVisible() else None

    def set_logarithmic(self, logarithmic: bool) -> None:
        """Label the y axis with powers of ten; what is drawn must be common logarithms then."""
        self.getAxis("left").setLogMode(logarithmic)

    def scale_pens(self, ratio: int) -> None:
        """Draw for a picture of `ratio` times as many pixels; 1 is for the screen."""
        self._pen_scale = ratio
        self._dress()

    def x_range(self) -> tuple[float, float]:
        """Return the visible range of x."""
        low, high = self._view.viewRange()[0]
        return float(low), float(high)

    def y_range(self) -> tuple[float, float]:
        """Return the visible range of y."""
        low, high = self._view.viewRange()[1]
        return float(low), float(high)

    def fit_x(self, low: float, high: float) -> None:
        """Show this range of x."""
        self._view.setXRange(low, high, padding=0)

    def follow_x(self, start: float, end: float) -> None:
        """Show all from `start` to `end`, and some room to grow into."""
        if end > self.x_range()[1]:
            self.fit_x(start, min(self._limits[0], start + _ROOM * (end - start)))

    def fit_y(self, low: float, high: float) -> None:
        """Show about this range of y; for small changes the axis holds still."""
        shown_low, shown_high = self.y_range()
        if shown_low <= low and high <= shown_high and high - low > 0.7 * (shown_high - shown_low):
            return
        margin = 0.06 * (high - low)
        self._view.setYRange(low - margin, high + margin, padding=0)

    def set_limits(self, end: float, smallest: float) -> None:
        """Keep zooms and pans on the curves, which go up to `end`, and no closer than `smallest`.

        The limits are renewed in steps while the run grows: each lays the axis out anew.
        """
        known_end, known_smallest = self._limits
        close = math.isclose(smallest, known_smallest, rel_tol=_ROOM - 1)
        if not (close and known_end / _ROOM <= end <= known_end):
            end *= _ROOM
            self._limits = end, smallest
            self._view.setLimits(xMin=0, xMax=end, minXRange=smallest)

    def show_crosshair(self, x: float, html: str) -> None:
        """Draw the vertical line, with a few lines of text beside it."""
        self._crosshair.setValue(x)
        self._crosshair.show()
        if html != self._readout.text():
            self._readout.setText(html)
            self._readout.adjustSize()
        self._readout.show()
        self._place_readout()

    def hide_crosshair(self) -> None:
        """Take the vertical line and its text away."""
        self._crosshair.hide()
        self._readout.hide()

    def readout(self) -> str:
        """Return the text beside the crosshair as HTML, empty without one."""
        return self._readout.text() if self._readout.isVisible() else ""

    def _make_readout(self) -> QLabel:
        label = QLabel(self)
        label.setObjectName("readout")
        label.setTextFormat(Qt.TextFormat.RichText)
        label.setFrameStyle(QFrame.Shape.StyledPanel | QFrame.Shadow.Plain)
        label.setAutoFillBackground(True)
        label.setBackgroundRole(QPalette.ColorRole.Base)
        label.setMargin(3)
        label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        label.hide()
        return label

    def _place_readout(self) -> None:
        """Put the text on the roomier side of the line, within the plot."""
        area = self.mapFromScene(self._view.sceneBoundingRect()).boundingRect()
        at = self._view.mapViewToScene(QPointF(self._crosshair.value(), 0))
        line = self.mapFromScene(at).x()
        gap, width = 8, self._readout.width()
        left = line - gap - width if line > area.center().x() else line + gap
        left = max(0, min(left, self.width() - width))
        top = max(0, min(area.top() + 4, self.height() - self._readout.height()))
        self._readout.move(left, top)

    def _dress(self) -> None:
        """Take the colours of the theme."""
        palette = self.palette()
        text = palette.text().color()
        self.setBackground(palette.base().color())
        for name in ("bottom", "left", "right"):
            self.getAxis(name).setTextPen(text)
            self.getAxis(name).setPen(faded(text, 110))
        for name, stroke in self._strokes.items():
            raw = QPen(faded(stroke.colour(palette), _FAINT), self._pen_scale)
            raw.setCosmetic(True)
            self._raw[name].set_pen(raw)
            self._smooth[name].set_pen(stroke.pen(palette, 2 * self._pen_scale))
            dotted = Stroke(stroke.light, stroke.dark, Qt.PenStyle.DotLine)
            self._rivals[name].set_pen(dotted.pen(palette, 2 * self._pen_scale))
        self._reference.setPen(QPen(faded(text, 150), 0, Qt.PenStyle.DotLine))
        self._crosshair.setPen(QPen(faded(text, 150), 0))
        self._mark.setPen(pg.mkPen(palette.highlight().color(), width=2))  # px, at any zoom
        self._mark_focus()

    def _enlarge_text(self) -> None:
        """Take the size of the text: what is in a scene does not follow by itself."""
        for name in ("bottom", "left"):
            axis = self.getAxis(name)
            axis.label.setFont(self.font())
            axis.showLabel(axis.label.isVisible())  # makes room
            axis.resizeEvent()  # puts the label there
        self._margin.setFont(self.font())

    def _mark_focus(self) -> None:
        """Frame the plot while the keyboard steers it."""
        colour = self.palette().highlight().color()
        self._view.setBorder(QPen(colour, 0) if self.hasFocus() else None)

    def _zoom(self, factor: float) -> None:
        low, high = self.x_range()
        centre = self._crosshair.value() if self._crosshair.isVisible() else (low + high) / 2
        self.fit_x(centre - (centre - low) * factor, centre + (high - centre) * factor)
        self.moved.emit(0)

    def _hover(self, position: QPointF) -> None:
        """Tell which x is at this place of the viewport."""
        at = self.mapToScene(position.toPoint())
        if self._view.sceneBoundingRect().contains(at):
            self.hovered.emit(self._view.mapSceneToView(at).x())
        else:
            self.left.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and Right move the crosshair, + and - zoom, Home and 0 follow the run."""
        step = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        match event.key():
            case Qt.Key.Key_Left:
                self.stepped.emit(-step)
            case Qt.Key.Key_Right:
                self.stepped.emit(step)
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                self._zoom(_ZOOM)
            case Qt.Key.Key_Minus:
                self._zoom(1 / _ZOOM)
            case Qt.Key.Key_Home | Qt.Key.Key_0:
                self.follow_asked.emit()
            case _:
                event.ignore()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell where the mouse is, along x."""
        super().mouseMoveEvent(event)
        self._hover(event.position())

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom; other steps may be under the mouse then."""
        super().wheelEvent(event)
        self._hover(event.position())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Return to the whole run."""
        super().mouseDoubleClickEvent(event)
        self.follow_asked.emit()

    def leaveEvent(self, event: QEvent) -> None:
        """Take the crosshair away."""
        super().leaveEvent(event)
        self.left.emit()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show that keys go here."""
        super().focusInEvent(event)
        self._mark_focus()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Take the crosshair away."""
        super().focusOutEvent(event)
        self._mark_focus()
        self.left.emit()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme and the zoom."""
        super().changeEvent(event)
        if self._complete and event.type() == QEvent.Type.PaletteChange:
            self._dress()
        elif self._complete and event.type() == QEvent.Type.FontChange:
            self._enlarge_text()


def _power(exponent: float, decades: float) -> str:
    """Return ten to this power, or nothing where labels would overlap on so many decades."""
    value = 10.0**exponent
    labelled = "12357" if decades < 1 else "125" if decades < 3 else "1"
    return f"{value:g}" if f"{value:.0e}"[0] in labelled else ""
