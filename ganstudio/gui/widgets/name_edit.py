"""A field to type a name over the one it replaces."""

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

_MOST = 40  # characters


class NameEdit(QLineEdit):
    """Takes a name; Enter or leaving accepts it, Escape does not.

    Signals:
        entered(str): what was typed, without the spaces around it; empty for the usual name.
        closed(): it has gone, whatever came of it.
    """

    entered = Signal(str)
    closed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setMaxLength(_MOST)
        self._open = False
        self._parent = parent
        self.hide()

    def open(self, area: QRect, name: str) -> None:
        """Show over `area` with `name` selected."""
        self.setText(name)
        self.selectAll()
        self.setGeometry(area)
        self._open = True
        self.show()
        self.raise_()
        self.setFocus()

    def is_open(self) -> bool:
        """Tell whether a name is being typed."""
        return self._open

    def close_with(self, accept: bool) -> None:
        """Go; tell what was typed if it is to be taken, and differs."""
        if not self._open:
            return
        self._open = False  # first: losing the focus would close it, too
        if self.hasFocus():
            self._parent.setFocus()
        self.hide()
        if accept and self.isModified():
            self.entered.emit(self.text().strip())
        self.closed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Accept with Enter, cancel with Escape."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape):
            self.close_with(accept=event.key() != Qt.Key.Key_Escape)
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Accept what was typed when the person goes on elsewhere."""
        super().focusOutEvent(event)
        self.close_with(accept=True)
