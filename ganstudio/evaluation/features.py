"""A small classifier of digits, whose last layer but one measures how alike images are.

It is trained by ``resources/features/train.py``. Its features are not Inception's: a Fréchet
distance between them is comparable to others on the same weights only, which the short hash in
`Features.name` tells apart.
"""

import hashlib
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load
from torch import Tensor, nn
from torch.nn.functional import interpolate
from torch.nn.utils import fuse_conv_bn_eval

from ganstudio.data.dataset import Dataset
from ganstudio.errors import Phrase
from ganstudio.latent.networks import lay_channels_last
from ganstudio.resources import resource

SIDE = 28  # pixels: images of another size are resized with antialiasing
DIM = 64  # features
CLASSES = 10
FITS = 0.9  # of held-out images named right, at least: else the network does not know the data
_FILE = "features/digits.safetensors"
_BATCH = 100  # few enough to stay in the processor's cache


class DigitNet(nn.Module):
    """The network: (N, 1, 28, 28) in [-1, 1] to features (N, 64) and logits (N, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *_block(1, 16, 5),
            nn.MaxPool2d(2),
            *_block(16, 32, 3),
            *_block(32, 32, 3),
            nn.MaxPool2d(2),
            *_block(32, 64, 3),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(64 * 9, DIM),
            nn.ReLU(),
        )
        self.classes = nn.Linear(DIM, CLASSES)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return features and logits."""
        features = self.features(x)
        return features, self.classes(features)


def _block(inputs: int, outputs: int, side: int) -> list[nn.Module]:
    convolution = nn.Conv2d(inputs, outputs, side, padding=side // 2, bias=False)
    return [convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]


def _folded(net: nn.Sequential) -> nn.Sequential:
    """Return a copy that takes a quarter of the time.

    The normalisations are folded into the convolutions, and the channels lie last in memory.
    """
    layers: list[nn.Module] = []
    for layer in net:
        if isinstance(layer, nn.BatchNorm2d):
            convolution = layers.pop()
            assert isinstance(convolution, nn.Conv2d)
            layers.append(fuse_conv_bn_eval(convolution, layer))
        else:
            layers.append(layer)
    folded = nn.Sequential(*layers)
    lay_channels_last(folded)
    return folded


class Features:
    """The trained network, ready to look at images.

    Attributes
    ----------
    name : str
        Names the network and its weights: ``digits-`` and the first 8 hexadecimal digits of the
        weights' SHA-256.
    """

    def __init__(self, net: DigitNet, digest: str) -> None:
        net.eval().requires_grad_(False)
        self._features, self._classes = _folded(net.features), net.classes
        self.name = f"digits-{digest[:8]}"

    @torch.inference_mode()
    def of(self, images: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Look at images.

        Parameters
        ----------
        images : (N, 1, H, W) uint8
            Grey images.

        Returns
        -------
        (N, 64) float64
            Their features.
        (N, 10) float32
            The probability of each digit.
        """
        assert images.shape[1] == 1, images.shape
        features, probabilities = [], []
        for start in range(0, len(images), _BATCH):
            seen = self._features(prepared(images[start : start + _BATCH]))
            features.append(seen.double())
            probabilities.append(self._classes(seen).softmax(1))
        return torch.cat(features).numpy(), torch.cat(probabilities).numpy()


def prepared(images: NDArray[np.uint8]) -> Tensor:
    """Return (N, 1, H, W) uint8 images as the network takes them: (N, 1, 28, 28) in [-1, 1]."""
    x = torch.tensor(images).float()
    if x.shape[2:] != (SIDE, SIDE):
        x = interpolate(x, (SIDE, SIDE), mode="bilinear", antialias=True, align_corners=False)
    return x.div_(127.5).sub_(1)


def unfit(dataset: Dataset, features: Features) -> Phrase | None:
    """Return why features say nothing of a dataset, whatever its images are."""
    if dataset.image_shape[0] != 1:
        return Phrase("unfit-colour", network=features.name)
    if dataset.classes == 1:
        return Phrase("unfit-unlabelled", network=features.name)
    return None


def misread(right: float, features: Features) -> Phrase | None:
    """Return why features say nothing of images of which the share `right` are named right."""
    if right >= FITS:
        return None
    return Phrase("unfit-network", network=features.name, right=f"{100 * right:.0f}")


@cache
def digits() -> Features:
    """Return the network that the studio brings, loaded once."""
    raw = resource(_FILE).read_bytes()
    net = DigitNet()
    net.load_state_dict(load(raw))
    return Features(net, hashlib.sha256(raw).hexdigest())
