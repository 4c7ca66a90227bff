"""Presets in the window: the gallery, and saving, importing, exporting and deleting one's own."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, QSettings
from PySide6.QtWidgets import QFileDialog, QMainWindow, QMessageBox

from ganstudio import preset_files
from ganstudio.config import load_preset
from ganstudio.errors import StudioError
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
        gallery = self._gallery = Gallery(self._window, self._experiment.preset())
        gallery.chosen.connect(self._experiment.select_preset)
        gallery.import_asked.connect(lambda: self._import(None))
        gallery.export_asked.connect(self._export)
        gallery.delete_asked.connect(self._delete)
        gallery.finished.connect(self._on_gallery_closed)
        gallery.open()

    def save_as(self) -> None:
        """Ask for a title and save the settings in the fields as a preset."""
        config = self._experiment.checked_config()
        if config is None:
            return
        dialog = SavePreset(self._window)

        def save() -> None:
            preset = self._tried(
                lambda: preset_files.save(dialog.title(), dialog.description(), config)
            )
            if preset is not None:
                self._renew(preset.name)
                self._experiment.select_preset(preset.name)
                self._message(self.tr("Saved the preset {name}").format(name=preset.title))

        dialog.accepted.connect(save)
        dialog.open()

    def import_file(self, path: Path | None = None) -> None:
        """Take a file, asked for if none is given, into the person's presets, and show it."""
        name = self._import(path)
        if name:
            self._experiment.select_preset(name)

    def _import(self, path: Path | None) -> str:
        """Import a file, asked for if none is given; return the preset's name, "" if none."""
        if path is None:
            title, kind = self.tr("Import preset"), self.tr("Presets (*.toml)")
            chosen, _ = QFileDialog.getOpenFileName(self._window, title, _folder(), kind)
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
        proposal = str(Path(_folder()) / f"{name}.toml")
        chosen, _ = QFileDialog.getSaveFileName(self._window, title, proposal, kind)
        if not chosen:
            return
        path = Path(chosen)
        if path.suffix != ".toml":
            path = path.with_name(f"{path.name}.toml")

        def write() -> Path:
            preset_files.export(load_preset(name), path)
            return path

        if self._tried(write) is not None:
            self._message(self.tr("Saved {name}").format(name=path))

    def _delete(self, name: str) -> None:
        """Delete a preset of the person's own if they mean it."""
        preset = load_preset(name)
        text = self.tr("Delete the preset {name}? There is no way back.")
        buttons = QMessageBox.StandardButton
        answer = QMessageBox.question(
            self._window,
            self.tr("Delete preset"),
            text.format(name=translate("presets", preset.title)),
            buttons.Yes | buttons.Cancel,
            buttons.Cancel,
        )
        if answer == buttons.Yes:
            self._tried(lambda: preset_files.delete(name))
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
            show = self._failed if self._gallery is None else self._gallery.show_error
            show(error)
            return None


def _folder() -> str:
    return str(QSettings().value("folder", str(Path.home())))
