"""The row that offers the presets and names the one on show."""

import html
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QStandardItemModel

from ganstudio.config import form_of, load_preset, preset_names
from ganstudio.gui.widgets.choice_field import ChoiceField
from ganstudio.gui.widgets.field_row import FieldRow
from ganstudio.gui.widgets.switch_field import SwitchField
from ganstudio.gui.wording import translate

_CUSTOM = ""


class PresetRow(FieldRow):
    """Offers the presets by title; settings that are no preset's are "Custom"."""

    def __init__(self) -> None:
        self._presets = {name: load_preset(name) for name in preset_names()}
        titles = [(name, translate("presets", p.title)) for name, p in self._presets.items()]
        self._choice = ChoiceField([*titles, (_CUSTOM, translate("PresetRow", "Custom"))])
        model = self._choice.model()
        assert isinstance(model, QStandardItemModel)
        for i, preset in enumerate(self._presets.values()):
            tip = _paragraph(preset.description)
            self._choice.setItemData(i, tip, Qt.ItemDataRole.ToolTipRole)
        model.item(len(titles)).setEnabled(False)  # it says what is, and cannot be chosen
        grouped = [i for i, preset in enumerate(self._presets.values()) if preset.group]
        for i in (len(titles), *grouped[:1]):  # from below: each moves those after it
            self._choice.insertSeparator(i)
        super().__init__("preset", translate("PresetRow", "Preset"), "", self._choice)

    def show_settings(self, settings: Mapping[str, Any]) -> None:
        """Show which preset `settings` are, seed and dataset aside."""
        form = form_of(settings)
        self._choice.set_value(form[0] if form else _CUSTOM)
        none = self.tr("These settings are those of no preset.")
        self.set_tip(_paragraph(self._presets[form[0]].description) if form else none)


class FormRow(FieldRow):
    """Switches a preset between its published and its repaired form; hidden where there is one."""

    def __init__(self) -> None:
        self._switch = SwitchField()
        super().__init__("published", translate("FormRow", "As published"), "", self._switch)
        self.hide()

    def show_settings(self, settings: Mapping[str, Any]) -> None:
        """Show which form of a preset `settings` are."""
        form = form_of(settings)
        preset = load_preset(form[0]) if form else None
        self.setVisible(preset is not None and preset.published is not None)
        if form and preset:
            self._switch.set_value(form[1])
            self.set_tip(_paragraph(preset.difference))


def _paragraph(text: str) -> str:
    """Return a tooltip that Qt breaks into lines."""
    return f"<p>{html.escape(translate('presets', text))}</p>"
