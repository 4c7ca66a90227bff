"""Measure the doctor; run by hand: ``python benchmarks/health.py --preset studio --steps 2000``.

Every preset is trained from every seed and looked at as ``ganstudio train`` does, but at fixed
steps, so that the hour of the machine does not matter. Of a healthy preset, every other name than
"learning" counts as a false alarm, once for as long as it lasts. One that is broken on purpose has
the state below from the first step on: it is missed if that is never named, and the delay is the
step at which it is. ``--recorded FILE`` trains nothing, and counts the false alarms in what
``quality.py --record FILE`` heard. ``--verify FILE`` trains those runs again, up to ``--steps``,
and counts the digits in fresh samples at each step at which "collapsing" was named: is any lost?
"""

import argparse
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import torch
from quality import Listener, read_records

from ganstudio.config import load_preset, preset_names
from ganstudio.errors import StudioError
from ganstudio.evaluation.features import digits
from ganstudio.latent.decode import decode
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
FRESH, LOST = 5000, 0.01  # samples, and the share below which a digit is lost
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
    parser.add_argument("--recorded", type=Path, help="count what quality.py heard")
    parser.add_argument("--verify", type=Path, help="look into the alarms that quality.py heard")
    arguments = parser.parse_args()
    if arguments.recorded:
        count_recorded(arguments.recorded)
        return
    torch.set_num_threads(arguments.threads)
    if arguments.verify:
        verify(arguments.verify, arguments.preset, arguments.steps)
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


def count_recorded(path: Path) -> None:
    """Print the false alarms of every preset, and the hours of training in which they were."""
    hours: dict[str, float] = defaultdict(float)
    alarms: Counter[str] = Counter()
    seeds: Counter[str] = Counter()
    rows = sorted(read_records(path), key=lambda row: float(row["seconds"]))
    longest = {(row["preset"], row["seed"]): row for row in rows if row["preset"] not in EXPECTED}
    for (name, _), row in sorted(longest.items()):
        seeds[name] += 1
        hours[name] += float(row["seconds"]) / 3600
        alarms[name] += sum(word.split("@")[0] not in HEALTHY for word in row["health"].split())
    print("| preset | seeds | hours | false alarms |\n| --- | --- | --- | --- |")
    for name, count in seeds.items():
        print(f"| `{name}` | {count} | {hours[name]:.2f} | {alarms[name]} |")
    print(f"| all | {seeds.total()} | {sum(hours.values()):.2f} | {alarms.total()} |")


def verify(path: Path, presets: list[str] | None, steps: int) -> None:
    """Print the shares of the rarest digits at each alarm, in fresh samples of the latest G."""
    heard: dict[tuple[str, int], set[int]] = defaultdict(set)
    for row in read_records(path):
        for word in row["health"].split():
            state, step = word.split("@")
            if state == State.COLLAPSING.value and int(step) <= steps:
                heard[row["preset"], int(row["seed"])].add(int(step))
    true = total = 0
    for (name, seed), alarms in sorted(heard.items()):
        if presets and name not in presets:
            continue
        trainer = new_trainer(load_preset(name).config.changed(seed=seed), "cpu", None)
        for alarm in sorted(alarms):
            while trainer.step < alarm:
                trainer.train_step()
            rng = np.random.default_rng(alarm)
            z = trainer.latent.sample(FRESH, rng)
            pieces = np.array_split(z, FRESH // 500)
            snapshot = trainer.snapshot()
            drawn = [decode(snapshot, piece, averaged=False) for piece in pieces]
            seen = np.concatenate([digits().of(images)[1].argmax(axis=1) for images in drawn])
            shares = np.bincount(seen, minlength=10) / FRESH
            rarest = shares.argsort()[:3]
            told = ", ".join(f"{digit}: {100 * shares[digit]:.2f} %" for digit in rarest)
            print(f"{name}, seed {seed}, step {alarm}: {told}", flush=True)
            total += 1
            true += bool(shares.min() < LOST)
    print(f"{true} of {total} alarms with a digit below {100 * LOST:g} %")


if __name__ == "__main__":
    main()
