"""A form's row: a label that can be marked as changed, a field, and what is wrong with it."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QContextMenuEvent, QFont, QFontMetrics
from PySide6.QtWidgets import QGridLayout, QLabel, QMenu, QSizePolicy, QWidget

from ganstudio.errors import ConfigError
from ganstudio.gui.widgets.choice_field import ChoiceField
from ganstudio.gui.widgets.complaint import Complaint
from ganstudio.gui.widgets.number_field import NumberField
from ganstudio.gui.widgets.switch_field import SwitchField
from ganstudio.gui.wording import worded

Field = NumberField | ChoiceField | SwitchField

_MARK = "• "
_FIRST = 10_000  # a stretch beside which another's is nothing


class FieldRow(QWidget):
    """A labelled field.

    Signals:
        try_wanted(): another value is to be tried beside the present one.

    Attributes
    ----------
    field : NumberField, ChoiceField or SwitchField
        The field.
    """

    try_wanted = Signal()

    def __init__(
        self, name: str, label: str, tip: str, field: Field, button: QWidget | None = None
    ) -> None:
        super().__init__()
        self.field = field
        self._text = label
        self._tip = tip
        self._note: str | None = None  # of a mark
        self._idle: str | None = None  # why the field has no effect
        self._untried: str | None = None  # why no other value can be tried, "" where one can
        field.setObjectName(name)
        field.setAccessibleName(label)
        field.refused.connect(self._on_refused)
        field.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)  # this row has one

        self._label = QLabel(label)
        self._label.setBuddy(field)
        self._message = Complaint(self)
        self._message.setObjectName(f"{name}_message")
        field.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setHorizontalSpacing(4)
        layout.addWidget(self._label, 0, 0)
        layout.addWidget(field, 0, 1, 1, 1 if button else 2)
        if button is not None:
            layout.addWidget(button, 0, 2)
        layout.setColumnStretch(1, 1)
        self._grid = layout
        self.mark(None)

    def label_width(self, font: QFont) -> int:
        """Return the width in `font` of the label when it is marked."""
        bold = QFont(font)
        bold.setBold(True)
        return QFontMetrics(bold).horizontalAdvance(_MARK + self._text) + 2

    def set_label_width(self, width: int) -> None:
        """Give the label `width` pixels, so that the fields of several rows align.

        A choice that would be cut takes of these what the label's text leaves free.
        """
        can_give = isinstance(self.field, ChoiceField)
        self._label.setMinimumWidth(self.label_width(self.font()) if can_give else width)
        self._label.setMaximumWidth(width)
        self._grid.setColumnStretch(0, _FIRST if can_give else 0)

    def set_tip(self, tip: str) -> None:
        """Explain the field of an unmarked row anew."""
        self._tip = tip
        self.mark(None)

    def float_over(self, form: QWidget) -> None:
        """Say over `form`, which holds this row, what is wrong with the field."""
        self._message.float_over(form)

    def mark(self, note: str | None) -> None:
        """Mark the row as changed, with `note` in its tooltip, or unmark it."""
        self._note = note
        font = QFont()  # asks for nothing but the weight, so that the size follows the zoom
        font.setBold(note is not None)
        self._label.setFont(font)
        self._label.setText(self._text if note is None else _MARK + self._text)
        self._show_tip()

    def set_idle(self, reason: str | None) -> None:
        """Grey the row out, with the `reason` in its tooltip, or let it be edited."""
        self._idle = reason
        self.field.setEnabled(reason is None)
        self._label.setEnabled(reason is None)
        self._show_tip()

    def set_trial(self, reason: str | None) -> None:
        """Offer to try another value; a `reason` says why not, None does not speak of it."""
        self._untried = reason

    def _show_tip(self) -> None:
        tip = "\n".join(text for text in (self._tip, self._idle, self._note) if text)
        self._label.setToolTip(tip)
        self.field.setToolTip(tip)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer another value, above what a text field offers."""
        edit = self.field.lineEdit() if isinstance(self.field, NumberField) else None
        menu = QMenu(self) if edit is None else edit.createStandardContextMenu()
        menu.setObjectName("field_menu")
        menu.setToolTipsVisible(True)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if self._untried is not None:
            action = QAction(self.tr("Try another value from here…"), menu)
            action.setObjectName("try_another")
            action.setEnabled(not self._untried)
            action.setToolTip(self._untried or self.tr("Compare with the run as it goes on"))
            action.triggered.connect(self.try_wanted)
            if usual := menu.actions():
                menu.insertAction(usual[0], action)
                menu.insertSeparator(usual[0])
            else:
                menu.addAction(action)
        if menu.actions():
            menu.popup(event.globalPos())

    def _on_refused(self, error: ConfigError | None) -> None:
        """Say what is wrong with the field's text, calling it as the label does."""
        text = ""
        if error is not None:
            text = worded(ConfigError(error.code, **{**error.fields, "field": self._text}))
        self._message.say(text)
        self.field.setAccessibleDescription(text)
