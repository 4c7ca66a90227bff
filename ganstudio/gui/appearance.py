"""Theme and zoom of the whole interface."""

from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from ganstudio.gui.colours import is_dark

THEMES = {
    "system": Qt.ColorScheme.Unknown,
    "light": Qt.ColorScheme.Light,
    "dark": Qt.ColorScheme.Dark,
}
_DARK = {
    QPalette.ColorRole.Window: "#2d2f31",
    QPalette.ColorRole.WindowText: "#f0f0f0",
    QPalette.ColorRole.Base: "#1f2123",
    QPalette.ColorRole.AlternateBase: "#292b2d",
    QPalette.ColorRole.Text: "#f0f0f0",
    QPalette.ColorRole.PlaceholderText: "#a0a4a8",
    QPalette.ColorRole.Button: "#3a3d40",
    QPalette.ColorRole.ButtonText: "#f0f0f0",
    QPalette.ColorRole.BrightText: "#ffffff",
    QPalette.ColorRole.Light: "#54585c",
    QPalette.ColorRole.Midlight: "#45484b",
    QPalette.ColorRole.Mid: "#222426",
    QPalette.ColorRole.Dark: "#191a1c",
    QPalette.ColorRole.Shadow: "#0c0d0e",
    QPalette.ColorRole.ToolTipBase: "#3a3d40",
    QPalette.ColorRole.ToolTipText: "#f0f0f0",
    QPalette.ColorRole.Highlight: "#2f7fb8",
    QPalette.ColorRole.HighlightedText: "#ffffff",
    QPalette.ColorRole.Accent: "#4aa3df",
    QPalette.ColorRole.Link: "#6cb8ec",
}
_LIGHT = {
    QPalette.ColorRole.Window: "#efefef",
    QPalette.ColorRole.WindowText: "#000000",
    QPalette.ColorRole.Base: "#ffffff",
    QPalette.ColorRole.AlternateBase: "#f7f7f7",
    QPalette.ColorRole.Text: "#000000",
    QPalette.ColorRole.PlaceholderText: "#6a6a6a",
    QPalette.ColorRole.Button: "#efefef",
    QPalette.ColorRole.ButtonText: "#000000",
    QPalette.ColorRole.BrightText: "#ffffff",
    QPalette.ColorRole.Light: "#ffffff",
    QPalette.ColorRole.Midlight: "#cacaca",
    QPalette.ColorRole.Mid: "#b8b8b8",
    QPalette.ColorRole.Dark: "#9f9f9f",
    QPalette.ColorRole.Shadow: "#767676",
    QPalette.ColorRole.ToolTipBase: "#ffffdc",
    QPalette.ColorRole.ToolTipText: "#000000",
    QPalette.ColorRole.Highlight: "#308cc6",
    QPalette.ColorRole.HighlightedText: "#ffffff",
    QPalette.ColorRole.Accent: "#0072b2",
    QPalette.ColorRole.Link: "#005a9e",
}
ZOOMS = (0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0)


def theme() -> str:
    """Return the chosen theme: "system", "light" or "dark"."""
    chosen = str(QSettings().value("theme", "system"))
    return chosen if chosen in THEMES else "system"


def set_theme(name: str) -> None:
    """Use a theme from now on."""
    QSettings().setValue("theme", name)
    QApplication.setPalette(QPalette())  # the system's
    QApplication.styleHints().setColorScheme(THEMES[name])
    # plain X11 knows no colour schemes and leaves the palette as it is
    if name != "system" and is_dark(QApplication.palette()) != (name == "dark"):
        QApplication.setPalette(_palette(_DARK if name == "dark" else _LIGHT))


def zoom() -> float:
    """Return the zoom of the interface; 1 is the system's size."""
    try:
        factor = float(str(QSettings().value("zoom", 1.0)))
    except ValueError:
        factor = 1.0
    return min(max(factor, ZOOMS[0]), ZOOMS[-1])


def set_zoom(factor: float) -> None:
    """Use a zoom from now on."""
    QSettings().setValue("zoom", factor)
    _apply_zoom(factor)


def zoom_step(direction: int) -> None:
    """Zoom to the next size: 1 larger, -1 smaller, 0 back to the system's."""
    near = min(range(len(ZOOMS)), key=lambda i: abs(ZOOMS[i] - zoom()))
    index = min(max(near + direction, 0), len(ZOOMS) - 1)
    set_zoom(ZOOMS[index] if direction else 1.0)


def restore() -> None:
    """Apply what was chosen earlier."""
    set_theme(theme())
    _apply_zoom(zoom())


def _palette(colours: dict[QPalette.ColorRole, str]) -> QPalette:
    """Return a palette of these colours; what is disabled is written in grey."""
    palette = QPalette()
    roles = QPalette.ColorRole
    for role, colour in colours.items():
        palette.setColor(role, QColor(colour))
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor("#8a8d90"))
    # or a slider that cannot be moved is as bright as one that can
    palette.setColor(QPalette.ColorGroup.Disabled, roles.Highlight, palette.color(roles.Mid))
    palette.setColor(QPalette.ColorGroup.Disabled, roles.Accent, palette.color(roles.Mid))
    return palette


def _apply_zoom(factor: float) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    font = app.font()
    base = app.property("base_point_size")
    if base is None:
        base = font.pointSizeF()
        app.setProperty("base_point_size", base)
    font.setPointSizeF(base * factor)
    app.setFont(font)
