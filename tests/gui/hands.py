"""Where a hand takes hold of things, and how long it waits for them."""

from typing import Any

from PySide6.QtCore import QRect
from PySide6.QtWidgets import QSlider, QStyle, QStyleOptionSlider, QWidget

WAIT = 60_000  # ms; only a hang takes so long


def handle(slider: QSlider) -> QRect:
    """Return where the handle of a slider is, in the slider's pixels."""
    option = QStyleOptionSlider()
    slider.initStyleOption(option)
    part = QStyle.SubControl.SC_SliderHandle
    return slider.style().subControlRect(QStyle.ComplexControl.CC_Slider, option, part, slider)


def child(parent: QWidget, kind: type, name: str) -> Any:
    """Return the widget of a name, which there must be."""
    found = parent.findChild(kind, name)
    assert found is not None, name
    return found
