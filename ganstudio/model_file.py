"""A Python file of one's own that defines G and D, as a module of `ganstudio.models` does.

Reading it (`read`) and running it (`run`) are two things: it is code that can do whatever the
person may do, so it runs only when the person asks for it. What ran is known by the SHA-256 of its
content from then on, and a checkpoint names the one that it needs.
"""

import hashlib
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import decode_source
from pathlib import Path
from types import ModuleType

from ganstudio.errors import Phrase, StudioError, reading

SUFFIX = ".py"
NEEDED = ("model-file-needed", "checkpoint-needs-model-file")  # the errors that a file helps with
_FUNCTIONS = ("generator", "discriminator")
_RANGES = ((-1, 1), (0, 1))

_ran: dict[str, ModuleType] = {}  # by SHA-256
_sources: dict[str, str] = {}  # of their modules, by name


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model file as it was read, not yet run.

    Attributes
    ----------
    path : Path
        Where it is, absolute.
    sha256 : str
        Of its content, 64 hexadecimal digits.
    content : bytes
        What runs, even if the file changes meanwhile.
    """

    path: Path
    sha256: str
    content: bytes = field(repr=False)


def is_model_file(model: str) -> bool:
    """Tell whether a recipe's model is a file; the others are names of built-in ones."""
    return model.endswith(SUFFIX)


def read(path: Path) -> ModelFile:
    """Read a file without running it; ``cannot-read`` if that fails."""
    path = path.expanduser().resolve()
    with reading(path):
        content = path.read_bytes()
    return ModelFile(path, hashlib.sha256(content).hexdigest(), content)


def run(file: ModelFile) -> None:
    """Run a file, because a person asked for it; its networks can be built from then on.

    Raises
    ------
    StudioError
        ``bad-model-file``, naming the file and what is wrong with it.
    """
    if file.sha256 in _ran:
        return
    module = ModuleType(f"ganstudio_model_{file.sha256[:12]}", str(file.path))
    module.__file__ = str(file.path)
    sys.modules[module.__name__] = module  # dataclasses look for theirs
    try:
        with blaming(file.path, "the file"):
            exec(compile(file.content, str(file.path), "exec"), vars(module))
        _check(module, file.path)
    except StudioError:
        del sys.modules[module.__name__]
        raise
    _ran[file.sha256], _sources[module.__name__] = module, decode_source(file.content)


def module(sha256: str) -> ModuleType | None:
    """Return the module of a file that ran, None if none of that content did."""
    return _ran.get(sha256)


def source(module: ModuleType) -> str | None:
    """Return the text of the file that ran as a module; None if it is none of a file."""
    return _sources.get(module.__name__)


def _check(module: ModuleType, path: Path) -> None:
    for name in _FUNCTIONS:
        if not callable(getattr(module, name, None)):
            raise bad(path, "no-function", name=name)
    output_range = vars(module).setdefault("OUTPUT_RANGE", (-1.0, 1.0))
    if output_range not in _RANGES:
        raise bad(path, "bad-range", found=output_range)


def bad(path: object, code: str, **fields: object) -> StudioError:
    """Return the error that a model file cannot be used, for the reason of this `Phrase`."""
    return StudioError("bad-model-file", path=path, detail=Phrase(code, **fields))


@contextmanager
def blaming(path: object, what: str) -> Iterator[None]:
    """Turn whatever the file's code raises in `what` into a `StudioError` that names the line."""
    try:
        yield
    except StudioError:
        raise
    except SyntaxError as error:
        raise bad(path, "no-python", line=error.lineno or 0, error=error.msg) from error
    except (Exception, SystemExit) as error:
        text = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        said = {"what": what, "error": text}
        files = {str(path), *(module.__file__ for module in _ran.values())}
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            if frame.filename in files:
                raise bad(path, "raises-in-line", **said, line=frame.lineno) from error
        raise bad(path, "raises", **said) from error
