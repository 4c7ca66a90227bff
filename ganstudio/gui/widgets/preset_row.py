"""The row that offers the presets and names the one on show."""

import html
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QStandardItemModel

from ganstudio.config import Preset, load_preset, preset_names
from ganstudio.gui.widgets.choice_field import ChoiceField
from ganstudio.gui.widgets.field_row import FieldRow
from ganstudio.gui.wording import translate

PERSONAL = ("seed", "dataset")  # settings that a preset leaves as they are

_CUSTOM = ""


class PresetRow(FieldRow):
    """Offers the presets by title; settings that are no preset's are "Custom"."""

    def __init__(self) -> None:
        self._presets = [load_preset(name) for name in preset_names()]
        self._recipes = {preset.name: _recipe(preset.config.to_dict()) for preset in self._presets}
        titles = [(preset.name, translate("presets", preset.title)) for preset in self._presets]
        self._choice = ChoiceField([*titles, (_CUSTOM, translate("PresetRow", "Custom"))])
        for i, preset in enumerate(self._presets):
            self._choice.setItemData(i, _description(preset), Qt.ItemDataRole.ToolTipRole)
        model = self._choice.model()
        assert isinstance(model, QStandardItemModel)
        model.item(len(titles)).setEnabled(False)  # it says what is, and cannot be chosen
        super().__init__("preset", translate("PresetRow", "Preset"), "", self._choice)

    def show_settings(self, settings: Mapping[str, Any]) -> None:
        """Show which preset `settings` are, seed and dataset aside."""
        for preset in self._presets:
            recipe = self._recipes[preset.name]
            if all(settings[name] == value for name, value in recipe.items()):
                self._choice.set_value(preset.name)
                self.set_tip(_description(preset))
                return
        self._choice.set_value(_CUSTOM)
        self.set_tip(self.tr("These settings are those of no preset."))


def _recipe(settings: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name not in PERSONAL}


def _description(preset: Preset) -> str:
    """Return a tooltip that Qt breaks into lines."""
    return f"<p>{html.escape(translate('presets', preset.description))}</p>"
