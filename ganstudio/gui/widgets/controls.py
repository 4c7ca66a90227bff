"""Buttons and lists of the latent panel's tabs: named, reached by Tab, no wider than need be."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QPushButton

from ganstudio.gui.widgets.wheel import ignore_wheel_unless_focused


def push_button(object_name: str, text: str, tip: str, name: str = "") -> QPushButton:
    """Return a button; `name` is its accessible one where `text` is but a sign."""
    button = QPushButton(text)
    button.setObjectName(object_name)
    button.setAccessibleName(name or text)
    button.setToolTip(tip)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setMinimumSize(28, 26)
    return button


def narrow_combo(
    object_name: str, name: str, characters: int, entries: Sequence[str] = ()
) -> QComboBox:
    """Return a list whose field needs room for but a few characters."""
    combo = QComboBox()
    combo.setObjectName(object_name)
    combo.setAccessibleName(name)
    combo.setToolTip(name)
    combo.addItems(list(entries))
    combo.setMinimumHeight(26)
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(characters)
    ignore_wheel_unless_focused(combo)
    return combo
