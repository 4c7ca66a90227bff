"""The gallery: every preset as a card with what it makes in a minute."""

from collections.abc import Sequence
from dataclasses import asdict

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPixmap
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ganstudio import gallery
from ganstudio.config import Preset, load_preset, own_presets, preset_names
from ganstudio.errors import StudioError
from ganstudio.gallery import Figures
from ganstudio.gui import colours
from ganstudio.gui.widgets.preset_card import Badge, Card, CardDelegate
from ganstudio.gui.wording import translate, worded

_NAME, _SOUGHT, _CALLED = (Qt.ItemDataRole.UserRole + n for n in range(3))
_NO_KEYS = Qt.KeyboardModifier.NoModifier


class Gallery(QDialog):
    """A list of cards that arrows walk, words search, and Enter chooses from.

    Signals:
        chosen: the name of the preset to use, and whether to start over with it.
        import_asked: take a preset from a file.
        export_asked, delete_asked: the name of the preset to write to a file, or to remove.
    """

    chosen = Signal(str, bool)
    import_asked = Signal()
    export_asked = Signal(str)
    delete_asked = Signal(str)

    def __init__(self, parent: QWidget, current: str, *, has_steps: bool = False) -> None:
        super().__init__(parent)
        self.setObjectName("gallery")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Presets"))
        self._cards: dict[str, Card] = {}
        self._search = QLineEdit(clearButtonEnabled=True)
        self._search.setObjectName("gallery_search")
        self._search.setAccessibleName(self.tr("Search presets"))
        self._search.setPlaceholderText(self.tr("Search"))
        self._search.setToolTip(self.tr("Show the presets whose texts hold all these words"))
        self._search.setMinimumHeight(26)
        self._search.textChanged.connect(self._on_search)
        self._list = QListWidget()
        self._list.setObjectName("gallery_list")
        self._list.setAccessibleName(self.tr("Presets"))
        self._list.setViewMode(QListView.ViewMode.IconMode)
        self._list.setMovement(QListView.Movement.Static)
        self._list.setResizeMode(QListView.ResizeMode.Adjust)
        self._list.setUniformItemSizes(True)
        self._list.setSpacing(4)
        self._list.setMouseTracking(True)
        self._list.setItemDelegate(CardDelegate(self._list, self._cards))
        self._list.currentItemChanged.connect(lambda: self._on_current())
        self._list.itemActivated.connect(lambda _: self._use(anew=has_steps))
        self._about = QLabel(wordWrap=True)
        self._about.setObjectName("gallery_about")
        self._about.setTextFormat(Qt.TextFormat.PlainText)
        self._about.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._about.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._about.setMinimumHeight(5 * self.fontMetrics().lineSpacing())

        self._errors = QLabel(wordWrap=True)
        self._errors.setObjectName("gallery_errors")
        self._errors.setTextFormat(Qt.TextFormat.PlainText)
        self._errors.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        tip = self.tr("Take a preset from a file into your own")
        self._import = self._button("gallery_import", self.tr("&Import…"), tip)
        self._import.clicked.connect(lambda: self.import_asked.emit())
        tip = self.tr("Write this preset to a file, for another computer or person")
        self._export = self._button("gallery_export", self.tr("&Export…"), tip)
        self._export.clicked.connect(lambda: self.export_asked.emit(self.current()))
        tip = self.tr("Remove this preset; built-in ones stay")
        self._delete = self._button("gallery_delete", self.tr("&Delete…"), tip)
        self._delete.clicked.connect(lambda: self.delete_asked.emit(self.current()))
        tip = self.tr("Put its settings into the fields, for a new run")
        self._use_button = self._button("gallery_use", self.tr("&Use"), tip)
        self._use_button.clicked.connect(lambda: self._use(anew=False))
        tip = self.tr("Begin a run with its settings; undo brings the present one back")
        self._anew_button = self._button("gallery_start_over", self.tr("&Start over with it"), tip)
        self._anew_button.clicked.connect(lambda: self._use(anew=True))
        self._anew_button.setVisible(has_steps)  # else Start takes what the fields show
        (self._anew_button if has_steps else self._use_button).setDefault(True)
        close = self._button("gallery_close", self.tr("Close"), self.tr("Change nothing"))
        close.clicked.connect(self.reject)

        row = QHBoxLayout()
        for button in (self._import, self._export, self._delete):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self._anew_button)
        row.addWidget(self._use_button)
        row.addWidget(close)
        layout = QVBoxLayout(self)
        layout.addWidget(self._search)
        layout.addWidget(self._list, 1)
        layout.addWidget(self._about)
        layout.addWidget(self._errors)
        layout.addLayout(row)
        screen = self.screen().availableSize()
        self.resize(QSize(1120, 700).boundedTo(screen * 0.9))
        self.renew(current)
        self._list.installEventFilter(self)
        self._list.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Search for what is typed over the cards."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            plain = event.modifiers() in (_NO_KEYS, Qt.KeyboardModifier.ShiftModifier)
            if plain and event.text().strip() and event.text().isprintable():
                self._search.setFocus()
                self._search.insert(event.text())
                return True
        return super().eventFilter(watched, event)

    def current(self) -> str:
        """Return the name of the preset under the cursor, "" if there is none."""
        item = self._list.currentItem()
        return str(item.data(_NAME)) if item is not None and not item.isHidden() else ""

    def renew(self, current: str) -> None:
        """Show the presets that there are now, the cursor on `current`."""
        figures = gallery.read()
        self._list.clear()
        self._cards.clear()
        for name in preset_names():
            card = self._card(load_preset(name), figures.get(name))
            self._cards[name] = card
            item = QListWidgetItem(card.title)
            item.setData(_NAME, name)
            badges = [badge.text for badge in card.badges]
            spoken = [card.title, *badges, *card.lines, card.about]
            item.setData(Qt.ItemDataRole.AccessibleTextRole, ". ".join(filter(None, spoken)))
            item.setData(_CALLED, f"{name} {card.title}".casefold())
            item.setData(_SOUGHT, " ".join((name, *spoken)).casefold())
            if (measured := figures.get(name)) is not None:
                item.setToolTip(self._explained(measured))
            self._list.addItem(item)
            if name == current:
                self._list.setCurrentItem(item)
        if self._list.currentItem() is None:
            self._list.setCurrentRow(0)
        self._on_search(self._search.text())
        self._say(own_presets()[1])

    def show_error(self, error: StudioError) -> None:
        """Say what went wrong; the cards stay."""
        self._say([error])

    def _say(self, errors: Sequence[StudioError]) -> None:
        self._errors.setText("\n".join(map(worded, errors)))
        self._errors.setVisible(bool(errors))

    def _card(self, preset: Preset, figures: Figures | None) -> Card:
        badges = []
        if preset.own:
            badges.append(Badge(self.tr("Your own"), colours.SKY))
        if preset.group:
            badges.append(Badge(translate("presets", preset.group), colours.ORANGE))
        elif figures is not None and figures.lost:
            text = self.tr("Collapses in {lost} of {runs} runs")
            badges.append(Badge(text.format(**asdict(figures)), colours.VERMILLION))
        picture = gallery.sheet(preset.name) if not preset.own else None
        return Card(
            title=translate("presets", preset.title),
            about=translate("presets", preset.description),
            own=preset.own,
            badges=tuple(badges),
            lines=self._lines(figures),
            picture=QPixmap(str(picture)) if picture else QPixmap(),
        )

    def _lines(self, figures: Figures | None) -> tuple[str, ...]:
        """Say in words what was measured."""
        if figures is None:
            return (self.tr("Not measured yet"),)
        found = self.tr("{digits} of 10 digits, {rarest:.0f} to {commonest:.0f} % each")
        if figures.readable is None:
            found = self.tr("At most {digits} of 10 digits, up to {commonest:.0f} % of one")
            readable = self.tr("Far from real digits after {seconds:.0f} s")
        else:
            readable = self.tr("Readable after {readable:.0f} s on two cores")
        frechet = self.tr("Fréchet distance {frechet:.0f} × real")
        return tuple(text.format(**asdict(figures)) for text in (found, readable, frechet))

    def _explained(self, figures: Figures) -> str:
        text = self.tr(
            "Measured after {seconds:.0f} s of training on two cores, in runs of different seeds: "
            "{runs}. The samples are of the first. Fréchet distance between the features of "
            "generated and training images, as a multiple of that of as many held-out ones, "
            "n = {n:,}: median {frechet:.3g}, from {low:.3g} to {high:.3g}."
        )
        return text.format(**asdict(figures))

    def _button(self, name: str, text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(name)
        button.setAccessibleName(text.replace("&", "").rstrip("…"))
        button.setToolTip(tip)
        button.setMinimumHeight(26)
        button.setAutoDefault(False)
        return button

    def _on_search(self, text: str) -> None:
        words = text.casefold().split()
        shown = []
        for row in range(self._list.count()):
            item = self._list.item(row)
            item.setHidden(not all(word in item.data(_SOUGHT) for word in words))
            if not item.isHidden():
                shown.append(item)
        called = [item for item in shown if all(word in item.data(_CALLED) for word in words)]
        sought = called or shown  # what is called so comes before what only speaks of it
        if sought and self._list.currentItem() not in sought:
            self._list.setCurrentItem(sought[0])
        self._on_current()

    def _on_current(self) -> None:
        """Describe the preset under the cursor, and offer what can be done with it."""
        name = self.current()
        card = self._cards.get(name)
        none = self.tr("No preset holds these words.")
        self._about.setText(card.about if card else none)
        for button in (self._use_button, self._anew_button):
            button.setEnabled(bool(name))
        self._export.setEnabled(bool(name))
        self._delete.setEnabled(card is not None and card.own)

    def _use(self, *, anew: bool) -> None:
        if name := self.current():
            self.chosen.emit(name, anew)
            self.accept()
