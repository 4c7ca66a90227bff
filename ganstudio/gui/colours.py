"""The colours of curves and marks: the Okabe-Ito palette, which colour-blind people tell apart.

M. Okabe and K. Ito, "Color Universal Design", 2008. Curves differ by line style as well.
"""

from PySide6.QtGui import QColor, QPalette

BLUE = "#0072B2"
SKY = "#56B4E9"
VERMILLION = "#D55E00"
ORANGE = "#E69F00"
GREEN = "#009E73"
PURPLE = "#CC79A7"
YELLOW = "#F0E442"
GREY = "#999999"
TEN = (BLUE, SKY, VERMILLION, ORANGE, GREEN, PURPLE, YELLOW, GREY, "#882255", "#FFFFFF")
"""For ten digits, which words tell apart as well."""


def rgb(colour: str) -> tuple[int, int, int]:
    """Return red, green and blue of a ``#RRGGBB``, in [0, 255]."""
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue


def is_dark(palette: QPalette) -> bool:
    """Tell whether `palette` is of a dark theme."""
    return palette.window().color().lightness() < palette.windowText().color().lightness()


def faded(colour: QColor, alpha: int) -> QColor:
    """Return a colour with an opacity of `alpha`, of 255."""
    faded = QColor(colour)
    faded.setAlpha(alpha)
    return faded
