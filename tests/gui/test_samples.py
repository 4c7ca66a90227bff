"""The Samples panel under real mouse and keyboard."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QSettings, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QToolButton, QWidget
from pytestqt.qtbot import QtBot
from runs import run_info

from ganstudio.gui.colours import ORANGE
from ganstudio.gui.panels.samples import SamplesPanel
from ganstudio.gui.threads.decode_thread import PIECE
from ganstudio.gui.widgets.sample_grid import SampleGrid
from ganstudio.images import Pixels, grid
from ganstudio.latent.spec import LatentPart, LatentSpec
from ganstudio.training.status import RunInfo

LEFT = Qt.MouseButton.LeftButton


def make_images(n: int = 64, channels: int = 1, height: int = 28, width: int = 28) -> Pixels:
    """Return images of one grey each, all different, none black."""
    shade = (np.arange(n) * 2 + 40).astype(np.uint8)
    return np.broadcast_to(shade[:, None, None, None], (n, channels, height, width)).copy()


def make_info(
    averaged: bool = True,
    shape: tuple[int, int, int] = (1, 28, 28),
    choice: str = "",
    autoencoder: bool = False,
) -> RunInfo:
    real = np.full((100, *shape), 255, np.uint8)
    parts = [LatentPart(name="z", kind="normal", dim=64)]
    if choice == "class":
        parts.append(LatentPart(name="class", kind="one-hot", dim=10, role="class"))
    elif choice:
        parts.append(LatentPart(name=choice, kind="one-hot", dim=6, role="code"))
    return run_info(
        real, latent=LatentSpec(tuple(parts)), averaged=averaged, autoencoder=autoencoder
    )


class Recorder:
    """What a panel has emitted."""

    def __init__(self, panel: SamplesPanel) -> None:
        self.chosen: list[int] = []
        self.averaged: list[bool] = []
        self.counts: list[int] = []
        self.starts = 0
        panel.sample_chosen.connect(self.chosen.append)
        panel.averaged_changed.connect(self.averaged.append)
        panel.count_changed.connect(self.counts.append)
        panel.start_requested.connect(self._on_start)

    def _on_start(self) -> None:
        self.starts += 1


@pytest.fixture
def fresh(qtbot: QtBot) -> SamplesPanel:
    """Return a panel before any run."""
    panel = SamplesPanel()
    qtbot.addWidget(panel)
    panel.resize(650, 360)
    panel.show()
    panel.activateWindow()
    qtbot.waitUntil(panel.isActiveWindow)
    return panel


@pytest.fixture
def panel(fresh: SamplesPanel) -> SamplesPanel:
    """Return a panel that shows the samples of a run at step 6,012."""
    fresh.set_run(make_info())
    fresh.set_images(make_images(), 6012)
    return fresh


def child(panel: QWidget, name: str) -> QWidget:
    found = panel.findChild(QWidget, name)
    assert found is not None
    return found


def samples(panel: QWidget) -> SampleGrid:
    found = panel.findChild(SampleGrid, "samples_grid")
    assert found is not None
    return found


def shades(widget: SampleGrid, indices: range) -> list[int]:
    """Return the grey in the middle of each cell as it is painted."""
    image = widget.grab().toImage()
    return [QColor(image.pixel(widget.cell_rect(i).center())).red() for i in indices]


def pixels(image: QImage) -> np.ndarray:
    rgb = image.convertToFormat(QImage.Format.Format_RGB32)
    data = np.frombuffer(rgb.constBits(), np.uint8).reshape(rgb.height(), rgb.bytesPerLine())
    return data[:, : rgb.width() * 4].reshape(rgb.height(), rgb.width(), 4)[..., :3].copy()


def test_while_loading_start_is_offered_already(fresh: SamplesPanel, qtbot: QtBot) -> None:
    seen = Recorder(fresh)
    label, button = child(fresh, "start_card_label"), child(fresh, "start_card_button")
    assert isinstance(label, QLabel)
    assert label.text() == "Loading…"
    assert button.accessibleName() == "Start"
    qtbot.mouseClick(button, LEFT)
    assert seen.starts == 1
    fresh.set_opening("mine.pt")
    assert label.text() == "Loading mine.pt…"
    fresh.set_opening("")
    assert label.text() == "Loading…"
    fresh.set_run(make_info())
    fresh.set_images(make_images(), 0)
    assert label.text() == "This generator has never seen a digit."


def test_the_card_lies_over_the_first_samples_until_training(
    fresh: SamplesPanel, qtbot: QtBot
) -> None:
    seen = Recorder(fresh)
    card, label = child(fresh, "start_card"), child(fresh, "start_card_label")
    assert isinstance(label, QLabel)
    fresh.set_run(make_info())
    fresh.set_images(make_images(), 0)
    assert card.isVisible()
    assert label.text() == "This generator has never seen a digit."
    centre = card.geometry().center() - samples(fresh).geometry().center()
    assert centre.manhattanLength() <= 2
    qtbot.mouseClick(child(fresh, "start_card_button"), LEFT)
    assert seen.starts == 1
    assert seen.chosen == []
    fresh.set_partial(0, make_images(16), 8)
    assert not card.isVisible()


def test_a_new_run_shows_the_card_again_and_a_trained_one_does_not(panel: SamplesPanel) -> None:
    panel.set_run(make_info())
    assert not child(panel, "start_card").isVisible()  # the step is not known yet
    panel.set_images(make_images(), 0)
    assert child(panel, "start_card").isVisible()
    panel.set_run(make_info())
    panel.set_images(make_images(), 500)
    assert not child(panel, "start_card").isVisible()


def test_samples_are_painted_in_order(panel: SamplesPanel) -> None:
    assert shades(samples(panel), range(64)) == [i * 2 + 40 for i in range(64)]
    label = child(panel, "samples_step")
    assert isinstance(label, QLabel)
    assert label.text() == "step 6,012"


@pytest.mark.parametrize(
    ("n", "shape", "size"),
    [
        (16, (1, 28, 28), (650, 360)),
        (36, (3, 32, 32), (437, 401)),
        (100, (1, 28, 20), (333, 555)),
        (7, (3, 9, 31), (501, 203)),
        (64, (1, 300, 300), (300, 200)),
    ],
)
@pytest.mark.parametrize("real", [False, True])
def test_a_click_chooses_the_sample_under_it(
    qtbot: QtBot,
    fresh: SamplesPanel,
    n: int,
    shape: tuple[int, int, int],
    size: tuple[int, int],
    real: bool,
) -> None:
    fresh.resize(*size)
    fresh.set_run(make_info(shape=shape))
    fresh.set_images(make_images(n, *shape), 1)
    if real:
        qtbot.mouseClick(child(fresh, "real_images"), LEFT, pos=QPoint(8, 13))
        QApplication.processEvents()
    seen = Recorder(fresh)
    widget = samples(fresh)
    order = [n - 1, 0, n // 2, n // 3]
    for index in order:
        qtbot.mouseClick(widget, LEFT, pos=widget.cell_rect(index).center())
        assert shades(widget, range(index, index + 1)) == [index * 2 + 40]
        assert widget.rect().contains(widget.cell_rect(index))
    assert seen.chosen == order


def test_a_click_beside_the_samples_chooses_nothing(panel: SamplesPanel, qtbot: QtBot) -> None:
    seen = Recorder(panel)
    last = samples(panel).cell_rect(63)
    qtbot.mouseClick(samples(panel), LEFT, pos=QPoint(1, 1))
    qtbot.mouseClick(samples(panel), LEFT, pos=last.center() + QPoint(last.width(), 0))
    assert seen.chosen == []


def test_the_marked_sample_is_framed(panel: SamplesPanel, qtbot: QtBot) -> None:
    widget = samples(panel)
    before = pixels(widget.grab().toImage())
    qtbot.mouseClick(widget, LEFT, pos=widget.cell_rect(12).center())
    qtbot.mouseMove(panel, QPoint(2, 2))
    assert (pixels(widget.grab().toImage()) == before).all(), "the owner knows what the click did"
    panel.set_marked(12)
    after = pixels(widget.grab().toImage())
    rows, columns = np.nonzero((before != after).any(axis=2))
    rect = widget.cell_rect(12)
    assert (rows.min(), rows.max()) == (rect.top(), rect.bottom())
    assert (columns.min(), columns.max()) == (rect.left(), rect.right())
    orange = QColor(ORANGE)
    frame = after[rect.top() + 1, rect.center().x()]
    assert frame.tolist() == [orange.blue(), orange.green(), orange.red()]
    assert widget.accessibleDescription() == "Sample 13 of 64"
    qtbot.keyClick(widget, Qt.Key.Key_Right)
    moved = pixels(widget.grab().toImage())
    next_to = widget.cell_rect(13)
    assert (moved[next_to.top() + 1, next_to.center().x()] != frame).any(), "of another colour"
    assert (moved[next_to.top() + 1, next_to.center().x()] != 0).any(), "where the arrows are"
    panel.set_marked(None)
    qtbot.mouseClick(widget, LEFT, pos=next_to.center())
    qtbot.mouseMove(panel, QPoint(2, 2))
    assert (pixels(widget.grab().toImage()) == before).all()


def test_arrows_move_and_enter_chooses(panel: SamplesPanel, qtbot: QtBot) -> None:
    seen = Recorder(panel)
    widget = samples(panel)
    columns = next(i for i in range(1, 64) if widget.cell_rect(i).y() > widget.cell_rect(0).y())
    qtbot.mouseClick(widget, LEFT, pos=widget.cell_rect(0).center())
    qtbot.keyClick(widget, Qt.Key.Key_Up)
    assert widget.current() == 0
    qtbot.keyClick(widget, Qt.Key.Key_Right)
    qtbot.keyClick(widget, Qt.Key.Key_Down)
    assert widget.current() == columns + 1
    assert seen.chosen == [0]
    qtbot.keyClick(widget, Qt.Key.Key_Return)
    assert seen.chosen == [0, columns + 1]
    qtbot.keyClick(widget, Qt.Key.Key_Space)
    assert seen.chosen == [0, columns + 1]


def test_tab_reaches_the_grid_and_shows_where(panel: SamplesPanel, qtbot: QtBot) -> None:
    child(panel, "sample_count").setFocus()
    qtbot.keyClick(child(panel, "sample_count"), Qt.Key.Key_Tab)
    assert samples(panel).hasFocus()
    assert samples(panel).current() == 0


def test_hovering_says_what_a_click_does(panel: SamplesPanel, qtbot: QtBot) -> None:
    widget = samples(panel)
    qtbot.mouseMove(widget, QPoint(1, 1))  # wherever an earlier test left the mouse
    qtbot.mouseMove(widget, widget.cell_rect(11).center())
    assert widget.toolTip() == "Sample 12: click to load its z into the latent panel"
    assert widget.cursor().shape() == Qt.CursorShape.PointingHandCursor
    qtbot.mouseMove(widget, QPoint(1, 1))
    assert widget.toolTip() == ""
    assert widget.cursor().shape() == Qt.CursorShape.ArrowCursor


def test_a_piece_of_the_grid_changes_its_cells_only(panel: SamplesPanel) -> None:
    widget = samples(panel)
    before = pixels(widget.grab().toImage())
    panel.set_partial(20, np.full((3, 1, 28, 28), 255, np.uint8), 6013)
    after = pixels(widget.grab().toImage())
    changed = (before != after).any(axis=2)
    expected = np.zeros_like(changed)
    for index in (20, 21, 22):
        rect = widget.cell_rect(index).adjusted(3, 3, -3, -3)
        expected[rect.top() : rect.bottom() + 1, rect.left() : rect.right() + 1] = True
    assert np.array_equal(changed, expected)
    label = child(panel, "samples_step")
    assert isinstance(label, QLabel)
    assert label.text() == "step 6,013"


def test_pieces_alone_make_a_grid(fresh: SamplesPanel) -> None:
    fresh.set_run(make_info())
    images = make_images()
    fresh.set_partial(32, images[32:], 5)
    assert shades(samples(fresh), range(64)) == [0] * 32 + [i * 2 + 40 for i in range(32, 64)]
    fresh.set_partial(0, images[:32], 5)
    assert shades(samples(fresh), range(64)) == [i * 2 + 40 for i in range(64)]


def test_all_cells_are_enlarged_alike_and_by_whole_pixels_where_it_costs_little(
    fresh: SamplesPanel,
) -> None:
    fresh.resize(500, 600)
    fresh.set_run(make_info())
    image = np.random.default_rng(0).integers(0, 256, (1, 28, 28), np.uint8)
    fresh.set_images(np.stack([image] * 64), 1)
    widget = samples(fresh)
    painted = pixels(widget.grab().toImage())[..., 0]
    cells = []
    for index in (0, 9, 63):
        rect = widget.cell_rect(index).adjusted(3, 3, -3, -3)
        cells.append(painted[rect.top() : rect.bottom() + 1, rect.left() : rect.right() + 1])
    assert np.array_equal(cells[0], image[0].repeat(2, axis=0).repeat(2, axis=1))
    assert np.array_equal(cells[0], cells[1])
    assert np.array_equal(cells[0], cells[2])


def test_colours(fresh: SamplesPanel) -> None:
    fresh.set_run(make_info(shape=(3, 8, 8)))
    images = np.zeros((64, 3, 8, 8), np.uint8)
    images[:] = np.array([200, 100, 50], np.uint8)[:, None, None]
    fresh.set_images(images, 1)
    widget = samples(fresh)
    colour = QColor(widget.grab().toImage().pixel(widget.cell_rect(5).center()))
    assert colour.getRgb()[:3] == (200, 100, 50)


def test_averaged_or_latest(panel: SamplesPanel, qtbot: QtBot) -> None:
    seen = Recorder(panel)
    averaged, latest = child(panel, "averaged_button"), child(panel, "latest_button")
    assert panel.averaged()
    qtbot.mouseClick(averaged, LEFT)
    qtbot.mouseClick(latest, LEFT)
    qtbot.mouseClick(latest, LEFT)
    assert not panel.averaged()
    qtbot.mouseClick(averaged, LEFT)
    assert panel.averaged()
    assert seen.averaged == [False, True]


def test_steps_show_the_latest_until_training_starts(panel: SamplesPanel, qtbot: QtBot) -> None:
    seen = Recorder(panel)
    panel.show_latest()
    assert not panel.averaged()
    panel.show_chosen()
    assert panel.averaged()
    assert seen.averaged == []
    panel.show_latest()
    qtbot.mouseClick(child(panel, "averaged_button"), LEFT)
    assert seen.averaged == [True]
    panel.show_latest()
    qtbot.mouseClick(child(panel, "latest_button"), LEFT)
    panel.show_chosen()
    assert not panel.averaged(), "the person's own choice"
    assert seen.averaged == [True]


def test_the_view_is_remembered(fresh: SamplesPanel, qtbot: QtBot) -> None:
    box = fresh.findChild(QComboBox, "sample_count")
    assert box is not None
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_Home)
    qtbot.mouseClick(child(fresh, "real_images"), LEFT, pos=QPoint(8, 13))
    again = SamplesPanel()
    qtbot.addWidget(again)
    again.show()
    assert again.count() == 16
    assert child(again, "real_grid").isVisible()
    again.set_run(make_info())
    assert shades(again.findChild(SampleGrid, "real_grid"), range(16)) == [255] * 16
    qtbot.mouseClick(child(again, "real_images"), LEFT, pos=QPoint(8, 13))
    QSettings().setValue("samples/count", "seven")
    third = SamplesPanel()
    qtbot.addWidget(third)
    third.show()
    assert third.count() == 64
    assert not child(third, "real_grid").isVisible()


def test_a_run_without_an_averaged_generator_says_so(fresh: SamplesPanel, qtbot: QtBot) -> None:
    seen = Recorder(fresh)
    averaged = fresh.findChild(QToolButton, "averaged_button")
    assert averaged is not None
    fresh.set_run(make_info(averaged=False))
    assert not averaged.isEnabled()
    assert "no averaged generator" in averaged.toolTip()
    assert not fresh.averaged()
    qtbot.mouseClick(child(fresh, "latest_button"), LEFT)
    fresh.set_run(make_info(averaged=True))
    assert averaged.isEnabled()
    assert fresh.averaged()
    assert seen.averaged == []


def test_the_number_of_samples(panel: SamplesPanel, qtbot: QtBot) -> None:
    seen = Recorder(panel)
    box = panel.findChild(QComboBox, "sample_count")
    assert box is not None
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_Down)
    assert seen.counts == [100]
    assert panel.count() == 100
    panel.set_partial(0, make_images(100), 6013)
    assert shades(samples(panel), range(100)) == [i * 2 + 40 for i in range(100)]
    qtbot.keyClick(box, Qt.Key.Key_Home)
    assert seen.counts == [100, 16]
    panel.set_partial(0, make_images(16), 6014)
    assert panel.sheet().shape == grid(make_images(16)).shape


def test_real_images_beside_the_samples(panel: SamplesPanel, qtbot: QtBot) -> None:
    box = panel.findChild(QToolButton, "real_images")
    real = panel.findChild(SampleGrid, "real_grid")
    assert box is not None
    assert real is not None
    assert not real.isVisible()
    before = samples(panel).width()
    qtbot.mouseClick(box, LEFT, pos=QPoint(8, 13))
    QApplication.processEvents()
    assert real.isVisible()
    assert shades(real, range(64)) == [255] * 64
    assert real.cell_rect(0).size() == samples(panel).cell_rect(0).size()
    assert real.x() > samples(panel).geometry().right()
    captions = [label.text() for label in panel.findChildren(QLabel) if label.isVisible()]
    assert {"Generated", "Real"} <= set(captions)
    qtbot.mouseClick(box, LEFT, pos=QPoint(8, 13))
    QApplication.processEvents()
    assert not real.isVisible()
    assert samples(panel).width() == before


def test_the_sheet_to_export(panel: SamplesPanel) -> None:
    assert np.array_equal(panel.sheet(), grid(make_images()))


def test_the_images_given_may_change_afterwards(panel: SamplesPanel) -> None:
    images = make_images()
    panel.set_images(images, 1)
    images[:] = 0
    assert shades(samples(panel), range(3)) == [40, 42, 44]


def column_of(widget: SampleGrid, index: int) -> int:
    xs = sorted({widget.cell_rect(i).x() for i in range(len(widget.images()))})
    return xs.index(widget.cell_rect(index).x())


@pytest.mark.parametrize("width", [200, 650, 1500])
def test_samples_of_classes_stand_in_columns(fresh: SamplesPanel, width: int) -> None:
    fresh.resize(width, 360)
    fresh.set_run(make_info(choice="class"))
    assert fresh.count() == 60
    fresh.set_partial(0, make_images(60), 5)
    grid_widget = samples(fresh)
    assert [column_of(grid_widget, i) for i in range(60)] == [*range(10)] * 6
    assert shades(grid_widget, range(60)) == make_images(60)[:, 0, 0, 0].tolist()
    assert np.array_equal(fresh.sheet(), grid(make_images(60), 10))


def test_only_whole_rows_are_offered_and_the_choice_is_kept(
    fresh: SamplesPanel, qtbot: QtBot
) -> None:
    combo, seen = child(fresh, "sample_count"), Recorder(fresh)
    assert isinstance(combo, QComboBox)

    def offered() -> list[str]:
        return [combo.itemText(i) for i in range(combo.count())]

    fresh.set_run(make_info(choice="class"))
    assert offered() == ["10", "30", "60", "100"]
    fresh.set_run(make_info(choice="choice"))
    assert offered() == ["12", "36", "60", "96"]
    qtbot.keyClick(combo, Qt.Key.Key_Down)
    assert (seen.counts, fresh.count()) == ([96], 96)
    assert QSettings().value("samples/count") == 100
    fresh.set_run(make_info())
    assert offered() == ["16", "36", "64", "100"]
    assert fresh.count() == 100


def test_the_tooltip_tells_sample_column_and_order(fresh: SamplesPanel, qtbot: QtBot) -> None:
    fresh.set_run(make_info(choice="class"))
    fresh.set_partial(0, make_images(60), 5)
    widget = samples(fresh)
    order = "A column each, from left to right: Digit 0 to Digit 9"
    assert widget.toolTip() == order
    qtbot.mouseMove(widget, widget.cell_rect(13).center())
    told = "Sample 14, Digit 3: click to load its z into the latent panel"
    assert widget.toolTip() == f"{told}\n{order}"
    qtbot.mouseClick(widget, LEFT, pos=widget.cell_rect(13).center())
    assert widget.accessibleDescription() == "Sample 14 of 60, Digit 3"
    fresh.set_run(make_info())
    assert "Digit" not in widget.toolTip()


@pytest.mark.parametrize(("choice", "sorted_"), [("class", True), ("choice", False), ("", False)])
def test_real_images_are_in_columns_of_classes_only(
    fresh: SamplesPanel, qtbot: QtBot, choice: str, sorted_: bool
) -> None:
    fresh.set_run(make_info(choice=choice))
    qtbot.mouseClick(child(fresh, "real_images"), LEFT)
    real = child(fresh, "real_grid")
    assert isinstance(real, SampleGrid)
    assert ("Digit 9" in real.toolTip()) == sorted_
    if sorted_:
        assert [column_of(real, i) for i in range(60)] == [*range(10)] * 6


def test_an_autoencoder_shows_inputs_beside_reconstructions(
    fresh: SamplesPanel, qtbot: QtBot
) -> None:
    wanted: list[int] = []
    fresh.reconstructions_wanted.connect(lambda: wanted.append(fresh.pairs()))
    toggle, real = child(fresh, "reconstructions"), child(fresh, "real_grid")
    assert isinstance(real, SampleGrid)
    assert fresh.pairs() == 0
    fresh.set_run(make_info(autoencoder=True))
    assert (toggle.isVisible(), child(fresh, "real_images").isVisible()) == (True, False)
    assert real.isVisible(), "at first they are shown"
    assert fresh.pairs() == 16
    fresh.set_reconstructions(make_images(16))
    QApplication.processEvents()
    images = real.images()
    assert images.shape == (16, 1, 28, 28 + 28 + 6)
    assert (images[:, :, :, 3:31] == 255).all(), "what goes in is held-out images"
    assert np.array_equal(images[:, :, :, 31:59], make_images(16))
    painted = real.grab().toImage()
    area = real.cell_rect(5)
    left, right = (
        QColor(painted.pixel(area.x() + round(share * area.width()), area.center().y())).red()
        for share in (0.25, 0.75)
    )
    assert (left, right) == (255, 50)
    qtbot.mouseClick(toggle, LEFT)
    assert not real.isVisible()
    assert fresh.pairs() == 0
    fresh.set_reconstructions(make_images(9))
    assert len(real.images()) == 16, "one that was on its way"
    assert wanted == []
    qtbot.mouseClick(toggle, LEFT)
    assert wanted == [16]
    fresh.set_run(make_info())
    assert (toggle.isVisible(), child(fresh, "real_images").isVisible()) == (False, True)
    assert not real.isVisible(), "real images are off"
    assert fresh.pairs() == 0


def test_reconstructions_are_at_most_a_piece_of_the_decode_threads_work(
    fresh: SamplesPanel,
) -> None:
    fresh.set_run(make_info(autoencoder=True))
    counts = child(fresh, "sample_count")
    assert isinstance(counts, QComboBox)
    wanted = []
    for index in range(counts.count()):
        counts.setCurrentIndex(index)
        wanted.append(fresh.pairs())
    assert wanted == [4, 9, PIECE, PIECE]


def test_reconstructions_stay_off(fresh: SamplesPanel, qtbot: QtBot) -> None:
    fresh.set_run(make_info(autoencoder=True))
    qtbot.mouseClick(child(fresh, "reconstructions"), LEFT)
    other = SamplesPanel()
    qtbot.addWidget(other)
    other.set_run(make_info(autoencoder=True))
    assert other.pairs() == 0
