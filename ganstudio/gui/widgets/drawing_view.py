"""Find an image: draw it, open it or take a real one, and see what G answers."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QThreadPool, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFileDialog,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from ganstudio.data import pictures
from ganstudio.errors import StudioError
from ganstudio.gui.folders import file_folder
from ganstudio.gui.threads.lanes import Verdict
from ganstudio.gui.widgets.canvas import WHOLE, Canvas, Page
from ganstudio.gui.widgets.check_box import CheckBox
from ganstudio.gui.widgets.controls import push_button
from ganstudio.gui.widgets.image_view import ImageView
from ganstudio.gui.widgets.told import Told
from ganstudio.latent.directions import DIGITS
from ganstudio.training.status import RunInfo

Pixels = NDArray[np.uint8]

_STRANGE = 0.05  # of held-out images are farther from training: D has not been shown the like


class DrawingView(QWidget):
    """A page beside what G makes of it, and what D thinks of it.

    Signals:
        find_wanted(object): the z of an image, (C, H, W) uint8.
        judge_wanted(): D's verdict on the target.
        edited(str, object, object): what was done to the page, and the `Page` before and after.
        failed: a `StudioError`: what was opened is no picture.
        opened(): it is one, and can be seen.

    Attributes
    ----------
    target : (C, H, W) uint8 or None
        What is looked for.
    """

    find_wanted = Signal(object)
    judge_wanted = Signal()
    edited = Signal(str, object, object)
    failed = Signal(object)
    opened = Signal()
    _read = Signal(int, object, object)  # its number, the run's id, and the picture
    _unread = Signal(int, object)  # its number, and why it could not be opened

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._info: RunInfo | None = None
        self.target: Pixels | None = None
        self._wishes: NDArray[np.float32] | None = None
        self._field = WHOLE  # where the target is on the page
        self._real = 0  # which held-out image comes next
        self._reading = 0  # rises with every target and file: what was opened before is dropped
        self.setAcceptDrops(True)
        self._build()
        self._connect()

    # what the owner calls

    def set_run(self, info: RunInfo) -> None:
        """Find in another run; a target that its images could be stays."""
        kept = self.target
        self._info = info
        if kept is not None and kept.shape != info.image_shape:
            self._show_page(None)
        self._show_found(None)
        self._real = 0
        self.judge_again()

    def judge_again(self) -> None:
        """Ask what D thinks of the target: the drawing has changed, or D has."""
        self._find.setEnabled(self.target is not None)
        if self.target is not None and self.isVisible():
            self.judge_wanted.emit()

    def set_verdict(self, verdict: Verdict) -> None:
        """Show how well the target passes for a real image, and where D wants more ink or less."""
        if self.target is None:
            return
        self._wishes = verdict.wishes
        self._show_wishes()
        if verdict.final:  # else the words are about to change once more
            self._verdict.set_text(self._words(verdict))

    def _words(self, verdict: Verdict) -> str:
        if verdict.rank is None:
            return self.tr("D has learned nothing yet")
        by_D = self._by_D().format(percent=round(100 * verdict.rank))
        if not verdict.accepts:
            return self.tr(
                "{by_D}. None passes now: it rejects even those, once they are drawn anew"
            ).format(by_D=by_D)
        if verdict.convincing is None or verdict.typical is None:
            return by_D
        passing = self.tr("Passes better than {percent}\u00a0% of held-out images").format(
            percent=round(100 * verdict.convincing)
        )
        if verdict.typical < min(_STRANGE, verdict.rank):
            percent = round(100 * verdict.rank)
            return self.tr(
                "{passing}. D alone would say {percent}\u00a0%: it has never been shown the like"
            ).format(passing=passing, percent=percent)
        return passing

    def _by_D(self) -> str:
        """Return how D's rank is told; an autoencoder's D judges the code of what is drawn."""
        if self._info is not None and self._info.autoencoder:
            return self.tr(
                "More like a draw from the prior to D than {percent}\u00a0% of encoded images"
            )
        return self.tr("More real to D than {percent}\u00a0% of held-out images")

    def set_found(self, image: Pixels, error: float, step: int) -> None:
        """Show what the generator of a step drew of what was found, (C, H, W) uint8.

        `error` is its mean squared difference in [0, 1].
        """
        self._show_found(image)
        text = self.tr("G's answer at step {step:,}: mean square error {error:.2g}")
        self._told.set_text(text.format(step=step, error=error))

    def show_picture(self, image: Pixels, text: str) -> None:
        """Look for an image, (C, H, W) uint8 of the run's shape; `text` names what was done."""
        before = self._canvas.content()
        self._show_page(image)
        self.edited.emit(text, before, self._canvas.content())

    def set_page(self, page: Page) -> None:
        """Take over a page, as undo does, unless its picture could not be one of this run."""
        if page.picture is None:
            self._canvas.set_content(page)
            self._on_drawn()
        elif self._info is not None and page.picture.shape == self._info.image_shape:
            self._show_page(page.picture)

    def look_for(self, image: Pixels) -> None:
        """Find the z of an image at once."""
        self.show_picture(image, self.tr("look for a training image"))
        self._find.setFocus()
        self.find_wanted.emit(self.target)

    # what is looked for

    def _on_lifted(self, before: Page) -> None:
        self.edited.emit(self.tr("draw"), before, self._canvas.content())

    def _show_page(self, image: Pixels | None) -> None:
        self._canvas.show_picture(image)
        self._field = WHOLE
        self._set_target(image)

    def _set_target(self, image: Pixels | None) -> None:
        self._reading += 1
        self.target = image
        self._show_found(None)
        if image is None:
            self._verdict.set_text("")
            self._wishes = None
        self._show_wishes()
        self.judge_again()

    def _on_drawn(self) -> None:
        """Make an image of the model's of what is drawn."""
        if self._info is None:
            return
        channels, height, width = self._info.image_shape
        self._field = WHOLE
        if self._canvas.is_blank():
            self._set_target(None)
        elif self._info.config.dataset in DIGITS:
            fitted = pictures.fitted(self._canvas.page(), height)
            self._field = QRectF(fitted.left, fitted.top, fitted.size, fitted.size)
            self._set_target(fitted.image[None])
        else:
            page = pictures.resized(self._canvas.page(), (height, width))
            self._set_target(np.repeat(page[None], channels, axis=0))

    def _clear(self) -> None:
        before, was_blank = self._canvas.content(), self.target is None
        self._show_page(None)
        if not was_blank:
            self.edited.emit(self.tr("clear the page"), before, self._canvas.content())

    def _take_real(self) -> None:
        if self._info is not None and len(self._info.held_out):
            image = self._info.held_out[self._real % len(self._info.held_out)]
            self._real += 1
            self.show_picture(image, self.tr("look for a real image"))

    def _ask_picture(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self,
            self.tr("Open picture"),
            str(file_folder()),
            self.tr("Pictures (*.png *.jpg *.jpeg *.bmp *.gif *.webp *.tif *.tiff)"),
        )
        if name:
            self.open(Path(name))

    def open(self, path: Path) -> None:
        """Read a picture in the background and look for it."""
        info = self._info
        if info is None:
            return
        self._reading += 1
        number = self._reading
        self._told.set_text(self.tr("Reading {name}…").format(name=path.name))

        def read() -> None:
            try:
                image = pictures.read(path, info.image_shape, digit=info.config.dataset in DIGITS)
            except StudioError as error:
                if isValid(self):
                    self._unread.emit(number, error)
            else:
                if isValid(self):
                    self._read.emit(number, info.run_id, image)

        QThreadPool.globalInstance().start(read)

    def _on_unread(self, number: int, error: StudioError) -> None:
        if number == self._reading:
            self._told.set_text("")
            self.failed.emit(error)

    def _on_read(self, number: int, run_id: str, image: Pixels) -> None:
        if self._info is not None and run_id == self._info.run_id and number == self._reading:
            self.show_picture(image, self.tr("open a picture"))
            self.opened.emit()

    # what is shown

    def _show_found(self, image: Pixels | None) -> None:
        self._result.set_image(image)
        self._told.set_text("")

    def _show_wishes(self) -> None:
        self._canvas.show_wishes(self._wishes if self._wants.isChecked() else None, self._field)

    # the widgets

    def _build(self) -> None:
        self._canvas = Canvas(self.tr("Draw here, or drop a picture"))
        self._canvas.setObjectName("canvas")
        self._canvas.setAccessibleName(self.tr("Drawing"))
        self._canvas.setToolTip(
            self.tr(
                "Draw with the left button, rub out with the right; or drop a picture here. The "
                "frame holds what D and G are given: a digit in its middle, as large as MNIST's."
            )
        )
        self._result = ImageView(self.tr("What G answers"))
        self._result.setObjectName("found_image")
        self._result.setAccessibleName(self.tr("Found image"))
        self._result.setToolTip(self.tr("The nearest that the generator draws"))
        self._result.setMinimumSize(96, 96)
        self._verdict, self._told = Told("drawing_verdict", 3), Told("found_error", 1)
        self._find = push_button(
            "find_z",
            self.tr("Let G answer"),
            self.tr("Find the z whose image is the nearest, and move the sliders there"),
        )
        self._find.setEnabled(False)
        self._erase = push_button("clear_canvas", self.tr("Clear"), self.tr("Begin a new page"))
        self._open = push_button(
            "open_picture", self.tr("Open…"), self.tr("Look for a picture of any size and colours")
        )
        self._take = push_button(
            "real_image", self.tr("Real image"), self.tr("Look for an image that was held out")
        )
        self._wants = CheckBox(self.tr("What D wants"))
        self._wants.setObjectName("show_wishes")
        self._wants.setAccessibleName(self.tr("What D wants"))
        self._wants.setToolTip(
            self.tr(
                "Colour where D would find the image more real with more ink (orange) or with "
                "less (blue): the gradient of its verdict by the pixels"
            )
        )
        self._wants.setMinimumHeight(24)
        self._pages, row = QBoxLayout(QBoxLayout.Direction.LeftToRight), QHBoxLayout()
        for page in (self._canvas, self._result):
            self._pages.addWidget(page, 1)
        for button in (self._erase, self._open, self._take):
            row.addWidget(button, 1)
        last = QHBoxLayout()
        last.addWidget(self._find, 1)
        last.addWidget(self._wants)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(row)
        layout.addLayout(self._pages, 1)
        layout.addWidget(self._verdict)
        layout.addWidget(self._told)
        layout.addLayout(last)

    def _connect(self) -> None:
        self._canvas.drawn.connect(self._on_drawn)
        self._canvas.lifted.connect(self._on_lifted)
        self._erase.clicked.connect(self._clear)
        self._open.clicked.connect(self._ask_picture)
        self._take.clicked.connect(self._take_real)
        self._find.clicked.connect(lambda: self.find_wanted.emit(self.target))
        self._wants.toggled.connect(self._show_wishes)
        self._read.connect(self._on_read)
        self._unread.connect(self._on_unread)

    def showEvent(self, event: QShowEvent) -> None:
        """Hear what D thinks by now."""
        super().showEvent(event)
        self.judge_again()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put what G answers below the page where that makes both larger."""
        super().resizeEvent(event)
        tall = self._pages.geometry().height() > 1.2 * self._pages.geometry().width()
        way = QBoxLayout.Direction.TopToBottom if tall else QBoxLayout.Direction.LeftToRight
        self._pages.setDirection(way)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take pictures."""
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths and paths[0].suffix.lower() in pictures.SUFFIXES:
            event.acceptProposedAction()
        else:
            event.ignore()  # the window may know what to do with it

    def dropEvent(self, event: QDropEvent) -> None:
        """Look for a dropped picture."""
        url = next(url for url in event.mimeData().urls() if url.isLocalFile())
        self.open(Path(url.toLocalFile()))
