"""The averaged generator, G_ema: an exponential moving average of G's weights."""

import copy

import torch
from torch import Tensor, nn


class EMA:
    """G_ema, updated after every step that updates G.

    The decay warms up as (1 + t) / (10 + t), t the updates so far, so that the average forgets the
    untrained weights at once.

    Attributes
    ----------
    model : nn.Module
        The averaged generator, in evaluation mode.
    updates : int
        Updates so far.
    """

    def __init__(self, G: nn.Module, decay: float) -> None:
        self.model = copy.deepcopy(G).eval().requires_grad_(False)
        self.updates = 0
        self._decay = decay
        self._averages, self._sources = _pairs(self.model, G, floating=True)
        self._copies, self._originals = _pairs(self.model, G, floating=False)

    @torch.no_grad()
    def update(self) -> None:
        """Move floating weights and buffers towards G's; copy integers."""
        self.updates += 1
        decay = min(self._decay, (1 + self.updates) / (10 + self.updates))
        torch._foreach_lerp_(self._averages, self._sources, 1 - decay)
        for average, source in zip(self._copies, self._originals, strict=True):
            average.copy_(source)


def _pairs(model: nn.Module, G: nn.Module, *, floating: bool) -> tuple[list[Tensor], list[Tensor]]:
    """Return the tensors of the two models' states that are, or are not, floating point.

    What is shared (tied weights) is in a state under each of its names, and is returned once.
    """
    target, source = model.state_dict(), G.state_dict()
    once = {target[key].data_ptr(): key for key in reversed(target)}.values()
    keys = [key for key in once if target[key].is_floating_point() == floating]
    return [target[key] for key in keys], [source[key] for key in keys]
