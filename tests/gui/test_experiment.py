"""The Experiment panel under real mouse and keyboard."""

from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QCheckBox,
    QComboBox,
    QGroupBox,
    QLabel,
    QScrollArea,
    QStyle,
    QStyleOptionComboBox,
    QWidget,
)
from pytestqt.qtbot import QtBot
from runs import run_info

from ganstudio.config import SETTINGS, Config, load_preset, preset_names
from ganstudio.errors import ConfigError
from ganstudio.gui.panels.experiment import ExperimentPanel
from ganstudio.gui.widgets.choice_field import MARGIN, ChoiceField
from ganstudio.gui.widgets.number_field import NumberField, Steps
from ganstudio.training.status import RunInfo

LEFT = Qt.MouseButton.LeftButton


def make_info(config: Config | None = None, device: str = "cpu") -> RunInfo:
    return run_info(config=config or Config(), device=device, devices=("cuda", "cuda:0", "cpu"))


class Recorder:
    """What a panel has emitted."""

    def __init__(self, panel: ExperimentPanel) -> None:
        self.live: list[tuple[str, object]] = []
        self.runs: list[tuple[Config, str]] = []
        self.limits: list[tuple[object, object]] = []
        panel.live_changed.connect(lambda name, value: self.live.append((name, value)))
        panel.start_over_requested.connect(
            lambda config, device: self.runs.append((config, device))
        )
        panel.limits_changed.connect(lambda steps, minutes: self.limits.append((steps, minutes)))


@pytest.fixture
def fresh(qtbot: QtBot) -> ExperimentPanel:
    """Return a panel before any run."""
    panel = ExperimentPanel()
    qtbot.addWidget(panel)
    panel.resize(250, 560)
    panel.show()
    panel.activateWindow()
    qtbot.waitUntil(panel.isActiveWindow)
    return panel


@pytest.fixture
def panel(fresh: ExperimentPanel) -> ExperimentPanel:
    """Return a panel that shows a run of the preset studio on the CPU."""
    fresh.set_run(make_info())
    return fresh


def spin(panel: QWidget, name: str) -> NumberField:
    found = panel.findChild(NumberField, name)
    assert found is not None
    return found


def combo(panel: QWidget, name: str) -> QComboBox:
    found = panel.findChild(QComboBox, name)
    assert found is not None
    return found


def child(panel: QWidget, name: str) -> QWidget:
    found = panel.findChild(QWidget, name)
    assert found is not None
    return found


def retype(qtbot: QtBot, field: NumberField, text: str, end: Qt.Key | None = None) -> None:
    qtbot.mouseClick(field.lineEdit(), LEFT)
    qtbot.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClicks(field, text)
    if end is not None:
        qtbot.keyClick(field, end)


def choose(qtbot: QtBot, box: QComboBox, text: str) -> None:
    """Pick an entry of a combo box from its opened list."""
    qtbot.mouseClick(box, LEFT)
    qtbot.waitUntil(lambda: box.view().isVisible())
    qtbot.keyClick(box.view(), Qt.Key.Key_Home)
    for _ in range(box.findText(text)):
        qtbot.keyClick(box.view(), Qt.Key.Key_Down)
    qtbot.keyClick(box.view(), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not box.view().isVisible())


def wheel(widget: QWidget, down: bool = True) -> None:
    centre = QPointF(widget.rect().center())
    event = QWheelEvent(
        centre,
        QPointF(widget.mapToGlobal(centre.toPoint())),
        QPoint(),
        QPoint(0, -120 if down else 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)


def marked(panel: ExperimentPanel, name: str) -> bool:
    """Tell whether a setting's label is bold, which it is iff it has the dot."""
    field = child(panel, f"setting_{name}")
    label = next(label for label in panel.findChildren(QLabel) if label.buddy() is field)
    assert label.font().bold() == label.text().startswith("•")
    return label.font().bold()


def test_before_any_run_it_shows_the_preset_studio(fresh: ExperimentPanel) -> None:
    assert fresh.pending_config() == load_preset("studio").config
    assert combo(fresh, "preset").currentText() == "Studio"
    assert spin(fresh, "setting_g_lr").text() == "0.002"
    assert combo(fresh, "setting_dataset").currentText() == "MNIST"
    assert fresh.device() == "auto"
    assert len(fresh.pending_edits()) == 0
    assert not child(fresh, "pending_bar").isVisible()


def test_every_setting_has_a_field_with_name_and_tooltip(fresh: ExperimentPanel) -> None:
    for name in SETTINGS:
        field = child(fresh, f"setting_{name}")
        assert field.accessibleName()
        assert field.toolTip()
        assert field.height() >= 24 or not field.isVisible()


def test_the_form_is_whole_at_its_width(fresh: ExperimentPanel, qtbot: QtBot) -> None:
    qtbot.mouseClick(child(fresh, "advanced"), LEFT)
    scroll = fresh.findChild(QScrollArea, "experiment_scroll")
    assert scroll is not None
    qtbot.waitUntil(scroll.verticalScrollBar().isVisible)
    assert fresh.width() == 250
    for name in SETTINGS:
        field = child(fresh, f"setting_{name}")
        left = field.mapTo(fresh, QPoint()).x()
        assert field.isVisible()
        assert left + field.width() <= scroll.viewport().width()


COMBO_BOX = QStyle.ComplexControl.CC_ComboBox
LONG = {"Folder of images…", "From a file…"}  # and the titles of some presets: with an ellipsis


@pytest.mark.parametrize("zoom", [1.0, 1.3])
def test_no_choice_is_cut_where_the_form_is_narrow(
    qapp: QApplication, fresh: ExperimentPanel, qtbot: QtBot, zoom: float
) -> None:
    qtbot.mouseClick(child(fresh, "advanced"), LEFT)
    scroll = fresh.findChild(QScrollArea, "experiment_scroll")
    assert scroll is not None
    qtbot.waitUntil(scroll.verticalScrollBar().isVisible)
    font = fresh.font()
    font.setPointSizeF(zoom * font.pointSizeF())
    fresh.setFont(font)
    fresh.resize(fresh.minimumSizeHint().width(), fresh.height())
    qapp.processEvents()
    cut = set()
    for field in scroll.findChildren(ChoiceField):
        for i in range(field.count()):
            field.setCurrentIndex(i)
            qapp.processEvents()
            option = QStyleOptionComboBox()
            field.initStyleOption(option)
            control, part = (
                QStyle.ComplexControl.CC_ComboBox,
                QStyle.SubControl.SC_ComboBoxEditField,
            )
            room = field.style().subControlRect(control, option, part, field).width() - MARGIN
            if room < field.fontMetrics().horizontalAdvance(field.currentText()):
                cut.add(field.currentText())
            right = field.mapTo(scroll.viewport(), field.rect().topRight()).x()
            assert right < scroll.viewport().width(), field.currentText()
    assert {text for text in cut - LONG if len(text) < 16} == set()


def test_tab_goes_from_field_to_field_in_the_order_shown(
    fresh: ExperimentPanel, qtbot: QtBot
) -> None:
    field = combo(fresh, "preset")
    field.setFocus()
    seen = []
    for _ in range(11):
        seen.append(QApplication.focusWidget().objectName())
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    assert seen == [
        "preset",
        "open_gallery",
        "setting_dataset",
        "setting_device",
        "setting_seed",
        "new_seed",
        "setting_batch_size",
        "setting_g_lr",
        "setting_d_lr",
        "setting_d_steps",
        "pause_at_step",
    ]


def test_halving_a_learning_rate_acts_once(panel: ExperimentPanel, qtbot: QtBot) -> None:
    seen = Recorder(panel)
    field = spin(panel, "setting_g_lr")
    retype(qtbot, field, "0.001", Qt.Key.Key_Return)
    assert seen.live == [("g_lr", 0.001)]
    qtbot.keyClick(field, Qt.Key.Key_Tab)
    assert seen.live == [("g_lr", 0.001)]
    assert len(panel.pending_edits()) == 0
    assert not marked(panel, "g_lr")
    assert panel.pending_config().g_lr == 0.001


def test_leaving_a_live_field_applies_it(panel: ExperimentPanel, qtbot: QtBot) -> None:
    seen = Recorder(panel)
    retype(qtbot, spin(panel, "setting_d_lr"), "0.004", Qt.Key.Key_Tab)
    assert seen.live == [("d_lr", 0.004)]


def test_arrow_keys_halve_and_double_a_learning_rate(panel: ExperimentPanel, qtbot: QtBot) -> None:
    seen = Recorder(panel)
    field = spin(panel, "setting_g_lr")
    qtbot.mouseClick(field.lineEdit(), LEFT)
    qtbot.keyClick(field, Qt.Key.Key_Down)
    qtbot.keyClick(field, Qt.Key.Key_Up)
    assert seen.live == [("g_lr", 0.001), ("g_lr", 0.002)]


def test_the_arrow_button_steps_k(panel: ExperimentPanel, qtbot: QtBot) -> None:
    seen = Recorder(panel)
    field = spin(panel, "setting_d_steps")
    qtbot.mouseClick(field, LEFT, pos=QPoint(field.width() - 8, 6))
    assert seen.live == [("d_steps", 2)]


@pytest.mark.parametrize("end", [Qt.Key.Key_Return, Qt.Key.Key_Tab])
def test_a_wrong_learning_rate_is_refused_where_typed(
    panel: ExperimentPanel, qtbot: QtBot, end: Qt.Key
) -> None:
    seen = Recorder(panel)
    field, message = spin(panel, "setting_g_lr"), child(panel, "setting_g_lr_message")
    assert not message.isVisible()
    retype(qtbot, field, "7", end)
    assert seen.live == []
    assert field.text() == "7"
    assert message.isVisible()
    assert isinstance(message, QLabel)
    assert message.text() == "G learning rate is 7; it must be between 0 and 1."
    assert field.accessibleDescription() == message.text()
    assert field.hasFocus() == (end == Qt.Key.Key_Return)


def test_the_message_is_red(panel: ExperimentPanel, qtbot: QtBot) -> None:
    retype(qtbot, spin(panel, "setting_g_lr"), "fast", Qt.Key.Key_Return)
    message = child(panel, "setting_g_lr_message")
    image = message.grab().toImage()
    colours = {QColor(image.pixel(x, y)).name() for x in range(image.width()) for y in range(14)}
    assert any(QColor(name).red() > QColor(name).green() + 80 for name in colours)


def test_a_wrong_text_can_be_corrected(panel: ExperimentPanel, qtbot: QtBot) -> None:
    seen = Recorder(panel)
    field, message = spin(panel, "setting_g_lr"), child(panel, "setting_g_lr_message")
    retype(qtbot, field, "0.001s", Qt.Key.Key_Return)
    assert message.isVisible()
    retype(qtbot, field, "0.001")
    assert not message.isVisible()
    assert field.accessibleDescription() == ""
    assert seen.live == []
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert seen.live == [("g_lr", 0.001)]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("setting_g_lr", "0,001", 0.001),
        ("setting_g_lr", ",5", 0.5),
        ("setting_g_lr", "1,5e-3", 0.0015),
        ("setting_d_lr", "0,25", 0.25),
        ("pause_after_minutes", "1,5", 1.5),
        ("pause_after_minutes", "1234,5", 1234.5),
    ],
)
def test_a_decimal_comma_is_a_point(
    panel: ExperimentPanel, qtbot: QtBot, name: str, text: str, value: float
) -> None:
    retype(qtbot, spin(panel, name), text, Qt.Key.Key_Return)
    assert spin(panel, name).value() == value
    assert spin(panel, name).text() == f"{value:g}"
    assert not child(panel, f"{name}_message").isVisible()


@pytest.mark.parametrize(
    ("name", "text", "hint"),
    [
        ("setting_batch_size", "1,024", "is unclear"),
        ("pause_after_minutes", "1,500", "is unclear"),
        ("pause_at_step", "12,000", "is unclear"),
        ("pause_at_step", "12,5", "takes a whole number, not “12,5”"),
        ("setting_g_lr", "0,0,1", "takes a number, not “0,0,1”"),
        ("setting_g_lr", "1,234.5", "takes a number, not “1,234.5”"),
    ],
)
def test_an_unclear_comma_is_refused_with_a_hint(
    panel: ExperimentPanel, qtbot: QtBot, name: str, text: str, hint: str
) -> None:
    field = spin(panel, name)
    before = field.value()
    retype(qtbot, field, text, Qt.Key.Key_Return)
    assert field.value() == before
    message = child(panel, f"{name}_message")
    assert isinstance(message, QLabel)
    assert hint in message.text()
    assert "“" in message.text()


def places(panel: ExperimentPanel) -> dict[str, QPoint]:
    return {name: child(panel, f"setting_{name}").mapTo(panel, QPoint()) for name in SETTINGS}


def test_a_message_moves_no_field_and_takes_no_click(panel: ExperimentPanel, qtbot: QtBot) -> None:
    before = places(panel)
    rate, below = spin(panel, "setting_g_lr"), spin(panel, "setting_d_lr")
    retype(qtbot, rate, "fast", Qt.Key.Key_Return)
    message = child(panel, "setting_g_lr_message")
    area = message.rect().translated(message.mapTo(panel, QPoint()))
    assert places(panel) == before
    target = below.mapTo(panel, below.rect().center())
    assert area.contains(target), "it lies over the next row"
    hit = panel.childAt(target)
    assert hit is below.lineEdit()
    qtbot.mouseClick(hit, LEFT, pos=hit.mapFrom(panel, target))
    assert below.hasFocus()
    area = message.rect().translated(message.mapTo(panel, QPoint()))
    assert message.isVisible()
    assert not area.intersects(below.rect().translated(below.mapTo(panel, QPoint())))
    assert not area.intersects(rate.rect().translated(rate.mapTo(panel, QPoint())))
    assert places(panel) == before


def test_every_message_is_whole(panel: ExperimentPanel, qtbot: QtBot) -> None:
    qtbot.mouseClick(child(panel, "advanced"), LEFT)
    panel.resize(250, 1000)
    numbers = [name for name, s in SETTINGS.items() if not (s.choices or s.switch)]
    for name in numbers:
        if not spin(panel, f"setting_{name}").isEnabled():
            continue
        retype(qtbot, spin(panel, f"setting_{name}"), "none of it", Qt.Key.Key_Return)
        message = child(panel, f"setting_{name}_message")
        assert isinstance(message, QLabel)
        assert message.isVisible()
        assert message.parentWidget().rect().contains(message.geometry())
        assert message.height() >= message.heightForWidth(message.width())
    qtbot.mouseClick(child(panel, "advanced"), LEFT)
    assert not child(panel, "setting_beta1_message").isVisible()


def test_what_has_no_effect_cannot_be_edited(panel: ExperimentPanel, qtbot: QtBot) -> None:
    qtbot.mouseClick(child(panel, "advanced"), LEFT)
    every = spin(panel, "setting_penalty_every")
    assert every.isEnabled()
    retype(qtbot, every, "much", Qt.Key.Key_Return)
    retype(qtbot, spin(panel, "setting_r1"), "0", Qt.Key.Key_Return)
    assert not every.isEnabled()
    assert "no effect" in every.toolTip()
    assert every.error is None
    assert panel.pending_config() == Config(r1=0)
    retype(qtbot, spin(panel, "setting_gradient_penalty"), "10", Qt.Key.Key_Return)
    assert every.isEnabled()
    assert "no effect" not in every.toolTip()
    assert not spin(panel, "setting_info_weight").isEnabled()
    retype(qtbot, spin(panel, "setting_continuous_codes"), "2", Qt.Key.Key_Return)
    assert spin(panel, "setting_info_weight").isEnabled()
    share = spin(panel, "setting_adversarial_share")
    assert not share.isEnabled()
    choose(qtbot, combo(panel, "setting_model"), "aae")
    assert share.isEnabled()


def test_a_switch_is_a_change_for_a_new_run(panel: ExperimentPanel, qtbot: QtBot) -> None:
    qtbot.mouseClick(child(panel, "advanced"), LEFT)
    switch = panel.findChild(QCheckBox, "setting_spectral_norm")
    panel.findChild(QScrollArea).ensureWidgetVisible(switch)
    assert not switch.isChecked()
    qtbot.mouseClick(switch, LEFT, pos=QPoint(8, switch.height() // 2))
    assert len(panel.pending_edits()) == 1
    assert panel.pending_config() == Config(spectral_norm=True)
    panel.discard()
    assert not switch.isChecked()


@pytest.mark.parametrize(
    ("typed", "nothing"),
    [
        ({"g_lr": "0"}, False),
        ({"d_lr": "0"}, False),
        ({"g_lr": "0", "d_lr": "0"}, True),
        ({"g_lr": "0", "d_steps": "0"}, True),
        ({"d_lr": "0", "d_steps": "0"}, False),
    ],
)
def test_values_with_which_nothing_learns_are_told_but_taken(
    panel: ExperimentPanel, qtbot: QtBot, typed: dict[str, str], nothing: bool
) -> None:
    seen, before = Recorder(panel), places(panel)
    for name, text in typed.items():
        retype(qtbot, spin(panel, f"setting_{name}"), text, Qt.Key.Key_Return)
    assert seen.live == [(name, 0) for name in typed]
    line = child(panel, "nothing_learns")
    assert line.isVisible() == nothing
    assert places(panel) == before
    retype(qtbot, spin(panel, "setting_g_lr"), "0.002", Qt.Key.Key_Return)
    assert not line.isVisible()


def test_escape_restores_the_last_right_value(panel: ExperimentPanel, qtbot: QtBot) -> None:
    seen = Recorder(panel)
    field = spin(panel, "setting_g_lr")
    retype(qtbot, field, "fast", Qt.Key.Key_Return)
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert field.text() == "0.002"
    assert not child(panel, "setting_g_lr_message").isVisible()
    qtbot.keyClick(field, Qt.Key.Key_Tab)
    assert seen.live == []


def test_a_preset_collects_and_leaves_the_run_alone(panel: ExperimentPanel, qtbot: QtBot) -> None:
    seen = Recorder(panel)
    retype(qtbot, spin(panel, "setting_seed"), "7", Qt.Key.Key_Return)
    title = load_preset("mlp-gelu").title
    choose(qtbot, combo(panel, "preset"), title)
    expected = load_preset("mlp-gelu").config.changed(seed=7)
    assert panel.pending_config() == expected
    assert seen.live == []
    differing = [name for name in SETTINGS if getattr(expected, name) != getattr(Config(), name)]
    assert len(panel.pending_edits()) == len(differing)
    assert [name for name in SETTINGS if marked(panel, name)] == differing
    assert "Running: 0.002." in spin(panel, "setting_g_lr").toolTip()
    assert child(panel, "pending_bar").isVisible()
    label = child(panel, "pending_label")
    assert isinstance(label, QLabel)
    assert label.text() == f"{len(differing)} changes wait for a new run"


def test_enter_applies_a_waiting_live_value_but_leaving_does_not(
    panel: ExperimentPanel, qtbot: QtBot
) -> None:
    seen = Recorder(panel)
    panel.select_preset("mlp-gelu")
    field = spin(panel, "setting_g_lr")
    qtbot.mouseClick(field.lineEdit(), LEFT)
    qtbot.keyClick(field, Qt.Key.Key_Tab)
    assert seen.live == []
    qtbot.mouseClick(field.lineEdit(), LEFT)
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert seen.live == [("g_lr", 3e-4)]
    assert not marked(panel, "g_lr")
    assert marked(panel, "d_lr")


def test_live_settings_of_a_preset_are_seen_to_wait(panel: ExperimentPanel, qtbot: QtBot) -> None:
    group = panel.findChild(QGroupBox, "live_settings")
    assert group is not None
    acts, waits = "Live: acts at once", "Live: • waits for a new run"
    assert group.title() == acts
    width = panel.minimumSizeHint().width()
    choose(qtbot, combo(panel, "preset"), load_preset("mlp-gelu").title)
    assert group.title() == waits
    assert marked(panel, "g_lr"), "with the same sign"
    assert panel.minimumSizeHint().width() == width
    for name in ("g_lr", "d_lr"):
        assert group.title() == waits
        field = spin(panel, f"setting_{name}")
        qtbot.mouseClick(field.lineEdit(), LEFT)
        qtbot.keyClick(field, Qt.Key.Key_Return)
    assert group.title() == acts
    assert len(panel.pending_edits()) > 0, "others still wait"
    panel.select_preset("studio")
    assert group.title() == waits
    qtbot.mouseClick(child(panel, "discard_pending"), LEFT)
    assert group.title() == acts


def test_the_preset_on_show_ignores_seed_and_dataset(panel: ExperimentPanel, qtbot: QtBot) -> None:
    box = combo(panel, "preset")
    retype(qtbot, spin(panel, "setting_seed"), "9", Qt.Key.Key_Return)
    assert box.currentText() == "Studio"
    retype(qtbot, spin(panel, "setting_batch_size"), "32", Qt.Key.Key_Return)
    assert box.currentText() == "Custom"
    assert "no preset" in box.toolTip()
    retype(qtbot, spin(panel, "setting_batch_size"), "64", Qt.Key.Key_Return)
    assert box.currentText() == "Studio"


def test_every_preset_shows_itself(panel: ExperimentPanel) -> None:
    for name in preset_names():
        panel.select_preset(name)
        assert combo(panel, "preset").currentText() == load_preset(name).title


def test_custom_cannot_be_chosen(panel: ExperimentPanel, qtbot: QtBot) -> None:
    box = combo(panel, "preset")
    box.setFocus()
    for _ in range(box.count()):
        qtbot.keyClick(box, Qt.Key.Key_Down)
    assert box.currentText() == load_preset(preset_names()[-1]).title
    assert "<p>" in box.toolTip()


def test_discard_returns_to_the_run(panel: ExperimentPanel, qtbot: QtBot) -> None:
    seen = Recorder(panel)
    panel.select_preset("mlp-gelu")
    retype(qtbot, spin(panel, "setting_batch_size"), "none", Qt.Key.Key_Return)
    qtbot.mouseClick(child(panel, "discard_pending"), LEFT)
    assert panel.pending_config() == Config()
    assert len(panel.pending_edits()) == 0
    assert not child(panel, "pending_bar").isVisible()
    assert not any(marked(panel, name) for name in SETTINGS)
    assert seen.live == []
    assert seen.runs == []


def test_start_over_asks_for_the_pending_settings(panel: ExperimentPanel, qtbot: QtBot) -> None:
    seen = Recorder(panel)
    choose(qtbot, combo(panel, "setting_device"), "cuda:0")
    retype(qtbot, spin(panel, "setting_batch_size"), "32", Qt.Key.Key_Return)
    retype(qtbot, spin(panel, "setting_seed"), "5")  # not confirmed: the button takes it
    assert len(panel.pending_edits()) == 2
    qtbot.mouseClick(child(panel, "start_over_pending"), LEFT)
    assert seen.runs == [(Config(batch_size=32, seed=5), "cuda:0")]
    panel.set_run(make_info(seen.runs[0][0], "cuda:0"))
    assert len(panel.pending_edits()) == 0
    assert not child(panel, "pending_bar").isVisible()


def test_a_wrong_field_blocks_start_over_and_gets_the_focus(
    panel: ExperimentPanel, qtbot: QtBot
) -> None:
    seen = Recorder(panel)
    qtbot.mouseClick(child(panel, "advanced"), LEFT)
    field = spin(panel, "setting_beta1")
    field.setFocus()
    retype(qtbot, field, "2", Qt.Key.Key_Tab)
    qtbot.mouseClick(child(panel, "advanced"), LEFT)
    assert not field.isVisible()
    retype(qtbot, spin(panel, "setting_batch_size"), "32", Qt.Key.Key_Return)
    qtbot.mouseClick(child(panel, "start_over_pending"), LEFT)
    assert seen.runs == []
    assert field.isVisible()
    assert field.hasFocus()
    assert field.text() == "2"
    with pytest.raises(ConfigError, match="beta1"):
        panel.pending_config()


def test_new_seed(panel: ExperimentPanel, qtbot: QtBot) -> None:
    seen = Recorder(panel)
    qtbot.mouseClick(child(panel, "new_seed"), LEFT)
    seed = panel.pending_config().seed
    assert seed != 0
    assert spin(panel, "setting_seed").text() == str(seed)
    assert marked(panel, "seed")
    panel.start_over_with_new_seed()
    assert seen.runs[0][0].seed not in (0, seed)


def test_a_run_clears_what_waits_but_the_first_keeps_it(
    fresh: ExperimentPanel, qtbot: QtBot
) -> None:
    seen = Recorder(fresh)
    retype(qtbot, spin(fresh, "setting_g_lr"), "0.001", Qt.Key.Key_Return)
    assert seen.live == []  # there is no run yet
    fresh.set_run(make_info())
    assert fresh.pending_config().g_lr == 0.001
    assert len(fresh.pending_edits()) == 1
    fresh.set_run(make_info(Config(batch_size=16)))
    assert fresh.pending_config() == Config(batch_size=16)
    assert len(fresh.pending_edits()) == 0


def test_a_live_value_changed_elsewhere_is_shown(panel: ExperimentPanel, qtbot: QtBot) -> None:
    seen = Recorder(panel)
    retype(qtbot, spin(panel, "setting_batch_size"), "32", Qt.Key.Key_Return)
    retype(qtbot, spin(panel, "setting_seed"), "12")  # half typed
    panel.set_config(Config(g_lr=0.5, d_steps=3))
    assert spin(panel, "setting_g_lr").text() == "0.5"
    assert spin(panel, "setting_d_steps").text() == "3"
    assert spin(panel, "setting_seed").text() == "12"
    assert len(panel.pending_edits()) == 1
    assert seen.live == []


def test_a_value_longer_than_its_text_does_not_change_by_leaving(
    panel: ExperimentPanel, qtbot: QtBot
) -> None:
    panel.set_run(make_info(Config(g_lr=1 / 3)))
    seen = Recorder(panel)
    field = spin(panel, "setting_g_lr")
    qtbot.mouseClick(field.lineEdit(), LEFT)
    qtbot.keyClick(field, Qt.Key.Key_Tab)
    assert seen.live == []
    assert panel.pending_config().g_lr == 1 / 3


def test_the_wheel_changes_only_a_focused_field(panel: ExperimentPanel, qtbot: QtBot) -> None:
    seen = Recorder(panel)
    rate, dataset = spin(panel, "setting_g_lr"), combo(panel, "setting_device")
    combo(panel, "preset").setFocus()
    wheel(rate)
    wheel(rate.lineEdit())
    wheel(dataset)
    assert seen.live == []
    assert len(panel.pending_edits()) == 0
    rate.setFocus()
    wheel(rate)
    assert seen.live == [("g_lr", 0.001)]


@pytest.mark.parametrize("name", ["setting_dataset", "setting_model"])
def test_wheel_and_keys_pass_over_what_opens_a_dialog(
    panel: ExperimentPanel, qtbot: QtBot, name: str
) -> None:
    field = combo(panel, name)
    last = field.count() - 1
    asks = panel.folder_wanted if name == "setting_dataset" else panel.model_file_wanted
    field.setFocus()
    with qtbot.assertNotEmitted(asks):
        qtbot.keyClick(field, Qt.Key.Key_End)
        assert field.currentIndex() == last - 1
        for key in (Qt.Key.Key_Down, Qt.Key.Key_PageDown, Qt.Key.Key_F):
            qtbot.keyClick(field, key)
        wheel(field)
        assert field.currentIndex() != last
    with qtbot.waitSignal(asks):
        choose(qtbot, field, field.itemText(last))


def test_limits(panel: ExperimentPanel, qtbot: QtBot) -> None:
    seen = Recorder(panel)
    steps, minutes = spin(panel, "pause_at_step"), spin(panel, "pause_after_minutes")
    retype(qtbot, steps, "5000", Qt.Key.Key_Return)
    retype(qtbot, minutes, "1.5", Qt.Key.Key_Tab)
    assert seen.limits == [(5000, None), (5000, 1.5)]
    retype(qtbot, steps, "1.5", Qt.Key.Key_Return)
    message = child(panel, "pause_at_step_message")
    assert isinstance(message, QLabel)
    assert message.text() == "At step takes a whole number, not “1.5”."
    assert len(seen.limits) == 2
    qtbot.keyClick(steps, Qt.Key.Key_Escape)
    qtbot.keyClick(steps, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(steps, Qt.Key.Key_Delete)
    qtbot.keyClick(steps, Qt.Key.Key_Return)
    assert seen.limits[-1] == (None, 1.5)
    assert len(panel.pending_edits()) == 0


def test_a_limit_that_is_past_says_so_at_its_field(panel: ExperimentPanel, qtbot: QtBot) -> None:
    steps, minutes = spin(panel, "pause_at_step"), spin(panel, "pause_after_minutes")
    notes = child(panel, "pause_at_step_past"), child(panel, "pause_after_minutes_past")
    panel.set_progress(600, 49.0)
    assert not any(note.isVisible() for note in notes)
    retype(qtbot, minutes, "0.1", Qt.Key.Key_Return)
    assert [note.isVisible() for note in notes] == [False, True]
    assert "Already past" in minutes.accessibleDescription()
    retype(qtbot, steps, "10", Qt.Key.Key_Return)
    assert [note.isVisible() for note in notes] == [True, True]
    retype(qtbot, steps, "1.5", Qt.Key.Key_Return)
    assert [note.isVisible() for note in notes] == [False, True]
    assert "whole number" in steps.accessibleDescription()
    qtbot.keyClick(steps, Qt.Key.Key_Escape)
    assert [note.isVisible() for note in notes] == [True, True]
    assert "Already past" in steps.accessibleDescription()
    retype(qtbot, steps, "700", Qt.Key.Key_Return)
    retype(qtbot, minutes, "1", Qt.Key.Key_Return)
    assert not any(note.isVisible() for note in notes)
    panel.set_progress(700, 59.0)
    assert [note.isVisible() for note in notes] == [True, False]
    panel.set_progress(0, 0.0)  # another run
    assert not any(note.isVisible() for note in notes)
    assert steps.accessibleDescription() == ""


def test_the_fields_follow_the_zoom(panel: ExperimentPanel) -> None:
    field = spin(panel, "setting_g_lr")
    label = next(label for label in panel.findChildren(QLabel) if label.buddy() is field)
    before = label.width()
    font = panel.font()
    font.setPointSizeF(font.pointSizeF() * 1.5)
    panel.setFont(font)
    assert label.minimumWidth() > before
    assert label.sizeHint().width() <= label.minimumWidth()


@pytest.mark.parametrize(
    ("steps", "value", "by", "expected"),
    [
        (Steps(low=0, high=1, size=1e-4, doubles=True), 0.002, -1, 0.001),
        (Steps(low=0, high=1, size=1e-4, doubles=True), 0.0, 1, 1e-4),
        (Steps(low=0, high=1, size=1e-4, doubles=True), 0.8, 1, 1.0),
        (Steps(low=1, high=8192, doubles=True), 64, -10, 32),
        (Steps(low=1, high=8192, doubles=True), 1, -1, 1),
        (Steps(low=0, high=1, size=0.1), 0.2, 1, 0.3),
        (Steps(low=1, high=1e9, size=1000), None, 1, 1000),
        (Steps(low=0, high=100), 3, -10, 0),
    ],
)
def test_steps(steps: Steps, value: Any, by: int, expected: float) -> None:
    result = steps.after(value, by)
    assert result == expected
    assert type(result) is type(expected)


def test_an_arrow_that_leads_nowhere_is_off(panel: ExperimentPanel) -> None:
    assert (
        spin(panel, "setting_seed").stepEnabled() == QAbstractSpinBox.StepEnabledFlag.StepUpEnabled
    )


def test_a_preset_is_shown_as_published_or_repaired(panel: ExperimentPanel, qtbot: QtBot) -> None:
    switch = panel.findChild(QCheckBox, "published")
    assert not switch.isVisible()
    choose(qtbot, combo(panel, "preset"), "MLP, GELU")
    assert switch.isVisible()
    assert not switch.isChecked()
    assert "[-1, 1]" in switch.toolTip()
    at = QPoint(8, switch.height() // 2)
    qtbot.mouseClick(switch, LEFT, pos=at)
    assert panel.pending_config() == load_preset("mlp-gelu").published
    assert combo(panel, "preset").currentText() == "MLP, GELU"
    qtbot.mouseClick(switch, LEFT, pos=at)
    assert panel.pending_config() == load_preset("mlp-gelu").config
    choose(qtbot, combo(panel, "preset"), "Studio")
    assert not switch.isVisible()


def test_each_objective_explains_itself_before_it_is_chosen(panel: ExperimentPanel) -> None:
    told = {"hinge": ("Hinges swing.", "max(0, 1 − D(x))"), "minimax": ("Both count.", "ln D")}
    panel.set_run(run_info(objectives=told))
    box = child(panel, "setting_objective")
    for name, (sentence, formula) in told.items():
        tip = box.itemData(box.findData(name), Qt.ItemDataRole.ToolTipRole)
        assert tip == f"{sentence}\n{formula}"
    assert "Hinges" not in box.toolTip()
    panel.set_pending_edits({"objective": "hinge"})
    assert box.toolTip().startswith("The losses that G and D minimise.\nHinges swing.\nmax(0,")


def test_zero_is_empty_where_it_stands_for_something(panel: ExperimentPanel, qtbot: QtBot) -> None:
    field = spin(panel, "setting_train_images")
    edit = field.lineEdit()
    assert (field.value(), field.text(), edit.placeholderText()) == (0, "", "all")
    for typed, value, shown in (("50", 50, "50"), ("all", 0, ""), ("70", 70, "70"), ("", 0, "")):
        edit.selectAll()
        qtbot.keyClick(field, Qt.Key.Key_Delete)
        qtbot.keyClicks(field, typed)
        qtbot.keyClick(field, Qt.Key.Key_Return)
        assert (field.value(), field.text(), field.error) == (value, shown, None)
    assert panel.wording("train_images", 0) == "all"
    field.stepBy(1)
    assert field.value() == 10


def test_what_rates_have_become_is_told(panel: ExperimentPanel) -> None:
    group = panel.findChild(QGroupBox, "live_settings")
    panel.set_progress(3000, 60.0)
    assert group.title() == "Live: acts at once"
    panel.set_progress(12_000, 240.0)
    assert group.title() == "Live; rates by now: 50 %"
