"""Help and about boxes."""

from PySide6.QtWidgets import QMessageBox, QWidget

from ganstudio import __version__
from ganstudio.gui.actions import Actions, shortcuts_text
from ganstudio.gui.wording import translate


def show_help(parent: QWidget, actions: Actions) -> None:
    """Show the first steps and every shortcut."""
    steps = translate(
        "help",
        "<h3>First steps</h3><p>Press <b>Start</b>: a generator learns to draw digits, and the "
        "losses move. Click a sample to load its z into the Latent panel, and drag the sliders "
        "while it trains. Learning rates and k act at once; other settings wait for "
        "<b>Start over</b>. Everything can be undone.</p><p>In the list of sliders: up and down "
        "choose, left and right move, L locks, 0 resets, Enter types a number.</p>",
    )
    box = QMessageBox(parent)
    box.setObjectName("help_box")
    box.setWindowTitle(translate("help", "Keyboard and first steps"))
    box.setText(steps + shortcuts_text(actions))
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
