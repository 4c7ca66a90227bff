"""Help > Profile, while the window trains."""

from hands import WAIT, child
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QProgressBar
from pytestqt.qtbot import QtBot

from ganstudio.gui.profile import ProfileDialog
from ganstudio.training.profile import PARTS


def test_the_parts_of_a_step_are_shown_while_it_is_open(qtbot: QtBot, window, monkeypatch) -> None:
    monkeypatch.setattr("ganstudio.training.profile.SECONDS", 0.0)
    asked: list[bool] = []
    original = window.session.set_profile

    def set_profile(on: bool) -> None:
        asked.append(on)
        original(on)

    monkeypatch.setattr(window.session, "set_profile", set_profile)
    window.actions_.by_name["profile"].trigger()
    dialog = window.findChild(ProfileDialog)
    about = child(dialog, QLabel, "profile_about")
    assert about.text().startswith("Start training")
    window.actions_.by_name["start"].trigger()
    qtbot.waitUntil(lambda: "at full speed" in about.text(), timeout=WAIT)
    window.actions_.by_name["start"].trigger()
    bars = [child(dialog, QProgressBar, f"profile_{part}") for part in PARTS]
    assert all(bar.accessibleName() for bar in bars)
    assert abs(sum(bar.value() for bar in bars) - 1000) <= len(bars)
    share = child(dialog, QLabel, "profile_D_text").text()
    assert " ms · " in share
    assert share.endswith(" %")
    window.actions_.by_name["profile"].trigger()
    assert len(window.findChildren(ProfileDialog)) == 1
    assert asked[-1]
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not asked[-1], "what nobody looks at is not measured"
