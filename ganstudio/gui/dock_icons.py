"""Icons on the docks' title bars that can be seen in any theme; Fusion's own are always grey."""

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QAbstractButton, QDockWidget, QMainWindow

from ganstudio.gui.icons import icon

_SIGNS = {"qt_dockwidget_floatbutton": "float", "qt_dockwidget_closebutton": "close"}


class DockIcons(QObject):
    """Gives the buttons of a window's docks icons in the colour of the text."""

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._draw()
        window.installEventFilter(self)
        for dock in window.findChildren(QDockWidget):
            dock.topLevelChanged.connect(self._draw)  # Qt sets its own icons anew
            dock.dockLocationChanged.connect(self._draw)

    def _draw(self) -> None:
        for name, sign in _SIGNS.items():
            drawn = icon(sign, self._window.palette())
            for button in self._window.findChildren(QAbstractButton, name):
                button.setIcon(drawn)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the theme."""
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._draw()
        return super().eventFilter(watched, event)
