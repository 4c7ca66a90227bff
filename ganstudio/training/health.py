"""The doctor: names the state a run is in, says why and by which numbers, and offers a remedy.

`Observation` is what one look at the networks finds (`observer` takes them, every few seconds);
`diagnose` looks at them, at the history's gradients and at the settings; `Doctor` does so again
with every look, and changes its mind only when two in a row agree. Pure numpy.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

import numpy as np

from ganstudio.config import AUTOENCODERS, LIVE, Config
from ganstudio.training.history import History

# The bounds of the rules, from runs of the presets; benchmarks/health.py measures what they miss.
CERTAIN = 0.98  # `seen` above which D tells every generated image
BLIND = 0.55  # `seen` below which it tells none
BY_HEART = 0.75  # `known` above which it knows the training images
FAR = 0.15  # `gap` above which samples are not yet like real images
STALLED = 0.98  # `gap` beside its best before, above which nothing gets better
STALLED_STEPS = 400  # at a learning rate of 2e-3 or more; up to SLOWEST times at lower ones
SLOWEST = 5.0
HIGH = 10 * Config().g_lr  # of a learning rate: about how far Adam moves each weight in a step
# `gap` beside its best before the last STALLED_STEPS, above which samples have become worse, at any
# learning rate; up to 1.11 while they become better
WORSE = 1.25
WITNESSES = 3  # looks that have to say so, where they are far apart
OVERWHELMING = 8.0  # k·d_lr / g_lr, from which a D that is certain is too strong
COLLAPSED = 0.5  # `diversity` beside its best before
VARIED = 0.3  # a best `diversity` from which it can fall
UNVARIED = 0.2  # and one that is low by itself where nothing gets better
STILL = 0.02  # `change` from one look to the next
RESTLESS = 0.5
GROWN = 30.0  # D's gradient, the median of the last steps beside that of the first step, that is
EXPLODED = 5000.0  # too much where nothing gets better; and in any case (up to 515 while it learns)
LAST_STEPS = 50
PRESENT = 0.04  # share of a digit, in three looks in a row, that can be lost
UNSEEN = 3  # looks in a row without a digit, after which samples are said to lack it
AGREE = 2  # looks in a row that name the same state


class State(Enum):
    """What a run can be in; the worse, the earlier it is looked for."""

    WAITING = "waiting"
    DIVERGING = "diverging"
    STUCK = "stuck"
    BLIND = "blind"
    MEMORISING = "memorising"
    WINNING = "winning"
    COLLAPSING = "collapsing"
    OSCILLATING = "oscillating"
    LEARNING = "learning"


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """What one look finds, without any scale that an objective or a dataset would have.

    Attributes
    ----------
    step : int
        The step of the snapshot.
    seen : float
        The area under the ROC curve of D's logits, held-out images against generated ones: 1 if D
        tells them all apart, 0.5 if it does not.
    known : float
        The same, training images against held-out ones: 1 if D knows the training images by heart.
    diversity : float
        Mean distance between two generated images, as a share of that between two real ones.
    gap : float
        How far generated images are from real ones: the energy coefficient (Székely and Rizzo
        2013), 0 for the same distribution, 1 at most.
    change : float
        How far the samples moved since the last look, as a share of the distance between two real
        images; NaN at the first.
    shares : tuple of float, or None
        The share of each digit, where the images are digits.
    """

    step: int
    seen: float
    known: float
    diversity: float
    gap: float
    change: float = np.nan
    shares: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """A number that decided, and the bound that it is beyond; None where there is none.

    Attributes
    ----------
    name : str
        A field of `Observation`, a column of the history, or a setting.
    """

    name: str
    value: float
    bound: float | None = None


@dataclass(frozen=True, slots=True)
class Remedy:
    """Settings that help.

    Attributes
    ----------
    changes : tuple of (str, float)
        The settings. Live ones act at once, others need a new run.
    anew : bool
        Whether a new run is needed whatever they are: what was learned is past saving.
    """

    changes: tuple[tuple[str, float], ...]
    anew: bool = False

    @property
    def live(self) -> bool:
        """Whether it acts on the run that goes on."""
        return not self.anew and all(name in LIVE for name, _ in self.changes)


@dataclass(frozen=True, kw_only=True, slots=True)
class Diagnosis:
    """The state, why, by what, and what helps.

    Attributes
    ----------
    state : State
        The state.
    step : int
        The step of the look that it rests on.
    reason : str
        A key of `SENTENCES`.
    digits : tuple of int
        The digits lost, or not drawn yet, where some are.
    evidence : tuple of Evidence
        The numbers that it used, the one that counts most first.
    remedy : Remedy or None
        What helps, where something does.
    """

    state: State
    step: int = 0
    reason: str = "waiting"
    digits: tuple[int, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    remedy: Remedy | None = None

    def __str__(self) -> str:
        return f"{NAMES[self.state.value]}: {self.sentence(SENTENCES[self.reason])}"

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values; what would help is left out: that holds for the moment."""
        evidence = [[one.name, float(one.value), one.bound] for one in self.evidence]
        state, digits = self.state.value, [int(digit) for digit in self.digits]
        told = {"state": state, "step": self.step, "reason": self.reason}
        return {**told, "digits": digits, "evidence": evidence}

    @staticmethod
    def from_dict(told: Mapping[str, Any]) -> "Diagnosis":
        """Return what `to_dict` returned.

        Raises
        ------
        KeyError, TypeError, ValueError
            If it is none.
        """
        if told["reason"] not in SENTENCES:
            raise ValueError(f"the reason {told['reason']}")
        return Diagnosis(
            state=State(told["state"]),
            step=int(told["step"]),
            reason=told["reason"],
            digits=tuple(int(digit) for digit in told["digits"]),
            evidence=tuple(
                Evidence(str(name), float(value), None if bound is None else float(bound))
                for name, value, bound in told["evidence"]
            ),
        )

    def sentence(self, text: str) -> str:
        """Fill in what `text`, one of `SENTENCES` or its translation, names."""
        return text.format(digits=", ".join(map(str, self.digits)), found=10 - len(self.digits))


NAMES = {
    "waiting": "Not known yet",
    "learning": "Learning",
    "winning": "D winning",
    "blind": "D blind",
    "collapsing": "Collapsing",
    "oscillating": "Oscillating",
    "diverging": "Diverging",
    "memorising": "D memorising",
    "stuck": "Stuck",
}

SENTENCES = {
    "waiting": "the samples are looked at every few seconds while the run trains.",
    "learning": "the samples come closer to real images.",
    "learning-some": "the samples come closer to real images; at most {found} of 10 digits can be "
    "told in them yet.",
    "level": "D and G keep up with each other, and the samples come to look like real images.",
    "slow-some": "at most {found} of 10 digits can be told in the samples, which hardly come "
    "closer to real images.",
    "slow": "nothing is wrong, though the samples hardly come closer to real images now.",
    "worse": "nothing else is wrong, but the samples were closer to real images some time ago.",
    "not-finite": "a loss or a gradient is no finite number any more.",
    "exploded": "D's gradient has grown out of all proportion: the learning rates are too high.",
    "frozen-g": "G's learning rate is 0, so nothing that D says reaches it.",
    "still": "the samples no longer change, and they are not like real images yet.",
    "frozen-d": "D is not updated, so G learns to fool a D that has not seen what it draws now.",
    "fooled": "D does not tell generated images from real ones, though they are easy to tell.",
    "by-heart": "D finds images that it trains on more real than others: it knows them by heart.",
    "certain": "D tells every generated image, and the samples come no closer to real ones.",
    "overwhelming": "D tells every generated image: it learns much faster than G.",
    "lost-digits": "G no longer draws the digits {digits}.",
    "less-varied": "the samples are much more alike than they were.",
    "all-alike": "the samples are nearly all alike, and come no closer to real images.",
    "in-circles": "the samples keep changing altogether, and come no closer to real images.",
}
"""Why, after the state and a colon."""


def diagnose(config: Config, history: History, looks: list[Observation]) -> Diagnosis:
    """Name the state after the latest of `looks`, with no regard to what it was called before.

    Parameters
    ----------
    config : Config
        The settings as they are now.
    history : History
        The run's numbers, up to that look at least.
    looks : list of Observation
        All so far, in order; one at least.
    """
    case = _Case(config, history, looks)
    for rule in _RULES:
        if (found := rule(case)) is not None:
            return found
    return case.healthy()


@dataclass
class Doctor:
    """Diagnoses one run, look after look.

    Attributes
    ----------
    diagnosis : Diagnosis
        The state that it is called at present, by the numbers of the last look that agreed.
    looks : list of Observation
        All so far.
    told : list of Diagnosis
        All that it was called so far.
    """

    diagnosis: Diagnosis = field(default_factory=lambda: Diagnosis(state=State.WAITING))
    looks: list[Observation] = field(default_factory=list)
    told: list[Diagnosis] = field(default_factory=list)
    _named: State = State.WAITING  # by the last look
    _agree: int = 0  # looks in a row that named it

    def hear(self, look: Observation, config: Config, history: History) -> Diagnosis:
        """Take in a look, and say what the state is called now."""
        if self.looks and look.step <= self.looks[-1].step:
            return self.diagnosis  # the same step again
        self.looks.append(look)
        found = diagnose(config, history, self.looks)
        self._agree = self._agree + 1 if found.state is self._named else 1
        self._named = found.state
        if found.state is self.diagnosis.state or self._agree >= AGREE:
            self.diagnosis = found
            self.told.append(found)
        return self.diagnosis

    def at(self, step: int) -> Diagnosis:
        """Return what the run was called when it was at `step`; there is no remedy for that."""
        told = [diagnosis for diagnosis in self.told if diagnosis.step <= step]
        return replace(told[-1], remedy=None) if told else Diagnosis(state=State.WAITING)

    def until(self, step: int) -> "Doctor":
        """Return the doctor of a branch from `step` on."""
        looks = [look for look in self.looks if look.step <= step]
        return Doctor._that_told([one for one in self.told if one.step <= step], looks)

    @staticmethod
    def again(told: Iterable[Diagnosis]) -> "Doctor":
        """Return the doctor of a run that is opened again, which was called all this."""
        return Doctor._that_told(list(told), [])

    @staticmethod
    def _that_told(told: list[Diagnosis], looks: list[Observation]) -> "Doctor":
        last = told[-1] if told else Diagnosis(state=State.WAITING)
        return Doctor(diagnosis=last, looks=looks, told=told, _named=last.state, _agree=AGREE)

    @property
    def changes(self) -> tuple[Diagnosis, ...]:
        """What was told, without what only said the same again; the last one in any case."""
        called = [(one.state, one.reason, one.digits) for one in self.told]
        return tuple(
            one
            for i, one in enumerate(self.told)
            if i in (0, len(called) - 1) or called[i] != called[i - 1]
        )

    def hear_the_end(self, step: int, config: Config) -> Diagnosis:
        """Take in that the step after `step` could not be made: its numbers were not finite."""
        remedy = Remedy(_worth_making(lowered(config), config), anew=True)
        self.diagnosis = Diagnosis(
            state=State.DIVERGING, step=step, reason="not-finite", remedy=remedy
        )
        self.told.append(self.diagnosis)
        self._named, self._agree = State.DIVERGING, AGREE
        return self.diagnosis


_BOUNDS_OF_D = ("r1", "gradient_penalty", "spectral_norm", "weight_clip")


class _Case:
    """The latest looks, and what the rules ask of them."""

    def __init__(self, config: Config, history: History, looks: list[Observation]) -> None:
        self.config, self.history, self.looks = config, history, looks
        self.now = looks[-1]
        # Adam moves a weight by about the learning rate a step: half of it takes twice as long
        slow = min(max(Config().g_lr / config.g_lr, 1.0), SLOWEST) if config.g_lr else 1.0
        self.far = self.now.gap > FAR
        self.free = not any(getattr(config, name) for name in _BOUNDS_OF_D)
        self.worse = self.far and self._progress(STALLED_STEPS) > WORSE
        self.stalled = self.worse or (self.far and self._progress(slow * STALLED_STEPS) > STALLED)

    def _progress(self, steps: float) -> float:
        """Return the least gap of the last so many steps beside the least before them."""
        recent = sum(look.step > self.now.step - steps for look in self.looks)
        gaps, last = [look.gap for look in self.looks], max(recent, WITNESSES)
        return min(gaps[-last:]) / max(min(gaps[:-last]), 1e-9) if len(gaps) > last else 0.0

    def named(
        self,
        state: State,
        reason: str,
        *evidence: Evidence,
        digits: tuple[int, ...] = (),
        remedy: dict[str, float] | None = None,
        anew: bool = False,
    ) -> Diagnosis:
        high = self.too_high() if state not in (State.LEARNING, State.MEMORISING) else {}
        if high:  # nothing else helps before
            remedy = dict.fromkeys(high, Config().g_lr)
            known = {one.name for one in evidence}
            causes = (Evidence(name, rate, HIGH) for name, rate in high.items())
            evidence = (*evidence, *(one for one in causes if one.name not in known))
        changes = _worth_making(remedy or {}, self.config)
        return Diagnosis(
            state=state,
            step=self.now.step,
            reason=reason,
            digits=digits,
            evidence=evidence,
            remedy=Remedy(changes, anew=anew) if changes else None,
        )

    def gap(self) -> Evidence:
        return Evidence("gap", self.now.gap, FAR)

    def healthy(self) -> Diagnosis:
        reason = "slow" if self.stalled else "learning" if self.far else "level"
        now, digits = self.now, self.unseen() if self.far and not self.worse else ()
        if self.worse:
            reason = "worse"
        elif digits:
            reason += "-some"
        evidence = (
            Evidence("gap", now.gap),
            Evidence("diversity", now.diversity),
            Evidence("seen", now.seen),
            Evidence("known", now.known),
        )
        return self.named(State.LEARNING, reason, *evidence, digits=digits)

    def unseen(self) -> tuple[int, ...]:
        """Return the digits that the last looks have not found."""
        shares = [look.shares for look in self.looks[-UNSEEN:] if look.shares is not None]
        return tuple(np.flatnonzero(~np.any(shares, axis=0)).tolist()) if shares else ()

    def too_high(self) -> dict[str, float]:
        """Return the learning rates at which nets do not learn."""
        rates = {name: getattr(self.config, name) for name in ("g_lr", "d_lr")}
        return {name: rate for name, rate in rates.items() if rate > HIGH}

    def tamed(self) -> dict[str, float]:
        """Return what tames D: a penalty where there is none, else fewer and smaller updates."""
        config = self.config
        if self.free:
            return {"r1": Config().r1, "d_steps": 1}
        return {"d_steps": max(1, config.d_steps // 2), "d_lr": _rounded(config.d_lr / 2)}


def _worth_making(remedy: dict[str, float], config: Config) -> tuple[tuple[str, float], ...]:
    """Return the changes of a remedy that change anything."""
    return tuple((k, v) for k, v in remedy.items() if getattr(config, k) != v)


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")


def _diverging(case: _Case) -> Diagnosis | None:
    column = case.history.column("d_grad")[: case.now.step]
    first, last = (part[~np.isnan(part)] for part in (column[:100], column[-4 * LAST_STEPS :]))
    if not (len(first) and len(last) and case.far):
        return None
    bound = (GROWN if case.stalled else EXPLODED) * float(first[0])
    now = float(np.median(last[-LAST_STEPS:]))
    if now <= bound:
        return None
    found = Evidence("d_grad", now, bound)
    rates = lowered(case.config)
    return case.named(State.DIVERGING, "exploded", found, case.gap(), remedy=rates, anew=True)


def lowered(config: Config) -> dict[str, float]:
    """Return lower learning rates: the default, or a third of what is no more than that."""
    default = Config().g_lr
    rates = {name: getattr(config, name) for name in ("g_lr", "d_lr")}
    return {k: default if rate > default else _rounded(rate / 3) for k, rate in rates.items()}


def _stuck(case: _Case) -> Diagnosis | None:
    config = case.config
    moved = Evidence("change", case.now.change, STILL)
    if config.g_lr == 0:
        rate = {"g_lr": config.d_lr or Config().g_lr}
        return case.named(State.STUCK, "frozen-g", Evidence("g_lr", 0.0), moved, remedy=rate)
    if not (case.stalled and case.now.change < STILL and config.d_steps and config.d_lr):
        return None  # of a D that does not move, G learns what there is and then stops
    faster = {"g_lr": _rounded(min(HIGH, 4 * config.g_lr))}
    return case.named(State.STUCK, "still", moved, case.gap(), remedy=faster)


def _blind(case: _Case) -> Diagnosis | None:
    config = case.config
    seen = Evidence("seen", case.now.seen, BLIND)
    if not config.d_steps:
        cause = Evidence("d_steps", 0.0)
        return case.named(State.BLIND, "frozen-d", cause, seen, case.gap(), remedy={"d_steps": 1})
    if not config.d_lr:
        cause, rate = Evidence("d_lr", 0.0), config.g_lr
        return case.named(State.BLIND, "frozen-d", cause, seen, case.gap(), remedy={"d_lr": rate})
    if not (case.stalled and case.now.seen < BLIND):
        return None
    faster = {"d_lr": _rounded(min(HIGH, 2 * config.d_lr))}
    return case.named(State.BLIND, "fooled", seen, case.gap(), remedy=faster)


def _memorising(case: _Case) -> Diagnosis | None:
    if case.now.known <= BY_HEART:
        return None
    config = case.config
    known = Evidence("known", case.now.known, BY_HEART)
    if config.train_images:
        remedy = {"train_images": 0.0, "batch_size": max(config.batch_size, Config().batch_size)}
    elif config.model not in AUTOENCODERS and not config.translation:
        remedy = {"translation": 0.125}  # Zhao et al. 2020, arXiv 2006.10738
    else:
        remedy = {"d_lr": _rounded(config.d_lr / 2)}
    return case.named(State.MEMORISING, "by-heart", known, remedy=remedy)


def _winning(case: _Case) -> Diagnosis | None:
    config = case.config
    if not case.far or case.now.seen <= CERTAIN:
        return None
    seen = Evidence("seen", case.now.seen, CERTAIN)
    strength = config.d_steps * config.d_lr / config.g_lr
    if strength >= OVERWHELMING:
        causes = (Evidence("d_steps", config.d_steps), Evidence("d_lr", config.d_lr))
        remedy = {"d_steps": 1.0} if config.d_steps > 1 else {"d_lr": config.g_lr}
        remedy = case.tamed() if case.free else remedy
        return case.named(State.WINNING, "overwhelming", seen, *causes, case.gap(), remedy=remedy)
    if not case.stalled:
        return None
    return case.named(State.WINNING, "certain", seen, case.gap(), remedy=case.tamed())


def _collapsing(case: _Case) -> Diagnosis | None:
    best = max(look.diversity for look in case.looks)
    found = Evidence("diversity", case.now.diversity, COLLAPSED * best)
    remedy = case.tamed() if case.free else {"g_lr": _rounded(case.config.g_lr / 2)}
    if digits := _lost_digits(case):
        return case.named(State.COLLAPSING, "lost-digits", found, digits=digits, remedy=remedy)
    if best > VARIED and case.now.diversity < COLLAPSED * best:
        return case.named(State.COLLAPSING, "less-varied", found, remedy=remedy)
    if case.stalled and case.now.diversity < UNVARIED:
        alike = Evidence("diversity", case.now.diversity, UNVARIED)
        return case.named(State.COLLAPSING, "all-alike", alike, case.gap(), remedy=remedy)
    return None


def _lost_digits(case: _Case) -> tuple[int, ...]:
    """Return the digits that the last look lacks and that three in a row had."""
    shares = np.array([look.shares for look in case.looks if look.shares is not None])
    if len(shares) < 4:
        return ()
    there = shares[:-1] >= PRESENT
    had = (there[2:] & there[1:-1] & there[:-2]).any(axis=0)
    return tuple(np.flatnonzero(had & (shares[-1] == 0)).tolist())


def _oscillating(case: _Case) -> Diagnosis | None:
    if not (case.stalled and case.now.change > RESTLESS):
        return None
    moved = Evidence("change", case.now.change, RESTLESS)
    slower = {name: _rounded(getattr(case.config, name) / 2) for name in ("g_lr", "d_lr")}
    return case.named(State.OSCILLATING, "in-circles", moved, case.gap(), remedy=slower)


_RULES = (_diverging, _stuck, _blind, _memorising, _winning, _collapsing, _oscillating)
