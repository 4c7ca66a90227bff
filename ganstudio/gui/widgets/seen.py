"""Whether anybody can see a widget."""

from PySide6.QtWidgets import QWidget


def is_seen(widget: QWidget) -> bool:
    """Return whether it is shown and no other dock's tab is before it: Qt calls both visible."""
    return widget.isVisible() and not widget.visibleRegion().isEmpty()
