"""The banner: what went wrong, where, one button, and “Copy details”. It blocks nothing."""

import traceback
from collections.abc import Callable

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from ganstudio.errors import StudioError
from ganstudio.gui.icons import icon
from ganstudio.gui.wording import worded


class Banner(QFrame):
    """A line above the samples, hidden while there is nothing to say.

    Attributes
    ----------
    error : StudioError or None
        What it shows, None while hidden.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self.error: StudioError | None = None
        self._act: Callable[[], object] | None = None
        self._sign = QLabel()
        self._text = QLabel()
        self._text.setObjectName("banner_text")
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)  # it names files of any name
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._action = QPushButton()
        self._action.setObjectName("banner_action")
        self._action.setAccessibleName(self.tr("Remedy"))
        self._action.clicked.connect(self._on_action)
        self._copy = QPushButton(self.tr("Copy details"))
        self._copy.setObjectName("banner_copy")
        self._copy.clicked.connect(self._on_copy)
        self._close = QToolButton()
        self._close.setObjectName("banner_close")
        self._close.setAutoRaise(True)
        self._close.setMinimumSize(24, 24)
        self._close.setToolTip(self.tr("Dismiss this message"))
        self._close.setAccessibleName(self.tr("Dismiss"))
        self._close.clicked.connect(self.dismiss)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 4, 4, 4)
        layout.addWidget(self._sign)
        layout.addWidget(self._text, 1)
        for button in (self._action, self._copy, self._close):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            layout.addWidget(button)
        self._renew_icons()
        self.hide()

    def show_error(
        self, error: StudioError, label: str = "", act: Callable[[], object] | None = None
    ) -> None:
        """Show `error`; a button called `label` does `act`."""
        self.error = error
        self._act = act
        self._text.setText(worded(error))
        self.setAccessibleName(worded(error))
        self._action.setText(label)
        self._action.setAccessibleName(label)
        self._action.setVisible(act is not None)
        self.show()

    def dismiss(self) -> None:
        """Hide."""
        self.error = None
        self.hide()

    def details(self) -> str:
        """Return the error with its code, fields and cause, for a report."""
        if self.error is None:
            return ""
        lines = [str(self.error), f"code: {self.error.code}"]
        lines += [f"{name}: {value}" for name, value in self.error.fields.items()]
        if (cause := self.error.__cause__) is not None:
            lines += ["", *traceback.format_exception(cause)]
        return "\n".join(lines)

    def _on_action(self) -> None:
        act = self._act
        self.dismiss()
        if act is not None:
            act()

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self.details())

    def _renew_icons(self) -> None:
        self._sign.setPixmap(icon("warning", self.palette()).pixmap(20, 20))
        self._close.setIcon(icon("close", self.palette()))

    def changeEvent(self, event: QEvent) -> None:
        """Draw the icons anew when the theme changes."""
        if event.type() == QEvent.Type.PaletteChange:
            self._renew_icons()
        super().changeEvent(event)
