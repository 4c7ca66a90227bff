"""Help and about boxes."""

from PySide6.QtCore import QMargins, Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QLabel,
    QMessageBox,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ganstudio import __version__
from ganstudio.gui.actions import Actions, shortcuts_text
from ganstudio.gui.wording import translate


def show_help(parent: QWidget, actions: Actions) -> None:
    """Show the first steps and every key."""
    steps = translate(
        "help",
        "<h3>First steps</h3><p>Press <b>Start</b>: a generator learns to draw digits, and the "
        "losses move. Click a sample to load its z into the Latent panel, and drag the sliders "
        "while it trains; Directions, Map, Walk and Find are other ways through z. Learning rates "
        "and k act at once; other settings wait for <b>Start over</b>.</p><p><b>Health</b> says "
        "how the run is doing. Click it for the numbers; the button beside it helps. The "
        "presets at the end are broken on purpose, to learn from.</p><p><b>Quality</b>, a tab "
        "beside the losses, judges the images in the background: 1 × real is as good as images "
        "that were held out. Details has every figure.</p><p><b>Undo</b> takes back changes of "
        "z, of live settings and of the run. The steps that training has made stay made, and "
        "the limits under Pause stay as they are.</p><p><b>Dataset</b> offers other images, and"
        " a folder of your own, which you can also drop onto the window.</p>",
    )
    elsewhere = translate(
        "help",
        "<p><b>Sliders</b>: up and down choose, left and right move (with Shift finely, Page Up "
        "and Page Down far), L locks, 0 resets, Enter types a number, F2 a direction's name.<br>"
        "<b>Map</b>: arrows move z (with Shift finely), + and − zoom, Home shows all.<br>"
        "<b>Bookmarks</b>: Enter goes there, F2 renames, Delete removes, Alt+Up and Alt+Down "
        "move.<br>"
        "<b>Classes and codes</b>: left, right and digits choose, L locks.<br>"
        "<b>Samples</b>: arrows choose, Enter loads the sample's z.<br>"
        "<b>Plots</b>: left and right read values, + and − zoom, Home or 0 follows the run.<br>"
        "<b>Fields</b>: up and down change the number, Enter takes it, Escape restores it.<br>"
        "<b>Runs</b>: Enter opens, Space compares, F2 renames, Delete moves to the trash.<br>"
        "<b>Gallery</b>: arrows choose a preset, Enter uses it.</p>",
    )
    box = QDialog(parent)
    box.setObjectName("help_box")
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setWindowTitle(translate("help", "Keyboard and first steps"))
    left, right = f"<td width=360>{steps}</td>", f"<td>{shortcuts_text(actions)}</td>"
    columns = f"<table width=760><tr>{left}<td width=24></td>{right}</tr></table>"
    text = QLabel(columns + elsewhere, wordWrap=True)
    text.setMargin(12)
    text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    pages = QScrollArea(widgetResizable=True)  # with large text it is higher than the screen
    pages.setObjectName("help_text")
    pages.setAccessibleName(box.windowTitle())
    pages.setFrameShape(QFrame.Shape.NoFrame)
    pages.setWidget(text)
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(box.reject)
    layout = QVBoxLayout(box)
    layout.addWidget(pages)
    layout.addWidget(buttons)
    bar = pages.verticalScrollBar().sizeHint().width()
    wanted = text.sizeHint().grownBy(QMargins(0, 0, bar + 30, buttons.sizeHint().height() + 40))
    box.resize(wanted.boundedTo(parent.screen().availableSize() * 0.9))
    box.open()


def show_about(parent: QWidget) -> None:
    """Show version, licences and sources."""
    text = translate(
        "help",
        "<h3>GAN Studio {version}</h3><p>Watch a GAN learn, steer it, look inside it, and keep "
        "what it made.</p><p>MIT licence. MNIST: Yann LeCun and Corinna Cortes, CC BY-SA 3.0. "
        "Qt is used under the LGPL v3.</p>",
    )
    box = QMessageBox(parent)
    box.setObjectName("about_box")
    box.setWindowTitle(translate("help", "About GAN Studio"))
    box.setText(text.format(version=__version__))
    box.open()
