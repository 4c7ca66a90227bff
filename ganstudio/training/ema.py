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
        self._told_share = torch.zeros((), device=self._averages[0].device)

    def tell(self) -> None:
        """Let a graph's next update have the share of G that is its turn."""
        self._told_share.fill_(self._share(self.updates + 1))

    @torch.no_grad()
    def update(self, failed: Tensor | None = None) -> None:
        """Move floating weights and buffers towards G's; copy integers.

        Part of a graph, it moves nothing where `failed`, () float32, is 1.
        """
        self.updates += 1
        if failed is None:
            torch._foreach_lerp_(self._averages, self._sources, self._share(self.updates))
        else:
            share = self._told_share * (1 - failed)
            ways = torch._foreach_sub(self._sources, self._averages)
            torch._foreach_mul_(ways, share)
            torch._foreach_add_(self._averages, ways)
        for average, source in zip(self._copies, self._originals, strict=True):
            average.copy_(source)

    def _share(self, update: int) -> float:
        """Return how far this update goes towards G."""
        return 1 - min(self._decay, (1 + update) / (10 + update))


def _pairs(model: nn.Module, G: nn.Module, *, floating: bool) -> tuple[list[Tensor], list[Tensor]]:
    """Return the tensors of the two models' states that are, or are not, floating point.

    What is shared (tied weights) is in a state under each of its names, and is returned once.
    """
    target, source = model.state_dict(), G.state_dict()
    once = {target[key].data_ptr(): key for key in reversed(target)}.values()
    keys = [key for key in once if target[key].is_floating_point() == floating]
    return [target[key] for key in keys], [source[key] for key in keys]
