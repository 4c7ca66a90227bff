"""Deep convolutional networks (Radford et al. 2016, arXiv 1511.06434), scaled to small images.

No pooling and no fully connected layer; BatchNorm except in G's last and D's first and last layers.
"""

from torch import nn

OUTPUT_RANGE = (-1.0, 1.0)
SIDES = 4


def generator(latent_dim: int, image_shape: tuple[int, int, int]) -> nn.Module:
    """Return G."""
    channels, height, width = image_shape
    G = nn.Sequential(
        nn.Unflatten(1, (latent_dim, 1, 1)),
        nn.ConvTranspose2d(latent_dim, 256, (height // 4, width // 4), bias=False),
        nn.BatchNorm2d(256),
        nn.ReLU(),
        nn.ConvTranspose2d(256, 128, 4, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(128),
        nn.ReLU(),
        nn.ConvTranspose2d(128, channels, 4, stride=2, padding=1),
        nn.Tanh(),
    )
    return G.apply(_initialise)


def discriminator(shape: tuple[int, int, int], outputs: int) -> nn.Module:
    """Return D."""
    channels, height, width = shape
    D = nn.Sequential(
        nn.Conv2d(channels, 64, 4, stride=2, padding=1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(64, 128, 4, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(128),
        nn.LeakyReLU(0.2),
        nn.Conv2d(128, outputs, (height // 4, width // 4)),
        nn.Flatten(),
    )
    return D.apply(_initialise)


def _initialise(layer: nn.Module) -> None:
    """Draw weights from N(0, 0.02), those of BatchNorm from N(1, 0.02), as section 4 says."""
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(layer.weight, 0.0, 0.02)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1.0, 0.02)
