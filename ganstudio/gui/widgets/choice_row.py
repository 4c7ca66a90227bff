"""A choice in z: a row of buttons, of which one is on, as one tab stop."""

import math

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QIcon,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
)
from PySide6.QtWidgets import QButtonGroup, QLabel, QSizePolicy, QToolButton, QWidget

from ganstudio.gui.icons import icon
from ganstudio.gui.latent_layout import Choice
from ganstudio.gui.widgets.toggle import ToggleButton

_BUTTON = 24  # px, at least
_PADDING = 12  # px around a button's number
_MARGIN, _SPACING = 6, 4
_LEAST = 5  # buttons side by side, at least


class ChoiceRow(QWidget):
    """Buttons for the options of a choice, in as many lines as they need, and a lock.

    Left and Right choose the option beside, Home and End the first and the last, a digit the one
    of that number; L locks. It shows what it is told and changes nothing itself.

    Signals:
        chosen(int): the number of an option.
        lock_wanted(): the button or the key.
    """

    chosen = Signal(int)
    lock_wanted = Signal()

    def __init__(self, choice: Choice) -> None:
        super().__init__()
        self._choice = choice
        self._option = 0
        self._locked = False
        self._icons = self._drawn_icons()
        self.setObjectName(f"choice_{choice.key}")
        self.setAccessibleName(choice.name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._label = QLabel(choice.name, self)
        self._label.setToolTip(self._meaning())
        self._group = QButtonGroup(self)  # one is always on
        self._buttons = [self._button(i) for i in range(len(choice.options))]
        self._group.idClicked.connect(self.chosen)
        self._lock = QToolButton(self)
        self._lock.setObjectName(f"choice_{choice.key}_lock")
        self._lock.setAccessibleName(self.tr("Lock {name}").format(name=choice.name))
        self._lock.setAutoRaise(True)
        self._lock.setCheckable(True)
        self._lock.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._lock.clicked.connect(self.lock_wanted)
        self._show_lock()

    def set_state(self, option: int, locked: bool) -> None:
        """Show which option is chosen, and whether it is locked."""
        if (option, locked) == (self._option, self._locked) and self._group.checkedId() >= 0:
            return  # as for most changes of z
        self._option, self._locked = option, locked
        self._buttons[option].setChecked(True)
        for number, button in enumerate(self._buttons):
            button.setEnabled(not locked or number == option)
        self._show_lock()
        name = self._choice.options[option]
        self.setAccessibleDescription(
            self.tr("{name}, locked").format(name=name) if locked else name
        )

    def _meaning(self) -> str:
        if self._choice.is_code:
            return self.tr(
                "A choice that D has to find in the image; training settles what each comes to "
                "mean. Left and Right choose, as digits do; L locks it."
            )
        return self.tr("What G is to draw. Left and Right choose, as digits do; L locks it.")

    def _button(self, number: int) -> ToggleButton:
        name = self._choice.options[number]
        button = ToggleButton(str(number), self)
        button.setObjectName(f"choice_{self._choice.key}_{number}")
        button.setAccessibleName(name)
        button.setToolTip(self.tr("{name}, with the rest of z as it is").format(name=name))
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # a click gives it to the row
        self._group.addButton(button, number)
        return button

    def _drawn_icons(self) -> tuple[QIcon, QIcon]:
        return icon("unlock", self.palette()), icon("lock", self.palette())

    def _show_lock(self) -> None:
        self._lock.setChecked(self._locked)
        self._lock.setIcon(self._icons[self._locked])
        if self._locked:
            text = self.tr("{name} keeps its value. Click to unlock it (key L).")
        else:
            text = self.tr("Keep {name} as it is while others change (key L).")
        self._lock.setToolTip(text.format(name=self._choice.name))

    # sizes

    def _label_width(self) -> int:
        return _MARGIN + self.fontMetrics().horizontalAdvance(self._choice.name) + _SPACING

    def _least_button(self) -> QSize:
        metrics = self.fontMetrics()
        number = metrics.horizontalAdvance(str(len(self._buttons) - 1))
        return QSize(max(_BUTTON, number + _PADDING), max(_BUTTON, metrics.height() + 4) + 2)

    def _arrange(self) -> None:
        """Put the buttons into lines of about the same length, as few as there is room for."""
        least, left = self._least_button(), self._label_width()
        room = max(self.width() - left - _SPACING - _BUTTON, least.width())
        lines = math.ceil(len(self._buttons) / (room // least.width()))
        in_line = math.ceil(len(self._buttons) / lines)
        width = min(room // in_line, 2 * least.width())
        for number, button in enumerate(self._buttons):
            line, place = divmod(number, in_line)
            x, y = left + place * width, line * least.height()
            button.setGeometry(x, y, width, least.height())
        self._label.setGeometry(_MARGIN, 0, left - _MARGIN, least.height())
        self._lock.setGeometry(self.width() - _BUTTON, 0, _BUTTON, least.height())
        self.setFixedHeight(lines * least.height())

    def minimumSizeHint(self) -> QSize:
        """Return room for a few buttons side by side."""
        least = self._least_button()
        buttons = min(len(self._buttons), _LEAST) * least.width()
        return QSize(self._label_width() + buttons + _SPACING + _BUTTON, least.height())

    def sizeHint(self) -> QSize:
        """Prefer all buttons in one line."""
        least = self._least_button()
        width = self._label_width() + len(self._buttons) * least.width() + _SPACING + _BUTTON
        return QSize(width, self.height())

    # Qt

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose an option, or lock; Space stays the window's."""
        key, last = event.key(), len(self._buttons) - 1
        options = {
            Qt.Key.Key_Left: max(self._option - 1, 0),
            Qt.Key.Key_Right: min(self._option + 1, last),
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        for digit in range(min(last, 9) + 1):
            options[Qt.Key(Qt.Key.Key_0 + digit)] = digit
        plain = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if plain != Qt.KeyboardModifier.NoModifier:
            event.ignore()
        elif key == Qt.Key.Key_L:
            self.lock_wanted.emit()
        elif key in options:
            self.chosen.emit(options[Qt.Key(key)])
        else:
            event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show that keys come here."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show that keys go elsewhere."""
        super().focusOutEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Mark the row that keys come to, as the sliders' rows are."""
        if not self.hasFocus():
            return
        painter = QPainter(self)
        colour = self.palette().color(QPalette.ColorRole.Highlight)
        painter.fillRect(0, 0, 4, self.height(), colour)
        colour.setAlphaF(0.25)
        painter.fillRect(self.rect(), colour)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Break the lines anew."""
        super().resizeEvent(event)
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme and the zoom."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._arrange()
            self.updateGeometry()
        if event.type() == QEvent.Type.PaletteChange:
            self._icons = self._drawn_icons()
            self._show_lock()
