"""Measure what presets make after some training; run by hand: ``python benchmarks/quality.py``.

Every preset is trained from every seed, and its averaged generator judged after so many seconds of
training, as ``ganstudio evaluate`` does, but beside all images, of however few a preset has:

    Frechet     the Fréchet distance as a multiple of that of held-out images: 1 is as good as data
    classes     shares of the rarest and of the most frequent digit; 10 % each would be even
    found       how many of the ten digits there are

The medians over the seeds (and least and most) end the output as a table in Markdown. ``--gallery``
writes a sheet of samples and the figures of each preset's first seed for the window's gallery, into
resources/gallery; marks of 2,5,10,20,30,60 s suit it. With ``--table`` it puts those of all
recorded seeds in place of the first one's.

All presets take hours. With ``--clock`` a second is as many steps as ``speeds.py`` found for the
preset, whatever else the machine does, and with ``--record`` every figure goes into a CSV file,
with the states of health that the doctor named (and, after "collapsing", the percentage of the
rarest digit in 5,000 fresh samples): what is in it is not trained again, so that it can be made
bit by bit.
"""

import argparse
import csv
import statistics
import subprocess
import time
import tomllib
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np

from ganstudio import gallery
from ganstudio.config import PRECISIONS, built_in_presets, load_preset, parse_assignment
from ganstudio.data.loading import load
from ganstudio.evaluation.features import digits
from ganstudio.evaluation.judge import Judge
from ganstudio.evaluation.quality import Quality
from ganstudio.images import Pixels
from ganstudio.latent.decode import decode
from ganstudio.latent.spec import Stream, generator
from ganstudio.training.headless import new_trainer
from ganstudio.training.health import Doctor, State
from ganstudio.training.observer import Observer
from ganstudio.training.run_info import describe
from ganstudio.training.threads import cores, use_threads
from ganstudio.training.trainer import Trainer
from ganstudio.work import Work

SHEET = 500  # samples: their variety is measured, the first are shown
LOOK_STEPS, LOOK_SECONDS = 125, 8.0  # from one look at the health to the next, at most
LOST = 1.0  # percent of samples, below which a digit is lost
FRESH = 5000  # samples that tell whether an alarm of lost digits is true
Row = dict[str, str]
RUN, FIGURES = ("preset", "seed", "seconds", "step"), ("frechet", "rarest", "commonest", "found")
COLUMNS = (*RUN, *FIGURES, "health", "num", "threads", "commit")


def main() -> None:
    """Train every preset from every seed, and judge it at every mark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", action="append", choices=built_in_presets(), help="repeatable")
    parser.add_argument("--published", action="store_true", help="the presets as published")
    parser.add_argument("--set", action="append", default=[], metavar="key=value")
    parser.add_argument("--seconds", default="60,300", help="of training, ascending")
    parser.add_argument("--steps", help="instead of seconds")
    parser.add_argument("--clock", type=Path, help="steps a second of each preset, as TOML")
    parser.add_argument("--record", type=Path, help="a CSV file")
    parser.add_argument("--table", action="store_true", help="train nothing: what is recorded")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--num", type=int, default=10_000, help="samples")
    parser.add_argument("--threads", type=int, default=cores())
    parser.add_argument("--precision", choices=PRECISIONS, default=PRECISIONS[0])
    parser.add_argument("--gallery", action="store_true", help="write resources/gallery as well")
    arguments = parser.parse_args()
    if arguments.table:
        if not arguments.record:
            parser.error("--table is of a --record")
        rows = read_records(arguments.record)
        _print_table(rows, "s")
        if arguments.gallery:
            _note(rows)
        return
    use_threads(arguments.threads)
    marks = [float(mark) for mark in (arguments.steps or arguments.seconds).split(",")]
    if arguments.gallery and (arguments.steps or arguments.record):
        parser.error("the gallery tells seconds, of runs that are made now")
    if arguments.clock and arguments.steps:
        parser.error("either --steps or a --clock")
    changed = arguments.set or arguments.published or arguments.precision != PRECISIONS[0]
    if arguments.record and (changed or not arguments.clock):
        parser.error("--record is for presets as they are, in float32, by the --clock")
    clock = tomllib.loads(arguments.clock.read_text()) if arguments.clock else {}
    sound = [name for name in built_in_presets() if not load_preset(name).group]
    names = arguments.preset or sound
    if clock and (unknown := set(names) - clock.keys()):
        parser.error(f"{arguments.clock} lacks {', '.join(sorted(unknown))}")
    rows = []
    for name in names:
        for seed in range(arguments.first_seed, arguments.first_seed + arguments.seeds):
            had = _recorded(name, seed, arguments)
            if any(mark not in had for mark in marks):
                for row in _run(name, seed, marks, clock, arguments):
                    if arguments.record and float(row["seconds"]) not in had:
                        _append(arguments.record, row)
                    had[float(row["seconds"])] = row
            rows += [had[mark] for mark in marks]
    _print_table(rows, "steps" if arguments.steps else "s")


def _recorded(name: str, seed: int, arguments: argparse.Namespace) -> dict[float, Row]:
    """Return what is recorded of a run, by its mark; of another commit, too."""
    rows = read_records(arguments.record) if arguments.record else []
    wanted = {"preset": name, "seed": str(seed), "num": str(arguments.num)}
    return {float(row["seconds"]): row for row in rows if wanted.items() <= row.items()}


def _run(
    name: str,
    seed: int,
    marks: list[float],
    clock: dict[str, float],
    arguments: argparse.Namespace,
) -> list[Row]:
    """Train a preset, judge it at the marks, and return what was found."""
    changes = dict(parse_assignment(text) for text in arguments.set)
    config = load_preset(name).form(published=arguments.published).changed(seed=seed, **changes)
    trainer = new_trainer(
        config, "cpu" if clock else "auto", None, precision=arguments.precision
    )  # the clock is the CPU's
    judge = _judge(trainer)
    listener = None
    if clock:
        listener = Listener(trainer, min(LOOK_STEPS, round(LOOK_SECONDS * clock[name])))
    rows, shown = [], []
    for mark in marks:
        in_steps = mark if arguments.steps else round(mark * clock[name]) if clock else None
        _train(trainer, mark, in_steps, listener)
        quality = judge.evaluate(trainer.snapshot(), arguments.num, Work())
        row = _row(name, seed, mark, quality, str(listener or ""), arguments)
        rows.append(row)
        print(*row.values(), flush=True)
        if arguments.gallery and seed == 0:
            sheet = _sheet(trainer)
            shown.append(_mark(quality, mark, sheet, trainer.dataset.test))
    if shown:
        gallery.write(name, sheet, gallery.figures_of(shown, arguments.num))
    return rows


def _train(
    trainer: Trainer, mark: float, in_steps: float | None, listener: "Listener | None"
) -> None:
    """Train up to a mark; the time of judging does not count."""
    began = time.perf_counter() - trainer.seconds
    while time.perf_counter() - began < mark if in_steps is None else trainer.step < in_steps:
        trainer.train_step()
        if listener:
            listener.listen()


class Listener:
    """Looks at a trainer every so many steps, and keeps what the doctor says.

    Attributes
    ----------
    named : list of (int, State)
        The states that were named, each with the step from which on.
    rarest : dict of int to float
        By the step at which "collapsing" was named: the percentage of the rarest digit in 5,000
        fresh samples of the latest G.
    """

    def __init__(
        self, trainer: Trainer, every: int, *, say: bool = False, looks: bool = False
    ) -> None:
        self._trainer, self._every, self._say, self._looks = trainer, every, say, looks
        self._observer, self._doctor = Observer(describe(trainer)), Doctor()
        self.named: list[tuple[int, State]] = []
        self.rarest: dict[int, float] = {}

    def listen(self) -> None:
        """Look, if it is time to."""
        trainer = self._trainer
        if trainer.step % self._every:
            return
        trainer.drain()
        (*_, look) = self._observer.look(trainer.snapshot())
        assert look is not None
        if self._looks:
            gradients = (float(trainer.history.column(f"{net}_grad")[-1]) for net in "gd")
            print("   ", look, "gradients", *(f"{value:.3g}" for value in gradients), flush=True)
        diagnosis = self._doctor.hear(look, trainer.config, trainer.history)
        if diagnosis.state is not (self.named[-1][1] if self.named else State.WAITING):
            self.named.append((trainer.step, diagnosis.state))
            if diagnosis.state is State.COLLAPSING:
                self.rarest[trainer.step] = _rarest(trainer)
            if self._say:
                print(f"  step {trainer.step}: {diagnosis}", flush=True)

    def __str__(self) -> str:
        shares = {step: f":{share:.2f}" for step, share in self.rarest.items()}
        return " ".join(f"{state.value}@{step}{shares.get(step, '')}" for step, state in self.named)


def _rarest(trainer: Trainer) -> float:
    """Return the percentage of the rarest class in fresh samples of the latest G."""
    z = trainer.latent.sample(FRESH, np.random.default_rng(trainer.step))
    snapshot = trainer.snapshot()
    drawn = [decode(snapshot, part, averaged=False) for part in np.array_split(z, FRESH // 500)]
    seen = np.concatenate([digits().of(images)[1].argmax(axis=1) for images in drawn])
    return float(100 * np.bincount(seen, minlength=10).min() / FRESH)


_judges: dict[tuple[str, int], Judge] = {}


def _judge(trainer: Trainer) -> Judge:
    """Return who compares with all the training images, however few of them a preset has."""
    config = trainer.config
    data = (config.dataset, config.image_size)
    if data not in _judges:
        _judges[data] = Judge(load(config.dataset, config.image_size, None, Work()), Work())
    if _judges[data].unfit:
        raise SystemExit(f"{config.dataset}: no figures, since {_judges[data].unfit}")
    return _judges[data]


def _sheet(trainer: Trainer) -> Pixels:
    z = trainer.latent.sample(SHEET, generator(trainer.config.seed, Stream.SAMPLES))
    return np.concatenate([decode(trainer.snapshot(), part) for part in np.array_split(z, 10)])


def _mark(quality: Quality, seconds: float, sheet: Pixels, real: Pixels) -> gallery.Mark:
    shares = [100 * rated.figure.value for rated in quality.digits]
    return gallery.Mark(
        seconds=seconds,
        digits=quality.found,
        rarest=min(shares),
        commonest=max(shares),
        frechet=quality.ratio.value,
        variety=float(sheet.std(0).mean() / real.std(0).mean()),
    )


def _row(
    name: str,
    seed: int,
    mark: float,
    quality: Quality,
    health: str,
    arguments: argparse.Namespace,
) -> Row:
    shares = [100 * rated.figure.value for rated in quality.digits]
    return {
        "preset": name,
        "seed": str(seed),
        "seconds": f"{mark:g}",
        "step": str(quality.step),
        "frechet": f"{quality.ratio.value:.1f}",
        "rarest": f"{min(shares):.1f}",
        "commonest": f"{max(shares):.1f}",
        "found": str(quality.found),
        "health": health,
        "num": str(arguments.num),
        "threads": str(arguments.threads),
        "commit": _commit(),
    }


def _commit() -> str:
    asked = ["git", "rev-parse", "--short", "HEAD"]
    said = subprocess.run(asked, capture_output=True, text=True, cwd=Path(__file__).parent)
    return said.stdout.strip()


def read_records(path: Path) -> list[Row]:
    """Return the rows of a file that `--record` wrote; none where there is none."""
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def _append(path: Path, row: Row) -> None:
    """Add a row; several of these may run side by side."""
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerow(row)


def _note(rows: list[Row]) -> None:
    """Give the gallery what is recorded of its presets, at the time of its sheets."""
    found = {}
    for name, figures in gallery.read().items():
        mine = [row for row in rows if row["preset"] == name]
        then = [row for row in mine if float(row["seconds"]) == figures.seconds]
        if not then:
            continue
        ratios = [float(row["frechet"]) for row in then]
        found[name] = replace(
            figures,
            runs=len(then),
            n=int(then[0]["num"]),
            digits=round(statistics.median(int(row["found"]) for row in then)),
            rarest=min(float(row["rarest"]) for row in then),
            commonest=max(float(row["commonest"]) for row in then),
            frechet=round(statistics.median(ratios), 1),
            low=min(ratios),
            high=max(ratios),
            lost=len({row["seed"] for row in mine if any(map(_lost, row["health"].split()))}),
        )
    gallery.note(found)


def _lost(named: str) -> bool:
    """Tell whether digits were lost when a state was named, by what `Listener` tells of it."""
    _, _, rarest = named.partition(":")
    return bool(rarest) and float(rarest) < LOST


def _print_table(rows: list[Row], unit: str) -> None:
    cells: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        cells[row["preset"]][row["seconds"]].append(row)
    marks = sorted({row["seconds"] for row in rows}, key=float)
    print("| preset |" + "".join(f" {mark} {unit} |" for mark in marks))
    print("| --- |" + " --- |" * len(marks))
    for name, by_mark in cells.items():
        print(f"| `{name}` |" + "".join(f" {_cell(by_mark[mark])} |" for mark in marks))


def _cell(rows: list[Row]) -> str:
    ratios = [float(row["frechet"]) for row in rows]
    shares = [float(row[end]) for row in rows for end in ("rarest", "commonest")]
    steps = statistics.median(int(row["step"]) for row in rows)
    return (
        f"{statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f}), "
        f"{min(shares):.1f} to {max(shares):.1f} %, {steps:,.0f} steps, {len(rows)} seeds"
    )


if __name__ == "__main__":
    main()
