"""Count the modes a preset covers; run by hand: ``python benchmarks/stacked_mnist.py``.

The preset is trained on Stacked-MNIST: three digits as the channels of an image, 1,000 modes. At
every mark its averaged generator draws 26,000 samples, the studio's own feature network names the
digit of each channel, and there are two figures (`ganstudio.evaluation.modes`):

    modes       how many of the 1,000 at least one sample lies in
    KL          reverse KL divergence of the samples' modes from those of the training labels, in
                nats; 0 would be as the labels, about 0.02 is as good as so many samples can be

As many training images, drawn at random, come first: they say what the network and the number of
samples cost. A table in Markdown ends the output.
"""

import argparse
import sys
import time
from collections.abc import Sequence

import numpy as np

from ganstudio.config import built_in_presets, load_preset, parse_assignment
from ganstudio.errors import StudioError
from ganstudio.evaluation.features import digits
from ganstudio.evaluation.modes import MODES, SAMPLES, Modes, coverage, stacked_labels
from ganstudio.images import Pixels
from ganstudio.latent.decode import decode
from ganstudio.latent.spec import Stream, generator
from ganstudio.training.headless import new_trainer
from ganstudio.training.trainer import Trainer

BATCH = 500  # samples drawn at a time


def main(argv: Sequence[str] | None = None) -> int:
    """Train the preset, and count its modes at every mark; return 2 for what cannot be done."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--preset", default="r3gan", choices=built_in_presets())
    parser.add_argument("--set", action="append", default=[], metavar="key=value", help="repeat it")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--steps", type=_marks, default="5000,20000,50000", help="ascending")
    length.add_argument("--seconds", type=_marks, help="of training, ascending, instead of steps")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:N or mps")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--num", type=int, default=SAMPLES, help="samples")
    arguments = parser.parse_args(argv)
    try:
        _measure(arguments)
    except StudioError as error:
        print(f"stacked_mnist: {error}", file=sys.stderr)
        return 2
    return 0


def _marks(text: str) -> list[float]:
    return [float(mark) for mark in text.split(",")]


def _measure(arguments: argparse.Namespace) -> None:
    changes = dict(parse_assignment(text) for text in arguments.set)
    config = load_preset(arguments.preset).config.changed(**changes)
    config = config.changed(dataset="stacked-mnist", seed=arguments.seed)
    trainer = new_trainer(config, arguments.device, None)
    print(f"{arguments.preset}, seed {arguments.seed}, on {trainer.device}, {digits().name}")
    found = {"training images": _count(_real(trainer, arguments.num), trainer)}
    print(f"training images: {_words(found['training images'])}", flush=True)
    for mark in arguments.seconds or arguments.steps:
        _train(trainer, mark, in_steps=not arguments.seconds)
        name = f"{mark:g} s" if arguments.seconds else f"step {mark:,.0f}"
        found[name] = _count(_drawn(trainer, arguments.num), trainer)
        spent = f"step {trainer.step:,}, {trainer.seconds:.0f} s"
        print(f"{name}: {_words(found[name])} ({spent})", flush=True)
    _print_table(arguments.preset, found)


def _train(trainer: Trainer, mark: float, *, in_steps: bool) -> None:
    """Train up to a mark; the time of counting does not count."""
    began = time.perf_counter() - trainer.seconds
    while (trainer.step if in_steps else time.perf_counter() - began) < mark:
        trainer.train_step()


def _real(trainer: Trainer, num: int) -> Pixels:
    """Draw training images as a perfect generator would: again and again, if need be."""
    rng = generator(trainer.config.seed, Stream.SAMPLES, 6)
    return trainer.dataset.train[rng.integers(len(trainer.dataset.train), size=num)]


def _drawn(trainer: Trainer, num: int) -> Pixels:
    snapshot = trainer.snapshot()
    z = snapshot.latent.sample(num, generator(trainer.config.seed, Stream.SAMPLES, 4))
    starts = range(0, num, BATCH)
    return np.concatenate([decode(snapshot, z[start : start + BATCH]) for start in starts])


def _count(images: Pixels, trainer: Trainer) -> Modes:
    return coverage(stacked_labels(images, digits()), trainer.dataset.train_labels)


def _words(modes: Modes) -> str:
    return f"{modes.found:,} of {MODES:,} modes, KL {modes.kl:.3f}"


def _print_table(preset: str, found: dict[str, Modes]) -> None:
    """Print a row of modes / KL, with a column for each mark."""
    print("| preset |" + "".join(f" {name} |" for name in found))
    print("| --- |" + " --- |" * len(found))
    cells = (f" {modes.found:,} / {modes.kl:.3f} |" for modes in found.values())
    print(f"| `{preset}` |" + "".join(cells))


if __name__ == "__main__":
    sys.exit(main())
