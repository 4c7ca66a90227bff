"""A field for one of several names, used as a `NumberField` is."""

from collections.abc import Collection, Iterable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPaintEvent, QStandardItemModel, QWheelEvent
from PySide6.QtWidgets import QComboBox, QStyle, QStyleOptionComboBox, QStylePainter, QWidget

from ganstudio.errors import ConfigError
from ganstudio.gui.widgets.wheel import ignore_wheel_unless_focused

MARGIN = 4  # px: what styles leave free beside the text, of the field's width
_LEAST = QSize(80, 24)
_WHOLE = 18  # characters, about, that it asks room for at most; a file's name may be any length


class ChoiceField(QComboBox):
    """Takes one of its choices, each a value with the text shown for it.

    Choices among `asking` open a dialog, which would surprise whoever turns the wheel or goes
    through the choices by keys: only the opened list offers them.

    Signals:
        edited: the value that a person chose.
        refused: never; a choice cannot be wrong.

    Attributes
    ----------
    error : None
        A choice cannot be wrong.
    """

    edited = Signal(object)
    refused = Signal(object)

    def __init__(
        self,
        choices: Iterable[tuple[str, str]] = (),
        asking: Collection[str] = (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._asking = asking
        self.error: ConfigError | None = None
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(6)
        ignore_wheel_unless_focused(self)
        self.set_choices(choices)
        self.activated.connect(lambda: self._on_activated())
        self.currentTextChanged.connect(lambda: self.updateGeometry())

    def set_choices(self, choices: Iterable[tuple[str, str]]) -> None:
        """Offer other choices; the value stays if it is among them."""
        value = self.value()
        self.clear()
        for choice, text in choices:
            self.addItem(text, choice)
        self.set_value(value)

    def value(self) -> str | None:
        """Return the chosen value, None if there is none."""
        value = self.currentData()
        return None if value is None else str(value)

    def set_value(self, value: str | None) -> None:
        """Choose `value` without a signal."""
        self.setCurrentIndex(self.findData(value))

    def wording(self, value: str | None) -> str:
        """Return the text shown for `value`."""
        index = self.findData(value)
        return self.itemText(index) if index >= 0 else str(value)

    def minimumSizeHint(self) -> QSize:
        """Return the size that shows the chosen text, within bounds."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        font = self.fontMetrics()
        width = min(font.horizontalAdvance(self.currentText()), _WHOLE * font.averageCharWidth())
        kind, text = QStyle.ContentsType.CT_ComboBox, QSize(width + MARGIN, font.height())
        whole = self.style().sizeFromContents(kind, option, text, self)
        return whole.expandedTo(_LEAST)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Show by an ellipsis that the text goes on; Qt cuts it off."""
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        field = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, self
        )
        room, right = field.width() - MARGIN, Qt.TextElideMode.ElideRight
        option.currentText = self.fontMetrics().elidedText(option.currentText, right, room)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def showPopup(self) -> None:
        """Open the list as wide as its texts, which the field itself may cut."""
        self._offer_asking(True)
        bar = self.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent)
        self.view().setMinimumWidth(self.view().sizeHintForColumn(0) + bar)
        super().showPopup()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Pass over the choices that ask."""
        self._offer_asking(False)
        super().keyPressEvent(event)
        self._offer_asking(True)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Pass over the choices that ask."""
        self._offer_asking(False)
        super().wheelEvent(event)
        self._offer_asking(True)

    def _offer_asking(self, offered: bool) -> None:
        model = self.model()
        for i in range(self.count()):
            if isinstance(model, QStandardItemModel) and self.itemData(i) in self._asking:
                model.item(i).setEnabled(offered)

    def _on_activated(self) -> None:
        self.edited.emit(self.value())

    def commit(self) -> None:
        """Do nothing: a choice is taken when it is made."""
