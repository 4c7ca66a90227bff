from PySide6.QtGui import QUndoStack

from ganstudio.gui import commands
from ganstudio.gui.commands import Change


def test_a_change_is_made_once_and_can_be_undone_and_redone(qapp) -> None:
    stack, made = QUndoStack(), []
    stack.push(Change("move", made.append, 1, 2))
    assert made == []  # it had been made before it was pushed
    stack.undo()
    stack.redo()
    assert made == [1, 2]


def test_changes_of_one_kind_within_a_second_merge(qapp, monkeypatch) -> None:
    now = [100.0]
    monkeypatch.setattr(commands.time, "monotonic", lambda: now[0])
    stack, made = QUndoStack(), []
    stack.push(Change("move z 3", made.append, 0, 1, merges=True))
    now[0] += 0.9
    stack.push(Change("move z 3", made.append, 1, 2, merges=True))
    now[0] += 0.9  # a second from the last key, not from the first
    stack.push(Change("move z 3", made.append, 2, 3, merges=True))
    assert stack.count() == 1
    stack.undo()
    stack.redo()
    assert made == [0, 3]


def test_other_changes_do_not_merge(qapp, monkeypatch) -> None:
    now = [100.0]
    monkeypatch.setattr(commands.time, "monotonic", lambda: now[0])
    stack = QUndoStack()
    stack.push(Change("move z 3", print, 0, 1, merges=True))
    stack.push(Change("move z 4", print, 0, 1, merges=True))
    now[0] += 1.1
    stack.push(Change("move z 4", print, 1, 2, merges=True))
    stack.push(Change("random z", print, 0, 1))
    stack.push(Change("random z", print, 1, 2))
    assert stack.count() == 5
