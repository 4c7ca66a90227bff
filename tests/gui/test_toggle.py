"""What is on, and the docks' buttons, can be seen in both themes."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFontMetrics, QImage, QPalette
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QDockWidget,
    QMainWindow,
    QStyle,
    QStyleOptionButton,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)
from pytestqt.qtbot import QtBot

from ganstudio.gui import appearance
from ganstudio.gui.colours import BLUE, SKY
from ganstudio.gui.dock_icons import DockIcons
from ganstudio.gui.panels.samples import SamplesPanel
from ganstudio.gui.widgets.check_box import CheckBox, CheckDelegate
from ganstudio.gui.widgets.choice_field import ChoiceField
from ganstudio.gui.widgets.stroke import LegendButton, Stroke
from ganstudio.gui.widgets.switch_field import SwitchField
from ganstudio.gui.widgets.toggle import ToggleButton


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[str]:
    before = qapp.palette()
    colours = appearance._DARK if request.param == "dark" else appearance._LIGHT
    qapp.setPalette(appearance._palette(colours))
    yield str(request.param)
    qapp.setPalette(before)


def contrast(a: QColor, b: QColor) -> float:
    """Return the contrast of two colours as WCAG 2 defines it."""

    def luminance(colour: QColor) -> float:
        parts = [colour.redF(), colour.greenF(), colour.blueF()]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def plate(widget: QWidget) -> QColor:
    """Return the colour of a widget beside what is written on it."""
    image = widget.grab().toImage()
    return image.pixelColor(3, image.height() // 2)


def text_contrast(widget: QWidget) -> float:
    """Return how much the strongest of its pixels, edges aside, differs from its plate."""
    image, ground = widget.grab().toImage(), plate(widget)
    return max(
        contrast(image.pixelColor(x, y), ground)
        for x in range(3, image.width() - 3)
        for y in range(3, image.height() - 3)
    )


def test_the_chosen_generator_is_plain_to_see(theme: str, qtbot: QtBot) -> None:
    panel = SamplesPanel()
    qtbot.addWidget(panel)
    panel.show()
    averaged = panel.findChild(ToggleButton, "averaged_button")
    latest = panel.findChild(ToggleButton, "latest_button")
    assert averaged
    assert latest
    for chosen, other in ((averaged, latest), (latest, averaged)):
        qtbot.mouseClick(chosen, Qt.MouseButton.LeftButton)
        qtbot.mouseMove(panel)
        assert contrast(plate(chosen), plate(other)) >= 3
        assert text_contrast(chosen) >= 4.5
        assert text_contrast(other) >= 4.5


def test_boxes_that_are_not_ticked_have_a_border(theme: str, qtbot: QtBot) -> None:
    box, table = CheckBox("Loop"), QTableWidget(1, 1)
    table.setItemDelegate(CheckDelegate(table))
    item = QTableWidgetItem("a run")
    item.setCheckState(Qt.CheckState.Unchecked)
    table.setItem(0, 0, item)
    for widget, pane in ((box, box), (table, table.viewport())):
        qtbot.addWidget(widget)
        widget.show()
        image = pane.grab().toImage()
        middle = box.height() // 2 if widget is box else table.visualItemRect(item).center().y()
        edge = [image.pixelColor(x, middle) for x in range(24)]
        within = pane.palette().base().color()
        assert max(contrast(colour, within) for colour in edge) >= 3


def test_a_shown_curve_has_a_frame_and_a_hidden_one_is_struck_out(theme: str, qtbot: QtBot) -> None:
    row = QWidget()
    qtbot.addWidget(row)
    row.resize(200, 60)
    button = LegendButton("fake", Stroke(BLUE, SKY, Qt.PenStyle.DashLine), row)
    button.setGeometry(10, 10, 100, 26)
    row.show()

    def edge() -> QColor:
        return row.grab().toImage().pixelColor(10, 20)

    ground = row.palette().window().color()
    assert contrast(edge(), ground) >= 3
    assert text_contrast(button) >= 4.5
    with_frame = button.grab().toImage()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.mouseMove(row)
    row.setFocus()
    assert contrast(edge(), ground) < 1.5
    assert text_contrast(button) >= 4.5
    assert longest_dark_line(button) > longest_dark_line(with_frame) + 15


def longest_dark_line(of: QWidget | QImage) -> int:
    """Return the longest horizontal line of the colour of the text, within the frame."""
    image = of.grab().toImage() if isinstance(of, QWidget) else of
    text = QApplication.palette().color(QPalette.ColorRole.ButtonText)
    best = 0
    for y in range(4, image.height() - 4):
        run = 0
        for x in range(30, image.width() - 4):
            run = run + 1 if contrast(image.pixelColor(x, y), text) < 1.5 else 0
            best = max(best, run)
    return best


def test_the_docks_buttons_are_plain_to_see(theme: str, qtbot: QtBot, qapp: QApplication) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    dock = QDockWidget("Latent", window)
    dock.setObjectName("latent_dock")
    dock.setWidget(QWidget())
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)
    DockIcons(window)
    window.resize(400, 300)
    window.show()

    def assert_plain() -> None:
        for name in ("qt_dockwidget_floatbutton", "qt_dockwidget_closebutton"):
            button = dock.findChild(QAbstractButton, name)
            assert button
            assert text_contrast(button) >= 4.5

    assert_plain()
    dock.setFloating(True)
    assert_plain()
    dock.setFloating(False)
    window.restoreState(window.saveState())  # as at every start but the first
    assert_plain()
    other = appearance._LIGHT if theme == "dark" else appearance._DARK
    qapp.setPalette(appearance._palette(other))
    assert_plain()


@pytest.mark.parametrize("on", [True, False])
def test_the_box_of_a_switch_is_plain_to_see(theme: str, qtbot: QtBot, on: bool) -> None:
    row = QWidget()
    qtbot.addWidget(row)
    row.resize(100, 40)
    field = SwitchField(row)
    field.setGeometry(10, 5, 80, 26)
    field.set_value(on)
    row.show()
    image, ground = row.grab().toImage(), row.palette().window().color()
    option = QStyleOptionButton()
    field.initStyleOption(option)
    box = field.style().subElementRect(QStyle.SubElement.SE_CheckBoxIndicator, option, field)
    border = box.translated(field.pos()).left()
    middle = box.translated(field.pos()).center().y()
    line = [contrast(image.pixelColor(x, middle), ground) for x in (border, border + 1)]
    assert max(line) >= 3, "left of any tick"


def test_a_choice_too_long_for_its_field_ends_in_an_ellipsis(qtbot: QtBot) -> None:
    def drawn(text: str) -> QImage:
        field = ChoiceField([("value", text)])
        qtbot.addWidget(field)
        field.set_value("value")
        field.resize(90, 26)
        return field.grab().toImage()

    long = "non-saturating and more"
    shortened = (long[:n] + "…" for n in range(1, len(long)))
    seen = next(text for text in shortened if drawn(text) == drawn(long))
    width = QFontMetrics(QApplication.font()).horizontalAdvance(seen)
    assert width < 70, "it ends before the arrow"
