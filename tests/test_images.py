import errno
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ganstudio.errors import StudioError
from ganstudio.images import columns_for, grid, save_npy, save_png


@given(
    n=st.integers(1, 40),
    channels=st.sampled_from([1, 3]),
    height=st.integers(1, 5),
    width=st.integers(1, 5),
    columns=st.none() | st.integers(1, 9),
    gap=st.integers(0, 3),
)
def test_every_image_has_its_place(n, channels, height, width, columns, gap):
    rng = np.random.default_rng(n)
    images = rng.integers(1, 256, (n, channels, height, width), dtype=np.uint8)
    sheet = grid(images, columns, gap)
    columns = columns or columns_for(n)
    rows = -(-n // columns)
    shape = (rows * (height + gap) - gap, columns * (width + gap) - gap, channels)
    assert (sheet.shape, sheet.dtype) == (shape, np.uint8)
    for i, image in enumerate(images):
        y, x = i // columns * (height + gap), i % columns * (width + gap)
        assert np.array_equal(sheet[y : y + height, x : x + width].transpose(2, 0, 1), image)
    assert np.count_nonzero(sheet) == images.size  # all between them is black


@given(st.integers(1, 10_000))
def test_grids_are_as_square_as_can_be(n: int):
    columns = columns_for(n)
    assert (columns - 1) ** 2 < n <= columns**2


@pytest.mark.parametrize("channels", [1, 3])
def test_png_keeps_every_pixel(channels: int, tmp_path):
    sheet = np.random.default_rng(0).integers(0, 256, (4, 6, channels), dtype=np.uint8)
    save_png(sheet, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.mode == {1: "L", 3: "RGB"}[channels]
        assert np.array_equal(np.asarray(picture).reshape(sheet.shape), sheet)


def test_a_place_that_does_not_exist(tmp_path):
    with pytest.raises(StudioError) as caught:
        save_png(np.zeros((1, 1, 1), np.uint8), tmp_path / "none" / "a.png")
    assert caught.value.code == "cannot-write"


def test_a_disk_that_takes_only_a_part_is_full(tmp_path, monkeypatch):
    """By a limit on the size of files: numpy tells only how much it could write."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(StudioError, match=f"written: {os.strerror(errno.EFBIG)}"):
            save_npy(np.zeros((500, 1, 28, 28), np.uint8), tmp_path / "a.npy")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.iterdir())


def test_images_as_numbers(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (3, 1, 4, 5), dtype=np.uint8)
    save_npy(images, tmp_path / "a.npy")
    assert np.array_equal(np.load(tmp_path / "a.npy"), images)
