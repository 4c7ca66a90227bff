"""The window's words for what the engine reports."""

from PySide6.QtCore import QCoreApplication

from ganstudio.errors import MESSAGES, StudioError


def worded(error: StudioError) -> str:
    """Return the translated message of `error`, its fields filled in."""
    return QCoreApplication.translate("errors", MESSAGES[error.code]).format(**error.fields)
