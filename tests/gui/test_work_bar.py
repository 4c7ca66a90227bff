import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QLabel, QProgressBar, QStatusBar, QToolButton, QWidget

from ganstudio.errors import Phrase
from ganstudio.gui.widgets.work_bar import WorkBar
from ganstudio.work import Cancelled, Work

LONG = "Writing " + 30 * "a very long name of " + "curves.csv"


@pytest.fixture
def bar(qtbot) -> WorkBar:
    bar = WorkBar()
    qtbot.addWidget(bar)
    return bar


def label(bar: WorkBar, name: str) -> QLabel:
    return bar.findChild(QLabel, name)


def test_it_shows_the_first_work_until_it_ends_and_counts_the_others(qtbot, bar) -> None:
    assert not bar.isVisible()
    first, second, third = Work(), Work(), Work()
    bar.add(first, "Writing a.csv")
    bar.add(second, "Loading a run")
    bar.add(third, "Writing b.csv")
    progress = bar.findChild(QProgressBar)
    text, more = label(bar, "work_text"), label(bar, "work_more")
    qtbot.waitUntil(more.isVisible)
    assert (text.text(), progress.accessibleName()) == ("Writing a.csv", "Writing a.csv")
    assert more.text() == "+2"
    assert more.toolTip() == "Loading a run\nWriting b.csv"
    assert progress.maximum() == 0  # not known yet
    first.at(0.25)
    qtbot.waitUntil(lambda: (progress.value(), progress.maximum()) == (25, 100))
    first.end()
    qtbot.waitUntil(lambda: text.text() == "Loading a run")
    assert more.text() == "+1"
    assert progress.maximum() == 0, "of the other work"
    third.end()
    qtbot.waitUntil(more.isHidden)
    assert progress.isVisible()
    second.end()
    qtbot.waitUntil(lambda: not bar.isVisible())


def test_what_was_known_and_is_no_more_shows_as_busy_again(qtbot, bar) -> None:
    work = Work()
    bar.add(work, "Loading a run")
    progress = bar.findChild(QProgressBar)
    qtbot.waitUntil(progress.isVisible)
    for fraction, maximum in ((None, 0), (0.5, 100), (None, 0), (0.75, 100)):
        work.at(fraction)
        qtbot.waitUntil(lambda wanted=maximum: progress.maximum() == wanted)
    qtbot.waitUntil(lambda: progress.value() == 75)


def test_work_that_says_what_it_does_now_is_called_so(qtbot, bar) -> None:
    work = Work()
    bar.add(work, "Loading a run")
    text = label(bar, "work_text")
    qtbot.waitUntil(text.isVisible)
    for note, shown in (
        (Phrase("checking", name="a.gz"), "Checking a.gz"),
        (None, "Loading a run"),
    ):
        work.at(0.5, note)
        qtbot.waitUntil(lambda shown=shown: text.text() == shown)
        assert bar.findChild(QToolButton).accessibleName() == f"Cancel: {shown}"


def test_a_click_cancels_what_is_shown_and_is_taken_once(qtbot, bar) -> None:
    work, other = Work(), Work()
    bar.add(work, "Writing a.csv")
    bar.add(other, "Loading")
    button = bar.findChild(QToolButton, "work_cancel")
    qtbot.waitUntil(button.isVisible)
    assert button.accessibleName() == "Cancel: Writing a.csv"
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert not button.isEnabled()
    with pytest.raises(Cancelled):
        work.at(0.5)
    other.at(0.5)
    work.end()
    qtbot.waitUntil(lambda: button.accessibleName() == "Cancel: Loading")
    assert button.isEnabled()


def test_what_is_over_at_once_never_shows(qtbot, bar) -> None:
    work = Work()
    bar.add(work, "Loading a run")
    assert not bar.findChild(QProgressBar).isVisible()
    work.end()
    qtbot.waitSignal(bar.findChild(QTimer).timeout).wait()
    assert not bar.isVisible()


def test_what_cannot_be_cancelled_offers_no_button(qtbot, bar) -> None:
    work = Work(can_cancel=False)
    bar.add(work, "Loading")
    qtbot.waitUntil(bar.findChild(QProgressBar).isVisible)
    assert not bar.findChild(QToolButton, "work_cancel").isVisible()


def test_a_long_name_leaves_room_for_the_state_of_the_run(qtbot) -> None:
    status, state, bar = QStatusBar(), QLabel(), WorkBar()
    qtbot.addWidget(status)
    state.setText("Training · step 123,456 · epoch 12.34 · 1,234 images/s · 1:02:03 · cuda:0")
    status.addWidget(state, 1)
    status.addPermanentWidget(bar)
    status.resize(1024, 28)
    status.show()
    for name in (LONG, f"{LONG} again"):
        bar.add(Work(), name)
    qtbot.waitUntil(label(bar, "work_more").isVisible)
    assert status.width() == 1024
    assert state.width() >= state.sizeHint().width()
    text = label(bar, "work_text")
    assert text.text().startswith("Writing a")
    assert text.text().endswith("curves.csv")
    assert text.width() >= text.sizeHint().width()
    assert text.toolTip() == text.accessibleName() == LONG
    font = bar.font()
    font.setPointSizeF(1.5 * font.pointSizeF())
    bar.setFont(font)
    qtbot.waitUntil(lambda: text.width() >= text.sizeHint().width())
    assert state.width() >= state.sizeHint().width()


def test_every_part_has_a_name_of_its_own(qtbot, bar) -> None:
    for name in ("Writing a.csv", "Writing b.csv", "Writing c.csv"):
        bar.add(Work(), name)
    qtbot.waitUntil(label(bar, "work_more").isVisible)
    names = [child.objectName() for child in bar.findChildren(QWidget)]
    assert sorted(names) == ["work_cancel", "work_more", "work_progress", "work_text"]
