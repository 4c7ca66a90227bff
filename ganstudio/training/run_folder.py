"""The folder that a run without a window is written into: whose it is, and what is lost in it."""

import csv
from pathlib import Path

from ganstudio.atomic import replacing
from ganstudio.errors import StudioError, reading, writing
from ganstudio.evaluation import report
from ganstudio.library import LAST
from ganstudio.training import checkpoint, live


def of(resumed: Path) -> Path | None:
    """Return the folder of a checkpoint if a run is written into it, None if it lies by itself."""
    folder = resumed.parent
    # a run that was cut short may have no last.pt yet
    is_kept = resumed.match("step-*.pt") and (folder / "config.toml").exists()
    return folder if is_kept or (folder / LAST).exists() else None


def check(out: Path, *, resumed: Path | None, run_id: str = "", step: int = 0) -> None:
    """Make the folder `out`, and see to it that no run in it would be lost.

    Parameters
    ----------
    out : Path
        The folder.
    resumed : Path or None
        The checkpoint that a run is to go on from.
    run_id, step :
        The run in it, and how far it is.

    Raises
    ------
    StudioError
        ``not-a-folder`` or ``cannot-write``; ``run-exists`` if it holds another run, or `resumed`
        does not lie in it; ``run-goes-further`` if last.pt there is beyond `step`.
    """
    with writing(out):
        for place in (out, *out.parents):
            if place.exists() and not place.is_dir():
                raise StudioError("not-a-folder", path=place)
        out.mkdir(parents=True, exist_ok=True)
    if not (last := out / LAST).exists():
        return
    if resumed is None or resumed.resolve().parent != out.resolve():
        raise StudioError("run-exists", path=out, checkpoint=last)
    if resumed.resolve() == last.resolve() or (there := _run_in(last)) is None:
        return
    if there[0] != run_id:
        raise StudioError("run-exists", path=out, checkpoint=last)
    if there[1] > step:
        raise StudioError("run-goes-further", path=resumed, checkpoint=last, step=there[1])


def take(out: Path, *, exist_ok: bool) -> None:
    """Make the folder `out` for a run of another program; ``run-in-folder`` if it holds one."""
    kept = [out / name for name in (LAST, live.NETWORKS) if (out / name).exists()]
    if kept and not exist_ok:
        raise StudioError("run-in-folder", path=out)
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
        for path in kept:
            path.unlink()


def _run_in(path: Path) -> tuple[str, int] | None:
    """Return a checkpoint's run and step, None if it is damaged: there is nothing to lose in it."""
    try:
        content = checkpoint.read(path)
    except StudioError as error:
        if error.code in ("damaged-checkpoint", "not-a-checkpoint"):
            return None
        raise
    return str(content["run_id"]), int(content["step"])


def forget_beyond(step: int, path: Path) -> None:
    """Drop the rows of a table that are of later steps."""
    if not path.exists():
        return
    with reading(path), path.open(encoding="utf-8", newline="") as file:
        head, *rows = list(csv.reader(file)) or [[]]
    if head[:1] != ["step"]:  # not one of ours
        return
    kept = [row for row in rows if row and row[0].isdecimal() and int(row[0]) <= step]
    if kept != rows:
        with replacing(path) as target:
            target.write("".join(map(report.line, (head, *kept))).encode())
