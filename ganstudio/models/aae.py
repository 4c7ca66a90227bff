"""An adversarial autoencoder (Makhzani et al. 2016, arXiv 1511.05644), fully connected.

D judges codes: drawn from the prior are real, encoded images are fake.
"""

import math

from torch import nn

OUTPUT_RANGE = (-1.0, 1.0)
BATCH_NORM = True


def generator(latent_dim: int, image_shape: tuple[int, int, int]) -> nn.Module:
    """Return the decoder."""
    pixels = math.prod(image_shape)
    return nn.Sequential(*_hidden(latent_dim, pixels), nn.Tanh(), nn.Unflatten(1, image_shape))


def encoder(latent_dim: int, image_shape: tuple[int, int, int]) -> nn.Module:
    """Return the encoder; its last layer holds the means' and the log variances' side by side."""
    return nn.Sequential(nn.Flatten(), *_hidden(math.prod(image_shape), 2 * latent_dim))


def discriminator(shape: tuple[int, ...], outputs: int) -> nn.Module:
    """Return D."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(math.prod(shape), 512),
        nn.LeakyReLU(0.2),
        nn.Linear(512, 256),
        nn.LeakyReLU(0.2),
        nn.Linear(256, outputs),
    )


def _hidden(inputs: int, outputs: int) -> list[nn.Module]:
    return [
        nn.Linear(inputs, 512),
        nn.LeakyReLU(0.2),
        nn.Linear(512, 512),
        nn.BatchNorm1d(512),
        nn.LeakyReLU(0.2),
        nn.Linear(512, outputs),
    ]
