"""A run as the window hears of it, for panels that are tested without one."""

from typing import Any

import numpy as np

from ganstudio.config import Config
from ganstudio.data.dataset import Dataset
from ganstudio.latent.spec import LatentPart, LatentSpec
from ganstudio.training.history import History
from ganstudio.training.status import Curves, RunInfo

CURVES = Curves(
    losses=("real_loss", "fake_loss", "g_loss"),
    score_range=None,
    loss_reference=None,
    score_reference=None,
    formula="",
    sentence="",
)


def run_info(images: np.ndarray | None = None, dim: int = 64, **changes: Any) -> RunInfo:
    """Return a run on `images`, (N, C, H, W) uint8, which are its training and held-out ones."""
    if images is None:
        images = np.zeros((1, 1, 28, 28), np.uint8)
    labels = np.zeros(len(images), np.int64)
    fields = {
        "run_id": "run",
        "config": Config(),
        "device": "cpu",
        "devices": ("cpu",),
        "latent": LatentSpec((LatentPart(name="z", kind="normal", dim=dim),)),
        "image_shape": images.shape[1:],
        "averaged": True,
        "curves": CURVES,
        "history": History(),
        "dataset": Dataset(
            name="test", train=images, test=images, train_labels=labels, test_labels=labels
        ),
        "real": images,
        "real_labels": labels,
        "held_out": images,
        "held_out_labels": labels,
    }
    return RunInfo(**{**fields, **changes})
