import csv
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganstudio.errors import StudioError
from ganstudio.training.history import COLUMNS, METRICS, History
from ganstudio.work import Cancelled, Work

N = 70_000
LEVELS = (1, 16, 256, 4096)


def numbers() -> np.ndarray:
    """Return columns of noise; the first has stretches of NaN, the second is NaN throughout."""
    rng = np.random.default_rng(2)
    data = rng.normal(2, 1, (len(COLUMNS), N)).astype(np.float32)
    for start in rng.integers(0, N, 300):
        data[0, start : start + rng.integers(1, 60)] = np.nan
    data[0, 8192:12288] = np.nan
    data[0, 8200] = 5.0
    data[1] = np.nan
    return data


DATA = numbers()
FULL = History()
FULL.append(DATA)

around = st.sampled_from([0, 16, 256, 4096, 8192, 16 * 300, N]).flatmap(
    lambda x: st.integers(max(0, x - 20), x + 20)
)
places = st.one_of(st.integers(0, N + 10), around)


@given(
    column=st.integers(0, 2),
    ends=st.tuples(places, places),
    points=st.one_of(st.integers(1, 2000), st.sampled_from([1, 2, 3, 17])),
)
def test_reduced_against_brute_force(column: int, ends: tuple[int, int], points: int):
    start, stop = sorted(ends)
    rows, mean, low, high = FULL.reduced(COLUMNS[column], start, stop, points)
    stop = min(stop, N)
    assert len(rows) == len(mean) == len(low) == len(high) <= 2 * points + 2
    per_point = max(1, (stop - start) // points)
    level = max(size for size in LEVELS if size <= per_point)
    if stop - start < 1:
        assert len(rows) == 0
        return
    # Whole buckets only: what they leave out at the ends is less than one of them.
    edges = [start // level * level, *(rows + 1)]
    assert all(np.diff(edges) > 0)
    assert 0 <= stop - edges[-1] < level
    for i, (first, last) in enumerate(pairwise(edges)):
        values = DATA[column, first:last].astype(np.float64)
        values = values[np.isfinite(values)]
        if len(values) == 0:
            assert np.isnan([mean[i], low[i], high[i]]).all()
        else:
            assert mean[i] == pytest.approx(values.mean(), rel=1e-5, abs=1e-5)
            assert (low[i], high[i]) == (values.min(), values.max())


def test_every_row_where_there_is_room():
    rows, mean, low, high = FULL.reduced("g_loss", 100, 200, 100)
    assert rows.tolist() == list(range(100, 200))
    for values in (mean, low, high):
        assert np.array_equal(values, DATA[2, 100:200])


def test_one_value_among_nan_counts_once():
    _, mean, low, high = FULL.reduced(COLUMNS[0], 8192, 12288, 1)
    assert (mean.tolist(), low.tolist(), high.tolist()) == ([5], [5], [5])


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=8))
def test_blocks_of_any_size_give_the_same(sizes: list[int]):
    pieces, total = History(), sum(sizes)
    for stop, size in zip(np.cumsum(sizes), sizes, strict=True):
        pieces.append(DATA[:, stop - size : stop])
    whole = History()
    whole.append(DATA[:, :total])
    assert len(pieces) == len(whole) == total
    assert np.array_equal(pieces.array(), DATA[:, :total], equal_nan=True)
    for points in (1, 7, 100):
        for a, b in zip(
            pieces.reduced("g_loss", 0, total, points),
            whole.reduced("g_loss", 0, total, points),
            strict=True,
        ):
            np.testing.assert_array_equal(a, b)


def test_an_empty_history():
    history = History()
    assert len(history) == 0
    assert history.column("g_loss").shape == (0,)
    assert history.array().shape == (len(COLUMNS), 0)
    assert all(len(part) == 0 for part in history.reduced("g_loss", 0, 10, 5))


def test_columns_by_name_and_copies():
    history = History()
    history.append(DATA[:, :10])
    for i, name in enumerate(COLUMNS):
        assert np.array_equal(history.column(name), DATA[i, :10], equal_nan=True)
    early = history.array()
    history.append(DATA[:, 10:5000])
    assert early.shape == (len(COLUMNS), 10)
    assert COLUMNS[: len(METRICS)] == METRICS


def test_csv(tmp_path):
    history = History()
    history.append(DATA[:, :40])
    history.save_csv(tmp_path / "history.csv")
    with (tmp_path / "history.csv").open(newline="", encoding="utf-8") as file:
        header, *lines = csv.reader(file)
    assert header == ["step", *COLUMNS]
    assert [int(line[0]) for line in lines] == list(range(1, 41))
    values = np.array([[float(x) for x in line[1:]] for line in lines])
    np.testing.assert_allclose(values.T, DATA[:, :40], rtol=1e-6)
    assert (tmp_path / "history.csv").read_bytes().count(b"nan") == np.isnan(DATA[:, :40]).sum()


def test_csv_in_no_place(tmp_path):
    with pytest.raises(StudioError) as caught:
        History().save_csv(tmp_path / "none" / "history.csv")
    assert caught.value.code == "cannot-write"


def test_a_cancelled_csv_leaves_the_file_as_it_was(tmp_path):
    path, history, work = tmp_path / "history.csv", History(), Work()
    path.write_text("before")
    history.append(np.zeros((len(COLUMNS), 5), np.float32))
    work.cancel()
    with pytest.raises(Cancelled):
        history.save_csv(path, work)
    assert [file.name for file in tmp_path.iterdir()] == ["history.csv"]
    assert path.read_text() == "before"


def test_steps_that_nothing_is_known_of():
    history = History.unknown(4, epoch=0.8, seconds=20.0)
    assert (len(history), history.began) == (4, 4)
    assert history.column("epoch") == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert history.column("seconds") == pytest.approx([5, 10, 15, 20])
    assert np.isnan(history.array()[: len(METRICS)]).all()
    history.append(np.ones((len(COLUMNS), 2), np.float32))
    assert (len(history), history.began) == (6, 4)
    again = History()
    again.append(history.array())
    assert again.began == 4, "as a checkpoint tells it"


def test_a_metric_that_is_missing_later_was_known_before():
    history = History()
    rows = np.full((len(COLUMNS), 3), np.nan, np.float32)
    rows[0, 0] = 1
    history.append(rows)
    assert history.began == 0
