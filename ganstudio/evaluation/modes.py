"""How many of Stacked-MNIST's 1,000 modes samples reach, and how evenly.

The protocol of VEEGAN (Srivastava et al. 2017, arXiv 1705.07761) and PacGAN (Lin et al. 2018, arXiv
1712.04086), also that of R3GAN (Huang et al. 2024, arXiv 2501.05441): a classifier of digits names
each channel of 26,000 samples, and the three digits are the mode.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganstudio.evaluation.features import CLASSES, Features

MODES = CLASSES**3
SAMPLES = 26_000  # of the published figures: 26 a mode

Labels = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Modes:
    """What samples cover of the data's modes.

    Attributes
    ----------
    n : int
        How many samples were looked at.
    found : int
        In how many of the `MODES` at least one of them lies.
    kl : float
        The reverse Kullback-Leibler divergence KL(samples' modes || data's modes), in nats;
        infinite if a sample lies in a mode that the data have not. Samples as good as data do not
        reach 0: about (`MODES` - 1) / 2n is expected of them (Miller 1955), 0.019 at `SAMPLES`.
    """

    n: int
    found: int
    kl: float


def coverage(labels: Labels, data_labels: Labels) -> Modes:
    """Compare the modes of samples with those of the data.

    Parameters
    ----------
    labels : (N,) int64
        The samples' modes, 0 to 999; N > 0.
    data_labels : (M,) int64
        The data's; M > 0.
    """
    p, q = (np.bincount(modes, minlength=MODES) / len(modes) for modes in (labels, data_labels))
    found = p > 0
    with np.errstate(divide="ignore"):  # a mode that the data have not: infinite
        kl = float(np.sum(p[found] * np.log(p[found] / q[found])))
    return Modes(n=len(labels), found=int(found.sum()), kl=kl)


def stacked_labels(images: NDArray[np.uint8], features: Features) -> Labels:
    """Name the modes of images whose three channels are a digit each.

    Parameters
    ----------
    images : (N, 3, H, W) uint8
        Images; 0 is black.
    features : Features
        The network that names the digits.

    Returns
    -------
    (N,) int64
        100, 10 and 1 times the digits of the channels, as Stacked-MNIST's labels.
    """
    assert images.shape[1] == 3, images.shape
    digits = [features.of(images[:, [channel]])[1].argmax(1) for channel in range(3)]
    labels: Labels = np.stack(digits, axis=1) @ np.array([100, 10, 1])
    return labels
