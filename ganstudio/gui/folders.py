"""The folders that the window remembers: where downloads are kept, and where images were found."""

from pathlib import Path

from PySide6.QtCore import QSettings

_DATA, _IMAGES = "data_folder", "image_folder"


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
