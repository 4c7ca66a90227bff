"""What is done to all that D sees, real and generated alike, so that it cannot learn by heart."""

import torch
from torch import Tensor
from torch.nn.functional import pad

from ganstudio.training.ranks import ALONE, Ranks


def instance_noise(x: Tensor, sigma: float, rng: torch.Generator, ranks: Ranks = ALONE) -> Tensor:
    """Add N(0, sigma²) to every number (Sønderby et al. 2017, arXiv 1610.04490)."""
    whole = torch.empty_like(x)
    if ranks.count > 1:  # each draws for all, and has its rows
        whole = torch.empty((ranks.rows(len(x)), *x.shape[1:]), dtype=x.dtype, device=x.device)
        if x.dim() == 4 and not x.is_contiguous():
            whole = whole.contiguous(memory_format=torch.channels_last)
    return x + ranks.mine(whole.normal_(0.0, sigma, generator=rng))


def translate(
    images: Tensor, share: float, background: float, rng: torch.Generator, ranks: Ranks = ALONE
) -> Tensor:
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
        ranks.mine(
            torch.randint(2 * m + 1, (ranks.rows(n), 1), device=images.device, generator=rng)
        )
        + torch.arange(side, device=images.device)
        for m, side in zip(most, (height, width), strict=True)
    )
    of_image = torch.arange(n, device=images.device)[:, None, None]
    return padded.movedim(1, -1)[of_image, rows[:, :, None], columns[:, None, :]].movedim(-1, 1)
