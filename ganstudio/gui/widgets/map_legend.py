"""What the colours of a map's tiles mean."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ganstudio.gui import colours
from ganstudio.gui.widgets.thumbnails import Colour

UNREAL, REAL = colours.BLUE, colours.ORANGE
_HEIGHT = 20  # px
_DARK = 110  # of 255: on what is darker, words are white


class MapLegend(QWidget):
    """From no to all held-out images that D finds less real; or the ten digits."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colour: Colour = ""
        self.setObjectName("map_legend")
        self.setAccessibleName(self.tr("What the colours mean"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.hide()

    def show_for(self, colour: Colour) -> None:
        """Explain what the tiles are coloured by; nothing where they are images alone."""
        self._colour = colour
        self.setVisible(bool(colour))
        tip = {
            "rank": self.tr("The share of held-out images that D finds less real than the tile"),
            "digit": self.tr("The digit that the studio's classifier sees"),
            "": "",
        }[colour]
        self.setToolTip(tip)
        self.setAccessibleDescription(tip)
        self.update()

    def sizeHint(self) -> QSize:
        """Take one line."""
        return QSize(160, _HEIGHT)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the colours, and on them what they mean."""
        painter = QPainter(self)
        if self._colour == "rank":
            gradient = QLinearGradient(0, 0, self.width(), 0)
            gradient.setColorAt(0, QColor(UNREAL))
            gradient.setColorAt(1, QColor(REAL))
            painter.fillRect(self.rect(), gradient)
            inside = self.rect().adjusted(4, 0, -4, 0)
            left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
            middle = Qt.AlignmentFlag.AlignVCenter
            painter.setPen(Qt.GlobalColor.white)
            painter.drawText(inside, left | middle, self.tr("0 %: unreal to D"))
            painter.setPen(Qt.GlobalColor.black)
            painter.drawText(inside, right | middle, self.tr("real: 100 %"))
            return
        width = self.width() / len(colours.TEN)
        for digit, name in enumerate(colours.TEN):
            box = QRectF(digit * width, 0, width, self.height())
            colour = QColor(name)
            painter.fillRect(box, colour)
            dark = colour.lightness() < _DARK
            painter.setPen(Qt.GlobalColor.white if dark else Qt.GlobalColor.black)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(digit))
