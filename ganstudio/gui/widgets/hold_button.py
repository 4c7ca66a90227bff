"""The button that holds a step's generator under the sliders, or follows training again."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from ganstudio.gui.widgets.steady import Steady

_ROOM = 16  # px around the text


class HoldButton(Steady):
    """Says what a click does as fully as there is room for, and never asks for more.

    Signals:
        toggled(bool): hold this step's generator, or follow training.
    """

    toggled = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        self._button = QPushButton()
        self._button.setObjectName("hold")
        self._button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._button.setMinimumSize(28, 26)
        self._button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._button.setEnabled(False)
        super().__init__(self._button, self._least_room)
        self._button.setAccessibleName(self.tr("Hold this step"))
        self._step: int | None = None  # that it would hold, or holds
        self._holding = False
        self._show()
        self.resized.connect(self._show)
        self._button.clicked.connect(lambda: self.toggled.emit(not self._holding))

    def set_step(self, step: int) -> None:
        """Offer to hold `step`: it drew the image."""
        if step != self._step:
            self._step = step
            self._button.setEnabled(True)
            self._show()

    def set_holding(self, holding: bool) -> None:
        """Show whether a step is held."""
        self._holding = holding
        self._show()

    def _least_room(self, metrics: QFontMetrics) -> int:
        """Return the room for the shortest of the texts."""
        texts = (self.tr("Hold"), self.tr("Follow"))
        return max(map(metrics.horizontalAdvance, texts)) + _ROOM

    def _show(self) -> None:
        if self._holding:
            texts = [self.tr("Follow training"), self.tr("Follow")]
            tip = self.tr("Explore the newest generator again")
        elif self._step is None:
            texts = [self.tr("Hold")]
            tip = self.tr("Once there is an image: keep exploring the generator that drew it")
        else:
            full = self.tr("Hold at step {step:,}").format(step=self._step)
            texts = [full, self.tr("Hold this step"), self.tr("Hold")]
            tip = self.tr("Keep exploring the generator of this step while training goes on")
        metrics, room = self._button.fontMetrics(), self.width() - _ROOM
        fitting = (text for text in texts if metrics.horizontalAdvance(text) <= room)
        self._button.setText(next(fitting, texts[-1]))
        self._button.setToolTip(tip)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the zoom."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._show()
