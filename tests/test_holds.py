"""What stays of z while the rest moves: against least squares, for any locks and directions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import MIXED

from ganstudio.latent.holds import Holds

SCALE = np.array([0, 0, 0, 1, 1, 1, 1, 3**-0.5, 3**-0.5], np.float32)
LOCKS = st.sets(st.integers(3, 8), max_size=3)


def holding(seed: int, locks: set[int], directions: int, *, twice: bool = False) -> Holds:
    vectors = np.random.default_rng(seed).normal(size=(directions, 9)).astype(np.float32)
    vectors[:, :3] = 0
    if twice:  # a direction that follows from the others
        vectors = np.concatenate([vectors, vectors.sum(0, keepdims=True)])
    return Holds(latent=MIXED, locked=np.isin(np.arange(9), list(locks)), vectors=vectors)


def drawn(seed: int) -> np.ndarray:
    return MIXED.sample(2, np.random.default_rng(seed))


def read(z: np.ndarray, vector: np.ndarray) -> float:
    return float(vector[3:] @ (z[3:] / SCALE[3:]))


@given(seed=st.integers(0, 99), locks=LOCKS, directions=st.integers(0, 2), twice=st.booleans())
def test_what_is_held_stays_and_the_rest_comes_as_near_as_can_be(seed, locks, directions, twice):
    holds = holding(seed, locks, directions, twice=twice)
    z, target = drawn(seed)
    moved = holds.towards(z, target)
    assert np.array_equal(moved[holds.locked], z[holds.locked])
    assert np.array_equal(moved[:3], target[:3]), "choices are held by locks alone"
    for vector in holds.vectors:
        assert read(moved, vector) == pytest.approx(read(z, vector), abs=1e-4)
    way = np.divide(target - z, SCALE, out=np.zeros(9), where=SCALE > 0)
    free = ~holds.locked
    constraints = holds.vectors[:, free].astype(np.float64)
    pull = np.linalg.lstsq(constraints.T, way[free], rcond=1e-6)[0] if len(constraints) else []
    nearest = way[free] - constraints.T @ pull if len(constraints) else way[free]
    expected = z.copy()
    expected[free] += (nearest * SCALE[free]).astype(np.float32)
    np.testing.assert_allclose(moved[3:], expected[3:], atol=1e-4)


@given(seed=st.integers(0, 99), locks=LOCKS, distance=st.floats(-4, 4))
def test_a_way_along_a_direction_leaves_the_held_ones(seed, locks, distance):
    holds = holding(seed, locks, 2)
    z = drawn(seed)[0]
    way = np.zeros(9, np.float32)
    way[3:] = np.random.default_rng(seed + 1).normal(size=6)
    way /= np.linalg.norm(way)
    if not holds.can_move(way) or np.square(holds.free(way)).sum() < 1e-3:
        return
    moved = holds.along(z, way, np.array([distance], np.float32))[0]
    assert read(moved, way) - read(z, way) == pytest.approx(distance, abs=5e-3)
    assert [read(moved, v) for v in holds.vectors] == pytest.approx(
        [read(z, v) for v in holds.vectors], abs=5e-3
    )
    assert np.array_equal(moved[holds.locked], z[holds.locked])


def test_a_held_direction_cannot_be_moved_nor_what_follows_from_held_ones():
    holds = holding(3, set(), 2)
    first, second = holds.vectors
    assert not holds.can_move(first)
    assert not holds.can_move(first - 2 * second)
    other = np.zeros(9, np.float32)
    other[3:] = np.linalg.svd(holds.vectors[:, 3:])[2][-1]
    assert holds.can_move(other)


def test_without_directions_what_is_not_locked_is_the_target_exactly():
    holds = holding(0, {4, 8}, 0)
    z, target = drawn(5)
    expected = target.copy()
    expected[[4, 8]] = z[[4, 8]]
    assert np.array_equal(holds.towards(z, target), expected)


@given(seed=st.integers(0, 99), locks=st.sets(st.integers(3, 8), max_size=2))
def test_steps_of_a_frame_lead_along_one_way_each(seed, locks):
    holds = holding(seed, locks, 1)
    ways = np.zeros((2, 9), np.float32)
    ways[:, 3:] = np.random.default_rng(seed + 7).normal(size=(2, 6))
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    free = np.stack([holds.free(way) for way in ways])
    if np.linalg.cond(free) > 100:
        return
    steps = holds.frame(ways)
    z = drawn(seed)[0]
    for i, step in enumerate(steps):
        moved = z + 2 * step
        told = [read(moved, way) - read(z, way) for way in ways]
        assert told == pytest.approx([2.0 * (i == 0), 2.0 * (i == 1)], abs=2e-2)
        assert read(moved, holds.vectors[0]) == pytest.approx(read(z, holds.vectors[0]), abs=2e-2)
        assert np.array_equal(moved[holds.locked], z[holds.locked])
