"""The Experiment panel: the settings of the run, and those that wait for a new one."""

import random
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import (
    QGroupBox,
    QLabel,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ganstudio.config import (
    AUTOENCODERS,
    LIVE,
    PERSONAL,
    SETTINGS,
    SHAPING,
    Config,
    form_of,
    load_preset,
    parse,
    rates_fallen,
)
from ganstudio.errors import ConfigError, StudioError
from ganstudio.gui.icons import icon
from ganstudio.gui.setting_texts import choice_text, setting_texts
from ganstudio.gui.try_value import TryValue
from ganstudio.gui.widgets.choice_field import ChoiceField
from ganstudio.gui.widgets.disclosure import Disclosure
from ganstudio.gui.widgets.field_row import Field, FieldRow
from ganstudio.gui.widgets.form_scroll import FormScroll
from ganstudio.gui.widgets.model_field import ModelField
from ganstudio.gui.widgets.number_field import NumberField, Steps
from ganstudio.gui.widgets.pause_limits import PauseLimits
from ganstudio.gui.widgets.pending_bar import PendingBar
from ganstudio.gui.widgets.preset_row import FormRow, PresetRow
from ganstudio.gui.widgets.switch_field import SwitchField
from ganstudio.gui.wording import translate
from ganstudio.model_file import is_model_file
from ganstudio.training.status import RunInfo

_FIRST = ("dataset", "device", "seed", "batch_size")  # for a new run, shown at once
_LIVE = ("g_lr", "d_lr", "d_steps")  # shown at once, and live
_FALLEN = 0.995  # of the learning rates: what is left of them is told below it
_ADVANCED = tuple(name for name in SETTINGS if name not in (*_FIRST, *LIVE))
_STEPS: dict[str, dict[str, Any]] = {
    "batch_size": {"doubles": True},
    "epochs": {"size": 10},
    "latent_dim": {"doubles": True},
    "g_lr": {"size": 1e-4, "doubles": True},
    "d_lr": {"size": 1e-4, "doubles": True},
    "train_images": {"size": 10, "doubles": True},
    "image_size": {"size": 4},
    "adversarial_share": {"size": 1e-3, "doubles": True},
    "r1": {"size": 0.1, "doubles": True},
    "r2": {"size": 0.1, "doubles": True},
    "gradient_penalty": {"size": 1.0, "doubles": True},
    "weight_clip": {"size": 0.01, "doubles": True},
    "instance_noise": {"size": 0.05},
    "translation": {"size": 0.05},
    "info_weight": {"size": 0.1, "doubles": True},
    "beta1": {"size": 0.1},
    "beta2": {"size": 0.01},
    "weight_decay": {"size": 1e-4, "doubles": True},
    "ema_decay": {"size": 0.001},
}


class ExperimentPanel(QWidget):
    """A form of every setting. Live ones act at once, the others collect for a new run.

    Signals:
        live_changed: (name, value) of a live setting that a person changed.
        start_over_requested: (`Config`, device name) of the new run.
        try_wanted: (name, value) of a setting that is to be tried beside the present value.
        limits_changed: (steps or None, minutes or None) after which training shall pause.
        folder_wanted: a person wants to choose a folder of images: see `choose_folder`.
        gallery_requested: show what the presets make.
        model_file_wanted: ask for a file that defines a model.
        failed: a `StudioError`: a preset's file has gone or was damaged meanwhile.
    """

    live_changed = Signal(str, object)
    start_over_requested = Signal(object, str)
    try_wanted = Signal(str, object)
    limits_changed = Signal(object, object)
    folder_wanted = Signal()
    gallery_requested = Signal()
    model_file_wanted = Signal()
    failed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        studio = load_preset("studio").config
        self._running: dict[str, Any] = {**studio.to_dict(), "device": "auto", "folder": ""}
        self._draft = dict(self._running)  # what the fields show: running and pending values
        self._has_run = False
        self._trainable = True  # the current run, here
        self._untold: frozenset[str] = frozenset()  # of its live settings
        self._followed = False
        self._objectives: Mapping[str, tuple[str, str]] = {}  # known once torch is there
        self._preset = "studio"  # the latest that a person chose
        self._downloads: dict[str, int] = {}  # megabytes
        self._rows: dict[str, FieldRow] = {}
        self._build()
        self.set_devices((), "auto")
        self._show(all_fields=True)

    def set_devices(self, devices: tuple[str, ...], current: str) -> None:
        """Offer the devices of this computer; the run is on `current`."""
        in_bfloat16 = self.tr("{device} in bfloat16")
        choices = {}
        for name in ("auto", *devices, current):
            where, reduced, _ = name.partition(" ")  # as `training.device.called` has it
            choices[name] = in_bfloat16.format(device=where) if reduced else where
        choices["auto"] = self.tr("Automatic")
        field = self._rows["device"].field
        assert isinstance(field, ChoiceField)
        field.set_choices(choices.items())
        self._follow({"device": current})

    def set_run(self, info: RunInfo) -> None:
        """Show the settings of a run; changes that waited are gone, but for the first run's."""
        self._trainable, self._objectives = info.trainable, info.objectives
        self._untold = info.untold
        if not self._has_run:
            self._has_run = True
            self.set_devices(info.devices, info.device)
            self._follow({**info.config.to_dict(), "folder": _folder_of(info)})
            return
        self._running = {
            **info.config.to_dict(),
            "device": info.device,
            "folder": _folder_of(info),
        }
        self._draft = dict(self._running)
        self.set_devices(info.devices, info.device)
        self._show(all_fields=True)

    def set_config(self, config: Config) -> None:
        """Show live settings that changed elsewhere; changes that wait go on waiting."""
        self._follow(config.to_dict())

    def wording(self, name: str, value: object) -> str:
        """Return how a setting's field writes a value."""
        field: Any = self._rows[name].field
        return str(field.wording(value))

    def set_progress(self, steps: int, seconds: float) -> None:
        """Show how far the run is: how near its limits, and what rates have become."""
        self._limits.set_progress(steps, seconds)
        self._name_live()

    def has_steps(self) -> bool:
        """Return whether the run has been trained, so that settings wait for another."""
        return self._limits.progress[0] > 0

    def pending_config(self) -> Config:
        """Return the settings of the next run.

        Raises
        ------
        ConfigError
            For the first field with a wrong text.
        """
        for row in self._rows.values():
            row.field.commit()
        for row in self._rows.values():
            if row.field.error is not None:
                raise row.field.error
        return Config(**{name: self._draft[name] for name in SETTINGS})

    def device(self) -> str:
        """Return the device of the next run, which may be "auto"."""
        return str(self._draft["device"])

    def folder(self) -> Path | None:
        """Return the folder of images of the next run, None if its dataset is another one."""
        return Path(self._draft["folder"]) if self._draft["dataset"] == "folder" else None

    def choose_folder(self, path: Path) -> None:
        """Take the images in `path` for the next run."""
        self._draft |= {"dataset": "folder", "folder": str(path)}
        self._show()

    def set_followed(self, followed: bool) -> None:
        """Take note whether another program trains the run, whose settings are its own."""
        if followed is not self._followed:
            self._followed = followed
            self._live.setEnabled(not followed)
            self._show()

    def set_downloads(self, megabytes: dict[str, int]) -> None:
        """Say of these datasets that they must be downloaded."""
        self._downloads = megabytes
        self._show()

    def pending_edits(self) -> dict[str, Any]:
        """Return the changes that wait for a new run, by the setting's name."""
        return {k: v for k, v in self._draft.items() if v != self._running[k]}

    def set_pending_edits(self, edits: dict[str, Any]) -> None:
        """Have changes wait for a new run that `pending_edits` has returned."""
        self._draft |= edits
        self._show(all_fields=True)

    def select_preset(self, name: str, *, published: bool = False) -> None:
        """Show the settings of a preset as changes for a new run; seed and dataset stay."""
        try:
            recipe = load_preset(name).form(published=published).to_dict()
        except StudioError as error:
            self.renew_presets()
            self.failed.emit(error)
            return
        kept = {name: self._draft[name] for name in (*PERSONAL, "device", "folder")}
        self._draft, self._preset = {**recipe, **kept}, name
        self._show(all_fields=True)

    def preset(self) -> str:
        """Return the name of the preset whose settings the fields show, "" if there is none."""
        form = self._form()
        return form[0] if form else ""

    def renew_presets(self) -> None:
        """Offer the presets that there are now."""
        self._preset_row.renew()
        self._show()

    def set_model(self, model: str) -> None:
        """Show a model, which may be a file, as a change for a new run."""
        self._on_edited("model", model)

    def discard(self) -> None:
        """Return every field to the value of the current run."""
        self._draft = dict(self._running)
        self._show(all_fields=True)

    def new_seed(self) -> None:
        """Choose another seed for the next run."""
        self._draft["seed"] = random.randrange(1_000_000)  # short enough to be read and noted
        self._show()

    def checked_config(self) -> Config | None:
        """Return the settings of the next run; if a field is wrong go there and return None."""
        try:
            return self.pending_config()
        except ConfigError:
            self._go_to_error()
            return None

    def start_over(self) -> None:
        """Ask for a new run, unless a field is wrong: then go to that field."""
        if (config := self.checked_config()) is not None:
            self.start_over_requested.emit(config, self.device())

    def start_over_with_new_seed(self) -> None:
        """Ask for a new run with another seed."""
        self.new_seed()
        self.start_over()

    # Construction

    def _build(self) -> None:
        texts = setting_texts()
        for name in SETTINGS:
            text = texts[name]
            button = self._seed_button() if name == "seed" else None
            row = FieldRow(f"setting_{name}", text.label, text.tip, _field(name), button)
            row.try_wanted.connect(partial(self._ask_for_value, name))
            fixed = self.tr("It decides what the networks are: begin a new run for it")
            row.set_trial(fixed if name in SHAPING else "")
            self._add(name, row)
        tip = self.tr(
            "Where the run trains; automatic is a GPU where there is one. In bfloat16, which some "
            "processors know, a step takes less time, and is computed with fewer digits."
        )
        self._add("device", FieldRow("setting_device", self.tr("Device"), tip, ChoiceField()))
        self._preset_row = PresetRow()
        self._preset_row.field.edited.connect(self.select_preset)
        self._preset_row.gallery_asked.connect(self.gallery_requested)
        model = self._rows["model"].field
        assert isinstance(model, ModelField)
        model.file_wanted.connect(self.model_file_wanted)
        self._form_row = FormRow()
        self._form_row.field.edited.connect(self._on_form_chosen)
        self._limits = PauseLimits()
        self._limits.changed.connect(self.limits_changed)

        folded = [self._rows[name] for name in _ADVANCED]
        always = [row for row in self._rows.values() if row not in folded]
        self._aligned = [[*always, self._preset_row, self._form_row, *self._limits.rows], folded]
        tip = self.tr("Networks, losses and optimiser, all for a new run.")
        headings = {  # above the first of them
            "epochs": self.tr("Data"),
            "model": self.tr("Networks and z"),
            "objective": self.tr("Objective"),
            "r1": self.tr("What holds D back"),
            "order": self.tr("Steps and optimiser"),
        }
        column = _column(folded, {self._rows[name]: text for name, text in headings.items()})
        self._advanced = Disclosure("advanced", self.tr("Advanced"), tip, column)
        form = QWidget()
        layout = QVBoxLayout(form)
        layout.setContentsMargins(4, 6, 4, 6)
        layout.setSpacing(6)
        layout.addWidget(self._preset_row)
        layout.addWidget(self._form_row)
        layout.addWidget(self._group(self.tr("For a new run"), _FIRST))
        self._live = self._group("", _LIVE)
        self._live.setObjectName("live_settings")
        layout.addWidget(self._live)
        layout.addWidget(self._limits)
        layout.addWidget(self._advanced)
        layout.addStretch(1)

        for row in (row for rows in self._aligned for row in rows):
            row.float_over(form)
        self._scroll = FormScroll(form)
        self._scroll.setObjectName("experiment_scroll")
        self._nothing_learns = self._make_nothing_learns()
        self._bar = PendingBar()
        self._bar.start_over_clicked.connect(self.start_over)
        self._bar.discard_clicked.connect(self.discard)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self._scroll, 1)
        outer.addWidget(self._nothing_learns)  # below the form: within it, it would move fields
        outer.addWidget(self._bar)
        self._align()

    def _align(self) -> None:
        """Give the labels of a column of fields the same width."""
        for rows in self._aligned:
            width = max(row.label_width(self.font()) for row in rows)
            for row in rows:
                row.set_label_width(width)

    def _add(self, name: str, row: FieldRow) -> None:
        row.field.edited.connect(partial(self._on_edited, name))
        self._rows[name] = row

    def _group(self, title: str, names: Iterable[str]) -> QGroupBox:
        group = QGroupBox(title)
        layout = QVBoxLayout(group)
        layout.setContentsMargins(6, 4, 6, 6)
        layout.setSpacing(4)
        for name in names:
            layout.addWidget(self._rows[name])
        return group

    def _seed_button(self) -> QToolButton:
        button = QToolButton()
        button.setObjectName("new_seed")
        button.setAccessibleName(self.tr("New seed"))
        button.setToolTip(self.tr("Choose another seed for the next run."))
        button.setIcon(icon("random", self.palette()))
        button.setFixedSize(26, 26)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda: self.new_seed())
        self._dice = button
        return button

    def _make_nothing_learns(self) -> QLabel:
        label = QLabel(
            self.tr(
                "Nothing learns with these values: G's learning rate is 0, and D's learning rate "
                "or its updates k are 0 as well."
            )
        )
        label.setObjectName("nothing_learns")
        label.setWordWrap(True)
        label.setMargin(6)
        label.setFrameShape(QLabel.Shape.StyledPanel)
        label.hide()
        return label

    # What the fields show

    def _follow(self, running: dict[str, Any]) -> None:
        """Take in values of the current run; the fields follow where nothing waits."""
        for name, value in running.items():
            if self._draft[name] == self._running[name]:
                self._draft[name] = value
            self._running[name] = value
        self._show()

    def _show(self, *, all_fields: bool = False) -> None:
        """Renew what shows the draft; a text half typed stays unless `all_fields`."""
        for name, row in self._rows.items():
            field: Any = row.field
            if all_fields or field.value() != self._draft[name]:
                field.set_value(self._draft[name])
        self._show_datasets()
        self._explain_objectives()
        changed = [name for name in self._rows if self._is_changed(name)]
        for name, row in self._rows.items():
            row.mark(self._note(name) if name in changed else None)
        self._show_effects()
        inside = sum(name in _ADVANCED for name in changed)
        title = self.tr("Advanced ({count} changed)").format(count=inside)
        self._advanced.set_title(title if inside else self.tr("Advanced"))
        self._name_live()
        form = self._form()
        self._preset_row.show_form(form)
        self._form_row.show_form(form)
        self._bar.set_count(len(changed))

    def _form(self) -> tuple[str, bool] | None:
        """Return the preset on show, and whether as published."""
        return form_of(self._draft, prefer=self._preset)

    def _is_changed(self, name: str) -> bool:
        same = self._draft[name] == self._running[name]
        if name == "dataset" and same and self._draft["dataset"] == "folder":
            return bool(self._draft["folder"] != self._running["folder"])
        return not same

    def _show_datasets(self) -> None:
        """Call the datasets as they are now: a folder by its name, some with their size."""
        row = self._rows["dataset"]
        assert isinstance(row.field, ChoiceField)
        for i in range(row.field.count()):
            row.field.setItemText(i, self._dataset_text(row.field.itemData(i), self._draft))
        tip = setting_texts()["dataset"].tip
        folder = self.folder()
        row.set_tip(tip if folder is None else f"{folder}\n{tip}")

    def _explain_objectives(self) -> None:
        """Say of each objective what it does, and of the chosen one in the row's tip."""
        row = self._rows["objective"]
        assert isinstance(row.field, ChoiceField)
        told = {name: _explained(*texts) for name, texts in self._objectives.items()}
        for i in range(row.field.count()):
            tip = told.get(row.field.itemData(i))
            row.field.setItemData(i, tip, Qt.ItemDataRole.ToolTipRole)
        chosen = told.get(self._draft["objective"], "")
        row.set_tip("\n".join(filter(None, (setting_texts()["objective"].tip, chosen))))

    def _dataset_text(self, name: str, settings: dict[str, Any]) -> str:
        if name == "folder" == settings["dataset"]:
            return self.tr("Folder: {name}…").format(name=Path(settings["folder"]).name)
        if name in self._downloads:
            return self.tr("{name} (download: {size} MB)").format(
                name=choice_text(name), size=self._downloads[name]
            )
        return choice_text(name)

    def _name_live(self) -> None:
        """Say when live settings act; and where rates have fallen by themselves, how far."""
        title = self.tr("Live: acts at once")
        fallen = rates_fallen(self._running["lr_constant_steps"], self._limits.progress[0])
        if fallen < _FALLEN:
            percent = f"{100 * fallen:.0f}"
            title = self.tr("Live; rates by now: {percent} %").format(percent=percent)
        if any(self._is_changed(name) for name in _LIVE):
            title = self.tr("Live: • waits for a new run")
        if self._followed:
            title = self.tr("Live: trained elsewhere")
        if title != self._live.title():
            self._live.setTitle(title)

    def _show_effects(self) -> None:
        """Grey out what has no effect, and say so if nothing can learn."""
        idle = self._idle()
        for name, row in self._rows.items():
            field: Any = row.field
            if name in idle and field.error is not None:
                field.set_value(self._draft[name])  # a text nobody could correct
            row.set_idle(idle.get(name))
        theirs = not self._trainable and self._draft["model"] == self._running["model"]
        untold = self._untold if theirs else frozenset()
        for name in LIVE:
            self._rows[name].setVisible(name not in untold)
        self._live.setVisible(not set(LIVE) <= untold)
        d_learns = self._draft["d_lr"] > 0 and self._draft["d_steps"] > 0
        self._nothing_learns.setVisible(not d_learns and self._draft["g_lr"] == 0)

    def _idle(self) -> dict[str, str]:
        """Return the settings that have no effect beside the others, with the reason."""
        draft, idle = self._draft, {}
        if not (draft["r1"] or draft["r2"] or draft["gradient_penalty"]):
            idle["penalty_every"] = self.tr("It has no effect: there is no penalty.")
        if not (draft["code_choices"] or draft["continuous_codes"]):
            idle["info_weight"] = self.tr("It has no effect: there are no codes.")
        if draft["model"] not in AUTOENCODERS and not is_model_file(draft["model"]):
            idle["adversarial_share"] = self.tr("It has no effect: the model is no autoencoder.")
        if not self._trainable and draft["model"] == self._running["model"]:
            idle |= dict.fromkeys(
                LIVE, self.tr("It has no effect: another program trains this run.")
            )
        return idle

    def _note(self, name: str) -> str:
        """Return what to say of a field that waits: the value that runs."""
        field: Any = self._rows[name].field
        running = field.wording(self._running[name])
        if name == "dataset":
            running = self._dataset_text(self._running[name], self._running)
        if name in LIVE:
            text = self.tr("Running: {value}. It waits for a new run; Enter applies it at once.")
        else:
            text = self.tr("Running: {value}. The change waits for a new run.")
        return text.format(value=running)

    def _go_to_error(self) -> None:
        row = next(row for row in self._rows.values() if row.field.error is not None)
        if self._advanced.content.isAncestorOf(row):
            self._advanced.open()
        self._scroll.ensureWidgetVisible(row)
        row.field.setFocus(Qt.FocusReason.OtherFocusReason)
        if isinstance(row.field, NumberField):
            row.field.selectAll()

    # Slots

    def _ask_for_value(self, name: str) -> None:
        dialog = TryValue(self, name, _field(name), self._running[name])
        dialog.tried.connect(self.try_wanted)
        dialog.open()

    def _on_edited(self, name: str, value: object) -> None:
        if name == "dataset" and value == "folder":
            self._show()  # the dataset is as before until a folder is chosen
            self.folder_wanted.emit()
            return
        self._draft[name] = value
        acts = name in LIVE and self._has_run and value != self._running[name]
        if acts:
            self._running[name] = value
        self._show()
        if acts:
            self.live_changed.emit(name, value)

    def _on_form_chosen(self, published: bool) -> None:
        form = self._form()
        assert form is not None  # the row is hidden without one
        self.select_preset(form[0], published=published)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme and the zoom."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._align()
        if event.type() == QEvent.Type.PaletteChange:
            self._dice.setIcon(icon("random", self.palette()))


def _explained(sentence: str, formula: str) -> str:
    """Return what is said of an objective."""
    return f"{translate('objectives', sentence)}\n{formula}"


def _field(name: str) -> Field:
    setting = SETTINGS[name]
    if setting.switch:
        return SwitchField()
    if setting.choices:
        choices = sorted(setting.choices, key=lambda choice: choice == "folder")  # it asks: last
        texts = [(choice, choice_text(choice)) for choice in choices]
        return ModelField(texts) if setting.file else ChoiceField(texts, asking=("folder",))
    steps = Steps(low=setting.low, high=setting.high, **_STEPS.get(name, {}))
    field = NumberField(partial(parse, name), steps, zero=setting_texts()[name].zero)
    if name == "seed":  # no arrows: they would take the room of its digits
        field.setButtonSymbols(NumberField.ButtonSymbols.NoButtons)
    return field


def _folder_of(info: RunInfo) -> str:
    """Return the folder of images that a run learns from, "" if it learns from others."""
    return str(info.dataset.root) if info.config.dataset == "folder" else ""


def _column(rows: Iterable[FieldRow], headings: Mapping[FieldRow, str]) -> QWidget:
    """Return rows one below the other, some with a heading above."""
    column = QWidget()
    layout = QVBoxLayout(column)
    layout.setContentsMargins(1, 0, 1, 0)
    layout.setSpacing(4)
    for row in rows:
        if row in headings:
            heading = QLabel(headings[row])
            heading.setContentsMargins(0, 6, 0, 0)
            font = heading.font()
            font.setItalic(True)
            heading.setFont(font)
            layout.addWidget(heading)
        layout.addWidget(row)
    return column
