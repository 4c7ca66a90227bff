"""Room for a widget whose text changes often."""

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget


class Steady(QWidget):
    """Holds a widget outside of every layout, as large as itself.

    A label asks the layout around it for room whenever its text changes, that one asks the next,
    and in the end the whole window is laid out anew. Several times a second, that costs more than
    all painting. Nothing is passed on from here, nor is a minimum size that the child gets later:
    set that here.

    Signals:
        resized(): the child has all the room there is now.
    """

    resized = Signal()

    def __init__(self, child: QWidget) -> None:
        super().__init__()
        self._child = child
        child.setParent(self)
        self.setSizePolicy(child.sizePolicy())

    def sizeHint(self) -> QSize:
        """Prefer what the child prefers now."""
        return self._child.sizeHint()

    def minimumSizeHint(self) -> QSize:
        """Need what the child needs now; layouts do not ask where the policy is `Ignored`."""
        return self._child.minimumSizeHint().expandedTo(self._child.minimumSize())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the child all there is."""
        super().resizeEvent(event)
        self._child.setGeometry(self.rect())
        self.resized.emit()
