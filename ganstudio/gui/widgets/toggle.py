"""A button that stays on, and looks it in light and dark themes."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QStyle, QStyleOptionToolButton, QStylePainter, QToolButton, QWidget

from ganstudio.gui.colours import BLUE, SKY, is_dark

# The plate of a button that is on, and the text on it: 5:1 or more between them, and 3:1 or more
# to the buttons beside it. Fusion's own is a shade darker than one that is off.
_ON = {False: (BLUE, "#ffffff"), True: (SKY, "#000000")}


class ToggleButton(QToolButton):
    """Is on or off, and taken for nothing else."""

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(text)
        self.setAccessibleName(text)
        self.setCheckable(True)
        self.setMinimumHeight(26)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw a button that is on as a plate of another colour."""
        if not (self.isChecked() and self.isEnabled()):
            super().paintEvent(event)
            return
        option = QStyleOptionToolButton()
        self.initStyleOption(option)
        plate, text = _ON[is_dark(self.palette())]
        option.palette.setColor(QPalette.ColorRole.ButtonText, QColor(text))
        painter = QStylePainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(plate))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 2, 2)
        painter.drawControl(QStyle.ControlElement.CE_ToolButtonLabel, option)
        if self.hasFocus():
            painter.setPen(QColor(text))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(2, 2, -3, -3))
