"""Kuzushiji-MNIST: 70,000 cursive Japanese characters of ten kinds, 28×28 grey.

Clanuwat et al. 2018, arXiv 1812.01718.
"""

from pathlib import Path

from ganstudio.data.dataset import Dataset, load_idx
from ganstudio.data.published import Published
from ganstudio.data.sources.mnist import FILES
from ganstudio.work import Work

PUBLISHED = Published(
    dataset="kmnist", torchvision="KMNIST", place="KMNIST/raw", files=FILES, megabytes=21
)


def load(root: Path | None, work: Work) -> Dataset:
    """Read the four IDX files; see `Published.obtain` for where from."""
    return load_idx("kmnist", PUBLISHED.obtain(root, work), FILES, work)
