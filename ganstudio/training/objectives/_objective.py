"""What an objective module defines."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, kw_only=True, slots=True)
class Objective:
    """A two-player loss on D's logits.

    Attributes
    ----------
    real_loss, fake_loss : callable
        (N,) logits of real or generated images -> scalar: D's halves. `fake_loss` is None where
        `paired`.
    g_loss : callable
        (N,) logits of generated images -> scalar.
    paired : bool
        Whether a loss is of pairs: `real_loss` is given D(x) - D(G(z)), and `g_loss` its opposite.
    score : callable
        (N,) logits -> (N,) what the Scores plot shows.
    score_range : (float, float) or None
        The range of `score`, None where it has none.
    loss_reference, score_reference : float or None
        Where real_loss and fake_loss, and the scores, lie at the equilibrium; None where theory
        names no level.
    formula : str
        The losses, to read.
    sentence : str
        What it does, in one sentence.
    """

    real_loss: Callable[[Tensor], Tensor]
    fake_loss: Callable[[Tensor], Tensor] | None
    g_loss: Callable[[Tensor], Tensor]
    paired: bool = False
    score: Callable[[Tensor], Tensor]
    score_range: tuple[float, float] | None
    loss_reference: float | None
    score_reference: float | None
    formula: str
    sentence: str


def itself(logits: Tensor) -> Tensor:
    """Return the logits: the score of a critic, which has no scale."""
    return logits
