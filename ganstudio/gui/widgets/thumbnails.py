"""Small images in the tabs of the latent panel, and when they are to be drawn anew."""

from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from ganstudio.latent.spec import Array

INTERVAL = 150  # ms between two times that images are asked for


Colour = Literal["", "rank", "digit"]


class Illustrated(Protocol):
    """A tab that shows small images of its own."""

    @property
    def colour(self) -> Colour:
        """What is wanted to be known of the images, if anything."""

    def snapshot_changed(self) -> None:
        """Learn that the generator has changed."""

    def places(self) -> Array:
        """Return the latents of the images that can be seen: (N, dim) float32."""

    def set_images(self, images: NDArray[np.uint8], values: NDArray[np.float32] | None) -> None:
        """Show what `places` decode to, (N, C, H, W) uint8, and `colour` of each, (N,) float32."""


class Renewal(QObject):
    """Asks for images of a widget that can be seen: at once where that was long ago.

    Signals:
        wanted(): draw them.
    """

    wanted = Signal()

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._widget = widget
        self._again = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(INTERVAL)
        self._timer.timeout.connect(self._on_timeout)

    def renew(self) -> None:
        """Have the images drawn, unless nobody can see them."""
        if not self._widget.isVisible():
            return
        self._again = self._timer.isActive()
        if not self._again:
            self._timer.start()
            self.wanted.emit()

    def _on_timeout(self) -> None:
        if self._again:
            self.renew()
