"""Room for a widget whose text changes often."""

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget


class Steady(QWidget):
    """Holds a widget outside of every layout, as large as itself.

    A label asks the layout around it for room whenever its text changes, that one asks the next,
    and in the end the whole window is laid out anew. Several times a second, that costs more than
    all painting. Nothing is passed on from here.
    """

    def __init__(self, child: QWidget) -> None:
        super().__init__()
        self._child = child
        child.setParent(self)
        self.setSizePolicy(child.sizePolicy())

    def sizeHint(self) -> QSize:
        """Prefer what the child prefers now."""
        return self._child.sizeHint()

    def minimumSizeHint(self) -> QSize:
        """Need what the child needs now."""
        return self._child.minimumSizeHint().expandedTo(self._child.minimumSize())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the child all there is."""
        super().resizeEvent(event)
        self._child.setGeometry(self.rect())
