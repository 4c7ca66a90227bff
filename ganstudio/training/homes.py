"""Where runs are kept: each that moves is saved into a folder of its own, in a library."""

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from ganstudio import atomic, images, library
from ganstudio.config import Config, recipe_name
from ganstudio.errors import StudioError
from ganstudio.latent.decode import decode
from ganstudio.latent.notes import Notes
from ganstudio.latent.spec import Stream, generator
from ganstudio.library import Entry, Moment, RunFolder
from ganstudio.training import checkpoint
from ganstudio.training.past import Past
from ganstudio.training.trainer import Trainer, new_run_id

THUMB_IMAGES = 4  # samples in the picture of a run
_FROM = re.compile(r"-from-\d+$")  # in the name of a branch


class Homes:
    """Knows the folder of each run, and what of it is on the disk.

    Parameters
    ----------
    folder : Path or None
        The library; None keeps no run, but knows what of it was opened or written elsewhere.
    """

    def __init__(self, folder: Path | None) -> None:
        self._library = folder.resolve() if folder else None
        self._taken: dict[str, RunFolder] = {}  # by the run's id
        self._paths: dict[str, Path] = {}  # of the folders, also of those that were let go
        self._names: dict[str, str] = {}  # what a run's folder will be called
        self._saved: dict[str, _Saved] = {}  # somewhere
        self._kept: dict[str, _Saved] = {}  # in its folder, or in the file that it comes from
        self._pasts: dict[str, Past] = {}
        self._ratios: dict[str, float] = {}  # of runs that were judged

    @contextmanager
    def claiming(self, path: Path) -> Iterator[RunFolder | None]:
        """Give the folder of the checkpoint `path`, for `opened`, unless opening fails.

        One that was saved into this library by itself goes on in its folder, from its last.pt on.
        None is given where it is no run's of this library.

        Raises
        ------
        StudioError
            ``run-in-use`` if another program has that folder: what is trained goes into another.
        """
        folder = path.parent.resolve()
        mine = any(home.path == folder for home in self._taken.values())  # a branch of that run
        here = folder.parent == self._library and library.is_run_folder(folder) and not mine
        claimed = RunFolder(folder) if path.name == library.LAST and here else None
        try:
            yield claimed
        except BaseException:
            if claimed is not None:
                claimed.release()
            raise

    def opened(
        self,
        path: Path,
        trainer: Trainer,
        home: RunFolder | None = None,
        *,
        recovered: bool = False,
    ) -> None:
        """Take note that a run is as the file `path` has it; `recovered`, further than that.

        It goes on in the folder `home`, which `claiming` gave, or else in a new one.
        """
        self._saved[trainer.run_id] = self._kept[trainer.run_id] = _Saved.now(trainer)
        if recovered:  # from a moment: the checkpoint is not as far
            del self._saved[trainer.run_id], self._kept[trainer.run_id]
        self._names[trainer.run_id] = library.name_for(path)
        entry = library.entry_of(path.parent)
        until = trainer.step if entry is None else _last_step_in(entry, trainer)
        if entry is not None and entry.ratio is not None and entry.run_id == trainer.run_id:
            self._ratios[trainer.run_id] = entry.ratio
        self._paths.pop(trainer.run_id, None)  # what is there may be later steps
        self._pasts[trainer.run_id] = Past(library.moments(path.parent.resolve(), until))
        if home is not None:
            self._take(trainer.run_id, home)

    def branched(self, trainer: Trainer) -> None:
        """Take note that a run is as its parent was, from which it just branched."""
        assert trainer.parent is not None
        parent, step = trainer.parent
        self._saved[trainer.run_id] = self._kept[trainer.run_id] = _Saved.now(trainer)
        of = self.name(parent) or _plain_name(trainer)
        self._names[trainer.run_id] = f"{_FROM.sub('', of)}-from-{step}"
        self._pasts[trainer.run_id] = self._past(parent).until(step)

    def name(self, run_id: str) -> str:
        """Return what a run's folder is or will be called; "" where that is not known yet."""
        folder = self._paths.get(run_id)
        return folder.name if folder else self._names.get(run_id, "")

    def moments(self, run_id: str) -> tuple[Moment, ...]:
        """Return what is kept of a run's earlier steps."""
        return self._past(run_id).moments

    def begin(self, trainer: Trainer) -> None:
        """Remember where the training of a run begins."""
        if self._library is not None:
            self._past(trainer.run_id).begin(trainer)

    def remember(self, trainer: Trainer, spared: int | None) -> None:
        """Keep a moment of this step if it is time; that of the step `spared` is not given up.

        Raises
        ------
        StudioError
            As `save`.
        """
        moments = self._past(trainer.run_id)
        if self._library is None or not moments.is_due():
            return
        moments.put_off()
        if trainer.run_id not in self._taken:
            self._write(trainer, self._library)
        moments.keep(trainer, spared)

    def has_steps_elsewhere(self, trainer: Trainer) -> None:
        """Take note that another program keeps the steps of a run; what was noted is not there."""
        last = self._saved.get(trainer.run_id, _Saved.now(trainer))
        there = _Saved(trainer.step, last.config, last.notes)
        self._saved[trainer.run_id] = self._kept[trainer.run_id] = there

    def is_unsaved(self, trainer: Trainer) -> bool:
        """Tell whether a run has steps, notes or settings that are not on the disk."""
        last = self._saved.get(trainer.run_id)
        return trainer.step > 0 if last is None else _Saved.now(trainer) != last

    def is_kept(self, trainer: Trainer) -> bool:
        """Tell whether a run is in its folder as it is, or in the file that it comes from.

        Where there is no library, any file will do.
        """
        if self._library is None:
            return not self.is_unsaved(trainer)
        kept = self._kept.get(trainer.run_id)
        return trainer.step == 0 if kept is None else _Saved.now(trainer) == kept

    def path(self, run_id: str) -> Path | None:
        """Return the folder of a run, None while it has none."""
        return self._paths.get(run_id)

    def save(self, trainer: Trainer) -> None:
        """Save a run into its folder, unless it is there as it is; the first time makes it.

        Raises
        ------
        StudioError
            ``cannot-write`` or ``disk-full``, naming the file.
        """
        if self._library is not None and not self.is_kept(trainer):
            self._write(trainer, self._library)

    def save_as(self, trainer: Trainer, path: Path) -> None:
        """Write a run's checkpoint to a file of a person's choice, besides into its folder.

        Raises
        ------
        StudioError
            As `save`, of that file.
        """
        checkpoint.save(trainer, path)
        with suppress(StudioError):  # which is tried again; all of it is in that file
            self.save(trainer)
        self._saved[trainer.run_id] = _Saved.now(trainer)

    def keep(self, trainer: Trainer) -> Path | None:
        """Save a run and keep its checkpoint beside those to come; return it.

        Raises
        ------
        StudioError
            As `save`.
        """
        if self._library is None:
            return None
        self.save(trainer)
        home = self._taken.get(trainer.run_id) or self._write(trainer, self._library)
        return home.keep(trainer.step)

    def judged(self, run_id: str, ratio: float) -> None:
        """Take note of how far a run's samples are from real images, for the list of runs."""
        self._ratios[run_id] = ratio
        home = self._taken.get(run_id)
        if home is not None and (entry := library.entry_of(home.path)) is not None:
            with suppress(StudioError):  # it is written again when the run is saved
                home.tell(replace(entry, ratio=ratio))

    def run_in(self, folder: Path) -> str | None:
        """Return the run that has a folder here, if one does."""
        there = folder.resolve()
        return next((run_id for run_id, home in self._taken.items() if home.path == there), None)

    def rename(self, folder: Path, name: str) -> Path:
        """Give a run's folder another name, be it one of these or nobody's; return it.

        Raises
        ------
        StudioError
            As `library.rename`.
        """
        run_id, folder = self.run_in(folder), folder.resolve()
        if run_id is not None:
            self._taken.pop(run_id).release()
        renamed = folder
        try:
            renamed = library.rename(folder, name)
        finally:
            for past_of in self._pasts.values():  # also a branch's, which has no folder yet
                past_of.move(folder, renamed)
            self._paths = {k: renamed if v == folder else v for k, v in self._paths.items()}
            if run_id is not None:
                home = self._taken[run_id] = RunFolder(renamed)
                if (entry := library.entry_of(renamed)) is not None:
                    home.tell(replace(entry, open=True))
        return renamed

    def duplicate(self, folder: Path) -> Path:
        """Copy a run, as a branch of it that goes on from the same step; return its folder.

        Raises
        ------
        StudioError
            As `checkpoint.read`, or ``cannot-write`` or ``disk-full``.
        """
        assert self._library is not None
        content = checkpoint.read(folder / library.LAST)
        entry = library.entry_of(folder)
        parent, step = str(content["run_id"]), int(content["step"])
        content |= {"run_id": new_run_id(), "parent": [parent, step]}
        with library.new_folder(self._library, f"{folder.name}-copy") as home:
            if entry is not None:
                told = f"{folder.name} at {step}"
                home.tell(replace(entry, run_id=str(content["run_id"]), parent=told))
            checkpoint.write(content, home.last)
            with suppress(StudioError):
                if (folder / library.THUMB).exists():
                    atomic.keep(folder / library.THUMB, home.path / library.THUMB)
            Past(library.moments(folder, step)).settle(home.path)
        return home.path

    def drop(self, run_id: str) -> Path | None:
        """Forget a run that nobody wants to keep; return its folder, if it has one."""
        for known in (self._names, self._saved, self._kept, self._pasts):
            known.pop(run_id, None)
        if (home := self._taken.pop(run_id, None)) is not None:
            home.release()
        return self._paths.pop(run_id, None)

    def take_along(self, trainer: Trainer, folder: Path) -> None:
        """Give a run a folder of its own if its past lies in this one, which is to be deleted.

        Raises
        ------
        StudioError
            As `save`.
        """
        within = {moment.path.parent for moment in self.moments(trainer.run_id)}
        if self._library is not None and folder.resolve() / library.PAST in within:
            self._write(trainer, self._library)

    def forget(self, folder: Path) -> None:
        """Forget that a run had a folder, which is to be deleted: there is no way back to it."""
        there = folder.resolve()
        self._paths = {k: v for k, v in self._paths.items() if v != there}

    def release_others(self, run_ids: Collection[str]) -> None:
        """Leave the folders of all runs but these to others."""
        for run_id in self._taken.keys() - set(run_ids):
            self._taken.pop(run_id).release()

    def _write(self, trainer: Trainer, folder: Path) -> RunFolder:
        name = self._names.get(trainer.run_id) or _plain_name(trainer)
        home = self._taken.get(trainer.run_id) or self._taken_again(trainer.run_id)
        if home is not None and not home.path.is_dir():  # somebody has deleted it
            home.release()
            home = None
        is_new = home is None
        home = home or library.new_folder(folder, name)
        self._take(trainer.run_id, home)
        trainer.drain()
        entry = Entry(
            run_id=trainer.run_id,
            recipe=recipe_name(trainer.config),
            seed=trainer.config.seed,
            step=trainer.step,
            seconds=trainer.seconds,
            saved=library.now(),
            config=trainer.config.to_dict(),
            ratio=self._ratios.get(trainer.run_id),
            parent=self._parent(trainer),
        )
        if is_new:
            home.tell(entry)  # so that no checkpoint is ever in a folder that is not listed
        checkpoint.save(trainer, home.last)
        home.tell(entry)
        with suppress(StudioError):  # of a moment that comes to depend on it, it is told
            self._past(trainer.run_id).record(trainer)
        with suppress(StudioError):  # the list does without
            images.save_png(_thumbnail(trainer), home.path / library.THUMB)
        self._saved[trainer.run_id] = self._kept[trainer.run_id] = _Saved.now(trainer)
        return home

    def _taken_again(self, run_id: str) -> RunFolder | None:
        """Take the folder that a run was let go from, unless another program has it now."""
        if (path := self._paths.get(run_id)) is None or not library.is_run_folder(path):
            return None
        with suppress(StudioError):
            return RunFolder(path)
        return None

    def _take(self, run_id: str, home: RunFolder) -> None:
        if self._taken.get(run_id) is not home:
            self._taken[run_id], self._paths[run_id] = home, home.path
            self._past(run_id).settle(home.path)

    def _parent(self, trainer: Trainer) -> str:
        if trainer.parent is None:
            return ""
        run_id, step = trainer.parent
        return f"{self.name(run_id) or run_id} at {step}"

    def _past(self, run_id: str) -> Past:
        return self._pasts.setdefault(run_id, Past())


def _thumbnail(trainer: Trainer) -> images.Pixels:
    """Return a few samples, always of the same z."""
    z = trainer.latent.sample_grid(THUMB_IMAGES, generator(trainer.config.seed, Stream.SAMPLES))
    return images.grid(decode(trainer.snapshot(), z[:THUMB_IMAGES]), gap=0)


def _last_step_in(entry: Entry, trainer: Trainer) -> int:
    """Return up to which step the moments in a folder are a run's; -1 if none is.

    A branch has those of its parent up to where it left it. A file of another run may lie there.
    """
    if entry.run_id == trainer.run_id:
        return trainer.step
    parent, step = trainer.parent or ("", -1)
    return step if entry.run_id == parent else -1


def _plain_name(trainer: Trainer) -> str:
    return f"{recipe_name(trainer.config)}-{trainer.config.seed}"


@dataclass(frozen=True, slots=True)
class _Saved:
    """What a run was when all of it was on the disk."""

    step: int
    config: Config
    notes: Notes

    @staticmethod
    def now(trainer: Trainer) -> "_Saved":
        return _Saved(trainer.step, trainer.config, trainer.notes)
