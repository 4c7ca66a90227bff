"""A field that is on or off, used as a `NumberField` is."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from ganstudio.errors import ConfigError
from ganstudio.gui.widgets.check_box import CheckBox
from ganstudio.gui.wording import translate


class SwitchField(CheckBox):
    """Takes True or False.

    Signals:
        edited: the value that a person chose.
        refused: never; a switch cannot be wrong.

    Attributes
    ----------
    error : None
        A switch cannot be wrong.
    """

    edited = Signal(object)
    refused = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.error: ConfigError | None = None
        self.setMinimumHeight(24)
        self.clicked.connect(lambda checked: self.edited.emit(checked))

    def value(self) -> bool:
        """Return whether it is on."""
        return self.isChecked()

    def set_value(self, value: bool) -> None:
        """Switch it without a signal."""
        self.setChecked(bool(value))

    def wording(self, value: bool) -> str:
        """Return the word for `value`."""
        return translate("switch", "on") if value else translate("switch", "off")

    def commit(self) -> None:
        """Do nothing: a switch is taken when it is made."""
