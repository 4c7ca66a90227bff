"""Downloads, from a server in this process that cuts, lies and forgets as real ones do."""

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from ganstudio.data.download import fetch
from ganstudio.errors import StudioError
from ganstudio.work import Cancelled, Work

CONTENT = np.random.default_rng(4).bytes(300_000)
MD5 = hashlib.md5(CONTENT).hexdigest()


class Server(BaseHTTPRequestHandler):
    """Serves `content` at every path but /none; `server` says what goes wrong."""

    def do_GET(self) -> None:
        server = self.server
        asked = self.headers.get("Range")
        server.asked.append((self.path, asked))
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        if self.path == "/none":
            self.send_error(404)
            return
        if start >= len(server.content):
            self.send_error(416)
            return
        if not server.resumes:
            start = 0
        self.send_response(206 if start else 200)
        if start:
            total = len(server.content)
            self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        self.send_header("Content-Length", str(len(server.content) - start))
        self.end_headers()
        stop = server.cuts.pop(0) if server.cuts else len(server.content)
        self.wfile.write(server.content[start : max(start, stop)])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadingHTTPServer]:
    monkeypatch.setenv("no_proxy", "*")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    server.content, server.cuts, server.resumes, server.asked = CONTENT, [], True, []
    server.url = f"http://127.0.0.1:{server.server_port}/file.gz"
    thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.01))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


class Watched(Work):
    """Remembers what it was told; cancels itself after `patience` words."""

    def __init__(self, patience: float = np.inf) -> None:
        super().__init__()
        self.told: list[tuple[float | None, str]] = []
        self._patience = patience

    def at(self, fraction: float | None, note: object = None) -> None:
        self.told.append((fraction, str(note)))
        if len(self.told) >= self._patience:
            self.cancel()
        super().at(fraction, note)


def left(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def refused(server, folder, code: str, *urls: str) -> StudioError:
    with pytest.raises(StudioError) as caught:
        fetch(urls or [server.url], folder / "file.gz", MD5, Work())
    assert caught.value.code == code
    assert "put file.gz into" in str(caught.value)
    assert str(folder) in str(caught.value)
    return caught.value


def test_a_file_comes_whole_and_says_how_far_it_is(server, tmp_path):
    work = Watched()
    fetch([server.url], tmp_path / "file.gz", MD5, work)
    assert (tmp_path / "file.gz").read_bytes() == CONTENT
    assert left(tmp_path) == ["file.gz"]
    fractions = [fraction for fraction, note in work.told if note.startswith("Downloading")]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert len(fractions) >= 4
    assert work.told[0][1] == "Downloading file.gz (0.3 MB)"


def test_a_cut_is_continued_where_it_was(server, tmp_path):
    server.cuts = [100_000, 250_000]
    fetch([server.url], tmp_path / "file.gz", MD5, Work())
    assert (tmp_path / "file.gz").read_bytes() == CONTENT
    ranges = [asked for _, asked in server.asked]
    assert ranges == [None, "bytes=100000-", "bytes=250000-"]


def test_what_had_come_is_continued_by_another_try(server, tmp_path):
    server.cuts = [100_000, 0]
    error = refused(server, tmp_path, "download-failed")
    assert "connection was cut" in str(error)
    assert left(tmp_path) == ["file.gz.part"]
    fetch([server.url], tmp_path / "file.gz", MD5, Work())
    assert (tmp_path / "file.gz").read_bytes() == CONTENT
    assert server.asked[-1][1] == "bytes=100000-"


def test_a_server_that_cannot_continue_begins_again(server, tmp_path):
    server.resumes = False
    (tmp_path / "file.gz.part").write_bytes(CONTENT[:7])
    fetch([server.url], tmp_path / "file.gz", MD5, Work())
    assert (tmp_path / "file.gz").read_bytes() == CONTENT


@pytest.mark.parametrize("part", [CONTENT, CONTENT + b"more", b"other" + CONTENT[5:]])
def test_whatever_was_there_before_the_file_becomes_right(part: bytes, server, tmp_path):
    (tmp_path / "file.gz.part").write_bytes(part)
    fetch([server.url], tmp_path / "file.gz", MD5, Work())
    assert (tmp_path / "file.gz").read_bytes() == CONTENT
    assert left(tmp_path) == ["file.gz"]


def test_other_contents_are_refused_and_deleted(server, tmp_path):
    server.content = CONTENT[:-1] + b"!"
    error = refused(server, tmp_path, "wrong-checksum")
    assert MD5 in str(error)
    assert hashlib.md5(server.content).hexdigest() in str(error)
    assert left(tmp_path) == []
    assert len(server.asked) == 1, "what came from the beginning does not come better again"


def test_the_next_address_is_tried(server, tmp_path):
    fetch([server.url.replace("file.gz", "none"), server.url], tmp_path / "file.gz", MD5, Work())
    assert (tmp_path / "file.gz").read_bytes() == CONTENT


def test_a_file_that_the_server_does_not_have(server, tmp_path):
    url = server.url.replace("file.gz", "none")
    error = refused(server, tmp_path, "download-failed", url)
    assert url in str(error)
    assert left(tmp_path) == []


def test_no_network(server, tmp_path):
    server.shutdown()
    server.server_close()
    assert "refused" in str(refused(server, tmp_path, "download-failed"))


def test_a_cancelled_download_goes_on_another_time(server, tmp_path):
    with pytest.raises(Cancelled):
        fetch([server.url], tmp_path / "file.gz", MD5, Watched(patience=2))
    assert left(tmp_path) == ["file.gz.part"]
    size = (tmp_path / "file.gz.part").stat().st_size
    assert 0 < size < len(CONTENT)
    fetch([server.url], tmp_path / "file.gz", MD5, Work())
    assert (tmp_path / "file.gz").read_bytes() == CONTENT
    assert server.asked[-1][1] == f"bytes={size}-"


def test_a_place_that_cannot_be_written(server, tmp_path):
    (tmp_path / "file.gz.part").mkdir()
    with pytest.raises(StudioError, match=r"file\.gz\.part") as caught:
        fetch([server.url], tmp_path / "file.gz", MD5, Work())
    assert caught.value.code == "cannot-write"
