"""Presets in the window: the gallery, and saving, importing, exporting and deleting one's own."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QMainWindow, QMessageBox

from ganstudio import preset_files
from ganstudio.config import Preset, load_preset
from ganstudio.errors import StudioError
from ganstudio.gui.folders import ask_target, file_folder
from ganstudio.gui.gallery import Gallery
from ganstudio.gui.panels.experiment import ExperimentPanel
from ganstudio.gui.save_preset import SavePreset
from ganstudio.gui.wording import translate

_T = TypeVar("_T")


class Presets(QObject):
    """What a person can do with presets.

    Parameters
    ----------
    window : QMainWindow
        Parent of the dialogs.
    experiment : ExperimentPanel
        Holds the settings to save, and takes those of a preset.
    failed, message : callable
        Show a `StudioError`, and a passing message.
    """

    def __init__(
        self,
        window: QMainWindow,
        experiment: ExperimentPanel,
        failed: Callable[[StudioError], object],
        message: Callable[[str], object],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._experiment = experiment
        self._failed, self._message = failed, message
        self._gallery: Gallery | None = None  # while it is open
        experiment.gallery_requested.connect(self.show_gallery)

    def show_gallery(self) -> None:
        """Show all presets with what they make."""
        gallery = self._gallery = Gallery(
            self._window, self._experiment.preset(), has_steps=self._experiment.has_steps()
        )
        gallery.chosen.connect(self._on_chosen)
        gallery.import_asked.connect(lambda: self._import(None))
        gallery.export_asked.connect(self._export)
        gallery.delete_asked.connect(self._delete)
        gallery.finished.connect(self._on_gallery_closed)
        gallery.open()

    def _on_chosen(self, name: str, anew: bool) -> None:
        self._experiment.select_preset(name)
        if anew:
            self._experiment.start_over()

    def save_as(self) -> None:
        """Ask for a title and save the settings in the fields as a preset."""
        config = self._experiment.checked_config()
        if config is None:
            return
        dialog = SavePreset(self._window, config)
        dialog.saved.connect(self._on_saved)
        dialog.open()

    def _on_saved(self, preset: Preset) -> None:
        self._renew(preset.name)
        self._experiment.select_preset(preset.name)
        self._message(self.tr("Saved the preset {name}").format(name=preset.title))

    def import_file(self, path: Path | None = None) -> None:
        """Take a file, asked for if none is given, into the person's presets, and show it."""
        name = self._import(path)
        if name:
            self._experiment.select_preset(name)

    def _import(self, path: Path | None) -> str:
        """Import a file, asked for if none is given; return the preset's name, "" if none."""
        if path is None:
            title, kind = self.tr("Import preset"), self.tr("Presets (*.toml)")
            folder = str(file_folder())
            chosen, _ = QFileDialog.getOpenFileName(self._window, title, folder, kind)
            if not chosen:
                return ""
            path = Path(chosen)
        preset = self._tried(lambda: preset_files.import_file(path))
        if preset is None:
            return ""
        self._renew(preset.name)
        self._message(self.tr("Imported the preset {name}").format(name=preset.title))
        return preset.name

    def _export(self, name: str) -> None:
        title, kind = self.tr("Export preset"), self.tr("Presets (*.toml)")
        path = ask_target(self._window, title, f"{name}.toml", ".toml", kind)
        if path is None:
            return

        def write() -> Path:
            preset_files.export(load_preset(name), path)
            return path

        if self._tried(write) is not None:
            self._message(self.tr("Saved {name}").format(name=path))

    def _delete(self, name: str) -> None:
        """Delete a preset of the person's own if they mean it."""
        preset = self._tried(lambda: load_preset(name))
        if preset is None:
            return
        text = self.tr("Delete the preset {name}? There is no way back.")
        buttons = QMessageBox.StandardButton
        answer = QMessageBox.question(
            self._window,
            self.tr("Delete preset"),
            text.format(name=translate("presets", preset.title)),
            buttons.Yes | buttons.Cancel,
            buttons.Cancel,
        )

        def delete() -> bool:
            preset_files.delete(name)
            return True

        if answer == buttons.Yes and self._tried(delete):
            self._renew("")

    def _renew(self, name: str) -> None:
        """Offer the presets that there are now, the gallery's cursor on `name`."""
        self._experiment.renew_presets()
        if self._gallery is not None:
            self._gallery.renew(name)

    def _on_gallery_closed(self) -> None:
        self._gallery = None

    def _tried(self, act: Callable[[], _T]) -> _T | None:
        """Return what `act` does; None, and the error shown, if it fails."""
        try:
            return act()
        except StudioError as error:
            if self._gallery is None:
                self._failed(error)
            else:
                self._renew(self._gallery.current())  # a preset may have gone; before the error
                self._gallery.show_error(error)
            return None
