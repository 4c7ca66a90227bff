"""What a model module builds."""

from dataclasses import dataclass

from torch import nn


@dataclass(frozen=True, kw_only=True, slots=True)
class Networks:
    """A generator and its discriminator.

    Attributes
    ----------
    G : nn.Module
        (N, latent_dim) float32 -> (N, C, H, W) float32 in `output_range`.
    D : nn.Module
        (N, C, H, W) float32 in `output_range` -> (N,) float32 logits: large is real.
    output_range : (float, float)
        The range that G draws in, and so the range of D's real images: (-1, 1) or (0, 1).
    """

    G: nn.Module
    D: nn.Module
    output_range: tuple[float, float]
