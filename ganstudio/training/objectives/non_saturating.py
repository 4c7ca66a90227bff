"""The non-saturating logistic loss (Goodfellow et al. 2014, arXiv 1406.2661), on logits."""

import math

import torch
from torch import Tensor
from torch.nn.functional import softplus

from ganstudio.training.objectives._objective import Objective


def _real_loss(logits: Tensor) -> Tensor:
    return softplus(-logits).mean()  # -log sigmoid(logit)


def _fake_loss(logits: Tensor) -> Tensor:
    return softplus(logits).mean()  # -log(1 - sigmoid(logit))


OBJECTIVE = Objective(
    real_loss=_real_loss,
    fake_loss=_fake_loss,
    g_loss=_real_loss,
    score=torch.sigmoid,
    score_range=(0.0, 1.0),
    loss_reference=math.log(2),
    score_reference=0.5,
    formula="real_loss = −log D(x), fake_loss = −log(1 − D(G(z))), g_loss = −log D(G(z))",
    sentence="D learns to tell real from generated; G learns to have its images called real.",
)
