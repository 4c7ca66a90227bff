"""The system's trash, and what is taken back from it."""

import shutil
from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import QFile


def put(folder: Path) -> tuple[bool, Path | None]:
    """Move a folder to the trash; return whether it is there, and where, if that is told."""
    file = QFile(str(folder))
    if not file.moveToTrash():
        return False, None
    there = Path(file.fileName())
    return True, there if there.is_absolute() and there != folder else None


def take_back(there: Path, folder: Path) -> bool:
    """Move what lies `there` in the trash to where it was; return whether that could be done."""
    if folder.exists() or not there.exists():
        return False
    try:
        shutil.move(there, folder)
    except OSError:
        return False
    with suppress(OSError):  # what the trash knows of it, where it is as freedesktop.org has it
        (there.parent.parent / "info" / f"{there.name}.trashinfo").unlink(missing_ok=True)
    return True
