"""What is being worked on, how far it is, and a button to cancel it."""

from dataclasses import dataclass

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QToolButton, QWidget

from ganstudio.work import Work

_LOOK_MS = 100
_TEXT_WIDTH = 180  # px, at most: the rest of the status bar is for the run


@dataclass(eq=False, slots=True)
class _Entry:
    """A work, what it is, and what a person can do and has done to it."""

    work: Work
    text: str
    can_cancel: bool
    cancelled: bool = False


class WorkBar(QWidget):
    """Shows the work under way that began first, and how many more there are; hidden without any.

    One row however many there are, so that the widgets keep their places and names.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._entries: list[_Entry] = []
        self._shown: list[_Entry] = []
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

    def add(self, work: Work, text: str, *, can_cancel: bool = True) -> None:
        """Show `work` until it ends; `text` says what it is."""
        self._entries.append(_Entry(work, text, can_cancel and work.can_cancel))
        if len(self._entries) == 1:
            self._renew()
        self._timer.start()  # what ends before the next look never shows

    def _look(self) -> None:
        self._entries = [entry for entry in self._entries if not entry.work.ended]
        if self._entries != self._shown:
            self._renew()
        if self._entries:
            self._show_fraction(self._entries[0].work.fraction)
        else:
            self._timer.stop()
        self.setVisible(bool(self._entries))

    def _renew(self) -> None:
        """Say what is under way."""
        self._shown = list(self._entries)
        if not self._shown:
            return
        first, *others = self._shown
        elided = Qt.TextElideMode.ElideMiddle  # a file's name begins and ends tellingly
        metrics = self._label.fontMetrics()
        self._label.setText(metrics.elidedText(first.text, elided, _TEXT_WIDTH))
        for widget in (self._label, self._bar):
            widget.setAccessibleName(first.text)
            widget.setToolTip(first.text)
        self._cancel.setAccessibleName(self.tr("Cancel: {work}").format(work=first.text))
        self._cancel.setEnabled(not first.cancelled)
        self._cancel.setVisible(first.can_cancel)
        self._more.setText(self.tr("+{count}").format(count=len(others)))
        names = "\n".join(entry.text for entry in others)
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
        first = self._shown[0]
        first.cancelled = True
        first.work.cancel()
        self._cancel.setEnabled(False)

    def changeEvent(self, event: QEvent) -> None:
        """Fit the text into its room when the zoom changes."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._renew()
