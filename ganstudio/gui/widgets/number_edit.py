"""Numbers as the latent panel writes them, and a field to type one."""

import math

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from ganstudio.gui.wording import translate

_STAYS = {Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason}


def number_text(value: float, bound: float) -> str:
    """Return `value` as people read it, finer where the usual range ±`bound` is narrow."""
    decimals = 2 if bound > 1 else 3
    text = f"{value:.{decimals}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def parse_number(text: str, limit: float) -> float:
    """Return the number in `text`, with a point or a comma.

    Raises
    ------
    ValueError
        With the reason in the user's language: not a number, or beyond ±`limit`.
    """
    try:
        value = float(text.strip().replace("−", "-").replace(",", "."))
    except ValueError:
        value = math.nan
    if math.isnan(value):
        raise ValueError(translate("NumberEdit", "Not a number"))
    if abs(value) > limit:
        beyond = translate("NumberEdit", "Beyond ±{limit}")
        raise ValueError(beyond.format(limit=f"{limit:g}"))
    return value


class NumberEdit(QLineEdit):
    """Takes a number up to ±limit; Enter or leaving accepts it, Escape does not.

    Signals:
        entered(float): the number.
        refused(str): why the text was not taken; empty once it is edited again.
        cancelled(): Escape, nothing typed, or left with a text that is no number.
    """

    entered = Signal(float)
    refused = Signal(str)
    cancelled = Signal()

    def __init__(self, limit: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._limit = limit
        self.textEdited.connect(lambda: self.refused.emit(""))

    def _accept(self) -> None:
        """Take the number; a text nobody has edited is a rounded one, and stands for no change."""
        if self.isModified():
            self.entered.emit(parse_number(self.text(), self._limit))
        else:
            self.cancelled.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Accept with Enter, cancel with Escape."""
        if event.key() == Qt.Key.Key_Escape:
            self.cancelled.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            try:
                self._accept()
            except ValueError as error:
                self.selectAll()
                self.refused.emit(str(error))
        else:
            super().keyPressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Select the whole number: a point or a minus is no border between words."""
        self.selectAll()
        event.accept()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Accept what was typed when the person goes on elsewhere."""
        super().focusOutEvent(event)
        if event.reason() in _STAYS:
            return
        try:
            self._accept()
        except ValueError:
            self.cancelled.emit()
