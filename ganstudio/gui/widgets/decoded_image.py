"""The decoded image, large, with D's verdict and the step of the generator beside it."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ganstudio.gui.widgets.image_view import ImageView
from ganstudio.gui.widgets.steady import Steady

_SIDE = 168  # px, at least: six times 28
_TEXT = 18  # characters beside the image


class DecodedImage(QWidget):
    """A square image, what there is to say about it, and what can be done with it: `buttons`."""

    def __init__(self, *buttons: QWidget) -> None:
        super().__init__()
        self._image = ImageView(self.tr("The decoded digit appears here"))
        self._image.setObjectName("decoded_image")
        self._image.setAccessibleName(self.tr("Decoded image"))
        self._image.setToolTip(self.tr("What the generator makes of z"))
        self._image.setMinimumSize(_SIDE, _SIDE)
        self._verdict = self._text("verdict")
        self.set_judges_codes(False)
        self._step = self._text("decoded_step")
        self._step.setToolTip(self.tr("The training step of the generator that drew the image"))
        texts = QWidget()
        column = QVBoxLayout(texts)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._verdict)
        column.addWidget(self._step)
        column.addStretch(1)
        for button in buttons:
            column.addWidget(button)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self._image)
        layout.addWidget(Steady(texts, self._widest_word), 1)

    def set_judges_codes(self, codes: bool) -> None:
        """Word the verdict as that of an autoencoder's D, or of one that judges images."""
        self._judges_codes = codes
        self._verdict.setToolTip(
            self.tr(
                "How D, the discriminator, ranks z: the share of held-out images whose codes it "
                "finds less like draws from the prior. An autoencoder's D judges codes, no images."
            )
            if codes
            else self.tr(
                "How D, the discriminator, ranks the image: the share of held-out real images that "
                "it finds less real. While D trains its opinion swings from step to step; Hold "
                "this step keeps one."
            )
        )

    def set_image(
        self, image: NDArray[np.uint8], rank: float | None, step: int, *, learned: bool
    ) -> None:
        """Show a (C, H, W) uint8 image of `step`, and its rank among held-out images, in [0, 1].

        A D that has not `learned` anything has no opinion.
        """
        verdict = "" if rank is None else self._verdict_text(rank)
        if not learned:
            verdict = self.tr("D has learned nothing yet")
        self._image.set_image(image)
        self._verdict.setText(verdict)
        self._verdict.setVisible(bool(verdict))
        self._step.setText(self.tr("step {step:,}").format(step=step))
        self._image.setAccessibleDescription(f"{self._step.text()}. {verdict}")

    def fit(self, width: int, height: int) -> None:
        """Ask for the largest crisp image that leaves `width` room for the text."""
        text = _TEXT * self.fontMetrics().averageCharWidth()
        self._image.set_preferred_side(max(_SIDE, min(height, width - text)))

    def _verdict_text(self, rank: float) -> str:
        if self._judges_codes:
            text = self.tr(
                "More like a draw from the prior to D than {percent}\u00a0% of encoded images"
            )
        else:
            text = self.tr("More real to D than {percent}\u00a0% of held-out images")
        return text.format(percent=round(100 * rank))

    def _widest_word(self, metrics: QFontMetrics) -> int:
        """Return the room for every word of the longest verdict."""
        words = self._verdict_text(1.0).split(" ")
        return max(map(metrics.horizontalAdvance, words))

    def _text(self, object_name: str) -> QLabel:
        label = QLabel()
        label.setObjectName(object_name)
        label.setWordWrap(True)
        return label
