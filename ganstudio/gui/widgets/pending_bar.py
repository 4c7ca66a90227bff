"""The bar that collects changes which need a new run."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget


class PendingBar(QFrame):
    """Says how many changes wait for a new run; hidden while none does.

    Signals:
        start_over_clicked: begin the new run.
        discard_clicked: forget the changes.
    """

    start_over_clicked = Signal()
    discard_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("pending_bar")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._label = QLabel()
        self._label.setObjectName("pending_label")
        self._label.setWordWrap(True)
        start_over = self._button(
            "start_over_pending",
            self.tr("Start over"),
            self.tr("Begin a new run with these settings; undo brings this one back."),
        )
        start_over.clicked.connect(lambda: self.start_over_clicked.emit())
        discard = self._button(
            "discard_pending",
            self.tr("Discard"),
            self.tr("Return every field to the value of the current run."),
        )
        discard.clicked.connect(lambda: self.discard_clicked.emit())

        buttons = QHBoxLayout()
        buttons.addWidget(start_over)
        buttons.addWidget(discard)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(6)
        layout.addWidget(self._label)
        layout.addLayout(buttons)
        self.set_count(0)

    def set_count(self, count: int) -> None:
        """Show that `count` changes wait."""
        one = self.tr("1 change waits for a new run")
        many = self.tr("{count} changes wait for a new run").format(count=count)
        self._label.setText(one if count == 1 else many)
        self.setVisible(count > 0)

    def _button(self, name: str, text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(name)
        button.setAccessibleName(text)
        button.setToolTip(tip)
        button.setMinimumHeight(26)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button
