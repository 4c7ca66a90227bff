"""The choice of a model, which may also be a person's own file."""

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import Qt, Signal

from ganstudio.gui.widgets.choice_field import ChoiceField
from ganstudio.model_file import is_model_file

_ASK = "?"  # no model is called so


class ModelField(ChoiceField):
    """Takes a built-in model or the path of a model file, shown by the file's name.

    Signals:
        file_wanted: a person asks for a file that is not in the list.
    """

    file_wanted = Signal()

    def __init__(self, choices: Iterable[tuple[str, str]]) -> None:
        self._chosen: str | None = None
        super().__init__(choices, asking=(_ASK,))
        self.addItem(self.tr("From a file…"), _ASK)

    def set_value(self, value: str | None) -> None:
        """Choose `value` without a signal; a file joins the list."""
        if value and is_model_file(value) and self.findData(value) < 0:
            place = self.findData(_ASK)
            self.insertItem(place, Path(value).name, value)
            self.setItemData(place, value, Qt.ItemDataRole.ToolTipRole)
        super().set_value(value)
        self._chosen = value

    def _on_activated(self) -> None:
        if self.value() == _ASK:
            self.set_value(self._chosen)
            self.file_wanted.emit()
        else:
            self._chosen = self.value()
            super()._on_activated()
