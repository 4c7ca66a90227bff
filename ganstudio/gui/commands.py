"""What can be undone, on one named stack: moves of z, live settings, changes of run."""

import time
from collections.abc import Callable
from typing import Any

from PySide6.QtGui import QUndoCommand

MERGE_SECONDS = 1.0


class Change(QUndoCommand):
    """A change from one value to another that has already been made when it is pushed.

    Parameters
    ----------
    text : str
        What was done, as the menu says it.
    apply : callable
        Takes a value and makes it the current one.
    before, after : object
        The two values.
    merges : bool
        Whether it merges with a change of the same text within a second, as keys do that move
        one slider.
    """

    def __init__(
        self,
        text: str,
        apply: Callable[[Any], None],
        before: Any,
        after: Any,
        *,
        merges: bool = False,
    ) -> None:
        super().__init__(text)
        self._merges = merges
        self._apply = apply
        self._before = before
        self._after = after
        self._made = True  # pushing calls redo once
        self._time = time.monotonic()

    def undo(self) -> None:
        """Return to the value before."""
        self._apply(self._before)

    def redo(self) -> None:
        """Make the change, unless it has just been made."""
        if not self._made:
            self._apply(self._after)
        self._made = False

    def id(self) -> int:
        """Tell Qt whether to offer later commands for merging."""
        return 1 if self._merges else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        """Take in a later change of the same text within a second."""
        if not isinstance(other, Change) or other.text() != self.text():
            return False
        if other._time - self._time > MERGE_SECONDS:
            return False
        self._after, self._time = other._after, other._time
        return True
