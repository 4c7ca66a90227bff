"""The tab of the map: two sliders, or directions, at once."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ganstudio.gui import colours
from ganstudio.gui.exploration import Exploration
from ganstudio.gui.latent_layout import direction_name
from ganstudio.gui.widgets.controls import narrow_combo, push_button
from ganstudio.gui.widgets.latent_state import LatentState
from ganstudio.gui.widgets.map_legend import REAL, UNREAL, MapLegend
from ganstudio.gui.widgets.map_view import ZOOM, MapView
from ganstudio.gui.widgets.thumbnails import Colour, Renewal
from ganstudio.latent.directions import DIGITS
from ganstudio.latent.spec import Array
from ganstudio.training.status import RunInfo

DIRECTIONS = 10  # that change the image most: so many to choose from
_SHOWN = 0.75  # of a slider's range is in the usual view of a normal part, all of a uniform one
_SAME = 1e-4  # between two planes that look the same
_UNREAL, _REAL = colours.rgb(UNREAL), colours.rgb(REAL)
_DIGITS = [colours.rgb(colour) for colour in colours.TEN]
_CHARACTERS = 5  # of a list's entry, at least


@dataclass(frozen=True, eq=False, slots=True)
class Axis:
    """A way through z that a side of the map stands for.

    Attributes
    ----------
    key, name : str
        What it is known by, and what it is called.
    way : (dim,) float32
        In standard deviations of the prior, of length 1.
    unit : float
        The values of a standard deviation along it.
    extent : float
        The largest value in the usual view.
    """

    key: str
    name: str
    way: Array
    unit: float
    extent: float


class MapTab(QWidget):
    """A pad over two axes; what is locked stays, and so does all that lies across the plane.

    Signals:
        images_wanted(): what `places` returns is to be drawn.
    """

    images_wanted = Signal()

    def __init__(self, exploration: Exploration, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._exploration = exploration
        self._axes: dict[str, Axis] = {}
        self._keys: dict[QComboBox, str] = {}  # that a person chose, also where they are not known
        self._plane: NDArray[np.float32] | None = None  # as it was drawn last
        self._images = Renewal(self)
        self._build()
        self._connect()

    # what the owner calls

    def set_run(self, info: RunInfo) -> None:
        """Offer to colour by the digit where the images are digits."""
        digits = info.config.dataset in DIGITS
        if not digits and self.colour == "digit":
            self._colours.setCurrentIndex(0)
        place = self._colours.findData("digit")
        if digits and place < 0:
            self._colours.addItem(self.tr("Digit"), "digit")
        elif not digits and place >= 0:
            self._colours.removeItem(place)

    @property
    def colour(self) -> Colour:
        """What the tiles are coloured by."""
        colour: Colour = self._colours.currentData()
        return colour

    def snapshot_changed(self) -> None:
        """Learn that the generator has changed."""
        self._plane = None
        self._images.renew()

    def places(self) -> Array:
        """Return the latents of the tiles: (N, dim) float32."""
        axes = self._chosen()
        if axes is None or not self.isVisible():
            return np.zeros((0, self._exploration.latent.dim), np.float32)
        self._view.asked()
        self._plane = self._across(axes)
        steps = self._steps(axes)
        places: Array = self._plane + self._view.coordinates() @ steps
        return places.astype(np.float32)

    def set_images(
        self, images: NDArray[np.uint8], values: NDArray[np.float32] | None = None
    ) -> None:
        """Show what `places` decode to, (N, C, H, W) uint8, and `colour` of each, (N,) float32."""
        tints, words = None, None
        if values is not None and self.colour == "digit":
            tints = np.array(_DIGITS, np.uint8)[values.astype(int)]
            words = [self.tr("a {digit}").format(digit=int(value)) for value in values]
        elif values is not None and np.isfinite(values).all():
            low, high = (np.array(colour) for colour in (_UNREAL, _REAL))
            tints = (low + values[:, None] * (high - low)).astype(np.uint8)
            text = self.tr("more real to D than {percent} % of held-out images")
            words = [text.format(percent=round(100 * float(value))) for value in values]
        self._view.set_tiles(images, tints, words)

    # the plane

    def _chosen(self) -> tuple[Axis, Axis] | None:
        """Return the two axes; None without two that differ."""
        keys = [box.currentData() for box in (self._x, self._y)]
        if keys[0] == keys[1] or not all(key in self._axes for key in keys):
            return None
        return self._axes[keys[0]], self._axes[keys[1]]

    def _steps(self, axes: tuple[Axis, Axis]) -> Array:
        """Return the steps in z that change one value by 1 and leave the other: (2, dim)."""
        ways = np.stack([axis.way for axis in axes])
        units = np.array([axis.unit for axis in axes], np.float32)
        steps: Array = self._exploration.holds.frame(ways) / units[:, None]
        return steps

    def _at(self, axes: tuple[Axis, Axis]) -> NDArray[np.float32]:
        """Return the two values of z: (2,)."""
        scale, z = self._exploration.latent.deviations, self._exploration.state.z
        u = np.divide(z, scale, out=np.zeros_like(z), where=scale > 0)
        return np.array([float(axis.way @ u) * axis.unit for axis in axes], np.float32)

    def _across(self, axes: tuple[Axis, Axis]) -> NDArray[np.float32]:
        """Return where the plane lies: the z in it whose values are 0, (dim,)."""
        there: NDArray[np.float32] = (
            self._exploration.state.z - self._at(axes) @ self._steps(axes)
        ).astype(np.float32)
        return there

    def _moved(self, x: float, y: float) -> LatentState:
        axes, state = self._chosen(), self._exploration.state
        if axes is None:
            return state
        way = np.array([x, y], np.float32) - self._at(axes)
        return replace(state, z=(state.z + way @ self._steps(axes)).astype(np.float32))

    # what is shown

    def _fill(self) -> None:
        """Offer the sliders, and the directions that are known."""
        before = self._extents()
        self._axes = {axis.key: axis for axis in self._all_axes()}
        for i, box in enumerate((self._x, self._y)):
            chosen = self._keys.get(box)
            with QSignalBlocker(box):
                box.clear()
                for axis in self._axes.values():
                    box.addItem(axis.name, axis.key)
                found = box.findData(chosen)
                box.setCurrentIndex(found if found >= 0 else min(i, box.count() - 1))
        if self._extents() != before:
            self._on_axes_shown()
        else:
            self._show()

    def _extents(self) -> list[tuple[str, float]]:
        """Return the axes on show and what the usual view has of them."""
        return [(axis.key, axis.extent) for axis in self._chosen() or ()]

    def _all_axes(self) -> list[Axis]:
        exploration = self._exploration
        layout, scale = exploration.layout, exploration.latent.deviations
        axes = []
        for dim, name in zip(layout.dims.tolist(), layout.names, strict=True):
            bound = float(exploration.latent.bounds[dim])
            way = np.zeros(len(scale), np.float32)
            way[dim] = 1
            extent = _SHOWN * bound if bound > 1 else bound
            axes.append(Axis(f"z {dim}", name, way, float(scale[dim]), extent))
        if (known := exploration.directions) is None:
            return axes
        for name, way, share in zip(
            known.names, known.directions.vectors, known.explained, strict=True
        ):
            number = int(name.split()[-1]) if share is None else 0
            if number <= DIRECTIONS and way.any():
                called = exploration.notes.called(name) or direction_name(name)
                axes.append(Axis(name, called, way, 1.0, 3.0))
        return axes

    def _show(self) -> None:
        """Show where z is; have the tiles drawn if the plane is another."""
        if not self.isVisible():  # a drag elsewhere is not to wait for it
            return
        axes = self._chosen()
        self._hint.setVisible(axes is None)
        self._view.setEnabled(axes is not None)
        if axes is None:
            self._view.forget()
            return
        self._view.set_at(*self._at(axes).tolist())
        plane = self._across(axes)
        known = self._plane
        if known is None or known.shape != plane.shape or np.abs(known - plane).max() > _SAME:
            self._images.renew()

    def _on_axes_chosen(self) -> None:
        self._keys = {box: box.currentData() for box in (self._x, self._y)}
        self._on_axes_shown()

    def _on_axes_shown(self) -> None:
        self._plane = None
        if (axes := self._chosen()) is not None:
            self._view.set_extent(axes[0].extent, axes[1].extent)
        self._show()

    def _on_dragged(self, x: float, y: float) -> None:
        self._exploration.drag(self.tr("move on the map"), self._moved(x, y))

    def _on_stepped(self, x: float, y: float) -> None:
        self._exploration.edit(self.tr("move on the map"), self._moved(x, y), step=True)

    def _on_colour_chosen(self) -> None:
        self._legend.show_for(self.colour)
        self._images.renew()

    # the widgets

    def _build(self) -> None:
        self._x = narrow_combo("map_x", self.tr("From left to right"), _CHARACTERS)
        self._y = narrow_combo("map_y", self.tr("From below to above"), _CHARACTERS)
        self._colours = narrow_combo("map_colour", self.tr("Colour of the tiles"), _CHARACTERS)
        self._colours.addItem(self.tr("Images"), "")
        self._colours.addItem(self.tr("D's verdict"), "rank")
        self._colours.setToolTip(
            self.tr(
                "Colour the tiles by how real they are to D, from blue to orange, or by the digit "
                "that the studio's classifier sees"
            )
        )
        self._view = MapView()
        self._view.setObjectName("map")
        self._view.setAccessibleName(self.tr("Map of z"))
        self._view.setToolTip(
            self.tr(
                "Drag to move z. The wheel and + and − zoom, the right button pans, arrows move z "
                "(finely with Shift), Home shows all."
            )
        )
        self._legend = MapLegend()
        self._nearer = self._sign("map_nearer", "+", self.tr("Zoom in"))
        self._farther = self._sign("map_farther", "−", self.tr("Zoom out"))
        self._all = self._sign("map_all", self.tr("All"), self.tr("Show all"))
        self._hint = QLabel(self.tr("Choose two axes that differ."))
        self._hint.setObjectName("map_hint")
        self._hint.setWordWrap(True)
        self._hint.hide()
        axes, looks = QHBoxLayout(), QHBoxLayout()
        axes.addWidget(QLabel("→"))
        axes.addWidget(self._x, 1)
        axes.addWidget(QLabel("↑"))
        axes.addWidget(self._y, 1)
        looks.addWidget(self._colours, 1)
        for button in (self._nearer, self._farther, self._all):
            looks.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(4)
        for row in (axes, looks):
            row.setSpacing(4)
        layout.addLayout(axes)
        layout.addWidget(self._hint)
        layout.addWidget(self._view, 1)
        layout.addWidget(self._legend)
        layout.addLayout(looks)

    def _connect(self) -> None:
        exploration = self._exploration
        exploration.laid_out.connect(self._fill)
        exploration.noted.connect(self._fill)
        exploration.directions_changed.connect(self._fill)
        exploration.changed.connect(self._show)
        self._x.currentIndexChanged.connect(self._on_axes_chosen)
        self._y.currentIndexChanged.connect(self._on_axes_chosen)
        self._colours.currentIndexChanged.connect(self._on_colour_chosen)
        self._images.wanted.connect(self.images_wanted)
        self._view.view_changed.connect(self._images.renew)
        self._view.pressed.connect(exploration.press)
        self._view.dragged.connect(self._on_dragged)
        self._view.released.connect(exploration.release)
        self._view.stepped.connect(self._on_stepped)
        self._nearer.clicked.connect(lambda: self._view.zoom(ZOOM))
        self._farther.clicked.connect(lambda: self._view.zoom(1 / ZOOM))
        self._all.clicked.connect(self._view.show_all)

    def _sign(self, object_name: str, sign: str, name: str) -> QPushButton:
        button = push_button(object_name, sign, name, name)
        button.setMaximumWidth(48)
        return button

    def showEvent(self, event: QShowEvent) -> None:
        """Have the tiles drawn by the generator as it is now."""
        super().showEvent(event)
        self._plane = None
        self._show()
