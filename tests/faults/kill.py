"""Kill a program that saves all the time, again and again: nothing that was saved may be lost.

Run by hand: ``python tests/faults/kill.py --times 200``. Each time a child trains a small run as
the window does, saves it after every step, and says so; every second one is saved once, and then
keeps a moment of every step. After a random while it is killed with SIGKILL. Then the run must be
listed as cut short, it must open at the step that was last said to be kept or a later one, with
the numbers of all steps, and train on.
"""

import argparse
import math
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

import torch

from ganstudio import library
from ganstudio.config import Config
from ganstudio.data.dataset import Dataset
from ganstudio.data.loading import load
from ganstudio.training import checkpoint, device, past
from ganstudio.training.homes import Homes
from ganstudio.training.trainer import Trainer
from ganstudio.work import Work

CONFIG = Config(model="mlp-leaky", batch_size=16, latent_dim=5, r1=0)
LONGEST = 0.4  # s, from the first save to the end


def main() -> None:
    """Kill so many children; say what was found, and fail if anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    dataset, rng = load("mnist", 0, None, Work()), random.Random(arguments.seed)
    bad, steps, behind = 0, [], 0
    for number in range(arguments.times):
        with tempfile.TemporaryDirectory() as folder:
            saved = _killed(dataset, Path(folder), rng.uniform(0, LONGEST), number)
            found = _found(dataset, Path(folder))
        if found is None or found < saved:
            bad += 1
            print(f"{number}: saved step {saved}, found {found}")
        else:
            steps.append(saved)
            behind += found > saved
    print(
        f"{arguments.times} killed, {bad} lost or damaged; most steps of one: "
        f"{max(steps, default=0)}; {behind} were killed between writing a step and saying so"
    )
    sys.exit(bool(bad))


def _killed(dataset: Dataset, folder: Path, seconds: float, seed: int) -> int:
    """Let a child save into a library until it is killed; return the last step it told of."""
    reading, writing = os.pipe()
    if not (child := os.fork()):
        os.close(reading)
        _train(dataset, folder, writing, seed)
    os.close(writing)
    with os.fdopen(reading, "rb") as told:
        first = told.readline()
        time.sleep(seconds)  # the random moment; no test waits for it
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        lines = [line for line in (first, *told.readlines()) if line.endswith(b"\n")]
    return int(lines[-1])


def _train(dataset: Dataset, folder: Path, told: int, seed: int) -> None:
    """Train, save and tell for ever (in the child)."""
    torch.set_num_threads(1)
    past.SECONDS, past.SHARE = 0.0, math.inf
    homes = Homes(folder)
    trainer = Trainer(CONFIG.changed(seed=seed), dataset, device.choose("cpu"))
    homes.begin(trainer)
    while True:
        trainer.train_step()
        if seed % 2 or trainer.step == 1:
            homes.save(trainer)
        else:
            homes.remember(trainer, None)
        os.write(told, f"{trainer.step}\n".encode())


def _found(dataset: Dataset, folder: Path) -> int | None:
    """Return the step of the run that was cut short, after it went on; None if that is lost."""
    reading, writing = os.pipe()
    if not (child := os.fork()):  # torch's threads are no parent's to have before it forks
        torch.set_num_threads(1)
        ((home, _),) = library.cut_short(folder)
        content = past.newest(home, checkpoint.read(home / library.LAST))
        place = device.choose("cpu")
        trainer = checkpoint.restore(content, home / library.LAST, dataset, place)
        step = trainer.step
        trainer.train_step()
        trainer.drain()
        assert len(trainer.history) == trainer.step == step + 1
        os.write(writing, f"{step}\n".encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as told:
        line = told.readline()
    os.waitpid(child, 0)
    return int(line) if line else None


if __name__ == "__main__":
    main()
