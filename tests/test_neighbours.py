"""Is it a copy: the nearest training images, against looking at every one of them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganstudio.data.dataset import Dataset
from ganstudio.data.loading import load
from ganstudio.evaluation.features import digits
from ganstudio.evaluation.neighbourhood import FEW, NEAREST, Neighbourhood
from ganstudio.evaluation.neighbours import HELD_OUT, Neighbours
from ganstudio.work import Work


def dataset(train: np.ndarray, test: np.ndarray, classes: int = 1) -> Dataset:
    return Dataset(
        name="some",
        train=train,
        test=test,
        train_labels=np.arange(len(train), dtype=np.int64) % classes,
        test_labels=np.arange(len(test), dtype=np.int64) % classes,
    )


def looked(data: Dataset, images: int = 7) -> Neighbours:
    known = Neighbours(data)
    before = known.fraction
    while not known.go_on(images):
        assert before <= known.fraction <= 1
        before = known.fraction
    return known


def near(known: Neighbours, image: np.ndarray) -> Neighbourhood:
    return next(found for found in known.of(image) if found is not None)


def distances(images: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Return the root mean square differences of pixels in [0, 1], one by one."""
    return np.array([np.sqrt(np.mean((one / 255 - image / 255) ** 2)) for one in images])


@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 40),
    st.sampled_from([0, 9, 39, 40, 60]),
    st.integers(1, 3),
)
def test_pixels_are_compared_with_every_training_image(seed, train, test, channels) -> None:
    rng = np.random.default_rng(seed)
    shape = (channels, 5, 4)
    data = dataset(*(rng.integers(0, 256, (n, *shape), dtype=np.uint8) for n in (train, test)))
    image = rng.integers(0, 256, shape, dtype=np.uint8)
    found = near(looked(data), image).pixels
    apart = distances(data.train, image)
    order = apart.argsort(kind="stable")[:NEAREST]
    assert distances(found.images, image) == pytest.approx(apart[order])
    assert found.distance == pytest.approx(apart.min())
    assert found.among == test
    if test < FEW:
        assert found.share is None
    else:
        others = np.array([distances(data.train, other).min() for other in data.test])
        assert found.share == pytest.approx(np.mean(others < apart.min()), abs=0.5 / test)


@pytest.fixture(scope="module")
def some_digits() -> Dataset:
    whole = load("mnist", 0, None, Work())
    return replace(
        whole,
        train=whole.train[:400],
        train_labels=whole.train_labels[:400],
        test=whole.test[:150],
        test_labels=whole.test_labels[:150],
    )


@pytest.fixture(scope="module")
def known(some_digits) -> Neighbours:
    return looked(some_digits, 60)


def test_features_are_compared_with_those_of_every_training_image(some_digits, known) -> None:
    image = load("mnist", 0, None, Work()).test[200]  # which is in neither
    found = near(known, image).features
    features, _ = digits().of(some_digits.train)
    point, _ = digits().of(image[None])
    apart = np.square(features - point).mean(axis=1) ** 0.5
    order = apart.argsort()[:NEAREST]
    assert np.array_equal(found.images, some_digits.train[order])
    assert found.distance == pytest.approx(apart.min(), rel=1e-4)
    held_out, _ = digits().of(some_digits.test)
    others = [np.square(features - other).mean(axis=1).min() ** 0.5 for other in held_out]
    assert found.share == pytest.approx(np.mean(np.array(others) < apart.min()), abs=0.005)


def test_a_copy_is_found_and_what_was_held_out_is_none(some_digits, known) -> None:
    for place in (0, 123, 399):
        found = near(known, some_digits.train[place])
        for measure in (found.pixels, found.features):
            assert np.array_equal(measure.images[0], some_digits.train[place])
            assert measure.share == 0
            assert measure.distance == pytest.approx(0, abs=1e-6)
    shares = [near(known, image).pixels.share for image in some_digits.test[:40]]
    assert 0.3 < np.mean(shares) < 0.7


def test_nothing_is_said_of_what_has_not_been_looked_at(some_digits) -> None:
    known = Neighbours(some_digits)
    assert near(known, some_digits.test[0]) == Neighbourhood(pixels=None, features=None, unfit=None)
    while near(known, some_digits.test[0]).pixels is None:
        known.go_on(4)
    assert near(known, some_digits.test[0]).features is None


@pytest.mark.parametrize(
    ("channels", "classes", "code"),
    [(3, 10, "unfit-colour"), (1, 1, "unfit-unlabelled"), (1, 10, "unfit-network")],
)
def test_features_of_other_data_are_left_out_with_the_reason(channels, classes, code) -> None:
    images = np.random.default_rng(0).integers(0, 256, (80, channels, 28, 28), dtype=np.uint8)
    found = near(looked(dataset(images[:30], images[30:], classes)), images[0])
    assert found.features is None
    assert found.unfit.code == code
    assert found.pixels.share == 0


def test_no_more_held_out_images_than_needed_are_compared() -> None:
    images = np.zeros((HELD_OUT * 4, 1, 2, 2), np.uint8)
    images[: HELD_OUT * 2] = 255
    data = dataset(images[:1], images)
    known = looked(data)
    among = data.held_out(HELD_OUT)
    assert len(set(among)) == HELD_OUT
    white = (images[among] == 255).all(axis=(1, 2, 3))
    grey = near(known, np.full((1, 2, 2), 128, np.uint8)).pixels
    assert grey.share == pytest.approx(white.mean())


def test_how_near_held_out_images_are_is_ranked(some_digits, known) -> None:
    among = some_digits.test[some_digits.held_out(HELD_OUT)]
    nearest = np.array([distances(some_digits.train, image).min() for image in among])
    farther = [np.mean(nearest > one) + 0.5 * np.mean(nearest == one) for one in nearest]
    assert known.typical == pytest.approx(np.array(farther), abs=1.5 / len(among))
    assert Neighbours(some_digits).typical is None


def test_a_large_set_is_searched_in_pieces() -> None:
    images = np.zeros((3000, 1, 40, 40), np.uint8)
    images[2999] = 9
    pieces = list(looked(dataset(images, images[:2]), 100).of(images[2999]))
    assert len(pieces) > 2
    assert pieces[:-1] == [None] * (len(pieces) - 1)
    assert pieces[-1].pixels.images[0].min() == 9
