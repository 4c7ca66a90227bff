"""Check boxes that can be seen: Fusion draws their border little darker than what is around."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex
from PySide6.QtGui import QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QCheckBox,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionButton,
    QStyleOptionViewItem,
    QStylePainter,
)


def _bordered(palette: QPalette) -> QPalette:
    """Return a palette of which Fusion makes borders that can be seen."""
    found = QPalette(palette)
    grey = palette.color(QPalette.ColorRole.PlaceholderText)
    found.setColor(QPalette.ColorRole.Window, grey)
    return found


class CheckBox(QCheckBox):
    """A check box with a border."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        painter, option = QStylePainter(self), QStyleOptionButton()
        self.initStyleOption(option)
        option.palette = _bordered(option.palette)
        painter.drawControl(QStyle.ControlElement.CE_CheckBox, option)


class CheckDelegate(QStyledItemDelegate):
    """Draws the items of a view, whose check boxes have a border."""

    def initStyleOption(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Fill in what an item is drawn by."""
        super().initStyleOption(option, index)
        option.palette = _bordered(option.palette)
