"""Convolutional networks without normalisation; D's convolutions have no padding."""

from torch import nn

OUTPUT_RANGE = (-1.0, 1.0)
SIDES = 4


def generator(latent_dim: int, image_shape: tuple[int, int, int]) -> nn.Module:
    """Return G."""
    channels, height, width = image_shape
    h, w = height // 4, width // 4
    return nn.Sequential(
        nn.Linear(latent_dim, 256 * h * w, bias=False),
        nn.LeakyReLU(0.2),
        nn.Unflatten(1, (256, h, w)),
        nn.ConvTranspose2d(256, 128, 4, stride=2, padding=1, bias=False),
        nn.LeakyReLU(0.2),
        nn.ConvTranspose2d(128, 64, 4, stride=2, padding=1, bias=False),
        nn.LeakyReLU(0.2),
        nn.ConvTranspose2d(64, channels, 3, padding=1),
        nn.Tanh(),
    )


def discriminator(shape: tuple[int, int, int], outputs: int) -> nn.Module:
    """Return D."""
    channels, height, width = shape
    h, w = (((side - 2) // 2 - 2) // 2 for side in (height, width))
    return nn.Sequential(
        nn.Conv2d(channels, 64, 4, stride=2),
        nn.LeakyReLU(0.2),
        nn.Conv2d(64, 128, 4, stride=2),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(128 * h * w, outputs),
    )
