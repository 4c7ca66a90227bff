"""The row that offers the presets and names the one on show."""

import html
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QStandardItemModel

from ganstudio.config import Preset, load_preset, preset_names, preset_of
from ganstudio.gui.widgets.choice_field import ChoiceField
from ganstudio.gui.widgets.field_row import FieldRow
from ganstudio.gui.wording import translate

_CUSTOM = ""


class PresetRow(FieldRow):
    """Offers the presets by title; settings that are no preset's are "Custom"."""

    def __init__(self) -> None:
        self._presets = {name: load_preset(name) for name in preset_names()}
        titles = [(name, translate("presets", p.title)) for name, p in self._presets.items()]
        self._choice = ChoiceField([*titles, (_CUSTOM, translate("PresetRow", "Custom"))])
        for i, preset in enumerate(self._presets.values()):
            self._choice.setItemData(i, _description(preset), Qt.ItemDataRole.ToolTipRole)
        model = self._choice.model()
        assert isinstance(model, QStandardItemModel)
        model.item(len(titles)).setEnabled(False)  # it says what is, and cannot be chosen
        super().__init__("preset", translate("PresetRow", "Preset"), "", self._choice)

    def show_settings(self, settings: Mapping[str, Any]) -> None:
        """Show which preset `settings` are, seed and dataset aside."""
        name = preset_of(settings)
        self._choice.set_value(name or _CUSTOM)
        none = self.tr("These settings are those of no preset.")
        self.set_tip(_description(self._presets[name]) if name else none)


def _description(preset: Preset) -> str:
    """Return a tooltip that Qt breaks into lines."""
    return f"<p>{html.escape(translate('presets', preset.description))}</p>"
