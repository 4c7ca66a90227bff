"""Measure the latent panel while ``studio`` trains; run by hand: ``python benchmarks/latent.py``.

It needs a quiet machine and a screen, as window.py does, whose words it uses.

    sliders     a slider of 128 is dragged
    directions  a direction of 128 dimensions is dragged, with the images along those in view
    map         z of 128 dimensions is dragged on the map, whose tiles follow the generator
    search      from asking for the directions and attributes to having them, s
    find        a trained generator's own images and held-out digits: how many are found, s, MSE
    encoder     the same digits, restored by an autoencoder after 3,660 steps: MSE
    wishes      D's verdict on a drawing, and where it wants more ink, ms
    copies      the nearest of 60,000 training images, in pixels and in features, ms
    large       a slider of `dcgan` with 64 pixels is dragged, and its z and directions are found, s
    fool        better than what share of held-out images digits and scribbles pass, and D alone
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import window
from window import Studio, drag, told_latency, told_ticks

DIMENSIONS = 128
OWN, DIGITS = 200, 50  # images to be found
AUTOENCODER_STEPS = 3660  # a minute on two cores, by speeds.toml
KINDS = (
    *("sliders", "directions", "map", "search", "find", "encoder"),
    *("wishes", "copies", "large", "fool"),
)


def main() -> None:
    """Run all measurements, or one of them in this process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="of each drag")
    parser.add_argument("--only", choices=KINDS)
    parser.add_argument("--child", choices=KINDS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(globals()[f"_{arguments.child}"](arguments.seconds)), flush=True)
        return
    for kind in [arguments.only] if arguments.only else KINDS:
        result = _spawn(kind, arguments.seconds)
        print(f"{kind}:")
        if "latency" in result:
            print(f"    {told_latency(result['latency'])}")
            print(f"    {told_ticks(result['dragging'], 'dragging')}")
        for name, value in result.items():
            if isinstance(value, float):
                print(f"    {name}: {value:.4g}")


def _spawn(kind: str, seconds: float) -> dict:
    command = [sys.executable, __file__, "--child", kind, "--seconds", str(seconds)]
    done = subprocess.run(
        command, env=window.environment(), stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def _training(preset: str = "studio", steps: int = 20, **changes) -> Studio:
    """Open the window and train a preset with some changes."""
    from ganstudio.config import load_preset
    from ganstudio.training.status import Phase

    studio = Studio()
    session = studio.window.session
    studio.wait(lambda: session.info is not None)
    config = load_preset(preset).config.changed(**changes)
    session.start_over(config, "cpu")
    studio.wait(lambda: session.info.config == config)
    session.start()
    studio.wait(lambda: session.status.phase is Phase.TRAINING and session.status.step > steps)
    studio.spin(3.0)
    return studio


def _back_and_forth(hand):
    """Return places on a slider or a pad, each elsewhere than the last."""
    import random

    from PySide6.QtCore import QPoint

    last, room = [0], hand.width() - 40

    def elsewhere() -> QPoint:
        last[0] = (last[0] + random.randrange(room // 8, room // 2)) % room
        return QPoint(last[0] + 20, hand.height() // 2)

    return elsewhere


def _dragged(kind, name: str, seconds: float, prepare) -> dict:
    """Drag on the widget of a name, once what shows it is prepared."""
    studio = _training(latent_dim=DIMENSIONS)
    latent = studio.window.latent
    prepare(latent)
    studio.wait(lambda: latent.findChild(kind, name) is not None)
    studio.spin(2.0)
    hand = latent.findChild(kind, name)
    result = drag(studio, hand, _back_and_forth(hand), seconds)
    studio.close()
    return result


def _sliders(seconds: float) -> dict:
    from PySide6.QtWidgets import QSlider

    return _dragged(QSlider, "latent_slider_0", seconds, lambda latent: None)


def _directions(seconds: float) -> dict:
    from PySide6.QtWidgets import QComboBox, QSlider

    def choose(latent) -> None:
        latent.findChild(QComboBox, "slider_view").setCurrentIndex(1)

    return _dragged(QSlider, "direction_slider_0", seconds, choose)


def _map(seconds: float) -> dict:
    from PySide6.QtWidgets import QTabWidget, QWidget

    def choose(latent) -> None:
        latent.findChild(QTabWidget, "latent_tabs").setCurrentWidget(latent.map)

    return _dragged(QWidget, "map", seconds, choose)


def _search(_seconds: float) -> dict:
    studio = _training()
    session, found = studio.window.session, []
    session.decoding.directions_found.connect(lambda _run, what: found.append(type(what).__name__))
    times: dict[str, list[float]] = {"Directions": [], "NamedDirections": []}
    for _ in range(10):
        found.clear()
        began = time.monotonic()
        session.decoder._search()
        for name, taken in times.items():
            studio.wait(lambda name=name: name in found, every=1)
            taken.append(time.monotonic() - began)
    studio.close()
    return {
        "directions, median s": statistics.median(times["Directions"]),
        "directions, worst s": max(times["Directions"]),
        "attributes, median s": statistics.median(times["NamedDirections"]),
    }


def _find(_seconds: float) -> dict:
    """Find images by one thread, as the window does."""
    import numpy as np

    from ganstudio.data.loading import load
    from ganstudio.latent.decode import decode
    from ganstudio.latent.inversion import invert
    from ganstudio.pretrained import pretrained
    from ganstudio.training import checkpoint
    from ganstudio.training.threads import use_threads
    from ganstudio.work import Work

    use_threads(1)
    path: Path = pretrained()[0].path
    snapshot = checkpoint.snapshot_of(checkpoint.read(path), path)
    own = decode(snapshot, snapshot.latent.sample(OWN, np.random.default_rng(5)))
    told = {}
    for name, images in (
        ("own images", own),
        ("held-out digits", load("mnist", 0, None, Work()).test[:DIGITS]),
    ):
        errors, taken = [], []
        for image in images:
            began = time.perf_counter()
            errors.append(invert(snapshot, image).error)
            taken.append(time.perf_counter() - began)
        told |= {
            f"{name}, share below 1e-3": sum(error < 1e-3 for error in errors) / len(errors),
            f"{name}, median MSE": statistics.median(errors),
            f"{name}, worst MSE": max(errors),
            f"{name}, median s": statistics.median(taken),
            f"{name}, worst s": max(taken),
        }
    return told


def _encoder(_seconds: float) -> dict:
    """Train an autoencoder, and restore the digits that are searched for elsewhere."""
    import numpy as np
    import torch

    from ganstudio.config import load_preset
    from ganstudio.data.loading import load
    from ganstudio.latent.decode import reconstruct
    from ganstudio.training.trainer import Trainer
    from ganstudio.work import Work

    dataset = load("mnist", 0, None, Work())
    trainer = Trainer(load_preset("aae").config, dataset, torch.device("cpu"))
    while trainer.step < AUTOENCODER_STEPS:
        trainer.train_step()
    images = dataset.test[:DIGITS]
    restored = reconstruct(trainer.snapshot(), images).astype(float)
    errors = np.square((restored - images) / 255).mean(axis=(1, 2, 3))
    return {"median MSE": float(np.median(errors)), "worst MSE": float(errors.max())}


def _large(seconds: float) -> dict:
    """Drag a slider of a slow model while it trains; then find directions, and a digit."""
    from PySide6.QtWidgets import QSlider

    studio = _training("dcgan", 2, image_size=64)
    session, latent, found = studio.window.session, studio.window.latent, []
    hand = latent.findChild(QSlider, "latent_slider_0")
    result = drag(studio, hand, _back_and_forth(hand), seconds)
    session.decoding.directions_found.connect(lambda *_: found.append("directions"))
    session.decoding.found.connect(lambda *_: found.append("z"))
    for what, ask in (
        ("directions", session.decoder._search),
        ("z", lambda: session.decoder._find(session.info.held_out[0])),
    ):
        began = time.monotonic()
        ask()
        studio.wait(lambda what=what: what in found, 600.0, every=1)
        result[f"{what}, s"] = time.monotonic() - began
    result["steps"] = float(session.status.step)
    studio.close()
    return result


def _wishes(_seconds: float) -> dict:
    from ganstudio.data.loading import load
    from ganstudio.latent.decode import taste
    from ganstudio.pretrained import pretrained
    from ganstudio.training import checkpoint
    from ganstudio.training.threads import use_threads
    from ganstudio.work import Work

    use_threads(1)
    path: Path = pretrained()[0].path
    snapshot = checkpoint.snapshot_of(checkpoint.read(path), path)
    taken = []
    for image in load("mnist", 0, None, Work()).test[:200]:
        began = time.perf_counter()
        taken.append((taste(snapshot, image, 0), (time.perf_counter() - began) * 1000)[1])
    return {"median ms": statistics.median(taken), "worst ms": max(taken[5:])}


def _copies(_seconds: float) -> dict:
    """Look for neighbours by one thread, as the window does."""
    import numpy as np

    from ganstudio.data.loading import load
    from ganstudio.evaluation.neighbours import Neighbours
    from ganstudio.training.threads import use_threads
    from ganstudio.work import Work

    use_threads(1)
    dataset = load("mnist", 0, None, Work())
    known = Neighbours(dataset)
    began = time.perf_counter()
    while not known.go_on(16, features=False):
        pass
    pixels = time.perf_counter() - began
    while not known.go_on(16):
        pass
    told = {"look by pixels, s": pixels, "look, s": time.perf_counter() - began}
    taken, pieces = [], []
    for image in dataset.test[np.random.default_rng(0).permutation(10_000)[:200]]:
        began = last = time.perf_counter()
        for _ in known.of(image):
            pieces.append((time.perf_counter() - last) * 1000)
            last = time.perf_counter()
        taken.append((last - began) * 1000)
    told |= {"median ms": statistics.median(taken), "worst ms": max(taken)}
    return told | {"longest piece, ms": max(pieces)}


TRUE, FOOLED = 1000, 200  # digits, and scribbles of each kind
STEPS = 1500  # of studio


def _fool(_seconds: float) -> dict:
    """Judge digits and scribbles by the D of a trained file, and of some training."""
    import numpy as np
    import torch

    from ganstudio.config import load_preset
    from ganstudio.data import pictures
    from ganstudio.data.loading import load
    from ganstudio.evaluation.neighbours import HELD_OUT, Neighbours
    from ganstudio.evaluation.passing import convincing
    from ganstudio.latent.decode import judge_real
    from ganstudio.latent.ranks import ranks
    from ganstudio.pretrained import pretrained
    from ganstudio.training import checkpoint
    from ganstudio.training.trainer import Trainer
    from ganstudio.work import Work

    preset = load_preset("studio").config
    dataset = load("mnist", 0, None, Work())
    rng = np.random.default_rng(0)
    among, others = np.split(dataset.held_out(HELD_OUT + TRUE), [HELD_OUT])
    digits = dataset.test[others]
    kinds = {"digits": digits}
    kinds["digits drawn anew"] = np.stack([pictures.redrawn(one, digit=True) for one in digits])
    for name, scribble in _scribbles().items():
        drawn = [pictures.fitted(_drawn(scribble(rng))).image for _ in range(FOOLED)]
        kinds[name] = np.stack(drawn)[:, None]
    known = Neighbours(dataset)
    while not known.go_on(16, features=False):
        pass
    near = {
        name: [list(known.of(image, features=False))[-1].pixels.share for image in images]
        for name, images in kinds.items()
    }
    path = pretrained()[0].path
    trainer = Trainer(preset, dataset, torch.device("cpu"))
    while trainer.step < STEPS:
        trainer.train_step()
    models = {path.stem: checkpoint.snapshot_of(checkpoint.read(path), path)}
    models[f"studio, step {STEPS}"] = trainer.snapshot()
    told = {}
    for model, snapshot in models.items():
        held_out = judge_real(snapshot, dataset.test[among], dataset.test_labels[among])
        scribbled = []
        for name, images in kinds.items():
            by_D = ranks(judge_real(snapshot, images, np.zeros(len(images), np.int64)), held_out)
            passing = [
                convincing(rank, 1 - share, held_out, known.typical)
                for rank, share in zip(by_D, near[name], strict=True)
            ]
            told[f"{model}: {name}, median"] = statistics.median(passing)
            told[f"{model}: {name}, median by D alone"] = float(np.median(by_D))
            if "digits" not in name:
                scribbled += passing
        told[f"{model}: all scribbles, median"] = statistics.median(scribbled)
    return told


def _scribbles() -> dict:
    """Return what draws the strokes of a scribble, lists of points, by its name."""
    import numpy as np

    def points(rng, count):
        return rng.uniform(25, 255, (count, 2))

    def zigzag(rng):
        count = int(rng.integers(8, 14))
        heights = np.where(np.arange(count) % 2, rng.uniform(40, 90), rng.uniform(180, 240))
        return [np.stack([np.linspace(40, 240, count), heights + rng.normal(0, 10, count)], axis=1)]

    def square(rng):
        low, high = rng.uniform(30, 70, 2), rng.uniform(200, 250, 2)
        x, y = (
            (low[0], high[0], high[0], low[0], low[0]),
            (low[1], low[1], high[1], high[1], low[1]),
        )
        return [np.stack([x, y], axis=1)]

    def cross(rng):
        ends = rng.uniform(30, 70, 4)
        return [
            np.array([[ends[0], ends[1]], [250, 250]]),
            np.array([[ends[2], 250], [250, ends[3]]]),
        ]

    return {
        "lines through 12 points": lambda rng: [points(rng, 12)],
        "lines through 20 points": lambda rng: [points(rng, 20)],
        "4 strokes": lambda rng: [points(rng, 2) for _ in range(4)],
        "8 strokes": lambda rng: [points(rng, 2) for _ in range(8)],
        "12 dots": lambda rng: [np.repeat(points(rng, 1), 2, axis=0) for _ in range(12)],
        "zigzags": zigzag,
        "squares": square,
        "crosses": cross,
    }


def _drawn(strokes):
    """Draw strokes on a page, as broad as the canvas's pen does."""
    import numpy as np
    from PIL import Image, ImageDraw

    page = Image.new("L", (280, 280))
    pen, half = ImageDraw.Draw(page), 10
    for stroke in strokes:
        pen.line([tuple(point) for point in stroke], fill=255, width=2 * half, joint="curve")
        for x, y in stroke:
            pen.ellipse((x - half, y - half, x + half, y + half), fill=255)
    return np.asarray(page)


if __name__ == "__main__":
    main()
