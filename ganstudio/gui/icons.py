"""Icons from resources/icons, drawn in the colour of the palette's text."""

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer

from ganstudio.resources import resource

_SIZE = 48  # pixels: 24 logical ones on a screen of twice the density


def icon(name: str, palette: QPalette) -> QIcon:
    """Return the icon ``resources/icons/NAME.svg``, with the text colour for ``currentColor``."""
    text = resource(f"icons/{name}.svg").read_text(encoding="utf-8")
    result = QIcon()
    groups = {QIcon.Mode.Normal: QPalette.ColorGroup.Active}
    groups[QIcon.Mode.Disabled] = QPalette.ColorGroup.Disabled
    for mode, group in groups.items():
        colour = palette.color(group, QPalette.ColorRole.ButtonText)
        result.addPixmap(_drawn(text, colour), mode)
    return result


def _drawn(text: str, colour: QColor) -> QPixmap:
    renderer = QSvgRenderer(QByteArray(text.replace("currentColor", colour.name()).encode()))
    pixmap = QPixmap(_SIZE, _SIZE)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    renderer.render(painter, QRectF(0, 0, _SIZE, _SIZE))
    painter.end()
    return pixmap
