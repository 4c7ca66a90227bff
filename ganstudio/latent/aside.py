"""A GPU on which a run trains, in the time that training leaves it."""

from collections.abc import Callable

import torch
from torch import Tensor

FIRST, LAST = -1, 0  # of a stream's priorities


def stream(device: torch.device, priority: int) -> torch.cuda.Stream:
    """Return a new stream of a GPU."""
    return torch.cuda.Stream(device, priority=priority)  # type: ignore[no-untyped-call]  # torch's


class Aside:
    """Computes beside training, which goes first: by a stream of the lowest priority.

    Attributes
    ----------
    device : torch.device
        The GPU.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._stream = stream(device, LAST)

    def compute(self, work: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
        """Return on the CPU what `work` makes of `x` on the GPU."""
        with torch.cuda.device(self.device), torch.cuda.stream(self._stream):
            return work(x.to(self.device)).cpu()


def go_first(device: torch.device) -> None:
    """Let what this thread computes on a GPU come before what is computed aside."""
    if device.type == "cuda" and torch.cuda.current_stream(device).priority == LAST:
        with torch.cuda.device(device):
            torch.cuda.set_stream(stream(device, FIRST))
