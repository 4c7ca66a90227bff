"""Sliders of the directions of z: what changes the image most, and what it looks like."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ganstudio.gui.exploration import Exploration
from ganstudio.gui.latent_layout import direction_name
from ganstudio.gui.widgets.controls import push_button
from ganstudio.gui.widgets.latent_state import LatentState
from ganstudio.gui.widgets.slider_list import SliderList
from ganstudio.gui.widgets.thumbnails import Colour, Renewal
from ganstudio.latent.directions import Directions, NamedDirections, strongest
from ganstudio.latent.spec import Array

COUNT = 10  # of the directions that change the image most
PLACES = np.linspace(-3, 3, 7, dtype=np.float32)  # standard deviations: of the images
BOUND = 4.0  # standard deviations: where the sliders end
WEAK = 0.25  # of an attribute's variance: a direction that explains less hardly leads to it
SEARCH_INTERVAL = 10_000  # ms between two searches while training goes on


class DirectionSliders(QWidget):
    """A row for each direction: its name, its slider, its strength, and images from end to end.

    z is the only truth: a slider reads how far z lies along its direction, and moves it there.

    Signals:
        search_wanted(): the generator has changed, and its directions are to be seen.
        images_wanted(): what `places` returns is to be drawn.

    Attributes
    ----------
    sort : QPushButton
        Sorts the rows; for its owner to place.
    """

    search_wanted = Signal()
    images_wanted = Signal()
    colour: Colour = ""

    def __init__(self, exploration: Exploration, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._exploration = exploration
        self._strongest: Directions | None = None  # all of them, so that later ones can be matched
        self._attributes: NamedDirections | None = None
        self._found: list[Directions | NamedDirections] = []  # while a hand was on something
        self._listed: tuple[str, ...] = ()  # the names of the rows
        self._stale, self._searching = True, 0
        self._user: QWidget | None = None
        self._hand_down = False
        self._asked: list[int] = []  # the directions of `places`
        self._search_timer = QTimer(self, singleShot=True, interval=SEARCH_INTERVAL)
        self._images = Renewal(self)
        self._build()
        self._connect()

    # what the owner calls

    def set_user(self, user: QWidget) -> None:
        """Have directions found, too, while another widget can be seen that offers them."""
        self._user = user

    def search(self) -> None:
        """Ask for directions, if they may have changed, can be seen, and nobody is at them."""
        busy = self._exploration.dragging or self._list.is_editing()
        free = not (busy or self._searching or self._search_timer.isActive())
        seen = self.isVisible() or (self._user is not None and self._user.isVisible())
        if self._stale and free and seen:
            self.search_wanted.emit()

    def search_began(self, searches: int) -> None:
        """Learn that they are being looked for, in so many searches."""
        self._stale, self._searching = False, searches

    def search_ended(self) -> None:
        """Learn that one search is over, found or not: after the last, the next has to wait."""
        self._searching = max(0, self._searching - 1)
        if not self._searching:
            self._search_timer.start()

    def forget(self) -> None:
        """Forget all of it: it is another run's."""
        if self._hand_down:  # what it holds is about to go, and will not tell
            self._on_released()
        self._strongest = self._attributes = None
        self._found.clear()
        self._stale = True
        self._search_timer.stop()
        self._searching = 0
        self.search()

    def snapshot_changed(self) -> None:
        """Learn that the generator has changed: directions are searched again, now and then."""
        self._stale = True
        self.search()
        self._images.renew()

    def former(self) -> Directions | None:
        """Return the directions that those to be found are matched to."""
        return self._strongest

    def set_found(self, found: Directions | NamedDirections) -> None:
        """Take the directions that change the image most, matched to the former, or attributes."""
        self.search_ended()
        if self._exploration.dragging or self._list.is_editing():
            self._found.append(found)  # nothing moves below a hand
        else:
            self._take(found)

    def _take(self, found: Directions | NamedDirections) -> None:
        if isinstance(found, NamedDirections):
            self._attributes = found
        elif self._strongest is None:  # those that were named are known by where they led
            self._strongest = found.placed(self._exploration.notes.places())
        else:
            self._strongest = found
        self._join()

    def places(self) -> Array:
        """Return the latents of the images in view: (N * len(PLACES), dim) float32."""
        known, state = self._exploration.directions, self._exploration.state
        self._asked = self._list.in_view() if known is not None and self.isVisible() else []
        if known is None or not self._asked:
            return np.zeros((0, self._exploration.latent.dim), np.float32)
        holds = replace(self._exploration.holds, vectors=known.directions.vectors[:0])
        lines = [
            known.directions.line(state.z, direction, PLACES, holds)
            if holds.can_move(known.directions.vectors[direction])
            else np.repeat(state.z[None], len(PLACES), axis=0)
            for direction in self._asked
        ]
        return np.concatenate(lines)

    def set_images(
        self, images: NDArray[np.uint8], _values: NDArray[np.float32] | None = None
    ) -> None:
        """Show what `places` decode to, (N * len(PLACES), C, H, W) uint8."""
        strips = images.reshape(-1, len(PLACES), *images.shape[1:])
        self._list.set_images(dict(zip(self._asked, strips, strict=False)))

    # what is found

    def _join(self) -> None:
        """Show the directions that are known."""
        if self._strongest is None:
            return
        known = strongest(self._strongest, len(self._strongest.vectors))
        if self._attributes is not None:
            known = known.joined(self._attributes)
        self._exploration.set_directions(known)

    def _follow(self) -> None:
        """Show the directions that are known now; the same ones keep their rows."""
        known = self._exploration.directions
        names = known.names if known is not None else ()
        if names != self._listed:
            self._listed = names
            self._show_all()
        self._show_labels()
        self._show()
        self._images.renew()

    def _settle(self) -> None:
        """Take what was found during a drag, and go on."""
        if self._exploration.dragging or self._list.is_editing():
            return
        found, self._found = self._found, []
        for each in found:
            self._take(each)
        self.search()

    def _show_all(self) -> None:
        """Give every direction its row."""
        bounds = np.full(len(self._listed), BOUND, np.float32)
        self.sort.setEnabled(bool(self._listed))
        self._list.set_spec(self._labels(), bounds, self._read())
        self._sort()

    def _sort(self) -> None:
        """Show the strongest first, then what is explained best."""
        known = self._exploration.directions
        if known is None:
            return
        fitted = np.array([share is not None for share in known.explained])
        shares = np.array([share or 0.0 for share in known.explained])
        first = np.lexsort((-known.directions.strengths, fitted))[: (~fitted).sum()][:COUNT]
        then = np.lexsort((-shares, ~fitted))[: fitted.sum()]
        self._list.set_order(np.concatenate([first, then]))

    # the rows

    def _read(self) -> LatentState:
        """Return how far z lies along each direction, and which of them cannot move."""
        known, state = self._exploration.directions, self._exploration.state
        if known is None:
            return LatentState.unlocked(np.zeros(0, np.float32))
        fixed = np.array([name in state.held for name in known.names])
        if state.held or state.locked.any():  # what is left may not move the others
            holds = self._exploration.holds
            fixed |= [not holds.can_move(vector) for vector in known.directions.vectors]
        return LatentState(known.directions.read(state.z), fixed)

    def _labels(self) -> tuple[str, ...]:
        known = self._exploration.directions
        return tuple(map(self._label, known.names)) if known is not None else ()

    def _label(self, name: str) -> str:
        return self._exploration.notes.called(name) or direction_name(name)

    def _show_labels(self) -> None:
        known = self._exploration.directions
        if known is not None:
            strengths = known.directions.strengths.tolist()
            pairs = zip(known.explained, strengths, strict=True)
            self._list.set_labels(self._labels(), tuple(self._note(*pair) for pair in pairs))

    def _note(self, share: float | None, strength: float) -> str:
        if share is None:
            return self.tr("{strength:.1f} shades").format(strength=strength)
        if share < WEAK:
            return self.tr("R² {share:.2f}: weak").format(share=share)
        return self.tr("R² {share:.2f}").format(share=share)

    def _show(self) -> None:
        """Let the rows show where z is."""
        if self._exploration.directions is None or not self.isVisible():
            return
        read = self._read()
        self._list.set_state(read)
        nearest = np.abs(PLACES - read.z[:, None]).argmin(axis=1)
        self._list.set_marks(dict(enumerate(nearest.tolist())))
        self._images.renew()

    # slots

    def _moved(self, direction: int, value: float) -> LatentState:
        """Return the state with z at another place along a direction, unless it cannot move."""
        known, state, holds = (
            self._exploration.directions,
            self._exploration.state,
            self._exploration.holds,
        )
        assert known is not None
        if not holds.can_move(known.directions.vectors[direction]):
            return state
        return replace(state, z=known.directions.moved(state.z, direction, value, holds))

    def _name(self, direction: int) -> str:
        known = self._exploration.directions
        assert known is not None
        return known.names[direction]

    def _move_text(self, direction: int) -> str:
        return self.tr("move {name}").format(name=self._label(self._name(direction)))

    def _on_pressed(self) -> None:
        self._hand_down = True
        self._exploration.press()

    def _on_released(self) -> None:
        self._hand_down = False
        self._exploration.release()

    def _on_dragged(self, direction: int, value: float) -> None:
        self._exploration.drag(self._move_text(direction), self._moved(direction, value))

    def _on_entered(self, direction: int, value: float) -> None:
        self._exploration.edit(self._move_text(direction), self._moved(direction, value))

    def _on_stepped(self, direction: int, value: float) -> None:
        moved = self._moved(direction, value)
        self._exploration.edit(self._move_text(direction), moved, step=True)

    def _on_place(self, direction: int, place: int) -> None:
        self._on_entered(direction, float(PLACES[place]))

    def _on_reset(self, direction: int) -> None:
        text = self.tr("reset {name}").format(name=self._label(self._name(direction)))
        self._exploration.edit(text, self._moved(direction, 0.0))

    def _on_lock(self, direction: int) -> None:
        name = self._name(direction)
        self._exploration.toggle_held(name, self._label(name))

    def _on_renamed(self, direction: int, called: str) -> None:
        name = self._name(direction)
        text = self.tr("rename {name}").format(name=self._label(name))
        called = "" if called == direction_name(name) else called
        known = self._exploration.directions
        assert known is not None
        fitted = known.explained[direction] is not None
        way = None if fitted else known.directions.vectors[direction]
        self._exploration.note(text, self._exploration.notes.calling(name, called, way))

    # the widgets

    def _build(self) -> None:
        self.sort = push_button(
            "sort_directions",
            self.tr("Sort"),
            self.tr(
                "Show the directions that change the image most first, as the generator is now; "
                "until then they keep their order, names and signs while it learns."
            ),
            self.tr("Sort the directions"),
        )
        self.sort.setEnabled(False)
        self._list = SliderList("direction", strips=True)
        self._list.setObjectName("direction_list")
        self._list.setAccessibleName(self.tr("Sliders of directions"))
        self._list.setToolTip(
            self.tr(
                "Directions of z, in standard deviations: those that change the image most, by so "
                "many shades of 255, then attributes read off the images and how much of their "
                "variance is explained (R²): a weak one hardly leads where its name says. Keys as "
                "for z; F2 renames."
            )
        )
        self._list.set_empty_text(self.tr("Looking for the directions that change the image…"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._list, 1)

    def _connect(self) -> None:
        exploration = self._exploration
        exploration.directions_changed.connect(self._follow)
        exploration.changed.connect(self._show)
        exploration.noted.connect(self._show_labels)
        exploration.replaced.connect(self._list.fit_ranges)
        exploration.settled.connect(self._settle)
        self.sort.clicked.connect(self._sort)
        self._search_timer.timeout.connect(self.search)
        self._list.pressed.connect(self._on_pressed)
        self._list.dragged.connect(self._on_dragged)
        self._list.released.connect(self._on_released)
        self._list.stepped.connect(self._on_stepped)
        self._list.entered.connect(self._on_entered)
        self._list.place_wanted.connect(self._on_place)
        self._list.renamed.connect(self._on_renamed)
        self._list.reset_wanted.connect(self._on_reset)
        self._list.lock_wanted.connect(self._on_lock)
        self._list.edit_closed.connect(self._settle)
        self._images.wanted.connect(self.images_wanted)
        self._list.view_changed.connect(self._images.renew)

    def showEvent(self, event: QShowEvent) -> None:
        """Find out what has changed meanwhile."""
        super().showEvent(event)
        self._show()
        self.search()
