"""Is it a copy? The training images nearest to the one that z decodes to."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from ganstudio.evaluation.neighbourhood import Near, Neighbourhood
from ganstudio.gui.exploration import Exploration
from ganstudio.gui.widgets.image_strip import ImageStrip
from ganstudio.gui.widgets.thumbnails import Renewal
from ganstudio.gui.widgets.told import Told
from ganstudio.gui.wording import worded

_SIDE = 44  # px of an image, where there is room
_UNUSUAL = 0.05  # of held-out images lie nearer to training: what is nearer still is remarkable
_LINES = 3  # of a sentence; the whole of a longer one is its tooltip


class NearView(QWidget):
    """Two rows of images, near in pixels and in features, and how near that is.

    Signals:
        wanted(): the neighbours of where z is now are to be found.
        picture_chosen(object): a training image, (C, H, W) uint8, whose z is to be looked for.
    """

    wanted = Signal()
    picture_chosen = Signal(object)

    def __init__(self, exploration: Exploration, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows = {
            "pixels": _Row(
                "pixels",
                self.tr("By pixels"),
                self.tr("Distances are root mean squares, of pixels in [0, 1]."),
            ),
            "features": _Row(
                "features",
                self.tr("By what a classifier of digits sees"),
                self.tr("Distances are root mean squares, of the network's features."),
            ),
        }
        self._progress = 0.0
        self._found: Neighbourhood | None = None
        self._images = Renewal(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for row in self._rows.values():
            row.strip.clicked.connect(lambda place, row=row: self._on_clicked(row, place))
            layout.addWidget(row)
        layout.addStretch(1)
        exploration.changed.connect(self._images.renew)
        self._images.wanted.connect(self.wanted)
        self._show()

    def snapshot_changed(self) -> None:
        """Learn that the generator has changed."""
        self._images.renew()

    def set_progress(self, progress: float) -> None:
        """Show how far the look at all training images is, in [0, 1]."""
        self._progress = progress
        self._show()

    def set_found(self, found: Neighbourhood | None) -> None:
        """Show what is near; None if that is not known."""
        self._found = found
        self._show()

    @property
    def has_answer(self) -> bool:
        """Whether anything is shown."""
        return self._found is not None and self._found.pixels is not None

    def _show(self) -> None:
        found = self._found
        looking = self.tr("Looking at all training images… {percent}\u00a0%").format(
            percent=int(100 * self._progress)
        )
        pixels = found.pixels if found else None
        features = found.features if found else None
        unfit = found.unfit if found else None
        self._rows["pixels"].show_near(pixels, looking)
        self._rows["features"].show_near(
            features,
            self.tr("Features say nothing here: {reason}").format(reason=worded(unfit))
            if unfit
            else looking,
        )

    def _on_clicked(self, row: "_Row", place: int) -> None:
        if row.near is not None:
            self.picture_chosen.emit(row.near.images[place])

    def showEvent(self, event: QShowEvent) -> None:
        """Find what is near by now."""
        super().showEvent(event)
        self._images.renew()


class _Row(QWidget):
    """A title, the images, and how near they are."""

    def __init__(self, name: str, title: str, unit: str) -> None:
        super().__init__()
        self._unit = unit
        self.near: Near | None = None
        heading = QLabel(title)
        font = heading.font()
        font.setBold(True)
        heading.setFont(font)
        heading.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.strip = ImageStrip(_SIDE)
        self.strip.setObjectName(f"near_{name}")
        self.strip.setAccessibleName(
            self.tr("Training images near to this one: {by}").format(by=title)
        )
        self.strip.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._words = Told(f"near_{name}_words", _LINES)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(heading)
        layout.addWidget(self.strip)
        layout.addWidget(self._words)

    def show_near(self, near: Near | None, otherwise: str) -> None:
        """Show what is near, or why nothing is shown."""
        self.near = near
        self.strip.set_images(None if near is None else near.images)
        self._words.set_text(otherwise if near is None else self._verdict(near))
        tip = self.tr("A click, or Enter, looks for its z.")
        if near is not None:
            tip = self.tr("{tip} The nearest is {distance:.3g} away. {unit}").format(
                tip=tip, distance=near.distance, unit=self._unit
            )
        self.strip.setToolTip(tip)

    def _verdict(self, near: Near) -> str:
        if near.share is None:
            return self.tr("Too few images are held out to tell whether that is near")
        if near.share == 0:
            return self.tr(
                "None of {count} held-out images has a training image so near: this may be a copy"
            ).format(count=near.among)
        if near.share < _UNUSUAL:
            percent = self.tr("fewer than 1") if near.share < 0.01 else f"{100 * near.share:.0f}"
            text = self.tr(
                "Unusually near: only {percent}\u00a0% of held-out images have a nearer "
                "training image"
            )
            return text.format(percent=percent)
        return self.tr(
            "No copy: {percent:.0f}\u00a0% of held-out images have a training image that is nearer"
        ).format(percent=100 * near.share)
