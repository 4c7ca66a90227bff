"""Fashion-MNIST: 70,000 pieces of clothing, 28×28 grey (Xiao et al. 2017, arXiv 1708.07747)."""

from pathlib import Path

from ganstudio.data.dataset import Dataset, load_idx
from ganstudio.data.published import Published
from ganstudio.data.sources.mnist import FILES
from ganstudio.work import Work

PUBLISHED = Published(
    dataset="fashion-mnist",
    torchvision="FashionMNIST",
    place="FashionMNIST/raw",
    files=FILES,
    megabytes=31,
)


def load(root: Path | None, work: Work) -> Dataset:
    """Read the four IDX files; see `Published.obtain` for where from."""
    return load_idx("fashion-mnist", PUBLISHED.obtain(root, work), FILES, work)
