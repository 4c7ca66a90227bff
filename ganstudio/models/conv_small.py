"""A slim pair of convolutional networks, made to learn 28×28 images fast on two CPU cores.

Both work on patches of 4×4 pixels, as channels of a map with a sixteenth of the places (sub-pixel
convolution, Shi et al. 2016, arXiv 1609.05158): few, dense matrix products, which a CPU is good at.
Before that, G maps z as in StyleGAN (Karras et al. 2019, arXiv 1812.04948): on its way to images
the normal distribution has to tear where one digit becomes another, and two narrow layers do most
of that at a hundredth of the cost of a convolution.
"""

from torch import nn

OUTPUT_RANGE = (-1.0, 1.0)
BATCH_NORM = True
SIDES = PATCH = 4  # pixels


def generator(latent_dim: int, image_shape: tuple[int, int, int]) -> nn.Module:
    """Return G; BatchNorm in its hidden layers."""
    channels, height, width = image_shape
    h, w = height // PATCH, width // PATCH
    return nn.Sequential(
        nn.Linear(latent_dim, 64, bias=False),
        nn.BatchNorm1d(64),
        nn.ReLU(),
        nn.Linear(64, 64, bias=False),
        nn.BatchNorm1d(64),
        nn.ReLU(),
        nn.Linear(64, 32 * h * w, bias=False),
        nn.Unflatten(1, (32, h, w)),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3, padding=1, bias=False),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.Conv2d(64, PATCH**2 * channels, 3, padding=1),
        nn.PixelShuffle(PATCH),
        nn.Tanh(),
    )


def discriminator(shape: tuple[int, int, int], outputs: int) -> nn.Module:
    """Return D; no normalisation, so that penalties on its gradient hold for each image."""
    channels, height, width = shape
    h, w = height // PATCH, width // PATCH
    return nn.Sequential(
        nn.PixelUnshuffle(PATCH),
        nn.Conv2d(PATCH**2 * channels, 32, 3, padding=1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(32, 32, 3, padding=1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(32, 32, 3, padding=1),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(32 * h * w, 128),
        nn.LeakyReLU(0.2),
        nn.Linear(128, outputs),
    )
