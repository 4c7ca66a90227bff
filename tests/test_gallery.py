"""What the gallery knows of presets: figures from marks, and the files that hold them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ganstudio import gallery
from ganstudio.config import built_in_presets
from ganstudio.errors import StudioError
from ganstudio.gallery import Mark, figures_of


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have the resources in a folder of this test's own."""
    (tmp_path / "presets").mkdir()

    def resource(name: str) -> Path:
        if not (tmp_path / name).exists():
            raise StudioError("missing-resource", name=name, where=tmp_path)
        return tmp_path / name

    monkeypatch.setattr(gallery, "resource", resource)
    return tmp_path / "gallery"


def mark(seconds: float, **values: float) -> Mark:
    usual = {"digits": 10, "rarest": 8.0, "commonest": 12.0, "frechet": 40.0}
    return Mark(seconds=seconds, **{**usual, "variety": 0.9, **values})


def test_figures_are_those_of_the_last_mark():
    figures = figures_of([mark(5, frechet=90.0), mark(60, frechet=31.26, rarest=7.77)], 5000)
    assert (figures.seconds, figures.digits, figures.runs, figures.n) == (60, 10, 1, 5000)
    assert figures.low == figures.high == figures.frechet
    assert (figures.rarest, figures.commonest, figures.frechet) == (7.8, 12.0, 31.3)


def test_digits_are_readable_from_the_first_good_mark_on():
    marks = [mark(2, digits=7), mark(5, frechet=150.1), mark(10, frechet=150.0, digits=8), mark(20)]
    assert figures_of(marks, 9).readable == 10
    assert figures_of(marks[:2], 9).readable is None


@pytest.mark.parametrize(
    ("values", "collapses"),
    [
        ({}, False),
        ({"digits": 8}, False),
        ({"digits": 7}, True),
        ({"commonest": 39.9}, False),
        ({"commonest": 40.0}, True),
        ({"variety": 0.45}, False),
        ({"variety": 0.44}, True),
    ],
)
def test_samples_that_become_alike_or_lose_digits_are_a_collapse(values, collapses: bool):
    assert figures_of([mark(5), mark(60, **values)], 9).lost == collapses
    assert not figures_of([mark(5, **values), mark(60)], 9).lost
    assert not figures_of([mark(60, **values)], 9).lost, "it never was better"


def test_what_is_written_is_read(folder: Path):
    assert gallery.read() == {}
    assert gallery.sheet("studio") is None
    images = np.arange(40, dtype=np.uint8)[:, None, None, None] + np.zeros((1, 28, 28), np.uint8)
    good, lost = figures_of([mark(60)], 9), figures_of([mark(20), mark(60, digits=3)], 9)
    gallery.write("studio", images, lost)
    gallery.write("wgan", images, lost)
    gallery.note({"studio": good})
    assert gallery.read() == {"studio": good, "wgan": lost}
    sheet = np.asarray(Image.open(gallery.sheet("studio")))
    assert sheet.shape == (6 * 28 + 5 * 2,) * 2
    assert (sheet[::30, ::30] == np.arange(36).reshape(6, 6)).all()


@pytest.mark.parametrize("text", ["", "[]", "3", '{"studio": 3}', '{"studio": {"odd": 1}}', "\0"])
def test_a_damaged_table_is_none(text: str, folder: Path):
    folder.mkdir()
    (folder / "figures.json").write_text(text)
    assert gallery.read() == {}


def test_only_presets_are_in_the_gallery():
    assert set(gallery.read()) <= set(built_in_presets())
    assert all(gallery.sheet(name) for name in gallery.read())
