"""What z consists of. One description serves the sliders, checkpoints, files and commands.

numpy only: the window draws and checks z without torch.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ganstudio.errors import StudioError

Array = NDArray[np.float32]


class Stream(IntEnum):
    """Independent sources of randomness of one seed. Checkpoints rely on the numbers."""

    DATA = 0  # order of the training images
    Z_D = 1  # noise of D's updates
    Z_G = 2  # noise of G's updates
    AUGMENTATION = 3
    PENALTY = 4
    SAMPLES = 5  # z of sample grids, in the window and in files
    LAYERS = 6  # what layers of a model file draw while they train, as dropout does


class Sampled(IntEnum):
    """What each generator of `Stream.SAMPLES` draws. Checkpoints rely on TRAIN_IMAGES."""

    GRID = 0  # z of sample grids; the first of a seed is that seed's z
    SHOWN = 1  # real images to look at
    RANDOM = 2  # z that a person asks for
    REFERENCE = 3  # real images that samples are compared with
    JUDGED = 4  # z of the samples that are judged
    TRAIN_IMAGES = 5  # those of a recipe that limits them
    LOOKS = 6  # z of the samples by which a run's health is known
    DIRECTIONS = 7  # z around which directions are looked for
    ATTRIBUTES = 8  # z by whose images attributes are told
    INVERSION = 9  # z that are tried first for an image


def generator(seed: int, stream: Stream, index: int = 0) -> np.random.Generator:
    """Return generator number `index` of one of a seed's streams.

    Counter-based (Philox; Salmon et al. 2011): a position in a stream is just a number, so a
    checkpoint holds counts instead of generator states, and every device sees the same values.
    """
    return np.random.Generator(np.random.Philox(key=[seed, stream], counter=[0, 0, 0, index]))


@dataclass(frozen=True, kw_only=True, slots=True)
class LatentPart:
    """A run of dimensions of z with one distribution.

    Attributes
    ----------
    name : str
        Tells it from the other parts, e.g. ``"z"``.
    kind : {"normal", "uniform", "one-hot"}
        N(0, 1); U(-1, 1); or one of `dim` choices as a row of zeros with a single 1.
    dim : int
        How many dimensions it has.
    role : {"noise", "class", "code"}
        What it is for: noise; the class that G is to draw and D is told; or a code that D has to
        find in the image (InfoGAN; Chen et al. 2016, arXiv 1606.03657).
    """

    name: str
    kind: Literal["normal", "uniform", "one-hot"]
    dim: int
    role: Literal["noise", "class", "code"] = "noise"

    @property
    def bound(self) -> float:
        """The sliders' range is ±bound: 4 for a normal part (99.994 % of draws), else 1."""
        return 4.0 if self.kind == "normal" else 1.0


@dataclass(frozen=True, slots=True)
class LatentSpec:
    """The parts of z, in order."""

    parts: tuple[LatentPart, ...]

    @property
    def dim(self) -> int:
        """The length of z."""
        return sum(part.dim for part in self.parts)

    @property
    def bounds(self) -> Array:
        """The sliders' range ±bounds, (dim,) float32."""
        return np.concatenate([np.full(part.dim, part.bound, np.float32) for part in self.parts])

    @property
    def limits(self) -> Array:
        """How far from 0 the prior draws at most, (dim,) float32: where it is normal, any far."""
        return np.concatenate(
            [np.full(p.dim, np.inf if p.kind == "normal" else 1, np.float32) for p in self.parts]
        )

    @property
    def deviations(self) -> Array:
        """The prior's standard deviations, (dim,) float32; 0 in choices, which nothing moves."""
        each = {"normal": 1.0, "uniform": 3**-0.5, "one-hot": 0.0}
        return np.repeat(
            np.array([each[part.kind] for part in self.parts], np.float32),
            [part.dim for part in self.parts],
        )

    @property
    def slices(self) -> dict[str, slice]:
        """Where in z each part lies, by its name."""
        ends = np.cumsum([part.dim for part in self.parts]).tolist()
        return {
            part.name: slice(end - part.dim, end)
            for part, end in zip(self.parts, ends, strict=True)
        }

    @property
    def classes(self) -> int:
        """How many classes G is told to draw; 0 if it is not conditional."""
        return sum(part.dim for part in self.parts if part.role == "class")

    def classes_of(self, z: Array) -> Array:
        """Return the class part of `z`, which there must be: (N, classes) float32."""
        return z[:, self.slices["class"]]

    @property
    def choices(self) -> tuple[LatentPart, ...]:
        """The one-hot parts, the class before a code."""
        return tuple(part for part in self.parts if part.kind == "one-hot")

    @property
    def columns(self) -> int | None:
        """How many columns a grid of samples has: one for each choice; None if there is none."""
        return next((part.dim for part in self.choices), None)

    @property
    def codes(self) -> tuple[LatentPart, ...]:
        """The parts that D has to find in the image."""
        return tuple(part for part in self.parts if part.role == "code")

    @property
    def code_outputs(self) -> int:
        """How many numbers D says of the codes: a logit a choice, a mean else."""
        return sum(part.dim for part in self.codes)

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        """Draw `n` latents from the prior: (n, dim) float32; more of them begin with the same."""
        if len(self.parts) == 1:
            return _draw(self.parts[0], n, rng)
        # drawn one after the other, a part would begin wherever n draws of the one before ended
        key = int(rng.integers(2**63))
        return np.concatenate(
            [
                _draw(part, n, np.random.Generator(np.random.Philox(key=[key, number])))
                for number, part in enumerate(self.parts)
            ],
            axis=1,
        )

    def sample_grid(self, n: int, rng: np.random.Generator) -> Array:
        """Draw `n` latents for a grid of samples: (n, dim) float32.

        Where there is a choice, number i makes choice i modulo `columns`, else all is as drawn.
        """
        z = self.sample(n, rng)
        for part in self.choices[:1]:
            z[:, self.slices[part.name]] = _one_hot(np.arange(n) % part.dim, part.dim)
        return z

    def whole_rows(self, n: int) -> int:
        """Return how many of `n` samples fill whole rows of a grid with `columns`, if it has."""
        columns = self.columns or 1
        return max(n // columns, 1) * columns

    def with_class(self, z: Array, number: int) -> Array:
        """Return a copy of `z`, (N, dim) float32, whose class is `number`; there must be one."""
        z = z.copy()
        z[:, self.slices["class"]] = _one_hot(np.array([number]), self.classes)
        return z

    def centre(self, z: Array) -> Array:
        """Return the prior's mean, (dim,) float32, but for the choices, which stay those of `z`.

        No typical draw: those lie on a shell. Nor has a choice a mean that G knows.
        """
        centre = np.zeros(self.dim, np.float32)
        for part in self.choices:
            centre[self.slices[part.name]] = z[self.slices[part.name]]
        return centre

    def truncated(self, z: Array, psi: float) -> Array:
        """Return `z` (dim,) with all but choices times `psi`: nearer to the mean if below 1."""
        cut: Array = np.where(self.deviations > 0, psi * z, z).astype(np.float32)
        return cut

    def allows(self, z: Array) -> bool:
        """Tell whether `z` (n,) has `dim` numbers, and every choice in it is one."""
        if len(z) != self.dim:
            return False
        made = (np.sort(z[self.slices[part.name]]) for part in self.choices)
        return all(choice[-1] == 1 and not choice[:-1].any() for choice in made)

    def of_seed(self, seed: int) -> Array:
        """Return the z of a seed, (dim,) float32: that of which `sample` draws a single image."""
        first: Array = self.sample(1, generator(seed, Stream.SAMPLES))[0]
        return first

    def check(self, z: Array) -> None:
        """Raise ``latent-mismatch`` unless the last axis of `z` has `dim` numbers."""
        if z.shape[-1] != self.dim:
            raise StudioError("latent-mismatch", expected=self.dim, actual=z.shape[-1])

    def to_dict(self) -> dict[str, Any]:
        """Return a description of plain values, as checkpoints hold it."""
        return {"parts": [asdict(part) for part in self.parts]}

    @staticmethod
    def from_dict(table: Mapping[str, Any]) -> "LatentSpec":
        """Return what `to_dict` described."""
        return LatentSpec(tuple(LatentPart(**part) for part in table["parts"]))


def _draw(part: LatentPart, n: int, rng: np.random.Generator) -> Array:
    if part.kind == "one-hot":
        return _one_hot(rng.integers(part.dim, size=n), part.dim)
    if part.kind == "normal":
        return rng.standard_normal((n, part.dim), dtype=np.float32)
    return rng.random((n, part.dim), dtype=np.float32) * 2 - 1


def _one_hot(choices: NDArray[np.integer[Any]], dim: int) -> Array:
    """Return a row of zeros with a single 1 for each choice: (N, dim) float32."""
    rows: Array = np.eye(dim, dtype=np.float32)[choices]
    return rows
