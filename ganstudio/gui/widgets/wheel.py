"""The wheel changes only a focused control, so that scrolling past one never alters it."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QWidget


class _WheelGuard(QObject):
    """Hands the wheel of an unfocused widget to its parent."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget):
            if watched.hasFocus():
                return False
            event.ignore()
            return True
        return super().eventFilter(watched, event)


def ignore_wheel_unless_focused(widget: QWidget) -> None:
    """Make `widget` pass the wheel on to what lies below it unless it has the focus."""
    widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    widget.installEventFilter(_WheelGuard(widget))
