import dataclasses
import json

import numpy as np
import pytest

from ganstudio.config import Config, load_preset
from ganstudio.training.health import (
    COLLAPSED,
    NAMES,
    SENTENCES,
    STALLED_STEPS,
    WORSE,
    Diagnosis,
    Doctor,
    Evidence,
    Observation,
    Remedy,
    State,
    diagnose,
)
from ganstudio.training.history import COLUMNS, History

CONFIG = Config()
EVERY = 100  # steps from one look to the next


def history(steps: int = 5000, *, first: float = 1.0, later: float = 1.0) -> History:
    """Return a history in which D's gradient is `first` in the first step, then `later`."""
    block = np.full((len(COLUMNS), steps), np.nan, np.float32)
    block[COLUMNS.index("d_grad")] = later
    block[COLUMNS.index("d_grad"), 0] = first
    found = History()
    found.append(block)
    return found


def looks(n: int, **series: object) -> list[Observation]:
    """Return looks; each value is one for all, or a function of a share from 0 to 1 of the run."""
    normal: dict[str, object] = {
        "seen": 0.7,
        "known": 0.5,
        "diversity": 0.7,
        "gap": lambda share: 0.4 - 0.35 * share,
        "change": 0.3,
        "shares": (0.1,) * 10,
    }

    def at(value: object, share: float) -> object:
        return value(share) if callable(value) else value

    return [
        Observation(
            step=EVERY * (i + 1),
            **{name: at(value, i / (n - 1)) for name, value in (normal | series).items()},
        )
        for i in range(n)
    ]


BAD = {"gap": 0.3}  # no progress, far from real images

CASES = {
    "healthy": (State.LEARNING, {}, {}, None),
    "at a level": (State.LEARNING, {}, {"gap": 0.05}, None),
    "slow": (State.LEARNING, {}, BAD, None),
    "sure and better": (State.LEARNING, {}, {"seen": 1.0}, None),
    "fooled and better": (State.LEARNING, {}, {"seen": 0.2}, None),
    "still and real": (State.LEARNING, {}, {"change": 0.0, "gap": 0.02}, None),
    "sure": (State.WINNING, {}, {"seen": 1.0, **BAD}, {"d_lr": 1e-3}),
    "sure without a penalty": (State.WINNING, {"r1": 0}, {"seen": 1.0, **BAD}, {"r1": Config().r1}),
    "overwhelming": (
        State.WINNING,
        {"d_steps": 20},
        {"seen": 1.0, "gap": lambda t: 0.4 - 0.1 * t},
        {"d_steps": 1},
    ),
    "frozen D": (State.BLIND, {"d_steps": 0}, {}, {"d_steps": 1}),
    "D without a rate": (State.BLIND, {"d_lr": 0}, {}, {"d_lr": 2e-3}),
    "fooled": (State.BLIND, {}, {"seen": 0.3, **BAD}, {"d_lr": 4e-3}),
    "frozen G": (State.STUCK, {"g_lr": 0}, {}, {"g_lr": 2e-3}),
    "still with a frozen D": (
        *(State.BLIND, {"d_steps": 0}, {"change": 0.001, **BAD}),
        {"d_steps": 1},
    ),
    "still": (State.STUCK, {}, {"change": 0.001, **BAD}, {"g_lr": 8e-3}),
    "still, or not": (State.LEARNING, {}, {"change": np.nan, **BAD}, None),
    "by heart": (State.MEMORISING, {}, {"known": 0.9}, {"translation": 0.125}),
    "ten by heart": (
        *(State.MEMORISING, {"train_images": 10, "batch_size": 10}, {"known": 0.9}),
        {"train_images": 0, "batch_size": 64},
    ),
    "alike": (State.COLLAPSING, {}, {"diversity": lambda t: 0.7 - 0.6 * t}, {"g_lr": 1e-3}),
    "always alike": (State.COLLAPSING, {"r1": 0}, {"diversity": 0.1, **BAD}, {"r1": Config().r1}),
    "in circles": (
        *(State.OSCILLATING, {}, {"change": 0.9, **BAD}),
        {"g_lr": 1e-3, "d_lr": 1e-3},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_state_is_told_by_what_it_looks_like(name: str):
    state, settings, series, remedy = CASES[name]
    found = diagnose(CONFIG.changed(**settings), history(), looks(20, **series))
    assert found.state is state
    if remedy is None:
        assert found.remedy is None
        return
    assert found.remedy is not None
    assert dict(found.remedy.changes) == remedy
    CONFIG.changed(**settings).changed(**remedy)  # the settings can be made
    assert found.evidence
    assert found.remedy.live == (set(remedy) <= {"g_lr", "d_lr", "d_steps"})


@pytest.mark.parametrize("name", ["still", "alike", "in circles", "always alike"])
def test_rates_that_are_too_high_come_first(name: str):
    state, settings, series, _ = CASES[name]
    for high in ({"g_lr": 0.2}, {"d_lr": 0.1}, {"g_lr": 0.2, "d_lr": 0.1}):
        found = diagnose(CONFIG.changed(**settings, **high), history(), looks(20, **series))
        assert found.state is state
        assert dict(found.remedy.changes) == dict.fromkeys(high, 2e-3)
        told = {evidence.name: evidence for evidence in found.evidence}
        for rate, value in high.items():
            assert (told[rate].value, told[rate].bound) == (value, 0.02)


def test_no_remedy_raises_a_rate_without_end():
    looked = looks(20, **CASES["still"][2])
    config, raised = CONFIG, []
    while (remedy := diagnose(config, history(), looked).remedy) is not None:
        config = config.changed(**dict(remedy.changes))
        raised.append(config.g_lr)
    assert raised == [8e-3, 0.02]


def test_gradients_beyond_all_proportion_are_diverging():
    grown, far = history(later=31.0), looks(20, gap=0.3)
    found = diagnose(CONFIG.changed(g_lr=6e-2, d_lr=6e-2), grown, far)
    assert found.state is State.DIVERGING
    assert (found.evidence[0].name, found.evidence[0].bound) == ("d_grad", 30.0)
    assert dict(found.remedy.changes) == {"g_lr": 2e-3, "d_lr": 2e-3}
    assert not found.remedy.live
    slow = diagnose(CONFIG.changed(g_lr=6e-4), grown, far)
    assert dict(slow.remedy.changes) == {"g_lr": 2e-4, "d_lr": 6.67e-4}
    assert diagnose(CONFIG, history(later=29.0), far).state is not State.DIVERGING
    real = looks(20, gap=0.05)
    assert diagnose(CONFIG, grown, real).state is State.LEARNING  # so it draws well all the same


def test_gradients_that_grow_while_the_samples_get_better_need_more_to_be_diverging():
    better = looks(20, gap=lambda share: 0.4 - 0.2 * share)
    assert diagnose(CONFIG, history(later=600.0), better).state is State.LEARNING
    found = diagnose(CONFIG, history(later=6000.0), better)
    assert (found.state, found.evidence[0].bound) == (State.DIVERGING, 5000.0)


def test_a_run_whose_numbers_are_not_finite_is_diverging_until_two_looks_say_otherwise():
    doctor, seen = Doctor(), looks(4)
    told = doctor.hear_the_end(150, CONFIG.changed(g_lr=1.0, d_lr=1.0))
    assert (told.state, told.step) == (State.DIVERGING, 150)
    assert dict(told.remedy.changes) == {"g_lr": 2e-3, "d_lr": 2e-3}
    assert not told.remedy.live, "what it learned is past saving"
    states = [doctor.hear(look, CONFIG, history()).state for look in seen]
    assert states == [State.DIVERGING, *[State.LEARNING] * 3]


def test_learning_says_how_many_digits_there_are_so_far():
    some = (0.0, 0.3, 0.3, 0.0, *(0.1,) * 4, 0.0, 0.0)
    text = "the samples come closer to real images; at most 6 of 10 digits can be told in them yet."
    found = diagnose(CONFIG, history(), looks(8, shares=some, gap=lambda t: 0.5 - 0.2 * t))
    assert str(found) == f"Learning: {text}"
    assert found.digits == (0, 3, 8, 9)
    slow = diagnose(CONFIG, history(), looks(8, shares=some, gap=0.3, diversity=0.5))
    assert slow.reason == "slow-some"
    rare = (0.01, 0.3, 0.3, 0.01, *(0.1,) * 3, 0.06, 0.01, 0.01)
    seen = looks(8, shares=rare, gap=lambda t: 0.5 - 0.2 * t)
    seen[-1] = dataclasses.replace(seen[-1], shares=some)
    assert diagnose(CONFIG, history(), seen).reason == "learning", "by chance, in one look"
    near = diagnose(CONFIG, history(), looks(8, shares=some, gap=0.01))
    assert (near.reason, near.digits) == ("level", ())


def test_the_digits_lost_are_named():
    seen = looks(8)
    gone = (0.0, 0.1, 0.2, 0.0, *(0.1,) * 6)
    seen[-2:] = [dataclasses.replace(look, shares=gone) for look in seen[-2:]]
    found = diagnose(CONFIG, history(), seen)
    assert (found.state, found.digits) == (State.COLLAPSING, (0, 3))
    assert str(found) == "Collapsing: G no longer draws the digits 0, 3."
    never = looks(8, shares=gone)
    assert diagnose(CONFIG, history(), never).state is State.LEARNING  # it has yet to learn them
    once = [*seen[:-1], looks(8)[-1]]
    assert diagnose(CONFIG, history(), once).state is State.LEARNING


def test_no_progress_is_judged_over_more_steps_at_lower_rates():
    n = 2 * STALLED_STEPS // EVERY
    sure = looks(n, seen=1.0, gap=0.3)
    assert diagnose(CONFIG, history(), sure).state is State.WINNING
    slow = CONFIG.changed(g_lr=2e-4, d_lr=2e-4)
    assert diagnose(slow, history(), sure).state is State.LEARNING
    assert diagnose(slow, history(), looks(6 * n, seen=1.0, gap=0.3)).state is State.WINNING


def test_scales_of_an_objective_mean_nothing():
    """The history's losses and scores may be anything."""
    plain, wild = history(), history()
    wild._data[: COLUMNS.index("d_grad")] = 1e6
    for series in (case[2] for case in CASES.values()):
        seen = looks(20, **series)
        assert diagnose(CONFIG, plain, seen) == diagnose(CONFIG, wild, seen)


def test_the_doctor_changes_its_mind_when_two_looks_agree():
    doctor, numbers = Doctor(), history()
    good = looks(40)
    frozen, live = CONFIG.changed(d_steps=0), CONFIG
    states = []
    for i, config in enumerate((live, live, live, frozen, live, frozen, frozen, live, live)):
        states.append(doctor.hear(good[i], config, numbers).state)
    w, g, b = State.WAITING, State.LEARNING, State.BLIND
    assert states == [w, g, g, g, g, g, b, b, g]
    assert [doctor.at(look.step).state for look in good[:9]] == states


def test_the_same_step_is_not_heard_twice():
    doctor, (look, *_) = Doctor(), looks(2)
    doctor.hear(look, CONFIG, history())
    doctor.hear(look, CONFIG, history())
    assert doctor.looks == [look]


def test_every_state_and_reason_has_words():
    assert set(NAMES) == {state.value for state in State}
    for reason in SENTENCES:
        text = str(Diagnosis(state=State.STUCK, reason=reason, digits=(3, 8)))
        assert text.startswith("Stuck: ")
        assert "{" not in text


def test_bounds_leave_room_for_noise():
    """Diversity just above the bound is no collapse, just below it is."""
    for share, state in ((1.02, State.LEARNING), (0.98, State.COLLAPSING)):
        seen = looks(
            20, diversity=lambda t, share=share: 0.8 if t < 0.5 else 0.8 * COLLAPSED * share
        )
        assert diagnose(CONFIG, history(), seen).state is state


@pytest.mark.parametrize(
    ("name", "differs"),
    [
        ("rates", {"g_lr", "d_lr"}),
        ("k0", {"d_steps"}),
        ("k20", {"d_steps", "r1", "objective"}),
        ("no-penalty", {"r1", "d_steps", "g_lr", "objective"}),
        ("ten-images", {"train_images", "batch_size", "epochs"}),
        ("frozen-g", {"g_lr"}),
    ],
)
def test_presets_broken_on_purpose_are_the_studio_but_for_that(name: str, differs: set[str]):
    preset = load_preset(f"broken-{name}")
    assert preset.group == "Broken on purpose"
    settings, studio = preset.config.to_dict(), Config().to_dict()
    assert {key for key in settings if settings[key] != studio[key]} == differs


@pytest.mark.parametrize(
    ("state", "broken"),
    [
        (State.WINNING, {"seen": 1.0}),
        (State.BLIND, {"seen": 0.3}),
        (State.STUCK, {"change": 0.001}),
        (State.OSCILLATING, {"change": 0.9}),
    ],
)
def test_what_gets_worse_is_named_soon_however_low_the_rates(state: State, broken):
    """Samples come closer for 1,000 steps, and then are worse, in a recipe that learns slowly."""
    slow = CONFIG.changed(g_lr=2e-4, d_lr=2e-4)
    well = looks(10, gap=lambda share: 0.4 - 0.2 * share)
    for gap, named in ((0.2 * WORSE * 0.99, State.LEARNING), (0.2 * WORSE * 1.01, state)):
        doctor = Doctor()
        ill = looks(15, gap=gap, **broken)[10:]
        for look in (*well, *ill):
            doctor.hear(look, slow, history())
        assert look.step == 1500
        assert doctor.diagnosis.state is named


def test_what_gets_worse_and_nothing_else_is_told():
    slow = CONFIG.changed(g_lr=2e-4, d_lr=2e-4)
    gone = [*looks(10, gap=lambda share: 0.4 - 0.2 * share), *looks(15, gap=0.3)[10:]]
    found = diagnose(slow, history(), gone)
    assert (found.state, found.reason) == (State.LEARNING, "worse")
    assert diagnose(slow, history(), looks(15, gap=0.3)).reason == "learning"


def test_one_bad_look_proves_nothing_where_looks_are_far_apart():
    slow, doctor = CONFIG.changed(g_lr=2e-4, d_lr=2e-4), Doctor()
    for i, gap in enumerate((0.30, 0.26, 0.22, 0.18, 0.23, 0.23, 0.17, 0.16)):
        look = dataclasses.replace(looks(2, seen=0.99, gap=gap)[0], step=800 * (i + 1))
        assert doctor.hear(look, slow, history(8000)).state in (State.WAITING, State.LEARNING)


def test_the_doctor_remembers_what_it_said_and_of_which_step():
    told = [
        Diagnosis(state=State.LEARNING, step=100, reason="learning"),
        Diagnosis(state=State.STUCK, step=200, reason="still", remedy=Remedy((("g_lr", 0.1),))),
        Diagnosis(state=State.LEARNING, step=300, reason="level"),
    ]
    doctor = Doctor(diagnosis=told[-1], told=told, looks=looks(3))
    assert doctor.at(99).state is State.WAITING
    assert doctor.at(100) == doctor.at(199) == told[0]
    assert doctor.at(250).state is State.STUCK
    assert doctor.at(250).remedy is None, "what is past cannot be helped"
    branch = doctor.until(250)
    assert branch.diagnosis is told[1]
    assert branch.told == told[:2]
    assert all(look.step <= 250 for look in branch.looks)
    assert Doctor().until(5).diagnosis.state is State.WAITING


def test_what_was_told_is_kept_where_it_changed_and_comes_back() -> None:
    known = Evidence("seen", 0.75, None), Evidence("gap", 0.5, 0.25)
    first = Diagnosis(state=State.LEARNING, step=10, reason="learning", evidence=known)
    lost = Diagnosis(state=State.COLLAPSING, step=30, reason="lost-digits", digits=(3, 8))
    again = [dataclasses.replace(first, step=20), lost]
    again += [dataclasses.replace(lost, step=step) for step in (40, 50)]
    kept = Doctor.again([first, *again]).changes
    assert [one.step for one in kept] == [10, 30, 50]
    back = tuple(Diagnosis.from_dict(json.loads(json.dumps(one.to_dict()))) for one in kept)
    assert back == kept
    doctor = Doctor.again(back)
    assert doctor.diagnosis == kept[-1]
    assert [doctor.at(step).state for step in (5, 29, 30, 99)] == [
        State.WAITING,
        State.LEARNING,
        State.COLLAPSING,
        State.COLLAPSING,
    ]


@pytest.mark.parametrize(
    "wrong", [{"state": "fine"}, {"reason": "none"}, {"evidence": [["a"]]}, {"step": "x"}]
)
def test_what_is_no_diagnosis_is_refused(wrong: dict[str, object]) -> None:
    told = Diagnosis(state=State.STUCK, step=3, reason="still").to_dict()
    with pytest.raises((KeyError, TypeError, ValueError)):
        Diagnosis.from_dict(told | wrong)
