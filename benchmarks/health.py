"""Measure the doctor; run by hand: ``python benchmarks/health.py --preset studio --steps 2000``.

Every preset is trained from every seed and looked at as ``ganstudio train`` does, but at fixed
steps, so that the hour of the machine does not matter. Of a healthy preset, every other name than
"learning" counts as a false alarm, once for as long as it lasts. One that is broken on purpose has
the state below from the first step on: it is missed if that is never named, and the delay is the
step at which it is. With ``--after STEPS`` a healthy preset is trained so long, and then broken in
each of the ways that can be done to a run that goes on. ``--recorded FILE`` trains nothing, and
counts the alarms in what ``quality.py --record FILE`` heard; a "collapsing" is true where fresh
samples lack a digit.
"""

import argparse
from collections import Counter, defaultdict
from pathlib import Path

import torch
from quality import LOST, Listener, read_records

from ganstudio.config import load_preset, preset_names
from ganstudio.errors import StudioError
from ganstudio.training.headless import new_trainer
from ganstudio.training.health import State

EXPECTED = {
    "broken-rates": {State.DIVERGING},
    "broken-k0": {State.BLIND},
    "broken-k20": {State.WINNING},
    "broken-no-penalty": {State.WINNING},
    "broken-ten-images": {State.MEMORISING},
    "broken-frozen-g": {State.STUCK},
}
LATER = {
    "rates × 30": (State.DIVERGING, {"g_lr": 30.0, "d_lr": 30.0}),  # factors
    "k = 0": (State.BLIND, {"d_steps": 0.0}),
    "k = 20": (State.WINNING, {"d_steps": 20.0}),
    "frozen G": (State.STUCK, {"g_lr": 0.0}),
}
HEALTHY = {State.LEARNING.value, State.WAITING.value}


def main() -> None:
    """Train, listen to the doctor, and count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", action="append", choices=preset_names(), help="repeatable")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=float("inf"), help="at most, of each run")
    parser.add_argument("--every", type=int, default=125, help="steps from one look to the next")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--looks", action="store_true", help="print every look")
    parser.add_argument("--after", type=int, help="break healthy presets after so many steps")
    parser.add_argument("--recorded", type=Path, help="count what quality.py heard")
    arguments = parser.parse_args()
    if arguments.recorded:
        count_recorded(arguments.recorded)
        return
    torch.set_num_threads(arguments.threads)
    if arguments.after:
        for name in arguments.preset or ["studio"]:
            for way in LATER:
                for seed in range(arguments.seeds):
                    break_later(name, way, seed, arguments)
        return
    alarms, hours, missed, broken = 0, 0.0, 0, 0
    delays: list[int] = []
    for name in arguments.preset or preset_names():
        for seed in range(arguments.seeds):
            named, seconds = run(name, seed, arguments)
            if name in EXPECTED:
                broken += 1
                step = next((step for step, state in named if state in EXPECTED[name]), None)
                missed += step is None
                delays += [] if step is None else [step]
            else:
                hours += seconds / 3600
                alarms += sum(state.value not in HEALTHY for _, state in named)
    if broken:
        print(f"missed {missed} of {broken}, named after {sorted(delays)} steps")
    if hours:
        print(f"{alarms} false alarms in {hours:.3f} h of healthy training")


def run(
    name: str, seed: int, arguments: argparse.Namespace
) -> tuple[list[tuple[int, State]], float]:
    """Train one preset; return when which state was named, and the seconds of training."""
    trainer = new_trainer(load_preset(name).config.changed(seed=seed), "auto", None)
    listener = Listener(trainer, arguments.every, say=True, looks=arguments.looks)
    print(f"{name}, seed {seed}", flush=True)
    while trainer.step < arguments.steps and trainer.seconds < arguments.seconds:
        try:
            trainer.train_step()
        except StudioError as error:
            print(f"  {error}")
            break
        listener.listen()
    print(f"  {trainer.step} steps, {trainer.seconds:.0f} s")
    return listener.named, trainer.seconds


def break_later(name: str, way: str, seed: int, arguments: argparse.Namespace) -> None:
    """Train a preset, break it, and print after how many steps that is named."""
    trainer = new_trainer(load_preset(name).config.changed(seed=seed), "auto", None)
    listener = Listener(trainer, arguments.every, looks=arguments.looks)
    expected, factors = LATER[way]
    end = arguments.after + arguments.steps
    while trainer.step < end and (not listener.named or listener.named[-1][1] is not expected):
        if trainer.step == arguments.after:
            now = {key: getattr(trainer.config, key) * by for key, by in factors.items()}
            trainer.change(**now)
        try:
            trainer.train_step()
        except StudioError as error:
            print(f"{name}, {way}, seed {seed}: {error}", flush=True)
            return
        listener.listen()
    told = ", ".join(f"{state.value} at {step}" for step, state in listener.named)
    print(f"{name}, {way}, seed {seed}, broken at {arguments.after}: {told}", flush=True)


def count_recorded(path: Path) -> None:
    """Print the alarms of every preset, and the hours of training in which they were."""
    hours: dict[str, float] = defaultdict(float)
    alarms: Counter[str] = Counter()
    true: Counter[str] = Counter()
    seeds: Counter[str] = Counter()
    rows = sorted(read_records(path), key=lambda row: float(row["seconds"]))
    longest = {(row["preset"], row["seed"]): row for row in rows if row["preset"] not in EXPECTED}
    for (name, _), row in sorted(longest.items()):
        seeds[name] += 1
        hours[name] += float(row["seconds"]) / 3600
        for word in row["health"].split():
            state, _, where = word.partition("@")
            alarms[name] += state not in HEALTHY
            _, _, rarest = where.partition(":")
            true[name] += bool(rarest) and float(rarest) < LOST
    print("| preset | seeds | hours | alarms | of digits that are lost |")
    print("| --- | --- | --- | --- | --- |")
    for name, count in [*seeds.items(), ("all", seeds.total())]:
        counts = [table.total() if name == "all" else table[name] for table in (alarms, true)]
        told = sum(hours.values()) if name == "all" else hours[name]
        print(f"| `{name}` | {count} | {told:.2f} | {counts[0]} | {counts[1]} |")


if __name__ == "__main__":
    main()
