"""Copies of what a step changes, to undo it if it fails half-way."""

from collections.abc import Iterable

import torch
from torch import Tensor


class Kept:
    """Tensors as they were.

    Parameters
    ----------
    moved : iterable of Tensor
        What only finite updates change: weights and their moments.
    passed : iterable of Tensor
        What also forward passes change, whatever comes of them: BatchNorm's buffers.
    """

    @torch.no_grad()
    def __init__(self, moved: Iterable[Tensor], passed: Iterable[Tensor]) -> None:
        once = {id(tensor): tensor for tensor in moved}  # weights may be tied between nets
        self._moved, self._passed = list(once.values()), list(passed)
        self._moved_then, self._passed_then = map(_clones, (self._moved, self._passed))

    @torch.no_grad()
    def put_back(self) -> None:
        """Let them be as they were."""
        then = [*self._moved_then, *self._passed_then]
        for target, source in zip([*self._moved, *self._passed], then, strict=True):
            target.copy_(source)

    @torch.no_grad()
    def put_back_where(self, failed: Tensor) -> None:
        """Let them be as they were if `failed`, () float32, is 1; if it is 0, as they are.

        For what is finite, a sum of products does that in a few kernels, without a look at
        `failed`.
        """
        if self._moved:
            torch._foreach_mul_(self._moved, 1 - failed)
            torch._foreach_add_(self._moved, torch._foreach_mul(self._moved_then, failed))
        for target, source in zip(self._passed, self._passed_then, strict=True):
            target.copy_(torch.where(failed > 0, source, target))


def _clones(tensors: list[Tensor]) -> list[Tensor]:
    return list(torch._foreach_clone(tensors)) if tensors else []
