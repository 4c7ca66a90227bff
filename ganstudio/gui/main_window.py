"""The main window: docks, menus, tool bar, status bar, and what happens on closing."""

from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QEvent, QSettings, QSize, Qt, QTimer
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QFont,
    QKeyEvent,
    QKeySequence,
)
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDockWidget,
    QLabel,
    QMainWindow,
    QMenu,
    QSizePolicy,
    QTabWidget,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from ganstudio.config import own_presets
from ganstudio.errors import UNWRITTEN, StudioError
from ganstudio.gui import appearance
from ganstudio.gui.actions import Actions, tool_button
from ganstudio.gui.dock_icons import DockIcons
from ganstudio.gui.earlier_runs import EarlierRuns
from ganstudio.gui.files import Files
from ganstudio.gui.help import show_about, show_help
from ganstudio.gui.model_files import ModelFiles
from ganstudio.gui.panels.curves import CurvesPanel, Kind
from ganstudio.gui.panels.experiment import ExperimentPanel
from ganstudio.gui.panels.latent import LatentPanel
from ganstudio.gui.panels.quality import QualityPanel
from ganstudio.gui.panels.runs import RunsPanel
from ganstudio.gui.panels.samples import SamplesPanel
from ganstudio.gui.presets import Presets
from ganstudio.gui.profile import ProfileDialog
from ganstudio.gui.runs import Runs
from ganstudio.gui.session import Session
from ganstudio.gui.setting_texts import setting_texts
from ganstudio.gui.time_lapse import TimeLapse
from ganstudio.gui.walk_export import WalkExport
from ganstudio.gui.widgets.banner import Banner
from ganstudio.gui.widgets.health_line import HealthLine
from ganstudio.gui.widgets.seen import is_seen
from ganstudio.gui.widgets.start_card import fill_trained
from ganstudio.gui.widgets.steady import Steady
from ganstudio.gui.widgets.work_bar import WorkBar
from ganstudio.gui.wording import worded
from ganstudio.library import AUTOSAVE_SECONDS
from ganstudio.training.health import Diagnosis, Doctor
from ganstudio.training.status import Phase, RunInfo, Status
from ganstudio.work import Work

NO_IMAGES = (
    *("folder-missing", "folder-not-chosen", "no-images", "no-good-images", "too-few-images"),
)
UNFETCHED = ("download-failed", "wrong-checksum")
CURVES_MS = 80  # from a status to the curves: with the samples, they would be one long paint
FRAME = QSize(16, 48)  # px: what window managers add, and more
DOCK_WIDTHS = (260, 340)  # px: Experiment and Latent
DOCK_HEIGHT = 270  # px: the curves
_LEAST = QSize(960, 600)  # px, of the window
_SHARES = (0.55, 0.35)  # of the window's width and height, at most
STAYING = ("not-saved", "queued-run-failed")  # errors that another run does not make good
STEPS = ("step", "step_d", "step_g", "step_100")  # actions
SPEEDS = {"full": None, "10": 10.0, "1": 1.0}  # steps a second


class MainWindow(QMainWindow):
    """The one window.

    Attributes
    ----------
    session : Session
        The threads and their wiring.
    files : Files
        The File menu's doings.
    actions_ : Actions
        Every action by name.
    """

    def __init__(self, device: str = "auto", path: Path | None = None) -> None:
        super().__init__()
        self.setObjectName("main_window")
        self.setAcceptDrops(True)
        self.setMinimumSize(960, 600)
        self.resize(self._first_size())
        self.samples = SamplesPanel()
        self.experiment = ExperimentPanel()
        self.losses = CurvesPanel(kind=Kind.LOSSES)
        self.scores = CurvesPanel(kind=Kind.SCORES)
        self.quality = QualityPanel()
        self.latent = LatentPanel()
        self.runs = RunsPanel()
        self.banner = Banner()
        self._refused: StudioError | None = None  # what the latent panel last failed with
        self.health = HealthLine()
        self.session = Session(
            self.experiment,
            self.samples,
            self.losses,
            self.scores,
            self.quality,
            self.latent,
            device,
            self,
        )
        self._wants_start = False  # Start was pressed while torch still loads
        self._was_loading = False
        self._has_run = False
        self._speed: float | None = None  # steps a second at most
        self._curves_due = QTimer(self, singleShot=True, interval=CURVES_MS)
        self.files = Files(self, self.session, self.experiment, self.samples, self.losses)
        self.presets = Presets(self, self.experiment, self.show_error, self.show_message)
        self.walk_export = WalkExport(self, self.session, self.latent.walk)
        self.time_lapse = TimeLapse(self, self.session, self.samples.time_line)
        self.library = Runs(self, self.session, self.runs, self.experiment)
        self.model_files = ModelFiles(self, self.session, self.experiment)

        self.actions_ = Actions(self)
        self._build_docks()
        self._build_menus()
        self._build_tool_bar()
        self._build_health_bar()
        self._build_status_bar()
        self.actions_.renew_icons()
        self._default_layout = self.saveState()
        self._restore_layout()

        self.session.work_began.connect(self._on_loading)
        self.session.run_changed.connect(self._on_run)
        self.session.opened.connect(self._renew_title)
        self.session.status_changed.connect(self._on_status)
        for panel in (self.losses, self.scores):
            self._curves_due.timeout.connect(panel.refresh)
        self.session.saved.connect(self._on_saved)
        self.session.exported.connect(self._on_exported)
        self.session.decoder.find_began.connect(
            lambda work: self._works.add(work, self.tr("Looking for the image"))
        )
        self.session.failed.connect(lambda _: self._on_nothing_opened())
        self.session.failed.connect(self.show_error)
        self.session.background_failed.connect(self.banner.show_error)
        self.experiment.failed.connect(self.show_error)
        self.latent.failed.connect(self._on_latent_failed)
        self.latent.succeeded.connect(self._on_latent_succeeded)
        self.latent.message.connect(self.show_message)
        self.latent.exploration.changed.connect(self.library.draw)
        self.session.model_file_needed.connect(lambda *_: self._on_nothing_opened())
        self.session.health_changed.connect(self._on_health)
        self.health.remedy_chosen.connect(self.session.apply)
        self.session.undone_live.connect(self._on_undone_live)
        self.samples.start_requested.connect(self._on_start_requested)
        self.samples.trained_chosen.connect(self.files.explore)
        panels, others = (
            (self.losses, self.scores, self.quality),
            (self.files, self.walk_export, self.time_lapse),
        )
        for writer in (owner.writer for owner in (*panels, *others, self.library)):
            writer.work_began.connect(self._on_writing)
            writer.message.connect(self.show_message)
            writer.failed.connect(self.show_error)
        self._on_status(Status())
        self._first_path, self._opening = path, path.name if path else ""
        self.samples.set_opening(self._opening)
        self.session.ask_for_first_run(path)
        for error in own_presets()[1][:1]:  # the gallery names all of them
            self.banner.show_error(error)
        self.setFocus()  # else the first button that Tab reaches has it, and takes Space

    # What the application and the session ask for

    def begin(self) -> None:
        """Start the threads: the window is there, what it asked for can load."""
        self.session.begin()
        QTimer.singleShot(0, self.losses.prepare)
        self._earlier.look(self._first_path)

    def show_error(self, error: StudioError) -> None:
        """Show `error` in the banner, with the one action that helps."""
        opened: Any = error.fields.get("opened")  # the checkpoint whose images are not there
        saved = error.fields.get("saved")
        unwritten = str(error.fields.get("path", "")).endswith(".pt") and error.code in UNWRITTEN
        if unwritten or error.code == "not-saved":
            self.banner.show_error(error, self.tr("Save as…"), self.files.save_as)
        elif error.code == "non-finite" and (step := self.session.way_back()) is not None:
            text = self.tr("Rewind to step {step:,}, learn slower").format(step=step)
            self.banner.show_error(error, text, partial(self.session.recover, step))
        elif error.code == "device-lost" and isinstance(saved, Path):
            go_on = partial(self.session.open, saved, device="cpu")
            self.banner.show_error(error, self.tr("Go on on the CPU"), go_on)
        elif error.code in NO_IMAGES:
            elsewhere = partial(self.files.open_elsewhere, opened)
            choose = self.files.choose_images if opened is None else elsewhere
            self.banner.show_error(error, self.tr("Choose folder…"), choose)
        elif error.code in UNFETCHED:
            reopen = partial(self.session.open, opened)
            again = self.experiment.start_over if opened is None else reopen
            self.banner.show_error(error, self.tr("Try again"), again)
        elif error.code.endswith("checkpoint") or error.code in ("cannot-read", "wrong-shapes"):
            self.banner.show_error(error, self.tr("Open another…"), self.files.open)
        else:
            self.banner.show_error(error)

    def show_message(self, text: str) -> None:
        """Show a passing message in the status bar."""
        self.statusBar().showMessage(text, 4000)

    # Construction

    def _build_docks(self) -> None:
        central = QWidget()
        layout = QVBoxLayout(central)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.banner)
        layout.addWidget(self.samples, 1)
        self.setCentralWidget(central)
        self.setDockOptions(
            QMainWindow.DockOption.AnimatedDocks | QMainWindow.DockOption.AllowTabbedDocks
        )
        left, right = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
        bottom = Qt.DockWidgetArea.BottomDockWidgetArea
        self.setCorner(Qt.Corner.BottomLeftCorner, left)
        self.setCorner(Qt.Corner.BottomRightCorner, right)
        self._docks = [
            self._dock("experiment_dock", self.tr("Experiment"), self.experiment, left),
            self._dock("losses_dock", self.tr("Losses"), self.losses, bottom),
            self._dock("scores_dock", self.tr("Scores"), self.scores, bottom),
            self._dock("quality_dock", self.tr("Quality"), self.quality, bottom),
            self._dock("latent_dock", self.tr("Latent"), self.latent, right),
            self._dock("runs_dock", self.tr("Runs"), self.runs, bottom),
        ]
        _, losses, scores, quality, _, runs = self._docks
        refreshed = (
            *((losses, self.losses), (scores, self.scores)),
            *((quality, self.quality), (runs, self.runs)),
        )
        for dock, panel in refreshed:
            dock.visibilityChanged.connect(lambda _, of=panel: QTimer.singleShot(0, of.refresh))
        DockIcons(self)
        self.tabifyDockWidget(losses, scores)
        self.tabifyDockWidget(scores, quality)
        self.tabifyDockWidget(quality, runs)
        losses.raise_()
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self._fit_docks()

    def _fit_docks(self) -> None:
        """Give the docks the sizes they have at first, times the zoom, and leave the samples most.

        The window may not become smaller than what is in it: the right edge would be cut.
        """
        self._text_size = self.font().pointSizeF()
        zoom, screen, layout = appearance.zoom(), self.screen().availableSize(), self.layout()
        assert layout is not None
        QApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)  # of all that is inside
        layout.activate()
        self.setMinimumSize(_LEAST.expandedTo(layout.minimumSize()).boundedTo(screen))
        experiment, losses, _, _, latent, _ = self._docks
        share = min(zoom, _SHARES[0] * self.width() / sum(DOCK_WIDTHS))
        widths = [round(share * width) for width in DOCK_WIDTHS]
        self.resizeDocks([experiment, latent], widths, Qt.Orientation.Horizontal)
        height = round(min(zoom * DOCK_HEIGHT, _SHARES[1] * self.height()))
        self.resizeDocks([losses], [height], Qt.Orientation.Vertical)

    def _dock(self, name: str, title: str, panel: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self)
        dock.setObjectName(name)
        own = QFont()  # of any difference, or Qt writes the title as large as at first for ever
        own.setStyleStrategy(QFont.StyleStrategy.PreferQuality)
        dock.setFont(own)
        dock.setWidget(panel)
        self.addDockWidget(area, dock)
        return dock

    def _build_menus(self) -> None:
        bar = self.menuBar()
        self._build_file_menu(bar.addMenu(self.tr("&File")))
        edit = bar.addMenu(self.tr("&Edit"))
        stack = self.session.undo_stack
        undo = stack.createUndoAction(self, self.tr("&Undo"))
        redo = stack.createRedoAction(self, self.tr("&Redo"))
        for action, name, key in (
            (undo, "undo", QKeySequence.StandardKey.Undo),
            (redo, "redo", QKeySequence.StandardKey.Redo),
        ):
            action.setObjectName(name)
            action.setShortcut(QKeySequence(key))
            edit.addAction(action)
            self.actions_.by_name[name] = action
        edit.addSeparator()
        add = self.actions_.add
        add(edit, "copy_z", self.tr("&Copy z"), self.latent.copy_z, key="Ctrl+Shift+C")
        add(edit, "paste_z", self.tr("&Paste z"), self.latent.paste_z, key="Ctrl+Shift+V")
        self._build_run_menu(bar.addMenu(self.tr("&Run")))
        self._build_view_menu(bar.addMenu(self.tr("&View")))
        self._build_help_menu(bar.addMenu(self.tr("&Help")))

    def _build_file_menu(self, menu: QMenu) -> None:
        add, keys = self.actions_.add, QKeySequence.StandardKey
        add(menu, "new", self.tr("&New"), self.files.new, key=keys.New)
        add(menu, "open", self.tr("&Open checkpoint…"), self.files.open, key=keys.Open)
        add(
            menu,
            "follow",
            self.tr("&Follow a run…"),
            self.files.follow,
            tip=self.tr("Show a run that ganstudio train makes into a folder, while it goes on"),
        )
        self._recent_menu = menu.addMenu(self.tr("Open &recent"))
        self._recent_menu.setObjectName("recent_menu")
        self._recent_menu.aboutToShow.connect(lambda: self.files.fill_recent(self._recent_menu))
        trained = menu.addMenu(self.tr("&Explore a trained one"))
        trained.setObjectName("explore_menu")
        trained.setToolTipsVisible(True)
        fill_trained(trained, self.files.explore)
        menu.addSeparator()
        add(menu, "save", self.tr("&Save"), self.files.save, key=keys.Save, sign="save")
        add(menu, "save_as", self.tr("Save &as…"), self.files.save_as, key="Ctrl+Shift+S")
        self._build_autosave_menu(menu.addMenu(self.tr("A&utosave")))
        menu.addSeparator()
        presets = menu.addMenu(self.tr("&Presets"))
        add(presets, "gallery", self.tr("&Gallery…"), self.presets.show_gallery, key="Ctrl+G")
        add(presets, "save_preset", self.tr("&Save as preset…"), self.presets.save_as)
        add(presets, "import_preset", self.tr("&Import preset…"), self.presets.import_file)
        menu.addSeparator()
        self._build_export_menu(menu.addMenu(self.tr("E&xport")))
        menu.addSeparator()
        add(
            menu,
            "data_folder",
            self.tr("&Data folder…"),
            self.files.show_data_folder,
            tip=self.tr("Where datasets that are downloaded are kept"),
        )
        menu.addSeparator()
        add(menu, "quit", self.tr("&Quit"), self.close, key=keys.Quit)

    def _build_export_menu(self, menu: QMenu) -> None:
        add, files = self.actions_.add, self.files
        menu.setObjectName("export_menu")
        menu.setToolTipsVisible(True)
        add(menu, "export_samples", self.tr("&Samples as one picture…"), files.export_samples)
        add(
            menu,
            "export_sample_folder",
            self.tr("Samples as a &folder of pictures…"),
            files.export_sample_folder,
        )
        menu.addSeparator()
        add(menu, "export_history", self.tr("&History as a table (CSV)…"), files.export_history)
        add(
            menu,
            "export_events",
            self.tr("History for &TensorBoard…"),
            files.export_events,
            tip=self.tr("Every step's numbers, to be seen with other programs' runs"),
        )
        menu.addSeparator()
        add(
            menu,
            "export_generator",
            self.tr("&Generator…"),
            files.export_generator,
            tip=self.tr("Write the networks alone, small, to explore or to train further"),
        )
        add(
            menu,
            "export_onnx",
            self.tr("Generator as &ONNX…"),
            files.export_onnx,
            tip=self.tr("Write G for programs without PyTorch: z in, images in [0, 1] out"),
        )
        add(
            menu,
            "export_script",
            self.tr("Experiment as a &PyTorch script…"),
            files.export_script,
            tip=self.tr("One file to read and to run, which trains the same run"),
        )

    def _build_autosave_menu(self, menu: QMenu) -> None:
        texts = {
            "10": self.tr("Every &10 seconds"),
            "30": self.tr("Every &30 seconds"),
            "60": self.tr("Every &minute"),
            "300": self.tr("Every &5 minutes"),
        }
        kept = str(QSettings().value("autosave_seconds"))
        kept = kept if kept in texts else str(AUTOSAVE_SECONDS)
        self.actions_.choices(menu, "autosave", texts, kept, self._set_autosave)
        self.session.set_autosave(float(kept))

    def _build_run_menu(self, menu: QMenu) -> None:
        add = self.actions_.add
        add(menu, "start", self.tr("&Start"), self._toggle_training, key="F5", sign="start")
        self._step_menu = menu.addMenu(self.tr("S&tep"))
        step = self.session.step
        add(
            self._step_menu,
            "step",
            self.tr("&Step"),
            lambda: step("both"),
            key="F10",
            sign="step",
            tip=self.tr("One step: k updates of D and one of G; it shows in the latest generator"),
        )
        add(self._step_menu, "step_d", self.tr("&D only"), lambda: step("D"), key="Shift+F10")
        add(self._step_menu, "step_g", self.tr("&G only"), lambda: step("G"), key="Ctrl+F10")
        add(self._step_menu, "step_100", self.tr("&100 steps"), lambda: step("both", 100))
        speeds = {"full": self.tr("&Full"), "10": self.tr("1&0 steps/s"), "1": self.tr("&1 step/s")}
        self.actions_.choices(
            menu.addMenu(self.tr("S&peed")),
            "speed",
            speeds,
            "full",
            self._set_speed,
        )
        exact = add(
            menu,
            "exact",
            self.tr("Repeat e&xactly"),
            self._set_exact,
            tip=self.tr(
                "Compute in one way only, so that a run repeats bit for bit on this computer; it "
                "is slower, above all on a GPU, while other programs compute and while a slider "
                "is dragged"
            ),
        )
        exact.setCheckable(True)
        exact.setChecked(str(QSettings().value("exact")) == "true")
        self.session.set_exact(exact.isChecked())
        menu.addSeparator()
        left = menu.addMenu(self.tr("&Earlier runs"))
        left.setObjectName("left_menu")
        self._earlier = EarlierRuns(left, self.session)
        self._earlier.cut_short.connect(self._offer)
        self._over_menu = menu.addMenu(self.tr("Start &over"))
        add(
            self._over_menu,
            "start_over",
            self.tr("Start &over"),
            self.experiment.start_over,
            sign="start-over",
            tip=self.tr(
                "A new run from the beginning with the same seed; undo brings this one back"
            ),
        )
        add(
            self._over_menu,
            "start_over_new_seed",
            self.tr("With a &new seed"),
            self.experiment.start_over_with_new_seed,
        )

    def _build_view_menu(self, menu: QMenu) -> None:
        for dock in self._docks:
            menu.addAction(dock.toggleViewAction())
        add, keys = self.actions_.add, QKeySequence.StandardKey
        add(menu, "reset_layout", self.tr("&Reset layout"), self._reset_layout)
        menu.addSeparator()
        themes = {
            "system": self.tr("As the &system"),
            "light": self.tr("&Light"),
            "dark": self.tr("&Dark"),
        }
        self.actions_.choices(
            menu.addMenu(self.tr("&Theme")),
            "theme",
            themes,
            appearance.theme(),
            appearance.set_theme,
        )
        zoom = menu.addMenu(self.tr("&Zoom"))
        step = appearance.zoom_step
        add(zoom, "zoom_in", self.tr("&Larger"), lambda: step(1), key=keys.ZoomIn)
        add(zoom, "zoom_out", self.tr("&Smaller"), lambda: step(-1), key=keys.ZoomOut)
        add(zoom, "zoom_reset", self.tr("&Normal size"), lambda: step(0), key="Ctrl+0")

    def _build_help_menu(self, menu: QMenu) -> None:
        add = self.actions_.add
        add(
            menu,
            "help",
            self.tr("&Keyboard and first steps"),
            lambda: show_help(self, self.actions_),
            key="F1",
        )
        add(menu, "profile", self.tr("&Profile…"), self._show_profile)
        add(menu, "about", self.tr("&About GAN Studio"), lambda: show_about(self))

    def _show_profile(self) -> None:
        """Show where the time of a step goes; once, if that is open already."""
        shown = self.findChild(ProfileDialog) or ProfileDialog(self, self.session)
        shown.show()
        shown.raise_()
        shown.activateWindow()

    def _build_tool_bar(self) -> None:
        bar = QToolBar(self.tr("Tools"))
        bar.setObjectName("tool_bar")
        bar.setMovable(False)
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.addToolBar(bar)
        by_name = self.actions_.by_name
        tool_button(bar, by_name["start"], texts=(self.tr("Start"), self.tr("Pause")))
        tool_button(bar, by_name["step"], self._step_menu)
        tool_button(bar, by_name["start_over"], self._over_menu)
        bar.addSeparator()
        for name in ("undo", "redo"):
            self.actions_.set_icon(name, name)
            button = tool_button(bar, by_name[name])
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        bar.addSeparator()
        tool_button(bar, by_name["save"])

    def _build_health_bar(self) -> None:
        bar = QToolBar(self.tr("Health"))
        bar.setObjectName("health_bar")
        bar.setMovable(False)
        bar.toggleViewAction().setVisible(False)  # it is always there
        bar.addWidget(self.health)
        self.addToolBarBreak()
        self.addToolBar(bar)

    def _build_status_bar(self) -> None:
        self._state = QLabel()
        self._state.setObjectName("state")
        self._works = WorkBar()
        self._state.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        steady = Steady(self._state)
        self.statusBar().addWidget(steady, 1)
        self.statusBar().addPermanentWidget(self._works)
        # Qt hides the state as well, but in a way that its next layout undoes below the message
        self.statusBar().messageChanged.connect(lambda message: steady.setVisible(not message))

    # Slots

    def _offer(self, name: str, step: int, path: Path) -> None:
        """Offer to go on with a run that was cut short."""
        error, go_on = StudioError("left-open", name=name, step=step), self.tr("Go on with it")
        self.banner.show_error(error, go_on, partial(self.files.open_file, path))

    def _on_nothing_opened(self) -> None:
        """Show that no run comes of what was asked for; a first one is the default instead."""
        self._wants_start = False
        self._opening = ""
        self.samples.set_opening("")
        self._on_status(self.session.status)

    def _toggle_training(self) -> None:
        if self.session.status.phase is Phase.TRAINING:
            self.session.pause()
        else:
            self._on_start_requested()
            self.session.start()
            if self.session.status.step and self.experiment.pending_edits():
                text = self.tr("{name} goes on as it was; the changes wait for Start over.")
                self.show_message(text.format(name=self.session.name or self.tr("The run")))

    def _on_start_requested(self) -> None:
        """Show that training will begin, though torch may still be loading."""
        if self.session.status.phase is Phase.NONE:  # the banner says why nothing can train
            return
        self.banner.dismiss()
        self._wants_start = self.session.status.phase is Phase.LOADING
        self._on_status(self.session.status)

    def _on_status(self, status: Status) -> None:
        training, loading = status.phase is Phase.TRAINING, status.phase is Phase.LOADING
        if self._was_loading and not loading:
            self.health.offer_again()  # where no new run came of it
        self._was_loading = loading
        self._wants_start &= not training
        start = self.actions_.by_name["start"]
        text, sign = (self.tr("Pause"), "pause") if training else (self.tr("Start"), "start")
        if start.text() != text:
            start.setText(text)
            start.setToolTip(self.tr("{action} (F5, Space)").format(action=text))
            self.actions_.set_icon("start", sign)
        if not self._curves_due.isActive():
            self._curves_due.start()
        self._state.setText(self._state_text(status))
        why = status.without_graphs
        tip = self.tr("Steps take longer than they need to: {reason}")
        self._state.setToolTip(tip.format(reason=worded(why)) if why is not None else "")
        self._renew_title()
        loaded = status.phase not in (Phase.LOADING, Phase.NONE)
        by_name = self.actions_.by_name
        for name in ("export_samples", "export_sample_folder"):
            by_name[name].setEnabled(self.session.info is not None)
        for name in ("export_history", "export_events"):
            by_name[name].setEnabled(status.step > 0)
        of_a_run = ("save", "save_as", "export_generator", "export_onnx", "export_script")
        for name in (*STEPS, *of_a_run):
            by_name[name].setEnabled(loaded)

    def _set_speed(self, name: str) -> None:
        self._speed = SPEEDS[name]
        self.session.set_speed(self._speed)
        self._on_status(self.session.status)

    def _set_autosave(self, seconds: str) -> None:
        QSettings().setValue("autosave_seconds", seconds)
        self.session.set_autosave(float(seconds))

    def _set_exact(self) -> None:
        exact = self.actions_.by_name["exact"].isChecked()
        QSettings().setValue("exact", "true" if exact else "false")
        self.session.set_exact(exact)

    def _state_text(self, status: Status) -> str:
        """Say what is happening now, and where the run is."""
        names = {
            Phase.LOADING: self.tr("Loading"),
            Phase.NONE: self.tr("There is no run"),
            Phase.READY: self.tr("Ready"),
            Phase.TRAINING: self.tr("Training"),
            Phase.PAUSED: self.tr("Paused"),
            Phase.FOLLOWING: self.tr("Following"),
        }
        name = names[status.phase]
        if self._wants_start:
            name = self.tr("Starts as soon as all is loaded")
        elif status.phase is Phase.TRAINING and self._speed:
            name = self.tr("Training, {speed:g}/s at most").format(speed=self._speed)
        elif status.reached:
            name = self._reached_text(status.reached)
        info = self.session.info
        if info is None:
            return name
        minutes, seconds = divmod(int(status.seconds), 60)
        hours, minutes = divmod(minutes, 60)
        elapsed = f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
        parts = [
            name,
            self.tr("step {step:,}").format(step=status.step),
            self.tr("epoch {epoch:.2f}").format(epoch=status.epoch),
            elapsed,
            info.device,
        ]
        if status.without_graphs is not None:
            parts.append(self.tr("without graphs"))
        if status.queue:
            parts.append(self.tr("{count} queued").format(count=len(status.queue)))
        if status.phase is Phase.TRAINING:
            rate = self.tr("{rate:,.0f} images/s").format(rate=status.images_per_second)
            parts.insert(3, rate)
        return "  ·  ".join(parts)

    def _reached_text(self, limit: str) -> str:
        """Say why training paused by itself."""
        texts = {
            "step": self.tr("Paused at the step you asked for"),
            "minutes": self.tr("Paused at the minute you asked for"),
            "epochs": self.tr("Paused at the recipe's last epoch; Start goes on"),
        }
        return texts[limit]

    def _on_run(self, info: RunInfo) -> None:
        self._renew_title()
        told = self.banner.error
        if self._has_run and told is not None and told.code not in (*UNWRITTEN, *STAYING):
            self.banner.dismiss()  # it is of another run
        self._has_run = True  # the first is what there is where another cannot be opened
        if info.dataset.notice is not None:
            self.banner.show_error(info.dataset.notice)

    def _on_saved(self, path: Path) -> None:
        self.banner.dismiss()
        self.show_message(self.tr("Saved {name}").format(name=path))

    def _on_exported(self, path: Path) -> None:
        self.show_message(self.tr("Saved {name}").format(name=path))

    def _on_loading(self, work: Work) -> None:
        text = self.tr("Loading a run")
        if self.session.info is None:
            text = self.tr("Loading PyTorch and a first run")
            if self._opening:
                text = self.tr("Loading PyTorch and {name}").format(name=self._opening)
        self._works.add(work, text)

    def _on_writing(self, path: Path, work: Work) -> None:
        self._works.add(work, self.tr("Writing {name}").format(name=path.name))

    def _on_health(self, diagnosis: Diagnosis, doctor: Doctor) -> None:
        assert self.session.info is not None
        self.health.set_health(diagnosis, doctor, self.session.info.history)

    def _on_latent_failed(self, error: StudioError) -> None:
        self._refused = error
        self.show_error(error)

    def _on_latent_succeeded(self) -> None:
        if self.banner.error is not None and self.banner.error is self._refused:
            self.banner.dismiss()

    def _on_undone_live(self, name: str, value: float) -> None:
        self.health.offer_again()
        text = self.tr("{name} is {value:g} from now on; the steps made stay made.")
        self.show_message(text.format(name=setting_texts()[name].label, value=value))

    # Looks

    def _follow_zoom(self) -> None:
        if self.font().pointSizeF() == self._text_size:
            return
        for combo in self.findChildren(QComboBox):
            # after a change of the font alone, it keeps the least size that the font before needed
            QApplication.sendEvent(combo, QEvent(QEvent.Type.StyleChange))
        self._fit_docks()
        self._stay_on_screen()

    def _stay_on_screen(self) -> None:
        """Undo a zoom for which the screen is too small; and show all of the window."""
        layout, free = self.layout(), self.screen().availableGeometry()
        assert layout is not None
        needed = layout.minimumSize()
        if not _fits(_LEAST, free.size()):  # it will be cut anyway
            return
        if not _fits(needed, free.size()) and appearance.zoom() > 1:
            appearance.zoom_step(-1)
            self.show_message(self.tr("The screen is too small for larger text."))
            return
        frame = self.frameGeometry()
        fills = self.isMaximized() or self.isFullScreen()
        if self.isVisible() and not fills and not free.contains(frame):
            edges = frame.size() - self.size()
            self.resize(self.size().boundedTo(free.size() - edges))
            frame = self.frameGeometry()
            left = max(free.left(), min(frame.left(), free.right() + 1 - frame.width()))
            top = max(free.top(), min(frame.top(), free.bottom() + 1 - frame.height()))
            self.move(left, top)

    def _renew_title(self, _run_or_path: object = None) -> None:
        name = self.session.name or self.tr("New run")
        if name != self.windowTitle():
            self.setWindowTitle(name)

    def _reset_layout(self) -> None:
        self.restoreState(self._default_layout)

    def _first_size(self) -> QSize:
        """Return a size that fits onto the screen with the frame that the system will add."""
        wanted, free = QSize(1280, 800), self.screen().availableSize() - FRAME
        if free.width() < self.minimumWidth() or free.height() < self.minimumHeight():
            return wanted  # it will not fit anyway
        return wanted.boundedTo(free)

    def _restore_layout(self) -> None:
        settings = QSettings()
        geometry, state = settings.value("geometry"), settings.value("layout")
        if isinstance(geometry, QByteArray):
            self.restoreGeometry(geometry)
        if isinstance(state, QByteArray):
            self.restoreState(state)

    # Qt overrides

    def closeEvent(self, event: QCloseEvent) -> None:
        """See to it that all is saved, remember the layout, end the threads."""
        if not self.files.may_close():
            event.ignore()
            return
        self.hide()  # the threads may take a moment, and files being written are finished
        QSettings().setValue("geometry", self.saveGeometry())
        QSettings().setValue("layout", self.saveState())
        self.session.close()
        event.accept()

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Leave out what another dock's tab is before: Qt would have the focus vanish there."""
        behind = [dock for dock in self._docks if not is_seen(dock)]
        visited: list[QWidget] = []
        while super().focusNextPrevChild(forward):
            focus = self.focusWidget()
            hidden = focus is not None and any(dock.isAncestorOf(focus) for dock in behind)
            if focus is None or not hidden or focus in visited:
                return True
            visited.append(focus)
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Let Space start and pause where nothing else took it."""
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._toggle_training()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open a dropped checkpoint, or take a dropped preset or folder of images."""
        urls = event.mimeData().urls()
        path = Path(next(url.toLocalFile() for url in urls if url.isLocalFile()))
        if path.is_dir():
            self.files.use_images(path)
        elif path.suffix == ".toml":
            self.presets.import_file(path)
        else:
            self.files.open_file(path)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme and the zoom, which all in the window have done by then."""
        if event.type() == QEvent.Type.FontChange and hasattr(self, "_text_size"):
            self._follow_zoom()
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "actions_"):
            self.actions_.renew_icons()
        super().changeEvent(event)


def _fits(size: QSize, room: QSize) -> bool:
    return size.width() <= room.width() and size.height() <= room.height()
