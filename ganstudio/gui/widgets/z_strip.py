"""All of z as a strip of bars: a click jumps to a dimension, a drag paints values."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QApplication, QSizePolicy, QToolTip, QWidget

from ganstudio.gui import colours
from ganstudio.gui.widgets.latent_state import LatentState
from ganstudio.gui.widgets.number_edit import number_text
from ganstudio.latent.spec import Array

_HEIGHT = 48


class ZStrip(QWidget):
    """One vertical bar a dimension: up for positive values, down for negative ones.

    It shows what it is told and changes nothing itself.

    Signals:
        pressed(): the mouse went down; nothing should move below it until `released`.
        painted(object, object): dimensions (n,) and the values (n,) float32 painted into them.
        released(): the mouse went up.
        clicked(int): this dimension was clicked, not painted.
    """

    pressed = Signal()
    painted = Signal(object, object)
    released = Signal()
    clicked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._labels: tuple[str, ...] = ()
        self._bounds: Array = np.zeros(0, np.float32)
        self._state = LatentState.unlocked(self._bounds)
        self._current = 0
        self._from: QPoint | None = None  # where the mouse was last, while it is down
        self._painting = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_spec(self, labels: tuple[str, ...], bounds: Array, state: LatentState) -> None:
        """Show other dimensions."""
        self._labels, self._bounds, self._state = labels, bounds, state
        self._current = 0
        self._from = None
        self.update()

    def set_state(self, state: LatentState) -> None:
        """Show these values and locks; only bars that differ are painted again."""
        before, self._state = self._state, state
        differ = (before.z != state.z) | (before.locked != state.locked)
        if differ.any():
            dims = np.flatnonzero(differ)
            self.update(self._span(int(dims[0]), int(dims[-1])))

    def set_current(self, dim: int) -> None:
        """Mark dimension `dim`."""
        for changed in (self._current, dim):
            self.update(self._span(changed, changed))
        self._current = dim

    def bar(self, dim: int) -> QRect:
        """Return the column of dimension `dim`; at least one pixel wide."""
        count, width = max(len(self._labels), 1), self.width()
        left = dim * width // count
        return QRect(left, 0, max((dim + 1) * width // count - left, 1), self.height())

    def _span(self, first: int, last: int) -> QRect:
        """Cover the columns of `first` to `last` and the mark below them."""
        return self.bar(first).united(self.bar(last)).adjusted(-4, 0, 4, 0)

    def _last_at(self, x: int) -> int:
        """Return the last dimension whose column begins at pixel `x` or left of it."""
        count = len(self._labels)
        return min(max(((x + 1) * count - 1) // self.width(), 0), count - 1)

    def _first_at(self, x: int) -> int:
        """Return the first dimension at pixel `x`, where one pixel may show several."""
        return max(0, min(self._last_at(x), -(-x * len(self._labels) // self.width())))

    def _paint(self, start: QPoint, end: QPoint) -> None:
        """Paint the line from `start` to `end` into the bars that it crosses."""
        left, right = sorted((start, end), key=QPoint.x)
        dims = np.arange(self._first_at(left.x()), self._last_at(right.x()) + 1)
        centres = (dims + 0.5) * self.width() / len(self._labels)
        heights = np.interp(centres, (left.x(), right.x()), (left.y(), right.y()))
        here = (dims >= self._first_at(end.x())) & (dims <= self._last_at(end.x()))
        heights[here] = end.y()  # the bar under the mouse follows it exactly
        middle = (self.height() - 1) / 2
        values = np.clip((middle - heights) / middle, -1, 1) * self._bounds[dims]
        self.painted.emit(dims, values.astype(np.float32))

    def sizeHint(self) -> QSize:
        """Prefer the width of the panel."""
        return QSize(280, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        """Stay tall enough to paint in."""
        return QSize(120, _HEIGHT)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a click or a stroke."""
        if event.button() == Qt.MouseButton.LeftButton and self._labels:
            self._from, self._painting = event.position().toPoint(), False
            self.pressed.emit()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Paint, once the mouse has moved too far for a click."""
        if self._from is None:
            return
        here = event.position().toPoint()
        far = (here - self._from).manhattanLength() >= QApplication.startDragDistance()
        if self._painting or far:
            self._painting = True
            start, self._from = self._from, here
            self._paint(start, here)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the stroke, or jump to the clicked dimension."""
        if event.button() == Qt.MouseButton.LeftButton and self._from is not None:
            pressed_at, self._from = self._from, None
            self.released.emit()
            if not self._painting:
                self.clicked.emit(self._first_at(pressed_at.x()))

    def event(self, event: QEvent) -> bool:
        """Name the dimension under the mouse in the tooltip."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip and self._labels:
            dim = self._first_at(event.pos().x())
            value = number_text(self._state.z[dim], self._bounds[dim])
            if self._state.locked[dim]:
                text = self.tr("{name}: {value}, locked").format(
                    name=self._labels[dim], value=value
                )
            else:
                text = self.tr("{name}: {value}").format(name=self._labels[dim], value=value)
            QToolTip.showText(event.globalPos(), f"{text}\n{self.toolTip()}", self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bars in need of it."""
        painter = QPainter(self)
        palette = self.palette()
        painter.fillRect(event.rect(), palette.base())
        if not self._labels:
            return
        dims = np.arange(
            self._first_at(max(event.rect().left(), 0)), self._last_at(event.rect().right()) + 1
        )
        self._paint_bars(painter, dims)
        middle = self.height() // 2
        painter.setPen(_faint(palette.color(QPalette.ColorRole.Text), 0.3))
        painter.drawLine(event.rect().left(), middle, event.rect().right(), middle)
        self._paint_mark(painter)

    def _paint_bars(self, painter: QPainter, dims: NDArray[np.intp]) -> None:
        palette = self.palette()
        dark = colours.is_dark(palette)
        normal = colours.SKY if dark else colours.BLUE
        chosen = colours.ORANGE if dark else colours.VERMILLION
        text = palette.color(QPalette.ColorRole.Text)
        hatch = QBrush(_faint(text, 0.4), Qt.BrushStyle.Dense5Pattern)
        middle = self.height() // 2
        lengths = self._state.z[dims] / self._bounds[dims]
        reach = np.rint(np.clip(lengths, -1, 1) * middle).astype(int)
        locked = self._state.locked[dims]
        for dim, length, up, fixed in zip(
            dims.tolist(), lengths.tolist(), reach.tolist(), locked.tolist(), strict=True
        ):
            column = self.bar(dim)
            if fixed:
                painter.fillRect(column, hatch)
            gap = 1 if column.width() > 2 else 0
            bar = QRect(column.left(), middle - max(up, 0), column.width() - gap, abs(up))
            colour = chosen if dim == self._current else normal
            painter.fillRect(bar, _faint(text, 0.6) if fixed else colour)
            if abs(length) > 1:  # a cap says that the value lies beyond the strip's range
                top = 0 if length > 0 else self.height() - 3
                painter.fillRect(QRect(bar.left(), top, bar.width(), 3), text)

    def _paint_mark(self, painter: QPainter) -> None:
        """Point at the current dimension from below, however narrow its bar."""
        centre, bottom = self.bar(self._current).center().x(), self.height()
        colour = self.palette().color(QPalette.ColorRole.Text)
        for row in range(4):
            painter.fillRect(QRect(centre - row, bottom - 4 + row, 2 * row + 1, 1), colour)


def _faint(colour: QColor, alpha: float) -> QColor:
    faint = QColor(colour)
    faint.setAlphaF(alpha)
    return faint
