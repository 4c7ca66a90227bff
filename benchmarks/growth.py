"""Measure how the cost of a step grows; run by hand: ``python benchmarks/growth.py``.

Steps a second of a preset, on random images, against the batch size, the side of the images, the
dimensions of z, and the number of processes that share a batch: all values of one kind in one
process (but for the ranks), by turns, medians. The figures go into a CSV file, and a picture each
beside it.
"""

import argparse
import csv
import math
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch

from ganstudio.config import Config, load_preset
from ganstudio.data.dataset import Dataset
from ganstudio.training import ranks
from ganstudio.training.device import choose
from ganstudio.training.threads import cores, use_threads
from ganstudio.training.trainer import Trainer

HERE = Path(__file__).parent
KINDS = {
    "batch": (2, 8, 32, 64, 128, 256, 512),
    "side": (16, 28, 32, 48, 64, 96, 128),
    "latent": (2, 16, 64, 256, 1024),
    "ranks": (1, 2),
}
AXES = {
    "batch": "batch size",
    "side": "side of the images, pixels",
    "latent": "dimensions of z",
    "ranks": "processes, one thread each",
}
COLOURS, SIGNS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7"), "osdt"  # Okabe and Ito's
WARM_UP = 9  # steps: one of them has the penalty

Rates = dict[tuple[str, str, int], float]  # steps a second by preset, kind and value


def main() -> None:
    """Measure what is asked for, or draw what is recorded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="studio")
    parser.add_argument("--kind", action="append", choices=KINDS, help="repeatable")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each turn")
    parser.add_argument("--threads", type=int, default=cores())
    parser.add_argument("--device", default="auto")
    parser.add_argument("--record", type=Path, default=HERE / "growth.csv")
    parser.add_argument("--rank", action="store_true", help="what torchrun starts")
    parser.add_argument("--plot", action="store_true", help="measure nothing")
    arguments = parser.parse_args()
    if arguments.rank:
        _as_a_rank(arguments)
        return
    if not arguments.plot:
        rows = _recorded(arguments.record) if arguments.record.exists() else {}
        for kind in arguments.kind or KINDS:
            measure = _ranks if kind == "ranks" else _values
            for value, rate in measure(kind, arguments).items():
                rows[arguments.preset, kind, value] = rate
                print(f"{arguments.preset} {kind} {value}: {rate:.2f} steps/s", flush=True)
        _record(rows, arguments.record)
    _draw(_recorded(arguments.record), arguments.record.parent)


def _values(kind: str, arguments: argparse.Namespace) -> dict[int, float]:
    """Return steps a second by the values of a kind."""
    use_threads(arguments.threads)
    config, device = load_preset(arguments.preset).config, choose(arguments.device)
    trainers = {}
    for value in KINDS[kind]:
        side = value if kind == "side" else 28
        changes = {"batch": "batch_size", "latent": "latent_dim"}
        changed = config.changed(**{changes[kind]: value}) if kind in changes else config
        trainers[value] = Trainer(changed, _noise(side, changed), device)
    rates: dict[int, list[float]] = {value: [] for value in trainers}
    for trainer in trainers.values():
        _rate(trainer, 0)
    for _ in range(arguments.turns):
        for value, trainer in trainers.items():
            rates[value].append(_rate(trainer, arguments.seconds))
    return {value: statistics.median(found) for value, found in rates.items()}


def _ranks(kind: str, arguments: argparse.Namespace) -> dict[int, float]:
    """Return steps a second by the number of processes, which torchrun starts for every turn."""
    rates: dict[int, list[float]] = {value: [] for value in KINDS[kind]}
    for _ in range(arguments.turns):
        for count, found in rates.items():
            run = [sys.executable, "-m", "torch.distributed.run", f"--nproc-per-node={count}"]
            told = [__file__, "--rank", "--preset", arguments.preset, "--device", arguments.device]
            told += ["--seconds", str(arguments.seconds)]
            done = subprocess.run(run + told, capture_output=True, text=True, check=True)
            found.append(float(done.stdout))
    return {count: statistics.median(found) for count, found in rates.items()}


def _as_a_rank(arguments: argparse.Namespace) -> None:
    """Print how many steps a second the ranks make together."""
    use_threads(1)
    device = choose(ranks.device_name(arguments.device))
    config = load_preset(arguments.preset).config
    with ranks.joined(device) as together:
        trainer = Trainer(config, _noise(28, config), device, ranks=together)
        _rate(trainer, 0)
        rate = _rate(trainer, arguments.seconds)
    if together.first:
        print(rate)


def _noise(side: int, config: Config) -> Dataset:
    """Return random images, enough for a few batches."""
    count = max(2048, 2 * config.batch_size)
    pixels = np.random.default_rng(0).integers(0, 256, (count, 1, side, side), np.uint8)
    labels = np.arange(count) % 10
    return Dataset(
        name="noise", train=pixels, test=pixels[:64], train_labels=labels, test_labels=labels[:64]
    )


def _rate(trainer: Trainer, seconds: float) -> float:
    """Return steps a second, after some to warm up."""
    for _ in range(WARM_UP):
        trainer.train_step()
    if trainer.device.type == "cuda":
        torch.cuda.synchronize(trainer.device)
    count, start = 0, time.perf_counter()
    while not trainer.ranks.any(time.perf_counter() - start >= seconds):
        trainer.train_step()
        count += 1
    if trainer.device.type == "cuda":
        torch.cuda.synchronize(trainer.device)
    return count / (time.perf_counter() - start)


def _recorded(path: Path) -> Rates:
    with path.open(newline="") as file:
        return {
            (row["preset"], row["kind"], int(row["value"])): float(row["steps_per_second"])
            for row in csv.DictReader(file)
        }


def _record(rates: Rates, path: Path) -> None:
    with path.open("w", newline="") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(("preset", "kind", "value", "steps_per_second"))
        lines.writerows((*key, f"{rate:.4g}") for key, rate in sorted(rates.items()))


def _draw(rates: Rates, folder: Path) -> None:
    """Draw a picture for each kind: both axes logarithmic, a line for each preset."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    import pyqtgraph as pg
    from pyqtgraph.exporters import ImageExporter

    pg.setConfigOptions(background="w", foreground="k", antialias=True)
    app = pg.mkQApp()
    for kind in KINDS:
        plot = pg.PlotWidget(labels={"bottom": AXES[kind], "left": "steps/s"})
        plot.resize(560, 320)
        plot.addLegend(offset=(-10, 10))
        plot.setLogMode(x=True, y=True)
        plot.showGrid(x=True, y=True, alpha=0.2)
        shown = {key: rate for key, rate in rates.items() if key[1] == kind}
        for number, preset in enumerate(sorted({key[0] for key in shown})):
            points = sorted((key[2], rate) for key, rate in shown.items() if key[0] == preset)
            x, y = zip(*points, strict=True)
            colour, sign = COLOURS[number % len(COLOURS)], SIGNS[number % len(SIGNS)]
            pen = pg.mkPen(colour, width=2)
            plot.plot(x, y, pen=pen, symbol=sign, symbolBrush=colour, name=preset)
        middle = math.log10(min(shown.values()) * max(shown.values())) / 2
        half = max(0.5, math.log10(max(shown.values())) - middle + 0.1)  # a decade at least
        plot.setYRange(middle - half, middle + half, padding=0)
        marks = {
            "bottom": KINDS[kind],
            "left": [m * 10**n for n in range(-2, 5) for m in (1, 2, 5)],
        }
        for axis, values in marks.items():
            plot.getAxis(axis).setTicks([[(math.log10(value), f"{value:g}") for value in values]])
        plot.show()
        app.processEvents()
        exporter = ImageExporter(plot.plotItem)
        exporter.parameters()["width"] = 1120
        exporter.export(str(folder / f"growth-{kind}.png"))


if __name__ == "__main__":
    main()
