"""What can be read off an image of a digit, and the direction of z that each goes with.

Shape is measured by moments of the ink, as Morpho-MNIST does (Castro et al. 2019, arXiv 1809.07480)
but without a skeleton; likeness to a digit by the studio's classifier. Each is fitted linearly in
z, and says how much of it that explains.
"""

import numpy as np
import torch
from numpy.typing import NDArray

from ganstudio.evaluation.features import CLASSES, digits
from ganstudio.latent.decode import decode
from ganstudio.latent.directions import Directions, NamedDirections
from ganstudio.latent.snapshot import Snapshot
from ganstudio.latent.spec import Array, LatentSpec, Sampled, Stream, generator

SHAPES = {"thickness": "px", "slant": "°", "width": "px", "height": "px"}  # and their units
ODDS = "nats"  # the unit of a likeness
SAMPLES = 1000
_BATCH = 100
_SAME = 1e-10  # of the largest eigenvalue, below which terms depend on each other
_INK = 1e-6  # of an image, below which it has no shape
_FREE = 1e-3  # the least share of a sample that a fit to all of them leaves open

Pixels = NDArray[np.uint8]
Values = NDArray[np.float64]


def shapes(images: Pixels) -> dict[str, Values]:
    """Measure the ink of images, (N, 1, H, W) uint8, white on black.

    Returns
    -------
    dict of str to (N,) float64
        ``thickness`` in pixels: twice the area over the length of the outline. ``slant`` in degrees
        of a shear, to the right above 0. ``width`` and ``height`` in pixels, upright: four standard
        deviations of the ink. NaN where there is no ink.
    """
    ink = images[:, 0].astype(np.float64) / 255
    h, w = ink.shape[1:]
    area = ink.sum((1, 2))
    area[area < _INK] = np.nan
    outline = np.hypot(
        np.diff(ink, axis=2, prepend=0, append=0)[:, :, :w],
        np.diff(ink, axis=1, prepend=0, append=0)[:, :h],
    ).sum((1, 2))
    x, y = np.arange(w), np.arange(h)[:, None]
    mean_x, mean_y = ((ink * at).sum((1, 2)) / area for at in (x, y))
    dx, dy = x - mean_x[:, None, None], y - mean_y[:, None, None]
    xx, xy, yy = ((ink * a * b).sum((1, 2)) / area for a, b in ((dx, dx), (dx, dy), (dy, dy)))
    shear = -xy / np.maximum(yy, _INK)  # y grows downwards
    upright = np.maximum(xx - shear**2 * yy, 0)  # the width once the slant is taken out
    return {
        "thickness": 2 * area / np.maximum(outline, _INK),
        "slant": np.degrees(np.arctan(shear)),
        "width": 4 * np.sqrt(upright),
        "height": 4 * np.sqrt(yy),
    }


def likeness(images: Pixels) -> Values:
    """Return the log odds of each digit, (N, 10), by the studio's classifier."""
    _, named = digits().of(images)
    sure = named.astype(np.float64).clip(1e-6, 1 - 1e-6)
    odds: Values = np.log(sure / (1 - sure))
    return odds


class Search:
    """Fits the attributes of a model that draws grey digits, a few images at a time.

    Parameters
    ----------
    snapshot : Snapshot
        The model; its images have one channel.
    averaged : bool
        By the averaged generator, where there is one.
    seed : int
        Of the samples.
    """

    def __init__(self, snapshot: Snapshot, *, averaged: bool = True, seed: int = 0) -> None:
        self._snapshot, self._averaged = snapshot, averaged
        rng = generator(seed, Stream.SAMPLES, Sampled.ATTRIBUTES)
        self._z = snapshot.latent.sample(SAMPLES, rng)
        self._values: list[dict[str, Values]] = []
        self._fits: list[tuple[Array, float, float]] = []
        self._done = 0

    @property
    def drawing(self) -> bool:
        """Whether there are images to draw and measure; fits take as long whatever their number."""
        return self._done < SAMPLES

    def go_on(self, images: int) -> NamedDirections | None:
        """Measure so many images, or fit one attribute; return all once they are fitted.

        A strength is what a standard deviation along a direction adds: pixels, degrees of slant,
        or nats, the log odds of a digit. `explained` is R² of each sample by a fit to all others:
        the share of an attribute's variance that goes with its direction; where z has choices, of
        the variance within them.
        """
        if self.drawing:
            z = self._z[self._done : self._done + images]
            drawn = decode(self._snapshot, z, averaged=self._averaged)
            odds = likeness(drawn)
            named = {f"like {digit}": odds[:, digit] for digit in range(CLASSES)}
            self._values.append(shapes(drawn) | named)
            self._done += len(z)
            return None
        latent, names = self._snapshot.latent, tuple(self._values[0])
        name = names[len(self._fits)]  # one a call: each takes milliseconds
        values = np.concatenate([values[name] for values in self._values])
        self._fits.append(fit(latent, self._z, values))
        if len(self._fits) < len(names):
            return None
        vectors, slopes, shares = zip(*self._fits, strict=True)
        return NamedDirections(
            names=names,
            directions=Directions(
                latent=latent,
                vectors=np.stack(vectors),
                strengths=np.array(slopes, np.float32),
            ),
            units=tuple(SHAPES.get(name, ODDS) for name in names),
            explained=tuple(shares),
        )


def find(snapshot: Snapshot, *, averaged: bool = True, seed: int = 0) -> NamedDirections:
    """Return the attributes of a model that draws grey digits; as `Search`, all at once."""
    search = Search(snapshot, averaged=averaged, seed=seed)
    while (found := search.go_on(_BATCH)) is None:
        pass
    return found


def fit(latent: LatentSpec, z: Array, values: Values) -> tuple[Array, float, float]:
    """Fit `values` (N,) linearly in z (N, dim); what is NaN is left out.

    Returns
    -------
    vector : (dim,) float32
        The direction, of length 1 in standard deviations of the prior; 0 if nothing was found.
    slope : float
        What a standard deviation along it adds.
    explained : float
        R² as `Search.go_on` has it, 0 at least.
    """
    scale = latent.deviations
    moved = scale > 0
    u = z / np.where(moved, scale, 1)
    choices = np.where(moved, 0, u)  # explain what they do, so that it is not put down to others
    terms = np.concatenate([np.ones((len(u), 1)), choices, np.where(moved, u, 0)], axis=1)
    fixed = 1 + len(scale)
    good = np.isfinite(values)
    terms, values = terms[good], values[good]
    if len(values) <= terms.shape[1] or np.ptp(values) == 0:
        return np.zeros_like(scale), 0.0, 0.0
    weights, rest = _least_squares(terms, values)
    _, all_of_it = _least_squares(terms[:, :fixed], values)
    slopes = np.where(moved, weights[fixed:], 0)
    length = float(np.linalg.norm(slopes))
    share = max(0.0, 1 - rest / max(all_of_it, 1e-12))
    return (slopes / max(length, 1e-12)).astype(np.float32), length, share


def _least_squares(terms: Values, values: Values) -> tuple[Values, float]:
    """Return the shortest solution; terms may depend on each other, as choices and 1 do.

    And the sum of squares that it leaves, of each value by a fit to all others: what the fit to all
    leaves of the value over the share of it that is free (Allen 1974, the PRESS statistic).
    """
    x, y = torch.from_numpy(terms), torch.from_numpy(values)
    sizes, basis = torch.linalg.eigh(x.T @ x)
    kept = sizes > _SAME * sizes[-1]
    whitened = x @ (basis[:, kept] / sizes[kept].sqrt())  # with orthonormal columns
    pulled = whitened.T @ y
    free = (1 - whitened.square().sum(1)).clamp(min=_FREE)
    left = ((y - whitened @ pulled) / free).square().sum()
    solution: Values = (basis[:, kept] @ (pulled / sizes[kept].sqrt())).numpy()
    return solution, float(left)
