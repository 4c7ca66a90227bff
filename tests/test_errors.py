import ast
import copy
import errno
import re
import string
from pathlib import Path
from pickle import dumps, loads

import pytest

import ganstudio
from ganstudio import parts
from ganstudio.config import SETTINGS
from ganstudio.errors import (
    MESSAGES,
    PHRASES,
    ConfigError,
    Phrase,
    StudioError,
    device_missing,
    reading,
    unknown_name,
    writing,
)

SOURCES = sorted(Path(ganstudio.__file__).parent.rglob("*.py"))


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def made(*classes: str) -> list[tuple[str, int, str, set[str | None]]]:
    """Return file, line, code and fields of every error or phrase with a literal code."""
    found = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in classes
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                fields = {keyword.arg for keyword in node.keywords}
                found.append((path.name, node.lineno, node.args[0].value, fields))
    return found


def test_every_error_in_the_source_fills_its_message():
    errors, phrases = made("StudioError", "ConfigError"), made("Phrase")
    assert len(errors) > 20
    for found, table in ((errors, MESSAGES), (phrases, PHRASES)):
        for file, line, code, fields in found:
            assert code in table, f"{file}:{line}"
            if None not in fields:  # a ** argument cannot be read from here
                assert placeholders(table[code]) <= fields, f"{file}:{line}"


def test_messages_are_sentences():
    assert all(text.endswith(".") and "  " not in text for text in MESSAGES.values())


def test_no_message_names_a_setting_itself():
    """A setting is a field of the message, so that the window can call it by its label."""
    names = "|".join(name for name in SETTINGS if not name.isalpha())  # the others are words, too
    named = {code for code, text in (MESSAGES | PHRASES).items() if re.search(names, text)}
    assert named == {"not-an-assignment"}  # an example for the command line


def test_an_error_carries_code_fields_and_text():
    error = StudioError("latent-mismatch", expected=64, actual=63)
    assert (error.code, error.fields) == ("latent-mismatch", {"expected": 64, "actual": 63})
    assert str(error) == "This generator takes 64 numbers; 63 were given."


def test_a_phrase_is_english_and_remembers_its_code():
    phrase = Phrase("other-size", found="1", expected="2")
    assert str(phrase) == f"{phrase}" == "it holds 1 values instead of 2"
    assert (phrase.code, phrase.fields) == ("other-size", {"found": "1", "expected": "2"})


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda a: loads(dumps(a))])
def test_errors_and_phrases_can_be_copied(copied):
    phrase = Phrase("other-size", found="1", expected="2")
    assert copied(phrase) == phrase
    assert copied(phrase) != Phrase("other-size", found="1", expected="3")
    error = copied(StudioError("damaged-checkpoint", path=Path("a.pt"), detail=phrase))
    assert error.fields == {"path": Path("a.pt"), "detail": phrase}
    assert "it holds 1 values instead of 2" in str(error)


def test_config_errors_are_value_errors():
    assert isinstance(unknown_name("preset", "x", ["y"]), ValueError)
    assert isinstance(device_missing("tpu", ["cpu"]), ConfigError)


def test_unknown_names_hint_only_at_what_is_near():
    near = str(unknown_name("model", "mlp_gelu", ["mlp-gelu", "conv"]))
    assert near == (
        "There is no model called “mlp_gelu”. Did you mean “mlp-gelu”? Known: conv, mlp-gelu."
    )
    far = str(unknown_name("model", "{name} %s", ["conv"]))
    assert far == "There is no model called “{name} %s”. Known: conv."


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "disk-full"),
        (errno.EDQUOT, "disk-full"),
        (errno.EACCES, "cannot-write"),
        (errno.EROFS, "cannot-write"),
    ],
)
def test_refusals_to_write(number: int, code: str):
    with pytest.raises(StudioError) as caught, writing(Path("there")):
        raise OSError(number, "the reason")
    assert caught.value.code == code
    assert "there" in str(caught.value)
    assert isinstance(caught.value.__cause__, OSError)


def test_refusals_to_read():
    with pytest.raises(StudioError) as caught, reading(Path("there")):
        raise OSError(errno.EIO, "the reason")
    assert str(caught.value) == "there cannot be read: the reason."


def test_other_errors_pass():
    with pytest.raises(KeyError), writing(Path("there")), reading(Path("there")):
        raise KeyError


@pytest.mark.parametrize("kind", [parts.MODEL, parts.OBJECTIVE, parts.DATASET])
def test_every_part_loads(kind: str):
    assert parts.names(kind)
    for name in parts.names(kind):
        assert parts.load(kind, name).__doc__


@pytest.mark.parametrize(
    ("kind", "word"), [(parts.MODEL, "model"), (parts.DATASET, "source"), ("ganstudio.data", "")]
)
def test_parts_that_do_not_exist(kind: str, word: str):
    for name in ("nothing", "-networks", "../errors"):
        with pytest.raises(ConfigError, match=f"There is no {word}") as caught:
            parts.load(kind, name)
        assert caught.value.fields["name"] == name
