"""The card over the samples of a generator that has not been trained."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QLabel, QMenu, QPushButton, QVBoxLayout, QWidget

from ganstudio.gui.icons import icon
from ganstudio.gui.wording import translate
from ganstudio.pretrained import pretrained


def fill_trained(menu: QMenu, choose: Callable[[Path], object]) -> None:
    """List the generators that come with the studio; `choose` gets the path of one."""
    for each in pretrained():
        action = menu.addAction(translate("pretrained", each.title))
        action.setObjectName(f"trained_{each.name}")
        action.setToolTip(translate("pretrained", each.description))
        action.triggered.connect(lambda _=False, path=each.path: choose(path))


class StartCard(QWidget):
    """Says what is on show, and offers to start, or to explore what is trained already.

    Signals:
        start_clicked(): begin to train.
        trained_chosen(object): the `Path` of a generator that comes with the studio.
    """

    start_clicked = Signal()
    trained_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("start_card")
        self._label = QLabel()
        self._label.setObjectName("start_card_label")
        self._label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._button = QPushButton(self.tr("Start"))
        self._button.setObjectName("start_card_button")
        self._button.setAccessibleName(self.tr("Start"))
        self._button.setToolTip(self.tr("Train the generator (F5)"))
        self._button.setMinimumSize(150, 40)
        self._button.setIconSize(QSize(20, 20))
        self._button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._button.clicked.connect(lambda: self.start_clicked.emit())
        self._trained = QPushButton(self.tr("Explore a trained one"))
        self._trained.setObjectName("explore_trained")
        self._trained.setAccessibleName(self.tr("Explore a trained one"))
        self._trained.setToolTip(self.tr("Open a generator that comes with the studio"))
        self._trained.setMinimumHeight(28)
        self._trained.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        menu = QMenu(self._trained)
        menu.setObjectName("trained_menu")
        menu.setToolTipsVisible(True)
        fill_trained(menu, self.trained_chosen.emit)
        self._trained.setMenu(menu)
        self._trained.setVisible(not menu.isEmpty())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 18, 24, 20)
        layout.setSpacing(14)
        layout.addWidget(self._label)
        layout.addWidget(self._button, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(self._trained, 0, Qt.AlignmentFlag.AlignHCenter)
        self.set_loading(True)
        self._draw_icon()
        self._enlarge()

    def set_loading(self, loading: bool, name: str = "", *, digits: bool = True) -> None:
        """Show that libraries and data are still being loaded, or that all is ready.

        `name` is the file that is loaded with them, "" for none; `digits` are what is learned.
        """
        text = self.tr("This generator has never seen a digit.")
        if not digits:
            text = self.tr("This generator has never seen an image.")
        if loading:
            text = self.tr("Loading {name}…").format(name=name) if name else self.tr("Loading…")
        self._label.setText(text)

    def _draw_icon(self) -> None:
        self._button.setIcon(icon("start", self.palette()))

    def _enlarge(self) -> None:
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * 1.2)
        self._label.setFont(font)
        self._button.setFont(font)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme and the zoom."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._enlarge()
        if event.type() == QEvent.Type.PaletteChange:
            self._draw_icon()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint a ground that lets the samples shine through."""
        colour = self.palette().color(QPalette.ColorRole.Window)
        colour.setAlpha(230)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(self.palette().color(QPalette.ColorRole.Mid))
        painter.setBrush(colour)
        painter.drawRoundedRect(self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5), 10, 10)
        painter.end()
