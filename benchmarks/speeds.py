"""Measure how many steps a second every preset makes; run by hand, while the machine is quiet.

``python benchmarks/speeds.py > benchmarks/speeds.toml``. The presets take turns, so that an hour
that changes hurts all alike; what is written is the median of the turns. ``quality.py --clock``
counts seconds by it, so that runs mean the same in any hour, and repeat bit for bit.
"""

import argparse
import datetime
import statistics
import sys
import time

import torch

from ganstudio.config import built_in_presets, load_preset
from ganstudio.training.headless import new_trainer
from ganstudio.training.threads import cores, use_threads

WARM_UP = 8  # steps: at least one of them has the penalty


def main() -> None:
    """Train every preset for a moment, by turns, and write the medians as TOML."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0, help="of a turn")
    parser.add_argument("--threads", type=int, default=cores())
    arguments = parser.parse_args()
    use_threads(arguments.threads)
    sound = [name for name in built_in_presets() if not load_preset(name).group]
    trainers = {name: new_trainer(load_preset(name).config, "cpu", None) for name in sound}
    for trainer in trainers.values():
        for _ in range(WARM_UP):
            trainer.train_step()
    speeds: dict[str, list[float]] = {name: [] for name in sound}
    for turn in range(arguments.turns):
        for name, trainer in trainers.items():
            first, start = trainer.step, time.perf_counter()
            while (spent := time.perf_counter() - start) < arguments.seconds:
                trainer.train_step()
            speeds[name].append((trainer.step - first) / spent)
        print(f"turn {turn + 1} of {arguments.turns}", file=sys.stderr)
    print(f"# Steps a second: python benchmarks/speeds.py, {datetime.date.today()},")
    print(f"# {arguments.threads} threads, torch {torch.__version__}, the median of its turns.")
    for name, found in speeds.items():
        spread = f"{min(found):.1f} to {max(found):.1f}"
        print(f"{name} = {statistics.median(found):.1f}  # {spread}")


if __name__ == "__main__":
    main()
