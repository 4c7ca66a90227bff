"""The Health line: what state the run is in, why, and one remedy."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from ganstudio.gui.widgets.health_evidence import HealthEvidence
from ganstudio.gui.widgets.health_mark import HealthMark
from ganstudio.gui.widgets.health_words import remedy_text, sentence, state_name
from ganstudio.gui.widgets.steady import Steady
from ganstudio.training.health import Diagnosis, Doctor, Remedy, State
from ganstudio.training.history import History


class HealthLine(QWidget):
    """One line, always there: a mark, the state, a sentence, and a button that helps.

    Signals:
        remedy_chosen: the `Remedy` that a person wants.
    """

    remedy_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("health_line")
        self._remedy: Remedy | None = None
        self._shown: tuple[Diagnosis, Doctor, History] | None = None
        self._evidence: HealthEvidence | None = None
        self._mark = HealthMark()
        self._state = QToolButton()
        self._state.setObjectName("health_state")
        self._state.setAutoRaise(True)
        self._state.setMinimumHeight(26)
        self._state.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._state.setEnabled(False)  # there is no evidence before the first run
        self._state.clicked.connect(self._show_evidence)
        self._sentence = QLabel()
        self._sentence.setObjectName("health_sentence")
        self._sentence.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._room = Steady(self._sentence)
        self._room.resized.connect(self._renew_sentence)
        self._button = QPushButton()
        self._button.setObjectName("health_remedy")
        self._button.setAccessibleName(self.tr("Remedy"))
        self._button.setMinimumHeight(26)
        self._button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._button.clicked.connect(self._on_remedy)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 0, 4, 0)
        layout.addWidget(self._mark)
        layout.addWidget(self._state)
        layout.addWidget(self._room, 1)
        layout.addWidget(self._button)
        self._show(Diagnosis(state=State.WAITING))

    def set_health(self, diagnosis: Diagnosis, doctor: Doctor, history: History) -> None:
        """Show what the doctor of a run with this history says."""
        same = self._shown is not None and self._shown[0] is diagnosis
        self._shown = diagnosis, doctor, history
        self._state.setEnabled(True)
        if not same:
            self._show(diagnosis)
        if self._evidence is not None and self._evidence.isVisible():
            self._evidence.set_health(diagnosis, doctor, history)

    def offer_again(self) -> None:
        """Show the remedy again: nothing came of choosing it, or that was undone."""
        if self._shown is not None:
            self._show(self._shown[0])

    def _show(self, diagnosis: Diagnosis) -> None:
        name, why = state_name(diagnosis.state), sentence(diagnosis)
        self._text = why
        self._mark.set_state(diagnosis.state)
        self._state.setText(self.tr("Health: {state}").format(state=name))
        shown = self.tr("Health: {state}. {why}").format(state=name, why=why)
        self._state.setAccessibleName(shown)
        tip = self.tr("{why}\nClick to see the numbers and the curve that say so.")
        self._state.setToolTip(tip.format(why=why))
        self._sentence.setToolTip(why)
        self._sentence.setAccessibleName(why)
        self._renew_sentence()
        self._remedy = diagnosis.remedy
        self._button.setVisible(self._remedy is not None)
        if self._remedy is not None:
            text = remedy_text(self._remedy)
            self._button.setText(text)
            self._button.setAccessibleName(text)
            live = self.tr("Acts on the training that goes on; Undo takes it back.")
            new = self.tr(
                "Begins a new run; Undo brings this one back. Other changes in the fields go on "
                "waiting."
            )
            self._button.setToolTip(live if self._remedy.live else new)

    def _renew_sentence(self) -> None:
        """Fit the sentence into its room; its tooltip has all of it."""
        metrics = self._sentence.fontMetrics()
        elided = metrics.elidedText(self._text, Qt.TextElideMode.ElideRight, self._room.width())
        self._sentence.setText(elided)

    def _on_remedy(self) -> None:
        remedy = self._remedy
        self._button.hide()  # until the doctor has looked at what it did
        self._remedy = None
        if remedy is not None:
            self.remedy_chosen.emit(remedy)

    def _show_evidence(self) -> None:
        if self._evidence is None:
            self._evidence = HealthEvidence(self.window())
        if self._shown is not None:
            self._evidence.set_health(*self._shown)
        self._evidence.show()
        self._evidence.raise_()
