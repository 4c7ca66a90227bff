"""What can be asked of the decode thread, and what it answers."""

from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ganstudio.gui.widgets.thumbnails import Colour
from ganstudio.latent.directions import Directions
from ganstudio.latent.holds import Holds
from ganstudio.latent.spec import Array
from ganstudio.work import Work

Values = NDArray[np.float64]

if TYPE_CHECKING:
    from ganstudio.latent.snapshot import Snapshot
    from ganstudio.training.status import RunInfo


class Lane(IntEnum):
    """What is asked for, the most urgent first."""

    IMAGE = 0
    PAST = 1  # an earlier step, read from its file
    VERDICT = 2  # D's, on an image that is no snapshot's
    THUMBNAILS = 3
    TRAIL = 4  # the image of z at earlier steps
    NEIGHBOURS = 5  # the training images nearest to the image of z
    GRID = 6
    RIVAL = 7  # the grid of the run that this one is compared with
    RECONSTRUCTION = 8
    REFERENCE = 9  # D's logits of held-out images, which a verdict is ranked among
    EFFECT = 10
    FIND = 11  # the z of an image
    DIRECTIONS = 12  # of z, which change the image most
    ATTRIBUTES = 13  # the directions of what can be read off a digit
    RUN = 14  # another run, read from its file
    COMPARED = 15  # the image of z by other runs
    HEALTH = 16  # a look at D and G for the doctor
    WALK = 17  # for a file
    FILM = 18  # the grid at earlier steps, for a file
    INDEX = 19  # a look at all training images, which neighbours are found among


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A request: what to draw, with which model.

    Attributes
    ----------
    lane : Lane
        What is asked for.
    snapshot : Snapshot
        The model.
    inputs : (N, latent_dim) float32, or (N, C, H, W) uint8
        Latents, or images in the lanes RECONSTRUCTION, all in one piece, FIND, and VERDICT and
        REFERENCE,
    labels : (N,) int64 or None
        and in the latter two their classes.
    info : RunInfo or None
        The run, in the lanes HEALTH and INDEX, which need no inputs, NEIGHBOURS and VERDICT.
    features : bool
        In the lane INDEX: look at the images with the studio's own network, too.
    trail : tuple of Snapshot
        In the lanes TRAIL and COMPARED, the models that each draw the one z.
    paths : tuple of Path
        In the lanes PAST, RUN and FILM, the checkpoints that are read: in the first two, one.
    work : Work or None
        In the lanes WALK, FILM and FIND: hears how far it is, and may cancel.
    within : (Array, Holds) or None
        In the lane FIND, where z is, and what of it stays.
    former : Directions or None
        In the lane DIRECTIONS, those that the new ones are to be matched to.
    colour : {"", "rank", "digit"}
        In the lane THUMBNAILS, what else is wanted of the images: `Drawn.values`.
    averaged : bool
        By the averaged generator, where there is one.
    start : int
        How many are done.
    request : int
        Its number, which `DecodeThread.ask` gives.
    """

    lane: Lane
    snapshot: "Snapshot"
    inputs: NDArray[np.float32] | NDArray[np.uint8] | None = field(default=None, repr=False)
    labels: NDArray[np.int64] | None = field(default=None, repr=False)
    info: "RunInfo | None" = field(default=None, repr=False)
    trail: "tuple[Snapshot, ...]" = field(default=(), repr=False)
    paths: tuple[Path, ...] = ()
    work: Work | None = field(default=None, repr=False)
    features: bool = False
    within: tuple[Array, Holds] | None = field(default=None, repr=False)
    former: Directions | None = field(default=None, repr=False)
    colour: Colour = ""
    averaged: bool = True
    start: int = 0
    request: int = 0


@dataclass(frozen=True, eq=False, slots=True)
class OtherRun:
    """What is shown of a run beside others.

    Attributes
    ----------
    curves : dict of str to ((n,) float64, (n,) float64)
        Some steps, and what a column of the history was around each.
    snapshot : Snapshot or None
        Its networks as they were saved; None where a person's file makes them, or they are damaged.
    """

    curves: dict[str, tuple[Values, Values]] = field(repr=False)
    snapshot: "Snapshot | None" = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawn:
    """An answer, stamped with the request and the model.

    Attributes
    ----------
    request : int
        The number that `DecodeThread.ask` gave.
    snapshot : Snapshot
        The model.
    start : int
        Index of the first image in the grid; else 0.
    images : (N, C, H, W) uint8
    colour : {"", "rank", "digit"}
        What `values` are.
    values : (N,) float32 or None
        Of thumbnails, where they are wanted: D's rank among held-out images in [0, 1], NaN where
        that is not known; or the digit that the studio's classifier sees.
    rank : float or None
        The share of held-out images that D finds less real; None where it is not known (yet),
        or where D has not learned anything.
    learned : bool
        Whether the D that ranks had any update.
    seconds : float
        Of decoding so far, in a grid.
    """

    request: int
    snapshot: "Snapshot"
    start: int
    images: NDArray[np.uint8]
    colour: Colour = ""
    values: NDArray[np.float32] | None = None
    rank: float | None = None
    learned: bool = True
    seconds: float = 0.0

    @property
    def run_id(self) -> str:
        """The run of the model."""
        return self.snapshot.run_id

    @property
    def step(self) -> int:
        """The step of the model."""
        return self.snapshot.step


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What D thinks of an image, and how well that passes for a real one.

    Attributes
    ----------
    run_id : str
        The run of D.
    rank : float or None
        The share of held-out images that it finds less real; None where that is not known.
    wishes : (H, W) float32
        Where it wants more ink or less, in [-1, 1].
    accepts : bool
        Whether D would find any drawing real: held-out images that are drawn anew.
    typical : float or None
        The share of held-out images that lie farther from the training images.
    convincing : float or None
        The share of held-out images that pass less well; None where that is not known (yet).
    final : bool
        Whether that is all: else `convincing` follows.
    """

    run_id: str
    rank: float | None
    wishes: NDArray[np.float32] = field(repr=False)
    accepts: bool = True
    typical: float | None = None
    convincing: float | None = None
    final: bool = True
