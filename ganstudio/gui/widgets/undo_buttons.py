"""Undo and Redo, next to what they undo."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from ganstudio.gui.icons import icon


class UndoButtons(QWidget):
    """Two buttons whose tooltips say what they would undo, and do again.

    Signals:
        undo_requested(), redo_requested(): one was clicked.
    """

    undo_requested = Signal()
    redo_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._undo, self._redo = QToolButton(), QToolButton()
        self._undo.setObjectName("latent_undo")
        self._redo.setObjectName("latent_redo")
        self._undo.setAccessibleName(self.tr("Undo"))
        self._redo.setAccessibleName(self.tr("Redo"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 2)
        layout.setSpacing(4)
        for button in (self._undo, self._redo):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setMinimumSize(28, 26)
            layout.addWidget(button)
        self._set_icons()
        self.set_can_undo(False, "")
        self.set_can_redo(False, "")
        self._undo.clicked.connect(self.undo_requested)
        self._redo.clicked.connect(self.redo_requested)

    def set_can_undo(self, possible: bool, text: str) -> None:
        """Enable Undo; `text` is what it would undo."""
        self._undo.setEnabled(possible)
        tip = self.tr("Undo {what}").format(what=text) if possible else self.tr("Nothing to undo")
        self._undo.setToolTip(tip)

    def set_can_redo(self, possible: bool, text: str) -> None:
        """Enable Redo; `text` is what it would do again."""
        self._redo.setEnabled(possible)
        tip = self.tr("Redo {what}").format(what=text) if possible else self.tr("Nothing to redo")
        self._redo.setToolTip(tip)

    def _set_icons(self) -> None:
        self._undo.setIcon(icon("undo", self.palette()))
        self._redo.setIcon(icon("redo", self.palette()))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._set_icons()
