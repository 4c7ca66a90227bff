"""A run as a zip file: what is in it, and what is refused, from whomever it comes."""

import io
import json
import os
import shutil
import zipfile
from pathlib import Path

import pytest

from ganstudio import library, run_archive
from ganstudio.errors import StudioError
from ganstudio.library import Entry, RunFolder, now
from ganstudio.work import Cancelled, Work


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A run's folder, as far as an archive looks at it."""
    path = tmp_path / "there" / "studio-0"
    (path / "past").mkdir(parents=True)
    with RunFolder(path) as folder:
        folder.tell(Entry(run_id="a", recipe="studio", seed=0, step=7, seconds=1.5, saved=now()))
    for name, size in {"last.pt": 5000, "step-0000003.pt": 3000, "past/0000002.pt": 200}.items():
        (path / name).write_bytes(bytes(range(100)) * (size // 100))
    (path / "thumb.png").write_bytes(b"picture")
    (path / ".last.pt.part").write_bytes(b"left over")
    (path / "mine.txt").write_text("a person's own")
    return path


def contents(folder: Path) -> dict[str, bytes]:
    files = (file for file in folder.rglob("*") if file.is_file() and file.name != "run.lock")
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def zipped(path: Path, files: dict[str, bytes], how: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


NOTE = json.dumps(
    {
        "format": "ganstudio-run",
        "version": 1,
        "run_id": "a",
        "recipe": "studio",
        "seed": 0,
        "step": 7,
        "seconds": 1.5,
        "saved": "2026-01-01T00:00:00+00:00",
        "open": True,
    }
).encode()
RUN = {"last.pt": b"weights", "run.json": NOTE}


def test_a_run_comes_back_as_it_was(home: Path, tmp_path: Path):
    before = contents(home)
    path, into = tmp_path / "mine.zip", tmp_path / "runs"
    run_archive.pack(home, path, Work())
    back = run_archive.unpack(path, into, Work())
    assert back == into / "mine"
    del before[".last.pt.part"], before["mine.txt"]
    assert contents(back) == before
    assert library.entry_of(back) == library.entry_of(home)
    again = run_archive.unpack(path, into, Work())
    assert again == into / "mine-2"
    assert not library.in_use(again)


@pytest.mark.parametrize(
    "name",
    [
        "../evil.pt",
        "/etc/last.pt",
        "past/../../last.pt",
        "..\\last.pt",
        "C:last.pt",
        "code.py",
        "past/x.pt",
        "run.lock",
        "LAST.PT",
    ],
)
def test_nothing_but_a_run_is_taken_out(tmp_path: Path, name: str):
    path, into = zipped(tmp_path / "a.zip", RUN | {name: b"x"}), tmp_path / "runs"
    with pytest.raises(StudioError, match="no run has") as caught:
        run_archive.unpack(path, into, Work())
    assert caught.value.code == "not-a-run-archive"
    assert not into.exists() or not list(into.iterdir())
    assert [file.name for file in tmp_path.iterdir() if file != into] == ["a.zip"]


@pytest.mark.parametrize("missing", ["last.pt", "run.json"])
def test_what_lacks_a_part_is_no_run(tmp_path: Path, missing: str):
    files = {name: content for name, content in RUN.items() if name != missing}
    with pytest.raises(StudioError, match="lacks"):
        run_archive.unpack(zipped(tmp_path / "a.zip", files), tmp_path / "runs", Work())


def test_a_bomb_is_not_unpacked(tmp_path: Path):
    files = RUN | {"past/1.pt": bytes(200 << 20)}
    path = zipped(tmp_path / "a.zip", files, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 1 << 20
    with pytest.raises(StudioError, match="far larger"):
        run_archive.unpack(path, tmp_path / "runs", Work())


def test_a_bomb_that_lies_about_its_size_is_not_unpacked(tmp_path: Path):
    path = zipped(tmp_path / "a.zip", RUN | {"past/1.pt": bytes(64 << 20)}, zipfile.ZIP_DEFLATED)
    data = bytearray(path.read_bytes())
    true = (64 << 20).to_bytes(4, "little")
    while (at := data.find(true)) >= 0:
        data[at : at + 4] = (100).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(StudioError):
        run_archive.unpack(path, tmp_path / "runs", Work())
    assert not list((tmp_path / "runs").iterdir())


@pytest.mark.parametrize(
    "note", [b"", b"{}", b"[1]", NOTE.replace(b"7", b'"x"'), b"\xff", b"[" * 99_999]
)
def test_a_damaged_note_leaves_nothing_behind(tmp_path: Path, note: bytes):
    path = zipped(tmp_path / "a.zip", RUN | {"run.json": note})
    with pytest.raises(StudioError, match=r"run\.json is damaged"):
        run_archive.unpack(path, tmp_path / "runs", Work())
    assert not list((tmp_path / "runs").iterdir())


def test_what_is_no_zip_is_named(tmp_path: Path):
    path = tmp_path / "a.zip"
    for content in (b"", b"PK\x03\x04", b"nothing" * 100):
        path.write_bytes(content)
        with pytest.raises(StudioError, match=r"a\.zip") as caught:
            run_archive.unpack(path, tmp_path / "runs", Work())
        assert caught.value.code == "not-a-run-archive"
    with pytest.raises(StudioError) as caught:
        run_archive.unpack(tmp_path / "none.zip", tmp_path / "runs", Work())
    assert caught.value.code == "cannot-read"


def test_a_damaged_zip_leaves_nothing_behind(home: Path, tmp_path: Path):
    path = tmp_path / "a.zip"
    run_archive.pack(home, path, Work())
    data = bytearray(path.read_bytes())
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        at = archive.getinfo("last.pt").header_offset + 100
    data[at] ^= 1
    path.write_bytes(data)
    with pytest.raises(StudioError, match="CRC"):
        run_archive.unpack(path, tmp_path / "runs", Work())
    assert not list((tmp_path / "runs").iterdir())


def test_both_can_be_cancelled(home: Path, tmp_path: Path):
    path = tmp_path / "a.zip"
    work = Work()
    work.cancel()
    with pytest.raises(Cancelled):
        run_archive.pack(home, path, work)
    assert not path.exists()
    run_archive.pack(home, path, Work())
    with pytest.raises(Cancelled):
        run_archive.unpack(path, tmp_path / "runs", work)
    assert not list((tmp_path / "runs").iterdir())


@pytest.mark.parametrize("missing", ["last.pt", "run.json", ""])
def test_of_a_run_that_is_gone_no_archive_is_made(home: Path, tmp_path: Path, missing: str):
    shutil.rmtree(home) if not missing else (home / missing).unlink()
    kept = tmp_path / "kept.zip"
    kept.write_bytes(b"another run")
    with pytest.raises(StudioError) as told:
        run_archive.pack(home, kept, Work())
    assert told.value.code == "cannot-read"
    assert kept.read_bytes() == b"another run"


def test_a_file_of_the_seventies_is_packed(home: Path, tmp_path: Path):
    os.utime(home / "last.pt", (0, 0))
    run_archive.pack(home, tmp_path / "old.zip", Work())
    assert run_archive.unpack(tmp_path / "old.zip", tmp_path / "library", Work()).is_dir()
