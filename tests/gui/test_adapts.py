"""The window adapts to the recipe: real threads, real models of classes, codes and autoencoders."""

import numpy as np
import pytest
from hands import WAIT, child
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QFileDialog, QLabel, QTabWidget, QWidget

from ganstudio.config import Config
from ganstudio.gui.main_window import MainWindow
from ganstudio.gui.widgets.sample_grid import SampleGrid
from ganstudio.latent.decode import decode, reconstruct
from ganstudio.training.status import Phase

LEFT = Qt.MouseButton.LeftButton
PLAIN = Config(model="mlp-gelu", batch_size=16, latent_dim=5, r1=0, epochs=0)
CLASSES = PLAIN.changed(conditional=True)
CODES = PLAIN.changed(code_choices=4, continuous_codes=2)
AUTOENCODER = PLAIN.changed(model="aae", order="g-first-shared", ema_decay=0)


@pytest.fixture
def window(qtbot, open_window, small: None) -> MainWindow:
    window = open_window()
    qtbot.waitUntil(lambda: window.session.status.phase is Phase.READY, timeout=WAIT)
    return window


def begin(qtbot, window: MainWindow, config: Config) -> None:
    """Begin a run and wait until its samples are there."""
    stack = window.session.undo_stack
    begun = stack.index() + 1
    window.session.start_over(config, "cpu")
    qtbot.waitUntil(lambda: stack.index() == begun, timeout=WAIT)  # the last that it changes
    wait_for_samples(qtbot, window)


def wait_for_samples(qtbot, window: MainWindow) -> None:
    count = window.samples.count()
    qtbot.waitUntil(lambda: len(grid(window).images()) == count, timeout=WAIT)
    qtbot.waitUntil(lambda: grid(window).images()[-1].any(), timeout=WAIT)


def grid(window: MainWindow, name: str = "samples_grid") -> SampleGrid:
    found = window.findChild(SampleGrid, name)
    assert found is not None
    return found


def press(qtbot, window: MainWindow, name: str) -> None:
    qtbot.mouseClick(window.findChild(QAbstractButton, name), LEFT)


def chosen(window: MainWindow, key: str) -> list[int]:
    names = (f"choice_{key}_{i}" for i in range(10))
    found = [window.latent.findChild(QAbstractButton, name) for name in names]
    return [i for i, button in enumerate(found) if button is not None and button.isChecked()]


def test_a_class_is_chosen_drawn_and_undone(qtbot, window: MainWindow, image_after) -> None:
    begin(qtbot, window, CLASSES)
    stack, before = window.session.undo_stack, chosen(window, "class")
    goal = (before[0] + 3) % 10
    drawn = image_after(window, lambda: press(qtbot, window, f"choice_class_{goal}"))
    z = window.latent.exploration.state.z
    assert z[5:].tolist() == np.eye(10)[goal].tolist()
    np.testing.assert_array_equal(drawn.images, decode(drawn.snapshot, z[None]))
    assert stack.undoText() == f"choose Digit {goal}"
    stack.undo()
    assert chosen(window, "class") == before
    stack.redo()
    assert chosen(window, "class") == [goal]


def test_the_class_stays_where_g_answers_and_d_judges_by_it(qtbot, window: MainWindow) -> None:
    begin(qtbot, window, CLASSES)
    session, finder = window.session, window.latent.drawing
    child(window, QTabWidget, "latent_tabs").setCurrentIndex(3)
    with qtbot.waitSignal(session.decoding.judged, timeout=WAIT):
        press(qtbot, window, "real_image")
    for goal in ((chosen(window, "class")[0] + step) % 10 for step in (1, 2)):
        asked: list[object] = []
        finder.judge_wanted.connect(lambda asked=asked: asked.append(None))
        press(qtbot, window, f"choice_class_{goal}")
        assert asked, "D is told the class, so its verdict is another one"
        with qtbot.waitSignal(session.decoding.found, timeout=WAIT) as found:
            press(qtbot, window, "find_z")
        assert chosen(window, "class") == [goal]
        assert found.args[1].z[5:].tolist() == np.eye(10)[goal].tolist()


def test_a_click_on_a_sample_chooses_its_class(qtbot, window: MainWindow) -> None:
    begin(qtbot, window, CLASSES)
    assert len(grid(window).images()) == 60
    for index in (17, 24):
        qtbot.mouseClick(grid(window), LEFT, pos=grid(window).cell_rect(index).center())
        assert chosen(window, "class") == [index % 10]
        assert grid(window).marked() == index
    press(qtbot, window, "choice_class_5")
    assert grid(window).marked() is None


def test_the_grid_draws_the_class_of_its_column(qtbot, window: MainWindow) -> None:
    begin(qtbot, window, CODES)
    assert len(grid(window).images()) == 64
    for index in (0, 6, 63):
        qtbot.mouseClick(grid(window), LEFT, pos=grid(window).cell_rect(index).center())
        assert chosen(window, "choice") == [index % 4]
        z, snapshot = window.latent.exploration.state.z, window.session.training.snapshot
        assert snapshot is not None
        np.testing.assert_array_equal(grid(window).images()[index], decode(snapshot, z[None])[0])


def test_start_over_with_other_parts_and_back(qtbot, window: MainWindow) -> None:
    begin(qtbot, window, CLASSES)
    press(qtbot, window, "choice_class_6")
    left = window.latent.exploration.state
    begin(qtbot, window, CODES)
    assert (chosen(window, "class"), len(chosen(window, "choice"))) == ([], 1)
    begin(qtbot, window, PLAIN)
    assert chosen(window, "choice") == []
    for _ in range(2):
        info = window.session.info
        window.session.undo_stack.undo()
        qtbot.waitUntil(lambda info=info: window.session.info is not info, timeout=WAIT)
    assert chosen(window, "class") == [6]
    assert window.latent.exploration.state == left
    wait_for_samples(qtbot, window)


def test_a_held_step_draws_another_class(qtbot, window: MainWindow, image_after) -> None:
    begin(qtbot, window, CLASSES)
    qtbot.waitUntil(window.findChild(QAbstractButton, "hold").isEnabled, timeout=WAIT)
    press(qtbot, window, "hold")
    window.session.step("both", 2)
    qtbot.waitUntil(lambda: window.session.status.step == 2, timeout=WAIT)
    goal = (chosen(window, "class")[0] + 1) % 10
    drawn = image_after(window, lambda: press(qtbot, window, f"choice_class_{goal}"))
    assert drawn.step == 0


def test_exported_samples_have_the_columns(qtbot, window: MainWindow, monkeypatch, tmp_path):
    begin(qtbot, window, CLASSES)
    path = tmp_path / "samples.png"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_a, **_k: (str(path), ""))
    window.files.export_samples()
    qtbot.waitUntil(path.exists, timeout=WAIT)
    with Image.open(path) as picture:
        assert picture.size == (10 * 30 - 2, 6 * 30 - 2)
        sheet = np.asarray(picture)
    assert np.array_equal(sheet[30:58, 30:58], grid(window).images()[11, 0])


def test_an_autoencoder_restores_live(qtbot, window: MainWindow) -> None:
    assert not window.findChild(QWidget, "reconstructions").isVisible()
    begin(qtbot, window, AUTOENCODER)
    pairs = grid(window, "real_grid")
    qtbot.waitUntil(lambda: len(pairs.images()) == 16, timeout=WAIT)
    first = pairs.images().copy()
    window.session.step("both", 3)
    qtbot.waitUntil(lambda: not np.array_equal(pairs.images(), first), timeout=WAIT)
    info = window.session.info
    assert info is not None
    between = 28 // 8

    def is_newest() -> bool:
        snapshot = window.session.training.snapshot
        assert snapshot is not None
        restored = reconstruct(snapshot, info.held_out[:16])
        right = pairs.images()[..., between + 28 : between + 56]
        return snapshot.step == 3 and np.array_equal(right, restored)

    qtbot.waitUntil(is_newest, timeout=WAIT)
    assert np.array_equal(pairs.images()[..., between : between + 28], info.held_out[:16])
    verdict = window.latent.findChild(QLabel, "verdict")
    qtbot.waitUntil(lambda: "prior" in verdict.text(), timeout=WAIT)
    assert verdict.text().endswith("% of encoded images")
    assert "codes" in verdict.toolTip()
    legend = window.losses.findChild(QWidget, "legend_fake_loss")
    assert legend.accessibleName() == "D's loss on codes of images"
    begin(qtbot, window, PLAIN)
    assert legend.accessibleName() == "D's loss on generated images"
    qtbot.waitUntil(lambda: "nothing yet" in verdict.text(), timeout=WAIT)
    window.session.step("both", 1)
    qtbot.waitUntil(lambda: "More real to D" in verdict.text(), timeout=WAIT)
    assert not pairs.isVisible()


def test_another_number_of_samples_asks_for_as_many_pairs(qtbot, window: MainWindow) -> None:
    begin(qtbot, window, AUTOENCODER)
    pairs, combo = grid(window, "real_grid"), window.findChild(QWidget, "sample_count")
    for key, count in ((Qt.Key.Key_Home, 4), (Qt.Key.Key_End, 16)):
        combo.setFocus()
        qtbot.keyClick(combo, key)
        qtbot.waitUntil(lambda count=count: len(pairs.images()) == count, timeout=WAIT)
