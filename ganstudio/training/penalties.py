"""Penalties on D's gradient."""

from collections.abc import Callable

import torch
from torch import Tensor


def squared_gradient(x: Tensor, logits: Tensor) -> Tensor:
    """Return E[‖∇D(x)‖²] / 2, to be weighted by gamma.

    R1 at real images, R2 at generated ones (Mescheder et al. 2018, arXiv 1801.04406, equation 9).

    Parameters
    ----------
    x : (N, ...)
        What D judged; it requires a gradient.
    logits : (N,)
        D's logits of `x`. Each should be of its own row alone: where D has BatchNorm, a row's
        gradient also holds what it changes in the logits of the others.
    """
    return _gradient(x, logits).square().sum(dim=1).mean() / 2


def gradient_penalty(
    judge: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, share: Tensor
) -> Tensor:
    """Return E[(‖∇D(x)‖ - 1)²] between real and generated samples, to be weighted by lambda.

    Gulrajani et al. 2017, arXiv 1704.00028, equation 3.

    Parameters
    ----------
    judge : callable
        (N, ...) -> (N,) logits.
    real, fake : (N, ...)
        Pairs; x lies on the line between them,
    share : (N,) in [0, 1]
        at this share of the real one.
    """
    share = share.reshape(-1, *[1] * (real.dim() - 1))
    x = torch.lerp(fake, real, share).detach().requires_grad_()
    slopes = torch.linalg.vector_norm(_gradient(x, judge(x)), dim=1)
    penalty: Tensor = (slopes - 1).square().mean()
    return penalty


def _gradient(x: Tensor, logits: Tensor) -> Tensor:
    (gradient,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
    return gradient.flatten(1)
