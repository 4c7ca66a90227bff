"""Measure the window while ``studio`` trains; run by hand: ``python benchmarks/window.py``.

Every figure comes from a process of its own, started as a user would start it. It needs a quiet
machine and a screen: ``xvfb-run -a -s '-screen 0 1920x1080x24' python benchmarks/window.py`` will
do.

    latency     mouse event on a latent slider -> the decoded image painted, ms
    late ticks  of a 16 ms timer on the GUI thread, those late by more than 16 ms, while a slider
                is dragged and with everybody's hands off
    start-up    command -> window on the screen, s
    first grid  Start -> the sample grid of a trained step painted, s
    closing     the window closed while training -> the process gone, s
    throughput  steps/s with the window open against without: both run in turns of a few seconds,
                while the other is stopped by a signal, so that a noisy machine slows both alike

Only when asked for:

    crowded     the same latency and ticks with 128 sliders, Losses, Scores and Quality side by side
                and 10,000,000 steps recorded; what it takes to read and to paint curves, ms
    memory      of the process, every 10 s for half an hour, whatever --seconds says, after a
                warm-up of two minutes; the slope, MB a minute
"""

import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtCore import QPoint
    from PySide6.QtWidgets import QWidget

ROOT = Path(__file__).parent.parent
TURN_SECONDS = 6.0
PARTS = ("startup", "drag", "throughput")
CHILDREN = ("startup", "drag", "crowded", "memory", "window", "headless")
RECORDED_STEPS = 10_000_000
REDRAWN = 100  # times each plot, to see how long it takes
MEMORY_SECONDS, WARM_UP_SECONDS, LOOK_SECONDS = 1800.0, 120.0, 10.0
COUNT_SECONDS = 0.5  # between two looks at how many steps were made, which cost some themselves
WARM_UP_COUNTS = 6


def main() -> None:
    """Run all measurements, or one of them in a child process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="of each part of a drag")
    parser.add_argument("--turns", type=int, default=20, help="of each in measuring throughput")
    parser.add_argument("--only", choices=(*PARTS, "crowded", "memory"))
    parser.add_argument("--child", choices=CHILDREN)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(globals()[f"_{arguments.child}"](arguments.seconds)), flush=True)
        return
    if arguments.only in (None, "startup"):
        _report_startup()
    if arguments.only in (None, "drag"):
        _report_drag(arguments.seconds)
    if arguments.only in (None, "throughput"):
        _report_throughput(arguments.turns)
    if arguments.only == "crowded":
        _report_crowded(arguments.seconds)
    if arguments.only == "memory":
        _report_memory()


def _report_startup() -> None:
    visible, grid, closing = [], [], []
    for _ in range(5):
        began = time.monotonic()
        result, ended = _spawn("startup", 0.0)
        visible.append(result["visible"] - began)
        grid.append(result["grid"] - result["start"])
        closing.append(ended - result["close"])
    for name, values in (("start-up", visible), ("first grid", grid), ("closing", closing)):
        print(
            f"{name:10}  median {statistics.median(values):.2f} s, worst {max(values):.2f} s of 5"
        )


def _report_drag(seconds: float) -> None:
    result, _ = _spawn("drag", seconds)
    print(told_latency(result["latency"]))
    for when in ("dragging", "hands off"):
        print(told_ticks(result[when], when))


def _report_crowded(seconds: float) -> None:
    result, _ = _spawn("crowded", seconds)
    print(told_latency(result["latency"]))
    print(told_ticks(result["dragging"], "dragging"))
    for what in ("read and laid out", "painted"):
        values = sorted(result[what])
        print(
            f"curves      {what}: n {len(values)}, median {statistics.median(values):.2f} ms, "
            f"p99 {values[int(len(values) * 0.99)]:.2f} ms"
        )


def _report_memory() -> None:
    result, _ = _spawn("memory", MEMORY_SECONDS)
    minutes, megabytes, steps = result["minutes"], result["megabytes"], result["steps"]
    slope, _ = statistics.linear_regression(minutes, megabytes)
    print(
        f"memory      {megabytes[0]:.0f} to {megabytes[-1]:.0f} MB (most {max(megabytes):.0f}) in "
        f"{minutes[-1] - minutes[0]:.0f} minutes and {steps:,} steps, {slope:+.2f} MB a minute"
    )
    for what in ("handles", "threads"):
        counts = result[what]
        print(f"{what:<12}{counts[0]} at first, {counts[-1]} in the end, {max(counts)} at most")
    print(told_ticks(result["lateness"], "while it trained"))


def told_latency(latency: list[float]) -> str:
    """Return what to say of times, in ms, from mouse events to painted images."""
    ranked = sorted(latency)
    return (
        f"latency     n {len(ranked)}, median {statistics.median(ranked):.1f} ms, "
        f"p99 {ranked[int(len(ranked) * 0.99)]:.1f} ms, worst {ranked[-1]:.1f} ms"
    )


def told_ticks(lateness: list[float], when: str) -> str:
    """Return what to say of ticks that were so many ms late."""
    late = sum(ms > 16 for ms in lateness)
    return f"late ticks  {late} of {len(lateness)} {when}, worst {max(lateness):.1f} ms"


def _report_throughput(turns: int) -> None:
    """Let training with and without the window run in turn; print the steps of each turn."""
    kinds = ("headless", "window")
    with tempfile.TemporaryDirectory() as folder:
        counts = {kind: Path(folder, kind) for kind in kinds}
        running = {kind: _start(kind, 0.0, counts[kind].open("w")) for kind in kinds}
        try:
            while not all(len(read_steps(path)) > WARM_UP_COUNTS for path in counts.values()):
                for process in running.values():
                    with suppress(subprocess.TimeoutExpired):
                        process.wait(0.25)
                        raise SystemExit("training ended by itself")
            spans: dict[str, list[tuple[float, float]]] = {kind: [] for kind in kinds}
            for turn in range(2 * turns):
                kind = kinds[turn % 2]
                running[kinds[1 - turn % 2]].send_signal(signal.SIGSTOP)
                running[kind].send_signal(signal.SIGCONT)
                began = time.monotonic()
                time.sleep(TURN_SECONDS)
                spans[kind].append((began, time.monotonic()))
        finally:
            for process in running.values():
                process.kill()
        steps = {kind: read_steps(counts[kind]) for kind in kinds}
    rates = {kind: [rate(steps[kind], *span) for span in spans[kind]] for kind in kinds}
    ratios = sorted(w / h for h, w in zip(rates["headless"], rates["window"], strict=True))
    for kind, values in rates.items():
        print(f"throughput  {kind:8} {' '.join(f'{rate:.1f}' for rate in values)} steps/s")
    low, high = ratios[turns // 4], ratios[-1 - turns // 4]
    print(
        f"throughput  median ratio {statistics.median(ratios):.3f} of {turns} "
        f"(half of them {low:.2f} to {high:.2f}), "
        f"all steps {sum(rates['window']) / sum(rates['headless']):.3f}"
    )


def read_steps(path: Path) -> list[list[float]]:
    """Return (when, steps so far) of the lines of a file that are complete."""
    return [json.loads(line) for line in path.read_text().splitlines(keepends=True) if "\n" in line]


def rate(steps: list[list[float]], began: float, ended: float) -> float:
    """Return the steps a second between two times."""
    within = [entry for entry in steps if began <= entry[0] <= ended]
    (first, n), (last, m) = within[0], within[-1]
    return (m - n) / (last - first)


def _spawn(kind: str, seconds: float) -> tuple[dict, float]:
    """Run a measurement in a process of its own; return its result and when it had ended."""
    process = _start(kind, seconds, subprocess.PIPE)
    out, _ = process.communicate()
    ended = time.monotonic()
    if process.returncode:
        raise SystemExit(process.returncode)
    return json.loads(out.splitlines()[-1]), ended


def _start(kind: str, seconds: float, out) -> subprocess.Popen:
    command = [sys.executable, __file__, "--child", kind, "--seconds", str(seconds)]
    return subprocess.Popen(command, env=environment(), stdout=out, text=True)


def environment() -> dict[str, str]:
    """Return a child's: without the settings of the person at this computer, and their runs."""
    runs = Path(tempfile.gettempdir(), "ganstudio-benchmarks")
    own = {"PYTHONPATH": str(ROOT), "XDG_CONFIG_HOME": "/nonexistent", "XDG_DATA_HOME": str(runs)}
    return {**os.environ, **own}


def _headless(_seconds: float) -> None:
    """Train with `ganstudio train`'s engine until killed; print how many steps, now and then."""
    from ganstudio.config import load_preset
    from ganstudio.training.headless import new_trainer

    trainer = new_trainer(load_preset("studio").config, "auto", None)
    due = 0.0
    while True:
        trainer.train_step()
        if time.monotonic() >= due:
            due = time.monotonic() + COUNT_SECONDS
            print(json.dumps([time.monotonic(), trainer.step]), flush=True)


class Studio:
    """The studio in this process, as `ganstudio` opens it."""

    def __init__(self) -> None:
        from ganstudio.gui import app

        self.app = app.create_app()
        self.window = app.open_window(None, "auto")

    def wait(self, condition, seconds: float = 60.0, every: int = 5) -> None:
        """Let the event loop run as in the product, and look at the condition every few ms."""
        from PySide6.QtCore import QEventLoop, QTimer

        loop, end = QEventLoop(), time.monotonic() + seconds
        look = QTimer()
        look.timeout.connect(lambda: loop.quit() if condition() or time.monotonic() > end else None)
        look.start(every)
        loop.exec()
        if not condition():
            raise SystemExit("timed out")

    def spin(self, seconds: float) -> None:
        """Let the event loop run for a while."""
        end = time.monotonic() + seconds
        self.wait(lambda: time.monotonic() > end, seconds + 10, every=100)  # itself costs little

    def train(self, warm_up: float = 3.0) -> None:
        """Start, and let it come into its stride."""
        self.wait(lambda: self.window.session.info is not None)
        self.window.session.start()
        self.spin(warm_up)

    def close(self) -> None:
        """End the threads."""
        self.window.session.close()


def _window(_seconds: float) -> None:
    """Train with the window open, everybody's hands off, until killed; print as `_headless`."""
    from PySide6.QtCore import QTimer

    studio = Studio()
    studio.train()
    history, last = studio.window.session.info.history, [0]

    def count() -> None:
        if len(history) != last[0]:
            last[0] = len(history)
            print(json.dumps([time.monotonic(), last[0]]), flush=True)

    timer = QTimer()
    timer.timeout.connect(count)
    timer.start(int(COUNT_SECONDS * 1000))
    studio.app.exec()


def _startup(_seconds: float) -> dict:
    """Time the way to a visible window, to a first trained grid, and out again."""
    studio = Studio()
    window, times = studio.window, {}
    studio.wait(lambda: window.windowHandle() is not None and window.windowHandle().isExposed())
    times["visible"] = time.monotonic()
    window.samples.start_requested.emit()
    times["start"] = time.monotonic()
    steps = []
    window.session.decoding.grid_drawn.connect(lambda drawn: steps.append(drawn.step))
    studio.wait(lambda: any(step > 0 for step in steps))
    studio.app.processEvents()
    times["grid"] = time.monotonic()
    studio.spin(2.0)
    times["close"] = time.monotonic()
    studio.close()
    return times


def _drag(seconds: float) -> dict:
    """Drag a latent slider with mouse events for a while; time each to the painted image."""
    from PySide6.QtWidgets import QSlider

    studio = Studio()
    studio.train()
    slider = studio.window.latent.findChild(QSlider, "latent_slider_0")
    result = drag(studio, slider, _along(slider), seconds)
    studio.spin(1.0)
    ticks, hands_off = _ticking()
    studio.spin(seconds)
    ticks.stop()
    studio.close()
    return {**result, "hands off": hands_off}


def _crowded(seconds: float) -> dict:
    """Drag as `_drag` with 128 sliders, all curves in view and a long history."""
    import numpy as np
    from PySide6.QtWidgets import QDockWidget, QSlider

    from ganstudio.config import load_preset
    from ganstudio.gui.panels.curves import CurvesPanel
    from ganstudio.gui.widgets.plot import CurvePlot
    from ganstudio.training.history import COLUMNS

    times = {"read and laid out": _timed(CurvesPanel, "_draw")}
    times["painted"] = _timed(CurvePlot, "paintEvent")
    studio = Studio()
    window, session = studio.window, studio.window.session
    studio.wait(lambda: session.info is not None)
    config = load_preset("studio").config.changed(latent_dim=128)
    session.start_over(config, "cpu")
    studio.wait(lambda: session.info.config == config)
    rows = np.random.default_rng(0).random((len(COLUMNS), RECORDED_STEPS), np.float32)
    for name in ("epoch", "seconds"):
        rows[COLUMNS.index(name)] = np.linspace(0, RECORDED_STEPS / 40, RECORDED_STEPS)
    session.training.post(lambda runner, rows=rows: runner.trainer.history.append(rows))
    del rows
    studio.wait(lambda: len(session.info.history) >= RECORDED_STEPS)
    for dock in window.findChildren(QDockWidget):
        dock.show()
        dock.setFloating(bool(window.tabifiedDockWidgets(dock)))
    studio.train()
    slider = window.latent.findChild(QSlider, "latent_slider_0")
    result = drag(studio, slider, _along(slider), seconds)
    for values in times.values():
        values.clear()
    for _ in range(REDRAWN):  # a step of so many moves no pixel: by themselves they are not drawn
        for panel in window.findChildren(CurvesPanel):
            panel._redraw()
        studio.spin(0.1)
    studio.close()
    return {**result, **times}


def _along(slider: "QWidget") -> "Callable[[], QPoint]":
    """Return places on a slider, each elsewhere than the last: every move must change z."""
    from PySide6.QtCore import QPoint

    last = [0]

    def elsewhere() -> QPoint:
        last[0] = (last[0] + random.randrange(20, 60)) % (slider.width() - 20) + 10
        return QPoint(last[0], 12)

    return elsewhere


def _timed(owner: type, name: str) -> list[float]:
    """Have a method note how long each call takes, in ms."""
    method, values = getattr(owner, name), []

    def timed(self, *arguments):
        began = time.perf_counter()
        try:
            return method(self, *arguments)
        finally:
            values.append((time.perf_counter() - began) * 1000)

    setattr(owner, name, timed)
    return values


def _memory(seconds: float) -> dict:
    """Train with the window open and look at the memory of the process."""
    studio = Studio()
    studio.train(WARM_UP_SECONDS)
    began, minutes, megabytes = time.monotonic(), [], []
    handles, threads = [], []
    ticks, lateness = _ticking()
    while (now := time.monotonic() - began) < seconds:
        status = Path("/proc/self/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        minutes.append(now / 60)
        megabytes.append(int(line.split()[1]) / 1024)
        handles.append(len(os.listdir("/proc/self/fd")))
        threads.append(len(os.listdir("/proc/self/task")))
        studio.spin(LOOK_SECONDS)
    steps = studio.window.session.status.step
    ticks.stop()
    studio.close()
    counts = {"handles": handles, "threads": threads, "lateness": lateness}
    return {"minutes": minutes, "megabytes": megabytes, "steps": steps, **counts}


def drag(
    studio: "Studio", hand: "QWidget", elsewhere: "Callable[[], QPoint]", seconds: float
) -> dict:
    """Drag on a widget for a while; time each mouse event to the painted image, and the ticks.

    `elsewhere` returns where the mouse goes next.
    """
    from PySide6.QtCore import QEvent, QObject, Qt, QTimer
    from PySide6.QtTest import QTest

    from ganstudio.gui.threads.lanes import Drawn, Lane
    from ganstudio.gui.widgets.image_view import ImageView

    latent, session = studio.window.latent, studio.window.session
    view = latent.findChild(ImageView, "decoded_image")
    latency: list[float] = []
    waiting: dict[str, float] = {}  # when the event was sent, and the request that it made
    down = {"now": True}
    random.seed(0)

    def send() -> None:
        waiting["request"] = session.decoder.requests[Lane.IMAGE] + 1
        waiting["sent"] = time.perf_counter()
        QTest.mouseMove(hand, elsewhere())

    def drawn(answer: Drawn) -> None:
        if "request" in waiting and answer.request >= waiting["request"]:
            waiting["drawn"] = answer.request
        session.decoder._on_image(answer)  # which may paint at once

    class Paints(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Paint and "drawn" in waiting:
                QTimer.singleShot(0, painted)  # once the picture has been painted
            return False

    def painted() -> None:
        if "drawn" in waiting and down["now"]:
            latency.append((time.perf_counter() - waiting["sent"]) * 1000)
            waiting.clear()
            QTimer.singleShot(random.randrange(30), send)

    paints = Paints()
    view.installEventFilter(paints)
    session.decoding.image_drawn.disconnect(session.decoder._on_image)
    session.decoding.image_drawn.connect(drawn)
    at = hand.rect().center()
    QTest.mousePress(hand, Qt.MouseButton.LeftButton, pos=at)
    send()
    ticks, lateness = _ticking()
    studio.spin(seconds)
    ticks.stop()
    down["now"] = False
    QTest.mouseRelease(hand, Qt.MouseButton.LeftButton, pos=at)
    return {"latency": latency, "dragging": lateness}


def _ticking() -> tuple:
    """Return a precise 16 ms timer of the GUI thread, and how late each tick was."""
    from PySide6.QtCore import Qt, QTimer

    ticks, lateness, last = QTimer(), [], [time.perf_counter()]
    ticks.setTimerType(Qt.TimerType.PreciseTimer)

    def tick() -> None:
        now = time.perf_counter()
        lateness.append((now - last[0]) * 1000 - 16)
        last[0] = now

    ticks.timeout.connect(tick)
    ticks.start(16)
    return ticks, lateness


if __name__ == "__main__":
    main()
