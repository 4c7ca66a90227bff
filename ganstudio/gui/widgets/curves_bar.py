"""The row above a plot of curves: their legend, smoothing, x axis, Follow, and the rest."""

from collections.abc import Iterable, Mapping

from PySide6.QtCore import QEvent, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QMenu,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from ganstudio.gui.icons import icon
from ganstudio.gui.widgets.curve_words import CurveWords
from ganstudio.gui.widgets.series import XAxis
from ganstudio.gui.widgets.stroke import LegendButton, Stroke
from ganstudio.gui.widgets.wheel import ignore_wheel_unless_focused

_HALF_LIVES = (10, 30, 100, 300, 1000)  # steps
_DEFAULT_HALF_LIFE = 100

_BUTTON = 24  # pixels: the least that is easy to click
_GAP = 2


class CurvesBar(QWidget):
    """Chooses how curves are drawn.

    Signals:
        changed: What to draw, or how, has changed.
        axis_changed: Another x axis is chosen.
        scale_changed: The y axis has become logarithmic or linear.
        follow_asked: The user wants to see the whole run again.
        csv_asked: The user wants the curves as a file.
        png_asked: The user wants the plot as a picture.

    Attributes
    ----------
    legend : QWidget
        The part that names the curves.
    menu : QMenu
        What “…” offers.
    """

    changed = Signal()
    axis_changed = Signal()
    scale_changed = Signal()
    follow_asked = Signal()
    csv_asked = Signal()
    png_asked = Signal()

    def __init__(
        self,
        strokes: Mapping[str, Stroke],
        words: Mapping[str, CurveWords],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._buttons = {
            name: self._legend_button(name, strokes[name], words[name]) for name in words
        }
        self.describe(words)
        self.legend = QWidget()
        row = QHBoxLayout(self.legend)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(_GAP)
        for button in self._buttons.values():
            row.addWidget(button)
        self._smoothing = self._make_smoothing()
        self._x_axis = self._make_x_axis()
        self._follow = self._make_follow()
        self._logarithmic = self._make_logarithmic()
        self._reference = self._make_reference()
        self._exports = self._make_exports()
        self.menu = self._make_menu()
        self._more = self._make_more()
        self._controls = QWidget()
        controls = QHBoxLayout(self._controls)
        controls.setContentsMargins(0, 0, 0, 0)
        controls.setSpacing(_GAP)
        for widget in (self._follow, self._smoothing, self._x_axis, self._more):
            controls.addWidget(widget)
        self._rows = QGridLayout(self)
        self._rows.setContentsMargins(_GAP, _GAP, _GAP, _GAP)
        self._rows.setSpacing(_GAP)
        self._rows.setColumnStretch(1, 1)
        self._rows.addWidget(self.legend, 0, 0, Qt.AlignmentFlag.AlignLeft)
        self._rows.addWidget(self._controls, 0, 1, Qt.AlignmentFlag.AlignRight)
        self._stacked = False
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.set_exportable(False)
        self._draw_icons()

    def describe(self, words: Mapping[str, CurveWords], all_of_them: str = "") -> None:
        """Say what each curve means, and what `all_of_them` do."""
        for name, button in self._buttons.items():
            button.set_name(words[name].name)
            button.setAccessibleName(words[name].full_name)
            meaning = "\n".join(filter(None, (words[name].meaning, all_of_them)))
            text = self.tr("{meaning}\nClick to show or hide it.")
            button.setToolTip(text.format(meaning=meaning))

    def half_life(self) -> int:
        """Return the half-life of the moving average in steps, 0 for none."""
        return int(self._smoothing.currentData())

    def x_axis(self) -> XAxis:
        """Return what the curves are drawn over."""
        return XAxis(self._x_axis.currentData())

    def logarithmic(self) -> bool:
        """Return whether the y axis is logarithmic."""
        return self._logarithmic.isChecked()

    def reference(self) -> bool:
        """Return whether the reference line is shown, where there is one."""
        return self._reference.isChecked()

    def set_has_reference(self, has: bool) -> None:
        """Offer the reference line, or not."""
        self._reference.setEnabled(has)

    def offer(self, names: Iterable[str]) -> None:
        """Offer these curves, and no others."""
        names = set(names)
        for name, button in self._buttons.items():
            button.setVisible(name in names)
        self.updateGeometry()
        self._fit()

    def set_exportable(self, exportable: bool) -> None:
        """Offer the exports, or not."""
        for action in self._exports:
            action.setEnabled(exportable)

    def shown(self) -> list[str]:
        """Return the names of the curves that are shown."""
        offered = self._offered()
        return [name for name, b in self._buttons.items() if b in offered and b.isChecked()]

    def set_value(self, name: str, value: str) -> None:
        """Tell a curve's present value."""
        self._buttons[name].set_value(value)

    def set_following(self, following: bool) -> None:
        """Offer Follow unless the plot follows the run."""
        self._follow.setVisible(not following)
        self._fit()

    def _legend_button(self, name: str, stroke: Stroke, words: CurveWords) -> LegendButton:
        button = LegendButton(words.name, stroke)
        button.setObjectName(f"legend_{name}")
        button.toggled.connect(self.changed)
        return button

    def _make_smoothing(self) -> QComboBox:
        combo = QComboBox()
        combo.setObjectName("smoothing")
        combo.setAccessibleName(self.tr("Smoothing in steps"))
        combo.setToolTip(
            self.tr(
                "Smoothing: the strong line is a moving average in which a step\n"
                "weighs half after this many steps. The faint line is not smoothed."
            )
        )
        combo.addItem(self.tr("Raw"), 0)
        for steps in _HALF_LIVES:
            combo.addItem(self.tr("Smooth {steps}").format(steps=steps), steps)
        combo.setCurrentIndex(combo.findData(_DEFAULT_HALF_LIFE))
        combo.setMinimumHeight(_BUTTON)
        combo.currentIndexChanged.connect(self.changed)
        ignore_wheel_unless_focused(combo)
        return combo

    def _make_x_axis(self) -> QComboBox:
        combo = QComboBox()
        combo.setObjectName("x_axis")
        combo.setAccessibleName(self.tr("Horizontal axis"))
        combo.setToolTip(
            self.tr(
                "Horizontal axis: steps, passes over the training images, or time spent training"
            )
        )
        combo.addItem(self.tr("Step"), XAxis.STEP.value)
        combo.addItem(self.tr("Epoch"), XAxis.EPOCH.value)
        combo.addItem(self.tr("Time"), XAxis.SECONDS.value)
        combo.setMinimumHeight(_BUTTON)
        combo.currentIndexChanged.connect(self.axis_changed)
        ignore_wheel_unless_focused(combo)
        return combo

    def _make_follow(self) -> QToolButton:
        button = QToolButton()
        button.setObjectName("follow")
        button.setText(self.tr("Follow"))
        button.setAccessibleName(self.tr("Follow the run"))
        button.setToolTip(
            self.tr("Show the whole run again as it grows (Home, or double-click the plot)")
        )
        button.setMinimumSize(_BUTTON, _BUTTON)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(self.follow_asked)
        button.hide()
        return button

    def _make_logarithmic(self) -> QAction:
        action = QAction(self.tr("&Logarithmic axis"), self)
        action.setObjectName("logarithmic")
        action.setCheckable(True)
        action.setToolTip(
            self.tr("Powers of ten on the vertical axis; values up to 0 are left out")
        )
        action.toggled.connect(self.scale_changed)
        return action

    def _make_reference(self) -> QAction:
        action = QAction(self.tr("&Reference line"), self)
        action.setObjectName("reference")
        action.setCheckable(True)
        action.setChecked(True)
        action.setToolTip(
            self.tr("The value at which D cannot tell real from generated, where there is one")
        )
        action.toggled.connect(self.changed)
        return action

    def _make_exports(self) -> list[QAction]:
        csv = QAction(self.tr("Export curves as &CSV…"), self)
        csv.setObjectName("export_csv")
        csv.setToolTip(self.tr("Every step's numbers, one line a step"))
        csv.triggered.connect(self.csv_asked)
        png = QAction(self.tr("Export plot as &PNG…"), self)
        png.setObjectName("export_png")
        png.setToolTip(self.tr("The plot as it is shown, at twice the resolution"))
        png.triggered.connect(self.png_asked)
        return [csv, png]

    def _make_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        menu.addActions([self._logarithmic, self._reference])
        menu.addSeparator()
        menu.addActions(self._exports)
        return menu

    def _make_more(self) -> QToolButton:
        button = QToolButton()
        button.setObjectName("more")
        button.setAccessibleName(self.tr("More about the curves"))
        button.setToolTip(self.tr("Logarithmic axis, reference line, export"))
        button.setAutoRaise(True)
        button.setMinimumSize(_BUTTON, _BUTTON)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(self._on_more)
        return button

    def _on_more(self) -> None:
        corner = QPoint(self._more.width() - self.menu.sizeHint().width(), self._more.height())
        self.menu.popup(self._more.mapToGlobal(corner))

    def _fit(self) -> None:
        """Use a second row, then leave out the values, only where there is no room for them.

        The word Follow takes what is left.
        """
        room = self.width() - 2 * _GAP
        names, values = self._legend_widths()
        controls = self._controls_width()
        legend = values if values <= room else names
        for button in self._buttons.values():
            button.show_value(legend == values)
        stacked = legend + _GAP + controls > room
        if stacked != self._stacked:
            self._stacked = stacked
            self._rows.removeWidget(self._controls)
            self._rows.addWidget(
                self._controls,
                int(stacked),
                0 if stacked else 1,
                1,
                2 if stacked else 1,
                Qt.AlignmentFlag.AlignRight,
            )
        left = room - controls if stacked else room - controls - legend - _GAP
        word = self._follow.fontMetrics().horizontalAdvance(self._follow.text()) + 16
        style = Qt.ToolButtonStyle
        self._follow.setToolButtonStyle(
            style.ToolButtonTextBesideIcon if left >= word else style.ToolButtonIconOnly
        )

    def _legend_widths(self) -> tuple[int, int]:
        """Return the width of all names, and that of all names with values."""
        buttons = self._offered()
        gaps = _GAP * (len(buttons) - 1)
        names = sum(button.width_of_name() for button in buttons)
        return names + gaps, sum(button.width_with_value() for button in buttons) + gaps

    def _controls_width(self) -> int:
        """Return the width of the controls: of Follow, the sign alone, whether it is shown or not.

        Or its coming and going would move the others.
        """
        combos = self._smoothing.sizeHint().width() + self._x_axis.sizeHint().width()
        return combos + 2 * _BUTTON + 3 * _GAP

    def _offered(self) -> list[LegendButton]:
        return [button for button in self._buttons.values() if not button.isHidden()]

    def _draw_icons(self) -> None:
        self._follow.setIcon(icon("follow", self.palette()))
        self._more.setIcon(icon("more", self.palette()))

    def minimumSizeHint(self) -> QSize:
        """Return the room for two rows, without values and words that can go."""
        width = max(self._legend_widths()[0], self._controls_width()) + 2 * _GAP
        return QSize(width, self._rows.minimumSize().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Make the best of the width."""
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme and the size of the text."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw_icons()
        elif event.type() == QEvent.Type.FontChange:
            for combo in (self._smoothing, self._x_axis):
                combo.setMinimumHeight(max(_BUTTON, combo.sizeHint().height()))
            self._fit()
