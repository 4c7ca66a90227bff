"""What a person notes of a model while exploring it; its checkpoint keeps it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ganstudio.latent.spec import Array, LatentSpec


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class Bookmark:
    """A place in a latent space.

    Attributes
    ----------
    name : str
        What the person calls it.
    z : (dim,) float32
        The latent.
    latent : LatentSpec
        What it consists of: a z of another model may mean nothing to this one.
    """

    name: str
    z: Array
    latent: LatentSpec

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Bookmark):
            return NotImplemented
        same = (self.name, self.latent) == (other.name, other.latent)
        return same and np.array_equal(self.z, other.z)


@dataclass(frozen=True, kw_only=True, slots=True)
class Notes:
    """All that was noted.

    Attributes
    ----------
    bookmarks : tuple of Bookmark
        In the person's order.
    names : tuple of (str, str)
        Directions by their names, and what the person calls them.
    ways : tuple of (str, tuple of float)
        Directions that were found by their strength, and where they led when they were named: by
        their numbers alone they could not be told again.
    """

    bookmarks: tuple[Bookmark, ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    ways: tuple[tuple[str, tuple[float, ...]], ...] = ()

    def called(self, direction: str) -> str:
        """Return what a direction is called; "" if it has its usual name."""
        return dict(self.names).get(direction, "")

    def places(self) -> dict[int, Array]:
        """Return the places, from 0, of directions that were named, and where each led then."""
        return {
            int(number[1]) - 1: np.array(way, np.float32)
            for key, way in self.ways
            if (number := re.fullmatch(r"direction ([1-9]\d*)", key))
        }

    def calling(self, direction: str, name: str, way: Array | None = None) -> "Notes":
        """Return the notes with another name for a direction; "" is the usual one."""
        names = {**dict(self.names), direction: name}
        ways = dict(self.ways)
        if way is not None:
            ways[direction] = tuple(way.tolist())
        return replace(
            self,
            names=tuple((key, called) for key, called in names.items() if called),
            ways=tuple((key, told) for key, told in ways.items() if names.get(key)),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return a description of plain values, as checkpoints hold it."""
        marks = [
            {"name": mark.name, "z": mark.z.tolist(), "latent": mark.latent.to_dict()}
            for mark in self.bookmarks
        ]
        ways = {key: list(way) for key, way in self.ways}
        return {"bookmarks": marks, "names": dict(self.names), "ways": ways}

    @staticmethod
    def from_dict(table: Mapping[str, Any]) -> "Notes":
        """Return what `to_dict` described.

        Raises
        ------
        ValueError, TypeError, KeyError
            If it is no such description, or a z does not fit its own latent.
        """
        return Notes(
            bookmarks=tuple(map(_bookmark, table["bookmarks"])),
            names=tuple((str(key), str(name)) for key, name in table["names"].items()),
            ways=tuple(
                (str(key), tuple(map(float, way))) for key, way in table.get("ways", {}).items()
            ),
        )


def _bookmark(table: Mapping[str, Any]) -> Bookmark:
    latent = LatentSpec.from_dict(table["latent"])
    z = np.array(table["z"], np.float32)
    if z.ndim != 1 or not np.isfinite(z).all() or not latent.allows(z):
        raise ValueError(f"the z of bookmark {table['name']!r} is none of its latent")
    z.flags.writeable = False
    return Bookmark(name=str(table["name"]), z=z, latent=latent)
