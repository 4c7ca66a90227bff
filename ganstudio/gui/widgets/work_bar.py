"""What is being worked on, how far it is, and a button to cancel it."""

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QToolButton, QWidget

from ganstudio.work import Work

_LOOK_MS = 100


class WorkBar(QWidget):
    """Shows every work under way beside each other; what has ended disappears by itself."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: list[_Row] = []
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self._look)
        self.hide()

    def add(self, work: Work, text: str, *, can_cancel: bool = True) -> None:
        """Show `work` until it ends; `text` says what it is."""
        row = _Row(work, text, can_cancel)
        row.hide()  # what ends before the first look never shows
        self._rows.append(row)
        self._layout.addWidget(row)
        self._timer.start()
        self.show()

    def _look(self) -> None:
        for row in list(self._rows):
            if row.work.ended:
                self._rows.remove(row)
                row.hide()
                row.deleteLater()
            else:
                row.show_fraction()
                row.show()
        if not self._rows:
            self._timer.stop()
            self.hide()


class _Row(QWidget):
    """One work."""

    def __init__(self, work: Work, text: str, can_cancel: bool) -> None:
        super().__init__()
        self.work = work
        self._bar = QProgressBar()
        self._bar.setObjectName("work_progress")
        self._bar.setAccessibleName(text)
        self._bar.setRange(0, 0)
        self._bar.setMaximumWidth(120)
        self._bar.setTextVisible(False)
        self._cancel = QToolButton()
        self._cancel.setObjectName("work_cancel")
        self._cancel.setText(self.tr("Cancel"))
        self._cancel.setAccessibleName(self.tr("Cancel: {work}").format(work=text))
        self._cancel.setToolTip(self.tr("Stop this and leave all as it was"))
        self._cancel.setMinimumHeight(24)
        self._cancel.setVisible(can_cancel)
        self._cancel.clicked.connect(self._on_cancel)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 0, 0, 0)
        for widget in (QLabel(text), self._bar, self._cancel):
            layout.addWidget(widget)

    def show_fraction(self) -> None:
        """Show how far it is."""
        if self.work.fraction is not None:
            self._bar.setRange(0, 100)
            self._bar.setValue(int(100 * self.work.fraction))

    def _on_cancel(self) -> None:
        self._cancel.setEnabled(False)
        self.work.cancel()
