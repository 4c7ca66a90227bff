"""Directions of z: linear generators in closed form, autograd as oracle, names that hold."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from oracle import LINEAR_SHAPE, MIXED, fresh_snapshot, linear_snapshot
from torch.autograd.functional import jacobian
from torch.func import functional_call

from ganstudio.latent.directions import Directions
from ganstudio.latent.holds import Holds
from ganstudio.latent.networks import Architecture, build
from ganstudio.latent.search import Search, find
from ganstudio.latent.snapshot import Snapshot, forget
from ganstudio.latent.spec import LatentPart, LatentSpec, Stream, generator


@pytest.fixture
def linear(monkeypatch) -> tuple[Snapshot, np.ndarray]:
    """A model that is linear, and its matrix in shades of 255 for a standard deviation."""
    snapshot = linear_snapshot(monkeypatch)
    scale = np.array([0, 0, 0, 1, 1, 1, 1, 3**-0.5, 3**-0.5])
    yield snapshot, 255 * snapshot.G["layer.weight"].numpy() * scale
    forget()


def small(latent: LatentSpec) -> Snapshot:
    return fresh_snapshot(Architecture(model="mlp-gelu", latent=latent, image_shape=LINEAR_SHAPE))


def test_of_a_linear_generator_they_are_its_singular_vectors(linear):
    snapshot, matrix = linear
    found = find(snapshot)
    _, values, rows = np.linalg.svd(matrix)
    assert found.vectors.shape == (6, 9)
    assert found.strengths == pytest.approx(values[:6] / np.sqrt(30), rel=1e-3)
    assert np.abs((found.vectors * rows[:6]).sum(1)) == pytest.approx(1, abs=1e-3)
    assert not found.vectors[:, :3].any(), "nothing moves a choice"


def test_they_are_the_eigenvectors_of_the_mean_metric_by_autograd():
    snapshot = small(LatentSpec((LatentPart(name="z", kind="normal", dim=5),)))
    found = find(snapshot, seed=4)
    G = build(snapshot.architecture).G.eval()
    low, high = snapshot.networks.output_range
    metric = np.zeros((5, 5))
    anchors = snapshot.latent.sample(64, generator(4, Stream.SAMPLES, 7))
    for z in torch.tensor(anchors):
        J = jacobian(
            lambda z: functional_call(G, dict(snapshot.G), (z[None],)).flatten() * 255, z
        ) / (high - low)
        metric += (J.T @ J).double().numpy() / 64 / 30
    values, columns = np.linalg.eigh(metric)
    assert found.strengths == pytest.approx(np.sqrt(values[::-1]), rel=0.01)
    assert np.abs((found.vectors * columns.T[::-1]).sum(1)) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("images", [1, 2, 7, 1000])
def test_pieces_of_any_size_find_the_same(images: int, linear):
    snapshot, _ = linear
    search, whole = Search(snapshot), find(snapshot)
    while (found := search.go_on(images)) is None:
        pass
    np.testing.assert_allclose(found.strengths, whole.strengths, rtol=1e-4)
    np.testing.assert_allclose(found.vectors, whole.vectors, atol=1e-3)


def test_what_is_known_so_far_is_of_the_latents_that_are_done(linear):
    snapshot, _ = linear
    search = Search(snapshot)
    assert search.so_far() is None
    while (early := search.so_far()) is None:
        assert search.go_on(4) is None
    whole = find(snapshot)
    np.testing.assert_allclose(early.strengths, whole.strengths, rtol=1e-3)
    np.testing.assert_allclose(early.vectors, whole.vectors, atol=1e-2)


def test_there_are_none_where_nothing_can_be_moved():
    found = find(small(LatentSpec((LatentPart(name="code", kind="one-hot", dim=3),))))
    assert found.vectors.shape == (0, 3)


# Sliders on them


def basis(k: int, latent: LatentSpec = MIXED, seed: int = 0) -> Directions:
    dims = np.flatnonzero(latent.deviations)
    q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(dims), len(dims))))
    vectors = np.zeros((k, latent.dim), np.float32)
    vectors[:, dims] = q.T[:k]
    strengths = np.geomspace(8, 1, k).astype(np.float32)
    return Directions(latent=latent, vectors=vectors, strengths=strengths)


def locks_on(*dims: int, vectors: np.ndarray | None = None) -> Holds:
    none = Holds.none(MIXED)
    held = none.vectors if vectors is None else vectors
    return dataclasses.replace(none, locked=np.isin(np.arange(9), dims), vectors=held)


@given(
    seed=st.integers(0, 99),
    index=st.integers(0, 5),
    value=st.floats(-4, 4),
    locks=st.sets(st.integers(3, 8), max_size=4),
)
def test_a_slider_moves_z_to_its_value_and_nothing_that_is_locked(seed, index, value, locks):
    directions, holds = basis(6, seed=seed), locks_on(*locks)
    z = MIXED.sample(1, np.random.default_rng(seed))[0]
    if not holds.can_move(directions.vectors[index]):
        return
    moved = directions.moved(z, index, value, holds)
    free = np.square(directions.vectors[index][~holds.locked]).sum()
    assert directions.read(moved)[index] == pytest.approx(value, abs=2e-5 / float(free))
    assert np.array_equal(moved[holds.locked], z[holds.locked])
    assert np.array_equal(moved[:3], z[:3]), "the choice"
    others = np.delete(directions.read(moved) - directions.read(z), index)
    if not locks:
        assert others == pytest.approx(0, abs=1e-4)


def test_a_direction_that_is_locked_cannot_be_moved():
    holds = locks_on(*range(9))
    assert not any(holds.can_move(vector) for vector in basis(6).vectors)


def test_what_is_read_has_the_spread_of_the_prior():
    z = MIXED.sample(4000, np.random.default_rng(1))
    read = np.stack([basis(6).read(each) for each in z])
    assert read.std(0) == pytest.approx(1, abs=0.05)
    assert read.mean(0) == pytest.approx(0, abs=0.06)


# Names that hold


@given(seed=st.integers(0, 99), order=st.permutations(range(6)), signs=st.integers(0, 63))
def test_order_and_signs_are_those_of_the_former(seed, order, signs):
    now = basis(6, seed=seed)
    flips = np.array([1 if signs >> i & 1 else -1 for i in range(6)], np.float32)
    former = Directions(
        latent=MIXED,
        vectors=(now.vectors * flips[:, None])[list(order)],
        strengths=now.strengths[list(order)],
    )
    np.testing.assert_allclose(now.like(former).vectors, former.vectors, atol=1e-5)
    np.testing.assert_allclose(now.like(former).strengths, former.strengths, rtol=1e-4)


def test_directions_that_cannot_be_told_apart_do_not_turn():
    former = basis(6)
    even = np.array([5, 2, 2, 2, 1, 0.5], np.float32)
    former = dataclasses.replace(former, strengths=even)
    angle = 1.1
    turned = former.vectors.copy()
    turned[1] = np.cos(angle) * former.vectors[1] + np.sin(angle) * former.vectors[3]
    turned[3] = np.cos(angle) * former.vectors[3] - np.sin(angle) * former.vectors[1]
    again = dataclasses.replace(former, vectors=turned).like(former)
    np.testing.assert_allclose(again.vectors, former.vectors, atol=1e-5)


def test_directions_that_can_be_told_apart_do_turn():
    former = basis(6)
    angle, turned = 0.4, former.vectors.copy()
    turned[0] = np.cos(angle) * former.vectors[0] + np.sin(angle) * former.vectors[1]
    turned[1] = np.cos(angle) * former.vectors[1] - np.sin(angle) * former.vectors[0]
    again = dataclasses.replace(former, vectors=turned).like(former)
    np.testing.assert_allclose(again.vectors, turned, atol=1e-6)


@given(seeds=st.tuples(st.integers(0, 99), st.integers(0, 99)))
def test_they_stay_an_orthonormal_basis_and_keep_their_strength(seeds):
    first, second = (basis(6, seed=seed) for seed in seeds)
    second = dataclasses.replace(second, strengths=np.geomspace(3, 2.5, 6).astype(np.float32))
    again = second.like(first)
    np.testing.assert_allclose(again.vectors @ again.vectors.T, np.eye(6), atol=1e-4)
    assert np.square(again.strengths).sum() == pytest.approx(np.square(second.strengths).sum())


def test_directions_of_another_z_are_not_likened():
    now = basis(4)
    assert now.like(basis(6)) is now


@given(seed=st.integers(0, 99), places=st.lists(st.integers(0, 5), unique=True, max_size=4))
def test_directions_return_to_the_places_that_they_were_named_at(seed, places):
    now = basis(6, seed=seed)
    shuffled = np.random.default_rng(seed).permutation(6)
    ways = {place: -now.vectors[shuffled[place]] for place in places}
    found = now.placed(ways)
    for place, way in ways.items():
        np.testing.assert_array_equal(found.vectors[place], way)
        assert found.strengths[place] == now.strengths[shuffled[place]]
    assert sorted(found.strengths.tolist()) == sorted(now.strengths.tolist())


def test_places_and_ways_of_another_z_are_passed_over():
    now = basis(3)
    same = now.placed({7: now.vectors[0], 1: np.ones(4, np.float32)})
    np.testing.assert_array_equal(same.vectors, now.vectors)
