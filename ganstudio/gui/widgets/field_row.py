"""A form's row: a label that can be marked as changed, a field, and what is wrong with it."""

from PySide6.QtCore import QEvent
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPalette
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from ganstudio.errors import ConfigError
from ganstudio.gui.colours import is_dark
from ganstudio.gui.widgets.choice_field import ChoiceField
from ganstudio.gui.widgets.number_field import NumberField
from ganstudio.gui.wording import worded

Field = NumberField | ChoiceField

_MARK = "• "
_ERROR = {False: QColor("#A4001D"), True: QColor("#FF9A8F")}  # on light, on dark: over 5.5:1


class FieldRow(QWidget):
    """A labelled field.

    Attributes
    ----------
    field : NumberField or ChoiceField
        The field.
    """

    def __init__(
        self, name: str, label: str, tip: str, field: Field, button: QWidget | None = None
    ) -> None:
        super().__init__()
        self.field = field
        self._text = label
        self._tip = tip
        field.setObjectName(name)
        field.setAccessibleName(label)
        field.refused.connect(self._on_refused)

        self._label = QLabel(label)
        self._label.setBuddy(field)
        self._message = QLabel()
        self._message.setObjectName(f"{name}_message")
        self._message.setWordWrap(True)
        self._message.hide()
        field.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setHorizontalSpacing(4)
        layout.setVerticalSpacing(2)
        layout.addWidget(self._label, 0, 0)
        layout.addWidget(field, 0, 1, 1, 1 if button else 2)
        if button is not None:
            layout.addWidget(button, 0, 2)
        layout.addWidget(self._message, 1, 0, 1, 3)
        layout.setColumnStretch(1, 1)
        self.mark(None)
        self._colour_message()

    def label_width(self, font: QFont) -> int:
        """Return the width in `font` of the label when it is marked."""
        bold = QFont(font)
        bold.setBold(True)
        return QFontMetrics(bold).horizontalAdvance(_MARK + self._text) + 2

    def set_label_width(self, width: int) -> None:
        """Give the label `width` pixels, so that the fields of several rows align."""
        self._label.setFixedWidth(width)

    def set_tip(self, tip: str) -> None:
        """Explain the field of an unmarked row anew."""
        self._tip = tip
        self.mark(None)

    def mark(self, note: str | None) -> None:
        """Mark the row as changed, with `note` in its tooltip, or unmark it."""
        font = QFont()  # asks for nothing but the weight, so that the size follows the zoom
        font.setBold(note is not None)
        self._label.setFont(font)
        self._label.setText(self._text if note is None else _MARK + self._text)
        tip = self._tip if note is None else f"{self._tip}\n{note}"
        self._label.setToolTip(tip)
        self.field.setToolTip(tip)

    def _on_refused(self, error: ConfigError | None) -> None:
        """Say below the field what is wrong with its text, calling it as the label does."""
        text = ""
        if error is not None:
            text = worded(ConfigError(error.code, **{**error.fields, "field": self._text}))
        self._message.setText(text)
        self._message.setVisible(error is not None)
        self.field.setAccessibleDescription(text)

    def _colour_message(self) -> None:
        palette = QPalette()
        palette.setColor(QPalette.ColorRole.WindowText, _ERROR[is_dark(self.palette())])
        self._message.setPalette(palette)

    def changeEvent(self, event: QEvent) -> None:
        """Colour the message for the new theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._colour_message()
