"""A grid of small images, each cell as many pixels as fit, of which one can be chosen."""

import math

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from ganstudio.gui.colours import ORANGE, SKY
from ganstudio.images import Pixels

_GAP = 3  # logical pixels around each image, where its frame is drawn
_WORTH = 0.85  # of the size that would fit, for which whole pixels are preferred
_MOVES: dict[int, tuple[int, int]] = {  # columns and rows
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
_FORMATS = {1: QImage.Format.Format_Grayscale8, 3: QImage.Format.Format_RGB888}


class SampleGrid(QWidget):
    """Shows images in rows, in as many columns as make them largest; or one for each name.

    One may be marked by its owner with a frame; another frame shows where the arrows are.

    The sheet is kept at the screen's own pixels, enlarged by repeating pixels; all cells are
    enlarged alike.

    Signals:
        chosen: the index of the image that a person clicked, or confirmed with Enter.
    """

    chosen = Signal(int)

    def __init__(self, *, selectable: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._selectable = selectable
        self._images: Pixels = np.zeros((0, 1, 1, 1), np.uint8)
        self._sheet: Pixels = np.zeros((1, 1, 1), np.uint8)  # (H, W, C), in screen pixels
        self._columns = 1
        self._names: tuple[str, ...] = ()  # of the columns, if sorted
        self._cell = QSize(1, 1)  # of an image, in screen pixels
        self._corner = QPoint()  # of the sheet, in screen pixels
        self._current: int | None = None  # from which the arrows move
        self._steered = False  # by keys: shows where they are
        self._marked: int | None = None
        self._hovered: int | None = None
        self.setMinimumSize(120, 120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        if selectable:
            self.setMouseTracking(True)
            self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def images(self) -> Pixels:
        """Return the images, (N, C, H, W) uint8, into which later ones are written."""
        return self._images

    def set_images(self, images: Pixels) -> None:
        """Show other images, (N, C, H, W) uint8."""
        same = images.shape == self._images.shape
        self._images = images.copy()
        if same:
            self._draw_cells(0, len(images))
        else:
            self._lay_out()
        self._forget_missing()
        self.update()

    def set_cells(self, start: int, images: Pixels) -> None:
        """Show other images from number `start` on, of the same size; repaint only their rows."""
        stop = start + len(images)
        self._images[start:stop] = images
        self._draw_cells(start, stop)
        if len(images):
            top, bottom = self.cell_rect(start).top(), self.cell_rect(stop - 1).bottom()
            self.update(0, top, self.width(), bottom - top + 1)

    def set_column_names(self, names: tuple[str, ...]) -> None:
        """Show the images in columns of these names; without any, they are in no order."""
        if names != self._names:
            self._names = names
            self._lay_out()
            self.update()
        self._show_tip()

    def current(self) -> int | None:
        """Return the index of the image from which the arrows move."""
        return self._current

    def marked(self) -> int | None:
        """Return the index of the image that is framed, wherever the arrows are."""
        return self._marked

    def set_marked(self, index: int | None) -> None:
        """Frame this image, or none."""
        if index != self._marked:
            self._marked = index
            self.update()

    def cell_rect(self, index: int) -> QRect:
        """Return where image `index` and its frame are, in logical pixels."""
        return self._inner_rect(index).toAlignedRect().adjusted(-_GAP, -_GAP, _GAP, _GAP)

    def index_at(self, point: QPoint) -> int | None:
        """Return the index of the image at `point`, frame included."""
        ratio = self.devicePixelRatioF()
        step_x, step_y = self._pitch()
        gap = self._gap()
        column = math.floor((point.x() * ratio - self._corner.x() + gap / 2) / step_x)
        row = math.floor((point.y() * ratio - self._corner.y() + gap / 2) / step_y)
        index = row * self._columns + column
        inside = row >= 0 and 0 <= column < self._columns and index < len(self._images)
        return index if inside else None

    # The sheet

    def _gap(self) -> int:
        return round(_GAP * self.devicePixelRatioF())

    def _pitch(self) -> tuple[int, int]:
        """Return the way from one image to the next, in screen pixels."""
        return self._cell.width() + self._gap(), self._cell.height() + self._gap()

    def _inner_rect(self, index: int) -> QRectF:
        """Return where image `index` is, in logical pixels."""
        ratio = self.devicePixelRatioF()
        step_x, step_y = self._pitch()
        x = self._corner.x() + index % self._columns * step_x
        y = self._corner.y() + index // self._columns * step_y
        size = self._cell
        return QRectF(x / ratio, y / ratio, size.width() / ratio, size.height() / ratio)

    def _lay_out(self) -> None:
        """Choose columns and cell size for the room there is, and draw all cells."""
        n, channels, height, width = self._images.shape
        ratio = self.devicePixelRatioF()
        gap = self._gap()
        room = QSize(int(self.width() * ratio) - gap, int(self.height() * ratio) - gap)

        def scale(columns: int) -> float:
            rows = max(1, math.ceil(n / columns))
            across = (room.width() / columns - gap) / width
            down = (room.height() / rows - gap) / height
            return float(min(across, down))

        self._columns = len(self._names) or max(range(1, n + 1), key=scale, default=1)
        best = max(scale(self._columns), 1 / min(height, width))  # a pixel at least
        if math.floor(best) >= _WORTH * best:
            best = math.floor(best)
        self._cell = QSize(int(best * width), int(best * height))
        step_x, step_y = self._pitch()
        rows = math.ceil(n / self._columns)
        size = QSize(max(self._columns * step_x - gap, 1), max(rows * step_y - gap, 1))
        left = (room.width() + gap - size.width()) // 2
        top = (room.height() + gap - size.height()) // 2
        self._corner = QPoint(left, top)
        self._sheet = np.zeros((size.height(), size.width(), channels), np.uint8)
        self._draw_cells(0, n)

    def _draw_cells(self, start: int, stop: int) -> None:
        _, _, height, width = self._images.shape
        across, down = self._cell.width(), self._cell.height()
        columns = np.arange(across) * width // max(across, 1)
        rows = np.arange(down) * height // max(down, 1)
        step_x, step_y = self._pitch()
        enlarged = self._images[start:stop, :, rows[:, None], columns].transpose(0, 2, 3, 1)
        for index, image in enumerate(enlarged, start):
            y, x = index // self._columns * step_y, index % self._columns * step_x
            self._sheet[y : y + down, x : x + across] = image

    # What is framed

    def _set_current(self, index: int | None) -> None:
        for old_or_new in (self._current, index):
            if old_or_new is not None:
                self.update(self.cell_rect(old_or_new))
        self._current = index
        if index is None:
            self.setAccessibleDescription("")
            return
        text = self.tr("Sample {number} of {count}").format(
            number=index + 1, count=len(self._images)
        )
        if self._names:
            text = self.tr("{sample}, {column}").format(sample=text, column=self._name_of(index))
        self.setAccessibleDescription(text)

    def _name_of(self, index: int) -> str:
        """Return the name of the column that image `index` is in; there must be names."""
        return self._names[index % len(self._names)]

    def _show_tip(self) -> None:
        """Say in the tooltip what a click does, and how the images are sorted."""
        lines = []
        if self._hovered is not None and self._names:
            text = self.tr("Sample {number}, {column}: click to load its z into the latent panel")
            column = self._name_of(self._hovered)
            lines.append(text.format(number=self._hovered + 1, column=column))
        elif self._hovered is not None:
            text = self.tr("Sample {number}: click to load its z into the latent panel")
            lines.append(text.format(number=self._hovered + 1))
        if self._names:
            text = self.tr("A column each, from left to right: {first} to {last}")
            lines.append(text.format(first=self._names[0], last=self._names[-1]))
        self.setToolTip("\n".join(lines))

    def _set_hovered(self, index: int | None) -> None:
        if index == self._hovered:
            return
        self._hovered = index
        self._show_tip()
        shape = Qt.CursorShape.ArrowCursor if index is None else Qt.CursorShape.PointingHandCursor
        self.setCursor(shape)
        self.update()

    def _forget_missing(self) -> None:
        if self._current is not None and self._current >= len(self._images):
            self._set_current(None)
        if self._hovered is not None and self._hovered >= len(self._images):
            self._set_hovered(None)

    def _frame(self, painter: QPainter, index: int, colour: str, width: int) -> None:
        """Draw a frame just outside an image."""
        painter.setPen(QPen(QColor(colour), width, j=Qt.PenJoinStyle.MiterJoin))
        half = width / 2
        painter.drawRect(self._inner_rect(index).adjusted(-half, -half, half, half))

    # Qt

    def sizeHint(self) -> QSize:
        """Ask for the room that the samples have at 1280x720."""
        return QSize(650, 330)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the images into the new room."""
        super().resizeEvent(event)
        self._lay_out()

    def event(self, event: QEvent) -> bool:
        """Draw the sheet anew on a screen of another density."""
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._lay_out()
            self.update()
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the sheet, pixel for pixel, and the frames."""
        if not len(self._images):
            return
        ratio = self.devicePixelRatioF()
        height, width, channels = self._sheet.shape
        image = QImage(self._sheet.data, width, height, width * channels, _FORMATS[channels])
        x, y = self._corner.x() / ratio, self._corner.y() / ratio
        painter = QPainter(self)
        sheet = QRectF(x, y, width / ratio, height / ratio)
        margin = self._gap() / ratio
        painter.fillRect(sheet.adjusted(-margin, -margin, margin, margin), Qt.GlobalColor.black)
        painter.drawImage(sheet, image)
        if self._hovered is not None:
            self._frame(painter, self._hovered, SKY, 1)
        if self._steered and self.hasFocus() and self._current is not None:
            self._frame(painter, self._current, SKY, 3)
        if self._marked is not None and self._marked < len(self._images):
            here = self.hasFocus() and self._marked == self._current
            self._frame(painter, self._marked, ORANGE, 3 if here else 2)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the image under the pointer."""
        index = self.index_at(event.position().toPoint())
        if not self._selectable or event.button() != Qt.MouseButton.LeftButton or index is None:
            super().mousePressEvent(event)
            return
        self._steered = False
        self._set_current(index)
        self.chosen.emit(index)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show which image a click would choose."""
        if self._selectable:
            self._set_hovered(self.index_at(event.position().toPoint()))
        super().mouseMoveEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """Show no hover."""
        self._set_hovered(None)
        super().leaveEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move with the arrows, choose with Enter; Space stays the window's."""
        n, key = len(self._images), event.key()
        if not self._selectable or not n:
            super().keyPressEvent(event)
        elif key in _MOVES:
            across, down = _MOVES[key]
            index = 0
            if self._current is not None:
                index = self._current + across + down * self._columns
            self._steered = True
            self._set_current(index if 0 <= index < n else self._current)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._current is not None:
            self.chosen.emit(self._current)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show where the arrows begin when the grid is reached by keyboard."""
        super().focusInEvent(event)
        by_tab = event.reason() in (
            Qt.FocusReason.TabFocusReason,
            Qt.FocusReason.BacktabFocusReason,
        )
        self._steered |= by_tab
        if by_tab and self._current is None and len(self._images):
            self._set_current(0)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Thin the frame."""
        super().focusOutEvent(event)
        self.update()
