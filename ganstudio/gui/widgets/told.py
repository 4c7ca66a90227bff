"""A sentence that changes often, in a room that does not."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QLabel, QSizePolicy

from ganstudio.gui.widgets.steady import Steady


class Told(Steady):
    """Shows a sentence on so many lines at most; the whole of a longer one is its tooltip."""

    def __init__(self, object_name: str, lines: int) -> None:
        self._label, self._lines = QLabel(), lines
        self._label.setObjectName(object_name)
        self._label.setWordWrap(True)
        self._label.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        super().__init__(self._label)
        self._fit()

    def set_text(self, text: str) -> None:
        """Show a sentence, or none."""
        self._label.setText(text)
        self._label.setToolTip(text)

    def _fit(self) -> None:
        self.setFixedHeight(self._lines * self.fontMetrics().lineSpacing())

    def changeEvent(self, event: QEvent) -> None:
        """Follow the zoom."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()
