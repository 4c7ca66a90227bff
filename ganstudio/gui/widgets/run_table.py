"""The runs of the library as a table: what each is, and what differs from the current one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QModelIndex, QPoint, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QIcon, QKeyEvent, QPainter, QPixmap
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from ganstudio.gui.colours import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION, YELLOW
from ganstudio.gui.setting_texts import difference_text
from ganstudio.gui.widgets.check_box import CheckDelegate
from ganstudio.gui.widgets.curve_words import number
from ganstudio.library import THUMB, Entry

COMPARED = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, YELLOW, GREY)
_THUMB, _FRAME = 30, 4  # px
_PATH = Qt.ItemDataRole.UserRole
Rows = list[tuple[Path, Entry]]


class RunTable(QTableWidget):
    """One row a run; the box of the first column chooses what is compared.

    Signals:
        compared_changed: the compared runs' folders changed.
        open_wanted(object): the `Path` of a folder whose run is to be opened.
        rename_wanted(object): of a folder that is to be called otherwise.
        delete_wanted(object): of a folder that nobody wants.
        refused(int): no more than so many are compared.
        menu_wanted(object, QPoint): of a folder, and where on the screen its menu is to be.
    """

    compared_changed = Signal()
    open_wanted = Signal(object)
    rename_wanted = Signal(object)
    delete_wanted = Signal(object)
    refused = Signal(int)
    menu_wanted = Signal(object, QPoint)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 7, parent)
        self.setObjectName("run_table")
        self.setAccessibleName(self.tr("Runs"))
        self.setHorizontalHeaderLabels(
            [
                self.tr("Run"),
                self.tr("Recipe"),
                self.tr("Seed"),
                self.tr("Step"),
                self.tr("Time"),
                self.tr("× real"),
                self.tr("Differs in"),
            ]
        )
        tips = {
            0: self.tr("Tick runs to compare their curves and their images of the same z"),
            5: self.tr(
                "The Fréchet distance when it was last judged, as a multiple of real images"
            ),
            6: self.tr("Settings that are other than those of the run that is open"),
        }
        for column, tip in tips.items():
            if (heading := self.horizontalHeaderItem(column)) is not None:
                heading.setToolTip(tip)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setIconSize(QSize(_THUMB, _THUMB))
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(_THUMB + 4)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        header.setHighlightSections(False)
        self._rows: Rows = []
        self._current: Path | None = None
        self._shown: tuple[object, ...] = ()
        self._compared: dict[Path, int] = {}  # the place of its colour
        self._thumbs: dict[Path, tuple[int, QPixmap]] = {}
        self.setItemDelegate(CheckDelegate(self))
        self.itemChanged.connect(self._on_changed)
        self.activated.connect(self._on_activated)

    def set_runs(self, rows: Rows, current: Path | None, config: Mapping[str, Any]) -> None:
        """Show runs; that in the folder `current`, of these settings, is the one that is open."""
        if (shown := (rows, current, config)) == self._shown:
            return
        chosen = self.chosen()
        self._rows, self._current, self._shown = rows, current, shown
        there = {path for path, _ in rows}
        if lost := [path for path in self._compared if path not in there]:
            for path in lost:
                del self._compared[path]
            self.compared_changed.emit()
        with QSignalBlocker(self):
            self.setRowCount(len(rows))
            for row, (path, entry) in enumerate(rows):
                self._fill(row, path, entry, config)
        if chosen in there:
            self.setCurrentCell([path for path, _ in rows].index(chosen), 0)

    def chosen(self) -> Path | None:
        """Return the folder of the row that is selected."""
        row = self.currentRow()
        return self._rows[row][0] if 0 <= row < len(self._rows) else None

    def compared(self) -> list[tuple[Path, Entry, str]]:
        """Return the runs that are compared, each with its colour."""
        entries = dict(self._rows)
        return [
            (path, entries[path], COMPARED[place])
            for path, place in self._compared.items()
            if path in entries
        ]

    def _fill(self, row: int, path: Path, entry: Entry, config: Mapping[str, Any]) -> None:
        minutes, seconds = divmod(int(entry.seconds), 60)
        differs = "; ".join(
            difference_text(name, value)
            for name, value in entry.config.items()
            if name != "seed" and name in config and config[name] != value
        )
        name = path.name
        if path == self._current:
            name = self.tr("{name}, open").format(name=name)
        texts = (
            *(name, entry.recipe, str(entry.seed), f"{entry.step:,}", f"{minutes}:{seconds:02}"),
            "" if entry.ratio is None else number(entry.ratio),
            differs,
        )
        for column, text in enumerate(texts):
            item = self._cell(row, column)
            if item.text() != text:
                item.setText(text)
            item.setToolTip(text)
            if 2 <= column <= 5:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        first = self._cell(row, 0)
        first.setData(_PATH, path)
        first.setFlags(first.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        place = self._compared.get(path)
        first.setCheckState(Qt.CheckState.Unchecked if place is None else Qt.CheckState.Checked)
        first.setIcon(self._thumb(path, place))
        tip = str(path)
        if entry.parent:
            tip += "\n" + self.tr("From {parent}").format(parent=entry.parent)
        first.setToolTip(tip)

    def _cell(self, row: int, column: int) -> QTableWidgetItem:
        """Return a cell, made if there is none yet."""
        if (item := self.item(row, column)) is None:
            item = QTableWidgetItem()
            item.setFlags(Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled)
            self.setItem(row, column, item)
        return item

    def _thumb(self, path: Path, place: int | None) -> QIcon:
        """Return what a run drew when it was saved, framed in its colour if it is compared."""
        framed = QPixmap(_THUMB, _THUMB)
        framed.fill(Qt.GlobalColor.transparent if place is None else QColor(COMPARED[place]))
        picture = self._picture(path)
        if not picture.isNull():
            painter = QPainter(framed)
            side = _THUMB if place is None else _THUMB - 2 * _FRAME
            keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode
            small = picture.scaled(side, side, keep, smooth.SmoothTransformation)
            painter.drawPixmap((_THUMB - small.width()) // 2, (_THUMB - small.height()) // 2, small)
            painter.end()
        return QIcon(framed)

    def _picture(self, path: Path) -> QPixmap:
        """Return a run's picture, which is read once until it changes."""
        try:
            changed = (path / THUMB).stat().st_mtime_ns
        except OSError:
            return QPixmap()
        if (known := self._thumbs.get(path)) is None or known[0] != changed:
            known = self._thumbs[path] = changed, QPixmap(str(path / THUMB))
        return known[1]

    def _on_changed(self, item: QTableWidgetItem) -> None:
        """Take a run into the comparison, or out of it."""
        path = item.data(_PATH)
        if item.column() != 0 or path is None:
            return
        checked = item.checkState() is Qt.CheckState.Checked
        if checked == (path in self._compared):
            return
        free = [place for place in range(len(COMPARED)) if place not in self._compared.values()]
        if not checked:
            del self._compared[path]
        elif free:
            self._compared[path] = free[0]
        else:
            self.refused.emit(len(COMPARED))
        with QSignalBlocker(self):
            place = self._compared.get(path)
            item.setCheckState(Qt.CheckState.Unchecked if place is None else Qt.CheckState.Checked)
            item.setIcon(self._thumb(path, place))
        self.compared_changed.emit()

    def _on_activated(self, index: QModelIndex) -> None:
        self.open_wanted.emit(self._rows[index.row()][0])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """F2 renames, Delete deletes, Space compares, as in a list of files."""
        path = self.chosen()
        if path is None:
            super().keyPressEvent(event)
        elif event.key() == Qt.Key.Key_F2:
            self.rename_wanted.emit(path)
        elif event.key() == Qt.Key.Key_Delete:
            self.delete_wanted.emit(path)
        elif event.key() == Qt.Key.Key_Space:
            item = self._cell(self.currentRow(), 0)
            checked = item.checkState() is Qt.CheckState.Checked
            item.setCheckState(Qt.CheckState.Unchecked if checked else Qt.CheckState.Checked)
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for the menu of the row under the mouse, or of the chosen one."""
        if event.reason() is QContextMenuEvent.Reason.Mouse:
            self.setCurrentCell(self.rowAt(event.pos().y()), 0)
        if (path := self.chosen()) is not None:
            self.menu_wanted.emit(path, event.globalPos())
