"""The row that offers the presets and names the one on show."""

import html

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QToolButton

from ganstudio.config import load_preset, preset_names
from ganstudio.gui.icons import icon
from ganstudio.gui.widgets.choice_field import ChoiceField
from ganstudio.gui.widgets.field_row import FieldRow
from ganstudio.gui.widgets.switch_field import SwitchField
from ganstudio.gui.wording import translate

_CUSTOM = ""
_Form = tuple[str, bool]  # a preset's name, and whether as published


class PresetRow(FieldRow):
    """Offers the presets by title; settings that are no preset's are "Custom".

    Signals:
        gallery_asked: show what the presets make.
    """

    gallery_asked = Signal()

    def __init__(self) -> None:
        self._choice = ChoiceField()
        self._choice.setMinimumWidth(70)  # it shares its line with a button
        self._button = QToolButton()
        self._button.setObjectName("open_gallery")
        self._button.setAccessibleName(translate("PresetRow", "Gallery of presets"))
        self._button.setToolTip(
            translate("PresetRow", "All presets with pictures of what they make")
        )
        self._button.setFixedSize(26, 26)
        self._button.setIconSize(QSize(16, 16))
        self._button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        label = translate("PresetRow", "Preset")
        super().__init__("preset", label, "", self._choice, self._button)
        self._button.clicked.connect(lambda: self.gallery_asked.emit())
        self._draw_icon()
        self.renew()

    def renew(self) -> None:
        """Offer the presets that there are now."""
        presets = [load_preset(name) for name in preset_names()]
        titles = [(preset.name, translate("presets", preset.title)) for preset in presets]
        self._choice.set_choices([*titles, (_CUSTOM, translate("PresetRow", "Custom"))])
        for i, preset in enumerate(presets):
            tip = _paragraph(preset.description)
            self._choice.setItemData(i, tip, Qt.ItemDataRole.ToolTipRole)
        model = self._choice.model()
        assert isinstance(model, QStandardItemModel)
        model.item(len(titles)).setEnabled(False)  # it says what is, and cannot be chosen
        grouped = [i for i, preset in enumerate(presets) if preset.group]
        own = [i for i, preset in enumerate(presets) if preset.own]
        for i in (len(titles), *own[:1], *grouped[:1]):  # from below: each moves those after it
            self._choice.insertSeparator(i)

    def set_label_width(self, width: int) -> None:
        """Do nothing: titles need what the label leaves."""

    def show_form(self, form: _Form | None) -> None:
        """Show which preset the settings are, if they are one's."""
        if form and self._choice.findData(form[0]) < 0:  # its file is new
            self.renew()
        self._choice.set_value(form[0] if form else _CUSTOM)
        none = self.tr("These settings are those of no preset.")
        self.set_tip(_paragraph(load_preset(form[0]).description) if form else none)

    def _draw_icon(self) -> None:
        self._button.setIcon(icon("gallery", self.palette()))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw_icon()


class FormRow(FieldRow):
    """Switches a preset between its published and its repaired form; hidden where there is one."""

    def __init__(self) -> None:
        self._switch = SwitchField()
        super().__init__("published", translate("FormRow", "As published"), "", self._switch)
        self.hide()

    def show_form(self, form: _Form | None) -> None:
        """Show which form of a preset the settings are."""
        preset = load_preset(form[0]) if form else None
        self.setVisible(preset is not None and preset.published is not None)
        if form and preset:
            self._switch.set_value(form[1])
            self.set_tip(_paragraph(preset.difference))


def _paragraph(text: str) -> str:
    """Return a tooltip that Qt breaks into lines."""
    return f"<p>{html.escape(translate('presets', text))}</p>" if text else ""
