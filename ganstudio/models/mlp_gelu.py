"""Fully connected networks with GELU; BatchNorm and a sigmoid in G."""

import math
from itertools import pairwise

from torch import nn

OUTPUT_RANGE = (0.0, 1.0)
BATCH_NORM = True


def generator(latent_dim: int, image_shape: tuple[int, int, int]) -> nn.Module:
    """Return G."""
    layers: list[nn.Module] = []
    for n, m in pairwise((latent_dim, 128, 256, 512, 1024)):
        layers += [nn.Linear(n, m), nn.BatchNorm1d(m), nn.GELU()]
    last = nn.Linear(1024, math.prod(image_shape))
    return nn.Sequential(*layers, last, nn.Sigmoid(), nn.Unflatten(1, image_shape))


def discriminator(shape: tuple[int, ...], outputs: int) -> nn.Module:
    """Return D."""
    layers: list[nn.Module] = [nn.Flatten()]
    for n, m in pairwise((math.prod(shape), 512, 256, 128, 64, 32)):
        layers += [nn.Linear(n, m), nn.GELU()]
    return nn.Sequential(*layers, nn.Linear(32, outputs))
