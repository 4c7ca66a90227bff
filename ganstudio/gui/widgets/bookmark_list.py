"""Bookmarks of z: their names and what they look like, in the order of a walk."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSignalBlocker, QSize, Qt, QTimer
from PySide6.QtGui import QIcon, QKeyEvent, QPalette, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QListWidget, QListWidgetItem, QToolTip, QWidget

from ganstudio.gui.exploration import Exploration
from ganstudio.gui.widgets.image_view import to_icon
from ganstudio.latent.notes import Bookmark
from ganstudio.latent.spec import Array

_SIDE = 28  # px of an image
_MARK = Qt.ItemDataRole.UserRole  # the `Bookmark` of a row


class BookmarkList(QListWidget):
    """Rows to go to, rename, put into another order and delete.

    Enter or a double click goes there, F2 renames, Delete removes, Alt with Up and Down moves; the
    mouse moves rows, too. Those of a z that this model does not have are grey and stay.
    """

    def __init__(self, exploration: Exploration, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._exploration = exploration
        self._images: dict[bytes, QIcon] = {}
        self._asked: list[bytes] = []
        self.setObjectName("bookmarks")
        self.setAccessibleName(self.tr("Bookmarks"))
        self.setToolTip(
            self.tr(
                "Places in z. Enter or a double click goes there, F2 renames, Delete removes; drag "
                "rows, or Alt+Up and Alt+Down, to change the order of the walk."
            )
        )
        self.setIconSize(QSize(_SIDE, _SIDE))
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setUniformItemSizes(True)
        exploration.noted.connect(self._show)
        exploration.laid_out.connect(self._show)
        self.itemActivated.connect(self._on_activated)
        self.itemChanged.connect(self._on_renamed)
        self._drop = QTimer(self, singleShot=True, interval=0)  # one note, however many rows
        self._drop.timeout.connect(self._on_moved)
        self.model().rowsMoved.connect(self._drop.start)

    def usable(self) -> list[Bookmark]:
        """Return the bookmarks whose z this model has, in their order."""
        latent = self._exploration.latent
        return [mark for mark in self._exploration.notes.bookmarks if mark.latent == latent]

    def add(self) -> None:
        """Bookmark where z is."""
        exploration = self._exploration
        notes = exploration.notes
        taken = {mark.name for mark in notes.bookmarks}
        numbers = range(1, len(taken) + 2)
        names = (self.tr("Place {number}").format(number=number) for number in numbers)
        name = next(name for name in names if name not in taken)
        mark = Bookmark(name=name, z=exploration.state.z, latent=exploration.latent)
        text = self.tr("bookmark {name}").format(name=name)
        exploration.note(text, replace(notes, bookmarks=(*notes.bookmarks, mark)))
        self.setCurrentRow(self.count() - 1)

    def remove(self) -> None:
        """Remove the bookmarks that are selected."""
        rows = {self.row(item) for item in self.selectedItems()}
        kept = [mark for row, mark in enumerate(self._marks()) if row not in rows]
        self._take(self.tr("remove bookmarks"), kept)

    def places(self) -> Array:
        """Return the latents of the bookmarks: (N, dim) float32."""
        usable = [mark.z for mark in self.usable()]
        self._asked = [z.tobytes() for z in usable]
        return np.array(usable, np.float32).reshape(len(usable), self._exploration.latent.dim)

    def set_images(self, images: NDArray[np.uint8]) -> None:
        """Show what `places` decode to, (N, C, H, W) uint8."""
        icons = (to_icon(image, _SIDE) for image in images)
        self._images = dict(zip(self._asked, icons, strict=False))
        self._show_images()

    def _marks(self) -> list[Bookmark]:
        """Return the bookmarks in the order of the rows."""
        return [self.item(row).data(_MARK) for row in range(self.count())]

    def _take(self, text: str, marks: list[Bookmark]) -> None:
        notes = self._exploration.notes
        self._exploration.note(text, replace(notes, bookmarks=tuple(marks)))

    def _on_activated(self, item: QListWidgetItem) -> None:
        """Go to a place, or say why that cannot be."""
        mark: Bookmark = item.data(_MARK)
        if mark.latent == self._exploration.latent:
            self._exploration.load(mark.z, self.tr("go to {name}").format(name=mark.name))
        else:
            where = self.viewport().mapToGlobal(self.visualItemRect(item).center())
            QToolTip.showText(where, item.toolTip(), self)

    def _show(self) -> None:
        """Make the rows those of the notes."""
        if self._marks() == list(self._exploration.notes.bookmarks) and self.count():
            self._show_usable()
            return
        row = self.currentRow()
        with QSignalBlocker(self):
            self.clear()
            for mark in self._exploration.notes.bookmarks:
                item = QListWidgetItem(mark.name, self)
                item.setData(_MARK, mark)
                item.setFlags(
                    (item.flags() | Qt.ItemFlag.ItemIsEditable) & ~Qt.ItemFlag.ItemIsDropEnabled
                )
            self.setCurrentRow(min(row, self.count() - 1))
        self._show_usable()
        self._show_images()

    def _show_usable(self) -> None:
        """Make the rows grey whose z this model does not have, and say why."""
        group = QPalette.ColorGroup
        with QSignalBlocker(self):
            for row, mark in enumerate(self._marks()):
                fits = mark.latent == self._exploration.latent
                shade = group.Active if fits else group.Disabled
                colour = self.palette().color(shade, QPalette.ColorRole.Text)
                self.item(row).setForeground(colour)
                reason = self.tr("Its z has {theirs} numbers of other kinds than the {mine} here")
                told = reason.format(theirs=mark.latent.dim, mine=self._exploration.latent.dim)
                self.item(row).setToolTip("" if fits else told)

    def _show_images(self) -> None:
        empty = QPixmap(_SIDE, _SIDE)
        empty.fill(Qt.GlobalColor.transparent)
        with QSignalBlocker(self):
            for row, mark in enumerate(self._marks()):
                self.item(row).setIcon(self._images.get(mark.z.tobytes(), QIcon(empty)))
        self.viewport().update()

    def _on_renamed(self, item: QListWidgetItem) -> None:
        mark: Bookmark = item.data(_MARK)
        name = item.text().strip()
        if not name or name == mark.name:
            with QSignalBlocker(self):
                item.setText(mark.name)
            return
        marks = self._marks()
        marks[self.row(item)] = replace(mark, name=name)
        self._take(self.tr("rename {name}").format(name=mark.name), marks)

    def _on_moved(self) -> None:
        self._take(self.tr("move bookmarks"), self._marks())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Remove, and move up and down."""
        row, steps = self.currentRow(), {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        alt = event.modifiers() & Qt.KeyboardModifier.AltModifier
        if event.key() == Qt.Key.Key_Delete:
            self.remove()
        elif alt and event.key() in steps and row >= 0:
            there = row + steps[Qt.Key(event.key())]
            if 0 <= there < self.count():
                marks = self._marks()
                marks.insert(there, marks.pop(row))
                self._take(self.tr("move bookmarks"), marks)
                self.setCurrentRow(there)
        else:
            super().keyPressEvent(event)
