"""The folders that the window remembers, and asking for a file to write in one of them."""

from pathlib import Path

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from ganstudio.gui.wording import translate

_DATA, _IMAGES, _FILES = "data_folder", "image_folder", "folder"


def file_folder() -> Path:
    """Return the folder that dialogs for files begin in."""
    return _folder(_FILES) or Path.home()


def set_file_folder(path: Path) -> None:
    """Have dialogs for files begin in `path` from now on."""
    QSettings().setValue(_FILES, str(path))


def ask_target(
    parent: QWidget, title: str, proposal: str | Path, suffix: str, kind: str
) -> Path | None:
    """Ask for a file to write; None if the person has none in mind after all.

    Parameters
    ----------
    parent : QWidget
        Of the dialogs.
    title : str
        Of the dialog.
    proposal : str or Path
        A name in the folder where dialogs begin, or a whole path.
    suffix : str
        Of the file, whether typed or not; "" where it is a folder.
    kind : str
        What such files are called.
    """
    proposed = str(file_folder() / proposal)
    chosen, _ = QFileDialog.getSaveFileName(parent, title, proposed, kind)
    if not chosen:
        return None
    path = Path(chosen)
    if suffix and path.suffix.lower() != suffix:
        path = path.with_name(path.name + suffix)  # which the dialog has not asked about
        if path.exists():
            text = translate("folders", "{name} exists already. Replace it?").format(name=path)
            answer = QMessageBox.question(parent, translate("folders", "Replace file"), text)
            if answer != QMessageBox.StandardButton.Yes:
                return None
    set_file_folder(path.parent)
    return path


def data_folder() -> Path | None:
    """Return where downloaded datasets are kept; None is the usual place."""
    return _folder(_DATA)


def set_data_folder(path: Path | None) -> None:
    """Keep downloaded datasets in `path` from now on."""
    if path is None:
        QSettings().remove(_DATA)
    else:
        QSettings().setValue(_DATA, str(path))


def image_folder() -> Path | None:
    """Return the folder of images that was chosen last, None if none was."""
    return _folder(_IMAGES)


def set_image_folder(path: Path) -> None:
    """Remember the folder of images that was chosen."""
    QSettings().setValue(_IMAGES, str(path))


def _folder(key: str) -> Path | None:
    value = str(QSettings().value(key, "") or "")
    return Path(value) if value else None
