"""The Wasserstein critic (Arjovsky et al. 2017, arXiv 1701.07875). D has to be kept Lipschitz."""

from torch import Tensor

from ganstudio.training.objectives._objective import Objective, itself


def _real_loss(logits: Tensor) -> Tensor:
    return -logits.mean()


def _fake_loss(logits: Tensor) -> Tensor:
    return logits.mean()


OBJECTIVE = Objective(
    real_loss=_real_loss,
    fake_loss=_fake_loss,
    g_loss=_real_loss,
    score=itself,
    score_range=None,
    loss_reference=None,
    score_reference=None,
    formula="real_loss = −D(x), fake_loss = D(G(z)), g_loss = −D(G(z)); −(real_loss + fake_loss) "
    "estimates a distance",
    sentence="D's mean difference between real and generated images measures how far apart they "
    "lie, as long as a clip or a penalty bounds D's slope.",
)
