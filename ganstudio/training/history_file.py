"""Every step's numbers in a run's folder: a file that only grows, of records with checksums.

It is what a run goes on from after a crash, beside its moments, and what others follow it by.
``history.rows`` begins with a line of JSON: ``format``, ``version``, ``run_id`` and ``columns``.
Records follow: how many steps come before it (uint64), how many it has (uint32), the CRC-32 of
these and of its rows (uint32), and the rows, a float32 for each column; little-endian. What comes
after the last record that is whole and in its place is not read, and is written over.
"""

import json
import os
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from ganstudio.errors import writing
from ganstudio.training.history import COLUMNS, History

NAME = "history.rows"
_FORMAT, _VERSION = "ganstudio-history", 1
_LONGEST_HEAD = 4096  # bytes
_COUNTS, _SUM = struct.Struct("<QI"), struct.Struct("<I")
_ROW = 4 * len(COLUMNS)
_MOST_ROWS = 1 << 16  # in a record


class HistoryWriter:
    """Appends a run's steps to its file.

    Parameters
    ----------
    folder : Path
        The run's.
    run_id : str
        The run; the file of another is replaced.
    """

    def __init__(self, folder: Path, run_id: str) -> None:
        self._path, self._run_id = folder / NAME, run_id
        self._rows: int | None = None  # that are in the file; not known before it was looked at
        self._end = 0  # of them, in bytes

    def append(self, history: History) -> None:
        """Append the steps that the file does not have; they are on the disk when it returns.

        Of later steps than the history's, those that a program had made before it was cut short,
        nothing stays.

        Raises
        ------
        StudioError
            ``cannot-write`` or ``disk-full``, naming the file; what it has can be read as before.
        """
        with writing(self._path):
            there = self._path.exists()
            if self._rows is None or not there or self._path.stat().st_size < self._end:
                self._look(history)
            assert self._rows is not None
            with self._path.open("r+b" if there else "w+b") as file:
                file.seek(self._end)
                file.truncate()
                if not self._end:
                    file.write(_head(self._run_id))
                rows = history.since(self._rows)
                for start in range(0, rows.shape[1], _MOST_ROWS):
                    file.write(_record(self._rows + start, rows[:, start : start + _MOST_ROWS]))
                file.flush()
                os.fsync(file.fileno())
                self._rows, self._end = self._rows + rows.shape[1], file.tell()

    def _look(self, history: History) -> None:
        """Find how far the file that is there has the same steps as the history.

        Others are of a future that was lost: the run has gone on from an earlier step.
        """
        rows, first, end = history.array().T, 0, 0
        if self._path.exists():
            with self._path.open("rb") as file:
                end = _after_head(file, self._run_id)
                while end and (found := _rows_at(file, end, first)) is not None:
                    if rows[first : first + len(found)].tobytes() != found.tobytes():
                        break
                    first, end = first + len(found), file.tell()
        self._rows, self._end = first, end


class HistoryReader:
    """Reads a run's steps from its file, which may be growing.

    Parameters
    ----------
    folder : Path
        The run's.
    run_id : str
        The run; a file of another has nothing of it.
    """

    def __init__(self, folder: Path, run_id: str) -> None:
        self._path, self._run_id = folder / NAME, run_id
        self._place = (0, 0)  # how many rows lie before how many bytes: where to read on

    def read(self, start: int, stop: int) -> NDArray[np.float32]:
        """Return the steps from `start` to `stop`, (len(COLUMNS), n) float32.

        They are fewer where the file ends before, or is damaged there; none if it cannot be read.
        """
        found = [np.empty((0, len(COLUMNS)), np.float32)]
        try:
            with self._path.open("rb") as file:
                if start < self._place[0] or not self._place[1]:
                    self._place = (0, _after_head(file, self._run_id))
                first, end = self._place
                while end and first < stop and (rows := _rows_at(file, end, first)) is not None:
                    found.append(rows[max(0, start - first) : stop - first])
                    first, end = first + len(rows), file.tell()
                    if first <= stop:
                        self._place = first, end
        except OSError:
            pass
        return np.concatenate(found).T


def _rows_at(file: BinaryIO, place: int, first: int) -> NDArray[np.float32] | None:
    """Return the rows of the record at a place, (n, len(COLUMNS)); None if it is not whole."""
    file.seek(place)
    counts, told = file.read(_COUNTS.size), file.read(_SUM.size)
    if len(told) < _SUM.size:
        return None
    number, count = _COUNTS.unpack(counts)
    if number != first or not 0 < count <= _MOST_ROWS:
        return None
    content = file.read(count * _ROW)
    if len(content) < count * _ROW or told != _sum(counts, content):
        return None
    return np.frombuffer(content, "<f4").reshape(count, len(COLUMNS))


def _head(run_id: str) -> bytes:
    about = {"format": _FORMAT, "version": _VERSION, "run_id": run_id, "columns": COLUMNS}
    return json.dumps(about).encode() + b"\n"


def _after_head(file: BinaryIO, run_id: str) -> int:
    """Return where the records begin; 0 if they are another run's, or nothing that is known."""
    file.seek(0)
    head = file.readline(_LONGEST_HEAD)
    return len(head) if head == _head(run_id) else 0


def _record(first: int, rows: NDArray[np.float32]) -> bytes:
    counts = _COUNTS.pack(first, rows.shape[1])
    content = np.ascontiguousarray(rows.T, "<f4").tobytes()
    return counts + _sum(counts, content) + content


def _sum(counts: bytes, content: bytes) -> bytes:
    return _SUM.pack(zlib.crc32(content, zlib.crc32(counts)))
