"""How z is shown: what has a slider, what is chosen by a row of buttons, and all their names."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganstudio.gui.wording import translate
from ganstudio.latent.spec import LatentPart, LatentSpec


@dataclass(frozen=True, slots=True)
class Choice:
    """A one-hot part of z.

    Attributes
    ----------
    key : str
        The name of the part.
    where : slice
        Its dimensions of z.
    name : str
        What is chosen, e.g. ``"Digit"``.
    options : tuple of str
        What there is to choose, e.g. ``"Digit 3"``.
    is_code : bool
        Whether D has to find it in the image; else G and D are told.
    """

    key: str
    where: slice
    name: str
    options: tuple[str, ...]
    is_code: bool


@dataclass(frozen=True, eq=False, slots=True)
class LatentLayout:
    """The controls of z.

    Attributes
    ----------
    dims : (sliders,) intp
        The dimension of z that each slider moves: first the codes, then the noise.
    names : tuple of str
        What the sliders are called.
    codes : int
        How many of the sliders are codes.
    choices : tuple of Choice
        The rows of buttons.
    """

    dims: NDArray[np.intp]
    names: tuple[str, ...]
    codes: int
    choices: tuple[Choice, ...]

    @staticmethod
    def of(latent: LatentSpec, dataset: str) -> "LatentLayout":
        """Return the controls of a run's z; `dataset` decides what its classes are called."""
        dims: list[int] = []
        names: list[str] = []
        choices: list[Choice] = []
        for part in sorted(latent.parts, key=lambda part: part.role != "code"):
            where = latent.slices[part.name]
            if part.kind == "one-hot":
                name, option = _choice_names(part, dataset)
                options = tuple(option.format(number=i) for i in range(part.dim))
                choices.append(Choice(part.name, where, name, options, part.role == "code"))
            else:
                dims += range(where.start, where.stop)
                names += _slider_names(part)
        codes = sum(part.dim for part in latent.codes if part.kind != "one-hot")
        choices.sort(key=lambda choice: choice.where.start)
        return LatentLayout(np.array(dims, np.intp), tuple(names), codes, tuple(choices))


def _slider_names(part: LatentPart) -> list[str]:
    """Name the numbers of a part: noise as the dimensions of z, codes counted from 1."""
    if part.role == "code":
        name = translate("latent", "Code {number}")
        return [name.format(number=i + 1) for i in range(part.dim)]
    return [f"z {i}" for i in range(part.dim)]


def _choice_names(part: LatentPart, dataset: str) -> tuple[str, str]:
    """Name what is chosen, and each choice, where {number} stands for its number."""
    if part.role == "code":
        return translate("latent", "Code"), translate("latent", "Code {number}")
    if dataset == "mnist":
        return translate("latent", "Digit"), translate("latent", "Digit {number}")
    return translate("latent", "Class"), translate("latent", "Class {number}")


def direction_name(name: str) -> str:
    """Return what a direction is called unless a person calls it otherwise."""
    if number := re.fullmatch(r"direction (\d+)", name):
        return translate("latent", "Direction {number}").format(number=number[1])
    if digit := re.fullmatch(r"like (\d+)", name):
        return translate("latent", "More like a {digit}").format(digit=digit[1])
    attributes = {
        "thickness": translate("latent", "Thickness"),
        "slant": translate("latent", "Slant"),
        "width": translate("latent", "Width"),
        "height": translate("latent", "Height"),
    }
    return attributes[name]
