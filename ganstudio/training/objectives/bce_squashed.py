"""Binary cross-entropy with logits on top of a sigmoid: a common mistake, to see what it does.

What is taken for a logit lies in (0, 1), so what is taken for a probability never leaves
(0.5, 0.73): both losses have a floor, and G's gradient is at most a quarter of what it should be.
"""

import torch
from torch import Tensor
from torch.nn.functional import softplus

from ganstudio.training.objectives._objective import Objective


def _real_loss(logits: Tensor) -> Tensor:
    return softplus(-torch.sigmoid(logits)).mean()


def _fake_loss(logits: Tensor) -> Tensor:
    return softplus(torch.sigmoid(logits)).mean()


OBJECTIVE = Objective(
    real_loss=_real_loss,
    fake_loss=_fake_loss,
    g_loss=_real_loss,
    score=torch.sigmoid,
    score_range=(0.0, 1.0),
    loss_reference=None,
    score_reference=None,
    formula="real_loss = −log σ(D(x)), fake_loss = −log(1 − σ(D(G(z)))), g_loss = −log σ(D(G(z))), "
    "where D has a sigmoid of its own",
    sentence="The sigmoid is taken twice, as in some code: D can never be surer than 73 %.",
)
