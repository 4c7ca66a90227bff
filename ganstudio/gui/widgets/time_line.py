"""The time line below the samples: earlier steps to look at, to go on from, and to film."""

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QSizePolicy, QToolButton, QWidget

from ganstudio.gui.widgets.jump_slider import JumpSlider
from ganstudio.gui.widgets.steady import Steady
from ganstudio.gui.widgets.wheel import ignore_wheel_unless_focused
from ganstudio.library import Moment


class TimeLine(QWidget):
    """A slider over what is kept of a run's earlier steps; its right end follows training.

    Signals:
        chosen(object): a person wants to look at this `Moment`; None is now.
        rewind_wanted(int): training is to go on from this step.
        film_wanted(str): a film of all samples over training, of this suffix.
    """

    chosen = Signal(object)
    rewind_wanted = Signal(int)
    film_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._moments: tuple[Moment, ...] = ()  # that the slider is over
        self._newer: tuple[Moment, ...] = ()  # and that it is to be over once the hand is gone
        self._looking: Moment | None = None
        self._busy = False
        self._slider = JumpSlider(Qt.Orientation.Horizontal)
        self._slider.setObjectName("time_slider")
        self._slider.setAccessibleName(self.tr("Earlier steps"))
        self._slider.setMinimumHeight(26)
        self._slider.setPageStep(5)
        ignore_wheel_unless_focused(self._slider)
        self._slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._now = QPushButton(self.tr("Now"))
        self._now.setObjectName("time_now")
        self._now.setToolTip(self.tr("Follow training again"))
        self._rewind = QPushButton(self.tr("Rewind"))
        self._rewind.setObjectName("time_rewind")
        self._film = QToolButton()
        self._film.setObjectName("time_film")
        self._film.setText(self.tr("Film"))
        self._film.setToolTip(self.tr("Write the samples over training as a film"))
        self._film.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self._film)
        for suffix, text in ((".gif", self.tr("&GIF…")), (".mp4", self.tr("&MP4…"))):
            action = menu.addAction(text)
            action.setObjectName(f"time_film_{suffix[1:]}")
            action.triggered.connect(lambda _=False, of=suffix: self.film_wanted.emit(of))
        self._film.setMenu(menu)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self._slider, 1)
        for button in (self._now, self._rewind, self._film):
            button.setMinimumHeight(26)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
            layout.addWidget(Steady(button))
        self._slider.valueChanged.connect(self._on_moved)
        self._slider.sliderReleased.connect(self._take_newer)
        self._now.clicked.connect(lambda: self._choose(None))
        self._rewind.clicked.connect(self._on_rewind)
        self.clear()

    def clear(self) -> None:
        """Follow another run, of which nothing is known yet."""
        self._moments = self._newer = ()
        self.set_past(None)

    def set_moments(self, moments: tuple[Moment, ...]) -> None:
        """Offer these, oldest first; the one on show stays."""
        self._newer = moments
        if not self._slider.isSliderDown() and moments != self._moments:
            self._take_newer()

    def set_busy(self, busy: bool) -> None:
        """Offer nothing while two runs are compared: B has another past."""
        self._busy = busy
        self._show()

    def set_past(self, step: int | None) -> None:
        """Show which step is looked at; None is now."""
        self._looking = next((kept for kept in self._moments if kept.step == step), None)
        self._show()

    def _take_newer(self) -> None:
        self._moments = self._newer
        self._show()

    def _show(self) -> None:
        count, looking = len(self._moments), self._looking
        before = [kept for kept in self._moments if looking and kept.step < looking.step]
        with QSignalBlocker(self._slider):
            self._slider.setRange(0, max(1, count))
            if not self._slider.isSliderDown():
                self._slider.setValue(len(before) if looking else max(1, count))
        self._slider.setEnabled(count > 0 and not self._busy)
        self._film.setEnabled(count > 1)
        self._now.setEnabled(looking is not None)
        self._rewind.setEnabled(looking is not None)
        if self._busy:
            tip = self.tr("Keep A, B or both: then earlier steps can be looked at")
        elif not count:
            tip = self.tr("Earlier steps gather here while the run trains: to look at them again")
        elif looking is None:
            tip = self.tr(
                "Look at earlier steps: all panels show what the run was then, while it goes on.\n"
                "Up to 100 are kept, of 500 MB at most, most of them lately and at the beginning."
            )
        else:
            tip = self.tr("Step {step:,}").format(step=looking.step)
        self._slider.setToolTip(tip)
        self._slider.setAccessibleDescription(tip)
        self._rewind.setToolTip(
            self.tr("Choose an earlier step with the slider: training can go on from there")
            if looking is None
            else self.tr(
                "Go on from step {step:,}, in a run of its own; this one is kept, and Undo brings "
                "it back"
            ).format(step=looking.step)
        )

    def _choose(self, moment: Moment | None) -> None:
        self._looking = moment
        self._show()
        self.chosen.emit(moment)

    def _on_moved(self, value: int) -> None:
        self._choose(self._moments[value] if value < len(self._moments) else None)

    def _on_rewind(self) -> None:
        if self._looking is not None:
            self.rewind_wanted.emit(self._looking.step)
