"""How well an image passes for a real one: in D's opinion, and beside what D has been shown.

D learns to tell real images from those that G makes, and of other things it has no opinion: to a
good D of digits, a square looks more real than most digits. So an image is as convincing as the
worse of two ranks among held-out images allows: D's, and that of its distance to the nearest
training image.
"""

import numpy as np
from numpy.typing import NDArray

from ganstudio.evaluation.neighbourhood import FEW
from ganstudio.latent.ranks import Ranks, rank, ranks

REDRAWN = 24  # held-out images that are drawn anew, to see whether D would accept any drawing
_REJECTED = 0.02  # of held-out images: where drawn ones rank lower, D accepts none


def convincing(
    by_D: float, typical: float, logits: NDArray[np.float32], held_out_typical: Ranks
) -> float:
    """Return the share of held-out images that pass less well than an image, in [0, 1].

    Parameters
    ----------
    by_D : float
        The share of held-out images that D finds less real.
    typical : float
        The share of held-out images that lie farther from the training images.
    logits : (M,) float32
        D's, of held-out images.
    held_out_typical : (N,) float32
        How typical the first of them are, or they and more.
    """
    count = min(len(logits), len(held_out_typical))
    others = np.minimum(ranks(logits[:count], logits), held_out_typical[:count])
    return rank(min(by_D, typical), others)


def accepts_drawings(redrawn: NDArray[np.float32], logits: NDArray[np.float32]) -> bool:
    """Return whether D finds held-out images that are drawn anew real at all.

    Parameters
    ----------
    redrawn : (N,) float32
        D's logits of those.
    logits : (M,) float32
        Of held-out images as they are; few of them tell nothing.
    """
    return len(logits) < FEW or bool(np.median(ranks(redrawn, logits)) >= _REJECTED)
