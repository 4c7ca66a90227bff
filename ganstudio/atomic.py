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
    part = path.with_name(f".{path.name}.part")
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
    with writing(name):
        try:
            name.unlink(missing_ok=True)  # should it end here, `path` still holds it all
            os.link(path, name)  # takes no space
        except OSError:  # not every file system has second names
            with path.open("rb") as file, replacing(name) as copy:
                shutil.copyfileobj(file, copy)
