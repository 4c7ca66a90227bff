"""How a curve looks: its colour in either theme and its line style, and a legend button of it."""

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QColor, QFont, QIcon, QPainter, QPaintEvent, QPalette, QPen, QPixmap
from PySide6.QtWidgets import (
    QStyle,
    QStyleOptionToolButton,
    QStylePainter,
    QToolButton,
    QWidget,
)

from ganstudio.gui.colours import is_dark

_ICON = QSize(22, 16)
_MARGIN = 4  # pixels within the frame


@dataclass(frozen=True, slots=True)
class Stroke:
    """A colour for light and one for dark themes, each of contrast 3:1 or more, and a style."""

    light: str
    dark: str
    style: Qt.PenStyle

    def colour(self, palette: QPalette) -> QColor:
        """Return the colour that `palette`'s theme asks for."""
        return QColor(self.dark if is_dark(palette) else self.light)

    def pen(self, palette: QPalette, width: float) -> QPen:
        """Return a pen whose width stays the same at any zoom."""
        pen = QPen(self.colour(palette), width, self.style)
        pen.setCosmetic(True)
        return pen


class LegendButton(QToolButton):
    """Shows or hides a curve, and tells its present value where there is room.

    Attributes
    ----------
    stroke : Stroke
        How the curve looks.
    """

    def __init__(self, name: str, stroke: Stroke, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.stroke = stroke
        self._name = name
        self._value = ""
        self._with_value = False
        self.setCheckable(True)
        self.setChecked(True)
        self.setIconSize(_ICON)
        self.setMinimumSize(24, 24)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._draw()

    def set_name(self, name: str) -> None:
        """Call the curve something else."""
        if name != self._name:
            self._name = name
            self.updateGeometry()
            self.update()

    def set_value(self, value: str) -> None:
        """Show a value beside the name, where there is room."""
        if value != self._value:
            self._value = value
            self.update()

    def show_value(self, shown: bool) -> None:
        """Choose whether the value is shown."""
        if shown != self._with_value:
            self._with_value = shown
            self.updateGeometry()
            self.update()

    def caption(self) -> str:
        """Return what stands on the button."""
        return f"{self._name} {self._value}" if self._with_value and self._value else self._name

    def width_with_value(self) -> int:
        """Return the width of the name and any usual value, so that none makes the row move."""
        return self.width_of_name() + self.fontMetrics().horizontalAdvance(" −0.000")

    def width_of_name(self) -> int:
        """Return the width that the name alone takes."""
        return _ICON.width() + self.fontMetrics().horizontalAdvance(self._name) + 10 + 2 * _MARGIN

    def _draw(self) -> None:
        icon = QIcon()
        for state, opacity in ((QIcon.State.On, 1.0), (QIcon.State.Off, 0.25)):
            icon.addPixmap(self._line(opacity), QIcon.Mode.Normal, state)
        self.setIcon(icon)

    def _line(self, opacity: float) -> QPixmap:
        ratio = 2
        pixmap = QPixmap(_ICON * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setOpacity(opacity)
        pen = self.stroke.pen(self.palette(), 2.5)
        pen.setCosmetic(False)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(pen)
        painter.drawLine(0, _ICON.height() // 2, _ICON.width(), _ICON.height() // 2)
        painter.end()
        return pixmap

    def paintEvent(self, event: QPaintEvent) -> None:
        """Frame the button of a curve that is shown in the curve's colour; strike out the other."""
        option = QStyleOptionToolButton()
        self.initStyleOption(option)
        painter = QStylePainter(self)
        if self.isChecked():
            painter.setPen(QPen(self.stroke.colour(self.palette()), 2))
            painter.setBrush(self.palette().base())
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(self.rect(), self.palette().midlight())
        font = QFont(option.font)
        font.setStrikeOut(not self.isChecked())
        option.font = font
        option.rect = self.rect().adjusted(_MARGIN, 0, 0, 0)
        painter.drawControl(QStyle.ControlElement.CE_ToolButtonLabel, option)
        if self.hasFocus():
            painter.setPen(QPen(self.palette().text(), 1, Qt.PenStyle.DotLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(3, 3, -4, -4))

    def initStyleOption(self, option: QStyleOptionToolButton) -> None:
        """Write the caption: `setText` would lay the whole window out anew with every value."""
        super().initStyleOption(option)
        option.text = self.caption()

    def sizeHint(self) -> QSize:
        """Return a width that does not depend on the value."""
        width = self.width_with_value() if self._with_value else self.width_of_name()
        return QSize(width, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """Return room for the line and the name."""
        return QSize(self.width_of_name(), 24)

    def changeEvent(self, event: QEvent) -> None:
        """Draw the line anew in the theme's colour."""
        if event.type() == QEvent.Type.PaletteChange:
            self._draw()
        super().changeEvent(event)
