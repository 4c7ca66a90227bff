"""How far samples are from data, in the space of a network's features.

Every function takes float64 features, (n, d) each, and returns a `Figure`: the estimate and a 95 %
confidence interval over the samples, given the reference.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganstudio.evaluation.quality import Figure

Matrix = NDArray[np.float64]

NEIGHBOURS_PR = 3  # Kynkäänniemi et al. 2019
NEIGHBOURS_DC = 5  # Naeem et al. 2020
KID_MOST = 5000  # images a side: its time grows with the product, its error hardly shrinks
_GROUPS = 20  # of the jackknife
_T = 2.093024  # of a 95 % interval of Student's t with one degree of freedom less than groups
_Z = 1.959964  # of a normal 95 % interval
_ROWS = 200  # of a distance matrix at a time: larger pieces cost more to get from the system


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean (d,) and unbiased covariance (d, d) of features."""

    mean: Matrix
    cov: Matrix

    @staticmethod
    def of(features: Matrix) -> "Moments":
        """Return the moments of (n, d) features, n > 1."""
        return Moments(features.mean(0), np.cov(features, rowvar=False))


def frechet_distance(a: Moments, b: Moments) -> float:
    """Return the squared Fréchet distance of two Gaussians (Dowson and Landau 1982).

    Called FID where the features are Inception's (Heusel et al. 2017, arXiv 1706.08500); these
    are not.
    """
    values, vectors = np.linalg.eigh(a.cov)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    overlap = np.sqrt(np.linalg.eigvalsh(root @ b.cov @ root).clip(0)).sum()
    apart = np.square(a.mean - b.mean).sum() + np.trace(a.cov) + np.trace(b.cov) - 2 * overlap
    return max(0.0, float(apart))


def frechet(real: Moments, fake: Matrix) -> Figure:
    """Return the Fréchet distance between real moments and those of samples."""
    n, groups = len(fake), np.array_split(fake, _GROUPS)
    sums = np.stack([group.sum(0) for group in groups])
    squares = np.stack([group.T @ group for group in groups])

    def without(i: int) -> float:
        left = n - len(groups[i])
        mean = (sums.sum(0) - sums[i]) / left
        cov = (squares.sum(0) - squares[i] - left * np.outer(mean, mean)) / (left - 1)
        return frechet_distance(real, Moments(mean, cov))

    value = frechet_distance(real, Moments.of(fake))
    return _jackknifed(value, np.array([without(i) for i in range(_GROUPS)]))


def kernel_mean(real: Matrix) -> float:
    """Return the mean of `kid`'s kernel over pairs of different rows."""
    x = torch.from_numpy(real)
    total = sum(float(k.sum()) for k in _kernel(x, x)) - float(_diagonal(x).sum())
    return total / (len(x) * (len(x) - 1))


def kid(real: Matrix, fake: Matrix, among_real: float) -> Figure:
    """Return the kernel inception distance, unbiased (Bińkowski et al. 2018, arXiv 1801.01401).

    The squared maximum mean discrepancy with the kernel (x·y/d + 1)³, over all pairs; it can be
    below 0. `among_real` is the `kernel_mean` of `real`, which many samples are compared with.
    """
    x, y = torch.from_numpy(real), torch.from_numpy(fake)
    group = torch.from_numpy(np.repeat(np.arange(_GROUPS), [*map(len, _split(len(y)))]))
    sizes = torch.bincount(group, minlength=_GROUPS).double()
    across = torch.zeros(_GROUPS, dtype=torch.float64)  # sums of K(x, y) by y's group
    for k in _kernel(x, y):
        across.index_add_(0, group, k.sum(0))
    among = torch.zeros((_GROUPS, _GROUPS), dtype=torch.float64)  # of K(y, y') by both groups
    for rows, k in zip(_rows(group), _kernel(y, y), strict=True):
        by_column = torch.zeros((len(k), _GROUPS), dtype=torch.float64).index_add_(1, group, k)
        among.index_add_(0, rows, by_column)
    itself = torch.zeros(_GROUPS, dtype=torch.float64).index_add_(0, group, _diagonal(y))
    among -= itself.diag()

    def estimate(kept: Tensor) -> float:
        n = float(sizes[kept].sum())
        within = float(among[kept][:, kept].sum()) / (n * (n - 1))
        return among_real + within - 2 * float(across[kept].sum()) / (len(x) * n)

    everyone = torch.arange(_GROUPS)
    left_out = [estimate(everyone[everyone != i]) for i in range(_GROUPS)]
    return _jackknifed(estimate(everyone), np.array(left_out))


def precision_recall(real: Matrix, fake: Matrix) -> tuple[Figure, Figure]:
    """Return improved precision and recall (Kynkäänniemi et al. 2019, arXiv 1904.06991).

    The share of samples within the data's manifold, and of data within the samples'.
    """
    x, y = torch.from_numpy(real), torch.from_numpy(fake)
    x_radii, y_radii = _radii(x, NEIGHBOURS_PR), _radii(y, NEIGHBOURS_PR)
    inside_x = []
    inside_y = torch.zeros((_GROUPS, len(x)), dtype=torch.bool)
    for group, part in _parts(len(y)):
        apart = torch.cdist(y[part], x, compute_mode=_MODE)
        inside_x.append((apart <= x_radii).any(1))
        inside_y[group] |= (apart <= y_radii[part, None]).any(0)
    return _share(torch.cat(inside_x)), _reached(inside_y)


def density_coverage(real: Matrix, fake: Matrix) -> tuple[Figure, Figure]:
    """Return density and coverage (Naeem et al. 2020, arXiv 2002.09797).

    In how many of the data's neighbourhoods a sample lies, of `NEIGHBOURS_DC` expected; and the
    share of data with a sample in their neighbourhood.
    """
    x, y = torch.from_numpy(real), torch.from_numpy(fake)
    radii = _radii(x, NEIGHBOURS_DC)
    counts = []
    covered = torch.zeros((_GROUPS, len(x)), dtype=torch.bool)
    for group, part in _parts(len(y)):
        within = torch.cdist(y[part], x, compute_mode=_MODE) < radii
        counts.append(within.sum(1))
        covered[group] |= within.any(0)
    return mean(torch.cat(counts).double().numpy() / NEIGHBOURS_DC), _reached(covered)


def share(count: int, n: int) -> Figure:
    """Return count / n with Wilson's interval."""
    p, z2 = count / n, _Z**2 / n
    middle = (p + z2 / 2) / (1 + z2)
    half = float(np.sqrt(p * (1 - p) * z2 + z2**2 / 4)) / (1 + z2)
    return Figure(p, max(0.0, middle - half), min(1.0, middle + half))


def mean(values: NDArray[np.floating]) -> Figure:
    """Return the mean of (n,) values with its normal interval."""
    half = _Z * values.std(ddof=1) / np.sqrt(len(values))
    middle = float(values.mean())
    return Figure(middle, float(middle - half), float(middle + half))


_MODE = "use_mm_for_euclid_dist"  # 20 times as fast as differences; exact enough in float64


def _rows(x: Tensor) -> list[Tensor]:
    return [x[start : start + _ROWS] for start in range(0, len(x), _ROWS)]


def _split(n: int) -> list[NDArray[np.intp]]:
    return np.array_split(np.arange(n), _GROUPS)


def _kernel(x: Tensor, y: Tensor) -> Iterator[Tensor]:
    """Give the kernel's matrix, some rows at a time."""
    for rows in _rows(x):
        plain = (rows @ y.T).div_(x.shape[1]).add_(1)
        yield plain.square().mul_(plain)  # a third of the time of ** 3


def _diagonal(x: Tensor) -> Tensor:
    return (x.square().sum(1) / x.shape[1] + 1) ** 3


def _radii(x: Tensor, k: int) -> Tensor:
    """Return the distance of every row's k-th neighbour among the others, (n,)."""
    found = []
    for rows in _rows(x):
        nearest = torch.cdist(rows, x, compute_mode=_MODE).topk(k + 1, largest=False)  # and itself
        found.append(nearest.values[:, k])
    return torch.cat(found)


def _parts(n: int) -> Iterator[tuple[int, slice]]:
    """Give the jackknife's groups of `n` samples in pieces: the group's number, and where."""
    for group, rows in enumerate(_split(n)):
        end = int(rows[-1]) + 1
        for start in range(int(rows[0]), end, _ROWS):
            yield group, slice(start, min(start + _ROWS, end))


def _share(true: Tensor) -> Figure:
    return share(int(true.sum()), len(true))


def _reached(reached: Tensor) -> Figure:
    """Return the share of data that any group of samples reaches, (groups, n) bool."""
    times = reached.sum(0)
    left_out = ((times - reached.long()) > 0).double().mean(1).numpy()
    value = float((times > 0).double().mean())
    found = _jackknifed(value, left_out)
    return Figure(value, max(0.0, found.low), min(1.0, found.high))


def _jackknifed(value: float, left_out: NDArray[np.float64]) -> Figure:
    """Return an estimate with the interval of the delete-a-group jackknife (Quenouille 1956)."""
    spread = np.square(left_out - left_out.mean()).sum() * (_GROUPS - 1) / _GROUPS
    half = _T * float(np.sqrt(spread))
    return Figure(value, value - half, value + half)
