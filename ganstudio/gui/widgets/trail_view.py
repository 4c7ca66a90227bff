"""The image of z over training: by the generators of some earlier steps."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLabel, QListView, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from ganstudio.gui.exploration import Exploration
from ganstudio.gui.widgets.image_view import to_icon
from ganstudio.gui.widgets.thumbnails import Renewal

_SIDE = 56  # px of an image
_STEP = Qt.ItemDataRole.UserRole  # of an item


class TrailView(QWidget):
    """Images with their steps below; one that is chosen is held, the newest follows training.

    Signals:
        wanted(): z is to be drawn by the generators that are kept.
        step_chosen(int): the generator of a step is wanted under the sliders.
    """

    wanted = Signal()
    step_chosen = Signal(int)

    def __init__(self, exploration: Exploration, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._held: int | None = None
        self._images = Renewal(self)
        self._list = QListWidget()
        self._list.setObjectName("trail")
        self._list.setAccessibleName(self.tr("The image of z over training"))
        self._list.setToolTip(
            self.tr(
                "What the same z was at earlier steps: of this session, and of checkpoints beside "
                "the one that was opened. A click, or Enter, holds that step's generator and its D "
                "under all tabs; the last follows training again."
            )
        )
        self._list.setViewMode(QListView.ViewMode.IconMode)
        self._list.setResizeMode(QListView.ResizeMode.Adjust)
        self._list.setMovement(QListView.Movement.Static)
        self._list.setIconSize(QSize(_SIDE, _SIDE))
        self._list.setUniformItemSizes(True)
        self._list.setSpacing(2)
        self._hint = QLabel(self.tr("Steps gather here while the run trains."))
        self._hint.setObjectName("trail_hint")
        self._hint.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self._hint)
        layout.addWidget(self._list, 1)
        exploration.changed.connect(self._images.renew)
        self._images.wanted.connect(self.wanted)
        self._list.itemClicked.connect(self._on_chosen)
        self._list.itemActivated.connect(self._on_chosen)

    def snapshot_changed(self) -> None:
        """Learn that the generator has changed, or that there is a newer one."""
        self._images.renew()

    def clear(self) -> None:
        """Show nothing: there is another run."""
        self.set_images([], np.zeros((0, 1, 1, 1), np.uint8))

    def set_images(self, steps: Sequence[int], images: NDArray[np.uint8]) -> None:
        """Show what z is at some steps, oldest first, (N, C, H, W) uint8."""
        there = self._chosen()
        with QSignalBlocker(self._list):
            while self._list.count() > len(steps):
                self._list.takeItem(self._list.count() - 1)
            while self._list.count() < len(steps):
                self._list.addItem(QListWidgetItem())
            for row, (step, image) in enumerate(zip(steps, images, strict=True)):
                item = self._list.item(row)
                item.setText(f"{step:,}")
                item.setData(_STEP, step)
                item.setIcon(to_icon(image, _SIDE))
        self._hint.setVisible(len(steps) < 2)
        if there is not None and there not in steps:  # it was dropped meanwhile
            there = min(steps, key=partial(_apart, there), default=None)
        self._show_current(there)

    def _chosen(self) -> int | None:
        """Return the step that is selected, or would be: None is the newest, whichever that is."""
        if not self._list.hasFocus():
            return self._held
        row = self._list.currentRow()
        if not 0 <= row < self._list.count() - 1:
            return None
        step: int = self._list.item(row).data(_STEP)
        return step

    def set_held(self, step: int | None) -> None:
        """Mark the step that is held; None marks the newest, as training is followed."""
        self._held = step
        self._show_current(step)

    def _show_current(self, step: int | None) -> None:
        """Select a step, where the keys go on from; None is the newest."""
        count = self._list.count()
        steps = [self._list.item(row).data(_STEP) for row in range(count)]
        row = count - 1 if step is None else -1
        if step in steps:
            row = steps.index(step)
        with QSignalBlocker(self._list):
            self._list.setCurrentRow(row)

    def _on_chosen(self, item: QListWidgetItem) -> None:
        self.step_chosen.emit(item.data(_STEP))

    def showEvent(self, event: QShowEvent) -> None:
        """Have z drawn as it is by now."""
        super().showEvent(event)
        self._images.renew()


def _apart(step: int, other: int) -> int:
    return abs(step - other)
