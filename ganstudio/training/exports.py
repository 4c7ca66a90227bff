"""What a run can be written as for use elsewhere; a file's suffix says which."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ganstudio.data.dataset import Dataset
from ganstudio.errors import StudioError
from ganstudio.pretrained import GENERATOR_SUFFIX
from ganstudio.training import checkpoint, generator_file, onnx_file, script, tensorboard_file
from ganstudio.training.history import History

CSV = ".csv"
SUFFIXES = (GENERATOR_SUFFIX, onnx_file.SUFFIX, script.SUFFIX, CSV, tensorboard_file.SUFFIX)


def write(
    content: dict[str, Any],
    source: Path,
    path: Path,
    root: Path | None,
    dataset: Callable[[], Dataset],
) -> None:
    """Write a run as one of `SUFFIXES`.

    Parameters
    ----------
    content : dict
        Of a checkpoint.
    source : Path
        Its file, for messages.
    path : Path
        The file to write: ``.safetensors`` has the networks (`generator_file`), ``.onnx`` G alone
        (`onnx_file`), ``.py`` trains the same run (`script`), ``.csv`` and ``.tfevents`` hold every
        step's numbers.
    root : Path or None
        The folder of the images' files; None is the usual place.
    dataset : callable
        Returns the run's training images, which a script may need.

    Raises
    ------
    StudioError
        ``no-history`` if the steps' numbers are wanted and not known; as `checkpoint.snapshot_of`,
        and as the modules say.
    """
    suffix = path.suffix.lower()
    snapshot = checkpoint.snapshot_of(content, source)  # whether it is whole
    if suffix == onnx_file.SUFFIX:
        onnx_file.write(snapshot, path)
    elif suffix == script.SUFFIX:
        config = checkpoint.config_of(content, source)
        script.write(config, snapshot.architecture, root, dataset, snapshot.step, path)
    elif suffix == CSV:
        _history(content, source).save_csv(path)
    elif suffix == tensorboard_file.SUFFIX:
        tensorboard_file.write(_history(content, source), path)
    else:
        generator_file.write(content, path)


def _history(content: dict[str, Any], source: Path) -> History:
    if content["history"] is None:
        raise StudioError("no-history", path=source)
    history = History()
    history.append(content["history"].numpy())
    return history
