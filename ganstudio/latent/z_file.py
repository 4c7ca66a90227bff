"""Latents in a file: what `walk`, `project` and the window write, or text with a z a line."""

import io
from pathlib import Path
from tokenize import TokenError

import numpy as np

from ganstudio.errors import Phrase, StudioError, reading
from ganstudio.latent import z_text
from ganstudio.latent.spec import Array, LatentSpec

_MAGIC = b"\x93NUMPY"


def read(latent: LatentSpec, path: Path) -> Array:
    """Return the latents in a .npy file, (N, dim) or (dim,), or in a text: (N, dim) float32.

    Raises
    ------
    StudioError
        ``cannot-read`` or ``bad-z-file``, naming the file and, in it, the z that is none.
    """
    with reading(path):
        data = path.read_bytes()
    if not data.startswith(_MAGIC):
        return _of_text(latent, path, data)
    try:
        z = np.atleast_2d(np.load(io.BytesIO(data), allow_pickle=False)).astype(np.float32)
    except (ValueError, TypeError, EOFError, SyntaxError, TokenError, MemoryError):
        raise _bad(path, Phrase("damaged")) from None
    if z.ndim != 2 or not len(z) or z.shape[1] != latent.dim:
        shape = " × ".join(map(str, z.shape))
        raise _bad(path, Phrase("shape-of-no-z", shape=shape, dim=latent.dim))
    for number, row in enumerate(z, start=1):
        if not np.isfinite(row).all() or not latent.allows(row):
            raise _bad(path, Phrase("row-is-no-z", number=number))
    return z


def _of_text(latent: LatentSpec, path: Path, data: bytes) -> Array:
    try:
        lines = [line for line in data.decode().splitlines() if line.strip()]
    except UnicodeDecodeError:
        raise _bad(path, Phrase("neither-npy-nor-text")) from None
    if not lines:
        raise _bad(path, Phrase("holds-nothing"))
    found = []
    for number, line in enumerate(lines, start=1):
        try:
            found.append(z_text.read(latent, line))
        except StudioError as error:
            reason = error.fields["reason"]
            raise _bad(path, Phrase("line-is-no-z", number=number, reason=reason)) from None
    return np.stack(found)


def _bad(path: Path, reason: Phrase) -> StudioError:
    return StudioError("bad-z-file", path=path, reason=reason)
