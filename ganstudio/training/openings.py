"""Where trainers come from: settings, checkpoints, and folders in which another process trains."""

from collections.abc import Collection
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from ganstudio import model_file
from ganstudio.config import Config
from ganstudio.data.dataset import Dataset
from ganstudio.data.loading import find_root, load
from ganstudio.errors import StudioError
from ganstudio.latent.aside import go_first
from ganstudio.model_file import ModelFile
from ganstudio.training import checkpoint, device, past
from ganstudio.training.earlier import Earlier
from ganstudio.training.failures import explaining_device
from ganstudio.training.history import History
from ganstudio.training.homes import Homes
from ganstudio.training.live import Live
from ganstudio.training.trainer import Trainer
from ganstudio.work import Work


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """A run that was opened.

    Attributes
    ----------
    trainer : Trainer
        What goes on with it.
    earlier : Earlier
        The steps beside its checkpoint.
    live : Live or None
        What is followed, where another process trains it.
    recovered : bool
        Whether it is further than its checkpoint: the program that made it was cut short.
    elsewhere : StudioError or None
        Why it is only a copy, where another program has its folder.
    """

    trainer: Trainer
    earlier: Earlier
    live: Live | None
    recovered: bool
    elsewhere: StudioError | None


class Openings:
    """Makes trainers.

    Parameters
    ----------
    homes : Homes
        Whose folders their runs may be in.
    """

    def __init__(self, homes: Homes) -> None:
        self._homes = homes
        self._datasets: dict[tuple[str, int, Path | None], Dataset] = {}

    def dataset(self, config: Config, root: Path | None, work: Work) -> Dataset:
        """Return the images that the settings name, from the folder `root`; the last are kept."""
        key = (config.dataset, config.image_size, root)
        if key not in self._datasets or config.dataset == "folder":  # which may have changed
            dataset = load(config.dataset, config.image_size, root, work)
            self._datasets.clear()
            self._datasets[key] = dataset
        return self._datasets[key]

    def new(
        self,
        config: Config,
        device_name: str,
        root: Path | None,
        file: ModelFile | None,
        work: Work,
    ) -> Trainer:
        """Return a run that has not begun; a `file` makes its networks, and is run."""
        if file is not None:
            config = config.changed(model=str(file.path))
            model_file.run(file)
        place, precision = device.place(device_name)
        with explaining_device(place):
            go_first(place)
            dataset = self.dataset(config, root, work)
            trainer = Trainer(config, dataset, place, precision=precision)
            trainer.check_trainable()
        return trainer

    def open(
        self,
        path: Path,
        device_name: str,
        root: Path | None,
        data_folder: Path | None,
        file: ModelFile | None,
        here: Collection[str],
        work: Work,
    ) -> Opened:
        """Return the run in a checkpoint, or what follows the one in a folder.

        As `Runner.open`; `here` are the ids of the runs that there are.
        """
        live = Live(path) if path.is_dir() else None
        source = live.path if live is not None else path

        def restore(content: dict[str, Any]) -> Trainer:
            if file is not None:
                checkpoint.give_model_file(content, source, file)
            config = checkpoint.config_of(content, source)
            where = root or checkpoint.root_of(content)
            where = find_root(config.dataset, where, data_folder)
            place, _ = device.place(device_name)  # a run goes on in its own precision
            with explaining_device(place):
                go_first(place)
                return checkpoint.restore(content, source, self.dataset(config, where, work), place)

        elsewhere: StudioError | None = None
        recovered = False
        with ExitStack() as claims:
            home = None
            try:  # first: what is there is not another program's to change
                home = claims.enter_context(self._homes.claiming(source))
            except StudioError as error:
                if error.code != "run-in-use":
                    raise
                elsewhere = StudioError("opened-copy", path=source.parent)
            content = live.first() if live is not None else checkpoint.read(path)
            if home is not None:
                trainer, recovered = past.restored(home.path, content, restore)
            else:
                trainer = restore(content)
            if trainer.run_id in here:  # an earlier step of a run that is here: a branch of it
                trainer.branch()
            if live is not None and (rows := live.rows(content, 0)) is not None:
                trainer.history = History()
                trainer.history.append(rows)
            earlier = Earlier(source, content, trainer.snapshot())
            self._homes.opened(source, trainer, home, recovered=recovered)
        return Opened(
            trainer=trainer,
            earlier=earlier,
            live=live,
            recovered=recovered,
            elsewhere=elsewhere,
        )

    def again(self, path: Path, place: torch.device, work: Work) -> Trainer:
        """Return the run in a checkpoint, on a device, with the images that it had."""
        content = checkpoint.read(path)
        config = checkpoint.config_of(content, path)
        with explaining_device(place):
            root = find_root(config.dataset, checkpoint.root_of(content), None)
            dataset = self.dataset(config, root, work)
            return checkpoint.restore(content, path, dataset, place)

    def earlier(self, run: Trainer, path: Path, work: Work) -> Trainer:
        """Return what a run was in one of its moments: where it trains, and with its images.

        Neither they nor a file that makes its networks need be where they were then.
        """
        content = checkpoint.read(path)
        checkpoint.find_model_file(content, run.architecture)
        config = checkpoint.config_of(content, path)
        names = ("dataset", "image_size", "train_images", "seed")  # what they are
        same = all(getattr(config, name) == getattr(run.config, name) for name in names)
        with explaining_device(run.device):
            dataset = run.dataset if same else self.dataset(config, run.dataset.root, work)
            return checkpoint.restore(content, path, dataset, run.device)
