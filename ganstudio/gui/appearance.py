"""Theme and zoom of the whole interface."""

from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QApplication

THEMES = {
    "system": Qt.ColorScheme.Unknown,
    "light": Qt.ColorScheme.Light,
    "dark": Qt.ColorScheme.Dark,
}
ZOOMS = (0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0)


def theme() -> str:
    """Return the chosen theme: "system", "light" or "dark"."""
    chosen = str(QSettings().value("theme", "system"))
    return chosen if chosen in THEMES else "system"


def set_theme(name: str) -> None:
    """Use a theme from now on."""
    QSettings().setValue("theme", name)
    QApplication.styleHints().setColorScheme(THEMES[name])


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
