"""A run as one zip file: to pass on, to keep, and to take in again, from whomever it comes."""

import re
import shutil
import zipfile
import zlib
from pathlib import Path

from ganstudio import library
from ganstudio.atomic import replacing
from ganstudio.errors import Phrase, StudioError, reading, writing
from ganstudio.library import LAST, NOTE, PAST, THUMB
from ganstudio.work import Work

_CHUNK = 1 << 20  # bytes
_FEW = 20_000  # files; a run keeps its hundred moments, and what a person does
_DENSEST = 1000  # times as large as packed: histories are dense, bombs are denser
_NAME = re.compile(
    rf"({re.escape(NOTE)}|{re.escape(THUMB)}|config\.toml|history\.rows|(history|quality|health)\.csv"
    rf"|samples-\d+\.png|last\.pt|step-\d+\.pt|{PAST}/\d+\.pt)"
)
_BROKEN = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, NotImplementedError),
    *(EOFError, OSError, ValueError, RuntimeError, LookupError),
)


def pack(folder: Path, path: Path, work: Work) -> None:
    """Write a run's folder into a zip file.

    Raises
    ------
    Cancelled
        If `work` was; the file is as it was before.
    StudioError
        ``cannot-read``, ``cannot-write`` or ``disk-full``, naming the file.
    """
    for name in (LAST, NOTE):  # or it is gone
        with reading(folder / name):
            (folder / name).stat()
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    named = [(file, file.relative_to(folder).as_posix()) for file in files]
    entry = library.entry_of(folder)
    last = entry.step if entry is not None else 0
    named = [(file, name) for file, name in named if _NAME.fullmatch(name)]
    named = [(f, name) for f, name in named if f.parent == folder or int(f.stem) <= last]
    # weights are as dense as they can be
    with (
        replacing(path) as target,
        # zip knows no time before 1980
        zipfile.ZipFile(target, "w", zipfile.ZIP_STORED, strict_timestamps=False) as archive,
    ):
        for done, (file, name) in enumerate(named):
            work.at(done / len(named))
            if file.parent != folder and not file.exists():  # it has made room for a later step
                continue
            with reading(file):
                archive.write(file, name)


def unpack(path: Path, into: Path, work: Work) -> Path:
    """Take a run out of a zip file into a library; return its folder.

    Nothing else than what a run consists of is written, and nothing outside of that folder; what
    is in the files is looked at when the run is opened, as with any other.

    Raises
    ------
    Cancelled
        If `work` was; nothing is left then, nor after an error.
    StudioError
        ``not-a-run-archive``, ``cannot-read``, ``cannot-write`` or ``disk-full``.
    """
    with reading(path), path.open("rb"):
        pass
    home = None
    try:
        with zipfile.ZipFile(path) as archive:
            members = _checked(archive, path)
            home = library.new_folder(into, path.stem)
            whole = sum(member.file_size for member in members) or 1
            done = 0
            for member in members:
                target = home.path / member.filename
                with writing(target):
                    target.parent.mkdir(exist_ok=True)
                done = _extract(archive, member, target, done, whole, work)
        if library.about(home.path) is None:
            raise _bad(path, Phrase("bad-note", name=NOTE))
        return home.path
    except BaseException as error:
        if home is not None:
            home.release()
            shutil.rmtree(home.path, ignore_errors=True)
        if isinstance(error, StudioError) or not isinstance(error, _BROKEN):
            raise
        raise _bad(path, str(error) or type(error).__name__) from None
    finally:
        if home is not None and home.path.exists():
            home.release()


def _checked(archive: zipfile.ZipFile, path: Path) -> list[zipfile.ZipInfo]:
    """Return the members of an archive that is a run's."""
    members = [member for member in archive.infolist() if not member.is_dir()]
    names = [member.filename for member in members]
    if len(names) > _FEW:
        raise _bad(path, Phrase("many-files", count=len(names)))
    for member in members:
        if not _NAME.fullmatch(member.filename):
            raise _bad(path, Phrase("strange-file", name=member.filename[:80]))
        if member.file_size > _CHUNK + _DENSEST * member.compress_size:
            raise _bad(path, Phrase("too-dense", name=member.filename))
    if len(set(names)) < len(names) or not {LAST, NOTE} <= set(names):
        raise _bad(path, Phrase("no-run", names=f"{LAST}, {NOTE}"))
    return members


def _extract(
    archive: zipfile.ZipFile,
    member: zipfile.ZipInfo,
    target: Path,
    done: int,
    whole: int,
    work: Work,
) -> int:
    """Write one member; return how many bytes are done by then."""
    left = member.file_size  # what it says; more is not read
    with archive.open(member) as content, replacing(target) as file:
        while chunk := content.read(min(_CHUNK, max(left, 1))):
            left -= len(chunk)
            if left < 0:
                raise zipfile.BadZipFile(member.filename)
            file.write(chunk)
            done += len(chunk)
            work.at(done / whole)
    return done


def _bad(path: Path, detail: object) -> StudioError:
    return StudioError("not-a-run-archive", path=path, detail=detail)
