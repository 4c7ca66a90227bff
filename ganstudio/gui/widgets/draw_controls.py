"""Random, and what it draws by: a seed and a truncation."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from ganstudio.gui.widgets.field_row import FieldRow
from ganstudio.gui.widgets.number_field import NumberField, Steps, reader

_SEED = Steps(low=0, high=2**31 - 1)
_TRUNCATION = Steps(low=0.0, high=2.0, size=0.1)
_ROOM = 56  # px: the field of the truncation


class DrawControls(QWidget):
    """A button that draws z, the seed that it was drawn by, and how far from the mean it may be.

    Signals:
        random_wanted(): z of another seed.
        seed_wanted(int): z of this seed, as it is typed, or with another truncation.
    """

    random_wanted = Signal()
    seed_wanted = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._button = QPushButton(self.tr("Random"))
        self._button.setObjectName("random_z")
        self._button.setAccessibleName(self.tr("Random z"))
        self._button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._button.setMinimumSize(28, 26)
        self._button.setToolTip(self.tr("Draw a new z from the prior; locked dimensions stay"))
        self._seed = NumberField(reader(_SEED), _SEED)
        self._seed.lineEdit().setPlaceholderText(self.tr("none"))
        self._truncation = NumberField(reader(_TRUNCATION, may_be_empty=False), _TRUNCATION)
        self._truncation.set_value(1.0)
        self._truncation.setFixedWidth(_ROOM)
        self.rows = (
            FieldRow(
                "z_seed",
                self.tr("Seed"),
                self.tr(
                    "The seed that z was drawn by, empty once it was moved. The same seed gives "
                    "the same z everywhere, as in ganstudio sample --num 1 --seed."
                ),
                self._seed,
            ),
            FieldRow(
                "z_truncation",
                self.tr("ψ"),
                self.tr(
                    "Truncation: what Random multiplies z by. Below 1, images are more typical "
                    "and less varied; choices stay."
                ),
                self._truncation,
            ),
        )
        self._truncation.setAccessibleName(self.tr("Truncation"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self._button)
        layout.addWidget(self.rows[0], 1)
        layout.addWidget(self.rows[1])
        self.enable(False)
        self._button.clicked.connect(self.random_wanted)
        self._seed.edited.connect(lambda _seed: self._want_seed())
        self._truncation.edited.connect(lambda _truncation: self._want_seed())

    def enable(self, possible: bool) -> None:
        """Let z be drawn, or not."""
        for widget in (self._button, *self.rows):
            widget.setEnabled(possible)

    def show_draw(self, drawn_by: tuple[int, float] | None) -> None:
        """Show the seed and the truncation that z was drawn by, or that it is no draw."""
        if self._seed.hasFocus() and self._seed.error is not None:  # it is being corrected
            return
        if drawn_by is None:
            self._seed.set_value(None)
        else:
            self._seed.set_value(drawn_by[0])
            self._truncation.set_value(drawn_by[1])

    def psi(self) -> float:
        """Return the truncation: what a draw is to be multiplied by."""
        psi = self._truncation.value()
        assert psi is not None  # the field may not be empty
        return float(psi)

    def _want_seed(self) -> None:
        if (seed := self._seed.value()) is not None:
            self.seed_wanted.emit(int(seed))
