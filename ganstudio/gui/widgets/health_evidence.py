"""The evidence for a run's health: the numbers that were used, and the curve of the first."""

import math
from dataclasses import fields
from html import escape

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ganstudio.config import SETTINGS
from ganstudio.gui.colours import BLUE, SKY, is_dark
from ganstudio.gui.widgets.curve_words import number
from ganstudio.gui.widgets.health_words import NumberWords, number_words, sentence, state_name
from ganstudio.training.health import Diagnosis, Doctor, Observation, State
from ganstudio.training.history import History

_LOOKED_AT = {item.name for item in fields(Observation)}
_POINTS = 500  # of a curve of the history
_WIDE = 1000.0  # times the least value: more than that is drawn on a logarithmic scale
Points = NDArray[np.float64]


class HealthEvidence(QDialog):
    """A window of its own, which follows the run while it is open."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("health_evidence")
        self.setWindowTitle(self.tr("Health"))
        self._copied = ""
        self._why = QLabel()
        self._why.setObjectName("health_why")
        self._numbers = QLabel()
        self._numbers.setObjectName("health_numbers")
        for label in (self._why, self._numbers):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.RichText)
            label.setTextInteractionFlags(
                Qt.TextInteractionFlag.TextSelectableByMouse
                | Qt.TextInteractionFlag.TextSelectableByKeyboard
            )
        self._curve = EvidenceCurve()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = buttons.addButton(self.tr("Copy"), QDialogButtonBox.ButtonRole.ActionRole)
        copy.setObjectName("health_copy")
        copy.setAccessibleName(self.tr("Copy"))
        copy.setToolTip(self.tr("Copy the state and its numbers as text"))
        copy.clicked.connect(self._on_copy)
        buttons.rejected.connect(self.reject)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._why)
        column.addWidget(self._curve, 1)
        column.addWidget(self._numbers)
        scroll = QScrollArea()
        scroll.setObjectName("health_scroll")
        scroll.setAccessibleName(self.tr("Numbers and curve"))
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setWidget(page)
        layout = QVBoxLayout(self)
        layout.addWidget(scroll, 1)
        layout.addWidget(buttons)
        metrics = self.fontMetrics()  # a larger font has more room, as far as the screen has it
        wanted = QSize(75 * metrics.averageCharWidth(), 36 * metrics.lineSpacing())
        self.resize(wanted.boundedTo(self.screen().availableSize() * 0.9))

    def set_health(self, diagnosis: Diagnosis, doctor: Doctor, history: History) -> None:
        """Show what one diagnosis rests on."""
        name = state_name(diagnosis.state)
        looked = diagnosis.state is not State.WAITING
        step = self.tr("At step {step:,}").format(step=diagnosis.step) if looked else ""
        why = f"<h3>{escape(name)}</h3><p>{escape(sentence(diagnosis))}"
        _set_text(self._why, f"{why}<br><small>{escape(step)}</small></p>")
        bound = self.tr("{value} (bound {bound})")
        rows, lines = [], [name, sentence(diagnosis), step]
        for item in diagnosis.evidence:
            words = number_words(item.name)
            value = f"{item.value:g}" if item.name in SETTINGS else number(item.value)
            if item.bound is not None:
                value = bound.format(value=value, bound=number(item.bound))
            rows.append(
                f"<tr><td><b>{escape(words.name)}</b>&nbsp;&nbsp;</td><td>{escape(value)}</td></tr>"
                f"<tr><td colspan='2'>{escape(words.meaning)}</td></tr>"
            )
            lines.append(f"{words.name}\t{value}")
        _set_text(self._numbers, f"<table cellspacing='3'>{''.join(rows)}</table>")
        self._copied = "\n".join(lines)
        self._show_curve(diagnosis, doctor, history)

    def _show_curve(self, diagnosis: Diagnosis, doctor: Doctor, history: History) -> None:
        """Draw the first number that there is a curve of."""
        for item in diagnosis.evidence:
            if item.name in _LOOKED_AT and not doctor.looks:  # of a run that is opened again
                continue
            if item.name in _LOOKED_AT:
                steps = np.array([look.step for look in doctor.looks], np.float64)
                values = np.array([getattr(look, item.name) for look in doctor.looks])
            elif item.name == "d_grad":
                rows, mean, _, _ = history.reduced(item.name, 0, len(history), _POINTS)
                steps, values = rows.astype(np.float64) + 1, mean.astype(np.float64)
            else:
                continue
            self._curve.set_curve(number_words(item.name), steps, values, item.bound)
            return
        self._curve.hide()

    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(self._copied)


def _set_text(label: QLabel, text: str) -> None:
    """Change a label's text only if it is another: what a person has selected stays so."""
    if text != label.text():
        label.setText(text)


class EvidenceCurve(QWidget):
    """A small curve over steps, with the bound as a dashed line."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("health_curve")
        self.setMinimumHeight(120)
        self._title = ""
        self._steps: Points = np.zeros(0)
        self._values: Points = np.zeros(0)
        self._bound: float | None = None

    def set_curve(
        self, words: NumberWords, steps: Points, values: Points, bound: float | None
    ) -> None:
        """Draw values over steps."""
        there = np.isfinite(values)
        self._title, self._bound = words.name, bound
        self._steps, self._values = steps[there], values[there]
        self.setAccessibleName(self.tr("Curve: {name}").format(name=words.name))
        self.setToolTip(words.meaning)
        self.setVisible(len(self._values) > 0)
        self.update()

    def sizeHint(self) -> QSize:
        """Prefer three times as wide as high."""
        return QSize(480, 160)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw title, range, curve and bound; on a logarithmic scale where values need it."""
        if not len(self._values):
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        line, palette = self.fontMetrics().height(), self.palette()
        levels = [*self._values.tolist(), *([] if self._bound is None else [self._bound])]
        low, high = min(0.0, *levels), max(levels)
        wide = min(levels) > 0 and high > _WIDE * min(levels)  # else the bound would lie at 0
        low = min(levels) if wide else low
        left = max(self.fontMetrics().horizontalAdvance(number(v)) for v in (low, high)) + 8
        plot = QRectF(left, line + 4, self.width() - left - 6, self.height() - 2 * line - 10)
        painter.setPen(palette.windowText().color())
        painter.drawText(QPointF(left, line - 3), self._title)
        painter.drawText(QPointF(2, plot.top() + line / 2), number(high))
        painter.drawText(QPointF(2, plot.bottom()), number(low))
        first, last = f"{int(self._steps[0]):,}", f"{int(self._steps[-1]):,}"
        base = self.height() - 4.0
        painter.drawText(QPointF(left, base), first)
        width = self.fontMetrics().horizontalAdvance(last)
        painter.drawText(QPointF(plot.right() - width, base), last)
        painter.setPen(palette.mid().color())
        painter.drawRect(plot)

        def y(value: float) -> float:
            part, whole = value - low, high - low
            if wide:
                part, whole = math.log(value / low), math.log(high / low)
            return float(plot.bottom() - part / (whole or 1.0) * plot.height())

        if self._bound is not None:
            painter.setPen(QPen(palette.windowText().color(), 1, Qt.PenStyle.DashLine))
            at = y(self._bound)
            painter.drawLine(QPointF(plot.left(), at), QPointF(plot.right(), at))
        span = self._steps[-1] - self._steps[0] or 1.0
        points = [
            QPointF(plot.left() + (step - self._steps[0]) / span * plot.width(), y(value))
            for step, value in zip(self._steps, self._values, strict=True)
        ]
        colour = QColor(SKY if is_dark(palette) else BLUE)
        painter.setPen(QPen(colour, 2))
        painter.drawPolyline(QPolygonF(points))
        painter.setBrush(colour)
        painter.drawEllipse(points[-1], 3, 3)
