"""A plane of z, tiled with what the generator draws there."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ganstudio.gui.widgets.image_view import to_qimage
from ganstudio.gui.widgets.number_edit import number_text

TILE = 28  # px, about
LEAST, MOST = 5, 25  # tiles a side
ZOOM = 1.25  # of a key or a notch of the wheel
NEAREST, FARTHEST = 1 / 64, 2.0  # of the usual view
_STEP, _FINE = 0.02, 0.002  # of the view: an arrow key's way, and with Shift
_TINT = 0.45  # how much of a tile's colour covers its image
_NOTCH = 120  # of a wheel


class MapView(QWidget):
    """Shows tiles, and the place of z among them; a drag moves it.

    Coordinates are values of the two sliders; y grows upwards. The wheel and + and - zoom, a drag
    with the right or middle button pans, arrows move z (finely with Shift), Home shows all.

    Signals:
        pressed(), dragged(float, float), released(): z is dragged to values.
        stepped(float, float): a key moves z to values.
        view_changed(): other places are in view.
    """

    pressed = Signal()
    dragged = Signal(float, float)
    released = Signal()
    stepped = Signal(float, float)
    view_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._extent = np.array([3.0, 3.0])  # of the usual view: from the middle to an edge
        self._centre = np.zeros(2)
        self._zoom = 1.0  # of the extent: smaller is nearer
        self._at = np.zeros(2)  # where z is
        self._sheet = QImage()  # the tiles
        self._seen = (np.zeros(2), np.ones(2), 1)  # the view that they are of, and their number
        self._tints: NDArray[np.uint8] | None = None  # (tiles, 3)
        self._words: list[str] = []  # of each tile
        self._hand = Qt.MouseButton.NoButton
        self._from = QPoint()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    # what the owner calls

    def set_extent(self, x: float, y: float) -> None:
        """Show values up to ±`x` and ±`y`, all of it."""
        self._extent = np.array([x, y])
        self.show_all()

    def set_at(self, x: float, y: float) -> None:
        """Show that z is there."""
        self._at = np.array([x, y])
        self.update()

    def coordinates(self) -> NDArray[np.float32]:
        """Return the values in the middle of each tile, from the left above: (N, 2) float32."""
        count = self.count()
        steps = (np.arange(count) + 0.5) * 2 / count - 1
        x, y = np.meshgrid(steps, -steps)
        places = self._centre + np.stack([x.ravel(), y.ravel()], axis=1) * self._half()
        return places.astype(np.float32)

    def set_tiles(
        self,
        images: NDArray[np.uint8],
        tints: NDArray[np.uint8] | None = None,
        words: list[str] | None = None,
    ) -> None:
        """Show what there is at `coordinates`, as they were asked for last.

        Parameters
        ----------
        images : (N, C, H, W) uint8
            The tiles.
        tints : (N, 3) uint8, optional
            A colour for each.
        words : list of str, optional
            What to say of each.
        """
        n, channels, height, width = images.shape
        count = round(n**0.5)
        rows = images.reshape(count, count, channels, height, width).transpose(2, 0, 3, 1, 4)
        self._sheet = to_qimage(rows.reshape(channels, count * height, count * width))
        self._seen = self._asked
        self._tints, self._words = tints, words or []
        self.update()

    def forget(self) -> None:
        """Show nothing: there is no plane."""
        self._sheet = QImage()
        self.update()

    def asked(self) -> None:
        """Take note: what is in view is being drawn."""
        self._asked = (self._centre.copy(), self._half(), self.count())

    def zoom(self, factor: float, about: NDArray[np.float64] | None = None) -> None:
        """Come `factor` times nearer to a place, by default to where z is."""
        about = self._at if about is None else about
        zoom = min(max(self._zoom / factor, NEAREST), FARTHEST)
        self._centre = about + (self._centre - about) * zoom / self._zoom
        self._zoom = zoom
        self._look_elsewhere()

    def show_all(self) -> None:
        """Return to the usual view."""
        self._centre, self._zoom = np.zeros(2), 1.0
        self._look_elsewhere()

    def count(self) -> int:
        """Return how many tiles there are in a row."""
        return min(max(self._side() // TILE, LEAST), MOST)

    def point(self, x: float, y: float) -> QPointF:
        """Return where values lie on the screen."""
        share = (np.array([x, y]) - self._centre) / self._half()
        area = self.area()
        return QPointF(
            area.left() + (share[0] + 1) / 2 * area.width(),
            area.top() + (1 - share[1]) / 2 * area.height(),
        )

    def area(self) -> QRect:
        """Return the square of the tiles."""
        side = self._side()
        return QRect((self.width() - side) // 2, (self.height() - side) // 2, side, side)

    # geometry

    def _side(self) -> int:
        side = min(self.width(), self.height())
        return max(side - side % max(side // TILE, 1), 1)

    def _half(self) -> NDArray[np.float64]:
        """Return the values from the middle of the view to its edges."""
        half: NDArray[np.float64] = self._extent * self._zoom
        return half

    def _values(self, point: QPoint) -> NDArray[np.float64]:
        area = self.area()
        share = np.array(
            [
                2 * (point.x() - area.left()) / area.width() - 1,
                1 - 2 * (point.y() - area.top()) / area.height(),
            ]
        )
        values: NDArray[np.float64] = self._centre + share * self._half()
        return values

    def _look_elsewhere(self) -> None:
        self.update()
        self.view_changed.emit()

    def _bring_into_view(self) -> None:
        """Follow z out of the view."""
        beyond = np.abs(self._at - self._centre) > self._half()
        if beyond.any():
            self._centre = np.where(beyond, self._at, self._centre)
            self._look_elsewhere()

    # hands

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Bring z here, or take hold of the plane."""
        inside = self.area().contains(event.position().toPoint())
        if self._hand != Qt.MouseButton.NoButton or not inside:
            return
        self._hand, self._from = event.button(), event.position().toPoint()
        if self._hand == Qt.MouseButton.LeftButton:
            self.pressed.emit()
            self.dragged.emit(*self._values(self._from).tolist())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag z, or the plane."""
        here = event.position().toPoint()
        if self._hand == Qt.MouseButton.LeftButton:
            area = self.area()  # beyond it nobody sees where z goes
            x = min(max(here.x(), area.left()), area.right())
            y = min(max(here.y(), area.top()), area.bottom())
            self.dragged.emit(*self._values(QPoint(x, y)).tolist())
        elif self._hand in (Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton):
            self._centre += self._values(self._from) - self._values(here)
            self._from = here
            self._look_elsewhere()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        if event.button() == self._hand:
            if self._hand == Qt.MouseButton.LeftButton:
                self.released.emit()
            self._hand = Qt.MouseButton.NoButton

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom about the pointer."""
        notches = event.angleDelta().y() / _NOTCH
        self.zoom(ZOOM**notches, self._values(event.position().toPoint()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move z, or zoom."""
        fine = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        ways = {
            Qt.Key.Key_Left: (-1, 0),
            Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Up: (0, 1),
            Qt.Key.Key_Down: (0, -1),
        }
        key = Qt.Key(event.key())
        if key in ways:
            step = np.array(ways[key]) * 2 * self._half() * (_FINE if fine else _STEP)
            self.stepped.emit(*(self._at + step).tolist())
            self._bring_into_view()
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(ZOOM)
        elif key == Qt.Key.Key_Minus:
            self.zoom(1 / ZOOM)
        elif key == Qt.Key.Key_Home:
            self.show_all()
        else:
            super().keyPressEvent(event)

    # looks

    def event(self, event: QEvent) -> bool:
        """Say where the pointer is, and what is known of the tile."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            x, y = self._values(event.pos()).tolist()
            bound = float(self._extent.max())
            place = f"{number_text(x, bound)}, {number_text(y, bound)}"
            word = self._word(event.pos())
            QToolTip.showText(event.globalPos(), f"{place}  {word}\n{self.toolTip()}".strip(), self)
            return True
        return super().event(event)

    def _word(self, point: QPoint) -> str:
        area, count = self.area(), self._seen[2]
        column = (point.x() - area.left()) * count // area.width()
        row = (point.y() - area.top()) * count // area.height()
        inside = 0 <= column < count and 0 <= row < count
        return self._words[row * count + column] if inside and self._words else ""

    def sizeHint(self) -> QSize:
        """Prefer what there is anyway: the image above is to keep its size."""
        return self.minimumSizeHint()

    def minimumSizeHint(self) -> QSize:
        """Need a few tiles."""
        return QSize(LEAST * TILE, LEAST * TILE)

    def resizeEvent(self, event: object) -> None:
        """Have as many tiles as there is room for."""
        self.view_changed.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the tiles where they belong in this view, and where z is."""
        painter = QPainter(self)
        area = self.area()
        painter.fillRect(area, self.palette().color(QPalette.ColorRole.Base))
        painter.setClipRect(area)
        if not self._sheet.isNull():
            self._paint_tiles(painter)
        self._paint_place(painter)
        if self.hasFocus():
            painter.setPen(self.palette().color(QPalette.ColorRole.Highlight))
            painter.drawRect(area.adjusted(0, 0, -1, -1))

    def _paint_tiles(self, painter: QPainter) -> None:
        centre, half, count = self._seen
        above = self.point(*(centre + half * [-1, 1]).tolist())
        below = self.point(*(centre + half * [1, -1]).tolist())
        where = QRect(above.toPoint(), below.toPoint() - QPoint(1, 1))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(where, self._sheet)
        if self._tints is None:
            return
        width, height = where.width() / count, where.height() / count
        for i, tint in enumerate(self._tints.tolist()):
            row, column = divmod(i, count)
            colour = QColor(*tint)
            colour.setAlphaF(_TINT)
            left, top = where.left() + column * width, where.top() + row * height
            tile = QRect(
                QPointF(left, top).toPoint(), QPointF(left + width, top + height).toPoint()
            )
            painter.fillRect(tile.adjusted(0, 0, -1, -1), colour)

    def _paint_place(self, painter: QPainter) -> None:
        """Draw a ring that can be seen on black and on white."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = self.point(*self._at.tolist())
        for colour, width in ((Qt.GlobalColor.black, 4), (Qt.GlobalColor.white, 2)):
            painter.setPen(QPen(colour, width))
            painter.drawEllipse(middle, 8, 8)
