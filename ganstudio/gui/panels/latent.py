"""Explore z: the decoded image, D's verdict on it, sliders, and buttons for what is a choice."""

from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ganstudio.errors import StudioError
from ganstudio.gui.latent_layout import Choice, LatentLayout
from ganstudio.gui.widgets.choice_row import ChoiceRow
from ganstudio.gui.widgets.decoded_image import DecodedImage
from ganstudio.gui.widgets.latent_controls import LatentControls, Order
from ganstudio.gui.widgets.latent_state import LatentState
from ganstudio.gui.widgets.slider_list import SliderList
from ganstudio.gui.widgets.z_strip import ZStrip
from ganstudio.latent import z_text
from ganstudio.latent.spec import Array, LatentSpec, Stream, generator
from ganstudio.training.status import RunInfo

EFFECT_INTERVAL = 5000  # ms between two measurements of the effects while training goes on
KEYS_PAUSE = 1000  # ms without a key until the order of the rows may change again
_IMAGE_SHARE = 0.4  # of the panel's height
RANDOM_SEEDS = 1_000_000  # below which Random chooses one: short enough to be told


class LatentPanel(QWidget):
    """The sliders of z and what they decode to.

    Its state is the only truth: widgets tell it what was done to them and show what comes of it.
    Strip and list know sliders by their places in the layout; the rest knows dimensions of z.

    Signals:
        image_wanted(object): z (dim,) float32, whenever it changes or the run does.
        state_changed(): z or its locks are not what they were, or it is another run's.
        effect_wanted(object): z (dim,) float32, when the order by effect needs measuring again.
        edited(str, object, object): what was done, and the `LatentState` before and after; once a
            drag, when it ends.
        drag_toggled(bool): a drag begins or ends.
        hold_toggled(bool): the person wants this step's generator held, or to follow training.
        undo_requested(), redo_requested(): the two buttons.
        message(str): what was done, in passing.
        failed: a `StudioError`: what was pasted is no z.
    """

    image_wanted = Signal(object)
    state_changed = Signal()
    effect_wanted = Signal(object)
    edited = Signal(str, object, object)
    drag_toggled = Signal(bool)
    hold_toggled = Signal(bool)
    undo_requested = Signal()
    redo_requested = Signal()
    message = Signal(str)
    failed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._spec = LatentSpec(())
        self._dataset = ""  # which names the classes
        self._layout = LatentLayout.of(self._spec, self._dataset)
        self._choices: list[ChoiceRow] = []
        self._rng = np.random.default_rng(0)
        self._state = LatentState.unlocked(np.zeros(0, np.float32))
        self._base = self._state.z  # what Random, Centre or a load has set last
        self._run_id = ""
        self._left: dict[str, tuple[LatentState, Array]] = {}  # state and base of earlier runs
        self._before: LatentState | None = None  # the state when the mouse went down
        self._gesture = ""  # what the drag does
        self._hand_down = False  # on a slider or the strip
        self._drawn_by: dict[bytes, tuple[int, float]] = {}  # seed and truncation, by z's bytes
        self._effect: Array | None = None
        self._effect_stale = True
        self._effect_timer = self._timer(EFFECT_INTERVAL)
        self._keys_timer = self._timer(KEYS_PAUSE)
        self._build()
        self._connect()

    # what the owner calls

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
        self._left[self._run_id] = self._state, self._base
        self._run_id = info.run_id
        self._decoded.set_judges_codes(info.autoencoder)
        if (info.latent, info.config.dataset) != (self._spec, self._dataset):
            self._spec, self._dataset = info.latent, info.config.dataset
            if not self._spec.allows(self._state.z):
                drawn = LatentState.unlocked(self._spec.sample(1, rng)[0])
                self._state, self._base = self._left.get(info.run_id, (drawn, drawn.z))
            self._before = None
            self._lift_hand()  # what it holds is about to go, and will not tell
            self._lay_out()
            self._controls.enable_drawing()
            self._list.set_empty_text(
                self.tr("Nothing is locked or differs from what was last drawn or loaded")
            )
        self._effect, self._effect_stale = None, True  # those of another run say nothing
        self._want_image()
        self.state_changed.emit()
        self._settle()

    def keep_runs(self, run_ids: set[str]) -> None:
        """Forget z and locks of earlier runs but these: there is no way back to them."""
        self._left = {key: left for key, left in self._left.items() if key in run_ids}

    def state(self) -> LatentState:
        """Return z and its locks; the arrays are read-only."""
        return self._state

    def set_state(self, state: LatentState) -> None:
        """Take over a state, as undo does; unless its z is that of another run: ignored then."""
        if not self._spec.allows(state.z) or state == self._state:
            return
        if self._before is not None:
            self._before = state  # a drag that goes on goes on from here
        self._become(state)
        self._list.fit_ranges()
        self._settle()

    def load_z(self, z: Array, text: str) -> None:
        """Explore from `z` (dim,) float32, but for what is locked; `text` names the edit.

        Raises
        ------
        StudioError
            ``latent-mismatch``, for a z of another dimension.
        """
        self._spec.check(z)
        self._start_from(self._state.with_z(z), text)

    def copy_z(self) -> None:
        """Put z onto the clipboard, as text."""
        if self._spec.dim:
            QGuiApplication.clipboard().setText(z_text.written(self._state.z))
            self.message.emit(self.tr("z is on the clipboard"))

    def paste_z(self) -> None:
        """Explore from the z on the clipboard, but for what is locked."""
        if self._spec.dim:
            try:
                z = z_text.read(self._spec, QGuiApplication.clipboard().text())
            except StudioError as error:
                self.failed.emit(error)
            else:
                self.load_z(z, self.tr("paste z"))

    def set_image(
        self, image: NDArray[np.uint8], rank: float | None, step: int, *, learned: bool = True
    ) -> None:
        """Show what z decodes to.

        Parameters
        ----------
        image : (C, H, W) uint8
            The image.
        rank : float or None
            The share of held-out images that D finds less real, in [0, 1]; None without a verdict.
        step : int
            The training step of the generator.
        learned : bool
            Whether D, which ranks, has had any update.
        """
        self._decoded.set_image(image, rank, step, learned=learned)
        self._controls.set_step(step)
        self._fit_image()  # the image tells which sizes are crisp

    def set_effect(self, effect: Array) -> None:
        """Take each dimension's effect on the image, (dim,) float32; unless held, sort by it."""
        if effect.shape == self._state.z.shape:
            self._effect = effect
            if not self._is_held():
                self._sort()

    def set_holding(self, step: int | None) -> None:
        """Show that the generator of `step` is held, or that training is followed."""
        self._controls.set_holding(step is not None)

    def set_can_undo(self, possible: bool, text: str) -> None:
        """Enable Undo; `text` is what it would undo."""
        self._controls.set_can_undo(possible, text)

    def set_can_redo(self, possible: bool, text: str) -> None:
        """Enable Redo; `text` is what it would do again."""
        self._controls.set_can_redo(possible, text)

    def snapshot_changed(self) -> None:
        """Learn that the generator has changed: effects are measured again, now and then."""
        self._effect_stale = True
        if not self._effect_timer.isActive():
            self._settle()

    # the state

    def _become(self, state: LatentState) -> None:
        """Make `state` the current one, ask for its image, and show it."""
        moved = not np.array_equal(state.z, self._state.z)
        self._state = state
        if moved:
            self._effect_stale = True
            self._want_image()
        sliders = state.at(self._layout.dims)
        self._strip.set_state(sliders)
        self._list.set_state(sliders)
        self._show_choices()
        self._show_seed()
        self.state_changed.emit()

    def _show_seed(self) -> None:
        self._controls.draw.show_draw(self._drawn_by.get(self._state.z.tobytes()))

    def _want_image(self) -> None:
        self.image_wanted.emit(self._state.z.copy())

    def _edit(self, text: str, state: LatentState) -> None:
        """Make a change that is complete at once."""
        self._end_drag()
        before = self._state
        if state != before:
            self._become(state)
            self.edited.emit(text, before, state)
        self._settle()

    def _start_from(self, state: LatentState, text: str) -> None:
        """Take a whole z: what differs from it later counts as changed."""
        self._base = state.z
        self._edit(text, state)
        self._list.fit_ranges()

    def _end_drag(self) -> None:
        """Report what the drag has done so far as one edit."""
        before, self._before = self._before, None
        if before is not None and before != self._state:
            self.edited.emit(self._gesture, before, self._state)

    def _lift_hand(self) -> None:
        if self._hand_down:
            self._hand_down = False
            self.drag_toggled.emit(False)

    def _drag(self, text: str, state: LatentState) -> None:
        if self._before is None:
            self._before = self._state
        self._gesture = text
        self._become(state)

    def _with_value(self, slider: int, value: float) -> LatentState:
        """Return the state with another value under a slider."""
        return self._state.with_value(int(self._layout.dims[slider]), value)

    def _move_text(self, slider: int) -> str:
        return self.tr("move {name}").format(name=self._layout.names[slider])

    # the order of the rows

    def _is_held(self) -> bool:
        """Tell whether rows must stay in place: a drag, keys or typing, or a pointer over them."""
        dragging = self._before is not None
        busy = dragging or self._keys_timer.isActive() or self._list.is_editing()
        return busy or self._list.underMouse()

    def _settle(self) -> None:
        """Sort the rows, and ask for effects if they may have changed; unless held."""
        if self._is_held():
            return
        self._sort()
        if self._controls.order() is Order.EFFECT and self._effect_stale and self._spec.dim:
            self._effect_stale = False
            self._effect_timer.start()
            self.effect_wanted.emit(self._state.z.copy())

    def _sort(self) -> None:
        dims = self._layout.dims
        order = np.arange(len(dims))
        kind = self._controls.order()
        effect = None if self._effect is None or kind is not Order.EFFECT else self._effect[dims]
        self._controls.show_no_effect(effect is not None and not effect.any())
        if effect is not None:
            is_noise = order >= self._layout.codes  # codes stay first
            order = np.lexsort((-effect, is_noise))
        elif kind is Order.CHANGED:
            changed = (self._state.z != self._base) | self._state.locked
            order = np.flatnonzero(changed[dims])
        self._list.set_order(order)

    # slots

    def _on_pressed(self) -> None:
        self._before = self._state
        self._hand_down = True
        self.drag_toggled.emit(True)

    def _on_released(self) -> None:
        self._end_drag()
        self._lift_hand()
        self._settle()

    def _on_dragged(self, slider: int, value: float) -> None:
        self._drag(self._move_text(slider), self._with_value(slider, value))

    def _on_painted(self, sliders: NDArray[np.intp], values: Array) -> None:
        dims = self._layout.dims[sliders]
        self._drag(self.tr("paint z"), self._state.with_values(dims, values))

    def _on_stepped(self, slider: int, value: float) -> None:
        self._keys_timer.start()
        self._on_entered(slider, value)

    def _on_entered(self, slider: int, value: float) -> None:
        self._edit(self._move_text(slider), self._with_value(slider, value))

    def _on_reset(self, slider: int) -> None:
        text = self.tr("reset {name}").format(name=self._layout.names[slider])
        self._edit(text, self._with_value(slider, 0.0))

    def _on_lock(self, slider: int) -> None:
        dim = int(self._layout.dims[slider])
        self._toggle_lock(slice(dim, dim + 1), self._layout.names[slider])

    def _on_choice_lock(self, choice: Choice) -> None:
        self._toggle_lock(choice.where, choice.name)

    def _toggle_lock(self, dims: slice, name: str) -> None:
        lock = not self._state.locked[dims].all()
        text = self.tr("lock {name}") if lock else self.tr("unlock {name}")
        self._edit(text.format(name=name), self._state.with_lock(dims, lock))

    def _on_chosen(self, choice: Choice, option: int) -> None:
        dims = np.arange(choice.where.start, choice.where.stop)
        values = (np.arange(len(dims)) == option).astype(np.float32)
        text = self.tr("choose {name}").format(name=choice.options[option])
        self._edit(text, self._state.with_values(dims, values))

    def _on_strip_clicked(self, slider: int) -> None:
        if not self._list.contains(slider):
            self._controls.set_order(Order.NUMBER)
        self._list.select(slider)

    def _on_random(self) -> None:
        self._draw_z(int(self._rng.integers(RANDOM_SEEDS)), self.tr("random z"))

    def _on_seed(self, seed: int) -> None:
        self._draw_z(seed, self.tr("z of seed {seed}").format(seed=seed))

    def _draw_z(self, seed: int, text: str) -> None:
        """Explore from the z of a seed, truncated, but for what is locked."""
        drawn, psi = (
            self._spec.sample(1, generator(seed, Stream.SAMPLES))[0],
            self._controls.draw.psi(),
        )
        state = self._state.with_z(self._spec.truncated(drawn, psi))
        if state != self._state:  # else all is locked
            self._drawn_by[state.z.tobytes()] = seed, psi
        self._start_from(state, text)
        self._show_seed()  # also where nothing moved

    def _on_centre(self) -> None:
        self._start_from(self._state.with_z(self._spec.centre(self._state.z)), self.tr("centre z"))

    def _on_order_chosen(self) -> None:
        self._keys_timer.stop()
        self._sort()
        self._settle()

    # the widgets

    def _build(self) -> None:
        self._decoded = DecodedImage()
        self._strip = ZStrip()
        self._strip.setObjectName("z_strip")
        self._strip.setAccessibleName(self.tr("All dimensions of z"))
        self._strip.setToolTip(
            self.tr("Every slider of z as a bar. Click one to see its slider; drag to paint.")
        )
        self._controls = LatentControls()
        for row in self._controls.draw.rows:
            row.float_over(self)
        self._list = SliderList()
        self._list.setObjectName("slider_list")
        self._list.setAccessibleName(self.tr("Sliders of z"))
        self._list.setToolTip(
            self.tr(
                "Up and Down choose a dimension, Left and Right move it (finely with Shift), "
                "L locks it, 0 resets it, Enter types a value."
            )
        )
        self._list.set_empty_text(self.tr("The sliders appear here once a run is loaded"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(4)
        self._choices_box = QVBoxLayout()
        self._choices_box.setSpacing(4)
        layout.addWidget(self._decoded)
        layout.addLayout(self._choices_box)
        layout.addWidget(self._strip)
        layout.addWidget(self._controls)
        layout.addWidget(self._list, 1)

    def _lay_out(self) -> None:
        """Give every part of z the controls that it needs."""
        self._layout = LatentLayout.of(self._spec, self._dataset)
        sliders = self._state.at(self._layout.dims)
        bounds = self._spec.bounds[self._layout.dims]
        self._strip.set_spec(self._layout.names, bounds, sliders)
        self._list.set_spec(self._layout.names, bounds, sliders)
        for row in self._choices:
            row.hide()
            row.deleteLater()
        self._choices = [self._choice_row(choice) for choice in self._layout.choices]
        for first, second in pairwise([self._decoded, *self._choices]):
            self.setTabOrder(first, second)
        self._show_choices()

    def _choice_row(self, choice: Choice) -> ChoiceRow:
        row = ChoiceRow(choice)
        row.chosen.connect(partial(self._on_chosen, choice))
        row.lock_wanted.connect(partial(self._on_choice_lock, choice))
        self._choices_box.addWidget(row)
        return row

    def _show_choices(self) -> None:
        for choice, row in zip(self._layout.choices, self._choices, strict=True):
            option = int(self._state.z[choice.where].argmax())
            row.set_state(option, bool(self._state.locked[choice.where].all()))

    def _connect(self) -> None:
        self._controls.draw.random_wanted.connect(self._on_random)
        self._controls.draw.seed_wanted.connect(self._on_seed)
        self._controls.centre_wanted.connect(self._on_centre)
        self._controls.hold_toggled.connect(self.hold_toggled)
        self._controls.undo_requested.connect(self.undo_requested)
        self._controls.redo_requested.connect(self.redo_requested)
        self._controls.order_chosen.connect(self._on_order_chosen)
        self._strip.pressed.connect(self._on_pressed)
        self._strip.painted.connect(self._on_painted)
        self._strip.released.connect(self._on_released)
        self._strip.clicked.connect(self._on_strip_clicked)
        self._list.pressed.connect(self._on_pressed)
        self._list.dragged.connect(self._on_dragged)
        self._list.released.connect(self._on_released)
        self._list.stepped.connect(self._on_stepped)
        self._list.entered.connect(self._on_entered)
        self._list.reset_wanted.connect(self._on_reset)
        self._list.lock_wanted.connect(self._on_lock)
        self._list.current_changed.connect(self._strip.set_current)
        self._list.edit_closed.connect(self._settle)
        self._list.left.connect(self._settle)

    def _timer(self, interval: int) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(interval)
        timer.timeout.connect(self._settle)
        return timer

    def _fit_image(self) -> None:
        self._decoded.fit(self._list.width(), round(_IMAGE_SHARE * self.height()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Let the image grow with the panel."""
        super().resizeEvent(event)
        self._fit_image()
