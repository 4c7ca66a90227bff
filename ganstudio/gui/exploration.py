"""What is explored: z and its locks, and all that is done to them."""

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QObject, Signal

from ganstudio.gui.latent_layout import Choice, LatentLayout
from ganstudio.gui.widgets.latent_state import LatentState
from ganstudio.latent.directions import NamedDirections
from ganstudio.latent.holds import Holds
from ganstudio.latent.notes import Notes
from ganstudio.latent.spec import Array, LatentSpec
from ganstudio.training.status import RunInfo

RANDOM_SEEDS = 1_000_000  # below which Random chooses one: short enough to be told


class Exploration(QObject):
    """The only truth about z: widgets tell it what was done to them and show what comes of it.

    Signals:
        laid_out(): z consists of something else.
        changed(): z or its locks are not what they were.
        replaced(): z as a whole is another one: drawn, loaded, or undone.
        settled(): nothing is under way any more: an edit is complete, or a drag is.
        directions_changed(): other directions are known.
        image_wanted(object): z (dim,) float32, whenever it changes or the run does.
        edited(str, object, object): what was done, and the `LatentState` before and after; once a
            drag, when it ends.
        noted(): the notes are not what they were.
        note_made(str, object, object): what was noted, and the `Notes` before and after.
        drag_toggled(bool): a hand is on something that moves z, or has left it.

    Attributes
    ----------
    latent : LatentSpec
        What z consists of.
    layout : LatentLayout
        How it is shown.
    state : LatentState
        z and its locks.
    base : (dim,) float32
        What Random, Centre or a load has set last.
    run_id : str
        The run.
    stepping : bool
        Whether the edit that is told is a key's step, as many follow each other.
    notes : Notes
        What the person has noted.
    directions : NamedDirections or None
        Those of the generator under the sliders, once they are known.
    """

    laid_out = Signal()
    changed = Signal()
    replaced = Signal()
    settled = Signal()
    directions_changed = Signal()
    image_wanted = Signal(object)
    edited = Signal(str, object, object)
    noted = Signal()
    note_made = Signal(str, object, object)
    drag_toggled = Signal(bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.latent = LatentSpec(())
        self.layout = LatentLayout.of(self.latent, "")
        self.state = LatentState.unlocked(np.zeros(0, np.float32))
        self.base = self.state.z
        self.run_id = ""
        self.stepping = False
        self.notes = Notes()
        self.directions: NamedDirections | None = None
        self._dataset = ""  # which names the classes
        self._rng = np.random.default_rng(0)
        self._left: dict[str, tuple[LatentState, Array]] = {}  # state and base of earlier runs
        self._before: LatentState | None = None  # the state when the mouse went down
        self._gesture = ""  # what the drag does
        self._hand_down = False
        self._drawn_by: dict[bytes, tuple[int, float]] = {}  # seed and truncation, by z's bytes

    # the run

    def set_run(self, info: RunInfo, rng: np.random.Generator) -> None:
        """Explore another run; z and the locks stay if they are a z of that run, too.

        If not, they are what they were when that run was left, or drawn anew.

        Parameters
        ----------
        info : RunInfo
            The run.
        rng : numpy.random.Generator
            Draws z, here and for Random.
        """
        self._rng = rng
        self._left[self.run_id] = self.state, self.base
        self.run_id = info.run_id
        if (info.latent, info.config.dataset) != (self.latent, self._dataset):
            self.latent, self._dataset = info.latent, info.config.dataset
            if not self.latent.allows(self.state.z):
                drawn = LatentState.unlocked(self.latent.sample(1, rng)[0])
                self.state, self.base = self._left.get(info.run_id, (drawn, drawn.z))
            self._before = None
            self._lift_hand()  # what it holds is about to go, and will not tell
            self.layout = LatentLayout.of(self.latent, self._dataset)
            self.laid_out.emit()
        self.set_directions(None)  # they are the run's, and what they hold is
        self.state = replace(self.state, held=frozenset())
        self.set_notes(info.notes)
        self.want_image()
        self.changed.emit()
        self.settled.emit()

    def keep_runs(self, run_ids: set[str]) -> None:
        """Forget z and locks of earlier runs but these: there is no way back to them."""
        self._left = {key: left for key, left in self._left.items() if key in run_ids}

    # the state

    @property
    def dragging(self) -> bool:
        """Whether a drag is under way."""
        return self._before is not None

    @property
    def holds(self) -> Holds:
        """What stays of z: locked dimensions, and places along locked directions."""
        known, held = self.directions, self.state.held
        vectors = np.zeros((0, self.latent.dim), np.float32)
        if known is not None and held:
            vectors = known.directions.vectors[[name in held for name in known.names]]
        return Holds(latent=self.latent, locked=self.state.locked, vectors=vectors)

    def towards(self, z: Array) -> LatentState:
        """Return the state with the z nearest to `z` that can be had: what is locked stays."""
        return replace(self.state, z=self.holds.towards(self.state.z, z))

    def with_value(self, dim: int, value: float) -> LatentState:
        """Return the state with another value in `dim`, unless it is locked.

        Where directions are locked, other dimensions make up for it.
        """
        holds = self.holds
        if not len(holds.vectors):
            return self.state.with_value(dim, value)
        way = np.zeros(self.latent.dim, np.float32)
        way[dim] = 1
        if not holds.can_move(way):
            return self.state
        distance = (value - self.state.z[dim]) / self.latent.deviations[dim]
        there = holds.along(self.state.z, way, np.array([distance], np.float32))[0]
        return replace(self.state, z=there)

    @property
    def drawn_by(self) -> tuple[int, float] | None:
        """The seed and the truncation that z was drawn by; None if it is no draw."""
        return self._drawn_by.get(self.state.z.tobytes())

    def want_image(self) -> None:
        """Ask for the image of z."""
        self.image_wanted.emit(self.state.z.copy())

    def set_state(self, state: LatentState) -> None:
        """Take over a state, as undo does; unless its z is that of another run: ignored then."""
        if not self.latent.allows(state.z) or state == self.state:
            return
        if self._before is not None:
            self._before = state  # a drag that goes on goes on from here
        self._become(state)
        self.replaced.emit()
        self.settled.emit()

    def load(self, z: Array, text: str) -> None:
        """Explore from `z` (dim,) float32, but for what is locked; `text` names the edit.

        Raises
        ------
        StudioError
            ``latent-mismatch``, for a z of another dimension.
        """
        self.latent.check(z)
        self._start_from(z, text)

    def edit(self, text: str, state: LatentState, *, step: bool = False) -> None:
        """Make a change that is complete at once, or a key's `step`; `text` names it."""
        self._end_drag()
        before = self.state
        if state != before:
            self._become(state)
            self.stepping = step
            self.edited.emit(text, before, state)
            self.stepping = False
        self.settled.emit()

    def choose(self, choice: Choice, option: int) -> None:
        """Make one of a part's choices."""
        dims = np.arange(choice.where.start, choice.where.stop)
        values = (np.arange(len(dims)) == option).astype(np.float32)
        text = self.tr("choose {name}").format(name=choice.options[option])
        self.edit(text, self.state.with_values(dims, values))

    def toggle_held(self, direction: str, name: str) -> None:
        """Lock the place along a direction that is called `name`, or unlock it."""
        held = self.state.held ^ {direction}
        text = self.tr("lock {name}") if direction in held else self.tr("unlock {name}")
        self.edit(text.format(name=name), replace(self.state, held=held))

    def toggle_lock(self, dims: slice, name: str) -> None:
        """Lock dimensions that are called `name`; unlock them if all are locked."""
        lock = not self.state.locked[dims].all()
        text = self.tr("lock {name}") if lock else self.tr("unlock {name}")
        self.edit(text.format(name=name), self.state.with_lock(dims, lock))

    def draw(self, psi: float, seed: int | None = None) -> None:
        """Explore from the z of a seed, by default of any, times `psi`."""
        text = self.tr("random z")
        if seed is None:
            seed = int(self._rng.integers(RANDOM_SEEDS))
        else:
            text = self.tr("z of seed {seed}").format(seed=seed)
        drawn = self.latent.of_seed(seed)
        cut = self.latent.truncated(drawn, psi)
        state = self.towards(cut)
        if state != self.state:  # else all is locked
            self._drawn_by[state.z.tobytes()] = seed, psi
        self._start_from(cut, text)

    def centre(self) -> None:
        """Explore from the mean of the prior."""
        self._start_from(self.latent.centre(self.state.z), self.tr("centre z"))

    def set_directions(self, known: NamedDirections | None) -> None:
        """Take the directions that were found; None if they are those of another model."""
        self.directions = known
        self.directions_changed.emit()

    # notes

    def set_notes(self, notes: Notes) -> None:
        """Take over notes, as undo does."""
        if notes != self.notes:
            self.notes = notes
            self.noted.emit()

    def note(self, text: str, notes: Notes) -> None:
        """Change the notes; `text` names the change."""
        before = self.notes
        if notes != before:
            self.set_notes(notes)
            self.note_made.emit(text, before, notes)

    # drags

    def press(self) -> None:
        """Begin a drag."""
        self._before = self.state
        self._hand_down = True
        self.drag_toggled.emit(True)

    def drag(self, text: str, state: LatentState) -> None:
        """Go on with a drag, which does `text`."""
        if self._before is None:
            self._before = self.state
        self._gesture = text
        self._become(state)

    def release(self) -> None:
        """End a drag."""
        self._end_drag()
        self._lift_hand()
        self.settled.emit()

    def _start_from(self, z: Array, text: str) -> None:
        """Take a whole z, but for what is locked: what differs from it later counts as changed."""
        state = self.towards(z)
        self.base = state.z
        self.edit(text, state)
        self.replaced.emit()

    def _become(self, state: LatentState) -> None:
        """Make `state` the current one, ask for its image, and tell."""
        moved = not np.array_equal(state.z, self.state.z)
        self.state = state
        if moved:
            self.want_image()
        self.changed.emit()

    def _end_drag(self) -> None:
        """Report what the drag has done so far as one edit."""
        before, self._before = self._before, None
        if before is not None and before != self.state:
            self.edited.emit(self._gesture, before, self.state)

    def _lift_hand(self) -> None:
        if self._hand_down:
            self._hand_down = False
            self.drag_toggled.emit(False)
