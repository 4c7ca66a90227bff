"""Cards of presets, painted into a list: picture, title, badges, figures and a few words."""

from dataclasses import dataclass, field

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPalette, QPixmap, QTextLayout
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

_PAD = 8  # px
_LINES = 9  # of text that a picture is as high as
_LETTERS = 34  # of average width, in a line beside the picture


@dataclass(frozen=True, slots=True)
class Badge:
    """A few words on a coloured ground, light enough for black text."""

    text: str
    colour: str


@dataclass(frozen=True, kw_only=True)
class Card:
    """What a card says.

    Attributes
    ----------
    title, about : str
        The preset's name, and its description.
    own : bool
        Whether it is the person's own.
    badges : tuple of Badge
        What to know before one tries it.
    lines : tuple of str
        What was measured.
    picture : QPixmap
        Samples; null if there are none.
    """

    title: str
    about: str
    own: bool
    badges: tuple[Badge, ...]
    lines: tuple[str, ...]
    picture: QPixmap = field(repr=False)


class CardDelegate(QStyledItemDelegate):
    """Paints the items of a list, whose user data are the names in `cards`."""

    def __init__(self, view: QListView, cards: dict[str, Card]) -> None:
        super().__init__(view)
        self._view = view
        self._cards = cards

    def sizeHint(
        self, _option: QStyleOptionViewItem, _index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        """Return the size of every card, which follows the font."""
        metrics = QFontMetrics(self._view.font())
        side = _LINES * metrics.lineSpacing()
        width = side + _LETTERS * metrics.averageCharWidth()
        return QSize(width + 3 * _PAD, side + 2 * _PAD)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Paint a card."""
        card = self._cards.get(str(index.data(Qt.ItemDataRole.UserRole)))
        if card is None:
            return
        painter.save()
        rect: QRect = option.rect
        palette: QPalette = option.palette
        state = option.state
        chosen = bool(state & QStyle.StateFlag.State_Selected)
        self._paint_ground(painter, rect, palette, state)
        role = QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.Text
        painter.setPen(palette.color(role))
        side = rect.height() - 2 * _PAD
        picture = QRect(rect.left() + _PAD, rect.top() + _PAD, side, side)
        self._paint_picture(painter, picture, card.picture, palette)
        left = picture.right() + _PAD
        text = QRect(left, picture.top(), rect.right() - _PAD - left, side)
        self._paint_text(painter, text, card)
        painter.restore()

    def _paint_ground(
        self, painter: QPainter, rect: QRect, palette: QPalette, state: QStyle.StateFlag
    ) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        roles = QPalette.ColorRole
        ground = roles.Highlight if state & QStyle.StateFlag.State_Selected else roles.Base
        if state & QStyle.StateFlag.State_MouseOver and ground is roles.Base:
            ground = roles.AlternateBase
        painter.setBrush(palette.color(ground))
        frame = palette.color(roles.Text)
        if not state & QStyle.StateFlag.State_HasFocus:
            frame.setAlpha(70)
        painter.setPen(frame)
        painter.drawRoundedRect(QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)

    def _paint_picture(
        self, painter: QPainter, place: QRect, picture: QPixmap, palette: QPalette
    ) -> None:
        if picture.isNull():
            painter.fillRect(place, palette.color(QPalette.ColorRole.Midlight))
        else:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawPixmap(place, picture)

    def _paint_text(self, painter: QPainter, place: QRect, card: Card) -> None:
        """Write title, badges and figures, and as much of the description as there is room for."""
        bold = QFont(self._view.font())
        bold.setBold(True)
        row = painter.fontMetrics().lineSpacing()
        line = QRect(place.left(), place.top(), place.width(), row)
        elide = Qt.TextElideMode.ElideRight
        painter.setFont(bold)
        painter.drawText(line, 0, QFontMetrics(bold).elidedText(card.title, elide, line.width()))
        painter.setFont(self._view.font())
        metrics = painter.fontMetrics()
        line.translate(0, row + 2)
        if card.badges:
            x = line.left()
            for badge in card.badges:
                x = self._paint_badge(painter, QRect(x, line.top(), line.right() - x, row), badge)
            line.translate(0, row + 4)
        for text in card.lines:
            painter.drawText(line, 0, metrics.elidedText(text, elide, line.width()))
            line.translate(0, row)
        line.translate(0, 3)
        room = (place.bottom() - line.top() + 1) // row
        for text in _wrapped(card.about, self._view.font(), line.width(), room):
            painter.drawText(line, 0, text)
            line.translate(0, row)

    def _paint_badge(self, painter: QPainter, place: QRect, badge: Badge) -> int:
        """Paint a badge at the left of `place`; return where the next begins."""
        metrics = painter.fontMetrics()
        text = metrics.elidedText(badge.text, Qt.TextElideMode.ElideRight, place.width() - 12)
        ground = QRectF(
            place.topLeft(), QSize(metrics.horizontalAdvance(text) + 12, place.height())
        )
        pen = painter.pen()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(badge.colour))
        painter.drawRoundedRect(ground, 4, 4)
        painter.setPen(Qt.GlobalColor.black)
        painter.drawText(ground, Qt.AlignmentFlag.AlignCenter, text)
        painter.setPen(pen)
        return int(ground.right()) + 6


def _wrapped(text: str, font: QFont, width: int, most: int) -> list[str]:
    """Return the first lines of a text, at most so many; the last says “…” if more follow."""
    lines: list[str] = []
    layout = QTextLayout(text, font)
    layout.beginLayout()
    while len(lines) < most and (line := layout.createLine()).isValid():
        line.setLineWidth(width)
        line.setPosition(QPointF(0, 0))
        start = line.textStart()
        if len(lines) == most - 1:
            rest = text[start:]
            elided = QFontMetrics(font).elidedText(rest, Qt.TextElideMode.ElideRight, width)
            lines.append(elided)
        else:
            lines.append(text[start : start + line.textLength()].rstrip())
    layout.endLayout()
    return lines
