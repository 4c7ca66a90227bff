"""Few, wide, fully connected layers."""

import math

from torch import nn

OUTPUT_RANGE = (-1.0, 1.0)


def generator(latent_dim: int, image_shape: tuple[int, int, int]) -> nn.Module:
    """Return G."""
    return nn.Sequential(
        nn.Linear(latent_dim, 1024),
        nn.ReLU(),
        nn.Linear(1024, 2048),
        nn.ReLU(),
        nn.Linear(2048, math.prod(image_shape)),
        nn.Tanh(),
        nn.Unflatten(1, image_shape),
    )


def discriminator(shape: tuple[int, ...], outputs: int) -> nn.Module:
    """Return D."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(math.prod(shape), 512),
        nn.LeakyReLU(0.1),
        nn.Linear(512, outputs),
    )
