"""A field for a number that is typed as text, and checked where it is typed."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractSpinBox, QWidget

from ganstudio.errors import ConfigError, Phrase
from ganstudio.gui.widgets.wheel import ignore_wheel_unless_focused

Number = int | float

_AMBIGUOUS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")  # 1,500 is 1500 to some and 1.5 to others

_STAYS = {Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason}


@dataclass(frozen=True, kw_only=True, slots=True)
class Steps:
    """How the arrows change a number.

    Attributes
    ----------
    low, high : float
        The range, both ends included.
    size : float
        What one step adds.
    doubles : bool
        Whether a step doubles or halves instead; it adds `size` to 0.
    """

    low: float
    high: float
    size: float = 1
    doubles: bool = False

    def after(self, value: Number | None, steps: int) -> Number:
        """Return the number `steps` steps from `value`; doubling goes one step at most."""
        if value is not None and value and self.doubles:
            moved = value * (2 if steps > 0 else 0.5)
        else:
            moved = (value or 0) + steps * self.size
        kept = min(max(float(f"{moved:.6g}"), self.low), self.high)
        whole = isinstance(value, int) or (value is None and isinstance(self.size, int))
        return int(kept) if whole else float(kept)


def reader(steps: Steps, *, may_be_empty: bool = True) -> Callable[[str], Number | None]:
    """Return what reads a number in the range of `steps`, a whole one if their size is.

    It returns None for an empty text, and raises `ConfigError` for a wrong one.
    """

    def read(text: str) -> Number | None:
        whole = isinstance(steps.size, int)
        if may_be_empty and not text.strip():
            return None
        try:
            value = int(text) if whole else float(text)
        except ValueError:
            expected = Phrase("whole-number" if whole else "number")
            raise ConfigError("not-a-number", field="", value=text, expected=expected) from None
        if not steps.low <= value <= steps.high:
            low, high = f"{steps.low:g}", f"{steps.high:.10g}"
            raise ConfigError("out-of-range", field="", value=text, low=low, high=high)
        return value

    return read


class NumberField(QAbstractSpinBox):
    """Takes a number on Enter, on leaving and by steps; a wrong text stays until corrected.

    Escape returns to the last right value.

    Signals:
        edited: the value, after Enter or a step, and after leaving with another value.
        refused: the `ConfigError` of a wrong text, None once it is right again.

    Attributes
    ----------
    error : ConfigError or None
        Why the text was refused.

    Parameters
    ----------
    read : callable
        Returns the number in a text, or raises `ConfigError`.
    steps : Steps
        What the arrows do.
    zero : str
        What 0 is called, which then is an empty field with this word in grey.
    """

    edited = Signal(object)
    refused = Signal(object)

    def __init__(
        self,
        read: Callable[[str], Number | None],
        steps: Steps,
        parent: QWidget | None = None,
        *,
        zero: str = "",
    ) -> None:
        super().__init__(parent)
        self._zero = zero
        self.lineEdit().setPlaceholderText(zero)
        self.error: ConfigError | None = None
        self._read = read
        self._steps = steps
        self._value: Number | None = None
        self.setMinimumSize(60, 24)
        ignore_wheel_unless_focused(self)
        self.lineEdit().textEdited.connect(self._on_text_edited)

    def value(self) -> Number | None:
        """Return the last right value; None is the empty field."""
        return self._value

    def set_value(self, value: Number | None) -> None:
        """Show `value` in place of whatever is typed, without a signal but ``refused(None)``."""
        self._value = value
        self.lineEdit().setText(self._typed(value))
        self._set_error(None)

    def wording(self, value: Number | None) -> str:
        """Return how `value` is told."""
        return self._zero if self._zero and value == 0 else self._typed(value)

    def _typed(self, value: Number | None) -> str:
        """Return how the field writes `value`."""
        return "" if value is None or (self._zero and value == 0) else f"{value:.10g}"

    def commit(self) -> None:
        """Take what is typed, as leaving does."""
        self._take(always=False)

    def _take(self, *, always: bool) -> None:
        before = value = self._value
        if self.text() != self._typed(before):  # what it writes is rounded: it changes nothing
            try:
                value = self._number_in(self.text())
            except ConfigError as error:
                self._set_error(error)
                return
        self.set_value(value)
        if always or value != before:
            self.edited.emit(value)

    def _number_in(self, text: str) -> Number | None:
        """Return the number in `text`, with a decimal point, or comma where it can be no other."""
        if self._zero and text.strip().lower() in ("", self._zero):
            return self._read("0")
        unclear = _AMBIGUOUS.fullmatch(text.strip()) is not None
        has_comma = text.count(",") == 1 and "." not in text and not unclear
        try:
            return self._read(text.replace(",", ".") if has_comma else text)
        except ConfigError as error:
            if unclear:
                raise ConfigError("unclear-comma", **{**error.fields, "value": text}) from None
            if has_comma and error.code == "not-a-number":  # show it as it was typed
                raise ConfigError(error.code, **{**error.fields, "value": text}) from None
            raise

    def _set_error(self, error: ConfigError | None) -> None:
        if error is not None or self.error is not None:
            self.error = error
            self.refused.emit(error)

    def _on_text_edited(self, text: str) -> None:
        """Lift or renew a complaint while its text is being corrected; a first one waits."""
        if self.error is not None:
            try:
                self._number_in(text)
            except ConfigError as error:
                self._set_error(error)
            else:
                self._set_error(None)

    def stepBy(self, steps: int) -> None:
        """Change the number by steps of the arrows, keys or wheel."""
        try:
            base = self._number_in(self.text())
        except ConfigError:
            base = self._value
        self.set_value(self._steps.after(base, steps))
        self.selectAll()
        self.edited.emit(self._value)

    def stepEnabled(self) -> QAbstractSpinBox.StepEnabledFlag:
        """Return which arrows lead somewhere."""
        value = self._value
        flags = QAbstractSpinBox.StepEnabledFlag.StepNone
        if value is None or value < self._steps.high:
            flags |= QAbstractSpinBox.StepEnabledFlag.StepUpEnabled
        if value is not None and value > self._steps.low:
            flags |= QAbstractSpinBox.StepEnabledFlag.StepDownEnabled
        return flags

    def event(self, event: QEvent) -> bool:
        """Leave Undo and Redo to the window where there is no typing to undo."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            edit, keys = self.lineEdit(), QKeySequence.StandardKey
            undo = event.matches(keys.Undo) and not edit.isUndoAvailable()
            redo = event.matches(keys.Redo) and not edit.isRedoAvailable()
            if undo or redo:
                event.ignore()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take the text on Enter, restore it on Escape."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._take(always=True)
            self.selectAll()
        elif event.key() == Qt.Key.Key_Escape and self.text() != self._typed(self._value):
            self.set_value(self._value)
            self.selectAll()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Take the text, unless the person only looks elsewhere for a moment."""
        super().focusOutEvent(event)
        if event.reason() not in _STAYS:
            self.commit()
