"""Measure the latent panel while ``studio`` trains; run by hand: ``python benchmarks/latent.py``.

It needs a quiet machine and a screen, as window.py does, whose words it uses.

    sliders     a slider of 128 is dragged
    directions  a direction of 128 dimensions is dragged, with the images along those in view
    map         z of 128 dimensions is dragged on the map, whose tiles follow the generator
    search      from asking for the directions and attributes to having them, s
    find        a trained generator's own images and held-out digits: how many are found, s, MSE
    wishes      D's verdict on a drawing, and where it wants more ink, ms
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import window
from window import Studio, drag, told_latency, told_ticks

DIMENSIONS = 128
OWN, DIGITS = 200, 50  # images to be found
KINDS = ("sliders", "directions", "map", "search", "find", "wishes")


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
        else:
            for name, value in result.items():
                print(f"    {name}: {value:.4g}")


def _spawn(kind: str, seconds: float) -> dict:
    command = [sys.executable, __file__, "--child", kind, "--seconds", str(seconds)]
    environment = {**os.environ, "PYTHONPATH": str(window.ROOT), "XDG_CONFIG_HOME": "/nonexistent"}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _training(dimensions: int) -> Studio:
    """Open the window and train `studio` with so many dimensions of z."""
    from ganstudio.config import load_preset
    from ganstudio.training.status import Phase

    studio = Studio()
    session = studio.window.session
    studio.wait(lambda: session.info is not None)
    session.start_over(load_preset("studio").config.changed(latent_dim=dimensions), "cpu")
    studio.wait(lambda: session.info.latent.dim == dimensions)
    session.start()
    studio.wait(lambda: session.status.phase is Phase.TRAINING and session.status.step > 20)
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
    studio = _training(DIMENSIONS)
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
    studio = _training(16)
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


if __name__ == "__main__":
    main()
