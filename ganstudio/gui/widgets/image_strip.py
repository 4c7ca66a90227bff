"""A few small images in a row, one of them framed."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from ganstudio.gui.widgets.image_view import to_qimage

SIDE = 28  # px of an image
_FRAME = 2


class ImageStrip(QWidget):
    """Shows images side by side, as large as there is room, but no larger than `side`.

    Where it takes the focus, Left and Right move the frame, and Enter is a click.

    Signals:
        clicked(int): an image, by its place.
    """

    clicked = Signal(int)

    def __init__(self, side: int = SIDE, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._side = side
        self._images: list[QImage] = []
        self._marked = -1
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_images(self, images: NDArray[np.uint8] | None) -> None:
        """Show (N, C, H, W) uint8 images, or none."""
        self._images = [] if images is None else [to_qimage(image) for image in images]
        self.update()

    def set_marked(self, place: int) -> None:
        """Frame the image at `place`; -1 for none."""
        if place != self._marked:
            self._marked = place
            self.update()

    def area(self, place: int) -> QRect:
        """Return where an image is."""
        count = max(len(self._images), 1)
        side = min(self._side, self.width() // count, self.height())
        step = (self.width() - side) / max(count - 1, 1)
        return QRect(round(place * step), (self.height() - side) // 2, side, side)

    def sizeHint(self) -> QSize:
        """Prefer the images' height and a frame's."""
        return QSize(7 * (self._side + _FRAME), self._side + 2 * _FRAME)

    def minimumSizeHint(self) -> QSize:
        """Shrink sideways as far as need be."""
        return QSize(0, self._side + 2 * _FRAME)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the image under the mouse."""
        here = event.position().toPoint()
        if event.button() != Qt.MouseButton.LeftButton:
            event.ignore()
            return
        for place in range(len(self._images)):
            if self.area(place).contains(here):
                self.clicked.emit(place)
                return
        event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Frame what the keys move from."""
        super().focusInEvent(event)
        self.set_marked(0)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Frame nothing."""
        super().focusOutEvent(event)
        self.set_marked(-1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the frame, or choose what is in it."""
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        last = len(self._images) - 1
        if event.key() in steps:
            self.set_marked(max(0, min(self._marked + steps[Qt.Key(event.key())], last)))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and 0 <= self._marked <= last:
            self.clicked.emit(self._marked)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the images, and the frame."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for place, image in enumerate(self._images):
            painter.drawImage(self.area(place), image)
            if place == self._marked:
                pen = QPen(self.palette().color(QPalette.ColorRole.Highlight), _FRAME)
                pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
                painter.setPen(pen)
                painter.drawRect(self.area(place).adjusted(0, -1, 0, 1))
