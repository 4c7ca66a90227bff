"""Opening, saving and exporting: dialogs, recent files, and seeing to it that nothing is lost."""

from dataclasses import dataclass
from enum import Enum
from functools import partial
from itertools import chain, count
from pathlib import Path

from PySide6.QtCore import QObject, QSettings, Qt
from PySide6.QtWidgets import QFileDialog, QMainWindow, QMenu, QMessageBox

from ganstudio import images
from ganstudio.config import load_preset, recipe_name
from ganstudio.data.published import usual_folder
from ganstudio.errors import StudioError
from ganstudio.gui import trash
from ganstudio.gui.commands import Change
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
from ganstudio.gui.widgets.file_writer import FileWriter
from ganstudio.gui.wording import worded
from ganstudio.library import is_run_folder, name_for
from ganstudio.pretrained import GENERATOR_SUFFIX, is_pretrained
from ganstudio.training.status import Phase

RECENT_FILES = 8


class Unsaved(Enum):
    """What a person wants done about runs that cannot be saved, when the window is to close."""

    STAY = "stay"
    ELSEWHERE = "elsewhere"
    LOSE = "lose"


@dataclass(slots=True)
class _Trashed:
    """A run's folder, as it was, and where it is in the trash."""

    folder: Path
    there: Path


class Files(QObject):
    """The File menu's doings.

    Parameters
    ----------
    window : QMainWindow
        Parent of the dialogs; closed once what was not saved is.
    session : Session
        Saves and opens.
    experiment, samples, losses : panels
        For New, Export samples and Export history.

    Attributes
    ----------
    closing : bool
        Whether runs are being saved, after which the window closes.
    writer : FileWriter
        Writes samples, and tells what was done.
    """

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
        self.writer = FileWriter(self)
        self._agreed = False  # all is saved that can be
        self._redone: dict[Path, _Trashed] = {}  # what is being deleted again by redo
        experiment.folder_wanted.connect(self.choose_images)
        session.saved.connect(_remember)
        session.opened.connect(_remember)
        session.all_saved.connect(self._on_all_saved)
        session.folder_dropped.connect(self.discard)

    def new(self) -> None:
        """Begin a run of the default preset, which waits for Start."""
        self._session.pause()
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
        if name:
            self.open_file(Path(name))

    def follow(self) -> None:
        """Ask for the folder of a run that another process trains, and follow it."""
        folder = QFileDialog.getExistingDirectory(
            self._window, self.tr("Follow a run"), str(file_folder())
        )
        if folder:
            self.open_file(Path(folder))

    def open_file(self, path: Path) -> None:
        """Open a checkpoint, a generator file or a run's folder; what succeeds is remembered."""
        self._session.open(path)

    def explore(self, path: Path) -> None:
        """Open a generator that comes with the studio."""
        self._session.open(path)

    def export_generator(self) -> None:
        """Ask for a file and write what the run has learned, small enough to pass on."""
        title, kind = self.tr("Export generator"), self.tr("Generators (*.safetensors)")
        if (path := self._ask_target(title, "generator", GENERATOR_SUFFIX, kind)) is not None:
            self._session.export(path)

    def export_onnx(self) -> None:
        """Ask for a file and write G as ONNX, for programs without PyTorch."""
        title, kind = self.tr("Export as ONNX"), self.tr("ONNX (*.onnx)")
        if (path := self._ask_target(title, "generator", ".onnx", kind)) is not None:
            self._session.export(path)

    def export_script(self) -> None:
        """Ask for a file and write a script that trains the same run, without the studio."""
        title, kind = self.tr("Export as a script"), self.tr("Python files (*.py)")
        if (path := self._ask_target(title, "script", ".py", kind)) is not None:
            self._session.export(path)

    def open_elsewhere(self, path: Path) -> None:
        """Ask for the folder of a checkpoint's images, which is not where it was, and open it."""
        if (folder := self._ask_images()) is not None:
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

    def save(self) -> None:
        """Keep a checkpoint of this step in the run's folder."""
        self._session.keep()

    def save_as(self) -> None:
        """Ask where to write a checkpoint, to pass on or to keep elsewhere."""
        if self._session.info is None:
            return
        title, kind = self.tr("Save checkpoint as"), self.tr("Checkpoints (*.pt)")
        if (path := self._ask_target(title, "", ".pt", kind)) is not None:
            self._session.save(path)

    def discard(self, folder: Path) -> None:
        """Move a run's folder to the trash; where there is none, the run stays in the library.

        Undo takes it back.
        """
        redone = self._redone.pop(folder, None)
        moved, there = trash.put(folder)
        if not moved:
            text = self.tr("{name} cannot be moved to the trash, and stays among the earlier runs.")
        elif there is None:
            text = self.tr("{name} is in the trash; restored from there, it is back.")
        else:
            text = self.tr("{name} is in the trash; undo brings it back.")
            if redone is not None:
                redone.there = there
            else:
                said = self.tr("delete {name}").format(name=folder.name)
                put = partial(self._put, _Trashed(folder, there))
                self._session.undo_stack.push(Change(said, put, before=True, after=False))
        self._window.statusBar().showMessage(text.format(name=folder.name), 8000)

    def _put(self, trashed: _Trashed, back: bool) -> None:
        """Take a run's folder back from the trash, or move it there again."""
        folder = trashed.folder
        if not back:
            self._redone[folder] = trashed
            self._session.manage(lambda runner: runner.delete(folder))
            return
        self._redone.pop(folder, None)
        if trash.take_back(trashed.there, folder):
            text = self.tr("{name} is among the earlier runs again.")
            self._session.library_changed.emit()
        else:
            text = self.tr("{name} cannot be taken back: restore it from the trash.")
        self._window.statusBar().showMessage(text.format(name=folder.name), 8000)

    def export_history(self) -> None:
        """Ask for a file and write every step's numbers as CSV, in the background."""
        title, kind = self.tr("Export history"), self.tr("Tables (*.csv)")
        if (path := self._ask_target(title, "history", ".csv", kind)) is not None:
            self._losses.export_history(path)

    def export_events(self) -> None:
        """Ask for a file and write every step's numbers for TensorBoard, in the background."""
        title, kind = self.tr("Export for TensorBoard"), self.tr("Events (*.tfevents)")
        if (path := self._ask_target(title, "history", ".tfevents", kind)) is not None:
            self._losses.export_history(path)

    def export_samples(self) -> None:
        """Ask for a file and write the sample grid as PNG, in the background."""
        title, kind = self.tr("Export samples"), self.tr("PNG pictures (*.png)")
        if (path := self._ask_target(title, "samples", ".png", kind)) is not None:
            sheet = self._samples.sheet()
            self.writer.write(path, lambda to, _: images.save_png(sheet, to), can_cancel=False)

    def export_sample_folder(self) -> None:
        """Ask for a new folder and write the samples as PNGs, one each, in the background."""
        title, kind = self.tr("Export samples as a folder"), self.tr("New folders (*)")
        if (path := self._ask_target(title, "samples", "", kind)) is not None:
            self.writer.write(path, partial(images.save_folder, self._samples.images()))

    def may_close(self) -> bool:
        """Return whether to close now; else what is not saved yet is, and the window closes then.

        Where that fails, a person is asked; training stands still meanwhile, and goes on if the
        window stays.
        """
        status = self._session.status
        unsaved = status.unsaved or any(run.unsaved for run in status.left)
        moves = status.phase is Phase.TRAINING
        loads = status.phase is Phase.LOADING and self._session.info is not None
        if self._agreed or not (unsaved or moves or loads):
            return True
        if not self.closing:
            self.closing = True
            self._window.statusBar().showMessage(self.tr("Saving what was trained…"))
            self._session.finish()
        return False

    def _on_all_saved(self, errors: list[StudioError]) -> None:
        answer = self._ask_about(errors) if errors else None
        if answer is Unsaved.ELSEWHERE:
            self.save_as()
            self._session.finish()  # and see whether all is saved now
            return
        self.closing, self._agreed = False, answer in (None, Unsaved.LOSE)
        if self._agreed:
            self._window.close()
        else:
            self._session.stay()

    def _ask_about(self, errors: list[StudioError]) -> Unsaved:
        """Ask what to do about runs that cannot be saved."""
        box = QMessageBox(self._window)
        box.setObjectName("unsaved_box")
        box.setIcon(QMessageBox.Icon.Warning)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(
            self.tr("What was trained last cannot be saved, and is lost if the window closes now.")
        )
        box.setInformativeText("\n".join(map(worded, errors)))
        if self._session.status.unsaved:
            box.addButton(self.tr("Save &as…"), QMessageBox.ButtonRole.AcceptRole)
        box.addButton(self.tr("Close and &lose it"), QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        box.exec()
        answers = {
            QMessageBox.ButtonRole.AcceptRole: Unsaved.ELSEWHERE,
            QMessageBox.ButtonRole.DestructiveRole: Unsaved.LOSE,
        }
        return answers.get(box.buttonRole(box.clickedButton()), Unsaved.STAY)

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
        """Ask where to write what is called `name`, the run itself where that is ""."""
        proposal = self._new_name(f"-{name}" if name else "", suffix)
        return ask_target(self._window, title, proposal, suffix, kind)

    def _new_name(self, what: str, suffix: str) -> Path:
        """Return a name that no file has yet; without a step, since training may go on."""
        assert self._session.info is not None
        config = self._session.info.config
        recipe = recipe_name(config)
        name = f"{recipe}-{config.seed}"
        if (folder := self._session.status.folder) is not None:
            name = folder.name
        elif (path := self._session.path) is not None:
            name = path.name if path.is_dir() else name_for(path)
        name += what
        names = chain([name], (f"{name}-{n}" for n in count(2)))
        paths = (file_folder() / f"{name}{suffix}" for name in names)
        return next(path for path in paths if not path.exists())

    def _open_recent(self, name: str) -> None:
        self.open_file(Path(name))


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
    if not is_run_folder(path.parent):  # which is the library's
        set_file_folder(path.parent)
