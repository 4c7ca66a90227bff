"""What if? A branch of a run with another value of one setting, trained beside it by turns.

The run, A, is not touched by it: its networks, its place in the streams of data and noise, and its
optimisers are its own, so it stays the run that it would have been, bit for bit.
"""

from typing import Any

from ganstudio.config import SHAPING
from ganstudio.data.dataset import Dataset
from ganstudio.errors import ConfigError
from ganstudio.training.trainer import Trainer


def branch(run: Trainer, name: str, value: Any, dataset: Dataset) -> Trainer:
    """Return a run that is as `run` is now, but for one setting.

    Parameters
    ----------
    run : Trainer
        A, which stays as it is.
    name, value :
        The setting.
    dataset : Dataset
        All of A's dataset.

    Raises
    ------
    StudioError
        ``shapes-networks`` if the setting decides what the networks are, ``same-value`` if that
        is its value already; `ConfigError` for the value, or what `Trainer` raises for settings
        that do not go together.
    """
    if name in SHAPING:
        raise ConfigError("shapes-networks", field=name)
    config = run.config.changed(**{name: value})
    if config == run.config:
        raise ConfigError("same-value", field=name, value=value)
    sha256 = run.architecture.model_sha256
    rival = Trainer(config, dataset, run.device, run.run_id, sha256, precision=run.precision)
    state = run.state()
    if rival.ema and state["G_ema"] is None:  # the average begins here
        state["G_ema"] = state["G"]
    rival.load_state(state)
    rival.notes, rival.diagnoses = run.notes, run.diagnoses
    rival.branch()
    return rival
