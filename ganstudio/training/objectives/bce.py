"""Binary cross-entropy on probabilities: the sigmoid first, then the logarithm.

The same loss as `non_saturating` in exact arithmetic; in float32 the logarithm is clamped at -100
and the gradient vanishes where D saturates, as in the recipes that use it.
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy

from ganstudio.training.objectives._objective import Objective


def _bce(logits: Tensor, label: float) -> Tensor:
    p = torch.sigmoid(logits)
    # torch refuses NaN here with an error that, on CUDA, nothing survives; the trainer looks itself
    bce = binary_cross_entropy(p.nan_to_num(), torch.full_like(p, label))
    return torch.where(p.isnan().any(), math.nan, bce)


def _real_loss(logits: Tensor) -> Tensor:
    return _bce(logits, 1.0)


def _fake_loss(logits: Tensor) -> Tensor:
    return _bce(logits, 0.0)


OBJECTIVE = Objective(
    real_loss=_real_loss,
    fake_loss=_fake_loss,
    g_loss=_real_loss,
    score=torch.sigmoid,
    score_range=(0.0, 1.0),
    loss_reference=math.log(2),
    score_reference=0.5,
    formula="real_loss = −log D(x), fake_loss = −log(1 − D(G(z))), g_loss = −log D(G(z))",
    sentence="Binary cross-entropy on D's probabilities: real is labelled 1, generated 0.",
)
