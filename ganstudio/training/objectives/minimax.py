"""The minimax loss of the 2014 paper (Goodfellow et al., arXiv 1406.2661, equation 1), on logits.

G minimises log(1 - D(G(z))), whose gradient vanishes where D is sure: the paper itself then turns
to `non_saturating`.
"""

from dataclasses import replace

from torch import Tensor
from torch.nn.functional import softplus

from ganstudio.training.objectives import non_saturating


def _g_loss(logits: Tensor) -> Tensor:
    return -softplus(logits).mean()  # log(1 - sigmoid(logit))


OBJECTIVE = replace(
    non_saturating.OBJECTIVE,
    g_loss=_g_loss,
    formula="real_loss = −log D(x), fake_loss = −log(1 − D(G(z))), g_loss = log(1 − D(G(z)))",
    sentence="G minimises exactly what D maximises; it learns little while D is sure of itself.",
)
