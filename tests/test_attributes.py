"""Attributes of digits: shapes of known size, fits of known slope."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import MIXED

from ganstudio.config import Config
from ganstudio.evaluation import attributes
from ganstudio.evaluation.attributes import SHAPES, fit, likeness, shapes
from ganstudio.training.headless import new_trainer

UNITS = np.array([1, 1, 1, 1, 3**-0.5, 3**-0.5])  # of what can be moved


def bar(width: int, height: int, shear: float = 0.0, side: int = 40) -> np.ndarray:
    """Draw an upright bar, whose rows are moved to the right by `shear` a row upwards."""
    image = np.zeros((1, side, side))
    for row in range(height):
        start = side // 2 - width // 2 + shear * ((height - 1) / 2 - row)
        left, part = int(np.floor(start)), start - np.floor(start)
        line = image[0, (side - height) // 2 + row]
        line[left : left + width] += 1 - part
        line[left + 1 : left + 1 + width] += part
    return np.round(255 * image).astype(np.uint8)


@given(width=st.integers(2, 8), height=st.integers(10, 24))
def test_a_bar_has_its_thickness_width_and_height(width: int, height: int):
    found = {name: values[0] for name, values in shapes(bar(width, height)[None]).items()}
    assert found["thickness"] == pytest.approx(2 * width * height / (2 * (width + height)), rel=0.1)
    assert found["slant"] == pytest.approx(0, abs=1e-9)
    assert found["width"] == pytest.approx(4 * np.sqrt((width**2 - 1) / 12), rel=1e-6)
    assert found["height"] == pytest.approx(4 * np.sqrt((height**2 - 1) / 12), rel=1e-6)


@pytest.mark.parametrize("shear", [-0.5, -0.2, 0.0, 0.3, 0.6])
def test_a_bar_that_leans_to_the_right_has_a_slant_above_0_and_the_same_width(shear: float):
    upright, leaning = shapes(bar(4, 20)[None]), shapes(bar(4, 20, shear)[None])
    assert leaning["slant"][0] == pytest.approx(np.degrees(np.arctan(shear)), abs=0.6)
    assert leaning["width"][0] == pytest.approx(upright["width"][0], rel=0.08)
    assert leaning["height"][0] == pytest.approx(upright["height"][0], rel=1e-3)


def test_thicker_is_thicker_and_what_is_blank_has_no_shape():
    images = np.stack([bar(2, 20), bar(5, 20), np.zeros((1, 40, 40), np.uint8)])
    found = shapes(images)
    assert found["thickness"][1] > 1.5 * found["thickness"][0]
    assert set(found) == set(SHAPES)
    assert all(np.isnan(values[2]) and np.isfinite(values[:2]).all() for values in found.values())


def test_real_digits_are_like_themselves(tmp_path):
    from ganstudio.data.loading import load
    from ganstudio.work import Work

    mnist = load("mnist", 0, None, Work())
    odds = likeness(mnist.test[:200])
    assert odds.shape == (200, 10)
    assert (odds.argmax(1) == mnist.test_labels[:200]).mean() > 0.97


# Fits


def drawn(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return latents, and what can be moved of them in standard deviations."""
    z = MIXED.sample(attributes.SAMPLES, np.random.default_rng(seed))
    return z, z[:, 3:] / UNITS


@given(seed=st.integers(0, 50))
def test_what_is_linear_is_found_with_its_slope(seed: int):
    z, u = drawn()
    slopes = np.random.default_rng(seed).normal(size=6)
    values = 7 + u @ slopes + z[:, :3] @ [50, -20, 3]
    vector, slope, explained = fit(MIXED, z, values)
    assert not vector[:3].any(), "choices are not put down to directions"
    assert slope == pytest.approx(np.linalg.norm(slopes), rel=1e-5)
    assert vector[3:] == pytest.approx(slopes / np.linalg.norm(slopes), abs=1e-5)
    assert explained == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_what_it_explains_is_the_share_of_the_variance(share: float):
    z, u = drawn()
    noise = np.random.default_rng(3).normal(size=len(z))
    values = np.sqrt(share) * u[:, 1] + np.sqrt(1 - share) * noise
    vector, _, explained = fit(MIXED, z, values)
    assert vector[4] > 0.98
    assert explained == pytest.approx(share, abs=0.08)


def test_each_sample_is_explained_by_a_fit_to_all_others():
    z, u = drawn()
    z, u = z[:60], u[:60]
    values = u[:, 0] + 0.3 * u[:, 2] ** 2 + z[:, 1]

    def left(terms: np.ndarray) -> float:
        total = 0.0
        for i in range(len(z)):
            others = np.arange(len(z)) != i
            weights = np.linalg.lstsq(terms[others], values[others], rcond=None)[0]
            total += float(values[i] - terms[i] @ weights) ** 2
        return total

    choices = np.concatenate([np.ones((len(z), 1)), z[:, :3]], axis=1)
    expected = 1 - left(np.concatenate([choices, u], axis=1)) / left(choices)
    assert 0.5 < expected < 0.99
    assert fit(MIXED, z, values)[2] == pytest.approx(expected, abs=1e-9)


def test_noise_explains_nothing_and_what_is_missing_is_left_out():
    z, u = drawn()
    assert fit(MIXED, z, np.random.default_rng(4).normal(size=len(z)))[2] < 0.02
    values = 3 * u[:, 0]
    values[::3] = np.nan
    assert fit(MIXED, z, values)[1:] == pytest.approx((3, 1), rel=1e-5)


@pytest.mark.parametrize(
    "values", [np.full(attributes.SAMPLES, np.nan), np.ones(attributes.SAMPLES)]
)
def test_what_never_differs_has_no_direction(values: np.ndarray):
    vector, slope, explained = fit(MIXED, drawn()[0], values)
    assert not vector.any()
    assert (slope, explained) == (0, 0)


def test_a_model_has_a_direction_for_every_attribute(tiny_root):
    config = Config(model="mlp-gelu", batch_size=16, latent_dim=5, r1=0)
    snapshot = new_trainer(config, "cpu", tiny_root).snapshot()
    found = attributes.find(snapshot)
    assert found.names == (*SHAPES, *(f"like {digit}" for digit in range(10)))
    assert found.directions.vectors.shape == (14, 5)
    assert np.linalg.norm(found.directions.vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert all(0 <= share <= 1 for share in found.explained)
