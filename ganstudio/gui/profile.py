"""Help > Profile: where the time of a step goes."""

import time

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from ganstudio.gui.session import Session
from ganstudio.gui.wording import translate
from ganstudio.training.status import Status

_FINE = 1000  # parts of a bar


class ProfileDialog(QDialog):
    """Shows the parts of a step, in milliseconds, while it is open; they are measured only then."""

    def __init__(self, parent: QWidget, session: Session) -> None:
        super().__init__(parent)
        self.setObjectName("profile")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Profile"))
        self._session = session
        self._about = QLabel()
        self._about.setObjectName("profile_about")
        self._about.setWordWrap(True)
        self._about.setMinimumWidth(460)
        self._rows: dict[str, tuple[QProgressBar, QLabel]] = {}
        grid = QGridLayout()
        grid.setColumnStretch(1, 1)
        for number, (part, (text, tip)) in enumerate(_texts().items()):
            name, bar, value = QLabel(text), QProgressBar(), QLabel()
            name.setToolTip(tip)
            bar.setObjectName(f"profile_{part}")
            bar.setAccessibleName(text)
            bar.setToolTip(tip)
            bar.setTextVisible(False)
            bar.setRange(0, _FINE)
            value.setObjectName(f"profile_{part}_text")
            value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            for column, widget in enumerate((name, bar, value)):
                grid.addWidget(widget, number, column)
            self._rows[part] = bar, value
        self._cores = QLabel()
        self._cores.setObjectName("profile_cores")
        self._cores.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.close)
        layout = QVBoxLayout(self)
        layout.addWidget(self._about)
        layout.addLayout(grid)
        layout.addWidget(self._cores)
        layout.addWidget(buttons)
        self._clocks = _clocks()
        session.status_changed.connect(self._on_status)
        self.finished.connect(lambda: session.set_profile(False))

    def showEvent(self, event: QShowEvent) -> None:
        """Begin to measure."""
        super().showEvent(event)
        self._session.set_profile(True)
        self._on_status(self._session.status)

    def _on_status(self, status: Status) -> None:
        total = sum(seconds for _, seconds in status.profile)
        if not total:
            self._about.setText(self.tr("Start training to see where the time of a step goes."))
            return
        text = self.tr("A step takes {total:.1f} ms: at full speed, {rate:.1f} steps a second.")
        self._about.setText(text.format(total=1e3 * total, rate=1 / total))
        for part, seconds in status.profile:
            bar, value = self._rows[part]
            bar.setValue(round(_FINE * seconds / total))
            share = self.tr("{ms:.2f} ms · {share:.0f} %")
            value.setText(share.format(ms=1e3 * seconds, share=100 * seconds / total))
        self._show_cores()

    def _show_cores(self) -> None:
        """Say what the window itself takes, and the whole program."""
        now = _clocks()
        passed, drawing, all_ = (b - a for a, b in zip(self._clocks, now, strict=True))
        if passed < 1:
            return
        self._clocks = now
        text = self.tr(
            "Beside the steps, the window's own thread draws: it takes {drawing:.0f} % of a core. "
            "The whole program takes {all:.1f} cores."
        )
        self._cores.setText(text.format(drawing=100 * drawing / passed, all=all_ / passed))


def _clocks() -> tuple[float, float, float]:
    """Return the time, that of this thread on a core, and that of all threads."""
    return time.perf_counter(), time.thread_time(), time.process_time()


def _texts() -> dict[str, tuple[str, str]]:
    """Return what to call the parts of a step, and what they are."""
    return {
        "data": (
            translate("profile", "Data"),
            translate("profile", "Choosing the next real images, and giving them their range"),
        ),
        "D": (
            translate("profile", "D"),
            translate(
                "profile", "Scoring real and generated images, and the way back, penalties included"
            ),
        ),
        "G": (
            translate("profile", "G"),
            translate(
                "profile", "Drawing images, having D score them, and the way back through both"
            ),
        ),
        "optimiser": (
            translate("profile", "Optimisers"),
            translate("profile", "Moving the weights of both by Adam"),
        ),
        "ema": (
            translate("profile", "Averaged G"),
            translate("profile", "Moving the running average of G's weights"),
        ),
        "rest": (
            translate("profile", "Rest of the step"),
            translate(
                "profile",
                "Random numbers, what the curves show, and looking for numbers that are none",
            ),
        ),
        "window": (
            translate("profile", "For the window"),
            translate(
                "profile", "Copying the networks for samples and sliders, and telling the status"
            ),
        ),
    }
