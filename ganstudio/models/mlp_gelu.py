"""Fully connected networks with GELU; BatchNorm and a sigmoid in G."""

import math
from itertools import pairwise

from torch import nn

from ganstudio.models._networks import Networks


def build(latent_dim: int, image_shape: tuple[int, int, int]) -> Networks:
    """Return G and D for images of any size."""
    pixels = math.prod(image_shape)
    G: list[nn.Module] = []
    for n, m in pairwise((latent_dim, 128, 256, 512, 1024)):
        G += [nn.Linear(n, m), nn.BatchNorm1d(m), nn.GELU()]
    G += [nn.Linear(1024, pixels), nn.Sigmoid(), nn.Unflatten(1, image_shape)]
    D: list[nn.Module] = [nn.Flatten()]
    for n, m in pairwise((pixels, 512, 256, 128, 64, 32)):
        D += [nn.Linear(n, m), nn.GELU()]
    D += [nn.Linear(32, 1), nn.Flatten(0)]
    return Networks(G=nn.Sequential(*G), D=nn.Sequential(*D), output_range=(0.0, 1.0))
