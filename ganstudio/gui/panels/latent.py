"""Explore z: the decoded image, D's verdict on it, and tabs of ways to move z."""

from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from ganstudio.errors import StudioError
from ganstudio.gui.exploration import Exploration
from ganstudio.gui.latent_layout import Choice
from ganstudio.gui.widgets.choice_row import ChoiceRow
from ganstudio.gui.widgets.controls import push_button
from ganstudio.gui.widgets.decoded_image import DecodedImage
from ganstudio.gui.widgets.draw_controls import DrawControls
from ganstudio.gui.widgets.drawing_view import DrawingView
from ganstudio.gui.widgets.hold_button import HoldButton
from ganstudio.gui.widgets.map_tab import MapTab
from ganstudio.gui.widgets.near_view import NearView
from ganstudio.gui.widgets.sliders_tab import SlidersTab
from ganstudio.gui.widgets.thumbnails import Colour, Illustrated
from ganstudio.gui.widgets.trail_view import TrailView
from ganstudio.gui.widgets.undo_buttons import UndoButtons
from ganstudio.gui.widgets.views import Views
from ganstudio.gui.widgets.walk_tab import WalkTab
from ganstudio.latent import z_text
from ganstudio.latent.spec import Array
from ganstudio.training.status import RunInfo

_IMAGE_SHARE = 0.4  # of the panel's height


class LatentPanel(QWidget):
    """What z decodes to, above the tabs that move it.

    Signals:
        images_wanted(): the small images of the current tab are to be drawn: `places`.
        hold_toggled(bool): the person wants this step's generator held, or to follow training.
        undo_requested(), redo_requested(): the two buttons.
        message(str): what was done, in passing.
        failed: a `StudioError`: what was pasted is no z, or what was opened no picture.
        succeeded(): it is one: what was said of the last is past.

    Attributes
    ----------
    exploration : Exploration
        z, and all that is done to it.
    sliders : SlidersTab
        Of the dimensions of z, and of directions.
    map : MapTab
        Two sliders at once.
    walk : WalkTab
        Bookmarks, and the way through them.
    trail : TrailView
        The same z over training.
    drawing : DrawingView
        The z of an image.
    near : NearView
        The training images that are near.
    """

    images_wanted = Signal()
    hold_toggled = Signal(bool)
    undo_requested = Signal()
    redo_requested = Signal()
    message = Signal(str)
    failed = Signal(object)
    succeeded = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.exploration = Exploration(self)
        self._choices: list[ChoiceRow] = []
        self._build()
        self._connect()

    def set_run(self, info: RunInfo, rng: np.random.Generator) -> None:
        """Explore another run, as `Exploration.set_run` says."""
        self._decoded.set_judges_codes(info.autoencoder)
        self.sliders.z.forget_effect()
        self.exploration.set_run(info, rng)
        self.drawing.set_run(info)
        self.trail.clear()
        self.near.set_found(None)
        self.map.set_run(info)
        self.sliders.directions.forget()
        self._draw.enable(True)
        self._centre.setEnabled(True)

    def copy_z(self) -> None:
        """Put z onto the clipboard, as text."""
        if self.exploration.latent.dim:
            QGuiApplication.clipboard().setText(z_text.written(self.exploration.state.z))
            self.message.emit(self.tr("z is on the clipboard"))

    def paste_z(self) -> None:
        """Explore from the z on the clipboard, but for what is locked."""
        if self.exploration.latent.dim:
            try:
                z = z_text.read(self.exploration.latent, QGuiApplication.clipboard().text())
            except StudioError as error:
                self.failed.emit(error)
            else:
                self.exploration.load(z, self.tr("paste z"))
                self.succeeded.emit()
                if not np.array_equal(self.exploration.state.z, z):
                    self.message.emit(self.tr("z is pasted, but for what is locked"))

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
        self._hold.set_step(step)
        self._fit_image()  # the image tells which sizes are crisp

    def places(self) -> Array:
        """Return the latents of the small images that can be seen: (N, dim) float32."""
        self._asking = self._tab()
        return self._asking.places()

    @property
    def colour(self) -> Colour:
        """What is wanted to be known of the small images, if anything."""
        return self._tab().colour

    def set_thumbnails(self, images: NDArray[np.uint8], values: NDArray[np.float32] | None) -> None:
        """Show what `places` decode to, (N, C, H, W) uint8, and `colour` of each, (N,) float32."""
        self._asking.set_images(images, values)

    def snapshot_changed(self) -> None:
        """Learn that the generator under the sliders has changed."""
        self.sliders.z.snapshot_changed()
        for tab in self._imaging:
            tab.snapshot_changed()

    def set_holding(self, step: int | None) -> None:
        """Show that the generator of `step` is held, or that training is followed."""
        self._hold.set_holding(step is not None)
        self.trail.set_held(step)

    def set_can_undo(self, possible: bool, text: str) -> None:
        """Enable Undo; `text` is what it would undo."""
        self._undo.set_can_undo(possible, text)

    def set_can_redo(self, possible: bool, text: str) -> None:
        """Enable Redo; `text` is what it would do again."""
        self._undo.set_can_redo(possible, text)

    def _tab(self) -> Illustrated:
        """Return what shows small images now."""
        tabs: dict[QWidget, Illustrated] = {self.map: self.map, self._walks: self.walk}
        return tabs.get(self._tabs.currentWidget(), self.sliders.directions)

    # the widgets

    def _build(self) -> None:
        self._hold = HoldButton()
        self._centre = push_button(
            "centre_z",
            self.tr("Centre"),
            self.tr(
                "Set z to the mean of the prior, which is not typical of it; what is locked or "
                "chosen stays"
            ),
            self.tr("Centre z"),
        )
        self._centre.setEnabled(False)
        self._decoded = DecodedImage(self._centre, self._hold)
        self._draw = DrawControls()
        for row in self._draw.rows:
            row.float_over(self)
        self.map = MapTab(self.exploration)
        self.sliders = SlidersTab(self.exploration)
        self.sliders.directions.set_user(self.map)
        self.walk = WalkTab(self.exploration, self._draw.psi)
        self.trail = TrailView(self.exploration)
        self.drawing = DrawingView()
        self.near = NearView(self.exploration)
        self._imaging = (self.sliders.directions, self.map, self.walk, self.trail, self.near)
        self._walks, self._finds = Views("walk_view"), Views("find_view")
        self._walks.describe(
            self.tr("What the walk goes through"),
            self.tr("From place to place in z, or the same place over the steps of training."),
        )
        self._walks.add(self.tr("Through bookmarks"), self.walk)
        self._walks.add(self.tr("Through training"), self.trail)
        self._finds.describe(
            self.tr("What is looked for"),
            self.tr("The z of an image, or the training images that are near the one above."),
        )
        self._finds.add(self.tr("The z of an image"), self.drawing)
        self._finds.add(self.tr("Is it a copy?"), self.near)
        self._undo = UndoButtons()
        self._tabs = _Tabs()
        self._tabs.setObjectName("latent_tabs")
        self._tabs.setAccessibleName(self.tr("Ways to move z"))
        self._tabs.setDocumentMode(True)
        self._tabs.setCornerWidget(self._undo)
        self._tabs.addTab(self.sliders, self.tr("Sliders"))
        self._tabs.addTab(self.map, self.tr("Map"))
        self._tabs.addTab(self._walks, self.tr("Walk"))
        self._tabs.addTab(self._finds, self.tr("Find"))
        self._asking = self._tab()  # for images
        self._choices_box = QVBoxLayout()
        self._choices_box.setSpacing(4)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(4)
        layout.addWidget(self._decoded)
        layout.addLayout(self._choices_box)
        layout.addWidget(self._draw)
        layout.addWidget(self._tabs, 1)

    def _lay_out(self) -> None:
        """Give every choice that z makes its row of buttons."""
        for row in self._choices:
            row.hide()
            row.deleteLater()
        self._choices = [self._choice_row(choice) for choice in self.exploration.layout.choices]
        for first, second in pairwise([self._decoded, *self._choices]):
            self.setTabOrder(first, second)
        self._show()

    def _choice_row(self, choice: Choice) -> ChoiceRow:
        row = ChoiceRow(choice)
        row.chosen.connect(partial(self.exploration.choose, choice))
        row.lock_wanted.connect(partial(self.exploration.toggle_lock, choice.where, choice.name))
        self._choices_box.addWidget(row)
        return row

    def _show(self) -> None:
        """Let the choices and the seed show what is."""
        state = self.exploration.state
        for choice, row in zip(self.exploration.layout.choices, self._choices, strict=True):
            option = int(state.z[choice.where].argmax())
            row.set_state(option, bool(state.locked[choice.where].all()))
        self._draw.show_draw(self.exploration.drawn_by)

    def _connect(self) -> None:
        exploration, draw = self.exploration, self._draw
        exploration.laid_out.connect(self._lay_out)
        exploration.changed.connect(self._show)
        exploration.settled.connect(self._show)  # a seed was typed, and nothing moved
        draw.random_wanted.connect(lambda: exploration.draw(draw.psi()))
        draw.seed_wanted.connect(lambda seed: exploration.draw(draw.psi(), seed))
        for wanted in (self.sliders.directions, self.map, self.walk):
            wanted.images_wanted.connect(self.images_wanted)
        self.drawing.failed.connect(self.failed)
        self.drawing.opened.connect(self.succeeded)
        self.near.picture_chosen.connect(self._on_picture_chosen)
        self._tabs.currentChanged.connect(lambda _: self.sliders.directions.search())
        self._centre.clicked.connect(exploration.centre)
        self._hold.toggled.connect(self.hold_toggled)
        self._undo.undo_requested.connect(self.undo_requested)
        self._undo.redo_requested.connect(self.redo_requested)

    def _on_picture_chosen(self, image: NDArray[np.uint8]) -> None:
        self._finds.choose(self.drawing)
        self.drawing.look_for(image)

    def _fit_image(self) -> None:
        self._decoded.fit(self._tabs.width(), round(_IMAGE_SHARE * self.height()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Let the image grow with the panel."""
        super().resizeEvent(event)
        self._fit_image()


class _Tabs(QTabWidget):
    """Needs as much room whichever tab is in view, so that another one moves nothing above."""

    def hasHeightForWidth(self) -> bool:
        """Let the page make do: QTabWidget would ask for what the current one wants."""
        return False
