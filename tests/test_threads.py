"""The tuner by a clock of our own: each count of threads takes a fixed time a step."""

import pytest
import torch

from ganstudio.training import threads
from ganstudio.training.threads import PROBE_SECONDS, ThreadTuner


@pytest.fixture
def tuner(monkeypatch) -> ThreadTuner:
    used = [1]
    monkeypatch.setattr(torch, "set_num_threads", used.append)
    monkeypatch.setattr(threads, "cores", lambda: 2)
    monkeypatch.setattr(threads.time, "monotonic", lambda: 0.0)
    return ThreadTuner()


def run(tuner: ThreadTuner, now: float, seconds: float, cost: dict[int, float]) -> float:
    end = now + seconds
    while now < end:
        now += cost[tuner.threads]
        tuner.step_took(cost[tuner.threads], now)
    return now


def share_of_one(tuner: ThreadTuner, now: float, seconds: float, cost: dict[int, float]) -> float:
    end, alone = now + seconds, 0.0
    while now < end:
        alone += cost[tuner.threads] * (tuner.threads == 1)
        now += cost[tuner.threads]
        tuner.step_took(cost[tuner.threads], now)
    return alone / seconds


def test_it_begins_with_all_cores(tuner):
    assert tuner.threads == 2


def test_free_cores_are_used(tuner):
    cost = {2: 0.010, 1: 0.018}
    now = run(tuner, 0, 30, cost)
    assert share_of_one(tuner, now, 60, cost) < 0.05


def test_a_busy_neighbour_is_left_alone(tuner):
    cost = {2: 0.100, 1: 0.020}
    now = run(tuner, 0, 10, cost)
    assert share_of_one(tuner, now, 60, cost) > 0.9


def test_it_follows_changes_both_ways(tuner):
    now = run(tuner, 0, 30, {2: 0.01, 1: 0.02})
    now = run(tuner, now, 30, {2: 0.05, 1: 0.02})
    assert share_of_one(tuner, now, 60, {2: 0.05, 1: 0.02}) > 0.9
    now = run(tuner, now + 60, 3 * PROBE_SECONDS, {2: 0.01, 1: 0.02})
    assert share_of_one(tuner, now, 60, {2: 0.01, 1: 0.02}) < 0.05


def test_free_cores_are_tried_ever_less_often(tuner):
    cost = {2: 0.010, 1: 0.018}
    now = run(tuner, 0, 120, cost)
    assert share_of_one(tuner, now, 120, cost) < 0.005


def test_a_sudden_neighbour_is_noticed_before_the_next_trial(tuner):
    now = run(tuner, 0, 120, {2: 0.01, 1: 0.02})
    assert share_of_one(tuner, now, PROBE_SECONDS, {2: 0.05, 1: 0.02}) > 0.9


def test_it_gives_way_and_comes_back(tuner):
    cost = {2: 0.010, 1: 0.018}
    now = run(tuner, 0, 30, cost)
    tuner.give_way(True)
    assert share_of_one(tuner, now, 20, cost) == pytest.approx(1.0, abs=0.01)
    tuner.give_way(False)
    assert tuner.threads == 2


def test_one_core_is_not_probed(monkeypatch):
    monkeypatch.setattr(threads, "cores", lambda: 1)
    tuner = ThreadTuner()
    run(tuner, 0, 30, {1: 0.05})
    assert tuner.threads == 1
    assert torch.get_num_threads() == 1


def test_a_count_that_is_kept_is_never_left(tuner):
    tuner.keep(2)
    cost = {2: 0.100, 1: 0.020}
    now = run(tuner, 0, 60, cost)
    tuner.give_way(True)
    assert share_of_one(tuner, now, 20, cost) == 0
    tuner.keep(None)
    assert tuner.threads == 1, "a hand is on a slider"
    tuner.give_way(False)
    assert tuner.threads == 2
    assert share_of_one(tuner, now, 60, cost) > 0.9
