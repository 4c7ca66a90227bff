"""What is being worked on, how far it is, and a button to cancel it."""

from PySide6.QtCore import QEvent, QSize, Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QToolButton, QWidget

from ganstudio.errors import Phrase
from ganstudio.gui.wording import worded
from ganstudio.work import Work

_LOOK_MS = 100
_TEXT_WIDTH = 180  # px, at most: the rest of the status bar is for the run


class WorkBar(QWidget):
    """Shows the work under way that began first, and how many more there are; hidden without any.

    One row however many there are, so that the widgets keep their places and names.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._entries: list[tuple[Work, str]] = []  # with what it is
        self._shown: list[tuple[Work, str]] = []  # with the words for what it does now
        self._label = QLabel()
        self._label.setObjectName("work_text")
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._bar = QProgressBar()
        self._bar.setObjectName("work_progress")
        self._bar.setMaximumWidth(120)
        self._bar.setTextVisible(False)
        self._cancel = QToolButton()
        self._cancel.setObjectName("work_cancel")
        self._cancel.setText(self.tr("Cancel"))
        self._cancel.setToolTip(self.tr("Stop this and leave all as it was"))
        self._cancel.setMinimumHeight(24)
        self._cancel.clicked.connect(self._on_cancel)
        self._more = QLabel()
        self._more.setObjectName("work_more")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 0, 0, 0)
        for widget in (self._label, self._bar, self._cancel, self._more):
            layout.addWidget(widget)
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self._look)
        self.hide()

    def add(self, work: Work, text: str) -> None:
        """Show `work` until it ends; `text` says what it is."""
        self._entries.append((work, text))
        if len(self._entries) == 1:
            self._renew()
        self._timer.start()  # what ends before the next look never shows

    def _look(self) -> None:
        self._entries = [(work, text) for work, text in self._entries if not work.ended]
        if self._described() != self._shown:
            self._renew()
        if self._entries:
            self._show_fraction(self._entries[0][0].fraction)
        else:
            self._timer.stop()
        self.setVisible(bool(self._entries))

    def _described(self) -> list[tuple[Work, str]]:
        """Return the entries; work that says itself what it does now is called so."""
        return [
            (work, worded(work.note) if isinstance(work.note, Phrase) else text)
            for work, text in self._entries
        ]

    def _renew(self) -> None:
        """Say what is under way."""
        self._shown = self._described()
        if not self._shown:
            return
        (work, text), *others = self._shown
        elided = Qt.TextElideMode.ElideMiddle  # a file's name begins and ends tellingly
        metrics = self._label.fontMetrics()
        self._label.setText(metrics.elidedText(text, elided, _TEXT_WIDTH))
        for widget in (self._label, self._bar):
            widget.setAccessibleName(text)
            widget.setToolTip(text)
        self._cancel.setAccessibleName(self.tr("Cancel: {work}").format(work=text))
        self._cancel.setEnabled(not work.cancelled)
        self._cancel.setVisible(work.can_cancel)
        self._more.setText(self.tr("+{count}").format(count=len(others)))
        names = "\n".join(other for _, other in others)
        self._more.setAccessibleName(names)
        self._more.setToolTip(names)
        self._more.setVisible(bool(others))

    def _show_fraction(self, fraction: float | None) -> None:
        if fraction is None:
            self._bar.setRange(0, 0)  # busy
        else:
            self._bar.setRange(0, 100)
            self._bar.setValue(int(100 * fraction))

    def _on_cancel(self) -> None:
        self._shown[0][0].cancel()
        self._cancel.setEnabled(False)

    def minimumSizeHint(self) -> QSize:
        """Be as high without the button as with it, so that the status bar keeps its height."""
        hint = super().minimumSizeHint()
        button = self._cancel.sizeHint().expandedTo(self._cancel.minimumSize())
        return hint.expandedTo(QSize(0, button.height()))

    def changeEvent(self, event: QEvent) -> None:
        """Fit the text into its room when the zoom changes."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._renew()
