"""Opening, saving and exporting: dialogs, recent files, the question about unsaved work."""

from collections.abc import Callable
from itertools import chain, count
from pathlib import Path

from PySide6.QtCore import QObject, QSettings, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QMainWindow, QMenu, QMessageBox

from ganstudio import images
from ganstudio.config import load_preset, preset_of
from ganstudio.data.published import usual_folder
from ganstudio.errors import StudioError
from ganstudio.gui.folders import (
    ask_target,
    data_folder,
    file_folder,
    image_folder,
    set_data_folder,
    set_file_folder,
    set_image_folder,
)
from ganstudio.gui.panels.curves import CurvesPanel
from ganstudio.gui.panels.experiment import ExperimentPanel
from ganstudio.gui.panels.samples import SamplesPanel
from ganstudio.gui.session import Session
from ganstudio.pretrained import GENERATOR_SUFFIX, is_pretrained

RECENT_FILES = 8


class Files(QObject):
    """The File menu's doings.

    Signals:
        failed: a `StudioError`: the samples could not be written.

    Parameters
    ----------
    window : QMainWindow
        Parent of the dialogs; closed once a save that closing asked for is done.
    session : Session
        Saves and opens.
    experiment, samples, losses : panels
        For New, Export samples and Export history.

    Attributes
    ----------
    closing : bool
        Whether a save is under way after which the window closes.
    """

    failed = Signal(object)

    def __init__(
        self,
        window: QMainWindow,
        session: Session,
        experiment: ExperimentPanel,
        samples: SamplesPanel,
        losses: CurvesPanel,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._session = session
        self._experiment = experiment
        self._samples = samples
        self._losses = losses
        self.closing = False
        self._discarded: set[tuple[str, int]] = set()  # runs as they were left, and nobody wants
        self._agreed = False  # the window closes because its run was saved for that
        experiment.folder_wanted.connect(self.choose_images)
        session.saved.connect(self._on_saved)
        session.opened.connect(_remember)
        session.failed.connect(self._on_failed)

    def new(self) -> None:
        """Begin a run of the default preset."""
        if self.may_leave():
            self._experiment.select_preset("studio")
            self._session.start_over(load_preset("studio").config, self._experiment.device())

    def open(self) -> None:
        """Ask for a checkpoint or a generator file and open it."""
        name, _ = QFileDialog.getOpenFileName(
            self._window,
            self.tr("Open checkpoint"),
            str(file_folder()),
            self.tr("Checkpoints and generators (*.pt *.safetensors)"),
        )
        if name and self.may_leave():
            self.open_file(Path(name))

    def follow(self) -> None:
        """Ask for the folder of a run that another process trains, and follow it."""
        folder = QFileDialog.getExistingDirectory(
            self._window, self.tr("Follow a run"), str(file_folder())
        )
        if folder and self.may_leave():
            self.open_file(Path(folder))

    def open_file(self, path: Path) -> None:
        """Open a checkpoint, a generator file or a run's folder; what succeeds is remembered."""
        self._session.open(path)

    def explore(self, path: Path) -> None:
        """Open a generator that comes with the studio."""
        if self.may_leave():
            self._session.open(path)

    def export_generator(self) -> None:
        """Ask for a file and write what the run has learned, small enough to pass on."""
        title, kind = self.tr("Export generator"), self.tr("Generators (*.safetensors)")
        if (path := self._ask_target(title, "generator", GENERATOR_SUFFIX, kind)) is not None:
            self._session.export_generator(path)

    def open_elsewhere(self, path: Path) -> None:
        """Ask for the folder of a checkpoint's images, which is not where it was, and open it."""
        if (folder := self._ask_images()) is not None and self.may_leave():
            self._session.open(path, folder)

    def choose_images(self) -> None:
        """Ask for a folder of images for the next run."""
        if (folder := self._ask_images()) is not None:
            self.use_images(folder)

    def use_images(self, folder: Path) -> None:
        """Take a folder of images for the next run."""
        set_image_folder(folder)
        self._experiment.choose_folder(folder)
        text = self.tr("Start over to learn from the images in {name}.").format(name=folder)
        self._window.statusBar().showMessage(text, 8000)

    def show_data_folder(self) -> None:
        """Say where downloaded datasets are kept, and let a person choose another place."""
        box = QMessageBox(self._window)
        box.setObjectName("data_folder_box")
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle(self.tr("Data folder"))
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(self.tr("Datasets that are downloaded are kept in this folder:"))
        box.setInformativeText(str(data_folder() or usual_folder()))
        roles = QMessageBox.ButtonRole
        other = box.addButton(self.tr("&Choose another…"), roles.ActionRole)
        other.setObjectName("data_folder_other")
        other.clicked.connect(self._choose_data_folder)
        if data_folder() is not None:
            usual = box.addButton(self.tr("&Use the usual one"), roles.ActionRole)
            usual.setObjectName("data_folder_usual")
            usual.clicked.connect(lambda: self._use_data_folder(None))
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Close))
        box.open()

    def save(self) -> bool:
        """Save where the run was last saved, or ask; return whether there is a place."""
        path = self._session.path
        if path is None or path.is_dir():  # which another process writes to
            return self.save_as()
        self._session.save(path)
        return True

    def save_as(self) -> bool:
        """Ask where to save; return whether a place was chosen."""
        if self._session.info is None:
            return False
        path = self._session.path
        proposal = self._new_name("", ".pt") if path is None or path.is_dir() else path
        title, kind = self.tr("Save checkpoint"), self.tr("Checkpoints (*.pt)")
        path = ask_target(self._window, title, proposal, ".pt", kind)
        if path is not None:
            self._session.save(path)
        return path is not None

    def export_history(self) -> None:
        """Ask for a file and write every step's numbers as CSV, in the background."""
        title, kind = self.tr("Export history"), self.tr("Tables (*.csv)")
        if (path := self._ask_target(title, "history", ".csv", kind)) is not None:
            self._losses.export_csv(path)

    def export_samples(self) -> None:
        """Ask for a file and write the sample grid as PNG."""
        title, kind = self.tr("Export samples"), self.tr("PNG pictures (*.png)")
        if (path := self._ask_target(title, "samples", ".png", kind)) is None:
            return
        try:
            images.save_png(self._samples.sheet(), path)
        except StudioError as error:
            self.failed.emit(error)
        else:
            self._window.statusBar().showMessage(self.tr("Saved {name}").format(name=path), 4000)

    def may_leave(self) -> bool:
        """Pause, and ask what becomes of unsaved work; return whether to go on to another run.

        If not, training goes on.
        """
        return self._while_paused(self._agree_to_leave)

    def may_close(self) -> bool:
        """Pause, and ask what becomes of unsaved work; return whether to close now.

        After Save the window closes by itself once the checkpoint is written; after Cancel,
        training goes on.
        """
        return self._while_paused(self._agree_to_close)

    def _while_paused(self, agree: Callable[[], bool]) -> bool:
        """Pause, so that what is asked about stands still; go on if the person stays."""
        go_on = self._session.hold_still()
        agreed = agree()
        if not agreed and not self.closing:
            go_on()
        return agreed

    def _agree_to_leave(self) -> bool:
        if not self._session.status.unsaved:
            return True
        answer = self._ask()
        if answer == QMessageBox.StandardButton.Save:
            return self.save()
        discarded = answer == QMessageBox.StandardButton.Discard
        if discarded and self._session.info is not None:
            self._discarded.add((self._session.info.run_id, self._session.status.step))
        return discarded

    def _agree_to_close(self) -> bool:
        status = self._session.status
        unsaved = {(run.run_id, run.step) for run in status.left if run.unsaved}
        others = len(unsaved - self._discarded)
        if self._agreed or not (status.unsaved or others):
            return True
        answer = self._ask(others=others)
        if answer == QMessageBox.StandardButton.Save:
            self.closing = self.save()
        return answer == QMessageBox.StandardButton.Discard

    def fill_recent(self, menu: QMenu) -> None:
        """Fill the menu of recent files."""
        menu.clear()
        for i, name in enumerate(_recent()):
            action = menu.addAction(f"&{i + 1}  {name}")
            action.triggered.connect(lambda _=False, name=name: self._open_recent(name))
        if menu.isEmpty():
            menu.addAction(self.tr("Nothing opened or saved yet")).setEnabled(False)

    def _ask_images(self) -> Path | None:
        title, folder = self.tr("Folder of images"), str(image_folder() or file_folder())
        name = QFileDialog.getExistingDirectory(self._window, title, folder)
        return Path(name) if name else None

    def _choose_data_folder(self) -> None:
        title, folder = self.tr("Data folder"), str(data_folder() or Path.home())
        if name := QFileDialog.getExistingDirectory(self._window, title, folder):
            self._use_data_folder(Path(name))

    def _use_data_folder(self, path: Path | None) -> None:
        set_data_folder(path)
        self._session.look_for_datasets()
        text = self.tr("Downloaded datasets are kept in {name} from now on.")
        self._window.statusBar().showMessage(text.format(name=path or usual_folder()), 4000)

    def _ask_target(self, title: str, name: str, suffix: str, kind: str) -> Path | None:
        """Ask where to export to."""
        proposal = self._new_name(f"-{name}", suffix)
        return ask_target(self._window, title, proposal, suffix, kind)

    def _new_name(self, what: str, suffix: str) -> Path:
        """Return a name that no file has yet; without a step, since training may go on."""
        assert self._session.info is not None
        config = self._session.info.config
        recipe = preset_of(config.to_dict()) or config.model_name
        path = self._session.path
        if path is None:
            name = f"{recipe}-{config.seed}"
        else:  # a run of `ganstudio train` is known by its folder: every one has a last.pt
            in_folder = path.stem == "last" or path.match("step-*.pt")
            name = path.parent.name if in_folder else path.stem
        name += what
        names = chain([name], (f"{name}-{n}" for n in count(2)))
        paths = (file_folder() / f"{name}{suffix}" for name in names)
        return next(path for path in paths if not path.exists())

    def _open_recent(self, name: str) -> None:
        if self.may_leave():
            self.open_file(Path(name))

    def _ask(self, others: int = 0) -> int:
        """Show the question about unsaved work, also of `others` runs; return the button."""
        buttons = QMessageBox.StandardButton
        box = QMessageBox(self._window)
        box.setObjectName("unsaved_box")
        box.setIcon(QMessageBox.Icon.Question)
        left = self.tr(
            "Earlier runs that are not saved: {n} (Run > Earlier runs lists them)."
        ).format(n=others)
        if self._session.status.unsaved:
            box.setText(self.tr("This run has steps, notes or settings that are not saved."))
            question = self.tr("Save it as a checkpoint first?")
            box.setInformativeText(f"{question}\n{left}" if others else question)
            box.setStandardButtons(buttons.Save | buttons.Discard | buttons.Cancel)
            box.setDefaultButton(buttons.Save)
        else:
            box.setText(left)
            box.setStandardButtons(buttons.Discard | buttons.Cancel)
            box.setDefaultButton(buttons.Cancel)
        return box.exec()

    def _on_saved(self, path: Path) -> None:
        _remember(path)
        self._agreed, self.closing = self.closing, False
        if self._agreed:
            self._window.close()

    def _on_failed(self, _error: StudioError) -> None:
        self.closing = False


def _recent() -> list[str]:
    """Return the recent files, the newest first."""
    value = QSettings().value("recent", [])  # one name comes back as text, not as a list
    names = value if isinstance(value, list) else [value] if value else []
    return [str(name) for name in names]


def _remember(path: Path) -> None:
    if is_pretrained(path):  # where a package keeps its files is no place for a person's
        return
    path = path.absolute()
    names = [str(path), *(name for name in _recent() if name != str(path))]
    QSettings().setValue("recent", names[:RECENT_FILES])
    set_file_folder(path.parent)
