"""A list of sliders, one a row, in any order, as one tab stop.

Only the rows in view exist: a handful of widgets serves 1 to 1,024 dimensions, and drawing all of z
anew touches a dozen rows instead of thousands of widgets.
"""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QLabel, QWidget

from ganstudio.gui.widgets.latent_state import LatentState
from ganstudio.gui.widgets.name_edit import NameEdit
from ganstudio.gui.widgets.number_edit import NumberEdit, number_text
from ganstudio.gui.widgets.slider_row import RowIcons, RowSizes, SliderRow
from ganstudio.latent.spec import Array

_TYPED_LIMIT = 100.0  # what may be typed
_STEP, _FINE, _COARSE = 0.05, 0.005, 0.25  # of the bound: a key's step, with Shift, of Page keys

Order = NDArray[np.intp]


class SliderList(QAbstractScrollArea):
    """Rows to see and move values. It shows what it is told and changes nothing itself.

    Up and Down choose a row; Left, Right and the Page keys move it, L locks it, 0 resets it, Enter
    types a value, F2 a name; Home and End go to the first and last row.

    Sliders are known by their numbers, which are the dimensions of the `LatentState` that it shows.

    Parameters
    ----------
    kind : str
        Begins the names of its widgets.
    strips : bool
        Whether rows have images below their sliders, and names that can be changed.

    Signals:
        pressed(), dragged(int, float), released(): a slider is dragged to a value.
        stepped(int, float): a key moves a slider.
        entered(int, float): a value was typed.
        renamed(int, str): a name was typed.
        place_wanted(int, int): the image at a place of a slider's was clicked.
        reset_wanted(int), lock_wanted(int): a button or a key.
        current_changed(int): another slider is the one that keys move.
        edit_closed(): the field to type a value has gone.
        left(): the pointer has gone from over the rows.
        view_changed(): other rows are in view.
    """

    pressed = Signal()
    dragged = Signal(int, float)
    released = Signal()
    stepped = Signal(int, float)
    entered = Signal(int, float)
    renamed = Signal(int, str)
    place_wanted = Signal(int, int)
    reset_wanted = Signal(int)
    lock_wanted = Signal(int)
    current_changed = Signal(int)
    edit_closed = Signal()
    left = Signal()
    view_changed = Signal()

    def __init__(
        self, kind: str = "latent", *, strips: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._kind, self._strips = kind, strips
        self._notes: tuple[str, ...] = ()
        self._images: dict[int, NDArray[np.uint8]] = {}
        self._marks: dict[int, int] = {}
        self._seen: list[int] = []  # the sliders in view, as it was told last
        self._labels: tuple[str, ...] = ()
        self._bounds: Array = np.zeros(0, np.float32)
        self._limits = self._bounds
        self._state = LatentState.unlocked(self._bounds)
        self._order: Order = np.zeros(0, np.intp)
        self._places: Order = self._order  # where each dimension is in the order, or -1
        self._current = 0
        self._rows: list[SliderRow] = []  # place p is shown by row p modulo their number
        self._icons = RowIcons.drawn(self.palette())
        self._sizes = RowSizes.measured(self.fontMetrics(), ())
        self._dragging = False
        self._empty_text = ""
        self._named = -1  # the slider whose name is being typed
        self._name_edit = NameEdit(self.viewport())
        self._name_edit.setObjectName(f"{kind}_name_edit")
        self._name_edit.entered.connect(lambda name: self.renamed.emit(self._named, name))
        self._name_edit.closed.connect(self.edit_closed)
        self._edited: int | None = None  # the dimension whose value is being typed
        self._edit = NumberEdit(_TYPED_LIMIT, self.viewport())
        self._edit.setObjectName(f"{kind}_edit")
        self._edit.entered.connect(self._on_entered)
        self._edit.refused.connect(self._on_refused)
        self._edit.cancelled.connect(self._close_edit)
        self._edit.hide()
        self._reason = QLabel(self.viewport())
        self._reason.setObjectName(f"{kind}_edit_reason")
        self._reason.setAutoFillBackground(True)
        self._reason.setBackgroundRole(QPalette.ColorRole.ToolTipBase)
        self._reason.setForegroundRole(QPalette.ColorRole.ToolTipText)
        self._reason.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._reason.hide()
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)

    def set_spec(self, labels: tuple[str, ...], bounds: Array, state: LatentState) -> None:
        """Show other sliders, in the order of their numbers."""
        self._hide_edit()
        self._name_edit.close_with(accept=False)
        self._notes, self._images, self._marks = ("",) * len(labels), {}, {}
        for row in self._rows:
            row.hide()
            row.deleteLater()
        self._rows = []
        self._dragging = False
        self._labels, self._bounds, self._state = labels, bounds, state
        self._measure()
        self._current = 0
        self._order = np.zeros(0, np.intp)
        self.fit_ranges()
        self.set_order(np.arange(len(labels)))

    def set_labels(self, labels: tuple[str, ...], notes: tuple[str, ...]) -> None:
        """Call the same sliders by other names, and write other notes below them."""
        if (labels, notes) != (self._labels, self._notes):
            self._labels, self._notes = labels, notes
            self._measure()
            self._arrange()

    def set_images(self, images: dict[int, NDArray[np.uint8]]) -> None:
        """Show images along sliders, (N, C, H, W) uint8 each; what is missing stays as it was."""
        self._images |= images
        for row in self._rows:
            if row.dim in images and not row.isHidden():
                row.show_images(self._images[row.dim], self._marks.get(row.dim, -1))

    def set_marks(self, marks: dict[int, int]) -> None:
        """Frame the images at these places."""
        self._marks = marks
        for row in self._rows:
            if not row.isHidden():
                row.mark_image(marks.get(row.dim, -1))

    def in_view(self) -> list[int]:
        """Return the sliders whose rows can be seen."""
        room = self.viewport().rect()
        shown = (row for row in self._rows if not row.isHidden())
        return [row.dim for row in shown if row.geometry().intersects(room)]

    def set_state(self, state: LatentState) -> None:
        """Show these values and locks; a range grows to hold its value and never shrinks here."""
        self._state = state
        self._limits = np.maximum(self._limits, np.abs(state.z))
        self._show_rows()

    def fit_ranges(self) -> None:
        """Return every range to its bound, or to its value where that lies beyond."""
        self._limits = np.maximum(self._bounds, np.abs(self._state.z))
        self._show_rows()

    def set_order(self, order: Order) -> None:
        """Show the rows of these dimensions, in this order."""
        if np.array_equal(order, self._order):
            return
        place = self._places[self._current] if self._order.size else 0
        self._order = order
        self._places = np.full(len(self._labels), -1)
        self._places[order] = np.arange(len(order))
        if len(order) and self._places[self._current] < 0:
            self._choose(int(order[min(max(place, 0), len(order) - 1)]))
        self._fit_scroll_bar()
        self._arrange()
        if self.hasFocus():
            self._reveal(self._current)

    def set_empty_text(self, text: str) -> None:
        """Say `text` where there is no row."""
        self._empty_text = text
        self.viewport().update()

    def contains(self, dim: int) -> bool:
        """Tell whether the order has a row for dimension `dim`."""
        return bool(self._places[dim] >= 0)

    def select(self, dim: int) -> None:
        """Make `dim` the current dimension and scroll to its row."""
        self._choose(dim)
        self._reveal(dim)

    def is_editing(self) -> bool:
        """Tell whether a value or a name is being typed."""
        return self._edited is not None or self._name_edit.is_open()

    def _choose(self, dim: int) -> None:
        if dim != self._current:
            self._current = dim
            self.current_changed.emit(dim)
        self._show_rows()

    def _reveal(self, dim: int) -> None:
        top = int(self._places[dim]) * self._sizes.height
        bar = self.verticalScrollBar()
        bar.setValue(
            min(max(bar.value(), top + self._sizes.height - self.viewport().height()), top)
        )

    def _measure(self) -> None:
        """Let columns and rows be as large as the font needs them."""
        self._sizes = RowSizes.measured(self.fontMetrics(), self._labels, strips=self._strips)
        for row in self._rows:
            row.set_sizes(self._sizes)
        self.updateGeometry()

    def _fit_scroll_bar(self) -> None:
        height = self.viewport().height()
        self.verticalScrollBar().setSingleStep(self._sizes.height)
        self.verticalScrollBar().setPageStep(height)
        self.verticalScrollBar().setRange(0, max(0, len(self._order) * self._sizes.height - height))

    def _arrange(self) -> None:
        """Put a row at every place in view; not during a drag, whose row must stay."""
        if self._dragging:
            return
        needed = min(self.viewport().height() // self._sizes.height + 2, len(self._labels))
        while len(self._rows) < needed:
            self._rows.append(self._new_row())
        fresh: list[SliderRow] = []
        first, offset = divmod(self.verticalScrollBar().value(), self._sizes.height)
        width = self.viewport().width()
        for place in range(first, first + len(self._rows)):
            row = self._rows[place % len(self._rows)]
            if place < len(self._order):
                dim = int(self._order[place])
                if row.dim != dim or not row.isVisible():
                    fresh.append(row)
                row.bind(dim, self._labels[dim], self._notes[dim], float(self._bounds[dim]))
                y = (place - first) * self._sizes.height - offset
                row.setGeometry(0, y, width, self._sizes.height)
            row.setVisible(place < len(self._order))
        for row in fresh:
            if row.dim in self._images:
                row.show_images(self._images[row.dim], self._marks.get(row.dim, -1))
        self._show_rows()
        self._place_edit()
        self._name_edit.close_with(accept=True)  # its row may have gone from below it
        self.viewport().update()
        if fresh or self.in_view() != self._seen:
            self._seen = self.in_view()
            self.view_changed.emit()

    def _show_rows(self) -> None:
        """Let the rows in view show what is."""
        for row in self._rows:
            if not row.isHidden():
                dim = row.dim
                row.show_state(
                    float(self._state.z[dim]),
                    float(self._limits[dim]),
                    bool(self._state.locked[dim]),
                )
                row.set_current(dim == self._current, self.hasFocus())
        self._describe_current()

    def _describe_current(self) -> None:
        """Tell a screen reader what the keys move."""
        if not self._labels:
            return
        dim = self._current
        value = number_text(self._state.z[dim], self._bounds[dim])
        locked = self._state.locked[dim]
        text = self.tr("{name}: {value}, locked") if locked else self.tr("{name}: {value}")
        self.setAccessibleDescription(text.format(name=self._labels[dim], value=value))

    def _new_row(self) -> SliderRow:
        row = SliderRow(self._kind, self._sizes, self._icons, self.viewport())
        row.touched.connect(self._choose)
        row.pressed.connect(self._on_pressed)
        row.moved.connect(self.dragged)
        row.released.connect(self._on_released)
        row.edit_wanted.connect(self._open_edit)
        row.name_wanted.connect(self._open_name)
        row.place_wanted.connect(self.place_wanted)
        row.reset_wanted.connect(self.reset_wanted)
        row.lock_wanted.connect(self.lock_wanted)
        return row

    def _on_pressed(self) -> None:
        self._dragging = True
        self.pressed.emit()

    def _on_released(self) -> None:
        self._dragging = False
        self._arrange()
        self.released.emit()

    # typing a value

    def _open_edit(self, dim: int) -> None:
        if self._state.locked[dim]:
            return
        self._reveal(dim)
        self._edited = dim
        label, bound = self._labels[dim], self._bounds[dim]
        self._edit.setAccessibleName(self.tr("New value of {name}").format(name=label))
        self._edit.setToolTip(
            self.tr("A value from −{limit:g} to {limit:g} for {name}: Enter sets it.").format(
                name=label, limit=_TYPED_LIMIT
            )
        )
        self._edit.setText(number_text(self._state.z[dim], bound))
        self._edit.selectAll()
        self._place_edit()
        self._edit.show()
        self._edit.setFocus()

    def _place_edit(self) -> None:
        """Keep the field on its row."""
        if self._edited is None:
            return
        for row in self._rows:
            if row.dim == self._edited and not row.isHidden():
                cell = row.value.geometry().translated(row.pos())
                self._edit.setGeometry(cell)
                self._edit.raise_()
                left = QRect(row.pos(), row.size())
                left.setRight(cell.left() - 2)
                self._reason.setGeometry(left)
                self._reason.raise_()
                return
        self._close_edit()  # scrolled away

    def _close_edit(self) -> None:
        if self._edited is not None:
            self._hide_edit()
            self.edit_closed.emit()

    def _hide_edit(self) -> None:
        self._edited = None  # first: losing the focus would set the value
        if self._edit.hasFocus():
            self.setFocus()
        self._edit.hide()
        self._reason.hide()

    def _on_entered(self, value: float) -> None:
        dim = self._edited
        if dim is not None:
            self._close_edit()
            self.entered.emit(dim, value)

    def _on_refused(self, reason: str) -> None:
        self._reason.setText(reason)
        self._reason.setVisible(bool(reason))
        self._edit.setAccessibleDescription(reason)

    # typing a name

    def _open_name(self, slider: int) -> None:
        if not self._strips:
            return
        self._reveal(slider)
        for row in self._rows:
            if row.dim == slider and not row.isHidden():
                area = row.label.geometry().translated(row.pos())
                area.setRight(row.value.x() - 2)
                self._named = slider
                name = self._labels[slider]
                self._name_edit.setAccessibleName(self.tr("New name of {name}").format(name=name))
                self._name_edit.setToolTip(
                    self.tr(
                        "Another name for {name}: Enter sets it, none is the usual one."
                    ).format(name=name)
                )
                self._name_edit.open(area, name)

    # keys

    def _on_key(self, key: Qt.Key, fine: bool) -> bool:
        """Do what `key` stands for; return whether it stands for anything."""
        dim, place, last = self._current, int(self._places[self._current]), len(self._order) - 1
        steps = {
            Qt.Key.Key_Left: -_FINE if fine else -_STEP,
            Qt.Key.Key_Right: _FINE if fine else _STEP,
            Qt.Key.Key_PageDown: -_COARSE,
            Qt.Key.Key_PageUp: _COARSE,
        }
        goals = {
            Qt.Key.Key_Up: max(place - 1, 0),
            Qt.Key.Key_Down: min(place + 1, last),
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        if key in goals:
            self.select(int(self._order[goals[key]]))
        elif key in steps:
            value = self._state.z[dim] + steps[key] * self._bounds[dim]
            limit = self._limits[dim]
            self._reveal(dim)
            self.stepped.emit(dim, float(np.clip(value, -limit, limit)))
        elif key == Qt.Key.Key_L:
            self.lock_wanted.emit(dim)
        elif key == Qt.Key.Key_0:
            self.reset_wanted.emit(dim)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open_edit(dim)
        elif key == Qt.Key.Key_F2:
            self._open_name(dim)
        else:
            return False
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose and change rows."""
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        fine = modifiers == Qt.KeyboardModifier.ShiftModifier
        plain = fine or modifiers == Qt.KeyboardModifier.NoModifier
        if not (plain and len(self._order) and self._on_key(Qt.Key(event.key()), fine)):
            event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Mark the current row strongly."""
        super().focusInEvent(event)
        self._show_rows()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Mark the current row weakly."""
        super().focusOutEvent(event)
        self._show_rows()

    def leaveEvent(self, event: QEvent) -> None:
        """Tell that no row is under the pointer any more."""
        super().leaveEvent(event)
        self.left.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll, but not a row away from under a drag."""
        if not self._dragging:
            super().wheelEvent(event)

    def minimumSizeHint(self) -> QSize:
        """Return room for a whole row."""
        bar = self.verticalScrollBar().sizeHint().width() + 2 * self.frameWidth()
        return QSize(self._sizes.least_width() + bar, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fill the view with rows."""
        self._fit_scroll_bar()
        self._arrange()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Show the rows that came into view."""
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme and the zoom."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and self._labels:
            top = self.verticalScrollBar().value() / self._sizes.height
            self._measure()
            self._fit_scroll_bar()
            self.verticalScrollBar().setValue(round(top * self._sizes.height))
            self._arrange()
        if event.type() == QEvent.Type.PaletteChange:
            self._icons = RowIcons.drawn(self.palette())
            for row in self._rows:
                row.set_icons(self._icons)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Say why there is no row."""
        if len(self._order) == 0 and self._empty_text:
            painter = QPainter(self.viewport())
            painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            area = self.viewport().rect().adjusted(12, 8, -12, -8)
            painter.drawText(area, flags, self._empty_text)
