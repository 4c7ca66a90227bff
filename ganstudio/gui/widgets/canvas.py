"""A page to draw a digit on, white on black; or to show a picture on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from ganstudio.gui import colours
from ganstudio.gui.widgets.image_view import to_qimage

Pixels = NDArray[np.uint8]

PAGE = 280  # px of the page, however large it is shown
PEN = 22  # px of the page: about as thick as the strokes of MNIST's digits
WHOLE = QRectF(0, 0, PAGE, PAGE)
_RUBBER = 40
_OVERLAY = 0.75  # the opacity of the strongest wish


@dataclass(frozen=True, eq=False, slots=True)
class Page:
    """What is on a canvas: strokes or a picture.

    Attributes
    ----------
    strokes : QImage
        What is drawn.
    picture : (C, H, W) uint8 or None
        What is shown in its place.
    """

    strokes: QImage
    picture: Pixels | None


class Canvas(QWidget):
    """Takes strokes of the left button; the right one rubs out.

    A picture that is shown goes when the first stroke comes.

    Signals:
        drawn(): there is more on the page, or less.
        lifted(object): a stroke is done; the `Page` before it.
    """

    drawn = Signal()
    lifted = Signal(object)

    def __init__(self, hint: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hint = hint
        self._page = QImage(PAGE, PAGE, QImage.Format.Format_Grayscale8)
        self._page.fill(0)
        self._blank = True
        self._shown: Pixels | None = None
        self._picture = QImage()  # of what is shown
        self._wishes = QImage()
        self._before = self.content()  # the stroke that is under way
        self._field = WHOLE  # what is judged of the page
        self._last: QPointF | None = None
        self._rubbing = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setCursor(Qt.CursorShape.CrossCursor)

    def is_blank(self) -> bool:
        """Tell whether nothing is drawn."""
        return self._blank

    def page(self) -> Pixels:
        """Return what is drawn, (PAGE, PAGE) uint8, white on black."""
        page = self._page
        pixels = np.frombuffer(page.constBits(), np.uint8).reshape(PAGE, page.bytesPerLine())
        return pixels[:, :PAGE].copy()

    def content(self) -> Page:
        """Return what is on the page."""
        return Page(self._page.copy(), self._shown)

    def set_content(self, content: Page) -> None:
        """Put something else on the page, and end a stroke that is under way."""
        self._last = None
        self.show_picture(content.picture)
        self._page = content.strokes.copy()
        self._blank = not self.page().any()

    def show_picture(self, image: Pixels | None) -> None:
        """Show a (C, H, W) uint8 image in place of what is drawn; None for an empty page."""
        self._shown = image
        self._picture = QImage() if image is None else to_qimage(image)
        self._wishes, self._field = QImage(), WHOLE
        self._page.fill(0)
        self._blank = True
        self.update()

    def show_wishes(self, wishes: NDArray[np.float32] | None, field: QRectF) -> None:
        """Colour the page: orange where D wants more ink, blue where less, (H, W) in [-1, 1].

        `field` is the part of the page that they are about, which is framed.
        """
        self._wishes, self._field = QImage(), field
        if wishes is not None:
            shades = np.zeros((*wishes.shape, 4), np.uint8)
            wanted = ((colours.ORANGE, wishes.clip(0, 1)), (colours.SKY, (-wishes).clip(0, 1)))
            for colour, part in wanted:
                here = part > 0
                shades[here, :3] = colours.rgb(colour)
                shades[here, 3] = (255 * _OVERLAY * part[here]).astype(np.uint8)
            height, width = wishes.shape
            form = QImage.Format.Format_RGBA8888
            self._wishes = QImage(shades.data, width, height, 4 * width, form).copy()
        self.update()

    def area(self) -> QRect:
        """Return the square that is drawn on."""
        side = min(self.width(), self.height())
        return QRect((self.width() - side) // 2, (self.height() - side) // 2, side, side)

    def _on_page(self, event: QMouseEvent) -> QPointF:
        area, here = self.area(), event.position()
        scale = PAGE / max(area.width(), 1)
        return QPointF((here.x() - area.left()) * scale, (here.y() - area.top()) * scale)

    def _stroke(self, start: QPointF, end: QPointF) -> None:
        painter = QPainter(self._page)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = Qt.GlobalColor.black if self._rubbing else Qt.GlobalColor.white
        pen = QPen(colour, _RUBBER if self._rubbing else PEN)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        if start == end:
            painter.drawPoint(end)
        else:
            painter.drawLine(start, end)
        painter.end()
        self._blank = not self.page().any()
        self.update()
        self.drawn.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a stroke."""
        buttons = (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton)
        if event.button() in buttons and self._last is None:  # else a stroke is under way
            self._before = self.content()
            if not self._picture.isNull():
                self.show_picture(None)
            self._rubbing = event.button() == Qt.MouseButton.RightButton
            self._last = self._on_page(event)
            self._stroke(self._last, self._last)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with it."""
        if self._last is not None:
            start, self._last = self._last, self._on_page(event)
            self._stroke(start, self._last)

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        """End it."""
        if self._last is not None:
            self._last = None
            self.lifted.emit(self._before)

    def sizeHint(self) -> QSize:
        """Prefer half of the panel."""
        return QSize(150, 150)

    def minimumSizeHint(self) -> QSize:
        """Stay large enough to draw on."""
        return QSize(96, 96)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show the same page at another size."""
        super().resizeEvent(event)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the page, and what D wants of it."""
        painter = QPainter(self)
        area = self.area()
        painter.fillRect(area, Qt.GlobalColor.black)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._picture.isNull())
        painter.drawImage(area, self._page if self._picture.isNull() else self._picture)
        painter.setClipRect(area)
        scale = area.width() / PAGE
        corner = self._field.topLeft() * scale + area.topLeft()
        field = QRectF(corner, self._field.size() * scale)
        if not self._wishes.isNull():
            painter.drawImage(field, self._wishes)
        if self._field != WHOLE and not self._blank:
            painter.setPen(QPen(Qt.GlobalColor.gray, 1, Qt.PenStyle.DashLine))
            painter.drawRect(field.adjusted(0, 0, -1, -1))
        painter.setPen(self.palette().color(QPalette.ColorRole.Mid))
        painter.drawRect(area.adjusted(0, 0, -1, -1))
        if self._blank and self._picture.isNull():
            painter.setPen(Qt.GlobalColor.lightGray)
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(area.adjusted(8, 8, -8, -8), flags, self._hint)
