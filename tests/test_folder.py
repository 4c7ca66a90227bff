"""A folder of images: every kind of file, what cannot be read, and who is held out."""

import numpy as np
import pytest
from PIL import Image

from ganstudio.data.loading import load
from ganstudio.data.sources import folder
from ganstudio.errors import StudioError
from ganstudio.work import Cancelled, Work


def picture(side: int = 28, *, rgb: bool = False, seed: int = 0) -> np.ndarray:
    shape = (side, side, 3) if rgb else (side, side)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def write(root, n: int, side: int = 28, *, rgb: bool = False) -> list[np.ndarray]:
    images = [picture(side, rgb=rgb, seed=i) for i in range(n)]
    for i, image in enumerate(images):
        Image.fromarray(image).save(root / f"{i:03}.png")
    return images


def all_of(root, side: int = 0) -> np.ndarray:
    """Return the images in the order of their names."""
    dataset = load("folder", side, root, Work())
    paths = folder._image_files(root, Work())
    names = [path.relative_to(root).as_posix() for path in paths]
    held_out = folder._held_out([name for name in names if name not in dataset.skipped])
    images = np.empty((len(held_out), *dataset.image_shape), np.uint8)
    images[held_out], images[~held_out] = dataset.test, dataset.train
    return images


def refused(root, code: str) -> str:
    with pytest.raises(StudioError) as caught:
        load("folder", 0, root, Work())
    assert caught.value.code == code
    if root is not None:
        assert str(root) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("side", [28, 32, 64])
def test_images_of_one_usual_size_stay_as_they_are(side: int, tmp_path):
    images = write(tmp_path, 3, side)
    assert np.array_equal(all_of(tmp_path)[:, 0], images)


@pytest.mark.parametrize("sides", [(28, 32), (30, 30), (28, 28, 65)])
def test_mixed_and_unusual_sizes_become_64(sides: tuple[int, ...], tmp_path):
    for i, side in enumerate(sides):
        Image.fromarray(picture(side)).save(tmp_path / f"{i}.png")
    assert all_of(tmp_path).shape == (len(sides), 1, 64, 64)


def test_a_size_that_is_asked_for_is_that_of_all(tmp_path):
    write(tmp_path, 2, 28)
    Image.fromarray(picture(90)[:50]).save(tmp_path / "wide.png")
    assert all_of(tmp_path, 32).shape == (3, 1, 32, 32)


def test_grey_only_if_all_are(tmp_path):
    write(tmp_path, 2)
    Image.fromarray(picture()).convert("RGB").save(tmp_path / "grey-as-rgb.png")
    assert all_of(tmp_path).shape[1] == 1
    red = np.zeros((28, 28, 3), np.uint8)
    red[..., 0] = 200
    Image.fromarray(red).save(tmp_path / "z.png")
    images = all_of(tmp_path)
    assert images.shape[1] == 3
    assert np.array_equal(images[-1], red.transpose(2, 0, 1))
    assert np.array_equal(images[0, 0], images[0, 2])


def test_the_middle_square_is_resized_with_antialiasing(tmp_path):
    wide = np.zeros((56, 112), np.uint8)
    wide[:, 28:84] = np.kron(picture(28), np.ones((2, 2), np.uint8))  # every pixel four times
    wide[:, :28], wide[:, 84:] = 255, 255  # what is cut off
    write(tmp_path, 1)
    Image.fromarray(wide).save(tmp_path / "wide.png")
    seen = all_of(tmp_path, 28)[1, 0].astype(float)
    # at half the size a bilinear filter is [1, 3, 3, 1] / 8 over each pixel's footprint
    middle = np.pad(wide[:, 28:84].astype(float), 1, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(middle, (4, 4))[::2, ::2]
    weights = np.array([1, 3, 3, 1]) / 8
    expected = np.einsum("ijkl,k,l->ij", windows, weights, weights)
    assert np.abs(seen - expected)[1:-1, 1:-1].max() <= 1.01


def test_16_bit_images_keep_all_their_tones(tmp_path):
    ramp = np.linspace(0, 65535, 28 * 28).astype(np.uint16).reshape(28, 28)
    Image.fromarray(ramp).save(tmp_path / "a.png")
    Image.fromarray(ramp).save(tmp_path / "b.tif")
    for image in all_of(tmp_path)[:, 0]:
        assert np.array_equal(image, (ramp >> 8).astype(np.uint8))


@pytest.mark.parametrize("kind", [np.float32, np.int32])
def test_numbers_of_32_bits_have_no_range_and_are_left_out(kind: type, tmp_path):
    for name in ("a.png", "b.png"):
        Image.new("L", (28, 28), 90).save(tmp_path / name)
    Image.fromarray(np.full((28, 28), 1, kind)).save(tmp_path / "c.tif")
    found = load("folder", 0, tmp_path, Work())
    assert list(found.skipped) == ["c.tif"]
    assert (found.train == 90).all()


def test_palettes_transparency_and_one_bit(tmp_path):
    blue = Image.new("P", (28, 28), 1)
    blue.putpalette([0, 0, 0, 10, 20, 250])
    blue.save(tmp_path / "a.png")
    blue.save(tmp_path / "b.png", transparency=1)
    half = Image.new("RGBA", (28, 28), (0, 0, 0, 51))
    half.save(tmp_path / "c.png")
    Image.new("1", (28, 28), 1).save(tmp_path / "d.png")
    Image.new("LA", (28, 28), (7, 255)).save(tmp_path / "e.png")
    Image.new("CMYK", (28, 28), (0, 255, 255, 0)).save(tmp_path / "f.tif")
    colours = [image[:, 3, 5].tolist() for image in all_of(tmp_path)]
    white = [255, 255, 255]
    assert colours == [[10, 20, 250], white, [204] * 3, white, [7] * 3, [255, 0, 0]]


def test_photographs_stand_as_the_camera_was_held(tmp_path):
    upright = np.zeros((64, 64, 3), np.uint8)
    upright[:32] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    lying = np.rot90(upright)
    for name in ("a.jpg", "b.jpeg"):
        Image.fromarray(lying).save(tmp_path / name, exif=exif, quality=100)
    for image in all_of(tmp_path)[:, 0]:
        assert image[:30].min() > 240
        assert image[34:].max() < 15


def test_folders_within_are_read_and_hidden_files_are_not(tmp_path):
    for name in ("b/2.png", "b/1.PNG", "a/deep/0.png", ".cache/x.png", "b/._1.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        side = int(name[-5]) + 1 if name[-5].isdigit() else 9
        Image.new("L", (28, 28), side).save(tmp_path / name, format="PNG")
    (tmp_path / "notes.txt").write_text("none")
    assert all_of(tmp_path)[:, 0, 0, 0].tolist() == [1, 2, 3]


def test_what_cannot_be_read_is_left_out_and_named(tmp_path):
    write(tmp_path, 9)
    whole = (tmp_path / "000.png").read_bytes()
    (tmp_path / "inner").mkdir()
    (tmp_path / "003.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "005.png").write_bytes(b"")
    (tmp_path / "inner" / "text.jpg").write_text("no image")
    dataset = load("folder", 0, tmp_path, Work())
    assert dataset.skipped == ("003.png", "005.png", "inner/text.jpg")
    assert len(dataset.train) + len(dataset.test) == 7
    told = str(dataset.notice)
    assert f"3 of 10 files in {tmp_path} cannot be read" in told
    assert "003.png, 005.png, inner/text.jpg." in told


def test_of_many_that_cannot_be_read_the_first_are_named(tmp_path):
    write(tmp_path, 2)
    for i in range(40):
        (tmp_path / f"bad-{i:02}.png").write_bytes(b"bad")
    notice = load("folder", 0, tmp_path, Work()).notice
    assert "40 of 42 files" in str(notice)
    assert "bad-00.png, bad-01.png, bad-02.png and 37 more" in str(notice)
    assert "bad-39.png" in notice.fields["all"]


def test_one_in_seven_is_held_out_and_always_the_same(tmp_path):
    write(tmp_path, 15)
    first, second = (load("folder", 0, tmp_path, Work()) for _ in range(2))
    assert (len(first.train), len(first.test)) == (13, 2)
    assert np.array_equal(first.test, second.test)
    assert not any((first.test[0] == image).all() for image in first.train)
    assert first.classes == 1
    assert first.root == tmp_path
    assert first.notice is None


def test_two_images_are_the_fewest(tmp_path):
    write(tmp_path, 2)
    dataset = load("folder", 0, tmp_path, Work())
    assert (len(dataset.train), len(dataset.test)) == (1, 1)
    (tmp_path / "001.png").unlink()
    assert "At least two" in refused(tmp_path, "too-few-images")


def test_folders_without_any_image(tmp_path):
    assert "--data-root" in refused(None, "folder-not-chosen")
    refused(tmp_path / "gone", "folder-missing")
    assert ".png" in refused(tmp_path, "no-images")
    (tmp_path / "a.png").write_bytes(b"bad")
    assert "a.png" in refused(tmp_path, "no-good-images")


def test_reading_says_how_far_it_is_and_can_be_cancelled(tmp_path):
    write(tmp_path, 30)
    told = []

    class Watched(Work):
        def at(self, fraction: float | None, note: object = None) -> None:
            told.append((fraction, str(note)))
            if len(told) > 50:
                self.cancel()
            super().at(fraction, note)

    folder.load_resized(tmp_path, 28, Watched())
    fractions = sorted(fraction for fraction, note in told if note == "Reading images: 30")
    assert fractions == [i / 30 for i in range(31)]
    with pytest.raises(Cancelled):
        folder.load_resized(tmp_path, 28, Watched())


def test_who_is_held_out_stays_so_when_others_come_and_go(tmp_path):
    images = write(tmp_path, 60)
    before = load("folder", 0, tmp_path, Work())
    assert 3 <= len(before.test) <= 17
    (tmp_path / "000.png").unlink()
    Image.fromarray(picture(seed=99)).save(tmp_path / "0005.png")
    after = load("folder", 0, tmp_path, Work())

    def held(dataset) -> set[bytes]:
        return {image.tobytes() for image in dataset.test}

    gone_or_new = {images[0].tobytes(), picture(seed=99).tobytes()}
    assert held(before) - gone_or_new == held(after) - gone_or_new


def test_a_folder_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    write(tmp_path, 3)

    def walk(root, onerror):
        onerror(PermissionError(13, "Permission denied", str(tmp_path / "closed")))
        yield from ()

    monkeypatch.setattr(folder.os, "walk", walk)
    assert "closed" in refused(tmp_path, "cannot-read")
