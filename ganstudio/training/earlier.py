"""What a run was at earlier steps, by the checkpoints beside the one that was opened."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ganstudio.errors import StudioError
from ganstudio.latent.snapshot import Snapshot
from ganstudio.latent.trail import Trail
from ganstudio.training import past

_NAME = re.compile(r"step-(\d+)\.pt")  # as ``ganstudio train`` keeps them


@dataclass(frozen=True, slots=True)
class _File:
    """A checkpoint that may be read."""

    path: Path
    step: int
    nbytes: int


class Earlier:
    """Reads some of a run's earlier steps, one after the other; false when there are no more.

    They are those that a `Trail` would have kept.

    Parameters
    ----------
    path : Path
        The checkpoint that was opened.
    content : dict
        Its content.
    opened : Snapshot
        What was made of it.
    """

    def __init__(self, path: Path, content: dict[str, Any], opened: Snapshot) -> None:
        self._origin = str(content["run_id"])
        self._opened = opened
        trail: Trail[_File] = Trail()
        for file in sorted(self._beside(path), key=lambda file: file.step):
            trail.add(file)
        self._left = list(trail.snapshots)

    def __bool__(self) -> bool:
        return bool(self._left)

    def read(self) -> Snapshot | None:
        """Return the next, the latest first; None if it cannot be read or is of another run."""
        try:
            run_id, snapshot = past.read(self._left.pop().path, self._opened)
        except StudioError:
            return None  # whoever opens that file is told; the run that was opened is whole
        return snapshot if run_id == self._origin and snapshot.step < self._opened.step else None

    def _beside(self, path: Path) -> Iterator[_File]:
        """Return the files of earlier steps; none where the folder may not be listed."""
        with suppress(OSError):
            for other in path.parent.iterdir():
                named = _NAME.fullmatch(other.name)
                if named and int(named[1]) < self._opened.step:
                    yield _File(other, int(named[1]), self._opened.nbytes)
