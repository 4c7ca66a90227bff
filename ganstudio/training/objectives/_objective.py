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
        (N,) logits of real or generated images -> scalar: D's halves.
    g_loss : callable
        (N,) logits of generated images -> scalar.
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
    fake_loss: Callable[[Tensor], Tensor]
    g_loss: Callable[[Tensor], Tensor]
    score: Callable[[Tensor], Tensor]
    score_range: tuple[float, float] | None
    loss_reference: float | None
    score_reference: float | None
    formula: str
    sentence: str
