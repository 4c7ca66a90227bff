"""The library: a folder of runs, each in a folder of its own that it is saved into by itself.

A run's folder holds ``last.pt``, its newest checkpoint; ``step-*.pt``, those that a person keeps;
``past``, what it was at earlier steps; ``run.json``, what the list of runs says of it, and
``thumb.png``, what that shows; and ``run.lock``, which whoever trains it holds locked: the system
lets go of it when that program ends, however it ends.
"""

import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any

from platformdirs import user_data_path

from ganstudio import atomic
from ganstudio.errors import StudioError, reading, writing

LAST, NOTE, LOCK, PAST, THUMB = "last.pt", "run.json", "run.lock", "past", "thumb.png"
AUTOSAVE_SECONDS = 30  # of training, between two times that a run is saved by itself
_FORMAT, _VERSION = "ganstudio-run", 1
_NAME_MOST = 60  # characters
_DEVICE = re.compile(r"(con|prn|aux|nul|(com|lpt)\d)\s*(\.|$)", re.I)  # to Windows, with any suffix
_MOMENT = re.compile(r"(\d+)\.pt")


def usual_folder() -> Path:
    """Return the folder that the window's runs are in unless another is named."""
    return user_data_path("ganstudio", appauthor=False) / "runs"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What the list of runs says of one.

    Attributes
    ----------
    run_id : str
        The run.
    recipe : str
        The preset it began from, or its model.
    seed : int
        Its seed.
    step : int
        How far it was when it was saved.
    seconds : float
        How long it had trained by then.
    saved : str
        When that was, ISO 8601 in UTC.
    open : bool
        Whether a program has it, or had it when it was cut short.
    config : dict
        Its settings; nothing in older ones.
    ratio : float or None
        The Fréchet distance of its samples when they were last judged, as a multiple of that of
        held-out images.
    parent : str
        The run that it is a branch of, and the step, as "RUN at STEP"; "" for none.
    """

    run_id: str
    recipe: str
    seed: int
    step: int
    seconds: float
    saved: str
    open: bool = True
    config: dict[str, Any] = field(default_factory=dict)
    ratio: float | None = None
    parent: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """An earlier step of a run, of which all was kept.

    Attributes
    ----------
    step : int
        The step.
    path : Path
        Its file.
    nbytes : int
        How much space that takes.
    """

    step: int
    path: Path
    nbytes: int


class RunFolder:
    """The folder of a run that this process saves into, and no other.

    Raises
    ------
    StudioError
        ``run-in-use`` if another process has it, ``cannot-read`` if it is gone.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with reading(path):  # a lock would make a folder that is gone anew
            os.scandir(path).close()
        from filelock import FileLock, Timeout  # 25 ms that the window's start is spared

        # a lock per object, not per path: the same run twice in one process is a mistake, too
        self._lock = FileLock(path / LOCK, blocking=False, is_singleton=False)
        try:
            self._lock.acquire()
        except Timeout:
            raise StudioError("run-in-use", path=path) from None
        except (OSError, NotImplementedError):
            pass  # where nothing can be locked nobody is kept out, nor kept from training

    @property
    def last(self) -> Path:
        """The newest checkpoint."""
        return self.path / LAST

    def tell(self, entry: Entry) -> None:
        """Have the list say this of the run."""
        with atomic.replacing(self.path / NOTE) as file:
            told = {"format": _FORMAT, "version": _VERSION, **asdict(entry)}
            file.write(json.dumps(told, indent=2).encode())

    def keep(self, step: int) -> Path:
        """Keep the newest checkpoint, which is of `step`, beside those to come; return it."""
        kept = self.path / f"step-{step:07d}.pt"
        atomic.keep(self.last, kept)
        return kept

    def __enter__(self) -> "RunFolder":
        """Have it for a while."""
        return self

    def __exit__(self, *_: object) -> None:
        """Leave it to others."""
        self.release()

    def release(self) -> None:
        """Leave it to others; the list says then that nobody has it."""
        told = about(self.path)
        if told is not None and told["open"]:
            # at worst it is offered once more, as if it was cut short
            with suppress(StudioError), atomic.replacing(self.path / NOTE) as file:
                file.write(json.dumps(told | {"open": False}, indent=2).encode())
        self._lock.release()


def name_for(path: Path) -> str:
    """Return how a run is called that a file was opened for.

    One in a folder of its own is known by the folder: there is a last.pt in every one.
    """
    in_folder = path.stem in ("last", "live") or path.match("step-*.pt")
    return path.parent.name if in_folder else path.stem


def rename(path: Path, name: str) -> Path:
    """Give a run's folder, which nobody has, another name; return what it is then.

    Raises
    ------
    StudioError
        ``no-name``, ``name-taken``, ``run-in-use`` or ``cannot-write``.
    """
    plain = _plain(name)
    if not any(map(str.isalnum, plain)):
        raise StudioError("no-name")
    renamed = path.with_name(plain)
    if renamed == path:
        return path
    if renamed.exists():
        raise StudioError("name-taken", name=renamed.name)
    with RunFolder(path):
        pass  # nobody has it
    with writing(renamed):
        path.rename(renamed)
    return renamed


def _plain(name: str) -> str:
    """Return a name without what a folder may not be called everywhere."""
    plain = "".join(sign if sign.isalnum() or sign in "-_. " else "-" for sign in name)
    plain = plain[:_NAME_MOST].strip(" .")
    return f"run-{plain}" if _DEVICE.match(plain) else plain


def new_folder(library: Path, name: str) -> RunFolder:
    """Make a folder for a run in the library, called `name` or, where there is one, with a number.

    Raises
    ------
    StudioError
        ``cannot-write`` or ``disk-full``, naming the folder.
    """
    plain = _plain(name) or "run"
    for number in count(1):
        path = library / (plain if number == 1 else f"{plain}-{number}")
        with writing(path):
            library.mkdir(parents=True, exist_ok=True)
            try:
                path.mkdir()
            except FileExistsError:
                continue
        return RunFolder(path)
    raise AssertionError


def is_run_folder(path: Path) -> bool:
    """Tell whether a folder is one of a run that was saved by itself."""
    return (path / NOTE).exists() and (path / LAST).exists()


def entries(library: Path) -> Iterator[tuple[Path, Entry]]:
    """Return the runs of a library and their folders, those saved last first."""
    found = []
    with suppress(OSError):
        for path in list(library.iterdir()):
            if (entry := entry_of(path)) is not None and (path / LAST).exists():
                found.append((path, entry))
    return iter(sorted(found, key=lambda run: run[1].saved, reverse=True))


def moments(folder: Path, until: int | None = None) -> tuple[Moment, ...]:
    """Return the moments in a run's folder, oldest first, up to a step if one is given."""
    found, paths = [], []
    with suppress(OSError):  # there may be none
        paths = list((folder / PAST).iterdir())
    for path in paths:
        named = _MOMENT.fullmatch(path.name)
        if named and (until is None or int(named[1]) <= until):
            with suppress(OSError):  # it has just made room for a later one
                found.append(Moment(step=int(named[1]), path=path, nbytes=path.stat().st_size))
    return tuple(sorted(found, key=lambda moment: moment.step))


def cut_short(library: Path) -> list[tuple[Path, Entry]]:
    """Return the runs that a program had when it ended without closing, those saved last first."""
    return [run for run in entries(library) if run[1].open and not in_use(run[0])]


def in_use(path: Path) -> bool:
    """Tell whether a process has the run in a folder."""
    if not (path / LOCK).exists():
        return False
    from filelock import FileLock, Timeout

    lock = FileLock(path / LOCK, blocking=False, is_singleton=False)
    try:
        lock.acquire()
    except Timeout:
        return True
    except (OSError, NotImplementedError):  # where nothing can be written, nobody trains
        return False
    lock.release()
    return False


def now() -> str:
    """Return the time, as entries have it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def about(path: Path) -> dict[str, Any] | None:
    """Return what a run's folder says of it; None if it is none, or what it says is damaged."""
    try:
        state = (path / NOTE).stat()
        told = _read(path / NOTE, state.st_mtime_ns, state.st_size)
        if told["format"] != _FORMAT or told["version"] > _VERSION:
            return None
        _entry(told)
    except (OSError, ValueError, LookupError, TypeError, ArithmeticError, AttributeError):
        return None
    except RecursionError:  # of absurd nesting
        return None
    return dict(told)


@lru_cache(maxsize=1024)
def _read(path: Path, _changed: int, _size: int) -> Any:
    """Read a file once until it changes: a list of runs is looked at every few seconds."""
    return json.loads(path.read_text(encoding="utf-8"))


def entry_of(path: Path) -> Entry | None:
    """Return what the list says of the run in a folder; None if there is none, or it is damaged."""
    told = about(path)
    return None if told is None else _entry(told)


def _entry(told: dict[str, Any]) -> Entry:
    ratio = told.get("ratio")
    return Entry(
        run_id=str(told["run_id"]),
        recipe=str(told["recipe"]),
        seed=int(told["seed"]),
        step=int(told["step"]),
        seconds=float(told["seconds"]),
        saved=str(told["saved"]),
        open=bool(told["open"]),
        config=dict(told.get("config") or {}),
        ratio=None if ratio is None else float(ratio),
        parent=str(told.get("parent") or ""),
    )
