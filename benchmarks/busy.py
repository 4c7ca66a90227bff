"""Measure training beside a program that takes a core; run by hand: ``python benchmarks/busy.py``.

``studio`` trains in a process of its own, with a fixed number of threads or with as many as the
window's `ThreadTuner` finds best; not at the niceness of the window, which would give way to the
other program. That takes one core for some seconds, and leaves it for as long. Steps count from
five seconds after each change on: these are to adapt in. The kinds take turns, so that a noisy
machine is noisy for all.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import window
from window import rate, read_steps

from ganstudio.training.threads import cores

SETTLING = 5.0  # s
WARM_UP_STEPS = 20
ADAPTS = "adapts"
HOG = "while True: pass"


def main() -> None:
    """Let all kinds train in turn, and compare what adapts with the best that does not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=20.0, help="with a core taken, and free")
    parser.add_argument("--child", metavar="KIND")
    arguments = parser.parse_args()
    if arguments.child:
        _train(arguments.child)
        return
    kinds = (ADAPTS, *(str(count) for count in range(1, cores() + 1)))
    shares: dict[str, list[float]] = {"taken": [], "free": []}
    for _ in range(arguments.rounds):
        rates = {kind: _measured(kind, arguments.seconds) for kind in kinds}
        for when, ratios in shares.items():
            fixed = max(rates[kind][when] for kind in kinds[1:])
            ratios.append(rates[ADAPTS][when] / fixed)
            told = ", ".join(f"{kind} {rates[kind][when]:.1f}" for kind in kinds)
            print(f"a core {when}: {told} steps/s, {ratios[-1]:.3f} of the best", flush=True)
    for when, ratios in shares.items():
        low, high = min(ratios), max(ratios)
        middle = statistics.median(ratios)
        print(
            f"a core {when}: median {middle:.3f} of the best fixed count ({low:.2f} to {high:.2f})"
        )


def _measured(kind: str, seconds: float) -> dict[str, float]:
    """Train while a core is taken, then free, and return the steps a second of each."""
    command = [sys.executable, __file__, "--child", kind]
    environment = {**os.environ, "PYTHONPATH": str(window.ROOT)}
    with tempfile.TemporaryDirectory() as folder:
        steps, changes = Path(folder, "steps"), []
        with steps.open("w") as out:
            training = subprocess.Popen(command, env=environment, stdout=out)
        try:
            while not read_steps(steps):
                time.sleep(0.1)
            changes.append(time.monotonic())
            hog = subprocess.Popen([sys.executable, "-c", HOG])
            try:
                time.sleep(seconds)
            finally:
                hog.kill()
                hog.wait()
            changes.append(time.monotonic())
            time.sleep(seconds)
            changes.append(time.monotonic())
        finally:
            training.kill()
            training.wait()
        made = read_steps(steps)
    spans = zip(("taken", "free"), changes[:-1], changes[1:], strict=True)
    return {when: rate(made, began + SETTLING, ended) for when, began, ended in spans}


def _train(kind: str) -> None:
    """Train until killed, and print when each step was made."""
    from ganstudio.config import load_preset
    from ganstudio.training.headless import new_trainer
    from ganstudio.training.threads import ThreadTuner, use_threads

    trainer, tuner = new_trainer(load_preset("studio").config, "cpu", None), None
    if kind == ADAPTS:
        tuner = ThreadTuner()
    else:
        use_threads(int(kind))
    due = 0.0
    while True:
        began = time.monotonic()
        trainer.train_step()
        now = time.monotonic()
        if tuner is not None:
            tuner.step_took(now - began, now)
        if trainer.step >= WARM_UP_STEPS and now >= due:
            due = now + window.COUNT_SECONDS
            print(json.dumps([now, trainer.step]), flush=True)


if __name__ == "__main__":
    main()
