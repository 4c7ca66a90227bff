"""One slider: its name, its value, buttons to reset and lock it, and images along its way."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QMargins, QRect, QSignalBlocker, Qt, Signal
from PySide6.QtGui import (
    QFontMetrics,
    QIcon,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QSlider,
    QStyle,
    QStyleOptionSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ganstudio.gui.icons import icon
from ganstudio.gui.widgets.image_strip import SIDE, ImageStrip
from ganstudio.gui.widgets.number_edit import number_text

_BUTTON = 24
_GROOVE = 60  # px, at least: the slider
_LONGEST = 18  # characters of a name; the rest of it is in its tooltip
_MARGINS, _SPACING = QMargins(6, 0, 2, 0), 2
_STEPS = 4000  # of the slider, from 0 to the bound


@dataclass(frozen=True, slots=True)
class RowIcons:
    """The icons that all rows share."""

    reset: QIcon
    locked: QIcon
    unlocked: QIcon

    @staticmethod
    def drawn(palette: QPalette) -> "RowIcons":
        """Draw them in the colours of `palette`."""
        return RowIcons(icon("reset", palette), icon("lock", palette), icon("unlock", palette))


@dataclass(frozen=True, slots=True)
class RowSizes:
    """What the font makes of the columns that all rows share, in pixels.

    Attributes
    ----------
    label, value : int
        The widths of the name and of the value.
    line : int
        The height of the slider and its buttons.
    height : int
        Of a row, images included.
    """

    label: int
    value: int
    line: int
    height: int

    @staticmethod
    def measured(
        metrics: QFontMetrics, labels: tuple[str, ...], *, strips: bool = False
    ) -> "RowSizes":
        """Make room for all `labels`, for any value that can be typed, and for images."""
        label = max(map(metrics.horizontalAdvance, labels), default=0)
        label = min(label, _LONGEST * metrics.averageCharWidth())
        value = metrics.horizontalAdvance("−100.00")
        line = max(_BUTTON, metrics.height()) + 4
        return RowSizes(label + 6, value + 10, line, line + (SIDE + 6 if strips else 0))

    def least_width(self) -> int:
        """Return the width that a row needs."""
        margins = _MARGINS.left() + _MARGINS.right() + 4 * _SPACING
        return self.label + _GROOVE + self.value + 2 * _BUTTON + margins


class ValueSlider(QSlider):
    """Jumps to a click in its groove and drags from there; leaves wheel and keys to the list."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._grip = 0  # from the handle's left edge to where the mouse holds it

    def part(self, part: QStyle.SubControl) -> QRect:
        """Return where the handle or the groove is."""
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        control = QStyle.ComplexControl.CC_Slider
        return self.style().subControlRect(control, option, part, self)

    def _drag_to(self, x: int) -> None:
        groove = self.part(QStyle.SubControl.SC_SliderGroove)
        room = groove.width() - self.part(QStyle.SubControl.SC_SliderHandle).width()
        low, high = self.minimum(), self.maximum()
        place = x - self._grip - groove.x()
        self.setSliderPosition(QStyle.sliderValueFromPosition(low, high, place, room))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of the handle, or bring it here first."""
        if event.button() != Qt.MouseButton.LeftButton:
            event.ignore()
            return
        x = event.position().toPoint().x()
        handle = self.part(QStyle.SubControl.SC_SliderHandle)
        self.setSliderDown(True)
        if handle.left() <= x <= handle.right():
            self._grip = x - handle.left()
        else:
            self._grip = handle.width() // 2
            self._drag_to(x)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the handle."""
        if self.isSliderDown():
            self._drag_to(event.position().toPoint().x())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(False)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the list."""
        event.ignore()


class SliderRow(QWidget):
    """A row of the list of sliders; it is reused for whichever slider is in view.

    It shows what it is told. Every signal's first argument is the slider's number.

    Signals:
        touched(int): the mouse was pressed on it.
        pressed(int), moved(int, float), released(int): the slider is dragged.
        edit_wanted(int), reset_wanted(int), lock_wanted(int): a button was clicked.
        name_wanted(int): the name was double-clicked.
        place_wanted(int, int): an image was clicked.
    """

    touched = Signal(int)
    pressed = Signal(int)
    moved = Signal(int, float)
    released = Signal(int)
    edit_wanted = Signal(int)
    reset_wanted = Signal(int)
    lock_wanted = Signal(int)
    name_wanted = Signal(int)
    place_wanted = Signal(int, int)

    def __init__(self, kind: str, sizes: RowSizes, icons: RowIcons, parent: QWidget) -> None:
        super().__init__(parent)
        self._kind = kind  # begins the widgets' object names
        self.dim = -1  # before the first `bind`
        self._bound = 1.0
        self._shown: tuple[float, float, bool] | None = None
        self._current = self._active = False
        self.label = QLabel()
        self._full = ""  # the name
        self._note = QLabel()
        self._images = ImageStrip()
        self._slider = ValueSlider()
        self.value, self._reset, self._lock = (self._button() for _ in range(3))
        self._lock.setCheckable(True)
        self.set_sizes(sizes)
        self.set_icons(icons)
        line, below = QHBoxLayout(), QHBoxLayout()
        for row in (line, below):
            row.setSpacing(_SPACING)
        line.addWidget(self.label)
        line.addWidget(self._slider, 1)
        for button in (self.value, self._reset, self._lock):
            line.addWidget(button)
        below.addWidget(self._note)
        below.addWidget(self._images, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_MARGINS)
        layout.setSpacing(0)
        layout.addLayout(line)
        layout.addLayout(below)
        self._slider.sliderPressed.connect(self._on_pressed)
        self._slider.valueChanged.connect(self._on_moved)
        self._slider.sliderReleased.connect(lambda: self.released.emit(self.dim))
        self.value.clicked.connect(lambda: self.edit_wanted.emit(self.dim))
        self._reset.clicked.connect(lambda: self.reset_wanted.emit(self.dim))
        self._lock.clicked.connect(lambda: self.lock_wanted.emit(self.dim))
        self._images.clicked.connect(lambda place: self.place_wanted.emit(self.dim, place))

    def bind(self, dim: int, label: str, note: str, bound: float) -> None:
        """Stand for slider `dim` from now on."""
        if (dim, label, note) == (self.dim, self._full, self._note.text()):
            return
        if dim != self.dim:
            self._images.set_images(None)
        self.dim, self._bound, self._shown = dim, bound, None
        self._full = label
        self._show_label()
        self._note.setText(note)
        names = {
            self: ("row", label),
            self._slider: ("slider", label),
            self.value: ("value", self.tr("Value of {name}").format(name=label)),
            self._reset: ("reset", self.tr("Reset {name}").format(name=label)),
            self._lock: ("lock", self.tr("Lock {name}").format(name=label)),
            self._images: ("images", self.tr("Images along {name}").format(name=label)),
        }
        for widget, (kind, name) in names.items():
            widget.setObjectName(f"{self._kind}_{kind}_{dim}")
            widget.setAccessibleName(name)
        self.value.setToolTip(
            self.tr("The value of {name}, in units of the prior. Click to type one.").format(
                name=label
            )
        )
        self._reset.setToolTip(self.tr("Set {name} back to 0 (key 0).").format(name=label))

    def show_state(self, value: float, limit: float, locked: bool) -> None:
        """Show a value on a range of ±`limit`, and the lock."""
        if (value, limit, locked) == self._shown:
            return
        if self._shown is None or (limit, locked) != self._shown[1:]:
            self._show_frame(limit, locked)
        self._shown = (value, limit, locked)
        unit = self._bound / _STEPS
        with QSignalBlocker(self._slider):
            self._slider.setValue(round(value / unit))
        self.value.setText(number_text(value, self._bound))

    def show_images(self, images: NDArray[np.uint8], marked: int) -> None:
        """Show what lies along the way, (N, C, H, W) uint8, and frame the nearest to here."""
        self._images.set_images(images)
        self._images.set_marked(marked)

    def mark_image(self, marked: int) -> None:
        """Frame another of the images: the nearest to here."""
        self._images.set_marked(marked)

    def _show_frame(self, limit: float, locked: bool) -> None:
        """Show what seldom changes: the slider's range, and the lock."""
        end = round(limit / self._bound * _STEPS)
        with QSignalBlocker(self._slider):
            self._slider.setRange(-end, end)
        label = self._full
        self._slider.setToolTip(
            self.tr("{name}, from −{limit:g} to {limit:g} in units of the prior.").format(
                name=label, limit=limit
            )
        )
        self._slider.setEnabled(not locked)
        self._reset.setEnabled(not locked)
        self._lock.setChecked(locked)
        self._lock.setIcon(self._icons.locked if locked else self._icons.unlocked)
        if locked:
            text = self.tr("{name} keeps its value. Click to unlock it (key L).")
        else:
            text = self.tr("Keep {name} as it is while others change (key L).")
        self._lock.setToolTip(text.format(name=label))

    def set_current(self, current: bool, active: bool) -> None:
        """Mark the row as the one that the keys move; stronger while they would."""
        if (current, active) != (self._current, self._active):
            self._current, self._active = current, active
            self.update()

    def set_sizes(self, sizes: RowSizes) -> None:
        """Take other columns: the font has changed."""
        self.label.setFixedWidth(sizes.label)
        self._show_label()
        self._note.setFixedWidth(sizes.label)
        self._slider.setFixedHeight(sizes.line)  # no gap between rows for a hand to fall into
        self.value.setFixedSize(sizes.value, sizes.line - 4)
        strips = sizes.height > sizes.line
        self._note.setVisible(strips)
        self._images.setVisible(strips)

    def _show_label(self) -> None:
        """Write the name, or as much of it as there is room for."""
        metrics, side = self.label.fontMetrics(), Qt.TextElideMode.ElideRight
        self.label.setText(metrics.elidedText(self._full, side, self.label.maximumWidth()))
        self.label.setToolTip(self._full if self.label.text() != self._full else "")

    def set_icons(self, icons: RowIcons) -> None:
        """Use other icons: the palette has changed."""
        self._icons = icons
        self._reset.setIcon(icons.reset)
        self._lock.setIcon(icons.locked if self._lock.isChecked() else icons.unlocked)

    def _button(self) -> QToolButton:
        button = QToolButton()
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setFixedSize(_BUTTON, _BUTTON)
        button.pressed.connect(lambda: self.touched.emit(self.dim))
        return button

    def _on_pressed(self) -> None:
        self.touched.emit(self.dim)
        self.pressed.emit(self.dim)

    def _on_moved(self, position: int) -> None:
        self.moved.emit(self.dim, position * self._bound / _STEPS)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Become the current row."""
        self.touched.emit(self.dim)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Ask for another name."""
        if self.label.geometry().contains(event.position().toPoint()):
            self.name_wanted.emit(self.dim)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Mark the current row."""
        if not self._current:
            return
        painter = QPainter(self)
        colour = self.palette().color(QPalette.ColorRole.Highlight)
        painter.fillRect(0, 0, 4 if self._active else 2, self.height(), colour)
        colour.setAlphaF(0.25 if self._active else 0.12)
        painter.fillRect(self.rect(), colour)
