"""Least squares (Mao et al. 2017, arXiv 1611.04076, equation 9)."""

from torch import Tensor

from ganstudio.training.objectives._objective import Objective, itself


def _towards_one(logits: Tensor) -> Tensor:
    return (logits - 1).square().mean() / 2


def _towards_zero(logits: Tensor) -> Tensor:
    return logits.square().mean() / 2


OBJECTIVE = Objective(
    real_loss=_towards_one,
    fake_loss=_towards_zero,
    g_loss=_towards_one,
    score=itself,
    score_range=None,
    loss_reference=0.125,
    score_reference=0.5,
    formula="real_loss = (D(x) − 1)²/2, fake_loss = D(G(z))²/2, g_loss = (D(G(z)) − 1)²/2",
    sentence="D regresses real images to 1 and generated ones to 0; G pulls its own towards 1.",
)
