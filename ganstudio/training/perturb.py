"""What is done to all that D sees, real and generated alike, so that it cannot learn by heart."""

import torch
from torch import Tensor
from torch.nn.functional import pad


def instance_noise(x: Tensor, sigma: float, rng: torch.Generator) -> Tensor:
    """Add N(0, sigma²) to every number (Sønderby et al. 2017, arXiv 1610.04490)."""
    noise = torch.empty_like(x).normal_(0.0, sigma, generator=rng)
    return x + noise


def translate(images: Tensor, share: float, background: float, rng: torch.Generator) -> Tensor:
    """Shift every image by whole pixels, up to `share` of its sides, filling with `background`.

    The translation of differentiable augmentation (Zhao et al. 2020, arXiv 2006.10738).

    Parameters
    ----------
    images : (N, C, H, W)
        Images; gradients pass through.
    """
    n, _, height, width = images.shape
    most = [max(1, round(share * side)) for side in (height, width)]
    padded = pad(images, (most[1], most[1], most[0], most[0]), value=background)
    rows, columns = (
        torch.randint(2 * m + 1, (n, 1), device=images.device, generator=rng)
        + torch.arange(side, device=images.device)
        for m, side in zip(most, (height, width), strict=True)
    )
    of_image = torch.arange(n, device=images.device)[:, None, None]
    return padded.movedim(1, -1)[of_image, rows[:, :, None], columns[:, None, :]].movedim(-1, 1)
