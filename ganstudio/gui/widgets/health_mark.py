"""A mark for each kind of health: other in shape, not only in colour."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from ganstudio.gui.colours import GREEN, ORANGE, VERMILLION, is_dark
from ganstudio.training.health import State

_SIDE = 16


class HealthMark(QWidget):
    """A ring while nothing is known, a disc while all is well, else a triangle with a bar."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("health_mark")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._state = State.WAITING

    def set_state(self, state: State) -> None:
        """Show the mark of a state."""
        self._state = state
        self.update()

    def sizeHint(self) -> QSize:
        """Be as large as a line of text."""
        side = max(_SIDE, self.fontMetrics().height())
        return QSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the mark."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        side = min(self.width(), self.height())
        box = QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)
        box.adjust(2, 2, -2, -2)
        if self._state is State.WAITING:
            painter.setPen(QPen(self.palette().windowText().color(), 1.5))
            painter.drawEllipse(box)
            return
        painter.setPen(Qt.PenStyle.NoPen)
        if self._state is State.LEARNING:
            painter.setBrush(QColor(GREEN))
            painter.drawEllipse(box)
            return
        painter.setBrush(QColor(ORANGE if is_dark(self.palette()) else VERMILLION))
        middle = box.center().x()
        corners = (QPointF(middle, box.top()), box.bottomRight(), box.bottomLeft())
        painter.drawPolygon(QPolygonF(corners))
        painter.setBrush(self.palette().window().color())
        bar = QRectF(middle - side / 18, box.top() + side * 0.26, side / 9, side * 0.3)
        painter.drawRect(bar)
