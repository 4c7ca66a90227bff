"""Room for a widget whose text changes often."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QSize, Signal
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QWidget

LeastWidth = Callable[[QFontMetrics], int]


class Steady(QWidget):
    """Holds a widget outside of every layout, as large as itself.

    A label asks the layout around it for room whenever its text changes, that one asks the next,
    and in the end the whole window is laid out anew. Several times a second, that costs more than
    all painting. Nothing is passed on from here, nor is a minimum size that the child gets later:
    that is for `least_width` to tell, which is asked again whenever the font changes. It is given
    the new font, which the child may not have yet.

    Signals:
        resized(): the child has all the room there is now.
    """

    resized = Signal()

    def __init__(self, child: QWidget, least_width: LeastWidth | None = None) -> None:
        super().__init__()
        self._least_width = least_width
        self._child = child
        child.setParent(self)
        self.setSizePolicy(child.sizePolicy())
        self._renew_least()

    def sizeHint(self) -> QSize:
        """Prefer what the child prefers now."""
        return self._child.sizeHint().expandedTo(self._child.minimumSize())

    def minimumSizeHint(self) -> QSize:
        """Need what the child needs now; layouts do not ask where the policy is `Ignored`."""
        return self._child.minimumSizeHint().expandedTo(self._child.minimumSize())

    def _renew_least(self) -> None:
        if self._least_width is not None:
            self.setMinimumWidth(self._least_width(self.fontMetrics()))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the zoom."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._renew_least()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the child all there is."""
        super().resizeEvent(event)
        self._child.setGeometry(self.rect())
        self.resized.emit()
