"""The dialog that asks how many seeds of a recipe are to be trained, and how far."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from ganstudio.config import SETTINGS, Config, preset_of

_SEEDS, _STEPS = 3, 1000  # proposed
_MOST = 100  # seeds


class TrainSeeds(QDialog):
    """Takes two numbers.

    Signals:
        decided(int, int): so many seeds, for so many steps each.
    """

    decided = Signal(int, int)

    def __init__(self, parent: QWidget, config: Config) -> None:
        super().__init__(parent)
        self.setObjectName("train_seeds")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Train several seeds"))
        told = QLabel(
            self.tr(
                "The recipe in the fields, {recipe}, is trained from seed {seed} on, one run after "
                "the other. Each is kept like any run; ticked in the list, they show as a band."
            ).format(recipe=preset_of(config.to_dict()) or config.model_name, seed=config.seed),
            wordWrap=True,
        )
        most = int(min(_MOST, SETTINGS["seed"].high - config.seed + 1))
        self._seeds = self._number("seeds_count", self.tr("Seeds"), 1, most, _SEEDS)
        self._steps = self._number("seeds_steps", self.tr("Steps each"), 1, 10_000_000, _STEPS)
        form = QFormLayout()
        form.addRow(self.tr("&Seeds"), self._seeds)
        form.addRow(self.tr("S&teps each"), self._steps)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        go = buttons.addButton(self.tr("Train them"), QDialogButtonBox.ButtonRole.AcceptRole)
        go.setObjectName("seeds_go")
        buttons.accepted.connect(self._on_accepted)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(told)
        layout.addLayout(form)
        layout.addWidget(buttons)
        go.setDefault(True)  # once it is in the dialog, or Cancel takes Enter
        self.setMinimumWidth(360)

    def _number(self, name: str, label: str, low: int, high: int, value: int) -> QSpinBox:
        field = QSpinBox(minimum=low, maximum=high, value=value)
        field.setObjectName(name)
        field.setAccessibleName(label)
        field.setMinimumHeight(26)
        field.setGroupSeparatorShown(True)
        return field

    def _on_accepted(self) -> None:
        self.decided.emit(self._seeds.value(), self._steps.value())
        self.accept()
