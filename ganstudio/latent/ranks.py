"""Ranks among held-out images: what makes verdicts comparable, whatever their scale."""

import numpy as np
from numpy.typing import NDArray

Ranks = NDArray[np.float32]


def ranks(values: NDArray[np.float32], reference: NDArray[np.float32]) -> Ranks:
    """Return the share of `reference`, (M,), below each of `values`, (N,); ties count half."""
    ordered = np.sort(reference)
    below = np.searchsorted(ordered, values, side="left")
    up_to = np.searchsorted(ordered, values, side="right")
    found: Ranks = ((below + up_to) / (2 * max(1, len(reference)))).astype(np.float32)
    return found


def rank(value: float, reference: NDArray[np.float32]) -> float:
    """Return the rank of one value: a logit of D, say, which looks more real the higher it is."""
    return float(ranks(np.array([value], np.float32), reference)[0])
