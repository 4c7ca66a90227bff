"""The dialog that asks which value of a setting is to be tried beside the present one."""

from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from ganstudio.errors import ConfigError
from ganstudio.gui.setting_texts import setting_texts
from ganstudio.gui.widgets.field_row import Field
from ganstudio.gui.widgets.number_field import NumberField
from ganstudio.gui.wording import worded


class TryValue(QDialog):
    """Takes another value; Enter tries it.

    Signals:
        tried(str, object): the setting, and the value.

    Parameters
    ----------
    parent : QWidget
        Whose window it belongs to.
    name : str
        The setting.
    field : NumberField, ChoiceField or SwitchField
        Takes its values.
    value : object
        The present one.
    """

    tried = Signal(str, object)

    def __init__(self, parent: QWidget, name: str, field: Field, value: Any) -> None:
        super().__init__(parent)
        self._name, self._field, self._value = name, field, value
        label = setting_texts()[name].label
        self._label = label
        self.setObjectName("try_value")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("What if?"))
        field.setObjectName("try_field")
        field.setAccessibleName(label)
        field.set_value(value)
        field.installEventFilter(self)
        told = QLabel(
            self.tr(
                "{name} is {value}. B goes on from the step that the run has come to, with another "
                "value, and both train by turns; A stays the run that it would have been."
            ).format(name=label, value=field.wording(value)),
            wordWrap=True,
        )
        told.setBuddy(field)
        self._reason = QLabel(wordWrap=True)
        self._reason.setObjectName("try_reason")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        go = buttons.addButton(self.tr("Try it"), QDialogButtonBox.ButtonRole.AcceptRole)
        go.setObjectName("try_go")
        buttons.accepted.connect(self._try)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for widget in (told, field, self._reason, buttons):
            layout.addWidget(widget)
        go.setDefault(True)  # once it is in the dialog, or Cancel takes Enter
        self.setMinimumWidth(340)
        field.setFocus()
        if isinstance(field, NumberField):
            field.selectAll()

    def _try(self) -> None:
        """Pass the value on and close, or say what is wrong with it."""
        field = self._field
        field.commit()
        error = field.error
        if error is None and field.value() == self._value:
            value = field.wording(self._value)
            error = ConfigError("same-value", field=self._label, value=value)
        if error is None:
            self.tried.emit(self._name, field.value())
            self.accept()
            return
        text = worded(ConfigError(error.code, **{**error.fields, "field": self._label}))
        self._reason.setText(text)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Try on Enter, which a number field takes for itself."""
        pressed = event.key() if isinstance(event, QKeyEvent) else None
        is_press = event.type() == QEvent.Type.KeyPress
        if is_press and pressed in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._try()
            return True
        return super().eventFilter(watched, event)
