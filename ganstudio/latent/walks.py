"""Walks through z: from stop to stop, along a great circle or straight.

Normal draws lie on a shell; a straight way between two of them leads through its inside, where G
was hardly trained, and spherical interpolation stays on it (White 2016, arXiv 1609.04468).
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganstudio import images
from ganstudio.latent.spec import Array, LatentSpec
from ganstudio.work import Work

Values = NDArray[np.float64]

FILMS = (".gif", ".mp4")
SUFFIXES = (*FILMS, ".png", ".npy")
_PARALLEL = 1e-4  # radians between two vectors, below which a great circle is a straight line


def walk(
    latent: LatentSpec, stops: Array, frames: int, *, loop: bool = False, straight: bool = False
) -> Array:
    """Return the latents of a walk.

    Parameters
    ----------
    latent : LatentSpec
        What z consists of.
    stops : (K, dim) float32
        Where it leads through, in order; two at least.
    frames : int
        From one stop to the next, the former included.
    loop : bool
        Whether it leads back to the first stop.
    straight : bool
        Whether normal parts go straight, as uniform ones always do. Choices change half-way.

    Returns
    -------
    (N, dim) float32
        N is ``frames * (K - 1) + 1``, or ``frames * K`` in a loop, which does not show the first
        stop again.
    """
    legs = list(zip(stops, np.roll(stops, -1, axis=0), strict=True))[: None if loop else -1]
    t = np.arange(frames) / frames
    ways = [_leg(latent, a, b, t, straight=straight) for a, b in legs]
    if not loop:
        ways.append(stops[-1:].astype(np.float64))
    return np.concatenate(ways).astype(np.float32)


def _leg(latent: LatentSpec, a: Array, b: Array, t: Values, *, straight: bool) -> Values:
    """Return the way from `a` to `b`, both (dim,), at the times `t` in [0, 1)."""
    way = np.empty((len(t), latent.dim))
    for part in latent.parts:
        where = latent.slices[part.name]
        if part.kind == "one-hot":
            way[:, where] = np.where(t[:, None] < 0.5, a[where], b[where])
        elif part.kind == "normal" and not straight:
            way[:, where] = slerp(a[where], b[where], t)
        else:
            way[:, where] = a[where] + t[:, None] * (b[where] - a[where])
    return way


def slerp(a: Array, b: Array, t: Values) -> Values:
    """Interpolate two vectors spherically (Shoemake 1985): (len(t), n).

    Their directions go round at an even pace, and their lengths change evenly. Where they point the
    same way, or exactly opposite ways, it goes straight.
    """
    first, last = a.astype(np.float64), b.astype(np.float64)
    lengths = np.linalg.norm(first), np.linalg.norm(last)
    straight: Values = first + t[:, None] * (last - first)
    if not all(lengths):
        return straight
    u, v = first / lengths[0], last / lengths[1]
    angle = np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v)) * 2
    if angle < _PARALLEL or angle > np.pi - _PARALLEL:
        return straight
    round_ = np.sin((1 - t) * angle)[:, None] * u + np.sin(t * angle)[:, None] * v
    length = lengths[0] + t * (lengths[1] - lengths[0])
    way: Values = round_ / np.sin(angle) * length[:, None]
    return way


def combined(latent: LatentSpec, a: Array, b: Array, c: Array) -> Array:
    """Return ``a - b + c``, all (dim,); the choices are those of `a`.

    The difference of two images goes along to a third (Radford et al. 2016, arXiv 1511.06434).
    """
    sum_: Array = np.where(latent.deviations > 0, a - b + c, a).astype(np.float32)
    return sum_


def save(
    z: Array,
    drawn: images.Pixels | None,
    path: Path,
    columns: int,
    fps: float,
    work: Work | None = None,
) -> None:
    """Write a walk as the suffix of `path` says.

    Parameters
    ----------
    z : (N, dim) float32
        The walk: what ``.npy`` holds.
    drawn : (N, C, H, W) uint8, or None
        Its images, which all others need.
    path : Path
        The file, with a suffix of `SUFFIXES`.
    columns : int
        Images in a row of a ``.png``.
    fps : float
        Frames a second of a film.
    work : Work, optional
        Hears how far it is, and may cancel a film; the file then is as it was before.

    Raises
    ------
    StudioError
        ``no-video``, ``no-film``, ``cannot-write`` or ``disk-full``, naming the file.
    Cancelled
        If `work` was.
    """
    suffix = path.suffix.lower()
    if suffix == ".npy":
        images.save_npy(z, path)
        return
    assert drawn is not None
    if suffix == ".gif":
        images.save_gif(drawn, path, fps, work)
    elif suffix == ".mp4":
        images.save_mp4(drawn, path, fps, work)
    else:
        images.save_png(images.grid(drawn, columns), path)
