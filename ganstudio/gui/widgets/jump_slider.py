"""A slider that goes to where it is clicked, and can be dragged from there."""

from PySide6.QtCore import QRect, QSignalBlocker, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QSlider, QStyle, QStyleOptionSlider


class JumpSlider(QSlider):
    """A horizontal slider; Qt's own goes by a page where it is clicked beside its handle."""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the handle to the mouse, so that the drag begins."""
        handle = self._part(QStyle.SubControl.SC_SliderHandle)
        before, at = self.value(), event.position().toPoint()
        if event.button() == Qt.MouseButton.LeftButton and not handle.contains(at):
            groove = self._part(QStyle.SubControl.SC_SliderGroove)
            x = at.x() - groove.left() - handle.width() // 2
            room = groove.width() - handle.width()
            with QSignalBlocker(self):  # the drag is told of first
                self.setValue(
                    QStyle.sliderValueFromPosition(self.minimum(), self.maximum(), x, room)
                )
        super().mousePressEvent(event)
        if self.value() != before:
            self.valueChanged.emit(self.value())

    def _part(self, part: QStyle.SubControl) -> QRect:
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        return self.style().subControlRect(QStyle.ComplexControl.CC_Slider, option, part, self)
