"""Which snapshots of a run are kept to compare."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import fresh_snapshot

from ganstudio.latent import trail as trail_module
from ganstudio.latent.networks import Architecture
from ganstudio.latent.spec import LatentPart, LatentSpec
from ganstudio.latent.trail import FEWEST, MOST, Trail


class Step:
    """A snapshot, as far as a trail looks at it."""

    def __init__(self, step: int, nbytes: int = 1) -> None:
        self.step, self.nbytes = step, nbytes


def steps(trail: Trail) -> list[int]:
    return [kept.step for kept in trail.snapshots]


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=80))
def test_the_first_and_the_newest_stay_in_order(gaps) -> None:
    trail, all_steps = Trail(), list(itertools.accumulate(gaps))
    for step in all_steps:
        trail.add(Step(step))
        assert steps(trail)[0] == all_steps[0]
        assert steps(trail)[-1] == step
        assert steps(trail) == sorted(set(steps(trail)))
        assert len(trail.snapshots) <= MOST
    if len(all_steps) <= MOST:
        assert steps(trail) == all_steps


def test_steps_are_about_evenly_apart_on_a_logarithmic_scale() -> None:
    trail = Trail()
    for step in range(0, 100_000, 7):
        trail.add(Step(step))
    assert len(trail.snapshots) == MOST
    gaps = [math.log((b + 10) / (a + 10)) for a, b in itertools.pairwise(steps(trail))]
    even = math.log((steps(trail)[-1] + 10) / 10) / (MOST - 1)
    assert max(gaps) < 2 * even


def test_a_run_that_goes_back_has_no_later_steps() -> None:
    trail = Trail()
    for step in (0, 10, 20, 30, 15):
        trail.add(Step(step))
    assert steps(trail) == [0, 10, 15]


def test_the_same_step_again_is_the_newer_snapshot() -> None:
    trail, again = Trail(), Step(10)
    for snapshot in (Step(0), Step(10), again):
        trail.add(snapshot)
    assert steps(trail) == [0, 10]
    assert trail.snapshots[-1] is again


@given(st.sets(st.integers(0, 10_000), max_size=40), st.integers(10_001, 20_000))
def test_earlier_steps_find_their_places(earlier, newest) -> None:
    trail, last = Trail(), Step(newest)
    trail.add(last)
    for step in earlier:
        trail.insert(Step(step))
        trail.insert(Step(step))
    trail.insert(Step(newest))
    assert trail.snapshots[-1] is last, "a step that is there stays as it is"
    assert steps(trail) == sorted(set(steps(trail)))
    assert len(trail.snapshots) == min(MOST, len(earlier) + 1)
    assert not earlier or steps(trail)[0] == min(earlier)


def test_what_is_held_is_spared_and_less_can_be_kept() -> None:
    trail, held = Trail(), Step(40)
    trail.add(Step(0))
    trail.add(held)
    for step in range(50, 4000, 10):
        trail.add(Step(step), held)
    assert held in trail.snapshots
    assert len(trail.snapshots) == MOST
    trail.thin(FEWEST)
    assert len(trail.snapshots) == FEWEST
    assert steps(trail)[::2] == [0, 3990]


@pytest.mark.parametrize(("nbytes", "count"), [(1 << 20, MOST), (40 << 20, 5), (1 << 30, FEWEST)])
def test_large_models_are_kept_fewer_times(nbytes, count) -> None:
    trail = Trail()
    for step in range(0, 1000, 10):
        trail.add(Step(step, nbytes))
    assert len(trail.snapshots) == count
    assert count == FEWEST or count * nbytes <= trail_module.BYTES


def test_a_snapshots_size_is_that_of_its_numbers() -> None:
    latent = LatentSpec((LatentPart(name="z", kind="normal", dim=6),))
    snapshot = fresh_snapshot(
        Architecture(model="mlp-gelu", latent=latent, image_shape=(1, 8, 8)), step=1
    )
    nets = (snapshot.networks.G, snapshot.networks.D)
    states = [value for net in nets for value in net.state_dict().values()]
    assert snapshot.nbytes == sum(value.numel() * value.element_size() for value in states)
