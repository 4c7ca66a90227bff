"""z as text, to be copied, mailed and typed into a program."""

import math
import re

import numpy as np

from ganstudio.errors import Phrase, StudioError
from ganstudio.latent.spec import Array, LatentSpec

_SHOWN = 20  # characters of what is no number
_MOST = float(np.finfo(np.float32).max)


def written(z: Array) -> str:
    """Return `z` (dim,) as a list that Python and JSON can read, exactly."""
    return f"[{', '.join(f'{value:.9g}' for value in z)}]"


def read(latent: LatentSpec, text: str) -> Array:
    """Return the z in `text`: numbers with commas or spaces between them, in brackets or not.

    Raises
    ------
    StudioError
        ``not-a-z``, with the reason: nothing, a word that is no finite number, another number of
        them, or a choice that is none.
    """
    words = [word for word in re.split(r"[\s,;]+", text.strip().strip("[]()")) if word]
    if not words:
        raise _no_z(latent, "holds-nothing")
    z = np.array([_number(latent, word) for word in words], np.float32)
    if len(z) != latent.dim:
        raise _no_z(latent, "so-many-numbers", found=len(z))
    if not latent.allows(z):
        raise _no_z(latent, "no-choice")
    return z


def _number(latent: LatentSpec, word: str) -> float:
    try:
        value = float(word.replace("−", "-"))
    except ValueError:
        value = math.nan
    if not abs(value) <= _MOST:
        raise _no_z(latent, "no-finite-number", text=word[:_SHOWN])
    return value


def _no_z(latent: LatentSpec, reason: str, **fields: object) -> StudioError:
    return StudioError("not-a-z", dim=latent.dim, reason=Phrase(reason, **fields))
