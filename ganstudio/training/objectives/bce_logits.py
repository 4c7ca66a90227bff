"""Binary cross-entropy with logits: the sigmoid and the logarithm in one.

The same losses as `non_saturating`, under the name that most code gives them.
"""

from ganstudio.training.objectives import non_saturating

OBJECTIVE = non_saturating.OBJECTIVE
