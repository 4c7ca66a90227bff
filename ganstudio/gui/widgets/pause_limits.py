"""Where training pauses by itself."""

from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QGroupBox, QLabel, QVBoxLayout, QWidget

from ganstudio.gui.widgets.field_row import FieldRow
from ganstudio.gui.widgets.number_field import NumberField, Steps, reader


class PauseLimits(QGroupBox):
    """Two optional limits, of the run's steps and of its minutes of training.

    Signals:
        changed: (steps or None, minutes or None).

    Attributes
    ----------
    progress : (int, float)
        Steps and minutes of the run.
    rows : tuple of FieldRow
        The two rows.
    """

    changed = Signal(object, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTitle(self.tr("Pause"))
        self.progress = (0, 0.0)
        self._steps = self._field(Steps(low=1, high=1e9, size=1000))
        self._minutes = self._field(Steps(low=0.1, high=1e5, size=5.0))
        self.rows = (
            FieldRow(
                "pause_at_step",
                self.tr("At step"),
                self.tr("Training pauses at this step of the run; empty is never."),
                self._steps,
            ),
            FieldRow(
                "pause_after_minutes",
                self.tr("At minute"),
                self.tr(
                    "Training pauses when the run has trained for so many minutes in total; "
                    "empty is never."
                ),
                self._minutes,
            ),
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 4, 6, 6)
        layout.setSpacing(4)
        self._notes = tuple(self._note(row) for row in self.rows)
        for row, note in zip(self.rows, self._notes, strict=True):
            layout.addWidget(row)
            layout.addWidget(note)
            row.field.refused.connect(lambda _error: self._renew())  # after the row has heard
        self._tint()

    def set_progress(self, steps: int, seconds: float) -> None:
        """Say of a limit that the run is there already or beyond it."""
        self.progress = (steps, seconds / 60)
        self._renew()

    def _field(self, steps: Steps) -> NumberField:
        field = NumberField(reader(steps), steps)
        field.lineEdit().setPlaceholderText(self.tr("never"))
        field.edited.connect(self._on_edited)
        return field

    def _note(self, row: FieldRow) -> QLabel:
        note = QLabel(self.tr("Already past: it has no effect."))
        note.setObjectName(f"{row.field.objectName()}_past")
        note.setWordWrap(True)
        note.hide()
        return note

    def _renew(self) -> None:
        """Show which limits are past."""
        fields = (self._steps, self._minutes)
        for field, note, done in zip(fields, self._notes, self.progress, strict=True):
            limit = field.value()
            past = field.error is None and limit is not None and limit <= done
            if past != note.isVisibleTo(self):
                note.setVisible(past)
                if field.error is None:
                    field.setAccessibleDescription(note.text() if past else "")

    def _on_edited(self) -> None:
        self._renew()
        self.changed.emit(self._steps.value(), self._minutes.value())

    def _tint(self) -> None:
        """Make "never" paler than a number, yet readable: Qt's own is half transparent."""
        colour = self.palette().color(QPalette.ColorRole.Text)
        colour.setAlphaF(0.75)
        palette = QPalette()
        palette.setColor(QPalette.ColorRole.PlaceholderText, colour)
        for field in (self._steps, self._minutes):
            field.lineEdit().setPalette(palette)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._tint()
