"""How good the images are, in numbers, over time: one headline figure and what is behind it."""

from pathlib import Path

import numpy as np
from PySide6.QtCore import QEvent, QSettings, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QPalette, QShowEvent, QTextDocumentFragment
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ganstudio.atomic import replacing
from ganstudio.evaluation import report
from ganstudio.evaluation.quality import Figure, Quality
from ganstudio.gui.actions import ToolButton
from ganstudio.gui.colours import BLUE, GREEN, SKY, VERMILLION
from ganstudio.gui.folders import ask_target
from ganstudio.gui.widgets.curve_words import number
from ganstudio.gui.widgets.file_writer import FileWriter
from ganstudio.gui.widgets.seen import is_seen
from ganstudio.gui.widgets.steady import Steady
from ganstudio.gui.widgets.stroke import Stroke
from ganstudio.gui.widgets.toggle import ToggleButton
from ganstudio.gui.widgets.wheel import ignore_wheel_unless_focused
from ganstudio.gui.wording import worded
from ganstudio.training.status import RunInfo
from ganstudio.work import Work

_FIRST_SECONDS = 30.0  # of training until the first judgement by itself
_INTERVALS = (30, 60, 120, 300, 0)  # s; 0 = only when asked
_INTERVAL = 120  # unless chosen: a judgement takes two seconds of a core
_LOOK_MS = 200
_GUESSED = 0.01  # of samples like real images: where there are fewer, the digits are guesses
_BINS = 40

_STROKES = {
    "train": Stroke(BLUE, SKY, Qt.PenStyle.SolidLine),
    "held_out": Stroke(GREEN, GREEN, Qt.PenStyle.DashLine),
    "generated": Stroke(VERMILLION, VERMILLION, Qt.PenStyle.DashDotLine),
    "real": Stroke(BLUE, SKY, Qt.PenStyle.SolidLine),
}
_DASHES = {"train": "━", "held_out": "╍", "generated": "┅", "real": "━"}


class QualityPanel(QWidget):
    """Shows judgements of the run, and says when the next is wanted.

    Signals:
        wanted(): the person wants a judgement now.

    Attributes
    ----------
    writer : FileWriter
        Writes what is exported.
    """

    wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._legends: list[QLabel] = []  # there with the first judgement
        self._runs: dict[str, list[Quality]] = {}  # judgements by run
        self._run_id = ""
        self._averaged = False  # the run has an averaged generator, which is judged then
        self._work: Work | None = None  # under way
        self._until: int | None = None  # the earlier step that all panels show
        self._due = _FIRST_SECONDS  # of training
        self._seconds = 0.0
        self._headlines: tuple[str, ...] = ()  # the longest first
        self._shown: tuple[tuple[str, ...], ...] = ()  # the lines of the two charts in Details
        self._look = QTimer(self, interval=_LOOK_MS)
        self._look.timeout.connect(self._show_progress)
        self.writer = FileWriter(self)
        self._build()
        self._renew()
        self._show_progress()

    # what the owner calls

    def set_run(self, info: RunInfo) -> None:
        """Show another run, with the judgements that it had."""
        self._run_id, self._averaged, self._until = info.run_id, info.averaged, None
        if info.run_id not in self._runs:
            parent, step = info.parent or ("", 0)  # a branch was that run before
            before = [found for found in self._runs.get(parent, []) if found.step <= step]
            self._runs[info.run_id] = before
        self._seconds, self._due = 0.0, _FIRST_SECONDS
        self._now.setEnabled(True)
        self._show_progress()
        self._renew()

    def set_past(self, step: int | None) -> None:
        """Show what was known at an earlier step, which all panels show; None is now."""
        self._until = step
        self._renew()

    def keep_runs(self, run_ids: set[str]) -> None:
        """Forget the judgements of earlier runs but these: there is no way back to them."""
        kept = {*run_ids, self._run_id}
        self._runs = {run_id: found for run_id, found in self._runs.items() if run_id in kept}

    def is_due(self, seconds: float) -> bool:
        """Return whether a run that has trained for so long is to be judged again."""
        if seconds < self._seconds or self._seconds == 0.0:  # another run, or the first time
            self._due = max(_FIRST_SECONDS, seconds)
        self._seconds = seconds
        interval = int(self._intervals.currentData())
        if self._work is not None or not interval or seconds < self._due:
            return False
        self._due = seconds + interval
        return True

    def set_work(self, work: Work | None) -> None:
        """Show that a judgement is under way, or no longer."""
        self._work = work
        self._watch()

    def add(self, quality: Quality) -> None:
        """Show a judgement."""
        if quality.run_id in self._runs:
            found = self._runs[quality.run_id]
            found[:] = [other for other in found if other.step != quality.step]
            found.append(quality)
            found.sort(key=lambda other: other.step)
            self._renew()

    def refresh(self) -> None:
        """Show what came while nobody could see it, and how far the work is."""
        self._renew()
        self._watch()

    # Construction

    def _build(self) -> None:
        self._pages = QStackedWidget()
        self._empty = QLabel()
        self._empty.setObjectName("quality_empty")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        self._empty.setBackgroundRole(QPalette.ColorRole.Base)
        self._empty.setAutoFillBackground(True)
        self._pages.addWidget(self._empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 4, 6, 4)
        layout.setSpacing(4)
        layout.addLayout(self._make_header())
        layout.addWidget(self._pages, 1)

    def _make_header(self) -> QHBoxLayout:
        self._headline = QLabel()
        self._headline.setObjectName("quality_headline")
        self._headline.setTextFormat(Qt.TextFormat.PlainText)
        self._headline.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        shortest = self.tr("{ratio} × real").format(ratio="000")
        self._headline_room = Steady(
            self._headline, lambda metrics: metrics.horizontalAdvance(shortest)
        )
        self._headline_room.resized.connect(self._fit_headline)
        self._intervals = QComboBox()
        self._intervals.setObjectName("quality_interval")
        self._intervals.setAccessibleName(self.tr("How often to judge"))
        self._intervals.setToolTip(
            self.tr("How often the images are judged while training goes on, in the background")
        )
        self._intervals.setMinimumHeight(26)
        ignore_wheel_unless_focused(self._intervals)
        texts = {
            30: self.tr("Every 30 s"),
            60: self.tr("Every minute"),
            120: self.tr("Every 2 minutes"),
            300: self.tr("Every 5 minutes"),
            0: self.tr("When asked"),
        }
        for seconds in _INTERVALS:
            self._intervals.addItem(texts[seconds], seconds)
        kept = str(QSettings().value("quality/interval", _INTERVAL))
        interval = int(kept) if kept in map(str, _INTERVALS) else _INTERVAL
        self._intervals.setCurrentIndex(_INTERVALS.index(interval))
        self._intervals.activated.connect(self._on_interval)
        percent = self.tr("Cancel ({percent:.0f} %)").format(percent=100)
        self._now = ToolButton((self.tr("Judge now"), percent))
        self._now.setObjectName("quality_now")
        self._now.setMinimumHeight(26)
        self._now.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._now.setEnabled(False)
        self._now.clicked.connect(self._on_now)
        self._details = ToggleButton(self.tr("Details"))
        self._details.setObjectName("quality_details")
        self._details.setToolTip(self.tr("All figures, D's opinions, and the pixels' brightness"))
        self._details.toggled.connect(self._renew)
        header = QHBoxLayout()
        header.setSpacing(6)
        header.addWidget(self._headline_room, 1)
        for widget in (self._intervals, Steady(self._now), self._details):
            header.addWidget(widget)
        return header

    def _make_overview(self) -> QWidget:
        from ganstudio.gui.widgets.charts import RatioChart, SharesChart  # see CurvesPanel.plot

        self._ratios = RatioChart(
            "quality_ratios",
            self.tr("Fréchet distance over the steps"),
            self.tr("step"),
            self.tr("× real"),
        )
        self._ratios.setToolTip(
            self.tr(
                "Fréchet distance between the features of generated and training images, as a "
                "multiple of that of as many held-out images (the dashed line). Bars are 95 % "
                "confidence intervals, of both. Compare figures of the same number of images only: "
                "the more there are, the smaller the differences that show."
            )
        )
        self._shares = SharesChart(
            "quality_digits", self.tr("Shares of the digits"), self.tr("digit"), "%"
        )
        self._shares.setToolTip(
            self.tr(
                "How many of the generated images show each digit, with 95 % confidence intervals; "
                "the dashes are held-out images"
            )
        )
        page = QWidget()
        row = QHBoxLayout(page)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._ratios, 3)
        row.addWidget(self._shares, 2)
        return page

    def _make_details(self) -> QWidget:
        from ganstudio.gui.widgets.charts import DistributionsChart

        self._table = QLabel()
        self._table.setObjectName("quality_table")
        self._table.setAccessibleName(self.tr("All figures"))
        self._table.setTextFormat(Qt.TextFormat.RichText)
        self._table.setWordWrap(True)
        self._table.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._table.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._export = QToolButton()
        self._export.setObjectName("quality_export")
        self._export.setText(self.tr("Export CSV…"))
        self._export.setToolTip(self.tr("Write all judgements of this run to a table"))
        self._export.setMinimumHeight(26)
        self._export.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._export.clicked.connect(self._on_export)
        figures = QWidget()
        column = QVBoxLayout(figures)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._table)
        column.addWidget(self._export)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(figures)
        scroll.setObjectName("quality_figures")
        scroll.setAccessibleName(self.tr("Figures"))
        self._opinions = DistributionsChart(
            "quality_opinions", self.tr("What D says"), self.tr("D's logit"), "%", _STROKES
        )
        self._opinions.setToolTip(
            self.tr(
                "D's output on training, held-out and generated images. Where training and "
                "held-out images lie apart, D has learned the training images by heart."
            )
        )
        self._pixels = DistributionsChart(
            "quality_pixels", self.tr("Brightness of pixels"), self.tr("brightness"), "%", _STROKES
        )
        self._pixels.setToolTip(
            self.tr("How bright pixels are, beyond black: generated beside real images")
        )
        page = QWidget()
        grid = QGridLayout(page)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(2)
        grid.addWidget(scroll, 0, 0, 2, 1)
        self._legends = [QLabel(), QLabel()]
        for i, chart in enumerate((self._opinions, self._pixels), start=1):
            self._legends[i - 1].setWordWrap(True)  # the figures need the width
            grid.addWidget(self._legends[i - 1], 0, i)
            grid.addWidget(chart, 1, i)
            grid.setColumnStretch(i, 1)
        grid.setColumnStretch(0, 3)
        grid.setRowStretch(1, 1)
        return page

    # What is on show

    def _renew(self) -> None:
        found = self._runs.get(self._run_id, [])
        if self._until is not None:
            found = [quality for quality in found if quality.step <= self._until]
        self._details.setEnabled(bool(found))
        if not found:
            self._show_headlines(())
            self._headline.setToolTip("")
            by_itself = self.tr(
                "How good the images are, in numbers: judged after half a minute of training, "
                "or press Judge now."
            )
            asked = self.tr("How good the images are, in numbers: press Judge now.")
            text = by_itself if self._intervals.currentData() else asked
            if self._until is not None:
                text = self.tr("Not judged up to step {step:,}.").format(step=self._until)
            self._empty.setText(text)
            self._pages.setCurrentIndex(0)
            return
        last = found[-1]
        headlines = self._headlines_of(last)
        self._show_headlines(headlines)
        self._headline.setToolTip(f"{headlines[0]}\n{self._remarks(last)}")
        if not is_seen(self):
            return
        if self._pages.count() == 1:  # charts take a tenth of a second, which training has not
            self._pages.addWidget(self._make_overview())
            self._pages.addWidget(self._make_details())
        if self._details.isChecked():
            self._show_details(last)
            self._pages.setCurrentIndex(2)
        elif last.unfit:
            reason = worded(last.unfit)
            text = self.tr("No Fréchet distance is shown for this data: {reason}.")
            self._empty.setText(text.format(reason=reason))
            self._pages.setCurrentIndex(0)
        else:
            self._ratios.set_points(np.array([_ratio(quality) for quality in found]))
            self._shares.set_shares(last.digits)
            self._pages.setCurrentIndex(1)

    def _headlines_of(self, quality: Quality) -> tuple[str, ...]:
        """Return the headline, and what is left of it where there is less room."""
        if quality.ratio is None:
            return (self.tr("No figures for this data"),)
        texts = (
            self.tr(
                "Step {step}: Fréchet distance {ratio} ({low} – {high}) × real, n = {n} · {digits}"
            ),
            self.tr("Step {step}: {ratio} ({low} – {high}) × real, n = {n} · {digits}"),
            self.tr("Step {step}: {ratio} ({low} – {high}) × real, n = {n}"),
            self.tr("Step {step}: {ratio} × real, n = {n}"),
            self.tr("Step {step}: {ratio} × real"),
            self.tr("{ratio} × real"),
        )
        ratio, low, high = map(number, quality.ratio)
        digits = self.tr("{found} of 10 digits").format(found=quality.found)
        if quality.figures["precision"].figure.value < _GUESSED:
            digits = self.tr("hardly a digit")
        told = {"ratio": ratio, "low": low, "high": high, "n": f"{quality.n:,}", "digits": digits}
        step = f"{quality.step:,}"
        return tuple(text.format(step=step, **told) for text in texts)

    def _show_headlines(self, texts: tuple[str, ...]) -> None:
        """Show the longest that fits."""
        self._headlines = texts
        self._headline.setAccessibleName(texts[0] if texts else "")
        self._fit_headline()

    def _fit_headline(self) -> None:
        metrics, room = self._headline.fontMetrics(), self._headline_room.width()
        fit = [text for text in self._headlines if metrics.horizontalAdvance(text) <= room]
        cut = "…" if self._headlines else ""  # half a number would be another one
        self._headline.setText(fit[0] if fit else cut)

    def _remarks(self, quality: Quality) -> str:
        text = self.tr(
            "Step {step}, {generator}: {n} generated images beside as many held-out ones, which "
            "are what “real” stands for; 95 % confidence intervals; features of the network "
            "{network}, so the distance is no FID"
        )
        if quality.unfit is not None:
            text = self.tr(
                "Step {step}, {generator}: {n} generated images. No distances, since {reason}."
            )
        averaged, latest = self.tr("averaged generator"), self.tr("latest generator")
        return text.format(
            step=f"{quality.step:,}",
            generator=averaged if self._averaged else latest,
            n=f"{quality.n:,}",
            network=quality.network,
            reason="" if quality.unfit is None else worded(quality.unfit),
        )

    def _show_details(self, quality: Quality) -> None:
        table = self._table_of(quality) if quality.figures else ""
        self._table.setText(table)
        plain = QTextDocumentFragment.fromHtml(table).toPlainText()
        self._table.setAccessibleDescription(plain)
        edges, shares = _logit_shares(quality)
        self._opinions.set_shares(edges, shares)
        brightness = np.linspace(0, 255, len(quality.pixels["real"]) + 1)[1:]
        self._pixels.set_shares(  # nearly all are black: the rest would be flat beside them
            brightness, {name: pixels[1:] for name, pixels in quality.pixels.items()}
        )
        self._show_legends((tuple(shares), tuple(quality.pixels)))

    def _show_legends(self, shown: tuple[tuple[str, ...], ...]) -> None:
        """Say which line is what, in the theme's colours."""
        self._shown = shown
        names = {
            "train": self.tr("training"),
            "held_out": self.tr("held out"),
            "generated": self.tr("generated"),
            "real": self.tr("real"),
        }
        for legend, keys in zip(self._legends, shown, strict=False):
            legend.setText("&nbsp; ".join(self._dash(key) + names[key] for key in keys))

    def _dash(self, key: str) -> str:
        colour = _STROKES[key].colour(self.palette()).name()
        return f"<font color='{colour}'>{_DASHES[key]}</font>&nbsp;"

    def _table_of(self, quality: Quality) -> str:
        titles = {
            "frechet": (self.tr("Fréchet distance"), 1),
            "kid": (self.tr("KID × 1,000"), 1000),
            "precision": (self.tr("Precision, %"), 100),
            "recall": (self.tr("Recall, %"), 100),
            "density": (self.tr("Density"), 1),
            "coverage": (self.tr("Coverage, %"), 100),
            "confidence": (self.tr("Confidence, %"), 100),
        }
        head = ("", self.tr("generated"), self.tr("real"))
        lines = [
            (
                title,
                _with_interval(quality.figures[name].figure, scale),
                _with_interval(quality.figures[name].floor, scale),
            )
            for name, (title, scale) in titles.items()
            if name in quality.figures
        ]
        lines += [
            (
                self.tr("Digit {digit}, %").format(digit=i),
                _with_interval(rated.figure, 100),
                _with_interval(rated.floor, 100),
            )
            for i, rated in enumerate(quality.digits)
        ]
        rows = [
            f"<tr><td style='white-space: nowrap'>{title}</td>"
            + "".join(f"<td style='white-space: nowrap'>&nbsp;&nbsp;{cell}</td>" for cell in cells)
            + "</tr>"
            for title, *cells in (head, *lines)
        ]
        return f"<table cellspacing='0'>{''.join(rows)}</table><p>{self._remarks(quality)}</p>"

    def _watch(self) -> None:
        """Follow the work under way for as long as that can be seen."""
        if self._work is not None and is_seen(self):
            self._look.start()
        else:
            self._look.stop()
        self._show_progress()

    def _show_progress(self) -> None:
        if self._work is None:
            text, tip = self.tr("Judge now"), self._judge_tip()
        else:
            fraction = self._work.fraction
            text = (
                self.tr("Cancel ({percent:.0f} %)") if fraction is not None else self.tr("Cancel")
            )
            text = text.format(percent=100 * (fraction or 0))
            tip = self.tr("Judging goes on in the background; stop it")
        if text != self._now.text():
            self._now.setText(text)
            self._now.setAccessibleName(text)
        self._now.setToolTip(tip)

    def _judge_tip(self) -> str:
        if self._averaged:
            return self.tr(
                "Draw 2,000 images with the averaged generator and judge them, in the background"
            )
        return self.tr("Draw 2,000 images and judge them, in the background")

    # Events

    def showEvent(self, event: QShowEvent) -> None:
        """Show what came while hidden."""
        super().showEvent(event)
        self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        """Let the work go on unseen."""
        super().hideEvent(event)
        self._watch()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._show_legends(self._shown)

    # Slots

    def _on_now(self) -> None:
        if self._work is None:
            self.wanted.emit()
        else:
            self._work.cancel()

    def _on_interval(self) -> None:
        QSettings().setValue("quality/interval", self._intervals.currentData())
        if interval := int(self._intervals.currentData()):
            self._due = min(self._due, self._seconds + interval)
        self._renew()

    def _on_export(self) -> None:
        title, kind = self.tr("Export quality as CSV"), self.tr("Tables (*.csv)")
        if path := ask_target(self, title, "quality.csv", ".csv", kind):
            self.export_csv(path)

    def export_csv(self, path: Path) -> None:
        """Write the run's judgements, in another thread; `writer` tells the end."""
        text = report.table(self._runs.get(self._run_id, []))

        def write(to: Path, _work: Work) -> None:
            with replacing(to) as file:
                file.write(text.encode())

        self.writer.write(path, write, can_cancel=False)


def _ratio(quality: Quality) -> tuple[float, float, float, float]:
    """Return a judgement's step, ratio and the ends of its interval; NaN without a ratio."""
    return quality.step, *(quality.ratio or (np.nan,) * 3)


def _logit_shares(quality: Quality) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return the edges of bins for D's logits, and the share of each kind of image in them."""
    every = np.concatenate(list(quality.logits.values()))
    low, high = np.percentile(every, (0.5, 99.5))
    edges = np.linspace(low, max(high, low + 1e-6), _BINS + 1)
    return edges, {
        name: np.histogram(logits.clip(edges[0], edges[-1]), edges)[0] / len(logits)
        for name, logits in quality.logits.items()
    }


def _with_interval(figure: Figure, scale: float) -> str:
    value, low, high = (number(scale * part) for part in figure)
    return f"<b>{value}</b>\u00a0<small>({low}\u202f–\u202f{high})</small>"
