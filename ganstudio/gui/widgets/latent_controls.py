"""The buttons of the latent panel, and how its rows are ordered."""

from enum import Enum

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from ganstudio.gui.icons import icon
from ganstudio.gui.widgets.draw_controls import DrawControls
from ganstudio.gui.widgets.steady import Steady
from ganstudio.gui.widgets.wheel import ignore_wheel_unless_focused

_ROOM = 16  # px around a button's text


class Order(Enum):
    """How the rows are ordered."""

    NUMBER = "number"
    EFFECT = "effect"
    CHANGED = "changed"


class LatentControls(QWidget):
    """Random and what it draws by, Centre, Hold, the order of the rows, Undo and Redo.

    Signals:
        centre_wanted(), undo_requested(), redo_requested(): a button.
        hold_toggled(bool): hold this step's generator, or follow training.
        order_chosen(): another order of the rows.

    Attributes
    ----------
    draw : DrawControls
        Random, the seed and the truncation.
    """

    centre_wanted = Signal()
    undo_requested = Signal()
    redo_requested = Signal()
    hold_toggled = Signal(bool)
    order_chosen = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._step: int | None = None  # that Hold would hold, or holds
        self.draw = DrawControls()
        self._centre = QPushButton(self.tr("Centre"))
        self._centre.setToolTip(
            self.tr(
                "Set z to the mean of the prior, which is not typical of it; what is locked or "
                "chosen stays"
            )
        )
        self._hold = QPushButton()
        self._holding = False
        self._undo, self._redo = QToolButton(), QToolButton()
        self._order = QComboBox()
        self._fill_order()
        self._no_effect = QLabel(
            self.tr("No small step of a slider changes this image: by number.")
        )
        self._no_effect.setObjectName("no_effect")
        self._no_effect.setWordWrap(True)
        self._no_effect.hide()
        buttons: list[tuple[QAbstractButton, str, str]] = [
            (self.draw.button, "random_z", self.tr("Random z")),
            (self._centre, "centre_z", self.tr("Centre z")),
            (self._hold, "hold", self.tr("Hold this step")),
            (self._undo, "latent_undo", self.tr("Undo")),
            (self._redo, "latent_redo", self.tr("Redo")),
        ]
        for button, object_name, name in buttons:
            button.setObjectName(object_name)
            button.setAccessibleName(name)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setMinimumSize(28, 26)
            button.setEnabled(False)
        self._lay_out()
        self._set_icons()
        self._show_hold()
        self.set_can_undo(False, "")
        self.set_can_redo(False, "")
        self._centre.clicked.connect(self.centre_wanted)
        self._hold.clicked.connect(lambda: self.hold_toggled.emit(not self._holding))
        self._undo.clicked.connect(self.undo_requested)
        self._redo.clicked.connect(self.redo_requested)
        self._order.currentIndexChanged.connect(lambda: self.order_chosen.emit())

    def order(self) -> Order:
        """Return how the rows are to be ordered."""
        return Order(self._order.currentData())

    def set_order(self, order: Order) -> None:
        """Choose an order, as if in the list."""
        self._order.setCurrentIndex(self._order.findData(order.value))

    def enable_drawing(self) -> None:
        """Enable Random and Centre: there is a run."""
        self.draw.enable(True)
        self._centre.setEnabled(True)

    def set_step(self, step: int) -> None:
        """Offer to hold `step`: it drew the image."""
        if step == self._step:
            return
        self._step = step
        self._hold.setEnabled(True)
        self._show_hold()

    def set_holding(self, holding: bool) -> None:
        """Show whether a step is held."""
        self._holding = holding
        self._show_hold()

    def set_can_undo(self, possible: bool, text: str) -> None:
        """Enable Undo; `text` is what it would undo."""
        self._undo.setEnabled(possible)
        tip = self.tr("Undo {what}").format(what=text) if possible else self.tr("Nothing to undo")
        self._undo.setToolTip(tip)

    def set_can_redo(self, possible: bool, text: str) -> None:
        """Enable Redo; `text` is what it would do again."""
        self._redo.setEnabled(possible)
        tip = self.tr("Redo {what}").format(what=text) if possible else self.tr("Nothing to redo")
        self._redo.setToolTip(tip)

    def show_no_effect(self, none: bool) -> None:
        """Say, or not, that the order by effect is that of the numbers: there is no effect."""
        self._no_effect.setVisible(none)

    def _fill_order(self) -> None:
        self._order.setObjectName("latent_order")
        self._order.setAccessibleName(self.tr("Order of the sliders"))
        self._order.setToolTip(
            self.tr(
                "How the sliders are ordered. The effect is how much the image changes when a "
                "dimension moves by 1, half to either side; where none changes a pixel, by number."
            )
        )
        self._order.addItem(self.tr("by number"), Order.NUMBER.value)
        self._order.addItem(self.tr("by effect on the image"), Order.EFFECT.value)
        self._order.addItem(self.tr("changed and locked"), Order.CHANGED.value)
        self._order.setMinimumHeight(26)
        ignore_wheel_unless_focused(self._order)

    def _lay_out(self) -> None:
        # Its text grows with the step: that must not widen the panel, nor keep it from shrinking.
        self._hold.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._hold_room = Steady(self._hold, self._least_hold_width)
        self._hold_room.resized.connect(self._show_hold)
        first, second = QHBoxLayout(), QHBoxLayout()
        first.addWidget(self._centre)
        first.addWidget(self._hold_room, 1)
        second.addWidget(self._order, 1)
        second.addWidget(self._undo)
        second.addWidget(self._redo)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.draw, 0, 0)
        layout.addLayout(first, 1, 0)
        layout.addLayout(second, 2, 0)
        layout.addWidget(self._no_effect, 3, 0)

    def _set_icons(self) -> None:
        self._undo.setIcon(icon("undo", self.palette()))
        self._redo.setIcon(icon("redo", self.palette()))

    def _least_hold_width(self, metrics: QFontMetrics) -> int:
        """Return the room for the shortest of Hold's texts."""
        texts = (self.tr("Hold"), self.tr("Follow"))
        return max(map(metrics.horizontalAdvance, texts)) + _ROOM

    def _show_hold(self) -> None:
        """Say what a click does, as fully as there is room for."""
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
        metrics, room = self._hold.fontMetrics(), self._hold_room.width() - _ROOM
        fitting = (text for text in texts if metrics.horizontalAdvance(text) <= room)
        self._hold.setText(next(fitting, texts[-1]))
        self._hold.setToolTip(tip)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme and the zoom."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._order.setMinimumHeight(max(26, self._order.sizeHint().height()))
            self._show_hold()
        if event.type() == QEvent.Type.PaletteChange:
            self._set_icons()
