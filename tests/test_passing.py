"""How well an image passes for a real one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganstudio.data import pictures
from ganstudio.data.loading import load
from ganstudio.evaluation.neighbourhood import FEW
from ganstudio.evaluation.passing import accepts_drawings, convincing
from ganstudio.latent.ranks import rank, ranks
from ganstudio.work import Work

numbers = st.lists(st.integers(-5, 5), min_size=1, max_size=20).map(
    lambda values: np.array(values, np.float32)
)


@given(numbers, numbers)
def test_ranks_are_those_of_each_alone(values, reference) -> None:
    found = ranks(values, reference)
    alone = [np.mean(reference < value) + np.mean(reference == value) / 2 for value in values]
    assert found == pytest.approx(alone)
    assert rank(float(values[0]), reference) == found[0]


def test_the_worse_of_two_ranks_counts_among_those_of_held_out_images() -> None:
    logits = np.array([-2.0, 0.0, 1.0, 3.0, 8.0], np.float32)  # ranks 0.1, 0.3, 0.5, 0.7, 0.9
    typical = np.array([0.9, 0.1, 0.5, 0.9, 0.7, 0.3], np.float32)
    # the worse of either: 0.1, 0.1, 0.5, 0.7, 0.7
    assert convincing(0.97, 0.05, logits, typical) == 0
    assert convincing(0.05, 0.97, logits, typical) == 0
    assert convincing(0.97, 0.3, logits, typical) == pytest.approx(0.4)
    assert convincing(0.6, 0.97, logits, typical) == pytest.approx(0.6)
    assert convincing(0.8, 0.8, logits, typical) == 1


def test_held_out_images_are_evenly_convincing() -> None:
    rng = np.random.default_rng(0)
    logits, distances = (rng.standard_normal(2000).astype(np.float32) for _ in range(2))
    typical = ranks(distances, distances)
    others = [convincing(*rng.random(2), logits, typical) for _ in range(2000)]
    assert np.percentile(others, [5, 50, 95]) == pytest.approx([0.05, 0.5, 0.95], abs=0.03)


def test_a_d_that_finds_no_drawing_real_accepts_none() -> None:
    logits = np.arange(100, dtype=np.float32)
    assert accepts_drawings(np.array([-5, 30, 40], np.float32), logits)
    assert not accepts_drawings(np.array([-5, 0.5, 40], np.float32), logits)
    assert accepts_drawings(np.array([-5, -5, -5], np.float32), logits[: FEW - 1]), "who knows"


def test_a_digit_that_is_drawn_anew_is_the_same_digit() -> None:
    for image in load("mnist", 0, None, Work()).test[:20]:
        anew = pictures.redrawn(image, digit=True)
        assert anew.shape == image.shape
        assert not np.array_equal(anew, image)
        error = np.square((anew.astype(float) - image) / 255).mean()
        assert error < 0.02
        assert np.corrcoef(anew.ravel(), image.ravel())[0, 1] > 0.9


def test_a_picture_that_is_drawn_anew_keeps_its_colours() -> None:
    image = np.zeros((3, 32, 32), np.uint8)
    image[0, 8:24, 8:24] = 200
    anew = pictures.redrawn(image, digit=False)
    assert np.abs(anew.astype(int) - image)[:, 10:22, 10:22].max() <= 2
    blank = np.full((1, 28, 28), 7, np.uint8)
    assert np.array_equal(pictures.redrawn(blank, digit=True), blank)
