"""The bar of a comparison: what B differs in, and what becomes of the two."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget


class WhatIfBar(QFrame):
    """Says what is compared, and asks which to keep; hidden while nothing is.

    Signals:
        decided(str): "A", "B" or "both".
    """

    decided = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("what_if_bar")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._label = QLabel()
        self._label.setObjectName("what_if_text")
        self._label.setWordWrap(True)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 4, 4, 4)
        layout.addWidget(self._label, 1)
        tips = {
            "A": (self.tr("Keep A"), self.tr("Go on with A alone; B goes to the trash")),
            "B": (
                self.tr("Keep B"),
                self.tr("Go on with B alone; A is kept as an earlier run, and Undo brings it back"),
            ),
            "both": (
                self.tr("Keep both"),
                self.tr("Go on with A; B is kept as an earlier run"),
            ),
        }
        for which, (text, tip) in tips.items():
            button = QPushButton(text)
            button.setObjectName(f"keep_{which.lower()}")
            button.setToolTip(tip)
            button.setMinimumHeight(26)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(lambda _=False, of=which: self.decided.emit(of))
            layout.addWidget(button)
        self.hide()

    def set_text(self, text: str) -> None:
        """Say what is compared; "" hides the bar."""
        self._label.setText(text)
        self.setAccessibleName(text)
        self.setVisible(bool(text))
