"""A slim pair of convolutional networks, made to learn 28×28 images fast on two CPU cores.

Both work on patches of 4×4 pixels, as channels of a map with a sixteenth of the places (sub-pixel
convolution, Shi et al. 2016, arXiv 1609.05158): few, dense matrix products, which a CPU is good at.
"""

from torch import nn

from ganstudio.models._networks import Networks

PATCH = 4  # pixels a side


def build(latent_dim: int, image_shape: tuple[int, int, int]) -> Networks:
    """Return G and D for images whose sides are multiples of 4."""
    channels, height, width = image_shape
    h, w, pixels = height // PATCH, width // PATCH, PATCH**2 * channels
    G = nn.Sequential(
        nn.Linear(latent_dim, 32 * h * w, bias=False),
        nn.Unflatten(1, (32, h, w)),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3, padding=1, bias=False),
        nn.BatchNorm2d(64),
        nn.ReLU(),
        nn.Conv2d(64, pixels, 3, padding=1),
        nn.PixelShuffle(PATCH),
        nn.Tanh(),
    )
    D = nn.Sequential(
        nn.PixelUnshuffle(PATCH),
        nn.Conv2d(pixels, 32, 3, padding=1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(32, 32, 3, padding=1),
        nn.LeakyReLU(0.2),
        nn.Flatten(),
        nn.Linear(32 * h * w, 1),
        nn.Flatten(0),
    )
    return Networks(G=G, D=D, output_range=(-1.0, 1.0))
