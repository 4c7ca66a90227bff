from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QPushButton, QToolButton

from ganstudio.errors import StudioError
from ganstudio.gui.widgets.banner import Banner

LEFT = Qt.MouseButton.LeftButton


def shown(qtbot, **kwargs) -> Banner:
    banner = Banner()
    qtbot.addWidget(banner)
    banner.show_error(StudioError("disk-full", path="/there/run.pt"), **kwargs)
    return banner


def test_says_what_and_where(qtbot) -> None:
    banner = shown(qtbot)
    assert banner.isVisible()
    assert "/there/run.pt" in banner.findChild(QLabel, "banner_text").text()
    assert not banner.findChild(QPushButton, "banner_action").isVisible()


def test_calls_a_setting_by_its_label(qtbot) -> None:
    banner = shown(qtbot)
    error = StudioError("out-of-memory", device="cuda:0", step=5, field="batch_size")
    banner.show_error(error)
    text = banner.findChild(QLabel, "banner_text").text()
    assert "Lower Batch size, " in text
    assert "batch_size" not in text
    assert "Lower batch_size, " in str(error)


def test_its_button_acts_and_hides_it(qtbot) -> None:
    done = []
    banner = shown(qtbot, label="Save as…", act=lambda: done.append(True))
    qtbot.mouseClick(banner.findChild(QPushButton, "banner_action"), LEFT)
    assert done == [True]
    assert not banner.isVisible()


def test_copies_the_details_with_the_cause(qtbot) -> None:
    error = StudioError("training-failed", step=5, last=4, detail="ValueError: odd")
    error.__cause__ = ValueError("odd")
    banner = shown(qtbot)
    banner.show_error(error)
    qtbot.mouseClick(banner.findChild(QPushButton, "banner_copy"), LEFT)
    text = QGuiApplication.clipboard().text()
    assert "code: training-failed" in text
    assert "last: 4" in text
    assert "ValueError: odd" in text


def test_can_be_dismissed(qtbot) -> None:
    banner = shown(qtbot)
    qtbot.mouseClick(banner.findChild(QToolButton, "banner_close"), LEFT)
    assert not banner.isVisible()
    assert banner.error is None
