"""Measure what presets make after some training; run by hand: ``python benchmarks/quality.py``.

Every preset is trained from every seed, and its averaged generator judged after so many seconds of
training, as ``ganstudio evaluate`` does:

    Frechet     the Fréchet distance as a multiple of that of held-out images: 1 is as good as data
    classes     shares of the rarest and of the most frequent digit; 10 % each would be even
    found       how many of the ten digits there are

The medians over the seeds (and least and most) end the output as a table in Markdown. ``--gallery``
writes a sheet of samples and the figures of each preset's first seed for the window's gallery, into
resources/gallery; marks of 2,5,10,20,30,60 s suit it.
"""

import argparse
import statistics
import time
from collections import defaultdict

import numpy as np

from ganstudio import gallery
from ganstudio.config import built_in_presets, load_preset, parse_assignment
from ganstudio.evaluation.judge import Judge
from ganstudio.evaluation.quality import Quality
from ganstudio.images import Pixels
from ganstudio.latent.decode import decode
from ganstudio.latent.spec import Stream, generator
from ganstudio.training.headless import new_trainer
from ganstudio.training.trainer import Trainer
from ganstudio.work import Work

Marks = dict[float, list[Quality]]
SHEET = 500  # samples: their variety is measured, the first are shown


def main() -> None:
    """Train every preset from every seed, and judge it at every mark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", action="append", choices=built_in_presets(), help="repeatable")
    parser.add_argument("--published", action="store_true", help="the presets as published")
    parser.add_argument("--set", action="append", default=[], metavar="key=value")
    parser.add_argument("--seconds", default="10,60,300", help="of training, ascending")
    parser.add_argument("--steps", help="instead of seconds")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--num", type=int, default=10_000, help="samples")
    parser.add_argument("--gallery", action="store_true", help="write resources/gallery as well")
    arguments = parser.parse_args()
    marks = [float(mark) for mark in (arguments.steps or arguments.seconds).split(",")]
    changes = dict(parse_assignment(text) for text in arguments.set)
    if arguments.gallery and arguments.steps:
        parser.error("the gallery tells seconds: leave --steps out")
    judges: dict[tuple[str, int, int], Judge] = {}
    found: dict[str, Marks] = {}
    sound = [name for name in built_in_presets() if not load_preset(name).group]
    for name in arguments.preset or sound:
        found[name] = defaultdict(list)
        for seed in range(arguments.seeds):
            config = load_preset(name).form(published=arguments.published)
            config = config.changed(seed=seed, **changes)
            trainer = new_trainer(config, "auto", None)
            data = (config.dataset, config.image_size, config.train_images)
            if data not in judges:
                judges[data] = Judge(trainer.dataset, Work())
            if judges[data].unfit:
                raise SystemExit(f"{name}: no figures, since {judges[data].unfit}")
            shown: list[gallery.Mark] = []
            for mark in marks:
                _train(trainer, mark, in_steps=bool(arguments.steps))
                quality = judges[data].evaluate(trainer.snapshot(), arguments.num, Work())
                found[name][mark].append(quality)
                print(f"{name} seed {seed} at {mark:g}: {_words(quality)}", flush=True)
                if arguments.gallery and seed == 0:
                    sheet = _sheet(trainer)
                    shown.append(_mark(quality, mark, sheet, trainer.dataset.test))
            if shown:
                gallery.write(name, sheet, shown)
    _print_table(found, "steps" if arguments.steps else "s")


def _train(trainer: Trainer, mark: float, *, in_steps: bool) -> None:
    """Train up to a mark; the time of judging does not count."""
    began = time.perf_counter() - trainer.seconds
    while (trainer.step if in_steps else time.perf_counter() - began) < mark:
        trainer.train_step()


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
        frechet=quality.ratio,
        variety=float(sheet.std(0).mean() / real.std(0).mean()),
    )


def _words(quality: Quality) -> str:
    shares = [100 * rated.figure.value for rated in quality.digits]
    return (
        f"step {quality.step}, Frechet {quality.ratio:.1f}, classes {min(shares):.1f} to "
        f"{max(shares):.1f} %, found {quality.found}"
    )


def _print_table(found: dict[str, Marks], unit: str) -> None:
    marks = list(next(iter(found.values())))
    print("| preset |" + "".join(f" {mark:g} {unit} |" for mark in marks))
    print("| --- |" + " --- |" * len(marks))
    for name, by_mark in found.items():
        cells = []
        for mark in marks:
            ratios = [quality.ratio for quality in by_mark[mark]]
            shares = [100 * d.figure.value for quality in by_mark[mark] for d in quality.digits]
            cells.append(
                f" {statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f}), "
                f"{min(shares):.1f} to {max(shares):.1f} % |"
            )
        print(f"| `{name}` |" + "".join(cells))


if __name__ == "__main__":
    main()
