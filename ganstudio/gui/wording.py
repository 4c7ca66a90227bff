"""The window's words: translated texts, and those for what the engine reports."""

from PySide6.QtCore import QCoreApplication

from ganstudio.errors import MESSAGES, PHRASES, Phrase, StudioError
from ganstudio.gui.setting_texts import setting_texts

translate = QCoreApplication.translate  # by this name the translation tools find the strings

_SETTINGS = ("field", "what", "rate")  # fields that may hold a setting's name


def worded(said: StudioError | Phrase) -> str:
    """Return the translated message of an error, or a phrase in it, its fields filled in."""
    table = PHRASES if isinstance(said, Phrase) else MESSAGES
    fields = {name: _in_words(name, value) for name, value in said.fields.items()}
    return translate("errors", table[said.code]).format(**fields)


def _in_words(name: str, value: object) -> object:
    """Return a field's value translated where it is words, a setting by its label."""
    if isinstance(value, StudioError | Phrase):
        return worded(value)
    text = setting_texts().get(str(value)) if name in _SETTINGS else None
    return text.label if text else value
