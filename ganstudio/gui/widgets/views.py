"""Several views in one tab, and the list that chooses between them."""

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from ganstudio.gui.widgets.controls import narrow_combo

_CHARACTERS = 8  # of the list's field, at least: it may not widen the panel


class Views(QWidget):
    """One of some widgets, below a row that begins with the list of them.

    Parameters
    ----------
    object_name : str
        Of the list.
    """

    def __init__(self, object_name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._list = narrow_combo(object_name, "", _CHARACTERS)
        self._pages = QStackedWidget()
        self._row: list[QWidget] = []  # all that is as high as the list
        self._head = QHBoxLayout()
        self._head.setSpacing(4)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(self._head)
        layout.addWidget(self._pages, 1)
        self.add_to_head(self._list, self._list)
        self._list.currentIndexChanged.connect(self._pages.setCurrentIndex)

    def describe(self, name: str, tip: str) -> None:
        """Say what the list is called, and what it offers."""
        self._list.setAccessibleName(name)
        self._list.setToolTip(tip)

    def add(self, text: str, view: QWidget) -> None:
        """Offer one more view, which the list calls `text`."""
        self._pages.addWidget(view)
        self._list.addItem(text)
        self._fit()

    def add_to_head(self, widget: QWidget, *fitted: QWidget) -> None:
        """Put a widget beside the list; all `fitted` are as high as that is."""
        self._head.addWidget(widget, 1)
        for beside in fitted:
            self.setTabOrder(self._list, beside)  # not after what is below
        self._row += fitted
        self._fit()

    def choose(self, view: QWidget) -> None:
        """Show one of the views."""
        self._list.setCurrentIndex(self._pages.indexOf(view))

    def _fit(self) -> None:
        for widget in self._row:
            widget.setMinimumHeight(max(26, self._list.sizeHint().height()))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the zoom."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()
