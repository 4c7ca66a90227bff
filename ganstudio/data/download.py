"""Files from the network: with progress, continued after a cut, and kept only if they are right."""

import hashlib
from collections.abc import Iterable
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from ganstudio.errors import Phrase, StudioError, reading, writing
from ganstudio.work import Work

SECONDS = 15.0  # of silence, after which a server counts as gone
_CHUNK = 1 << 16  # bytes between two looks at whether the file is still wanted
_PAST_THE_END = 416  # the answer to a request to go on with what is complete


def fetch(urls: Iterable[str], path: Path, md5: str, work: Work) -> None:
    """Download a file from the first of `urls` that has it.

    What has come lies beside `path` as ``NAME.part`` and is continued, now or the next time;
    `path` exists once the checksum is right.

    Raises
    ------
    Cancelled
        If `work` was.
    StudioError
        ``download-failed`` or ``wrong-checksum`` of the last address, ``cannot-write`` or
        ``disk-full``.
    """
    part = path.with_name(f"{path.name}.part")
    failure: StudioError | None = None
    for url in urls:
        failure = _download(url, part, md5, work)
        if failure is None:
            with writing(path):
                part.replace(path)
            return
    assert failure is not None  # there is an address
    raise failure


def _download(url: str, part: Path, md5: str, work: Work) -> StudioError | None:
    """Complete `part` from `url`; return why that failed, if it did."""
    name, folder = part.stem, part.parent
    begun = _size(part)
    whole = False
    while not whole:
        have = _size(part)
        detail: object = Phrase("connection-cut")
        try:
            whole = _receive(url, part, have, work)
        except (OSError, HTTPException) as error:
            detail = error.reason if isinstance(error, URLError) else error
        if not whole and _size(part) <= have:  # a cut after which more came is tried again
            return StudioError("download-failed", url=url, detail=detail, name=name, folder=folder)
    if (found := _md5(part, work)) == md5:
        return None
    with writing(part):
        part.unlink()
    if begun:  # what was there may be of another version
        return _download(url, part, md5, work)
    return StudioError(
        "wrong-checksum", url=url, found=found, expected=md5, name=name, folder=folder
    )


def _receive(url: str, part: Path, have: int, work: Work) -> bool:
    """Append to `part`, of `have` bytes, what a server sends; return whether that was all."""
    headers = {"User-Agent": "ganstudio"}
    if have:
        headers["Range"] = f"bytes={have}-"
    try:
        response = urlopen(Request(url, headers=headers), timeout=SECONDS)
    except HTTPError as error:
        if have and error.code == _PAST_THE_END:
            return True  # the checksum decides
        raise
    with response:
        goes_on = response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        have = have if goes_on else 0
        total = None if response.length is None else have + response.length
        size = "" if total is None else f" ({total / 1e6:,.1f} MB)"
        note = Phrase("downloading", name=part.stem, size=size)
        with writing(part):
            file = part.open("ab" if goes_on else "wb")
        with file:
            while chunk := response.read(_CHUNK):
                with writing(part):
                    file.write(chunk)
                    file.flush()  # here, where a full disk is told as such
                have += len(chunk)
                work.at(have / total if total else None, note)
    return total is None or have >= total


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _md5(path: Path, work: Work) -> str:
    """Return the checksum that the files are published with; it finds damage, not malice."""
    digest = hashlib.md5(usedforsecurity=False)
    with reading(path), path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
            work.at(None, Phrase("checking", name=path.stem))
    return digest.hexdigest()
