"""What the training thread tells the others: frozen, and free of torch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganstudio.config import Config
from ganstudio.data.dataset import Dataset
from ganstudio.errors import Phrase
from ganstudio.latent.notes import Notes
from ganstudio.latent.spec import LatentSpec
from ganstudio.library import Moment
from ganstudio.training.health import Diagnosis
from ganstudio.training.history import History


@dataclass(frozen=True, eq=False, slots=True)
class Rival:
    """A branch of the run with another value of one setting: B, where the run is A.

    Attributes
    ----------
    run_id : str
        The branch.
    setting : str
        The setting.
    before, value : object
        What that was in A when B began, and is in B.
    step : int
        The step from which on it differs.
    history : History
        Every step's numbers; as A's up to that step.
    """

    run_id: str
    setting: str
    before: Any
    value: Any
    step: int
    history: History = field(repr=False)


class Phase(Enum):
    """What the training thread does."""

    LOADING = "loading"  # libraries, data or a checkpoint
    NONE = "none"  # there is no run: the first one could not be loaded
    READY = "ready"  # a run that has not begun
    TRAINING = "training"
    PAUSED = "paused"
    FOLLOWING = "following"  # a run that another process trains


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftRun:
    """A run that was left by Start over or Open, and can be returned to.

    Attributes
    ----------
    run_id : str
        The run.
    config : Config
        Its settings.
    step : int
        How far it came.
    unsaved : bool
        Whether it has moved since it was saved.
    folder : Path or None
        Its own, None while it has none.
    """

    run_id: str
    config: Config
    step: int
    unsaved: bool
    folder: Path | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """A run that waits for its turn.

    Attributes
    ----------
    config : Config
        What it trains.
    steps : int
        For how long.
    device : str
        Where.
    root : Path or None
        The folder of its images; None is the usual place.
    """

    config: Config
    steps: int
    device: str
    root: Path | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """Where the run is now.

    Attributes
    ----------
    phase : Phase
        What the training thread does.
    step : int
        Steps so far.
    epoch : float
        Passes over the training images so far.
    seconds : float
        Time spent training.
    images_per_second : float
        Real images that D has seen, over the last second or so; 0 when not training.
    unsaved : bool
        Whether the run has moved since it was saved.
    name : str
        What the run is or will be called in the library; "" while that is not known.
    folder : Path or None
        The run's own, which it is saved into by itself; None while it has none.
    left : tuple of LeftRun
        The runs that were left, the latest last.
    reached : str
        Why it paused by itself: "", or the limit that it came to, "step", "minutes" or "epochs".
    queue : tuple of Waiting
        The runs that wait for their turn.
    queue_goes : bool
        Whether the current run makes room at some step, for those that wait and those to come.
        Else they wait for a person, who has opened another run meanwhile.
    rival : Rival or None
        The branch that is trained beside it, by turns, to compare.
    moments : tuple of Moment
        What is kept of its earlier steps, oldest first.
    profile : tuple of (str, float)
        Seconds a step, lately, by `profile.PARTS`; () unless they are measured.
    without_graphs : Phrase or None
        Why steps are not made by CUDA graphs, where they were to be.
    """

    phase: Phase = Phase.LOADING
    step: int = 0
    epoch: float = 0.0
    seconds: float = 0.0
    images_per_second: float = 0.0
    unsaved: bool = False
    name: str = ""
    folder: Path | None = None
    left: tuple[LeftRun, ...] = ()
    reached: str = ""
    queue: tuple[Waiting, ...] = ()
    queue_goes: bool = False
    rival: Rival | None = None
    moments: tuple[Moment, ...] = ()
    profile: tuple[tuple[str, float], ...] = ()
    without_graphs: Phrase | None = None

    @property
    def goes_on(self) -> bool:
        """Whether the run is being trained, here or elsewhere."""
        return self.phase in {Phase.TRAINING, Phase.FOLLOWING}


@dataclass(frozen=True, kw_only=True, slots=True)
class Curves:
    """How the recipe wants its curves read; most fields are those of `Objective`.

    Attributes
    ----------
    losses : tuple of str
        The columns of the history that hold its losses.
    """

    losses: tuple[str, ...]
    score_range: tuple[float, float] | None
    loss_reference: float | None
    score_reference: float | None
    formula: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class RunInfo:
    """What holds for a whole run, for those who show it.

    Attributes
    ----------
    run_id : str
        The run.
    config : Config
        Its settings when it became the current run.
    device : str
        Where it trains.
    devices : tuple of str
        The devices of this computer.
    latent : LatentSpec
        What z consists of.
    image_shape : (int, int, int)
        Channels, height and width.
    averaged : bool
        Whether there is an averaged generator.
    objectives : dict of str to (str, str)
        What each objective does, in a sentence and by its formula.
    autoencoder : bool
        Whether there is an encoder: D then judges codes, and images can be reconstructed.
    curves : Curves
        How to read the plots.
    history : History
        Every step's numbers; it grows while the run trains.
    dataset : Dataset
        What it learns from.
    real : (N, C, H, W) uint8
        Some training images, to show; of a conditional model in the same columns as its samples.
    real_labels : (N,) int64
        Their classes.
    held_out : (N, C, H, W) uint8
        Held-out images, to rank D's verdict among and to reconstruct.
    held_out_labels : (N,) int64
        Their classes.
    trainable : bool
        Whether it can be trained here, and not only by the program that does.
    diagnoses : tuple of Diagnosis
        What it was called so far by those who looked at its health.
    untold : frozenset of str
        Live settings that the program that trains it has not told.
    notes : Notes
        What a person has noted of it.
    parent : (str, int) or None
        The run that it is a branch of, and the step at which it left that.
    """

    run_id: str
    config: Config
    device: str
    devices: tuple[str, ...]
    latent: LatentSpec
    image_shape: tuple[int, int, int]
    averaged: bool
    curves: Curves
    history: History = field(repr=False)
    dataset: Dataset = field(repr=False)
    real: NDArray[np.uint8] = field(repr=False)
    real_labels: NDArray[np.int64] = field(repr=False)
    held_out: NDArray[np.uint8] = field(repr=False)
    held_out_labels: NDArray[np.int64] = field(repr=False)
    objectives: Mapping[str, tuple[str, str]] = field(default_factory=dict, repr=False)
    autoencoder: bool = False
    trainable: bool = True
    untold: frozenset[str] = frozenset()
    diagnoses: tuple[Diagnosis, ...] = field(default=(), repr=False)
    notes: Notes = field(default=Notes(), repr=False)
    parent: tuple[str, int] | None = None
