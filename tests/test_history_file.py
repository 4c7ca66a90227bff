"""The file of a run's numbers: it grows, and what is damaged or torn of it is dropped."""

import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganstudio.errors import StudioError
from ganstudio.training.history import COLUMNS, History
from ganstudio.training.history_file import NAME, HistoryReader, HistoryWriter

RUN = "0123456789ab"


def history(steps: int, seed: int = 0) -> History:
    made = History()
    rng = np.random.default_rng(seed)
    made.append(rng.standard_normal((len(COLUMNS), steps)).astype(np.float32))
    return made


def part(whole: History, steps: int) -> History:
    made = History()
    made.append(whole.array()[:, :steps])
    return made


def read(folder: Path, start: int = 0, stop: int = 10**9, run: str = RUN):
    return HistoryReader(folder, run).read(start, stop)


def written(folder: Path, whole: History, *lengths: int) -> bytes:
    writer = HistoryWriter(folder, RUN)
    for steps in lengths:
        writer.append(part(whole, steps))
    return (folder / NAME).read_bytes()


def test_the_file_is_as_it_is_documented(tmp_path: Path) -> None:
    whole = history(5)
    content = written(tmp_path, whole, 2, 5)
    head, _, records = content.partition(b"\n")
    assert json.loads(head) == {
        "format": "ganstudio-history",
        "version": 1,
        "run_id": RUN,
        "columns": list(COLUMNS),
    }
    rows = []
    for first, count in ((0, 2), (2, 3)):
        counts, (told,) = records[:12], struct.unpack("<I", records[12:16])
        values, records = records[16 : 16 + 44 * count], records[16 + 44 * count :]
        assert struct.unpack("<QI", counts) == (first, count)
        assert told == zlib.crc32(counts + values)
        rows.append(np.frombuffer(values, "<f4").reshape(count, -1))
    assert records == b""
    np.testing.assert_array_equal(np.concatenate(rows).T, whole.array())


@given(
    cuts=st.lists(st.integers(0, 30), max_size=5),
    start=st.integers(0, 30),
    length=st.integers(0, 30),
)
@settings(max_examples=60, deadline=None)
def test_any_part_of_it_can_be_read(tmp_path_factory, cuts, start, length) -> None:
    folder, whole = tmp_path_factory.mktemp("run"), history(30)
    written(folder, whole, *sorted(cuts), 30)
    reader = HistoryReader(folder, RUN)
    for stop in (start + length, start, 30):
        expected = whole.array()[:, start:stop]
        np.testing.assert_array_equal(reader.read(start, stop), expected)


def test_it_is_read_while_it_grows(tmp_path: Path) -> None:
    whole, reader = history(9), HistoryReader(tmp_path, RUN)
    assert reader.read(0, 9).shape == (len(COLUMNS), 0)
    writer, seen = HistoryWriter(tmp_path, RUN), 0
    for steps in (2, 5, 9):
        writer.append(part(whole, steps))
        np.testing.assert_array_equal(reader.read(seen, steps), whole.array()[:, seen:steps])
        seen = steps


@given(data=st.data())
@settings(max_examples=80, deadline=None)
def test_whatever_is_torn_or_flipped_what_is_before_it_stays(tmp_path_factory, data) -> None:
    folder, whole = tmp_path_factory.mktemp("run"), history(12)
    ends = [len(written(folder, whole, *lengths)) for lengths in ((4,), (4, 8), (4, 8, 12))]
    content = (folder / NAME).read_bytes()
    head = content.index(b"\n") + 1
    place = data.draw(st.integers(head, len(content) - 1))
    if data.draw(st.booleans()):
        damaged = content[:place]
    else:
        flipped = content[place] ^ (1 << data.draw(st.integers(0, 7)))
        damaged = content[:place] + bytes([flipped]) + content[place + 1 :]
    (folder / NAME).write_bytes(damaged)
    sound = 4 * sum(end <= place for end in ends)
    np.testing.assert_array_equal(read(folder), whole.array()[:, :sound])
    HistoryWriter(folder, RUN).append(whole)  # and what was lost is written again
    np.testing.assert_array_equal(read(folder), whole.array())


def test_a_run_that_goes_on_from_an_earlier_step_forgets_the_later_ones(tmp_path: Path) -> None:
    whole, other = history(12), history(8, seed=1)
    written(tmp_path, whole, 4, 12)
    joined = part(whole, 6)
    joined.append(other.array()[:, 6:])
    HistoryWriter(tmp_path, RUN).append(joined)
    np.testing.assert_array_equal(read(tmp_path), joined.array())


def test_steps_of_a_lost_future_are_written_over_wherever_they_end(tmp_path: Path) -> None:
    whole, other = history(8), history(8, seed=1)
    written(tmp_path, whole, 4, 6, 8)
    joined = part(whole, 4)
    joined.append(other.array()[:, 4:7])  # first appended to when there are more steps again
    HistoryWriter(tmp_path, RUN).append(joined)
    np.testing.assert_array_equal(read(tmp_path), joined.array())


def test_another_run_s_file_is_not_taken_for_its_own(tmp_path: Path) -> None:
    written(tmp_path, history(5), 5)
    assert read(tmp_path, run="ba9876543210").shape[1] == 0
    mine = history(3, seed=1)
    HistoryWriter(tmp_path, "ba9876543210").append(mine)
    np.testing.assert_array_equal(read(tmp_path, run="ba9876543210"), mine.array())


@pytest.mark.parametrize("how", ["gone", "cut"])
def test_what_others_do_to_it_meanwhile_is_made_good(tmp_path: Path, how: str) -> None:
    whole, writer = history(9), HistoryWriter(tmp_path, RUN)
    writer.append(part(whole, 6))
    if how == "gone":
        (tmp_path / NAME).unlink()
    else:
        (tmp_path / NAME).write_bytes((tmp_path / NAME).read_bytes()[:-7])
    writer.append(whole)
    np.testing.assert_array_equal(read(tmp_path), whole.array())


def test_a_disk_that_was_full_leaves_no_hole(tmp_path: Path, monkeypatch) -> None:
    whole, writer = history(9), HistoryWriter(tmp_path, RUN)
    writer.append(part(whole, 4))

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(StudioError) as caught:
            writer.append(part(whole, 7))
    assert caught.value.code == "disk-full"
    assert caught.value.fields["path"] == tmp_path / NAME
    writer.append(whole)
    np.testing.assert_array_equal(read(tmp_path), whole.array())


def test_a_long_history_is_many_records(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("ganstudio.training.history_file._MOST_ROWS", 4)
    whole = history(11)
    content = written(tmp_path, whole, 11)
    assert len(content) == content.index(b"\n") + 1 + 3 * 16 + 11 * 44
    np.testing.assert_array_equal(read(tmp_path), whole.array())


def test_a_count_beyond_all_measure_takes_no_memory(tmp_path: Path) -> None:
    content = written(tmp_path, history(2), 2)
    head = content.index(b"\n") + 1
    counts = struct.pack("<QI", 0, 2**32 - 1)
    (tmp_path / NAME).write_bytes(content[:head] + counts + content[head + 12 :])
    assert read(tmp_path).shape[1] == 0
