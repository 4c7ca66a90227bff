"""The relativistic pairing loss (Jolicoeur-Martineau 2019, arXiv 1807.00734), as R3GAN has it.

Huang et al. 2024, arXiv 2501.05441, equation 2.
"""

import math

from torch import Tensor
from torch.nn.functional import softplus

from ganstudio.training.objectives._objective import Objective, itself


def _pair_loss(differences: Tensor) -> Tensor:
    return softplus(-differences).mean()


OBJECTIVE = Objective(
    real_loss=_pair_loss,
    fake_loss=None,
    g_loss=_pair_loss,
    paired=True,
    score=itself,
    score_range=None,
    loss_reference=math.log(2),
    score_reference=None,
    formula="real_loss = −log σ(D(x) − D(G(z))), g_loss = −log σ(D(G(z)) − D(x))",
    sentence="D has to find a real image more real than a generated one beside it; G the reverse.",
)
