"""When small images are to be drawn anew: soon, and not too often."""

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

INTERVAL = 150  # ms between two times that images are asked for


class Renewal(QObject):
    """Asks for images of a widget that can be seen: at once where that was long ago.

    Signals:
        wanted(): draw them.
    """

    wanted = Signal()

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._widget = widget
        self._again = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(INTERVAL)
        self._timer.timeout.connect(self._on_timeout)

    def renew(self) -> None:
        """Have the images drawn, unless nobody can see them."""
        if not self._widget.isVisible():
            return
        self._again = self._timer.isActive()
        if not self._again:
            self._timer.start()
            self.wanted.emit()

    def _on_timeout(self) -> None:
        if self._again:
            self.renew()
