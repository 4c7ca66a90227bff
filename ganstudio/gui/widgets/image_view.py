"""One small image, shown large and crisp."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QImage, QPainter, QPaintEvent, QPalette, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget


def to_qimage(image: NDArray[np.uint8]) -> QImage:
    """Return a (C, H, W) uint8 array of one or three channels as an image of its own."""
    channels, height, width = image.shape
    form = QImage.Format.Format_Grayscale8 if channels == 1 else QImage.Format.Format_RGB888
    pixels = np.ascontiguousarray(image.transpose(1, 2, 0))
    return QImage(pixels.data, width, height, width * channels, form).copy()


def to_icon(image: NDArray[np.uint8], side: int) -> QIcon:
    """Return a (C, H, W) uint8 array as an icon of `side` pixels: crisp where it is a multiple."""
    crisp = side % image.shape[1] == 0
    mode = Qt.TransformationMode
    how = mode.FastTransformation if crisp else mode.SmoothTransformation
    keep = Qt.AspectRatioMode.KeepAspectRatio
    pixels = QPixmap.fromImage(to_qimage(image).scaled(side, side, keep, how))
    icon = QIcon(pixels)
    icon.addPixmap(pixels, QIcon.Mode.Selected)  # else a list would tint it
    return icon


class ImageView(QWidget):
    """Shows an image as large as whole multiples of its pixels allow, or a sentence without one."""

    def __init__(self, placeholder: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._placeholder = placeholder
        self._image = QImage()
        self._preferred = QSize(168, 168)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)

    def set_image(self, image: NDArray[np.uint8] | None) -> None:
        """Show a (C, H, W) uint8 image, or the placeholder."""
        self._image = QImage() if image is None else to_qimage(image)
        self.update()

    def set_preferred_side(self, side: int) -> None:
        """Ask the layout for a square of `side` pixels, or the next crisp size below."""
        if not self._image.isNull():
            height = self._image.height()
            side = max(side - side % height, self.minimumHeight())
        if side != self._preferred.height():
            self._preferred = QSize(side, side)
            self.updateGeometry()

    def _target(self) -> QRectF:
        """Where the image goes: a whole number of screen pixels for each of its own."""
        ratio = self.devicePixelRatio()
        room = self.size().toSizeF() * ratio
        width, height = self._image.width(), self._image.height()
        scale = min(room.width() / width, room.height() / height)
        if scale >= 1:
            scale = int(scale)
        left = (room.width() - scale * width) // 2
        top = (room.height() - scale * height) // 2
        return QRectF(left / ratio, top / ratio, scale * width / ratio, scale * height / ratio)

    def sizeHint(self) -> QSize:
        """Prefer the size asked for."""
        return self._preferred

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the image, or the placeholder in a frame."""
        painter = QPainter(self)
        if not self._image.isNull():
            target = self._target()
            shrunk = target.width() * self.devicePixelRatio() < self._image.width()
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, shrunk)
            painter.drawImage(target, self._image)
            return
        side = min(self.width(), self.height())
        frame = QRect(0, 0, side, side)
        frame.moveCenter(self.rect().center())
        painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
        painter.drawRect(frame.adjusted(0, 0, -1, -1))
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(frame.adjusted(8, 8, -8, -8), flags, self._placeholder)
