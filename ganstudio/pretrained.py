"""Generators that come with the studio, to be explored before anything was trained.

``resources/pretrained`` holds a generator file for each, and a TOML table beside it: what it is,
and the commands that made it.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from ganstudio.errors import StudioError
from ganstudio.resources import resource

GENERATOR_SUFFIX = ".safetensors"
_FOLDER = "pretrained"


@dataclass(frozen=True, kw_only=True, slots=True)
class Pretrained:
    """A trained generator.

    Attributes
    ----------
    name : str
        Of its files, without suffix.
    place : int
        In the list of all.
    title, description : str
        English, to be translated where it is shown.
    commands : tuple of str
        What made it, in order.
    path : Path
        The generator file.
    """

    name: str
    place: int
    title: str
    description: str
    commands: tuple[str, ...]
    path: Path


def pretrained() -> list[Pretrained]:
    """Return the generators that come with the studio, in the order that they are offered in."""
    try:
        folder = resource(_FOLDER)
    except StudioError:  # an installation without them works but for them
        return []
    found = (_read(path) for path in folder.glob("*.toml"))
    return sorted(found, key=lambda each: each.place)


def is_pretrained(path: Path) -> bool:
    """Tell whether a file came with the studio."""
    return any(path.resolve() == each.path.resolve() for each in pretrained())


def _read(path: Path) -> Pretrained:
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return Pretrained(
        name=path.stem,
        place=table["place"],
        title=table["title"],
        description=table["description"],
        commands=tuple(table["commands"]),
        path=path.with_suffix(GENERATOR_SUFFIX),
    )
