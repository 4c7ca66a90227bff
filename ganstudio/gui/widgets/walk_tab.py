"""The tab of walks: bookmarks of z, a way through them, and sums of three."""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ganstudio.gui.exploration import Exploration
from ganstudio.gui.icons import icon
from ganstudio.gui.widgets.bookmark_list import BookmarkList
from ganstudio.gui.widgets.check_box import CheckBox
from ganstudio.gui.widgets.controls import narrow_combo, push_button
from ganstudio.gui.widgets.jump_slider import JumpSlider
from ganstudio.gui.widgets.thumbnails import Colour, Renewal
from ganstudio.gui.widgets.wheel import ignore_wheel_unless_focused
from ganstudio.latent import walks
from ganstudio.latent.notes import Bookmark
from ganstudio.latent.spec import Array

LEG = 60  # places from one bookmark to the next
FRAME_MS = 33  # from one place to the next, at the usual speed
SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0)
_CHARACTERS = 2  # of a list's entry, at least


class WalkTab(QWidget):
    """Bookmarks above what can be done with them.

    Parameters
    ----------
    exploration : Exploration
        What walks.
    psi : callable
        Returns the truncation: bookmarks are multiplied by it on the way.

    Signals:
        images_wanted(): what `places` returns is to be drawn.
        export_wanted(str): the walk is wanted as a file with this suffix.
    """

    images_wanted = Signal()
    colour: Colour = ""
    export_wanted = Signal(str)

    def __init__(
        self,
        exploration: Exploration,
        psi: Callable[[], float],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._exploration, self._psi = exploration, psi
        self._images = Renewal(self)
        self._timer = QTimer(self, interval=FRAME_MS)
        self._timer.timeout.connect(self._advance)
        self._at = 0.0  # the place on the way, between two while it is slow
        self._scrubbing = False
        self._chosen: dict[QComboBox, Bookmark] = {}  # terms of the sum
        self._build()
        self._connect()
        self._show()

    # what the owner calls

    def snapshot_changed(self) -> None:
        """Learn that the generator has changed."""
        self._images.renew()

    def places(self) -> Array:
        """Return the latents of the bookmarks: (N, dim) float32."""
        return self._list.places()

    def set_images(
        self, images: NDArray[np.uint8], _values: NDArray[np.float32] | None = None
    ) -> None:
        """Show what `places` decode to, (N, C, H, W) uint8."""
        self._list.set_images(images)

    def walk(self) -> Array:
        """Return the whole way: (N, dim) float32, empty with fewer than two bookmarks."""
        latent, psi = self._exploration.latent, self._psi()
        stops = [latent.truncated(mark.z, psi) for mark in self._list.usable()]
        if len(stops) < 2:
            return np.zeros((0, latent.dim), np.float32)
        straight = self._way.currentIndex() == 1
        loop = self._loop.isChecked()
        return walks.walk(latent, np.stack(stops), LEG, loop=loop, straight=straight)

    def speed(self) -> float:
        """Return how fast the walk goes, as a multiple of the usual."""
        return SPEEDS[self._speed.currentIndex()]

    # the walk

    def _is_playing(self) -> bool:
        return self._timer.isActive()

    def _go_to(self, place: float) -> None:
        """Let z be where the way is at `place`; the last place where it ends before."""
        way = self.walk()
        if len(way):
            self._at = min(max(place, 0.0), len(way) - 1.0)
            z = way[round(self._at)]
            self._exploration.drag(self.tr("walk"), self._exploration.towards(z))
            self._show_place()

    def _advance(self) -> None:
        end = self._scrub.maximum()
        after = self._at + self.speed()
        if after > end and self._loop.isChecked():
            after -= end + 1
        self._go_to(after)
        if after >= end and not self._loop.isChecked():
            self._pause()

    def _toggle(self) -> None:
        if self._is_playing():
            self._pause()
            return
        if self._at >= self._scrub.maximum():
            self._at = 0.0
        self._go_to(self._at)
        self._timer.start()
        self._show_playing()

    def _pause(self) -> None:
        """Stand still; what was walked is one edit."""
        if self._is_playing():
            self._timer.stop()
            self._show_playing()
            self._exploration.release()

    def _on_scrubbed(self, place: int) -> None:
        if self._scrubbing:
            self._go_to(place)
        elif len(way := self.walk()):  # a key: complete at once
            self._at = float(place)
            state = self._exploration.towards(way[place])
            self._exploration.edit(self.tr("walk"), state, step=True)

    def _on_scrub_pressed(self) -> None:
        self._pause()
        self._scrubbing = True
        self._exploration.press()

    def _on_scrub_released(self) -> None:
        self._scrubbing = False
        self._exploration.release()

    def _on_term_chosen(self, box: QComboBox, index: int) -> None:
        self._chosen[box] = self._list.usable()[index]

    def _combine(self) -> None:
        marks = self._list.usable()
        chosen = [marks[box.currentIndex()] for box in self._terms]
        a, b, c = (mark.name for mark in chosen)
        z = walks.combined(self._exploration.latent, *(mark.z for mark in chosen))
        if not np.isfinite(z).all():  # after many sums, each of the last
            return
        self._exploration.load(z, self.tr("{a} − {b} + {c}").format(a=a, b=b, c=c))

    # what is shown

    def _show(self) -> None:
        """Follow the bookmarks."""
        marks = self._list.usable()
        for i, box in enumerate(self._terms):
            with QSignalBlocker(box):
                box.clear()
                box.addItems([mark.name for mark in marks])
                chosen = self._chosen.get(box)
                usual = min(i, len(marks) - 1)
                box.setCurrentIndex(marks.index(chosen) if chosen in marks else usual)
            box.setEnabled(bool(marks))
        self._sum.setEnabled(bool(marks))
        self._remove.setEnabled(self._list.count() > 0)
        self._add.setEnabled(self._exploration.latent.dim > 0)
        way = len(marks) > 1
        legs = len(marks) if self._loop.isChecked() else len(marks) - 1
        with QSignalBlocker(self._scrub):
            self._scrub.setRange(0, max(legs * LEG - self._loop.isChecked(), 0) if way else 0)
        for widget in (self._play, self._scrub, self._export):
            widget.setEnabled(way)
        if not way:
            self._pause()
        self._at = min(self._at, float(self._scrub.maximum()))
        self._hint.setText(self._hint_text(self._list.count() - len(marks)))
        self._hint.setVisible(not way)
        self._show_place()
        self._images.renew()

    def _hint_text(self, foreign: int) -> str:
        """Say what a walk needs, where so many bookmarks are no use."""
        text = self.tr("Bookmark two places or more: the walk leads from one to the next.")
        if foreign:
            grey = self.tr("Grey ones ({count}) are places in the z of other generators.")
            return f"{text} {grey.format(count=foreign)}"
        return text

    def _show_place(self) -> None:
        with QSignalBlocker(self._scrub):
            self._scrub.setValue(round(self._at))

    def _show_playing(self) -> None:
        playing = self._is_playing()
        self._play.setIcon(icon("pause" if playing else "start", self.palette()))
        self._play.setAccessibleName(self.tr("Pause the walk") if playing else self.tr("Walk"))
        self._play.setToolTip(
            self.tr("Stand still") if playing else self.tr("Walk from bookmark to bookmark")
        )

    # the widgets

    def _build(self) -> None:
        self._list = BookmarkList(self._exploration)
        self._add = push_button(
            "add_bookmark",
            self.tr("Bookmark z"),
            self.tr("Keep this place; checkpoints of the run hold it"),
        )
        self._remove = push_button(
            "remove_bookmarks",
            self.tr("Remove"),
            self.tr("Remove the selected bookmarks (Delete)"),
        )
        self._terms = [
            narrow_combo("term_a", self.tr("Bookmark that is added to"), _CHARACTERS),
            narrow_combo("term_b", self.tr("Bookmark that is taken away"), _CHARACTERS),
            narrow_combo("term_c", self.tr("Bookmark that is added"), _CHARACTERS),
        ]
        self._sum = QToolButton()  # no wider than its word: the names beside it need the room
        self._sum.setObjectName("combine")
        self._sum.setText(self.tr("Go"))
        self._sum.setAccessibleName(self.tr("Go to the sum"))
        self._sum.setToolTip(
            self.tr("Go to the sum: what the first has and the second has not, given to the third")
        )
        self._sum.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._sum.setMinimumSize(36, 26)
        self._play = QToolButton()
        self._play.setObjectName("walk_play")
        self._play.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._play.setMinimumSize(28, 26)
        self._scrub = JumpSlider(Qt.Orientation.Horizontal)
        self._scrub.setObjectName("walk_place")
        self._scrub.setAccessibleName(self.tr("Place on the way"))
        self._scrub.setToolTip(self.tr("Where the walk is, from the first bookmark to the last"))
        self._scrub.setMinimumHeight(24)
        self._scrub.setPageStep(LEG)
        ignore_wheel_unless_focused(self._scrub)
        self._loop = CheckBox(self.tr("Loop"))
        self._loop.setObjectName("walk_loop")
        self._loop.setAccessibleName(self.tr("Loop"))
        self._loop.setToolTip(self.tr("Walk back to the first bookmark, and on"))
        self._loop.setMinimumHeight(24)
        around = [self.tr("around"), self.tr("straight")]
        self._way = narrow_combo(
            "walk_way", self.tr("The way between two bookmarks"), _CHARACTERS, around
        )
        self._way.setToolTip(
            self.tr(
                "Around: along great circles, where normal draws lie. Straight: through the inside "
                "of their shell, where the generator was hardly trained. Uniform parts go straight."
            )
        )
        speeds = [f"{speed:g}×" for speed in SPEEDS]
        self._speed = narrow_combo("walk_speed", self.tr("Speed"), _CHARACTERS, speeds)
        self._speed.setCurrentIndex(SPEEDS.index(1.0))
        self._speed.setToolTip(self.tr("How fast the walk goes, on the screen and in a film"))
        self._export = push_button(
            "walk_export",
            self.tr("Export"),
            self.tr("Write the walk as a film, a picture, or z itself"),
        )
        menu = QMenu(self._export)
        for suffix, text in {
            ".gif": self.tr("Film (GIF)…"),
            ".mp4": self.tr("Film (MP4)…"),
            ".png": self.tr("Picture, a row a bookmark (PNG)…"),
            ".npy": self.tr("Latents (NPY)…"),
        }.items():
            action = menu.addAction(text)
            action.setObjectName(f"walk_export{suffix.replace('.', '_')}")
            action.triggered.connect(lambda _=False, suffix=suffix: self.export_wanted.emit(suffix))
        self._export.setMenu(menu)
        self._hint = QLabel()
        self._hint.setObjectName("walk_hint")
        self._hint.setWordWrap(True)
        self._lay_out()

    def _lay_out(self) -> None:
        marks, sums, way, options = (QHBoxLayout() for _ in range(4))
        marks.addWidget(self._add, 1)
        marks.addWidget(self._remove, 1)
        for sign, box in zip(("", "−", "+"), self._terms, strict=True):
            if sign:
                sums.addWidget(QLabel(sign))
            sums.addWidget(box, 1)
        sums.addWidget(self._sum)
        way.addWidget(self._play)
        way.addWidget(self._scrub, 1)
        way.addWidget(self._loop)
        options.addWidget(self._way, 2)
        options.addWidget(self._speed, 1)
        options.addWidget(self._export)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(marks)
        layout.addWidget(self._list, 1)
        layout.addWidget(self._hint)
        for row in (way, options, sums):
            row.setSpacing(4)
            layout.addLayout(row)

    def _connect(self) -> None:
        exploration = self._exploration
        exploration.noted.connect(self._show)
        exploration.laid_out.connect(self._show)
        exploration.drag_toggled.connect(lambda _down: self._pause())
        exploration.edited.connect(lambda *_: self._pause())
        exploration.replaced.connect(self._pause)  # as undo does
        self._images.wanted.connect(self.images_wanted)
        self._add.clicked.connect(self._list.add)
        self._remove.clicked.connect(self._list.remove)
        self._sum.clicked.connect(self._combine)
        for box in self._terms:
            box.activated.connect(partial(self._on_term_chosen, box))
        self._play.clicked.connect(self._toggle)
        self._scrub.sliderPressed.connect(self._on_scrub_pressed)
        self._scrub.valueChanged.connect(self._on_scrubbed)
        self._scrub.sliderReleased.connect(self._on_scrub_released)
        self._loop.toggled.connect(self._show)
        self._show_playing()

    def showEvent(self, event: QShowEvent) -> None:
        """Have the bookmarks drawn by the generator as it is now."""
        super().showEvent(event)
        self._images.renew()

    def hideEvent(self, event: QHideEvent) -> None:
        """Stand still where nobody looks."""
        super().hideEvent(event)
        self._pause()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._show_playing()
