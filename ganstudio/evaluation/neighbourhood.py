"""What lies near an image: training images, and how near that is. Free of torch."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganstudio.errors import Phrase

NEAREST = 6  # training images that are told
FEW = 40  # held-out images, below which a rank among them tells nothing

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True, slots=True)
class Near:
    """The training images nearest to an image.

    Attributes
    ----------
    images : (N, C, H, W) uint8
        They, the nearest first.
    distance : float
        To the nearest: the root of the mean square of pixels in [0, 1], or of features.
    share : float or None
        The share of held-out images that have a nearer one, in [0, 1]; None where they are few.
    among : int
        How many held-out images those are.
    """

    images: Pixels
    distance: float
    share: float | None
    among: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Neighbourhood:
    """What lies near an image.

    Attributes
    ----------
    pixels, features : Near or None
        By either measure; None where it is not known, or not yet.
    unfit : Phrase or None
        Why features say nothing of this data.
    """

    pixels: Near | None
    features: Near | None
    unfit: Phrase | None
