"""Every text that a person meets is in a translator's file, and is shown as translated there.

The translator of these tests writes what it knows in full-width letters: an ASCII letter on the
screen is one that it was never asked for, or that `extract.py` does not find.
"""

import ast
import errno
import os
import re
import runpy
import string
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from hands import WAIT
from PySide6.QtCore import QCoreApplication, Qt, QTimer, QTranslator
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QFileDialog,
    QGraphicsScene,
    QLabel,
    QLineEdit,
    QListWidget,
    QMessageBox,
    QTabBar,
    QWidget,
)

import ganstudio.gui
from ganstudio import gallery, parts
from ganstudio.config import Config, load_preset, own_folder, parse, preset_names
from ganstudio.data.dataset import read_idx
from ganstudio.data.loading import load
from ganstudio.data.published import usual_folder
from ganstudio.data.sources import cifar_10
from ganstudio.errors import MESSAGES, PHRASES, Phrase, StudioError, device_missing, unknown_name
from ganstudio.gallery import Figures
from ganstudio.gui import app
from ganstudio.gui.main_window import MainWindow
from ganstudio.gui.widgets.latent_state import LatentState
from ganstudio.gui.widgets.plot import CurvePlot
from ganstudio.gui.widgets.sample_grid import SampleGrid
from ganstudio.gui.widgets.slider_list import SliderList
from ganstudio.gui.wording import worded
from ganstudio.resources import resource
from ganstudio.training import checkpoint
from ganstudio.training.health import (
    SENTENCES,
    Diagnosis,
    Doctor,
    Evidence,
    Observation,
    Remedy,
    State,
)
from ganstudio.training.history import History
from ganstudio.training.homes import Homes
from ganstudio.training.status import Phase, Status
from ganstudio.work import Work

Known = set[tuple[str, str]]

WIDE = {ord(letter): ord(letter) + 0xFEE0 for letter in string.ascii_letters}
MARKUP = r"<[^>]+>|&#?\w+;"
KEPT = re.compile(rf"({MARKUP}|\{{[^{{}}]*\}}|%\w|\*\.\w+)")  # what a translator leaves as it is
# Not words: devices, dimensions of z, formulas, numbers, keys that bear a letter, file names.
NAMES = re.compile(
    rf"{MARKUP}|\bcpu\b|\bz \d+\b|\bln 2\b|\d(e[-+]?\d+)\b|(?<=\+)[A-Z]\b|\S*\.(pt|png|csv)\b"
)
READERS = (
    *("text", "caption", "title", "windowTitle", "currentMessage", "informativeText"),
    *("toolTip", "statusTip", "placeholderText", "accessibleName", "accessibleDescription"),
)


def wide(text: str) -> str:
    """Return a translation of `text`."""
    parts = KEPT.split(text)
    return "".join(part if KEPT.fullmatch(part) else part.translate(WIDE) for part in parts)


FORMULAS = [
    parts.load(parts.OBJECTIVE, name).OBJECTIVE.formula for name in parts.names(parts.OBJECTIVE)
]


def english(text: str, *names: str) -> list[str]:
    """Return the words of `text` that are not translated, apart from `names`."""
    for name in names:
        text = text.replace(name, "")
    return re.findall("[A-Za-z]+", NAMES.sub("", text))


class Translator(QTranslator):
    """Knows Qt's own texts and those of a translator's file."""

    def __init__(self, known: Known) -> None:
        super().__init__()
        self._known = known

    def isEmpty(self) -> bool:
        return False

    def translate(self, context, source, disambiguation=None, n=-1) -> str | None:
        known = context.startswith("Q") or (context, source) in self._known
        return wide(source) if known else None


class Orders(QTranslator):
    """Says a value before its name."""

    def isEmpty(self) -> bool:
        return False

    def translate(self, _context, source, _disambiguation=None, _n=-1) -> str | None:
        return "{value} = {name}" if source == "{name}: {value}" else None


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a new translator's file."""
    path = tmp_path_factory.mktemp("translation") / "ganstudio_zh_CN.ts"
    try:
        runpy.run_path(str(resource("translations/extract.py")))["extract"](path)
    except subprocess.CalledProcessError as error:
        if error.returncode != 127 or "CI" in os.environ:
            raise
        pytest.skip("lupdate needs a library that this system lacks: libgssapi-krb5-2")
    return path


def messages(file: Path) -> Iterator[tuple[str, ET.Element]]:
    for context in ET.parse(file).iter("context"):
        for message in context.iter("message"):
            yield context.findtext("name", ""), message


@pytest.fixture
def translated(file: Path, qapp: QApplication) -> Iterator[None]:
    known = {(context, message.findtext("source", "")) for context, message in messages(file)}
    translator = Translator(known)
    qapp.installTranslator(translator)
    yield
    qapp.removeTranslator(translator)


@pytest.fixture
def window(qtbot, translated: None) -> Iterator[MainWindow]:
    window = MainWindow("cpu")
    window.show()
    yield window
    window.session.close()
    window.hide()
    window.deleteLater()


def texts(top: QWidget) -> Iterator[tuple[str, str]]:
    """Yield where they are and what they say: all texts in a window, shown or hidden."""
    actions = [a for a in top.findChildren(QAction) if not isinstance(a.parent(), QGraphicsScene)]
    for thing in (top, *top.findChildren(QWidget), *actions):  # none of pyqtgraph's own menu
        where = f"{type(thing).__name__} {thing.objectName()}"
        for reader in READERS:
            read = getattr(thing, reader, None)
            if callable(read) and isinstance(text := read(), str):
                yield f"{where} {reader}", text
        if isinstance(thing, QComboBox):
            for i in range(thing.count()):
                yield where, thing.itemText(i)
                yield where, thing.itemData(i, Qt.ItemDataRole.ToolTipRole) or ""
        elif isinstance(thing, QTabBar):
            yield from ((where, thing.tabText(i)) for i in range(thing.count()))
        elif isinstance(thing, CurvePlot):
            yield from ((where, thing.getAxis(side).labelText) for side in ("bottom", "left"))


def check(top: QWidget) -> None:
    names = (top.session.name,) if isinstance(top, MainWindow) and top.session.name else ()
    found = [f"{where}: {text}" for where, text in texts(top) if english(text, *FORMULAS, *names)]
    assert not found, "\n".join(found)


def press(qtbot, window: MainWindow, name: str) -> None:
    qtbot.mouseClick(window.findChild(QAbstractButton, name), Qt.MouseButton.LeftButton)


def type_into(qtbot, widget: QWidget, text: str) -> None:
    widget.setFocus()
    widget.selectAll()
    qtbot.keyClicks(widget, text)
    qtbot.keyClick(widget, Qt.Key.Key_Return)


def make_steps(qtbot, window: MainWindow, n: int) -> None:
    target = window.session.status.step + n
    window.session.step("both", n)
    qtbot.waitUntil(lambda: window.session.status.step == target, timeout=WAIT)
    qtbot.waitUntil(lambda: window.session.status.phase is Phase.PAUSED, timeout=WAIT)


def test_the_tests_translator_tells_words_from_the_rest() -> None:
    kept = "<b>{n:,}</b>&nbsp;%1 (*.pt)"
    assert wide(kept) == kept
    assert not english(wide("Start <b>now</b> &amp; then"))
    assert not english(wide("Ctrl") + "+Z</b> · cpu, z 12 = 1e-05, run.pt")
    assert english(wide("Start") + " Start ok", "ok") == ["Start"]


def test_all_panels_through_a_first_hour(qtbot, window: MainWindow) -> None:
    check(window)
    window.begin()
    qtbot.waitUntil(lambda: window.session.status.phase is Phase.READY, timeout=WAIT)
    check(window)
    make_steps(qtbot, window, 3)
    check(window)
    window.samples.start_requested.emit()
    qtbot.waitUntil(lambda: window.session.status.phase is Phase.TRAINING, timeout=WAIT)
    qtbot.waitUntil(lambda: window.session.status.images_per_second > 0, timeout=WAIT)
    check(window)
    window.session.pause()
    qtbot.waitUntil(lambda: window.session.status.phase is Phase.PAUSED, timeout=WAIT)
    for phase in Phase:
        for reached in ("", "step", "minutes", "epochs"):
            window.session.status_changed.emit(Status(phase=phase, reached=reached, step=1234))
            check(window)


def test_settings_right_and_wrong(qtbot, window: MainWindow) -> None:
    window.begin()
    qtbot.waitUntil(lambda: window.session.status.phase is Phase.READY, timeout=WAIT)
    find = window.experiment.findChild
    type_into(qtbot, find(QAbstractSpinBox, "setting_d_lr"), "0.5")  # live, can be undone
    check(window)
    window.actions_.by_name["undo"].trigger()
    check(window)
    window.actions_.by_name["redo"].trigger()
    for preset in (1, 0):
        combo = find(QComboBox, "preset")
        combo.setCurrentIndex(preset)
        combo.activated.emit(preset)
        check(window)
    type_into(qtbot, find(QAbstractSpinBox, "setting_latent_dim"), "7")  # the preset is custom
    for name, wrong in (
        *(("setting_batch_size", "1.5"), ("setting_g_lr", "--"), ("setting_beta2", "2")),
        *(("pause_at_step", "1.5"), ("pause_after_minutes", "--"), ("pause_at_step", "0")),
    ):
        type_into(qtbot, find(QAbstractSpinBox, name), wrong)
        assert find(QWidget, f"{name}_message").text()
        check(window)


def test_curves_samples_and_sliders(qtbot, window: MainWindow) -> None:
    window.begin()
    qtbot.waitUntil(lambda: window.session.status.phase is Phase.READY, timeout=WAIT)
    make_steps(qtbot, window, 4)
    for panel in (window.losses, window.scores):
        panel.parentWidget().raise_()
        panel.refresh()
        axes = panel.findChild(QComboBox, "x_axis")
        for i in range(axes.count()):
            axes.setCurrentIndex(i)
            panel.plot.hovered.emit(0.5)
            assert panel.plot.readout()
            check(window)
        panel.plot.moved.emit(0)  # Follow appears
        panel.writer.work_began.emit(Path("curves.csv"), Work())
        panel.writer.message.emit("")
        check(window)
    qtbot.waitUntil(window.findChild(QWidget, "work_more").isVisible)
    check(window)
    grid = window.findChild(SampleGrid, "samples_grid")
    qtbot.waitUntil(lambda: len(grid.images()) > 0, timeout=WAIT)
    at = grid.cell_rect(1).center()
    qtbot.mouseMove(grid, at)
    qtbot.mouseClick(grid, Qt.MouseButton.LeftButton, pos=at)
    assert grid.accessibleDescription()
    check(window)
    qtbot.waitUntil(window.findChild(QAbstractButton, "hold").isEnabled, timeout=WAIT)
    for name in ("real_images", "hold", "random_z", "centre_z", "latent_lock_1", "latent_reset_2"):
        press(qtbot, window, name)
        check(window)
    press(qtbot, window, "latent_value_0")
    for wrong in ("--", "999"):
        type_into(qtbot, window.findChild(QLineEdit, "latent_edit"), wrong)
        assert window.findChild(QWidget, "latent_edit_reason").text()
        check(window)


def test_classes_codes_and_autoencoders(qtbot, window: MainWindow) -> None:
    window.begin()
    qtbot.waitUntil(lambda: window.session.status.phase is Phase.READY, timeout=WAIT)
    small = Config(model="mlp-gelu", batch_size=16, latent_dim=3, r1=0)
    verdict = window.findChild(QLabel, "verdict")
    window.session.run_changed.connect(lambda _info: verdict.setText(""))  # of the run before
    for config in (
        small.changed(conditional=True, code_choices=3, continuous_codes=2),
        small.changed(model="aae", order="g-first-shared"),
    ):
        begun = window.session.undo_stack.index() + 1
        window.session.start_over(config, "cpu")
        qtbot.waitUntil(lambda n=begun: window.session.undo_stack.index() == n, timeout=WAIT)
        qtbot.waitUntil(lambda: bool(verdict.text()), timeout=WAIT)
        grid = window.findChild(SampleGrid, "samples_grid")
        qtbot.waitUntil(lambda grid=grid: len(grid.images()) > 0, timeout=WAIT)
        at = grid.cell_rect(1).center()
        qtbot.mouseMove(grid, at)
        qtbot.mouseClick(grid, Qt.MouseButton.LeftButton, pos=at)
        check(window)
        for name in ("choice_class_2", "choice_choice_1", "choice_class_lock"):
            if window.findChild(QAbstractButton, name):
                press(qtbot, window, name)
                check(window)
        window.actions_.by_name["undo"].trigger()
        check(window)


def test_every_state_of_health(qtbot, window: MainWindow) -> None:
    numbers = ("seen", "known", "diversity", "gap", "change", "d_grad", "g_lr", "d_lr", "d_steps")
    evidence = tuple(Evidence(name, 0.5, 0.25) for name in numbers)
    looks = [Observation(step=s, seen=0.5, known=0.5, diversity=1, gap=1) for s in (1, 2)]
    new, live = Remedy((("r1", 0.1), ("translation", 0.125))), Remedy((("g_lr", 0.1),))
    for state in State:
        for remedy in (new, live):
            found = Diagnosis(state=state, evidence=evidence, remedy=remedy)
            window.health.set_health(found, Doctor(looks=looks), History())
            check(window)
    press(qtbot, window, "health_state")
    shown = window.findChild(QWidget, "health_evidence")
    for reason in SENTENCES:
        found = Diagnosis(state=State.STUCK, reason=reason, digits=(3,), evidence=evidence)
        window.health.set_health(found, Doctor(looks=looks), History())
        check(window)
        check(shown)


def test_values_are_written_as_a_translator_orders_them(file: Path, qapp: QApplication) -> None:
    """Both for the eye and for the ear: a translation may have no colon, or another order."""
    source = "{name}: {value}"
    found = {context for context, item in messages(file) if item.findtext("source") == source}
    assert found == {"SliderList", "ZStrip"}
    shown = SliderList()
    orders = Orders()
    qapp.installTranslator(orders)
    try:
        z = LatentState.unlocked(np.array([0.5], np.float32))
        shown.set_spec(("z 0",), np.array([4], np.float32), z)
    finally:
        qapp.removeTranslator(orders)
    assert shown.accessibleDescription() == "0.50 = z 0"


def test_boxes_dialogs_and_errors(qtbot, window: MainWindow, monkeypatch, tmp_path: Path) -> None:
    window.begin()
    qtbot.waitUntil(lambda: window.session.status.phase is Phase.READY, timeout=WAIT)
    make_steps(qtbot, window, 1)
    asked: list[str] = []
    chosen = ""

    def choose(_parent: QWidget, title: str, _folder: str, kind: str) -> tuple[str, str]:
        asked.extend((title, kind))
        return chosen, ""

    def answer(top: Callable[[], QWidget | None] = QApplication.activeModalWidget) -> None:
        box = top()
        if box is None:
            QTimer.singleShot(10, lambda: answer(top))
            return
        asked.extend(text for _, text in texts(box))
        box.reject()

    for name in ("getSaveFileName", "getOpenFileName"):
        monkeypatch.setattr(QFileDialog, name, choose)
    by_name = window.actions_.by_name
    for action in ("save_as", "export_samples", "export_history"):
        by_name[action].trigger()
    for panel in (window.losses, window.scores):
        panel.bar.csv_asked.emit()
        panel.bar.png_asked.emit()

    def ask(_parent, title: str, _folder: str) -> str:
        asked.append(title)
        return ""

    monkeypatch.setattr(QFileDialog, "getExistingDirectory", ask)
    window.files.choose_images()
    for name in ("help", "about", "data_folder"):
        by_name[name].trigger()
        answer(lambda name=name: window.findChild(QDialog, f"{name}_box"))
    chosen = str(tmp_path / "there")
    Path(f"{chosen}.pt").touch()
    QTimer.singleShot(0, answer)
    window.files.save_as()  # would replace a file

    def refuse(self: Homes, _trainer: object) -> None:
        raise StudioError("disk-full", path="1", detail="1")

    monkeypatch.setattr(Homes, "save", refuse)
    make_steps(qtbot, window, 1)  # which cannot be saved
    count = len(asked)
    QTimer.singleShot(0, answer)
    window.close()
    qtbot.waitUntil(lambda: len(asked) > count, timeout=WAIT)
    assert len(asked) > 50
    assert not [text for text in asked if english(text, str(usual_folder()))]

    window.files.fill_recent(window.findChild(QWidget, "recent_menu"))
    about = {"path": "run.pt", "detail": Phrase("number"), "kept": 3, "name": "1", "step": 2}
    for code in ("disk-full", "not-a-checkpoint", "run-gone", "left-open", "opened-copy"):
        window.show_error(StudioError(code, **about))
        check(window)
    by_name["export_samples"].trigger()
    check(window)


def test_presets_and_model_files(qtbot, window: MainWindow, monkeypatch, tmp_path: Path) -> None:
    shares = {"digits": 10, "rarest": 8, "commonest": 12}
    good = {**shares, "runs": 4, "n": 9, "frechet": 30, "low": 20, "high": 40}
    figures = {
        "studio": Figures(seconds=60, **good, readable=5, lost=0),
        "wgan": Figures(seconds=60, **good, readable=None, lost=3),
    }
    monkeypatch.setattr(gallery, "read", lambda: figures)
    path = own_folder() / "ß.toml"  # a title that is no word to translate
    path.parent.mkdir(parents=True)
    path.write_text('g_lr = 0.5\n[about]\ngroup = "Broken on purpose"')
    window.presets.show_gallery()
    cards = window.findChild(QListWidget, "gallery_list")
    assert cards.count() > 10
    for row in range(cards.count()):
        cards.setCurrentRow(row)
        assert not english(cards.item(row).data(Qt.ItemDataRole.AccessibleTextRole))
        check(window)
    path.write_text("")
    window.findChild(QDialog, "gallery").reject()

    window.presets.save_as()
    title = window.findChild(QLineEdit, "preset_title")
    for text in ("ß", "_", ""):
        title.setText(text)
        found = texts(window.findChild(QDialog, "save_preset"))
        assert not [text for _, text in found if english(text, str(own_folder()))]
    window.findChild(QDialog, "save_preset").reject()

    file = tmp_path / "1"
    for content, recorded in ((b"", ""), (b"", sha256().hexdigest()), (b"", "0"), (None, "0")):
        if content is None:
            file.unlink()
        else:
            file.write_bytes(content)
        window.model_files._ask(file, print, recorded)
        box = next(b for b in window.findChildren(QMessageBox) if b.isVisible())
        said = [re.sub(r"\b[0-9a-f]{8}\b", "", text) for _, text in texts(box)]
        system = os.strerror(errno.ENOENT)  # in the words of the operating system
        assert not [text for text in said if english(text, str(tmp_path), system)]
        box.reject()


@pytest.mark.parametrize("code", [*MESSAGES, *PHRASES])
def test_every_message_is_translated(translated: None, code: str) -> None:
    table = PHRASES if code in PHRASES else MESSAGES
    fields = {name: 7 for _, name, _, _ in string.Formatter().parse(table[code]) if name}
    said = Phrase(code, **fields) if code in PHRASES else StudioError(code, **fields)
    assert not english(worded(said))


def bad_checkpoint(folder: Path, content: bytes) -> None:
    (folder / "1").write_bytes(content)
    checkpoint.read(folder / "1")


def bad_idx(folder: Path, content: bytes) -> None:
    (folder / "1").write_bytes(content)
    read_idx(folder / "1", 1)


def bad_cifar(folder: Path, content: bytes) -> None:
    for name in cifar_10.PUBLISHED.files:
        (folder / name).write_bytes(content)
    cifar_10.load(folder, Work())


def bad_pictures(folder: Path, count: int) -> None:
    for i in range(count):
        (folder / f"{i}.png").write_bytes(b"no image")
    load("folder", 0, folder, Work())


@pytest.mark.parametrize(
    ("fail", "names"),
    [
        (lambda _: parse("batch_size", "--"), ()),
        (lambda _: parse("d_lr", "--"), ()),
        (lambda _: parse("beta1", "7"), ()),
        (lambda _: parse("objective", "bcee"), ("bcee", *parts.names(parts.OBJECTIVE))),
        (lambda _: Config().changed(d_lrr=1), ("d_lrr", *Config().to_dict())),
        (lambda _: load_preset("studoi"), ("studoi", *preset_names())),
        (lambda folder: bad_checkpoint(folder, b""), ()),
        (lambda folder: bad_checkpoint(folder, b"no checkpoint"), ()),
        (lambda folder: bad_checkpoint(folder, b"PK\x03\x04 cut short"), ()),
        (lambda folder: checkpoint.config_of({}, folder), ("config",)),
        (lambda folder: checkpoint.config_of({"config": 5}, folder), ("config",)),
        (
            lambda folder: checkpoint.config_of({"config": {3: 5}}, folder),
            tuple(Config().to_dict()),
        ),
        (lambda folder: bad_idx(folder, bytes(8)), ("0x00000000", "0x00000801")),
        (lambda folder: bad_idx(folder, b"\0\0\x08\x01\0\0\0\x02"), ()),
        (lambda folder: bad_cifar(folder, b"cos\nmkdir\n."), ("os.mkdir", "data_batch_1")),
        (lambda folder: bad_pictures(folder, 1), ("0.png",)),
        (lambda folder: bad_pictures(folder, 5), ("0.png", "1.png", "2.png")),
    ],
)
def test_the_words_in_an_error_are_translated(
    translated: None, tmp_path: Path, fail: Callable[[Path], object], names: tuple[str, ...]
) -> None:
    with pytest.raises(StudioError) as caught:
        fail(tmp_path)
    assert not english(worded(caught.value), *sorted(names, key=len, reverse=True), str(tmp_path))


def test_an_error_in_an_error_is_translated(translated: None) -> None:
    inner = unknown_name("model", "conv", ["conv-small"])
    outer = StudioError("invalid-checkpoint", path="run.pt", detail=inner)
    assert not english(worded(outer), "conv-small", "conv")
    assert not english(worded(device_missing("tpu", ["cpu"])), "tpu")


SHOWING = {
    *("setText", "setToolTip", "setWindowTitle", "setTitle", "setPlaceholderText", "addAction"),
    *("setAccessibleName", "setAccessibleDescription"),
}


def called(call: ast.Call) -> str:
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def literals(node: ast.AST) -> Iterator[str]:
    """Yield the texts written in an expression, apart from those that ask the translator."""
    if isinstance(node, ast.Call) and called(node) in ("tr", "translate"):
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    for child in ast.iter_child_nodes(node):
        if child is not getattr(node, "format_spec", None):
            yield from literals(child)


def shown_as_written(source: str) -> list[str]:
    """Return the words that a module hands to a widget as they are."""
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    handed = (
        argument
        for call in calls
        if called(call) in SHOWING
        for argument in (*call.args, *(keyword.value for keyword in call.keywords))
    )
    return [text for argument in handed for text in literals(argument) if english(text)]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ('a.setText("Stop")', ["Stop"]),
        ('a.setToolTip(f"{n:,} left" if n else translate("a", "Done"))', [" left"]),
        ('menu.addAction("&" + "Open", slot)', ["Open"]),
        ('a.setTitle(text="Open".format(name=self.tr("Name")))', ["Open"]),
        ('a.setText(self.tr("{n} left").format(n=f"{n:.2f}"))', []),
        ('a.setText(f"<b>{text}</b> · {n:,}[*]")', []),
    ],
)
def test_the_search_for_words_that_are_handed_over_as_they_are(source: str, words) -> None:
    assert shown_as_written(source) == words


def test_no_word_is_handed_to_a_widget_as_it_is() -> None:
    """One word alone is no sentence: look at what is given to those who show it."""
    paths = sorted(Path(ganstudio.gui.__file__).parent.rglob("*.py"))
    found = {path.name: shown_as_written(path.read_text(encoding="utf-8")) for path in paths}
    assert {name: words for name, words in found.items() if words} == {}


def test_no_sentence_is_written_past_the_translator() -> None:
    """Look at the source, for what the other tests do not happen to show, or what is painted."""
    asking = ("tr", "translate", "SettingText")
    found = []
    for path in Path(ganstudio.gui.__file__).parent.rglob("*.py"):
        if path.name == "preflight.py":  # what it says is said before Qt can be loaded
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        fine: set[ast.AST] = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Expr):  # docstrings
                fine.add(node.value)
            elif isinstance(node, ast.Call):
                fine |= set(node.args) if called(node) in asking else set()
        found += [
            f"{path.name}: {node.value}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and node not in fine
            if re.search(r"[A-Za-z]{2},? [A-Za-z]", re.sub("<.*", "", str(node.value)))
        ]
    assert found == ["app.py: GAN Studio"]


@pytest.mark.parametrize(("words", "status"), [([], 2), (["zh_CN", "de"], 2), (["--help"], 0)])
def test_extract_says_how_it_is_called(words, status: int, monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", ["extract.py", *words])
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(resource("translations/extract.py")), run_name="__main__")
    assert caught.value.code == status
    assert "LANGUAGE" in "".join(capsys.readouterr())


def test_a_translators_work_reaches_the_window(
    file: Path, qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = ET.parse(file)
    for message in tree.iter("message"):
        translation = message.find("translation")
        translation.text = wide(message.findtext("source"))
        del translation.attrib["type"]  # unfinished
    tree.write(tmp_path / file.name, encoding="utf-8")
    lrelease = "from PySide6.scripts.pyside_tool import lrelease; lrelease()"
    subprocess.run([sys.executable, "-c", lrelease, "-silent", tmp_path / file.name], check=True)
    monkeypatch.setattr(app, "resource", lambda _name: tmp_path)
    translate = QCoreApplication.translate
    try:
        app.translate_into(qapp, "de-DE")  # Qt has German, the window has not: no mixture
        assert translate("QPlatformTheme", "Cancel") == "Cancel"
        app.translate_into(qapp, "zh-Hans-CN")
        assert translate("QPlatformTheme", "Cancel") == "取消"
        for context, message in messages(tmp_path / file.name):
            source = message.findtext("source", "")
            assert translate(context, source) == wide(source)
    finally:
        for translator in qapp.findChildren(QTranslator):
            qapp.removeTranslator(translator)
            translator.deleteLater()
