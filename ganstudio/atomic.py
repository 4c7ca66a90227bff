"""Files that are complete or, if anything fails, as they were before."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ganstudio.errors import writing


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


def keep(path: Path, name: Path) -> None:
    """Give what `path` holds another name, by which it stays when `replacing` replaces `path`.

    Raises
    ------
    StudioError
        ``cannot-write`` or ``disk-full``, naming `name`.
    """
    part = _part(name)
    with writing(name):
        try:
            part.unlink(missing_ok=True)
            os.link(path, part)  # takes no space
            part.replace(name)
        except OSError:  # not every file system has second names
            with path.open("rb") as file, replacing(name) as target:
                shutil.copyfileobj(file, target)
        finally:
            part.unlink(missing_ok=True)  # it is still there if it is what `name` was already


def _part(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")
