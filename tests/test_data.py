import gzip
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import idx_bytes

from ganstudio import parts
from ganstudio.data.dataset import find, read_idx
from ganstudio.data.loading import load, read_ahead
from ganstudio.data.sources import mnist
from ganstudio.errors import StudioError
from ganstudio.work import Cancelled, Work

IMAGES = np.random.default_rng(1).integers(0, 256, (5, 3, 4), dtype=np.uint8)


def refused(path, dims: int = 3) -> StudioError:
    with pytest.raises(StudioError) as caught:
        read_idx(path, dims)
    assert str(path) in str(caught.value)
    return caught.value


@pytest.mark.parametrize("name", ["a", "a.gz"])
def test_idx_files_plain_and_gzipped(name: str, tmp_path):
    raw = idx_bytes(IMAGES)
    (tmp_path / name).write_bytes(gzip.compress(raw) if name.endswith("gz") else raw)
    assert np.array_equal(read_idx(tmp_path / name, 3), IMAGES)


def test_truncated_idx_files_are_refused_at_every_length(tmp_path):
    raw = idx_bytes(IMAGES)
    for length in range(len(raw)):
        (tmp_path / "a").write_bytes(raw[:length])
        assert refused(tmp_path / "a").code == "bad-data"


def test_surplus_bytes_are_refused(tmp_path):
    (tmp_path / "a").write_bytes(idx_bytes(IMAGES) + b"\0")
    assert "it holds 61 values instead of 60" in str(refused(tmp_path / "a"))


@pytest.mark.parametrize("magic", [0, 0x0801, 0x0903, 0x0803 << 8, 0x01000803, 2**32 - 1])
def test_wrong_magic_is_refused(magic: int, tmp_path):
    (tmp_path / "a").write_bytes(struct.pack(">I", magic) + idx_bytes(IMAGES)[4:])
    error = refused(tmp_path / "a")
    assert error.code == "bad-data"
    assert f"{magic:#010x} instead of 0x00000803" in str(error)


@pytest.mark.parametrize("shape", [(2**31, 2**31, 4), (2**32 - 1,) * 3, (0, 5, 5)])
def test_sizes_that_do_not_fit_are_refused(shape: tuple[int, ...], tmp_path):
    content = b"" if 0 not in shape else b"\0"
    (tmp_path / "a").write_bytes(struct.pack(">4I", 0x0803, *shape) + content)
    assert refused(tmp_path / "a").code == "bad-data"


def test_truncated_gzip_files_are_refused_at_every_length(tmp_path):
    raw = gzip.compress(idx_bytes(IMAGES))
    for length in range(len(raw)):
        (tmp_path / "a.gz").write_bytes(raw[:length])
        assert refused(tmp_path / "a.gz").code == "bad-data"


def test_damaged_gzip_files_never_give_other_values(tmp_path):
    raw = gzip.compress(idx_bytes(IMAGES), mtime=0)
    refusals = 0
    for position in range(len(raw)):
        damaged = bytearray(raw)
        damaged[position] ^= 1 << position % 8
        (tmp_path / "a.gz").write_bytes(damaged)
        try:
            assert np.array_equal(read_idx(tmp_path / "a.gz", 3), IMAGES)
        except StudioError as error:
            refusals += error.code == "bad-data"
    assert refusals > len(raw) - 10  # the header's time, flags and system hold no values


@given(st.binary(max_size=64))
def test_random_bytes_are_refused_or_read(tmp_path_factory, raw: bytes):
    path = tmp_path_factory.getbasetemp() / "random"
    path.write_bytes(raw)
    assert refused(path, 1).code == "bad-data"


def test_a_folder_in_place_of_a_file(tmp_path):
    assert refused(tmp_path).code == "cannot-read"


def test_plain_files_come_before_gzipped_ones(tmp_path):
    (tmp_path / "a.gz").touch()
    assert find(tmp_path, "a", "mnist", ("a",)).name == "a.gz"
    (tmp_path / "a").touch()
    assert find(tmp_path, "a", "mnist", ("a",)).name == "a"


def test_missing_files_say_what_is_needed(tmp_path):
    with pytest.raises(StudioError) as caught:
        mnist.load(tmp_path, Work())
    assert caught.value.code == "missing-data"
    assert str(tmp_path / mnist.FILES[0]) in str(caught.value)
    assert all(name in str(caught.value) for name in mnist.FILES)


def test_labels_of_other_images_are_refused(tiny_root, tmp_path):
    for file in tiny_root.iterdir():
        name = file.name
        if name.startswith(mnist.FILES[3]):
            name = file.name.replace(mnist.FILES[3], mnist.FILES[1])
        elif name.startswith(mnist.FILES[1]):
            name = file.name.replace(mnist.FILES[1], mnist.FILES[3])
        (tmp_path / name).write_bytes(file.read_bytes())
    with pytest.raises(StudioError) as caught:
        mnist.load(tmp_path, Work())
    assert caught.value.code == "bad-data"
    assert caught.value.fields["path"].name.startswith(mnist.FILES[1])


def test_loading_says_how_far_it_is_and_can_be_cancelled(tiny_root):
    heard = []

    class Watched(Work):
        def at(self, fraction: float | None) -> None:
            heard.append(fraction)
            super().at(fraction)

    mnist.load(tiny_root, Watched())
    assert heard == [0, 0.25, 0.5, 0.75]
    work = Work()
    work.cancel()
    with pytest.raises(Cancelled):
        mnist.load(tiny_root, work)


def test_a_folder_of_ones_own(tiny, tiny_root):
    loaded = mnist.load(tiny_root, Work())
    for name in ("train", "test", "train_labels", "test_labels"):
        assert np.array_equal(getattr(loaded, name), getattr(tiny, name))
        assert getattr(loaded, name).dtype == getattr(tiny, name).dtype
    assert loaded.image_shape == (1, 28, 28)


def test_bundled_mnist():
    loaded = mnist.load(None, Work())
    assert (loaded.train.shape, loaded.test.shape) == ((60000, 1, 28, 28), (10000, 1, 28, 28))
    assert loaded.train_labels[:8].tolist() == [5, 0, 4, 1, 9, 2, 1, 3]  # as everyone knows it
    assert loaded.test_labels[:8].tolist() == [7, 2, 1, 0, 4, 1, 4, 9]
    assert np.bincount(loaded.train_labels).tolist() == [
        5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949,
    ]  # fmt: skip
    assert loaded.train[0].sum() == 27525


def test_what_was_read_ahead_is_taken_once(tiny_root, monkeypatch):
    reads = []

    def read(root, work):
        reads.append(root)
        return mnist_load(root or tiny_root, work)

    mnist_load = mnist.load
    monkeypatch.setattr(mnist, "load", read)
    read_ahead("mnist")
    assert len(load("mnist", 0, None, Work()).train) == len(load("mnist", 0, None, Work()).train)
    assert reads == [None, None]  # one ahead, one by the second load


def test_a_failure_to_read_ahead_is_told_by_load(monkeypatch):
    def refuse(_root, _work):
        raise StudioError("missing-data", path="x", dataset="mnist", files="")

    monkeypatch.setattr(mnist, "load", refuse)
    read_ahead("mnist")
    with pytest.raises(StudioError, match="does not exist"):
        load("mnist", 0, None, Work())


def test_images_are_resized_with_antialiasing(tiny_root):
    whole = load("mnist", 0, tiny_root, Work())
    small = load("mnist", 14, tiny_root, Work())
    assert small.train.shape == (256, 1, 14, 14)
    assert small.test.shape == (64, 1, 14, 14)
    # a bilinear filter over the whole footprint of a pixel, [1, 3, 3, 1] / 8 at half the size
    row = whole.train[5, 0].astype(float)
    padded = np.pad(row, 1)
    weights = np.array([1, 3, 3, 1]) / 8
    windows = np.lib.stride_tricks.sliding_window_view(padded, (4, 4))[::2, ::2]
    expected = np.einsum("ijkl,k,l->ij", windows, weights, weights)
    inner = (slice(1, -1), slice(1, -1))
    assert np.abs(small.train[5, 0][inner] - expected[inner]).max() <= 1.01
    large = load("mnist", 32, tiny_root, Work())
    assert large.train.shape[2:] == (32, 32)
    assert np.array_equal(small.train_labels, whole.train_labels)


def test_resizing_can_be_cancelled(tiny_root, monkeypatch):
    work = Work()
    original = parts.load(parts.DATASET, "mnist").load

    def load_then_cancel(root, given):
        dataset = original(root, given)
        given.cancel()
        return dataset

    monkeypatch.setattr("ganstudio.data.sources.mnist.load", load_then_cancel)
    with pytest.raises(Cancelled):
        load("mnist", 16, tiny_root, work)
