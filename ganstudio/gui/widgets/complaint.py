"""What is wrong with a field, said over its neighbours."""

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication, QFrame, QLabel, QWidget

from ganstudio.gui.colours import is_dark

_ERROR = {False: QColor("#A4001D"), True: QColor("#FF9A8F")}  # on light, on dark: over 5.5:1


class Complaint(QLabel):
    """A line or two below a row, or above it where it would cover what has the focus.

    It lies over the form and lets clicks through: were it laid out in the form, the fields below
    would move away under the hand that is about to click one.
    """

    def __init__(self, row: QWidget) -> None:
        super().__init__(row)
        self._form = self._row = row
        self.setWordWrap(True)
        self.setMargin(3)
        self.setFrameStyle(QFrame.Shape.Box | QFrame.Shadow.Plain)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.setForegroundRole(QPalette.ColorRole.WindowText)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._colour()
        self.hide()

    def float_over(self, form: QWidget) -> None:
        """Lie over this form, which holds the row, rather than within the row."""
        self._form = form
        self.setParent(form)
        for widget in (form, self._row):
            widget.installEventFilter(self)
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        app.focusChanged.connect(self._place)

    def say(self, text: str) -> None:
        """Show `text`, or nothing."""
        self.setText(text)
        self._place()

    def _place(self) -> None:
        form = self._form
        shown = bool(self.text()) and self._row.isVisibleTo(form)
        self.setVisible(shown)
        if not shown:
            return
        row = _within(form, self._row)
        height = self.heightForWidth(row.width())
        place = QRect(row.left(), row.bottom() + 2, row.width(), height)
        focus = QApplication.focusWidget()
        covers = focus is not None and form.isAncestorOf(focus) and _within(form, focus)
        if not form.rect().contains(place) or (covers and place.intersects(covers)):
            place.moveBottom(row.top() - 2)
        self.setGeometry(place)
        self.raise_()

    def _colour(self) -> None:
        palette = QPalette()
        palette.setColor(QPalette.ColorRole.WindowText, _ERROR[is_dark(self.palette())])
        self.setPalette(palette)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the row wherever the form puts it."""
        kinds = QEvent.Type
        if self.text() and event.type() in (kinds.Resize, kinds.Move, kinds.Show, kinds.Hide):
            self._place()
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QEvent) -> None:
        """Take the theme's colour."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._colour()


def _within(form: QWidget, widget: QWidget) -> QRect:
    return QRect(widget.mapTo(form, QPoint()), widget.size())
