"""A part of a form that is folded away until asked for."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget


class Disclosure(QWidget):
    """A button with an arrow, and below it what it shows and hides.

    Attributes
    ----------
    content : QWidget
        What is folded away at first.
    """

    def __init__(self, name: str, title: str, tip: str, content: QWidget) -> None:
        super().__init__()
        self.content = content
        self._button = QToolButton()
        self._button.setObjectName(name)
        self._button.setAccessibleName(title)
        self._button.setToolTip(tip)
        self._button.setCheckable(True)
        self._button.setAutoRaise(True)
        self._button.setMinimumHeight(24)
        self._button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._button.toggled.connect(self._on_toggled)
        self.set_title(title)

        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self._button)
        layout.addWidget(content)
        self._on_toggled(False)

    def set_title(self, title: str) -> None:
        """Write `title` on the button."""
        self._button.setText(title)

    def open(self) -> None:
        """Show the content."""
        self._button.setChecked(True)

    def _on_toggled(self, shown: bool) -> None:
        self._button.setArrowType(Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow)
        self.content.setVisible(shown)
