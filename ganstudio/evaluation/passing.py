"""How well an image passes for a real one: in D's opinion, and beside what D has been shown.

D learns to tell real images from those that G makes, and of other things it has no opinion: to a
good D of digits, a square looks more real than most digits. So an image is as convincing as the
worse of two ranks among held-out images allows: D's, and that of its distance to the nearest
training image.
"""

import numpy as np
from numpy.typing import NDArray

Ranks = NDArray[np.float32]

REDRAWN = 24  # held-out images that are drawn anew, to see whether D would accept any drawing
_REJECTED = 0.02  # of held-out images: where drawn ones rank lower, D accepts none


def ranks(values: NDArray[np.float32], reference: NDArray[np.float32]) -> Ranks:
    """Return the share of `reference`, (M,), below each of `values`, (N,); ties count half."""
    ordered = np.sort(reference)
    below = np.searchsorted(ordered, values, side="left")
    up_to = np.searchsorted(ordered, values, side="right")
    found: Ranks = ((below + up_to) / (2 * max(1, len(reference)))).astype(np.float32)
    return found


def convincing(rank: float, typical: float, held_out: Ranks, held_out_typical: Ranks) -> float:
    """Return the share of held-out images that pass less well than an image, in [0, 1].

    Parameters
    ----------
    rank : float
        The share of held-out images that D finds less real.
    typical : float
        The share of held-out images that lie farther from the training images.
    held_out, held_out_typical : (M,) float32
        The same of each of some held-out images.
    """
    worse = np.array([min(rank, typical)], np.float32)
    return float(ranks(worse, np.minimum(held_out, held_out_typical))[0])


def accepts_drawings(redrawn: Ranks) -> bool:
    """Return whether D finds held-out images that were drawn anew real at all, by their ranks."""
    return bool(np.median(redrawn) >= _REJECTED)
