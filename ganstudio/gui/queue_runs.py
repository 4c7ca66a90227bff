"""The dialog that asks which runs of a recipe are to be trained in turn, how far, and when."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from ganstudio.config import SETTINGS, Config, recipe_name
from ganstudio.training.status import Phase, Status

_SEEDS, _STEPS = 1, 1000  # proposed
_MOST = 100  # seeds
_LONGEST = 10_000_000  # steps


class QueueRuns(QDialog):
    """Takes three numbers.

    Signals:
        decided(int, int, object): so many seeds, for so many steps each, at once (None), or when
            the run that trains now is at this step.
    """

    decided = Signal(int, int, object)

    def __init__(self, parent: QWidget, config: Config, status: Status) -> None:
        super().__init__(parent)
        self.setObjectName("queue_runs")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Queue runs"))
        recipe = recipe_name(config)
        told = self.tr(
            "The recipe in the fields, {recipe}, is trained with as many seeds, the first of them "
            "{seed}. Each run is kept in the list; ticked there, those of several seeds show as a "
            "band."
        ).format(recipe=recipe, seed=config.seed)
        most = int(min(_MOST, SETTINGS["seed"].high - config.seed + 1))
        self._seeds = self._number("queue_seeds", self.tr("Number of seeds"), most, _SEEDS)
        self._steps = self._number("queue_steps", self.tr("Steps each"), _LONGEST, _STEPS)
        form = QFormLayout()
        form.addRow(self.tr("Number of &seeds"), self._seeds)
        form.addRow(self.tr("S&teps each"), self._steps)
        self._after: QSpinBox | None = None  # the step of the run that trains now
        if status.queue_goes and status.queue:
            told += " " + self.tr("{count} wait already, and have their turn before.").format(
                count=len(status.queue)
            )
        elif status.queue_goes:
            told += " " + self.tr("It is their turn when the run that trains now has made its own.")
        elif status.phase is Phase.TRAINING:
            self._add_when(form, status)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        go = buttons.addButton(self.tr("Queue them"), QDialogButtonBox.ButtonRole.AcceptRole)
        go.setObjectName("queue_go")
        buttons.accepted.connect(self._on_accepted)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(QLabel(told, wordWrap=True))
        layout.addLayout(form)
        layout.addWidget(buttons)
        go.setDefault(True)  # once it is in the dialog, or Cancel takes Enter
        self.setMinimumWidth(380)

    def _add_when(self, form: QFormLayout, status: Status) -> None:
        """Add the choice between now and later, which there is while another run trains."""
        when = QComboBox()
        when.setObjectName("queue_when")
        when.setAccessibleName(self.tr("When"))
        when.setMinimumHeight(26)
        when.addItem(self.tr("At once: the run that trains now is set aside"))
        when.addItem(self.tr("When the run that trains now is at a step"))
        label, next_thousand = self.tr("Step of the run that trains now"), status.step // 1000 + 1
        self._after = self._number("queue_after", label, _LONGEST, 1000 * next_thousand)
        self._after.setEnabled(False)
        when.currentIndexChanged.connect(self._after.setEnabled)
        form.addRow(self.tr("&When"), when)
        form.addRow(self.tr("&At its step"), self._after)

    def _number(self, name: str, label: str, high: int, value: int) -> QSpinBox:
        field = QSpinBox(minimum=1, maximum=high, value=value)
        field.setObjectName(name)
        field.setAccessibleName(label)
        field.setMinimumHeight(26)
        field.setGroupSeparatorShown(True)
        return field

    def _on_accepted(self) -> None:
        after = self._after.value() if self._after and self._after.isEnabled() else None
        self.decided.emit(self._seeds.value(), self._steps.value(), after)
        self.accept()
