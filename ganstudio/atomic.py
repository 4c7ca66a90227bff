"""Files and folders that are complete or, if anything fails, as they were before."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ganstudio.errors import StudioError, writing


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write to, which takes the place of `path` once all is on the disk.

    Raises
    ------
    StudioError
        ``cannot-write`` or ``disk-full``, naming `path`.
    """
    part = _part(path)
    with writing(path):
        try:
            with part.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


@contextmanager
def making(folder: Path) -> Iterator[Path]:
    """Give a folder to write into, which is called `folder` once all is in it; else it is gone.

    Raises
    ------
    StudioError
        ``folder-not-empty`` if there is something in `folder`, ``cannot-write`` or ``disk-full``.
    """
    folder = folder.absolute()
    with writing(folder):
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise StudioError("folder-not-empty", path=folder)
        part = _part(folder)
        try:
            shutil.rmtree(part, ignore_errors=True)  # of one that was cut short
            part.mkdir(parents=True)
            yield part
            if folder.exists():
                folder.rmdir()
            part.replace(folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)


def keep(path: Path, name: Path) -> None:
    """Give what `path` holds another name, by which it stays when `replacing` replaces `path`.

    What had that name before stays until the new content is there.

    Raises
    ------
    StudioError
        ``cannot-write`` or ``disk-full``, naming `name`.
    """
    with writing(name):
        if name.exists() and name.samefile(path):  # replaced by itself, the other name would stay
            return
        part = _part(name)
        try:
            part.unlink(missing_ok=True)
            os.link(path, part)  # takes no space
        except OSError:  # not every file system has second names
            with path.open("rb") as file, replacing(name) as copy:
                shutil.copyfileobj(file, copy)
            return
        try:
            part.replace(name)
        finally:
            part.unlink(missing_ok=True)


def _part(path: Path) -> Path:
    """Return where what is to take the place of `path` is made."""
    return path.with_name(f".{path.name}.part")
