"""The tab of sliders: those of the dimensions of z, or of its directions."""

from PySide6.QtWidgets import QStackedWidget, QWidget

from ganstudio.gui.exploration import Exploration
from ganstudio.gui.widgets.direction_sliders import DirectionSliders
from ganstudio.gui.widgets.views import Views
from ganstudio.gui.widgets.z_sliders import ZSliders


class SlidersTab(Views):
    """Two lists of sliders in one place, and what each is ordered by.

    Attributes
    ----------
    z : ZSliders
    directions : DirectionSliders
    """

    def __init__(self, exploration: Exploration, parent: QWidget | None = None) -> None:
        super().__init__("slider_view", parent)
        self.z = ZSliders(exploration)
        self.directions = DirectionSliders(exploration)
        self.describe(
            self.tr("What the sliders move"),
            self.tr(
                "The dimensions of z one by one, or directions that mean something: what changes "
                "the image most, thickness, slant, more like a 7."
            ),
        )
        self.add(self.tr("Dimensions of z"), self.z)
        self.add(self.tr("Directions"), self.directions)
        orders = QStackedWidget()
        orders.addWidget(self.z.orders)
        orders.addWidget(self.directions.sort)
        orders.setSizePolicy(self.z.orders.sizePolicy())
        self.add_to_head(orders, self.z.orders, self.directions.sort)
        self._list.currentIndexChanged.connect(orders.setCurrentIndex)
