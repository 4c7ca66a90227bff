"""The hinge loss (Lim and Ye 2017, arXiv 1705.02894; Miyato et al. 2018, arXiv 1802.05957)."""

from torch import Tensor
from torch.nn.functional import relu

from ganstudio.training.objectives._objective import Objective, itself


def _real_loss(logits: Tensor) -> Tensor:
    return relu(1 - logits).mean()


def _fake_loss(logits: Tensor) -> Tensor:
    return relu(1 + logits).mean()


def _g_loss(logits: Tensor) -> Tensor:
    return -logits.mean()


OBJECTIVE = Objective(
    real_loss=_real_loss,
    fake_loss=_fake_loss,
    g_loss=_g_loss,
    score=itself,
    score_range=None,
    loss_reference=1.0,
    score_reference=0.0,
    formula="real_loss = max(0, 1 − D(x)), fake_loss = max(0, 1 + D(G(z))), g_loss = −D(G(z))",
    sentence="D pushes real images above 1 and generated ones below −1, and no further.",
)
