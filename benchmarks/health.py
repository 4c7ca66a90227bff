"""Measure the doctor; run by hand: ``python benchmarks/health.py --preset studio --steps 2000``.

Every preset is trained from every seed and looked at as ``ganstudio train`` does, but at fixed
steps, so that the hour of the machine does not matter. Of a healthy preset, every other name than
"learning" counts as a false alarm, once for as long as it lasts. One that is broken on purpose has
the state below from the first step on: it is missed if that is never named, and the delay is the
step at which it is.
"""

import argparse
import sys

import torch

from ganstudio.config import load_preset, preset_names
from ganstudio.errors import StudioError
from ganstudio.training.headless import new_trainer
from ganstudio.training.health import Doctor, State
from ganstudio.training.observer import Observer
from ganstudio.training.runner import describe

EXPECTED = {
    "broken-rates": {State.DIVERGING},
    "broken-k0": {State.BLIND},
    "broken-k20": {State.WINNING},
    "broken-no-penalty": {State.WINNING},
    "broken-ten-images": {State.MEMORISING},
    "broken-frozen-g": {State.STUCK},
}
HEALTHY = {State.LEARNING, State.WAITING}


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
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
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
                alarms += sum(state not in HEALTHY for _, state in named)
    if broken:
        print(f"missed {missed} of {broken}, named after {sorted(delays)} steps")
    if hours:
        print(f"{alarms} false alarms in {hours:.3f} h of healthy training")


def run(
    name: str, seed: int, arguments: argparse.Namespace
) -> tuple[list[tuple[int, State]], float]:
    """Train one preset; return when which state was named, and the seconds of training."""
    trainer = new_trainer(load_preset(name).config.changed(seed=seed), "auto", None)
    observer, doctor = Observer(describe(trainer)), Doctor()
    named: list[tuple[int, State]] = []
    print(f"{name}, seed {seed}", flush=True)
    while trainer.step < arguments.steps and trainer.seconds < arguments.seconds:
        try:
            trainer.train_step()
        except StudioError as error:
            print(f"  {error}")
            break
        if trainer.step % arguments.every:
            continue
        trainer.drain()
        (*_, look) = observer.look(trainer.snapshot())
        assert look is not None
        if arguments.looks:
            gradients = (float(trainer.history.column(f"{net}_grad")[-1]) for net in "gd")
            print("   ", look, "gradients", *(f"{value:.3g}" for value in gradients), flush=True)
        diagnosis = doctor.hear(look, trainer.config, trainer.history)
        if diagnosis.state is not (named[-1][1] if named else State.WAITING):
            named.append((trainer.step, diagnosis.state))
            print(f"  step {trainer.step}: {diagnosis}", flush=True)
    print(f"  {trainer.step} steps, {trainer.seconds:.0f} s")
    return named, trainer.seconds


if __name__ == "__main__":
    sys.exit(main())
