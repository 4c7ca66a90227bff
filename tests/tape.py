"""A graph without a GPU: operations with the arguments that they had, made again where they were.

Like a real one it knows nothing of Python, and recording it changes nothing.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

LOOKS = ("_local_scalar_dense", "nonzero", "lift_fresh", "equal")
"""Operations for which a GPU has to be waited for, or be sent something."""


class Tape(TorchDispatchMode):
    """Notes what is done, and undoes it.

    Attributes
    ----------
    looks : list of str
        Operations that no graph may hold.
    """

    def __init__(self, _device: torch.device) -> None:
        super().__init__()
        self.looks: list[str] = []
        self._done: list[tuple[Any, Any, Any, list[Any]]] = []
        self._kept: list[tuple[Tensor, Tensor]] = []

    def record(
        self, body: Callable[[], None], generators: Iterable[torch.Generator]
    ) -> Callable[[], object]:
        self._done, self._kept = [], []
        states = [(generator, generator.get_state()) for generator in generators]
        with self:
            body()
        with torch.no_grad():
            for tensor, before in reversed(self._kept):
                tensor.copy_(before)
        for generator, state in states:
            generator.set_state(state)
        done = self._done

        @torch.no_grad()
        def replay() -> None:
            for operation, args, named, found in done:
                again = tree_leaves(operation(*args, **named))
                for old, new in zip(found, again, strict=True):
                    if isinstance(old, Tensor) and old.data_ptr() != new.data_ptr():
                        old.detach().copy_(new)

        return replay

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        named = kwargs or {}
        if any(name in str(func) for name in LOOKS):
            self.looks.append(str(func))
        given = dict(zip((a.name for a in func._schema.arguments), args, strict=False)) | named
        for argument in func._schema.arguments:
            if argument.alias_info is not None and argument.alias_info.is_write:
                for tensor in tree_leaves(given.get(argument.name)):
                    if isinstance(tensor, Tensor):
                        self._kept.append((tensor.detach(), tensor.detach().clone()))
        found = func(*args, **named)
        self._done.append((func, args, named, tree_leaves(found)))
        return found
