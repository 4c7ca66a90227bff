"""The window's actions and menus: every command once, with its shortcut, icon and explanation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from html import escape

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QActionEvent, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QToolBar, QToolButton

from ganstudio.gui.icons import icon
from ganstudio.gui.wording import translate


@dataclass(slots=True)
class Actions:
    """Builds actions and remembers them, to renew their icons when the theme changes.

    Attributes
    ----------
    window : QMainWindow
        Whose actions they are.
    by_name : dict of str to QAction
        Every action by its objectName.
    """

    window: QMainWindow
    by_name: dict[str, QAction] = field(default_factory=dict)
    _icons: dict[str, str] = field(default_factory=dict)

    def add(
        self,
        menu: QMenu,
        name: str,
        text: str,
        slot: Callable[[], object],
        *,
        key: QKeySequence | QKeySequence.StandardKey | str | None = None,
        sign: str | None = None,
        tip: str = "",
    ) -> QAction:
        """Add an action to `menu`."""
        action = QAction(text, self.window)
        action.setObjectName(name)
        action.triggered.connect(lambda _checked: slot())
        if key is not None:
            action.setShortcut(QKeySequence(key))
        shown = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        plain = tip or text.replace("&", "").rstrip("…")
        action.setToolTip(f"{plain} ({shown})" if shown else plain)
        self.by_name[name] = action
        if sign:
            self._icons[name] = sign
        menu.addAction(action)
        return action

    def choices(
        self,
        menu: QMenu,
        name: str,
        options: dict[str, str],
        current: str,
        slot: Callable[[str], object],
    ) -> None:
        """Add actions of which one is checked: value -> text."""
        group = QActionGroup(self.window)
        for value, text in options.items():
            action = self.add(menu, f"{name}_{value}", text, partial(slot, value))
            action.setCheckable(True)
            action.setChecked(value == current)
            group.addAction(action)

    def set_icon(self, name: str, sign: str) -> None:
        """Give an action another icon."""
        self._icons[name] = sign
        self.by_name[name].setIcon(icon(sign, self.window.palette()))

    def renew_icons(self) -> None:
        """Draw all icons again in the palette's colours."""
        for name, sign in self._icons.items():
            self.set_icon(name, sign)


class ToolButton(QToolButton):
    """A button as wide as the widest of its `texts`, so that those beside it hold still."""

    def __init__(self, texts: Sequence[str]) -> None:
        super().__init__()
        self._texts = texts

    def actionEvent(self, event: QActionEvent) -> None:
        """Be called what the action is called, whatever that becomes."""
        super().actionEvent(event)
        self.setAccessibleName(self.text().replace("&", ""))

    def sizeHint(self) -> QSize:
        """Have room for every text."""
        show, metrics = Qt.TextFlag.TextShowMnemonic, self.fontMetrics()
        widths = [metrics.size(show, text).width() for text in (self.text(), *self._texts)]
        return super().sizeHint() + QSize(max(widths) - widths[0], 0)


def tool_button(
    bar: QToolBar, action: QAction, menu: QMenu | None = None, texts: Sequence[str] = ()
) -> ToolButton:
    """Add `action` to a tool bar as a button, whose arrow opens `menu`.

    If the action's text changes, `texts` are all that it can be.
    """
    button = ToolButton(texts)
    button.setObjectName(f"{action.objectName()}_button")
    button.setDefaultAction(action)
    if menu is not None:
        button.setMenu(menu)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
    button.setToolButtonStyle(bar.toolButtonStyle())
    button.setMinimumHeight(28)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    bar.addWidget(button)
    return button


def shortcuts_text(actions: Actions) -> str:
    """Return all shortcuts as an HTML table."""
    names = _plain_names()
    space = translate("shortcuts", "Space")  # the window takes it where no control does
    rows: dict[str, list[str]] = {}  # what a row is called, and its keys
    for name, action in actions.by_name.items():
        keys = [key.toString(QKeySequence.SequenceFormat.NativeText) for key in action.shortcuts()]
        if name == "start":
            keys.append(space)
        if keys:
            plain = names.get(name, action.text().replace("&", "").rstrip("…"))
            rows.setdefault(plain, []).extend(keys)
    title = translate("shortcuts", "Keyboard")
    shown = (
        f"<tr><td><b>{escape(', '.join(keys))}</b>&nbsp;&nbsp;</td><td>{escape(plain)}</td></tr>"
        for plain, keys in rows.items()
    )
    return f"<h3>{title}</h3><table>{''.join(shown)}</table>"


def _plain_names() -> dict[str, str]:
    """Return what the commands are called whose menu texts change, or say too little alone.

    Those of one name share a row.
    """
    zoom = translate("shortcuts", "Larger text, smaller, normal")
    copy = translate("shortcuts", "Copy z as text, paste it")
    return {
        "undo": translate("shortcuts", "Undo"),
        "redo": translate("shortcuts", "Redo"),
        "start": translate("shortcuts", "Start or pause training"),
        "step": translate("shortcuts", "One step: k updates of D and one of G"),
        "step_d": translate("shortcuts", "Half a step: only D's k updates; G stays as it is"),
        "step_g": translate("shortcuts", "Half a step: only G's update; D stays as it is"),
        "zoom_in": zoom,
        "zoom_out": zoom,
        "zoom_reset": zoom,
        "copy_z": copy,
        "paste_z": copy,
    }
