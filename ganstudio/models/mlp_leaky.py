"""Four fully connected layers in G, with LeakyReLU; no normalisation."""

import math
from itertools import pairwise

from torch import nn

OUTPUT_RANGE = (-1.0, 1.0)


def generator(latent_dim: int, image_shape: tuple[int, int, int]) -> nn.Module:
    """Return G."""
    layers: list[nn.Module] = []
    for n, m in pairwise((latent_dim, 128, 256, 512)):
        layers += [nn.Linear(n, m), nn.LeakyReLU(0.2)]
    last = nn.Linear(512, math.prod(image_shape))
    return nn.Sequential(*layers, last, nn.Tanh(), nn.Unflatten(1, image_shape))


def discriminator(shape: tuple[int, ...], outputs: int) -> nn.Module:
    """Return D."""
    layers: list[nn.Module] = [nn.Flatten()]
    for n, m in pairwise((math.prod(shape), 512, 256)):
        layers += [nn.Linear(n, m), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Linear(256, outputs))
