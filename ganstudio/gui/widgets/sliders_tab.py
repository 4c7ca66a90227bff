"""The tab of sliders: those of the dimensions of z, or of its directions."""

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from ganstudio.gui.exploration import Exploration
from ganstudio.gui.widgets.controls import narrow_combo
from ganstudio.gui.widgets.direction_sliders import DirectionSliders
from ganstudio.gui.widgets.z_sliders import CHARACTERS, ZSliders


class SlidersTab(QWidget):
    """Two lists of sliders in one place, and what each is ordered by.

    Attributes
    ----------
    z : ZSliders
    directions : DirectionSliders
    """

    def __init__(self, exploration: Exploration, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.z = ZSliders(exploration)
        self.directions = DirectionSliders(exploration)
        views = [self.tr("Dimensions of z"), self.tr("Directions")]
        name = self.tr("What the sliders move")
        self._views = narrow_combo("slider_view", name, CHARACTERS, views)
        self._views.setToolTip(
            self.tr(
                "The dimensions of z one by one, or directions that mean something: what changes "
                "the image most, thickness, slant, more like a 7."
            )
        )
        self._orders = QStackedWidget()
        self._orders.addWidget(self.z.orders)
        self._orders.addWidget(self.directions.sort)
        self._orders.setSizePolicy(self.z.orders.sizePolicy())
        self._pages = QStackedWidget()
        self._pages.addWidget(self.z)
        self._pages.addWidget(self.directions)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self._views, 1)
        row.addWidget(self._orders, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(row)
        layout.addWidget(self._pages, 1)
        self._fit()
        self._views.currentIndexChanged.connect(self._orders.setCurrentIndex)
        self._views.currentIndexChanged.connect(self._pages.setCurrentIndex)

    def _fit(self) -> None:
        height = max(26, self._views.sizeHint().height())
        for widget in (self._views, self.z.orders, self.directions.sort):
            widget.setMinimumHeight(height)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the zoom."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()
