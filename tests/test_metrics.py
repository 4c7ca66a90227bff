"""The figures against closed forms, and against other people's implementations."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from oracle import importable

from ganstudio.evaluation import metrics
from ganstudio.evaluation.metrics import Moments


def drawn(seed: int, n: int, d: int, shift: float = 0.0, scale: float = 1.0) -> np.ndarray:
    """Return correlated, skewed features, as a ReLU network's are."""
    rng = np.random.default_rng(seed)
    mixed = rng.normal(size=(n, d)) @ np.random.default_rng(99).normal(size=(d, d)) / math.sqrt(d)
    return np.maximum(0.0, scale * mixed + shift)


@pytest.fixture(params=[(500, 500, 8), (420, 900, 16), (1300, 1100, 6)])
def pair(request):
    n, m, d = request.param
    return drawn(1, n, d), drawn(2, m, d, shift=0.1, scale=0.9)


def kid(real: np.ndarray, fake: np.ndarray) -> metrics.Figure:
    return metrics.kid(real, fake, metrics.kernel_mean(real))


# Closed forms


@given(
    means=st.tuples(st.floats(-3, 3), st.floats(-3, 3)),
    deviations=st.tuples(st.floats(0.1, 3), st.floats(0.1, 3)),
)
def test_frechet_distance_of_two_normals(means, deviations):
    # in one dimension: (m1 - m2)² + (s1 - s2)²; independent dimensions add up
    a, b = (
        Moments(np.full(3, mean), np.eye(3) * deviation**2)
        for mean, deviation in zip(means, deviations, strict=True)
    )
    expected = 3 * ((means[0] - means[1]) ** 2 + (deviations[0] - deviations[1]) ** 2)
    assert metrics.frechet_distance(a, b) == pytest.approx(expected, rel=1e-6, abs=1e-9)
    assert metrics.frechet_distance(b, a) == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_frechet_distance_of_collapsed_samples_is_finite():
    real, one = drawn(0, 200, 5), np.ones((100, 5))
    figure = metrics.frechet(Moments.of(real), one)
    expected = np.square(real.mean(0) - 1).sum() + np.cov(real, rowvar=False).trace()
    assert figure.value == pytest.approx(expected)
    assert figure.low == pytest.approx(figure.high)


def test_kid_of_two_points():
    # every pair within a side has the same kernel value, so the estimate is a closed form
    x, y = np.zeros((40, 2)), np.full((60, 2), 2.0)
    k_xx, k_yy, k_xy = 1.0, (8 / 2 + 1) ** 3, 1.0
    assert kid(x, y).value == pytest.approx(k_xx + k_yy - 2 * k_xy)


def test_kid_is_unbiased_between_equals():
    estimates = [kid(drawn(2 * i, 60, 4), drawn(2 * i + 1, 60, 4)) for i in range(200)]
    values = np.array([estimate.value for estimate in estimates])
    assert abs(values.mean()) < 3 * values.std() / math.sqrt(len(values))
    assert (values < 0).any()


def test_precision_and_recall_tell_quality_from_variety():
    rng = np.random.default_rng(5)
    real = rng.normal(size=(400, 3))
    narrow = real[:40].repeat(10, axis=0) + rng.normal(size=(400, 3)) / 1000
    wide = rng.normal(size=(400, 3)) * 20
    precision, recall = metrics.precision_recall(real, narrow)
    assert precision.value > 0.95
    assert recall.value < 0.2
    precision, recall = metrics.precision_recall(real, wide)
    assert precision.value < 0.2
    assert recall.value > 0.95


def test_density_and_coverage_of_the_data_itself():
    real = drawn(3, 300, 5) + np.random.default_rng(1).normal(size=(300, 5)) / 100
    density, coverage = metrics.density_coverage(real, real)
    assert coverage.value == 1.0
    # every point lies in its own neighbourhood and in those of four others on average; whether
    # in the fifth's, whose distance is the radius, is up to rounding
    assert 1.0 <= density.value <= 1.2


@given(n=st.integers(1, 300), data=st.data())
def test_shares_lie_within_their_intervals(n: int, data):
    count = data.draw(st.integers(0, n))
    figure = metrics.share(count, n)
    assert 0 <= figure.low <= figure.value + 1e-12
    assert figure.value - 1e-12 <= figure.high <= 1
    assert figure.high > figure.low


def test_wilsons_interval():
    # Wilson 1927; 10 of 100 at 95 %: (0.0552, 0.1744)
    figure = metrics.share(10, 100)
    assert (figure.low, figure.high) == pytest.approx((0.05522914, 0.17436566), abs=1e-6)


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    real = Moments(np.zeros(2), np.eye(2))
    truth = 1.0  # a shift by 1 in one dimension, and the bias of 400 samples is below 0.02
    hits = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        figure = metrics.frechet(real, rng.normal(loc=(1.0, 0.0), size=(400, 2)))
        hits += figure.low <= truth <= figure.high
    assert 0.88 <= hits / 200 <= 0.99


# Other people's implementations


def test_frechet_agrees_with_torch_fidelity(pair):
    other = importable("torch_fidelity.metric_fid")
    real, fake = pair
    stats = [{"mu": part.mean(0), "sigma": np.cov(part, rowvar=False)} for part in pair]
    theirs = other.fid_statistics_to_metric(*stats, verbose=False)
    ours = metrics.frechet(Moments.of(real), fake).value
    assert ours == pytest.approx(theirs["frechet_inception_distance"], rel=1e-4)


def test_kid_agrees_with_torch_fidelity(pair):
    other = importable("torch_fidelity.metric_kid")
    n = min(map(len, pair))
    real, fake = (part[:n] for part in pair)
    theirs = other.kid_features_to_metric(
        torch.from_numpy(real),
        torch.from_numpy(fake),
        kid_subsets=1,
        kid_subset_size=n,
        verbose=False,
    )
    ours = kid(real, fake).value
    assert ours == pytest.approx(theirs["kernel_inception_distance_mean"], abs=1e-4)


def test_precision_and_recall_agree_with_torch_fidelity(pair):
    other = importable("torch_fidelity.metric_prc")
    real, fake = pair
    theirs = other.prc_features_to_metric(
        torch.from_numpy(fake),
        torch.from_numpy(real),
        prc_neighborhood=metrics.NEIGHBOURS_PR,
        verbose=False,
    )
    precision, recall = metrics.precision_recall(real, fake)
    assert precision.value == pytest.approx(theirs["precision"], rel=1e-4)
    assert recall.value == pytest.approx(theirs["recall"], rel=1e-4)


def test_density_and_coverage_agree_with_prdc(pair):
    other = importable("prdc")
    real, fake = pair
    theirs = other.compute_prdc(real, fake, nearest_k=metrics.NEIGHBOURS_DC)
    density, coverage = metrics.density_coverage(real, fake)
    assert density.value == pytest.approx(theirs["density"], rel=1e-4)
    assert coverage.value == pytest.approx(theirs["coverage"], rel=1e-4)
