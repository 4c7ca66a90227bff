"""What failed, in words that a person can act on. The window and the command line share them."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from ganstudio.errors import StudioError
from ganstudio.training.trainer import Trainer

# how torch says it where it has no class for it: of the computer's own memory, of Apple's GPUs, and
# where another program has the GPU's
_COMPUTER = "DefaultCPUAllocator"
_FULL = (_COMPUTER, "MPS backend out of memory", "CUDA error: out of memory")
# and that a GPU, or its driver, takes no more work from this program, whatever it is
_GONE = ("CUDA error", "CUDA driver error", "HIP error", "MPS backend failed")


def lacks_memory(error: BaseException) -> bool:
    """Tell whether an error is that memory ran out, the device's or the computer's."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _FULL)


def is_lost(error: BaseException) -> bool:
    """Tell whether an error is that the device, and all that was on it, is lost to the program."""
    said = isinstance(error, RuntimeError) and any(words in str(error) for words in _GONE)
    return said and not lacks_memory(error)


def explained(
    error: Exception, code: str, device: object, last: int | None = None, field: str = "batch_size"
) -> StudioError:
    """Return what a person can be told of any error.

    Parameters
    ----------
    error : Exception
        Whatever it is; a `StudioError` speaks for itself.
    code : str
        The message for what no one foresaw.
    device : object
        Where it happened.
    last : int, optional
        The last good step, if the one after it failed; by default no step was made.
    field : str
        What to lower where memory ran out.
    """
    if isinstance(error, StudioError):
        return error
    fields: dict[str, object] = {"detail": f"{type(error).__name__}: {error}"}
    if last is not None:
        fields |= {"step": last + 1, "last": last}
    if lacks_memory(error):
        code = "too-little-memory" if last is None else "out-of-memory"
        is_computers = isinstance(error, MemoryError) or _COMPUTER in str(error)
        fields |= {"device": "cpu" if is_computers else device, "field": field}
    if is_lost(error):
        first = next(iter(str(error).splitlines()), "").rstrip(".")
        code, fields = "device-lost", {"device": device, "detail": first}
    told = StudioError(code, **fields)
    told.__cause__ = error
    return told


@contextmanager
def explaining_device(
    device: object, trainer: Trainer | None = None, field: str = "batch_size"
) -> Iterator[None]:
    """Turn what a device lacks, memory or itself, into a `StudioError`, in a step of `trainer`.

    Whatever else is raised stays what it is.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not lacks_memory(error) and not is_lost(error):
            raise
        last = trainer.step if trainer else None
        raise explained(error, "unexpected", device, last, field) from error
