"""One dimension of z: its name, a slider, its value, and buttons to reset and lock it."""

from dataclasses import dataclass

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
    QWidget,
)

from ganstudio.gui.icons import icon
from ganstudio.gui.widgets.number_edit import number_text

_BUTTON = 24
_GROOVE = 60  # px, at least: the slider
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
    height : int
        Of a row.
    """

    label: int
    value: int
    height: int

    @staticmethod
    def measured(metrics: QFontMetrics, labels: tuple[str, ...]) -> "RowSizes":
        """Make room for all `labels` and for any value that can be typed."""
        label = max(map(metrics.horizontalAdvance, labels), default=0)
        value = metrics.horizontalAdvance("−100.00")
        return RowSizes(label + 6, value + 10, max(_BUTTON, metrics.height()) + 4)

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
    """A row of the list of sliders; it is reused for whichever dimension is in view.

    It shows what it is told. Every signal's first argument is the dimension.

    Signals:
        touched(int): the mouse was pressed on it.
        pressed(int), moved(int, float), released(int): the slider is dragged.
        edit_wanted(int), reset_wanted(int), lock_wanted(int): a button was clicked.
    """

    touched = Signal(int)
    pressed = Signal(int)
    moved = Signal(int, float)
    released = Signal(int)
    edit_wanted = Signal(int)
    reset_wanted = Signal(int)
    lock_wanted = Signal(int)

    def __init__(self, sizes: RowSizes, icons: RowIcons, parent: QWidget) -> None:
        super().__init__(parent)
        self.dim = -1  # before the first `bind`
        self._bound = 1.0
        self._shown: tuple[float, float, bool] | None = None
        self._current = self._active = False
        self._label = QLabel()
        self._slider = ValueSlider()
        self._slider.setMinimumHeight(_BUTTON)
        self.value, self._reset, self._lock = (self._button() for _ in range(3))
        self._lock.setCheckable(True)
        self.set_sizes(sizes)
        self.set_icons(icons)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(_MARGINS)
        layout.setSpacing(_SPACING)
        layout.addWidget(self._label)
        layout.addWidget(self._slider, 1)
        for button in (self.value, self._reset, self._lock):
            layout.addWidget(button)
        self._slider.sliderPressed.connect(self._on_pressed)
        self._slider.valueChanged.connect(self._on_moved)
        self._slider.sliderReleased.connect(lambda: self.released.emit(self.dim))
        self.value.clicked.connect(lambda: self.edit_wanted.emit(self.dim))
        self._reset.clicked.connect(lambda: self.reset_wanted.emit(self.dim))
        self._lock.clicked.connect(lambda: self.lock_wanted.emit(self.dim))

    def bind(self, dim: int, label: str, bound: float) -> None:
        """Stand for dimension `dim` from now on."""
        if dim == self.dim:
            return
        self.dim, self._bound, self._shown = dim, bound, None
        self._label.setText(label)
        names = {
            self: ("row", label),
            self._slider: ("slider", label),
            self.value: ("value", self.tr("Value of {name}").format(name=label)),
            self._reset: ("reset", self.tr("Reset {name}").format(name=label)),
            self._lock: ("lock", self.tr("Lock {name}").format(name=label)),
        }
        for widget, (kind, name) in names.items():
            widget.setObjectName(f"latent_{kind}_{dim}")
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

    def _show_frame(self, limit: float, locked: bool) -> None:
        """Show what seldom changes: the slider's range, and the lock."""
        end = round(limit / self._bound * _STEPS)
        with QSignalBlocker(self._slider):
            self._slider.setRange(-end, end)
        label = self._label.text()
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
        self._label.setFixedWidth(sizes.label)
        self.value.setFixedSize(sizes.value, sizes.height - 4)

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

    def paintEvent(self, event: QPaintEvent) -> None:
        """Mark the current row."""
        if not self._current:
            return
        painter = QPainter(self)
        colour = self.palette().color(QPalette.ColorRole.Highlight)
        painter.fillRect(0, 0, 4 if self._active else 2, self.height(), colour)
        colour.setAlphaF(0.25 if self._active else 0.12)
        painter.fillRect(self.rect(), colour)
