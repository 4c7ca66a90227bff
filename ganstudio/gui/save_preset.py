"""The dialog that asks what a new preset shall be called."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from ganstudio import preset_files
from ganstudio.config import Config, own_folder
from ganstudio.errors import ConfigError, StudioError
from ganstudio.gui.wording import worded

_LONGEST = 60  # letters of a title


class SavePreset(QDialog):
    """Takes a title that no preset has, and a description; stays until they are saved.

    Signals:
        saved: the `Preset`.
    """

    saved = Signal(object)

    def __init__(self, parent: QWidget, config: Config) -> None:
        super().__init__(parent)
        self._config = config
        self.setObjectName("save_preset")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Save as preset"))
        self._title = QLineEdit(maxLength=_LONGEST)
        self._title.setObjectName("preset_title")
        self._title.setAccessibleName(self.tr("Title"))
        self._title.setToolTip(self.tr("What the list of presets calls it"))
        self._title.setMinimumHeight(24)
        self._description = QPlainTextEdit(tabChangesFocus=True)
        self._description.setObjectName("preset_description")
        self._description.setAccessibleName(self.tr("Description"))
        self._description.setToolTip(self.tr("What it is, and what to expect of it"))
        self._reason = QLabel(wordWrap=True)
        self._reason.setObjectName("preset_reason")
        place = QLabel(
            self.tr(
                "All settings in the fields but the seed and the dataset are kept, as a file in "
                "{folder}."
            ).format(folder=own_folder()),
            wordWrap=True,
        )
        standard = QDialogButtonBox.StandardButton
        self._buttons = QDialogButtonBox(standard.Save | standard.Cancel)
        self._buttons.accepted.connect(self._save)
        self._buttons.rejected.connect(self.reject)

        form = QFormLayout()
        form.addRow(self.tr("&Title"), self._title)
        form.addRow("", self._reason)
        form.addRow(self.tr("&Description"), self._description)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(place)
        layout.addWidget(self._buttons)
        self.resize(460, 300)
        self._title.textChanged.connect(self._on_title)
        self._on_title("")

    def _save(self) -> None:
        """Save and close; if that fails, say why and lose nothing of what was typed."""
        title, description = self._title.text().strip(), self._description.toPlainText().strip()
        try:
            preset = preset_files.save(title, description, self._config)
        except StudioError as error:
            self._say(worded(error))
            return
        self.saved.emit(preset)
        self.accept()

    def _on_title(self, title: str) -> None:
        """Say what is wrong with the title, and offer to save if nothing is."""
        reason = ""
        try:
            preset_files.name_for(title)
        except ConfigError as error:
            reason = worded(error)
        self._say(reason if title else "")
        self._buttons.button(QDialogButtonBox.StandardButton.Save).setEnabled(not reason)

    def _say(self, reason: str) -> None:
        self._reason.setText(reason)
        self._title.setAccessibleDescription(reason)
