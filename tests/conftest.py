"""What every test may use. No Qt here: the window's tests have fixtures of their own."""

import gzip
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import settings
from oracle import SMALL, compute_in_double, idx_bytes

from ganstudio.data.dataset import Dataset
from ganstudio.data.sources.mnist import FILES
from ganstudio.latent.snapshot import _Workplace

torch.set_num_threads(1)  # sums in one order, and no waiting for a busy neighbour
settings.register_profile(
    "suite", deadline=None, max_examples=30, derandomize=True, database=None, print_blob=False
)
settings.load_profile("suite")


@pytest.fixture(autouse=True)
def _user_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch):
    """Keep settings, caches and data of the person who runs the tests out of them."""
    home = tmp_path_factory.mktemp("home", numbered=True)
    monkeypatch.setenv("HOME", str(home))
    for name in ("CONFIG", "CACHE", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))


@pytest.fixture(scope="session")
def cpu() -> torch.device:
    return torch.device("cpu")


@pytest.fixture(scope="session")
def tiny() -> Dataset:
    """256 training and 64 held-out images: a bright bar per class, at a noisy brightness."""
    rng = np.random.default_rng(20)

    def draw(n: int):
        labels = np.arange(n, dtype=np.int64) % 10
        images = rng.integers(0, 30, (n, 1, 28, 28), dtype=np.uint8)
        for image, label in zip(images, labels, strict=True):
            image[0, 2 + 2 * label : 6 + 2 * label, 4:24] = rng.integers(150, 256)
        images.flags.writeable = labels.flags.writeable = False
        return images, labels

    (train, train_labels), (test, test_labels) = draw(256), draw(64)
    return Dataset(
        name="tiny", train=train, test=test, train_labels=train_labels, test_labels=test_labels
    )


@pytest.fixture(scope="session")
def tiny_root(tiny: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `tiny` as MNIST's files: the images gzipped, the labels plain."""
    root = tmp_path_factory.mktemp("tiny")
    arrays = (tiny.train[:, 0], tiny.train_labels, tiny.test[:, 0], tiny.test_labels)
    for name, values in zip(FILES, arrays, strict=True):
        if "images" in name:
            (root / f"{name}.gz").write_bytes(gzip.compress(idx_bytes(values)))
        else:
            (root / name).write_bytes(idx_bytes(values))
    return root


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the model mlp-gelu build networks that train in a millisecond, BatchNorm in both."""
    for name, build in SMALL.items():
        monkeypatch.setattr(f"ganstudio.models.mlp_gelu.{name}", build)
    monkeypatch.setattr("ganstudio.latent.snapshot._workplace", _Workplace())


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make trainers compute in float64."""
    compute_in_double(monkeypatch)


@pytest.fixture(autouse=True)
def ctrl_c() -> Iterator[None]:
    """Let Ctrl-C mean what it means at a terminal: a job in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
