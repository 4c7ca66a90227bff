"""The Samples panel: what G makes of the same latents, again and again, while it learns."""

import numpy as np
from PySide6.QtCore import QSettings, Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ganstudio.gui.latent_layout import LatentLayout
from ganstudio.gui.widgets.sample_grid import SampleGrid
from ganstudio.gui.widgets.start_card import StartCard
from ganstudio.gui.widgets.steady import Steady
from ganstudio.gui.widgets.time_line import TimeLine
from ganstudio.gui.widgets.toggle import ToggleButton
from ganstudio.gui.widgets.what_if_bar import WhatIfBar
from ganstudio.gui.widgets.wheel import ignore_wheel_unless_focused
from ganstudio.images import Pixels, grid
from ganstudio.latent.spec import LatentSpec
from ganstudio.training.status import RunInfo

COUNTS = (16, 36, 64, 100)
_DEFAULT = 64
_PAIR_SHARE = 4  # so many samples for each reconstruction: a pair takes more room
_MOST_PAIRS = 16  # a piece of the decode thread's work, which the large image waits for


class SamplesPanel(QWidget):
    """A grid of samples from fixed latents, real images beside it on request.

    Beside those of an autoencoder there are held-out images and their reconstructions; below is
    the run's time line.

    Signals:
        sample_chosen: the index of the sample that a person clicked.
        averaged_changed: whether a person wants the averaged generator, or the latest.
        count_changed: how many samples a person wants.
        reconstructions_wanted: `pairs` are to be shown from now on.
        start_requested: begin to train.
        trained_chosen(object): the `Path` of a generator that comes with the studio.

    Attributes
    ----------
    time_line : TimeLine
        Earlier steps, to look at.
    what_if : WhatIfBar
        What the samples of another run beside these are.
    rival : str
        The id of that run; "" while there is none.
    """

    sample_chosen = Signal(int)
    averaged_changed = Signal(bool)
    count_changed = Signal(int)
    reconstructions_wanted = Signal()
    start_requested = Signal()
    trained_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._real: Pixels = np.zeros((0, 1, 1, 1), np.uint8)
        self._held_out = self._real
        self._latent = LatentSpec(())
        self._autoencoder = False
        self._wants_averaged = True  # whatever the run has, and steps show
        self._stepping = False  # the latest generator is on show until training starts again
        self._opening = ""  # the name of a checkpoint that is being loaded
        self._shows_averaged = True
        self._ready = False
        self._digits = True
        self._step: int | None = None  # of the images on show
        self.rival = ""
        self._past = False  # they are of an earlier step, which a person chose
        self._opened = False  # the first images have come
        self._grid = self._make_grid("samples_grid", self.tr("Samples"), selectable=True)
        self._grid.chosen.connect(self.sample_chosen)
        self._real_grid = self._make_grid("real_grid", self.tr("Real images"), selectable=False)
        self._card = StartCard()
        self._card.start_clicked.connect(self.start_requested)
        self._card.trained_chosen.connect(self.trained_chosen)
        header = self._make_header()

        generated = QGridLayout()  # the card lies over the grid
        generated.setContentsMargins(0, 0, 0, 0)
        generated.addWidget(self._grid, 0, 0)
        generated.addWidget(self._card, 0, 0, Qt.AlignmentFlag.AlignCenter)
        self._captions = [QLabel(), QLabel()]
        self.what_if = WhatIfBar()
        body = QGridLayout()
        body.setSpacing(4)
        for column, caption in enumerate(self._captions):
            caption.setAlignment(Qt.AlignmentFlag.AlignCenter)
            body.addWidget(caption, 0, column)
            body.setColumnStretch(column, 1)
        body.addLayout(generated, 1, 0)
        body.addWidget(self._real_grid, 1, 1)
        body.setRowStretch(1, 1)
        self._body = body

        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 4, 6, 6)
        layout.setSpacing(4)
        layout.addWidget(self.what_if)
        layout.addLayout(header)
        layout.addLayout(body, 1)
        self.time_line = TimeLine()
        layout.addWidget(self.time_line)
        self._arrange()
        self._renew()

    def set_run(self, info: RunInfo) -> None:
        """Make ready for the images of a run."""
        self._ready = True
        self._digits = info.config.dataset in ("mnist", "stacked-mnist")
        self._step = None
        self._past = False
        self.time_line.clear()
        self.set_rival("", "")
        self._real, self._held_out, self._latent = info.real, info.held_out, info.latent
        choices = LatentLayout.of(info.latent, info.config.dataset).choices
        names = choices[0].options if choices else ()
        self._grid.set_column_names(names)
        self._real_grid.set_column_names(names if info.latent.classes else ())
        nothing = np.zeros((0, *info.image_shape), np.uint8)
        self._grid.set_images(nothing)
        self._real_grid.set_images(nothing)
        self._fill_counts()
        self._autoencoder = info.autoencoder
        self._pairs_box.setVisible(info.autoencoder)
        self._real_box.setHidden(info.autoencoder)
        self._arrange()
        self._averaged_button.setEnabled(info.averaged)
        reason = self.tr("This run has no averaged generator: its EMA decay is 0.")
        self._averaged_button.setToolTip(self._averaged_tip() if info.averaged else reason)
        self._check_generator()
        self._show_real()
        self._renew()

    def set_past(self, step: int | None) -> None:
        """Say that an earlier step is on show, which all panels show; None is now."""
        self._past = step is not None
        self.time_line.set_past(step)
        self._show_step()

    def set_images(self, images: Pixels, step: int) -> None:
        """Show samples of `step`, (N, C, H, W) uint8."""
        self._grid.set_images(images)
        self._arrived(step)

    def set_partial(self, start: int, images: Pixels, step: int) -> None:
        """Show a piece of the grid, of `step`: the samples from number `start` on."""
        shown = self._grid.images()
        shape = (self.count(), *images.shape[1:])
        if shown.shape != shape:
            whole = np.zeros(shape, np.uint8)
            if shown.shape[1:] == shape[1:]:
                kept = min(len(shown), len(whole))
                whole[:kept] = shown[:kept]
            self._grid.set_images(whole)
        self._grid.set_cells(start, images[: max(0, shape[0] - start)])
        self._arrived(step)

    def set_marked(self, index: int | None) -> None:
        """Frame the sample whose z is explored, or none."""
        self._grid.set_marked(index)

    def show_latest(self) -> None:
        """Show the latest generator for a while: a step hardly moves the average."""
        self._stepping = True
        self._check_generator()

    def show_chosen(self) -> None:
        """Show the generator that the person chose again, averaged or latest."""
        self._stepping = False
        self._check_generator()

    def set_reconstructions(self, images: Pixels) -> None:
        """Show what the first held-out images come out as, (N, C, H, W) uint8, beside these."""
        if self.pairs():
            inputs = self._held_out[: len(images)]
            between = images.shape[3] // 8  # columns on both sides, so that pairs stand apart
            pairs = np.concatenate([inputs, images], axis=3)
            self._real_grid.set_images(np.pad(pairs, (*3 * [(0, 0)], (between, between))))

    def set_rival(self, run_id: str, text: str) -> None:
        """Show the samples of another run beside these, A | B; "" shows none."""
        if run_id != self.rival:
            self.rival = run_id
            self.what_if.set_text(text)
            self.time_line.set_busy(bool(run_id))
            self._real_grid.set_images(np.zeros((0, *self._real.shape[1:]), np.uint8))
            self._arrange()
            self._show_real()
            self.reconstructions_wanted.emit()

    def set_rival_images(self, images: Pixels, run_id: str) -> None:
        """Show that run's samples, (N, C, H, W) uint8."""
        if run_id == self.rival:
            self._real_grid.set_images(images)

    def pairs(self) -> int:
        """Return how many held-out images and their reconstructions are wanted."""
        shown = self._autoencoder and self._pairs_box.isChecked() and not self.rival
        most = min(self.count() // _PAIR_SHARE, _MOST_PAIRS, len(self._held_out))
        return most if shown else 0

    def averaged(self) -> bool:
        """Return whether the averaged generator is wanted, and there is one."""
        return self._averaged_button.isChecked()

    def count(self) -> int:
        """Return how many samples are wanted, in whole rows where there are columns."""
        return self._latent.whole_rows(int(self._counts.currentData()))

    def set_opening(self, name: str) -> None:
        """Name the checkpoint that is being loaded; "" for none."""
        self._opening = name
        self._renew()

    def images(self) -> Pixels:
        """Return the samples as they are now, (N, C, H, W) uint8."""
        return self._grid.images().copy()

    def sheet(self) -> Pixels:
        """Return the samples in rows, (H, W, C) uint8."""
        return grid(self._grid.images(), self._latent.columns)

    # Construction

    def _make_grid(self, name: str, label: str, *, selectable: bool) -> SampleGrid:
        widget = SampleGrid(selectable=selectable)
        widget.setObjectName(name)
        widget.setAccessibleName(label)
        return widget

    def _make_header(self) -> QHBoxLayout:
        latest = self.tr("The generator as it is after the newest step")
        self._averaged_button = self._toggle(
            "averaged_button", self.tr("Averaged"), self._averaged_tip()
        )
        self._latest_button = self._toggle("latest_button", self.tr("Latest"), latest)
        self._averaged_button.setChecked(True)
        group = QButtonGroup(self)  # one of the two is always checked
        group.addButton(self._averaged_button)
        group.addButton(self._latest_button)
        group.buttonClicked.connect(self._on_generator_clicked)

        tip = self.tr("Show training images beside the samples")
        self._real_box = self._toggle("real_images", self.tr("Real images"), tip)
        self._real_box.setChecked(str(QSettings().value("samples/real")) == "true")
        self._real_box.toggled.connect(self._on_real_toggled)
        tip = self.tr(
            "Show images that the autoencoder never trains on, each with its reconstruction on its "
            "right"
        )
        self._pairs_box = self._toggle("reconstructions", self.tr("Reconstructions"), tip)
        self._pairs_box.setChecked(str(QSettings().value("samples/pairs", "true")) == "true")
        self._pairs_box.toggled.connect(self._on_pairs_toggled)
        self._pairs_box.hide()  # until there is an autoencoder

        self._counts = QComboBox()
        self._counts.setObjectName("sample_count")
        self._counts.setAccessibleName(self.tr("Number of samples"))
        self._counts.setMinimumHeight(26)
        ignore_wheel_unless_focused(self._counts)
        for count in COUNTS:
            self._counts.addItem("", count)
        self._fill_counts()
        kept = str(QSettings().value("samples/count", _DEFAULT))
        self._last_count = int(kept) if kept in map(str, COUNTS) else _DEFAULT
        self._counts.setCurrentIndex(COUNTS.index(self._last_count))
        self._counts.activated.connect(self._on_count_activated)

        self._step_label = QLabel()
        self._step_label.setObjectName("samples_step")
        self._step_label.setToolTip(self.tr("The training step whose generator made these samples"))

        segments = QHBoxLayout()
        segments.setSpacing(0)
        segments.addWidget(self._averaged_button)
        segments.addWidget(self._latest_button)
        header = QHBoxLayout()
        header.setSpacing(10)
        header.addLayout(segments)
        header.addWidget(self._real_box)
        header.addWidget(self._pairs_box)
        header.addWidget(self._counts)
        end = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        self._step_label.setAlignment(end)
        self._step_label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._step_room = Steady(
            self._step_label, lambda metrics: metrics.horizontalAdvance("000,000")
        )
        self._step_room.resized.connect(self._show_step)
        header.addWidget(self._step_room, 1)
        return header

    def _toggle(self, name: str, text: str, tip: str) -> QToolButton:
        button = ToggleButton(text)
        button.setObjectName(name)
        button.setToolTip(tip)
        return button

    def _averaged_tip(self) -> str:
        return self.tr(
            "The running average of the generator's weights (EMA): steadier, and some steps behind"
        )

    # What is on show

    def _arrived(self, step: int) -> None:
        self._step = step
        self._opened = True
        self._renew()

    def _renew(self) -> None:
        """Renew the step and the card."""
        self._show_step()
        loading = not self._ready and self._step is None
        self._card.set_loading(loading, self._opening, digits=self._digits)
        self._card.setVisible(self._step == 0 or not self._opened)

    def _show_step(self) -> None:
        """Show the step, without the word where there is no room for it."""
        number = "" if self._step is None else f"{self._step:,}"
        text = self.tr("step {step}").format(step=number) if number else ""
        if self._past:
            text = self.tr("step {step}, earlier").format(step=number)
        fits = self._step_label.fontMetrics().horizontalAdvance(text) <= self._step_room.width()
        self._step_label.setText(text if fits else number)

    def _check_generator(self) -> None:
        wanted = self._wants_averaged and not self._stepping
        self._shows_averaged = wanted and self._averaged_button.isEnabled()
        button = self._averaged_button if self._shows_averaged else self._latest_button
        button.setChecked(True)

    def _fill_counts(self) -> None:
        """Offer numbers of samples that fill whole rows."""
        for index, count in enumerate(COUNTS):
            self._counts.setItemText(index, str(self._latent.whole_rows(count)))
        self._counts.setToolTip(
            self.tr("How many samples the grid shows, in whole rows")
            if self._latent.columns
            else self.tr("How many samples the grid shows")
        )

    def _show_real(self) -> None:
        if self._real_box.isChecked() and not self._autoencoder and not self.rival:
            self._real_grid.set_images(self._real[: self.count()])

    # Slots

    def _on_generator_clicked(self) -> None:
        changed = self.averaged() != self._shows_averaged
        if changed or self._stepping:  # a click on what steps show chooses it as well
            self._shows_averaged = self._wants_averaged = self.averaged()
            self._stepping = False
        if changed:
            self.averaged_changed.emit(self.averaged())

    def _on_real_toggled(self, shown: bool) -> None:
        QSettings().setValue("samples/real", "true" if shown else "false")
        self._arrange()
        self._show_real()

    def _on_pairs_toggled(self, shown: bool) -> None:
        QSettings().setValue("samples/pairs", "true" if shown else "false")
        self._arrange()
        if shown:
            self.reconstructions_wanted.emit()

    def _arrange(self) -> None:
        """Give what is beside the samples room, or all of it to the samples."""
        shown = (self._pairs_box if self._autoencoder else self._real_box).isChecked()
        shown = shown or bool(self.rival)
        self._captions[0].setText(self.tr("A") if self.rival else self.tr("Generated"))
        for box in (self._real_box, self._pairs_box):
            box.setEnabled(not self.rival)
        if self.rival:
            self._captions[1].setText(self.tr("B"))
            self._real_grid.setAccessibleName(self.tr("Samples of B"))
        elif self._autoencoder:
            self._captions[1].setText(self.tr("Held out, reconstructed"))
            self._real_grid.setAccessibleName(self.tr("Held-out images and their reconstructions"))
        else:
            self._captions[1].setText(self.tr("Real"))
            self._real_grid.setAccessibleName(self.tr("Real images"))
        self._real_grid.setVisible(shown)
        for caption in self._captions:
            caption.setVisible(shown)
        self._body.setColumnStretch(1, int(shown))

    def _on_count_activated(self) -> None:
        count = int(self._counts.currentData())
        if count != self._last_count:
            self._last_count = count
            QSettings().setValue("samples/count", count)
            self._show_real()
            self.count_changed.emit(self.count())
