import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QProgressBar, QToolButton

from ganstudio.gui.widgets.work_bar import WorkBar
from ganstudio.work import Cancelled, Work


@pytest.fixture
def bar(qtbot) -> WorkBar:
    bar = WorkBar()
    qtbot.addWidget(bar)
    return bar


def test_it_shows_how_far_works_are_until_they_end(qtbot, bar) -> None:
    assert not bar.isVisible()
    first, second = Work(), Work()
    bar.add(first, "Writing a.csv")
    bar.add(second, "Loading a run")
    assert bar.isVisible()
    left, right = bar.findChildren(QProgressBar)
    qtbot.waitUntil(left.isVisible)
    assert (left.accessibleName(), right.accessibleName()) == ("Writing a.csv", "Loading a run")
    assert left.maximum() == 0  # not known yet
    first.at(0.25)
    qtbot.waitUntil(lambda: (left.value(), left.maximum()) == (25, 100))
    first.end()
    qtbot.waitUntil(lambda: bar.findChildren(QProgressBar) == [right])
    assert right.isVisible()
    second.end()
    qtbot.waitUntil(lambda: not bar.isVisible())


def test_a_click_cancels_and_is_taken_once(qtbot, bar) -> None:
    work, other = Work(), Work()
    bar.add(other, "Loading")
    bar.add(work, "Writing a.csv")
    button = bar.findChildren(QToolButton, "work_cancel")[1]
    qtbot.waitUntil(button.isVisible)
    assert button.accessibleName() == "Cancel: Writing a.csv"
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert not button.isEnabled()
    with pytest.raises(Cancelled):
        work.at(0.5)
    other.at(0.5)


def test_what_is_over_at_once_never_shows(qtbot, bar) -> None:
    work = Work()
    bar.add(work, "Loading a run")
    assert not bar.findChild(QProgressBar).isVisible()
    work.end()
    qtbot.waitUntil(lambda: not bar.isVisible())


def test_what_cannot_be_cancelled_offers_no_button(qtbot, bar) -> None:
    bar.add(Work(), "Loading", can_cancel=False)
    qtbot.waitUntil(bar.findChild(QProgressBar).isVisible)
    assert not bar.findChild(QToolButton, "work_cancel").isVisible()
