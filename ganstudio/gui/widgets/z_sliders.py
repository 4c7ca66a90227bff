"""The sliders of the dimensions of z: all of them as bars, and as rows in an order of choice."""

from enum import Enum

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from ganstudio.gui.exploration import Exploration
from ganstudio.gui.widgets.controls import narrow_combo
from ganstudio.gui.widgets.latent_state import LatentState
from ganstudio.gui.widgets.slider_list import SliderList
from ganstudio.gui.widgets.z_strip import ZStrip
from ganstudio.latent.spec import Array

EFFECT_INTERVAL = 5000  # ms between two measurements of the effects while training goes on
CHARACTERS = 8  # of a list's entry, at least: it may not widen the panel
KEYS_PAUSE = 1000  # ms without a key until the order of the rows may change again


class Order(Enum):
    """How the rows are ordered."""

    NUMBER = "number"
    EFFECT = "effect"
    CHANGED = "changed"


class ZSliders(QWidget):
    """A strip of bars, and rows with a slider each.

    Both know sliders by their places in the layout; the exploration knows dimensions of z.

    Signals:
        effect_wanted(object): z (dim,) float32, when the order by effect needs measuring again.

    Attributes
    ----------
    orders : QComboBox
        How the rows are ordered; for its owner to place.
    """

    effect_wanted = Signal(object)

    def __init__(self, exploration: Exploration, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._exploration = exploration
        self._effect: Array | None = None
        self._measured: bytes | None = None  # the z whose effects are known, or asked for
        self._effect_timer = self._timer(EFFECT_INTERVAL)
        self._keys_timer = self._timer(KEYS_PAUSE)
        self._build()
        self._connect()

    def forget_effect(self) -> None:
        """Forget the effects: they are another run's."""
        self._effect = self._measured = None

    def set_effect(self, effect: Array) -> None:
        """Take each dimension's effect on the image, (dim,) float32; unless held, sort by it."""
        if effect.shape == self._exploration.state.z.shape:
            self._effect = effect
            if not self._is_held():
                self._sort()

    def snapshot_changed(self) -> None:
        """Learn that the generator has changed: effects are measured again, now and then."""
        self._measured = None
        if not self._effect_timer.isActive():
            self._settle()

    # the order of the rows

    def _is_held(self) -> bool:
        """Tell whether rows must stay in place: a drag, keys or typing, or a pointer over them."""
        busy = self._exploration.dragging or self._keys_timer.isActive() or self._list.is_editing()
        return busy or self._list.underMouse()

    def _settle(self) -> None:
        """Sort the rows, and ask for effects if they may have changed; unless held."""
        if self._is_held():
            return
        self._sort()
        z = self._exploration.state.z
        if self._order() is Order.EFFECT and self._measured != z.tobytes() and len(z):
            self._measured = z.tobytes()
            self._effect_timer.start()
            self.effect_wanted.emit(z.copy())

    def _sort(self) -> None:
        layout, state = self._exploration.layout, self._exploration.state
        order = np.arange(len(layout.dims))
        kind = self._order()
        effect = None
        if self._effect is not None and kind is Order.EFFECT:
            effect = self._effect[layout.dims]
        self._no_effect.setVisible(effect is not None and not effect.any())
        if effect is not None:
            is_noise = order >= layout.codes  # codes stay first
            order = np.lexsort((-effect, is_noise))
        elif kind is Order.CHANGED:
            changed = (state.z != self._exploration.base) | state.locked
            order = np.flatnonzero(changed[layout.dims])
        self._list.set_order(order)

    def _order(self) -> Order:
        return Order(self.orders.currentData())

    # slots

    def _lay_out(self) -> None:
        """Give every dimension its bar and its row."""
        layout = self._exploration.layout
        sliders = self._exploration.state.at(layout.dims)
        bounds = self._exploration.latent.bounds[layout.dims]
        self._strip.set_spec(layout.names, bounds, sliders)
        self._list.set_spec(layout.names, bounds, sliders)
        self._list.set_empty_text(
            self.tr("Nothing is locked or differs from what was last drawn or loaded")
        )

    def _show(self) -> None:
        sliders = self._exploration.state.at(self._exploration.layout.dims)
        self._strip.set_state(sliders)
        self._list.set_state(sliders)

    def _with_value(self, slider: int, value: float) -> LatentState:
        """Return the state with another value under a slider."""
        dim = int(self._exploration.layout.dims[slider])
        return self._exploration.with_value(dim, value)

    def _name(self, slider: int) -> str:
        return self._exploration.layout.names[slider]

    def _move_text(self, slider: int) -> str:
        return self.tr("move {name}").format(name=self._name(slider))

    def _on_dragged(self, slider: int, value: float) -> None:
        self._exploration.drag(self._move_text(slider), self._with_value(slider, value))

    def _on_painted(self, sliders: NDArray[np.intp], values: Array) -> None:
        z = self._exploration.state.z.copy()
        z[self._exploration.layout.dims[sliders]] = values
        self._exploration.drag(self.tr("paint z"), self._exploration.towards(z))

    def _on_stepped(self, slider: int, value: float) -> None:
        self._keys_timer.start()
        self._on_entered(slider, value)

    def _on_entered(self, slider: int, value: float) -> None:
        self._exploration.edit(self._move_text(slider), self._with_value(slider, value))

    def _on_reset(self, slider: int) -> None:
        text = self.tr("reset {name}").format(name=self._name(slider))
        self._exploration.edit(text, self._with_value(slider, 0.0))

    def _on_lock(self, slider: int) -> None:
        dim = int(self._exploration.layout.dims[slider])
        self._exploration.toggle_lock(slice(dim, dim + 1), self._name(slider))

    def _on_strip_clicked(self, slider: int) -> None:
        if not self._list.contains(slider):
            self.orders.setCurrentIndex(self.orders.findData(Order.NUMBER.value))
        self._list.select(slider)

    def _on_order_chosen(self) -> None:
        self._keys_timer.stop()
        self._sort()
        self._settle()

    # the widgets

    def _build(self) -> None:
        self._strip = ZStrip()
        self._strip.setObjectName("z_strip")
        self._strip.setAccessibleName(self.tr("All dimensions of z"))
        self._strip.setToolTip(
            self.tr("Every slider of z as a bar. Click one to see its slider; drag to paint.")
        )
        name = self.tr("Order of the sliders")
        self.orders = narrow_combo("latent_order", name, CHARACTERS)
        self.orders.setToolTip(
            self.tr(
                "How the sliders are ordered. The effect is how much the image changes when a "
                "dimension moves by 1, half to either side; where none changes a pixel, by number."
            )
        )
        self.orders.addItem(self.tr("by number"), Order.NUMBER.value)
        self.orders.addItem(self.tr("by effect on the image"), Order.EFFECT.value)
        self.orders.addItem(self.tr("changed and locked"), Order.CHANGED.value)
        self._no_effect = QLabel(
            self.tr("No small step of a slider changes this image: by number.")
        )
        self._no_effect.setObjectName("no_effect")
        self._no_effect.setWordWrap(True)
        self._no_effect.hide()
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
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addWidget(self._strip)
        layout.addWidget(self._no_effect)
        layout.addWidget(self._list, 1)

    def _connect(self) -> None:
        exploration = self._exploration
        exploration.laid_out.connect(self._lay_out)
        exploration.changed.connect(self._show)
        exploration.replaced.connect(self._list.fit_ranges)
        exploration.settled.connect(self._settle)
        self.orders.currentIndexChanged.connect(self._on_order_chosen)
        self._strip.pressed.connect(exploration.press)
        self._strip.painted.connect(self._on_painted)
        self._strip.released.connect(exploration.release)
        self._strip.clicked.connect(self._on_strip_clicked)
        self._list.pressed.connect(exploration.press)
        self._list.dragged.connect(self._on_dragged)
        self._list.released.connect(exploration.release)
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
