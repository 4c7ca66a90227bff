"""Model files in the window: choosing one, and asking before its code runs."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog, QMainWindow, QMessageBox

from ganstudio import model_file
from ganstudio.errors import StudioError
from ganstudio.gui.folders import file_folder
from ganstudio.gui.panels.experiment import ExperimentPanel
from ganstudio.gui.session import Session
from ganstudio.gui.wording import worded
from ganstudio.model_file import ModelFile

Use = Callable[[ModelFile], object]


class ModelFiles(QObject):
    """Asks for model files, and whether they may run. Nothing runs without a yes.

    Parameters
    ----------
    window : QMainWindow
        Parent of the dialogs.
    session : Session
        Runs files.
    experiment : ExperimentPanel
        Offers "From a file…".
    """

    def __init__(self, window: QMainWindow, session: Session, experiment: ExperimentPanel) -> None:
        super().__init__(window)
        self._window = window
        self._experiment = experiment
        experiment.model_file_wanted.connect(lambda: self._choose(session.run_model_file, ""))
        session.model_file_ran.connect(self._on_ran)
        session.model_file_needed.connect(self._on_needed)

    def _on_ran(self, file: ModelFile) -> None:
        """Put a file into the recipe, now that it is known to work."""
        self._experiment.set_model(str(file.path))

    def _on_needed(self, error: StudioError, again: Use) -> None:
        """Ask about the file that a run needs; `again` goes on with it."""
        fields = error.fields
        self._ask(Path(str(fields["file"])), again, str(fields.get("sha256", "")))

    def _choose(self, use: Use, recorded: str) -> None:
        """Ask for a file, then whether it may run."""
        title, kind = self.tr("Choose a model file"), self.tr("Python files (*.py)")
        name, _ = QFileDialog.getOpenFileName(self._window, title, str(file_folder()), kind)
        if name:
            self._ask(Path(name), use, recorded)

    def _ask(self, path: Path, use: Use, recorded: str) -> None:
        """Show a file's path and hash, and `use` it if the person says so.

        `recorded` is the hash of the file that a checkpoint was made with, "" if there is none.
        """
        buttons, roles = QMessageBox.StandardButton, QMessageBox.ButtonRole
        box = QMessageBox(self._window)
        box.setObjectName("model_file_box")
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle(self.tr("Model from a file"))
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        box.setIcon(QMessageBox.Icon.Warning)
        box.setStandardButtons(buttons.Cancel)
        other = box.addButton(self.tr("Choose another file…"), roles.ActionRole)
        other.setObjectName("other_model_file")
        other.clicked.connect(lambda: self._choose(use, recorded))
        try:
            file = model_file.read(path)
        except StudioError as error:
            box.setText(worded(error))
            box.setInformativeText(self._recorded_text(recorded, None))
        else:
            fits = not recorded or recorded == file.sha256
            if fits:
                box.setText(self.tr("Run the code in {name}?").format(name=path.name))
                run = box.addButton(self.tr("Run it"), roles.AcceptRole)
                run.setObjectName("run_model_file")
                run.clicked.connect(lambda: use(file))
                warning = self.tr(
                    "It makes the networks, and it can do all that you can do on this computer. "
                    "Run it only if you trust whoever wrote it."
                )
            else:
                box.setText(self.tr("This is another file than the checkpoint was made with."))
                warning = self.tr("It cannot be used for this checkpoint, and was not run.")
            facts = self.tr("File: {path}\nSHA-256: {sha256}")
            facts = facts.format(path=file.path, sha256=_grouped(file.sha256))
            texts = [facts, self._recorded_text(recorded, file), warning]
            box.setInformativeText("\n\n".join(filter(None, texts)))
        box.setDefaultButton(buttons.Cancel)
        box.setEscapeButton(buttons.Cancel)
        box.open()

    def _recorded_text(self, recorded: str, file: ModelFile | None) -> str:
        """Say how a file compares with the one that a checkpoint was made with."""
        if not recorded:
            return ""
        if file is not None and file.sha256 == recorded:
            return self.tr("It is the file that the checkpoint was made with: SHA-256 is the same.")
        text = self.tr("The checkpoint was made with the file of SHA-256: {sha256}")
        return text.format(sha256=_grouped(recorded))


def _grouped(sha256: str) -> str:
    """Return a hash in groups that lines can break between, and eyes compare."""
    return " ".join(sha256[i : i + 8] for i in range(0, len(sha256), 8))
