"""What the latent panel shows and its undo steps remember."""

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ganstudio.latent.spec import Array

Mask = NDArray[np.bool_]

_T = TypeVar("_T", bound=np.generic)


@dataclass(frozen=True, eq=False, slots=True)
class LatentState:
    """z and what is locked of it. Never changes: undo steps may share it.

    Attributes
    ----------
    z : (dim,) float32
        The latent vector, read-only.
    locked : (dim,) bool
        The dimensions that keep their value, read-only.
    held : frozenset of str
        The names of the directions along which z stays where it is.
    """

    z: Array
    locked: Mask
    held: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        object.__setattr__(self, "z", _frozen(self.z, np.float32))
        object.__setattr__(self, "locked", _frozen(self.locked, np.bool_))

    @staticmethod
    def unlocked(z: Array) -> "LatentState":
        """Return `z` without any lock."""
        return LatentState(z, np.zeros(len(z), np.bool_))

    def with_z(self, z: Array) -> "LatentState":
        """Return the state with `z`, of which locked dimensions take nothing."""
        return replace(self, z=np.where(self.locked, self.z, z))

    def at(self, dims: NDArray[np.intp]) -> "LatentState":
        """Return the state of some dimensions."""
        return LatentState(self.z[dims], self.locked[dims])

    def with_values(self, dims: NDArray[np.intp], values: Array) -> "LatentState":
        """Return the state with `values` in `dims`, of which locked dimensions take nothing."""
        z = self.z.copy()
        z[dims] = values
        return self.with_z(z)

    def with_value(self, dim: int, value: float) -> "LatentState":
        """Return the state with one other value, unless that dimension is locked."""
        return self.with_values(np.array([dim]), np.array([value], np.float32))

    def with_lock(self, dims: slice, locked: bool) -> "LatentState":
        """Return the state with some dimensions locked or not."""
        mask = self.locked.copy()
        mask[dims] = locked
        return replace(self, locked=mask)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LatentState):
            return NotImplemented
        same = np.array_equal(self.z, other.z) and np.array_equal(self.locked, other.locked)
        return same and self.held == other.held


def _frozen(array: NDArray[_T], kind: type[_T]) -> NDArray[_T]:
    if array.dtype == kind and not array.flags.writeable:
        return array
    array = np.array(array, kind)
    array.flags.writeable = False
    return array
