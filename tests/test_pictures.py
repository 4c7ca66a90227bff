"""Pictures from anywhere, as a model wants its images."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ganstudio.data import pictures
from ganstudio.data.loading import load
from ganstudio.data.pictures import as_digit, white_on_black
from ganstudio.errors import StudioError
from ganstudio.work import Work

GREY, RGB = (1, 28, 28), (3, 32, 32)


def drawn(width: int = 90, height: int = 130, at=(20, 30), thick: int = 12) -> np.ndarray:
    """Draw an upright stroke and a foot, white on black."""
    page = np.zeros((height, width), np.uint8)
    x, y = at
    page[y : y + 60, x : x + thick] = 255
    page[y + 60 - thick : y + 60, x : x + 40] = 255
    return page


def saved(tmp_path, image: Image.Image, name: str = "p.png"):
    image.save(tmp_path / name)
    return tmp_path / name


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """Return the mean difference of two images, a pixel to any side forgiven."""
    shifts = ((dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1))
    return min(float(np.abs(np.roll(one, s, (0, 1)).astype(float) - other).mean()) for s in shifts)


def test_mnists_own_digits_hardly_change():
    digits = load("mnist", 0, None, Work()).test[:100, 0]
    again = [as_digit(digit) for digit in digits]
    same = [np.array_equal(one, digit) for one, digit in zip(again, digits, strict=True)]
    assert np.mean(same) > 0.7, "others have a faint edge, which may be noise in a photograph"
    assert max(difference(one, digit) for one, digit in zip(again, digits, strict=True)) < 6


@given(
    at=st.tuples(st.integers(0, 40), st.integers(0, 60)),
    zoom=st.integers(1, 4),
)
def test_where_and_how_large_it_is_drawn_makes_no_difference(at, zoom):
    page = np.kron(drawn(at=at), np.ones((zoom, zoom), np.uint8))
    assert difference(as_digit(page), as_digit(drawn())) < 1


@given(seed=st.integers(0, 200))
def test_it_fits_and_its_mass_is_in_the_middle(seed):
    rng = np.random.default_rng(seed)
    page = np.zeros((60, 80), np.uint8)
    for _ in range(4):
        y, x = rng.integers(0, 50), rng.integers(0, 70)
        page[y : y + rng.integers(2, 9), x : x + rng.integers(2, 9)] = rng.integers(100, 256)
    image = as_digit(page).astype(float)
    rows, columns = np.flatnonzero(image.any(1)), np.flatnonzero(image.any(0))
    assert max(np.ptp(rows), np.ptp(columns)) == 19, "20 of 28 pixels"
    edges = rows[0] == 0 or rows[-1] == 27 or columns[0] == 0 or columns[-1] == 27
    for axis in (0, 1):
        mass = image.sum(axis)
        centre = (np.arange(28) * mass).sum() / mass.sum()
        assert edges or abs(centre - 14) <= 0.51


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "1", "I;16", "LA"])
@pytest.mark.parametrize("inverted", [False, True])
def test_of_any_colours_and_either_way_round(tmp_path, mode, inverted):
    page = 255 - drawn() if inverted else drawn()
    if mode == "I;16":
        image = Image.fromarray(page.astype(np.uint16) * 257)
    else:
        image = Image.fromarray(page).convert(mode)
    read = pictures.read(saved(tmp_path, image), GREY, digit=True)
    assert read.shape == GREY
    np.testing.assert_allclose(read[0], as_digit(drawn()), atol=2)


def test_one_of_the_models_size_stays_as_it_is(tmp_path):
    digit = load("mnist", 0, None, Work()).test[3, 0]
    path = saved(tmp_path, Image.fromarray(digit))
    np.testing.assert_array_equal(pictures.read(path, GREY, digit=True)[0], digit)
    path = saved(tmp_path, Image.fromarray(255 - digit))
    np.testing.assert_array_equal(pictures.read(path, GREY, digit=True)[0], digit)


def test_colours_stay_where_there_are_colours(tmp_path):
    page = np.zeros((64, 96, 3), np.uint8)
    page[:, :48], page[:, 48:] = (200, 10, 30), (0, 90, 255)
    path = saved(tmp_path, Image.fromarray(page))
    read = pictures.read(path, RGB, digit=False)
    assert read[:, 5, 3].tolist() == [200, 10, 30]
    assert read[:, 5, 29].tolist() == [0, 90, 255]
    assert pictures.read(path, (1, 28, 28), digit=False).shape == GREY


def test_what_is_no_picture_is_told_by_name(tmp_path):
    text = tmp_path / "text.png"
    text.write_text("no picture")
    cut = saved(tmp_path, Image.fromarray(drawn()), "cut.png")
    cut.write_bytes(cut.read_bytes()[:60])
    blank = saved(tmp_path, Image.new("L", (50, 40), 255), "blank.png")
    huge = saved(tmp_path, Image.new("1", (17_000, 2)), "huge.png")
    deep = saved(tmp_path, Image.fromarray(drawn().astype(np.float32)), "deep.tiff")
    codes = {
        tmp_path / "none.png": "cannot-read",
        tmp_path: "cannot-read",
        text: "not-a-picture",
        cut: "not-a-picture",
        huge: "not-a-picture",
        deep: "not-a-picture",
        blank: "blank-picture",
    }
    for path, code in codes.items():
        with pytest.raises(StudioError) as error:
            pictures.read(path, GREY, digit=True)
        assert error.value.code == code, path
        assert str(path) in str(error.value)


def test_light_edges_are_turned():
    assert white_on_black(255 - drawn()).tolist() == drawn().tolist()
    assert white_on_black(drawn()).tolist() == drawn().tolist()


def photograph(seed: int = 0) -> Image.Image:
    """A dark stroke and foot on grainy beige paper, brighter towards one side."""
    rng = np.random.default_rng(seed)
    page = drawn(at=(30, 40), thick=9)
    paper = np.array([222.0, 208.0, 180.0]) + rng.normal(0, 5, (*page.shape, 1))
    paper += np.linspace(-8, 8, page.shape[1])[None, :, None]
    ink = np.array([60.0, 60.0, 80.0])
    shades = np.where(page[:, :, None] > 0, ink, paper)
    return Image.fromarray(shades.clip(0, 255).astype(np.uint8))


def test_the_paper_of_a_photograph_is_background(tmp_path):
    path = saved(tmp_path, photograph())
    image = pictures.read(path, GREY, digit=True)[0]
    expected = as_digit(drawn(at=(30, 40), thick=9))
    assert image.max() > 225, "and its ink is white"
    assert image[0].max() == 0
    assert difference(image, expected) < 8


def test_a_stroke_that_reaches_the_edge_stays(tmp_path):
    page = np.full((280, 280), 210, np.uint8)
    page[60:, 130:150] = 60  # down to the lower edge
    page[60:80, 60:150] = 90
    page[100:110, 60:70] = 10  # one that is darker
    image = pictures.read(saved(tmp_path, Image.fromarray(page)), GREY, digit=True)[0]
    rows, columns = np.flatnonzero(image.max(1) > 100), np.flatnonzero(image.max(0) > 100)
    assert np.ptp(rows) >= 18, "all of the stem"
    assert np.ptp(columns) >= 6, "and of the bar"


def test_ink_on_nothing_is_seen_whatever_its_colour(tmp_path):
    ink = drawn()
    for shade in (0, 255):
        layers = [np.full_like(ink, shade)] * 3
        path = saved(tmp_path, Image.fromarray(np.dstack([*layers, ink])), f"{shade}.png")
        image = pictures.read(path, GREY, digit=True)[0]
        assert difference(image, as_digit(ink)) < 1


def test_what_is_no_picture_is_told_without_pillows_words(tmp_path):
    path = tmp_path / "text.png"
    path.write_text("none")
    with pytest.raises(StudioError, match="none of BMP, GIF") as caught:
        pictures.read(path, GREY, digit=True)
    assert str(caught.value).count("text.png") == 1


def test_very_many_pixels_are_refused_and_many_make_no_noise(tmp_path, monkeypatch, recwarn):
    path = saved(tmp_path, Image.fromarray(drawn()))
    pixels = 90 * 130
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", pixels // 2 - 10)
    with pytest.raises(StudioError, match="more pixels than") as caught:
        pictures.read(path, GREY, digit=True)
    assert "attack" not in str(caught.value)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", pixels - 10)
    assert pictures.read(path, GREY, digit=True).max() > 200
    assert not recwarn.list


@pytest.mark.parametrize(
    ("ink", "paper"), [((30, 160, 60), (200, 30, 30)), ((255, 0, 0), (0, 0, 255))]
)
def test_ink_as_bright_as_the_paper_is_told_by_its_colour(ink, paper, tmp_path):
    shades = [np.dot(colour, (0.299, 0.587, 0.114)) for colour in (ink, paper)]
    drawn = np.zeros((60, 60), bool)
    drawn[10:50, 26:34] = True
    picture = np.where(drawn[..., None], np.array(ink), np.array(paper)).astype(np.uint8)
    found = pictures.read(saved(tmp_path, Image.fromarray(picture)), (1, 28, 28), digit=True)
    plain = Image.fromarray((drawn * 255).astype(np.uint8))
    expected = pictures.read(saved(tmp_path, plain, "plain.png"), (1, 28, 28), digit=True)
    assert abs(shades[0] - shades[1]) < 60
    assert np.abs(found.astype(int) - expected).max() <= 2


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "1"])
def test_a_huge_picture_is_that_of_a_small_one(mode, tmp_path):
    drawn = np.full((150, 150), 255, np.uint8)
    drawn[30:120, 60:90] = 0
    small = Image.fromarray(drawn).convert(mode)
    huge = small.resize((6000, 6000), Image.Resampling.NEAREST)
    found, expected = (
        pictures.read(saved(tmp_path, picture, f"{i}.png"), (1, 28, 28), digit=True).astype(int)
        for i, picture in enumerate((huge, small))
    )
    assert np.abs(found - expected).max() <= 3
