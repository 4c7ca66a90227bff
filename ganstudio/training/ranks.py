"""Several processes, the ranks, that train one GAN together: each has its part of every batch.

All of them hold the same weights, draw the same batches and noise by counting, and take their part
of them. A net's gradients are averaged over the ranks before its optimiser moves it, so that all
move it alike; BatchNorm takes its statistics over all parts (`batch_norm`). So N ranks do what one
would do with the whole batch, up to rounding. (`DistributedDataParallel` averages gradients in
`backward`, and forbids `autograd.grad`, which penalties need; `SyncBatchNorm` refuses the CPU.)
"""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor
from torch import distributed as dist

from ganstudio.errors import ConfigError, StudioError


@dataclass(frozen=True, slots=True)
class Ranks:
    """A process among those that train together; by default it is alone.

    Attributes
    ----------
    rank : int
        Its number, from 0. The first writes and tells, the others only train.
    count : int
        How many there are.
    """

    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the one that writes and tells."""
        return self.rank == 0

    def part(self, size: int) -> slice:
        """Return which of `size` rows are this rank's."""
        own = size // self.count
        return slice(self.rank * own, (self.rank + 1) * own)

    def rows(self, own: int) -> int:
        """Return how many rows the whole batch has, where this rank has `own` of them."""
        return own * self.count

    def mine(self, whole: Tensor) -> Tensor:
        """Return this rank's rows of what was drawn for the whole batch."""
        return whole[self.part(len(whole))]

    def mean(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """Return the means of tensors over all ranks; they are of one type, on one device."""
        if self.count == 1:
            return list(tensors)
        flat = torch.cat([tensor.detach().flatten() for tensor in tensors])
        with _together():
            dist.all_reduce(flat)
        parts = torch.split(flat.div_(self.count), [tensor.numel() for tensor in tensors])
        return [part.view(tensor.shape) for part, tensor in zip(parts, tensors, strict=True)]

    def any(self, wish: bool) -> bool:
        """Tell whether any rank has this wish; all of them have to ask."""
        if self.count == 1:
            return wish
        wishes = torch.tensor(float(wish), device=_device())
        with _together():
            dist.all_reduce(wishes)
        return bool(wishes.item())

    def wait(self) -> None:
        """Wait until all ranks are here."""
        if self.count > 1:
            with _together():
                dist.barrier()


ALONE = Ranks()


def total(x: Tensor) -> Tensor:
    """Return the sum of a tensor over all ranks; gradients, and theirs, pass through.

    As `torch.distributed.nn.functional.all_reduce`, but that a lost rank is named on the way back
    as well.
    """
    summed: Callable[[Tensor], Tensor] = _Sum.apply
    return summed(x)


class _Sum(torch.autograd.Function):
    @staticmethod
    def forward(_ctx: object, x: Tensor) -> Tensor:
        summed = x.clone(memory_format=torch.contiguous_format)
        with _together():
            dist.all_reduce(summed)
        return summed

    @staticmethod
    def backward(_ctx: object, gradient: Tensor) -> Tensor:
        return total(gradient)


def launched() -> Ranks:
    """Return what torchrun has started this process as, before they can exchange anything."""
    count = int(os.environ.get("WORLD_SIZE", "1"))
    return Ranks(int(os.environ.get("RANK", "0")), count) if count > 1 else ALONE


def device_name(name: str) -> str:
    """Return the device of this rank, where `name` is for all: each has a GPU of its own.

    Raises
    ------
    ConfigError
        ``no-shared-device`` if they cannot train there together.
    """
    if launched().count == 1:
        return name
    if name in {"auto", "cuda"} and torch.cuda.is_available():
        return f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    if name == "auto":
        return "cpu"
    if name not in {"cuda", "cpu"}:
        raise ConfigError("no-shared-device", field="--device", value=name)
    return name


def threads(cores: int) -> int:
    """Return how many of a machine's cores are for each of the ranks on it."""
    return max(1, cores // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))


@contextmanager
def joined(device: torch.device) -> Iterator[Ranks]:
    """Train with the ranks that torchrun has started, if it has.

    Raises
    ------
    StudioError
        ``rank-lost`` if they cannot be reached, here and in what is done together.
    """
    ranks = launched()
    if ranks.count == 1:
        yield ranks
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    with _together():
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield ranks
    finally:
        dist.destroy_process_group()


@contextmanager
def _together() -> Iterator[None]:
    """Turn what comes of a rank that has gone into a `StudioError`."""
    try:
        yield
    except (RuntimeError, ValueError) as error:
        detail = re.sub(r"^\[.*?\] *", "", str(error).splitlines()[0]).partition(". ")[0]
        raise StudioError("rank-lost", detail=detail) from error


def _device() -> torch.device:
    """Return where small things can be exchanged."""
    return torch.device("cuda" if dist.get_backend() == "nccl" else "cpu")
