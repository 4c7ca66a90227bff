"""The image of the same z by several runs, each in the run's colour."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ganstudio.gui.widgets.image_view import to_qimage

_SIDE, _FRAME, _GAP = 60, 3, 4  # px
_COLUMN = 3  # images in one column; more are in two


class ComparedImages(QWidget):
    """Images one below the other, as large as there is room; tooltips name their runs."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("compared_images")
        self.setAccessibleName(self.tr("The same z by the compared runs"))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self._images: list[tuple[QImage | None, QColor, str]] = []

    def set_images(self, images: Sequence[tuple[NDArray[np.uint8] | None, str, str]]) -> None:
        """Show (image (C, H, W) uint8 or None, colour, name) of every run."""
        self._images = [
            (None if image is None else to_qimage(image), QColor(colour), name)
            for image, colour, name in images
        ]
        self.setAccessibleDescription(", ".join(name for _, _, name in self._images))
        self.update()

    def area(self, place: int) -> QRect:
        """Return where an image is, its frame included."""
        columns = 1 if len(self._images) <= _COLUMN else 2
        rows = max(1, -(-len(self._images) // columns))
        side = min(
            (self.width() - (columns - 1) * _GAP) // columns,
            (self.height() - (rows - 1) * _GAP) // rows,
        )
        column, row = place % columns, place // columns
        return QRect(column * (side + _GAP), row * (side + _GAP), side, side)

    def sizeHint(self) -> QSize:
        """Prefer room for a column."""
        return QSize(_SIDE, _COLUMN * (_SIDE + _GAP))

    def minimumSizeHint(self) -> QSize:
        """Shrink as far as need be."""
        return QSize(_SIDE, 0)

    def event(self, event: QEvent) -> bool:
        """Name the run under the mouse."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            for place, (image, _, name) in enumerate(self._images):
                if self.area(place).contains(event.pos()):
                    without = self.tr("{name}: no image of this z").format(name=name)
                    text = name if image is not None else without
                    QToolTip.showText(event.globalPos(), text, self)
                    return True
            QToolTip.hideText()
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the images in their frames."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for place, (image, colour, _) in enumerate(self._images):
            area = self.area(place)
            painter.fillRect(area, colour)
            inner = area.adjusted(_FRAME, _FRAME, -_FRAME, -_FRAME)
            if image is None:
                painter.fillRect(inner, self.palette().window())
                painter.setPen(self.palette().windowText().color())
                painter.drawText(inner, Qt.AlignmentFlag.AlignCenter, "–")
            else:
                painter.drawImage(inner, image)
