"""What a run was at earlier steps, by the checkpoints beside the one that was opened."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ganstudio.errors import StudioError
from ganstudio.latent.snapshot import Snapshot
from ganstudio.latent.trail import MOST
from ganstudio.training import checkpoint

_NAMES = "step-*.pt"  # as ``ganstudio train`` keeps them


class Earlier:
    """Reads some of a run's earlier steps, one after the other; false when there are no more.

    Parameters
    ----------
    path : Path
        The checkpoint that was opened.
    content : dict
        Its content.
    run_id : str
        What its run is called here.
    """

    def __init__(self, path: Path, content: dict[str, Any], run_id: str) -> None:
        self._origin, self._step, self._run_id = content["run_id"], content["step"], run_id
        others = sorted(other for other in path.parent.glob(_NAMES) if other != path)
        some = np.linspace(0, len(others) - 1, min(MOST, len(others))).round().astype(int)
        self._left = [others[i] for i in some]

    def __bool__(self) -> bool:
        return bool(self._left)

    def read(self) -> Snapshot | None:
        """Return the next, the latest first; None if it cannot be read or is of another run."""
        path = self._left.pop()
        try:
            snapshot = checkpoint.snapshot_of(checkpoint.read(path), path)
        except StudioError:
            return None  # whoever opens that file is told; the run that was opened is whole
        if snapshot.run_id != self._origin or snapshot.step >= self._step:
            return None
        return replace(snapshot, run_id=self._run_id)
