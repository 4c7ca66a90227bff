"""R1: D's squared gradient at real images (Mescheder et al. 2018, arXiv 1801.04406, equation 9)."""

import torch
from torch import Tensor


def penalty(real_img: Tensor, real_logits: Tensor) -> Tensor:
    """Return E[‖∇D(x)‖²] / 2, a scalar to be weighted by gamma.

    Parameters
    ----------
    real_img : (N, C, H, W) float32
        Real images that require a gradient.
    real_logits : (N,) float32
        D's logits of these images, each of its own image alone.
    """
    (gradient,) = torch.autograd.grad(real_logits.sum(), real_img, create_graph=True)
    return gradient.square().sum(dim=(1, 2, 3)).mean() / 2
