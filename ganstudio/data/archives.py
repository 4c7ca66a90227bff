"""The files of a dataset out of the one that it is published in."""

import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from ganstudio.atomic import replacing
from ganstudio.errors import Phrase, StudioError, reading
from ganstudio.work import Work

_CHUNK = 1 << 20  # bytes
_BROKEN = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error),
    *(EOFError, OSError, ValueError, RuntimeError),
)


def unpack(archive: Path, folder: Path, names: tuple[str, ...], work: Work) -> None:
    """Write the files `names`, gzipped or not, and no others, from a zip or tar into `folder`.

    Raises
    ------
    Cancelled
        If `work` was.
    StudioError
        ``bad-data`` or ``cannot-read``, naming the archive; ``cannot-write`` or ``disk-full``.
    """
    missing, note = set(names), Phrase("unpacking", name=archive.name)
    try:
        for name, content in _members(archive):
            if name.removesuffix(".gz") not in missing:
                continue
            with replacing(folder / name) as file:
                while chunk := _read(content, archive):
                    file.write(chunk)
                    work.at(1 - len(missing) / len(names), note)
            missing.remove(name.removesuffix(".gz"))
            if not missing:
                return
    except _BROKEN as error:
        raise _bad(archive, error) from None
    raise _bad(archive, Phrase("missing", name=min(missing)))


def _members(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield name and content of the files in an archive, without their folders."""
    with reading(archive):
        archive.open("rb").close()
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as opened:
            for info in opened.infolist():
                with opened.open(info) as content:
                    yield PurePosixPath(info.filename).name, content
    else:
        with tarfile.open(archive) as tar:
            for member in tar:
                if (extracted := tar.extractfile(member)) is not None:
                    yield PurePosixPath(member.name).name, extracted


def _read(content: IO[bytes], archive: Path) -> bytes:
    """Read on in an archive; what is wrong with it must not be told as a failure to write."""
    try:
        return content.read(_CHUNK)
    except _BROKEN as error:
        raise _bad(archive, error) from None


def _bad(archive: Path, detail: object) -> StudioError:
    return StudioError("bad-data", path=archive, expected=Phrase("archive"), detail=detail)
