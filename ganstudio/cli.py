"""The command line: the window, training, what is done with a checkpoint, and ``presets``."""

import argparse
import itertools
import json
import math
import os
import re
import shlex
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ganstudio import __version__, images, model_file
from ganstudio.config import (
    LIVE,
    PRECISIONS,
    SETTINGS,
    Config,
    form_of,
    load_config,
    load_preset,
    own_presets,
    parse,
    parse_assignment,
    preset_names,
    preset_of,
)
from ganstudio.errors import StudioError, nearest
from ganstudio.latent import walks
from ganstudio.library import LAST
from ganstudio.model_file import ModelFile

if TYPE_CHECKING:
    from ganstudio.data.dataset import Dataset
    from ganstudio.training.limits import End
    from ganstudio.training.ranks import Ranks
    from ganstudio.training.trainer import Trainer

# torch and Qt are imported where they are needed: `ganstudio presets` and mistakes answer at once.

DEFAULT_PRESET = "studio"
SAMPLES = 64
LATENTS = "a .npy, a row each, or a text, a line each"
DEVICES = "auto, cpu, cuda, cuda:N or mps"


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``ganstudio``; return 0, 2 for a mistake that is explained, 128 + a signal's number."""
    words = list(sys.argv[1:] if argv is None else argv)
    parser, commands = _parsers()
    if words and words[0] in ("-h", "--help", "--version"):
        parser.parse_args(words)
    if words and words[0] in commands:
        command = commands[words.pop(0)]
        _check_options(words, command)
    else:
        if words and not words[0].startswith("-") and not os.path.exists(words[0]):
            return _refuse_word(words[0], commands)
        command = commands["window"]
        _check_options(words, parser, command)
    arguments = command.parse_args(words)  # which refuses under its own usage
    try:
        status: int = arguments.run(arguments)
        return status
    except StudioError as error:
        return _refuse(error)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader has seen enough, as in `ganstudio presets | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def window() -> int:
    """Run ``ganstudio-window``, which has no console."""
    return main(["window", *sys.argv[1:]])


def _refuse(message: object) -> int:
    print(f"ganstudio: {message}", file=sys.stderr)
    return 2


def _refuse_word(word: str, commands: Iterable[str]) -> int:
    hint = nearest(word, commands, "ganstudio ")
    return _refuse(f"there is no command and no checkpoint “{word}”.{hint} See ganstudio --help.")


def _check_options(
    words: Sequence[str], parser: argparse.ArgumentParser, *others: argparse.ArgumentParser
) -> None:
    """Exit where no parser has an option, and name the nearest: argparse names none.

    It has no public way to ask for the options, either.
    """
    actions = [action for each in (parser, *others) for action in each._actions]
    known = [option for action in actions for option in action.option_strings]
    for word in itertools.takewhile(lambda word: word != "--", words):
        option = word.partition("=")[0]
        if re.fullmatch(r"--?[a-zA-Z]\S*", option) and option not in known:
            parser.error(f"there is no option “{option}”.{nearest(option, known)}")


def _window(arguments: argparse.Namespace) -> int:
    path: Path | None = arguments.checkpoint
    if path is not None and not os.path.exists(path):  # Path.exists raises where a name is too long
        return _refuse(f"there is no checkpoint “{path}”. See ganstudio --help.")
    from ganstudio.gui.preflight import obstacle

    if problem := obstacle():
        return _refuse(problem)
    from ganstudio.gui.app import run

    return run(path, arguments.device)


def _train(arguments: argparse.Namespace) -> int:
    config = None if arguments.resume else _config(arguments)
    from ganstudio.training import device, headless, ranks
    from ganstudio.training.limits import Limit
    from ganstudio.training.threads import ThreadTuner, cores, use_threads

    together = ranks.launched()
    if arguments.adapt and together.count > 1:
        return _refuse("--adapt is for one process; several share the cores. Leave it out.")
    if arguments.threads is not None or together.count > 1:
        use_threads(arguments.threads or ranks.threads(cores()))
    name = ranks.device_name(arguments.device)
    with ranks.joined(device.choose(name)):
        if not together.first:  # what has to be downloaded is, by the first, only once
            together.wait()
        trainer = _trainer(arguments, config, name, together)
        if together.first:
            together.wait()
        tuner = ThreadTuner() if arguments.adapt else None
        fixed = tuner is None and arguments.threads is None and together.count == 1
        if fixed and 0 < trainer.threads <= cores():
            use_threads(trainer.threads)  # as before, so that the run goes on bit for bit
        limit = Limit(steps=arguments.steps, epochs=arguments.epochs, minutes=arguments.minutes)
        if not together.first:
            return _ended(headless.accompany(trainer, limit))
        end = limit.end(trainer)
        out = _out(arguments, trainer)
        _announce(arguments, trainer, end, out)
        every = headless.Every(
            evaluate=arguments.evaluate_every,
            sample=arguments.samples_every,
            seconds=arguments.autosave_seconds,
        )
        number = headless.train(trainer, out, limit, every, tuner=tuner)
    further = ["ganstudio", "train", "--resume", str(out / LAST)]
    if arguments.model_file:
        further += ["--model-file", str(arguments.model_file)]
    print(f"Step {trainer.step:,} saved. Continue: {shlex.join(further)}")
    return _ended(number)


def _ended(number: int) -> int:
    """Return the exit status after a signal, as shells give it; 0 after none."""
    return 128 + number if number else 0


def _trainer(
    arguments: argparse.Namespace, config: Config | None, name: str, together: "Ranks"
) -> "Trainer":
    """Return the trainer of a new run, or of a resumed one with its changes."""
    from ganstudio.training import headless

    file, root, precision = _model_file(arguments), arguments.data_root, arguments.precision
    if config is not None:
        precision = precision or PRECISIONS[0]
        return headless.new_trainer(config, name, root, file, together, precision)
    live = _live_changes(arguments)
    trainer = headless.resumed_trainer(arguments.resume, name, root, file, together, precision)
    trainer.change(**live)
    return trainer


def _out(arguments: argparse.Namespace, trainer: "Trainer") -> Path:
    """Return the run's folder, in which no other run is."""
    from ganstudio.training import run_folder

    own = run_folder.of(arguments.resume) if arguments.resume else None
    out: Path = arguments.out or own or _new_folder(arguments, trainer.config)
    run_folder.check(out, resumed=arguments.resume, run_id=trainer.run_id, step=trainer.step)
    return out


def _announce(arguments: argparse.Namespace, trainer: "Trainer", end: "End", out: Path) -> None:
    """Tell what is about to be trained, and for how long."""
    settings = trainer.config
    until = "" if end.steps is None else f", to step {end.steps:,}"
    if end.batches is not None:
        until = f", to epoch {end.batches / trainer.real.per_epoch:g}"
    where = f"{trainer.device}"
    if trainer.ranks.count > 1:
        where = f"{trainer.ranks.count} processes on {trainer.device.type}"
    print(
        f"Training {_recipe(arguments, settings)} on {settings.dataset}, {where}, "
        f"seed {settings.seed}{until}, into {out}. Ctrl-C saves and exits."
    )


def _config(arguments: argparse.Namespace) -> Config:
    """Return the settings that the options of a new run ask for."""
    if arguments.config and arguments.published:
        raise StudioError("published-what", other="--config")
    if arguments.config:
        config = load_config(arguments.config)
    else:
        preset = load_preset(arguments.preset or DEFAULT_PRESET)
        if arguments.published and preset.published is None:
            raise StudioError("no-published-form", name=preset.name)
        config = preset.form(published=arguments.published)
    changes = dict(parse_assignment(text) for text in arguments.set)
    if arguments.dataset is not None:
        changes["dataset"] = parse("dataset", arguments.dataset)
    if arguments.seed is not None:
        changes["seed"] = parse("seed", arguments.seed)
    return config.changed(**changes)


def _new_folder(arguments: argparse.Namespace, settings: Config) -> Path:
    """Return the folder of a run that has none yet, by the recipe's name."""
    name, published = arguments.preset or DEFAULT_PRESET, arguments.published
    if arguments.resume:
        name, published = form_of(settings.to_dict()) or (settings.model_name, False)
    elif arguments.model_file:
        name = settings.model_name
    elif arguments.config:
        name = "custom"
    return Path("runs") / f"{name}{'-published' if published else ''}-{settings.seed}"


def _recipe(arguments: argparse.Namespace, settings: Config) -> str:
    """Return what to call the settings: as the person did, where there is a name."""
    if name := preset_of(settings.to_dict()):
        return name
    if arguments.config or arguments.resume or arguments.model_file:
        return settings.model_name
    return f"{arguments.preset or DEFAULT_PRESET} with changes"


def _live_changes(arguments: argparse.Namespace) -> dict[str, float]:
    """Return the settings that a resumed run is to change; only live ones can."""
    changes = dict(parse_assignment(text) for text in arguments.set)
    if arguments.published:
        raise StudioError("published-what", other="--resume")
    for name in ("preset", "config", "dataset", "seed"):
        if getattr(arguments, name) is not None:
            changes[name] = None
    for name in changes:
        if name not in LIVE:
            raise StudioError("needs-new-run", name=name, known=", ".join(LIVE))
    return changes


def _sample(arguments: argparse.Namespace) -> int:
    out: Path = arguments.out
    if out.suffix.lower() not in (".png", ".npy", ""):
        return _refuse(f"--out is {out}; its name must end in .png or .npy, or be a folder's.")
    if arguments.z and arguments.num is not None:
        return _refuse("--num is of a --seed; --z has as many as its file.")
    from ganstudio.training import headless

    file = _model_file(arguments)
    number, latents = arguments.class_, arguments.z
    num = SAMPLES if arguments.num is None else arguments.num
    drawn = headless.sample(arguments.checkpoint, num, arguments.seed, number, file, latents)
    if not out.suffix:
        images.save_folder(drawn, out)
    elif out.suffix.lower() == ".png":
        images.save_png(images.grid(drawn), out)
    else:
        images.save_npy(drawn, out)
    of_class = "" if number is None else f" of class {number}"
    source = latents if latents else f"seed {arguments.seed}"
    print(f"{len(drawn):,} samples{of_class} of {source} written to {out}.")
    return 0


def _evaluate(arguments: argparse.Namespace) -> int:
    from ganstudio.evaluation import report
    from ganstudio.training import headless

    file = _model_file(arguments)
    quality = headless.evaluate(arguments.checkpoint, arguments.num, arguments.data_root, file)
    print(json.dumps(quality.to_dict(), indent=2) if arguments.json else report.text(quality))
    return 0


def _directions(arguments: argparse.Namespace) -> int:
    from ganstudio.training import exploring

    file, out = _model_file(arguments), arguments.out
    explored = exploring.explore(arguments.checkpoint, arguments.num, arguments.seed, file)
    exploring.write(explored, out)
    found = explored.found
    print("What a standard deviation along each direction of z changes:")
    called = explored.called
    lines = zip(called, found.directions.strengths, found.units, found.explained, strict=True)
    for name, strength, unit, r2 in lines:
        share = "" if r2 is None else f"   R² {r2:.2f}"
        print(f"{name:14} {strength:8.2f} {unit:6}{share}".rstrip())
    print(f"Written to {out}: directions.json, and directions.png, a row for each of these.")
    return 0


def _export(arguments: argparse.Namespace) -> int:
    source, out = arguments.checkpoint, arguments.out
    from ganstudio.training import checkpoint, exports, headless
    from ganstudio.training.trainer import training_data

    if out.suffix.lower() not in exports.SUFFIXES:
        *some, last = exports.SUFFIXES
        return _refuse(f"--out is {out}; its name must end in {', '.join(some)} or {last}.")
    content = headless.content_of(source, _model_file(arguments))

    def dataset() -> "Dataset":
        config = checkpoint.config_of(content, source)
        return training_data(config, headless.dataset_of(content, source, arguments.data_root))

    root = arguments.data_root or checkpoint.root_of(content)
    exports.write(content, source, out, root, dataset)
    size = out.stat().st_size / 1e6
    print(f"Step {content['step']:,} written to {out}, {size:.2f} MB.")
    return 0


def _walk(arguments: argparse.Namespace) -> int:
    out: Path = arguments.out
    if (suffix := out.suffix.lower()) not in walks.SUFFIXES:
        return _refuse(f"--out is {out}; its name must end in .gif, .mp4, .png or .npy.")
    if suffix == ".gif" and arguments.fps > images.GIF_MOST:
        fps, most = f"{arguments.fps:g}", images.GIF_MOST
        return _refuse(f"--fps is {fps}, and a GIF shows {most} at most: choose an MP4.")
    images.check_film(out)
    from ganstudio.training import exploring

    z, drawn = exploring.walk(
        arguments.checkpoint,
        None if arguments.bookmarks else arguments.z or arguments.seeds,
        arguments.frames,
        loop=arguments.loop,
        straight=arguments.straight,
        psi=arguments.truncation,
        file=_model_file(arguments),
    )
    walks.save(z, drawn, out, arguments.frames, arguments.fps)
    what = f"z, {z.shape[0]:,} times {z.shape[1]:,} numbers" if suffix == ".npy" else "images"
    print(f"A walk of {len(z):,} steps: {what} in {out}.")
    return 0


def _project(arguments: argparse.Namespace) -> int:
    from ganstudio.latent import inversion
    from ganstudio.training import exploring

    file, out = _model_file(arguments), arguments.out
    seconds = arguments.seconds or inversion.PATIENCE
    picture, seed = arguments.image, arguments.seed
    projected = exploring.project(arguments.checkpoint, picture, seed, file, seconds)
    exploring.write_projected(projected, out)
    error = projected.found.error
    print(f"The nearest image differs by {error:.2g}, the mean square of its pixels in [0, 1].")
    print(f"Written to {out}: z.npy, and project.png, the picture beside it.")
    return 0


def _model_file(arguments: argparse.Namespace) -> ModelFile | None:
    return model_file.read(arguments.model_file) if arguments.model_file else None


def _presets(_arguments: argparse.Namespace) -> int:
    group = ""
    for name in preset_names():
        preset = load_preset(name)
        if preset.group != group:
            group = preset.group
            print(f"\n  {group or 'Your own'}:\n")
        print(f"{name} ({preset.title})")
        for text in filter(None, (preset.description, preset.difference)):
            print(textwrap.indent(textwrap.fill(text, 96), "    "), flush=True)
    for error in own_presets()[1]:
        print(f"ganstudio: {error}", file=sys.stderr)
    return 0


def _parsers() -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    """Return the parser of ``ganstudio --help``, and one for each command."""
    parser = argparse.ArgumentParser(
        prog="ganstudio",
        usage="ganstudio [CHECKPOINT|FOLDER]\n       ganstudio COMMAND …\n       ganstudio --help",
        description="Watch a GAN learn, steer it, look inside it, and keep what it made. Without a "
        "command it opens the window: on a checkpoint, or a folder, whose run it follows.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"GAN Studio {__version__}")
    commands = parser.add_subparsers(prog="ganstudio", required=True, metavar="COMMAND")

    window = commands.add_parser("window", help="open the window", allow_abbrev=False)
    window.set_defaults(run=_window)
    window.add_argument("checkpoint", type=Path, nargs="?", metavar="CHECKPOINT")
    window.add_argument("--device", default="auto", help=DEVICES)

    train = commands.add_parser(
        "train",
        help="train without a window",
        allow_abbrev=False,
        epilog=f"keys of --set: {', '.join(SETTINGS)}",
    )
    train.set_defaults(run=_train)
    start = train.add_mutually_exclusive_group()
    start.add_argument("--preset", help="a recipe (default: studio): see ganstudio presets")
    start.add_argument("--config", type=Path, metavar="F.toml", help="settings from a file")
    start.add_argument("--resume", type=Path, metavar="CHECKPOINT", help="continue this run")
    train.add_argument(
        "--published",
        action="store_true",
        help="the preset as published, its flaws included, instead of repaired",
    )
    _add_model_file(train)
    known = ", ".join(SETTINGS["dataset"].choices)
    train.add_argument("--dataset", metavar="D", help=f"{known} (default: the recipe's)")
    train.add_argument(
        "--data-root",
        type=Path,
        metavar="DIR",
        help="the folder of its files, or of the images if the dataset is folder; what has to be "
        "downloaded goes there (default: the folder for caches). A resumed run looks where it was",
    )
    length = train.add_mutually_exclusive_group()
    length.add_argument("--steps", type=_whole(1), help="total steps, resumed ones included")
    length.add_argument("--epochs", type=_positive, help="total passes over the images")
    length.add_argument("--minutes", type=_positive, help="minutes of training from now")
    train.add_argument("--device", default="auto", help=f"{DEVICES} (default: auto)")
    pace = train.add_mutually_exclusive_group()
    pace.add_argument(
        "--threads",
        type=_whole(1, 1024),
        metavar="N",
        help="of PyTorch on the CPU (default: one a core; of a resumed run as many as before); a "
        "run repeats bit for bit only with as many, and on a computer that is busy otherwise fewer "
        "are faster",
    )
    pace.add_argument(
        "--adapt",
        action="store_true",
        help="be as fast as can be instead of repeating bit for bit: with as many threads as are "
        "the fastest at the time, with shortcuts that round differently, and on a GPU with CUDA "
        "graphs",
    )
    train.add_argument(
        "--precision",
        choices=PRECISIONS,
        help="what networks compute in (default: float32, or as the resumed run); bfloat16 is "
        "faster on processors that know it",
    )
    train.add_argument("--seed", help="seed of all randomness (default: 0)")
    train.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder for the run (default: runs/PRESET-SEED; a resumed run goes on in its own)",
    )
    train.add_argument(
        "--evaluate-every",
        type=_whole(1),
        default=0,
        metavar="STEPS",
        help="judge the generator every so many steps, as evaluate does, into quality.csv",
    )
    train.add_argument(
        "--samples-every",
        type=_whole(1),
        default=0,
        metavar="STEPS",
        help="write a grid of samples every so many steps, besides those that come with saving",
    )
    train.add_argument(
        "--autosave-seconds",
        type=_positive,
        metavar="S",
        help="save everything after so many seconds of training, again and again (default: 60)",
    )
    train.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="key=value",
        help="change a setting; repeatable",
    )

    def of_checkpoint(
        name: str, text: str, run: Callable[[argparse.Namespace], int]
    ) -> argparse.ArgumentParser:
        """Add a command that does something with a checkpoint."""
        command = commands.add_parser(name, help=text, allow_abbrev=False)
        command.set_defaults(run=run)
        command.add_argument("checkpoint", type=Path, metavar="CHECKPOINT")
        _add_model_file(command)
        return command

    sample = of_checkpoint("sample", "draw images from a checkpoint", _sample)
    sample.add_argument("--num", type=_whole(1, 1_000_000), help=f"how many (default: {SAMPLES})")
    sample.add_argument(
        "--class",
        dest="class_",
        type=_class,
        metavar="K",
        help="draw this class only, counted from 0; for conditional models (default: random ones)",
    )
    drawn = sample.add_mutually_exclusive_group()
    drawn.add_argument("--seed", type=_whole(0), default=0, help="of the latents (default: 0)")
    drawn.add_argument("--z", type=Path, metavar="F", help=f"the latents in this file: {LATENTS}")
    sample.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="F.png|F.npy|DIR",
        help="a picture of all, an array, or a new folder of PNGs, one each",
    )

    evaluate = of_checkpoint(
        "evaluate", "judge a checkpoint in numbers, beside held-out images", _evaluate
    )
    evaluate.add_argument(
        "--num",
        type=_whole(40, 10_000),
        default=10_000,
        help="images to draw (default: 10,000); figures of other numbers do not compare",
    )
    evaluate.add_argument(
        "--data-root", type=Path, metavar="DIR", help="where the data's files are"
    )
    evaluate.add_argument("--json", action="store_true", help="print JSON")

    directions = of_checkpoint(
        "directions",
        "find the directions of z that change images most, and those of attributes",
        _directions,
    )
    directions.add_argument(
        "--num", type=_whole(1, 1000), default=16, help="of the strongest (default: 16)"
    )
    directions.add_argument(
        "--seed", type=_whole(0), default=0, help="of the z that the images are around (default: 0)"
    )
    directions.add_argument("--out", type=Path, required=True, metavar="DIR")

    export = of_checkpoint(
        "export",
        "write the run for use elsewhere: what the file's name ends in says as what",
        _export,
    )
    export.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="F",
        help=".safetensors: the networks alone, small, to explore or to train further; .onnx: G, "
        "for programs without PyTorch; .py: a script that trains the same run; .csv: every step's "
        "numbers; .tfevents: the same for TensorBoard",
    )
    export.add_argument(
        "--data-root", type=Path, metavar="DIR", help="where the data's files are, for a script"
    )

    walk = of_checkpoint("walk", "walk through the latent space, from seed to seed", _walk)
    stops = walk.add_mutually_exclusive_group()
    stops.add_argument(
        "--seeds",
        type=_seeds,
        default=[0, 1, 2, 3],
        metavar="S,S,…",
        help="of the stops: each is the z of sample --num 1 --seed S (default: 0,1,2,3)",
    )
    stops.add_argument("--z", type=Path, metavar="F", help=f"the stops in this file: {LATENTS}")
    stops.add_argument(
        "--bookmarks", action="store_true", help="the bookmarks of the window that were saved"
    )
    walk.add_argument(
        "--frames", type=_whole(1, 10_000), default=20, help="between two stops (default: 20)"
    )
    walk.add_argument("--loop", action="store_true", help="lead back to the first stop")
    walk.add_argument(
        "--straight", action="store_true", help="go straight instead of along great circles"
    )
    walk.add_argument(
        "--truncation",
        type=_positive,
        default=1.0,
        metavar="PSI",
        help="what the stops are multiplied by; below 1 they lie nearer to the mean (default: 1)",
    )
    walk.add_argument(
        "--fps", type=_rate, default=20.0, help="frames a second of a film (default: 20)"
    )
    walk.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="F.gif|F.mp4|F.png|F.npy",
        help="a film, a picture with a row for each stop, or z itself",
    )

    project = of_checkpoint("project", "find the z of a picture", _project)
    project.add_argument("image", type=Path, metavar="IMAGE", help="of any size and colours")
    project.add_argument(
        "--seed", type=_whole(0), default=0, help="of where the search begins (default: 0)"
    )
    project.add_argument(
        "--seconds",
        type=_positive,
        help="of work at most; then the best so far is taken (default: 10)",
    )
    project.add_argument("--out", type=Path, required=True, metavar="DIR")

    presets = commands.add_parser(
        "presets", help="list all recipes, also your own", allow_abbrev=False
    )
    presets.set_defaults(run=_presets)
    return parser, commands.choices


def _add_model_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model-file",
        type=Path,
        metavar="F.py",
        help="run this file, which defines generator and discriminator; its code can do all that "
        "you can do",
    )


def _whole(low: int, high: int = 2**31 - 1) -> Callable[[str], int]:
    def whole(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = low - 1
        if not low <= number <= high:
            allowed = f"a whole number from {low:,} to {high:,}"
            raise argparse.ArgumentTypeError(f"{allowed}, not “{text}”")
        return number

    return whole


def _class(text: str) -> int:
    """Return a class number; the checkpoint tells how many there are."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"a whole number, from 0, not “{text}”") from None


def _seeds(text: str) -> list[int]:
    """Return two seeds or more."""
    seed = _whole(0)
    seeds = [seed(word) for word in text.split(",")]
    if len(seeds) < 2:
        raise argparse.ArgumentTypeError(f"two seeds at least, with commas, not “{text}”")
    return seeds


def _positive(text: str) -> float:
    number = _number(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"a number above 0, not “{text}”")
    return number


def _rate(text: str) -> float:
    number = _number(text)
    if not 0.1 <= number <= 240:
        raise argparse.ArgumentTypeError(f"a number from 0.1 to 240, not “{text}”")
    return number


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
