"""A line of a plot that is cheap to draw many times a second."""

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF, QTransform
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from ganstudio.gui.widgets.series import Floats


class CurveLine(QGraphicsItem):
    """A polyline over a view box, with gaps at NaN; a point between two gaps becomes a dot.

    Qt draws cosmetic pens of one pixel tens of times as fast as wider ones, so a smooth line
    of two pixels is four thin ones beside each other.
    """

    def __init__(self, view: pg.ViewBox, *, smooth: bool) -> None:
        super().__init__(view)
        self._view = view
        self._smooth = smooth
        self._pen = QPen()
        self._shifts = [(0.0, 0.0)]
        self._data: tuple[Floats, Floats] = (np.empty(0), np.empty(0))
        self._runs: list[QPolygonF] = []
        self._dots = QPolygonF()
        self.setZValue(-0.5)  # below the view's straight lines
        self.setAcceptedMouseButtons(Qt.MouseButton.NoButton)

    def set_pen(self, pen: QPen) -> None:
        """Draw with this cosmetic pen."""
        self._pen = QPen(pen)
        self._shifts = [(0.0, 0.0)]
        if self._smooth and pen.width() == 2:
            self._pen.setWidth(1)
            if pen.style() is not Qt.PenStyle.SolidLine:
                self._pen.setDashPattern([2 * length for length in pen.dashPattern()])
            self._shifts = [(-0.5, 0.0), (0.5, 0.0), (0.0, -0.5), (0.0, 0.5)]
        self.update()

    def set_data(self, x: Floats, y: Floats) -> None:
        """Draw these points."""
        self._data = x, y
        points = np.column_stack([x, y]).astype(np.float64, copy=False)
        finite = np.zeros(len(y) + 2, bool)
        finite[1:-1] = np.isfinite(y)
        edges = np.flatnonzero(finite[1:] != finite[:-1])
        runs = [points[start:stop] for start, stop in edges.reshape(-1, 2)]
        self._runs = [_polygon(run) for run in runs if len(run) > 1]
        dots = [run for run in runs if len(run) == 1]
        self._dots = _polygon(np.concatenate(dots)) if dots else QPolygonF()
        self.update()

    def get_data(self) -> tuple[Floats, Floats]:
        """Return the points' x and y."""
        return self._data

    def move_with_view(self) -> None:
        """Follow the size and the range of the view."""
        self.prepareGeometryChange()

    def boundingRect(self) -> QRectF:
        """Return all of the view."""
        return QRectF(self._view.rect())

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        """Draw the line."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, self._smooth)
        painter.setPen(self._pen)
        placed = self._view.childTransform() * painter.worldTransform()
        for x, y in self._shifts:
            painter.setWorldTransform(placed * QTransform.fromTranslate(x, y))
            for run in self._runs:
                painter.drawPolyline(run)
            if self._dots:
                painter.drawPoints(self._dots)


def _polygon(points: NDArray[np.float64]) -> QPolygonF:
    polygon: QPolygonF = pg.functions.create_qpolygonf(len(points))
    pg.functions.ndarray_from_qpolygonf(polygon)[:] = points
    return polygon
