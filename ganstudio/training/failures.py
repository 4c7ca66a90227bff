"""What failed, in words that a person can act on. The window and the command line share them."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from ganstudio.errors import StudioError
from ganstudio.training.trainer import Trainer

# how torch says it where it has no class for it: of the computer's own memory, and on Apple's GPUs
_COMPUTER, _MPS = "DefaultCPUAllocator", "MPS backend out of memory"


def lacks_memory(error: BaseException) -> bool:
    """Tell whether an error is that memory ran out, the device's or the computer's."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(said in str(error) for said in (_COMPUTER, _MPS))


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
    told = StudioError(code, **fields)
    told.__cause__ = error
    return told


@contextmanager
def explaining_memory(
    device: object, trainer: Trainer | None = None, field: str = "batch_size"
) -> Iterator[None]:
    """Turn a lack of memory into a `StudioError`, in a step of `trainer` if one is given.

    Whatever else is raised stays what it is.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not lacks_memory(error):
            raise
        last = trainer.step if trainer else None
        raise explained(error, "unexpected", device, last, field) from error
