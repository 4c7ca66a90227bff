"""What one of several processes does that train together: run by `test_ranks`, once for each rank.

``python together.py WHAT FOLDER RANK COUNT PORT``
"""

import os
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from oracle import compute_in_double

from ganstudio.config import Config, load_preset
from ganstudio.data.dataset import Dataset
from ganstudio.errors import StudioError
from ganstudio.training import checkpoint, headless
from ganstudio.training.limits import Limit
from ganstudio.training.ranks import ALONE, Ranks, joined
from ganstudio.training.trainer import Trainer

CPU = torch.device("cpu")
SIDE, STEPS = 12, 5
PENALTIES = {"r1": 1.0, "r2": 0.5, "gradient_penalty": 2.0, "penalty_every": 2}
RECIPES: dict[str, tuple[str, dict]] = {
    "BatchNorm in G, shared fakes": ("mlp-gelu", {}),
    "BatchNorm in both, all penalties": ("dcgan", PENALTIES),
    "an autoencoder": ("aae", {"image_size": 0}),
    "classes": ("cgan", {}),
    "codes": ("infogan", {}),
    "spectral norm": ("sngan", {}),
    "pairs, k of 2": ("r3gan", {"d_steps": 2}),
    "both gradients at once, perturbed": ("conv", {"translation": 0.2, "instance_noise": 0.1}),
}
"""What is trained, by what it shows."""


def images() -> Dataset:
    """64 images, no two alike."""
    rng = np.random.default_rng(5)
    pixels, labels = rng.integers(0, 256, (64, 1, SIDE, SIDE), dtype=np.uint8), np.arange(64) % 10
    return Dataset(name="noisy", train=pixels, test=pixels, train_labels=labels, test_labels=labels)


def config(recipe: str) -> Config:
    """Return the settings of one of `RECIPES`."""
    preset, changes = RECIPES[recipe]
    return load_preset(preset).config.changed(batch_size=8, **changes)


def trained(recipe: str, ranks: Ranks = ALONE) -> Trainer:
    """Train one of `RECIPES` for a few steps."""
    trainer = Trainer(config(recipe), images(), CPU, ranks=ranks)
    for _ in range(STEPS):
        trainer.train_step()
    trainer.drain()
    return trainer


def train_all(ranks: Ranks, folder: Path) -> None:
    """Train all of `RECIPES`, and save them from every rank."""
    compute_in_double(pytest.MonkeyPatch())
    for i, recipe in enumerate(RECIPES):
        checkpoint.save(trained(recipe, ranks), folder / f"{i}-{ranks.rank}.pt")


def train_into(ranks: Ranks, folder: Path, at: int, action: object) -> None:
    """Train into a folder as `ganstudio train` does; the last rank does something at a step."""
    original = Trainer.train_step

    def train_step(self: Trainer) -> None:
        original(self)
        if self.step == at and ranks.rank == ranks.count - 1:
            action()

    pytest.MonkeyPatch().setattr(Trainer, "train_step", train_step)
    trainer = Trainer(load_preset("mlp-leaky").config, images(), CPU, ranks=ranks)
    if ranks.first:
        ended = headless.train(trainer, folder, Limit(steps=1000))
    else:
        ended = headless.accompany(trainer, Limit(steps=1000))
    (folder / f"rank-{ranks.rank}").write_text(f"{trainer.step} {ended}")


def main() -> None:
    """Do one of these."""
    what, folder, rank, count, port = sys.argv[1:]
    os.environ |= {"RANK": rank, "WORLD_SIZE": count}
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    torch.set_num_threads(1)
    with joined(CPU) as ranks:
        if what == "all":
            train_all(ranks, Path(folder))
        elif what == "interrupt":
            train_into(ranks, Path(folder), 3, lambda: signal.raise_signal(signal.SIGINT))
        elif what == "die":
            train_into(ranks, Path(folder), 3, lambda: os._exit(9))


if __name__ == "__main__":
    try:
        main()
    except StudioError as error:
        raise SystemExit(f"{error.code}: {error}") from None
