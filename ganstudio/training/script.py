"""An experiment as one Python file that trains the same run, to be read and run by a student.

What it is made of is what runs here: the networks', losses' and penalties' own source code, and
a text (``resources/script``) in which lines hold for some recipes only: those that end in
``#? NAME`` or ``#? not NAME``, and those between ``# if: NAME …`` (all of them) and ``# end``.
"""

import ast
import json
import re
import textwrap
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
import torch

from ganstudio import parts
from ganstudio.atomic import replacing
from ganstudio.config import Config, load_preset, preset_of
from ganstudio.data.dataset import Dataset
from ganstudio.data.published import Published
from ganstudio.errors import StudioError
from ganstudio.latent.networks import GLOBAL_GENERATOR, Architecture, build, each_alone
from ganstudio.latent.spec import LatentPart, LatentSpec, Sampled
from ganstudio.resources import resource
from ganstudio.training import penalties
from ganstudio.training.objectives._objective import Objective
from ganstudio.training.source_code import SourceCode, bound_names, imports_for, used_names
from ganstudio.training.trainer import real_range

SUFFIX = ".py"
_FEWEST_STEPS = 100  # that it makes by default
_IDX = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST", "kmnist": "KMNIST"}  # in torchvision
_KNOWN = {  # the imports of the text
    **{name: f"import {name}" for name in ("argparse", "copy", "gzip", "itertools", "math")},
    **{name: f"import {name}" for name in ("struct", "torch")},
    "np": "import numpy as np",
    "Path": "from pathlib import Path",
    "Image": "from PIL import Image",
    "nn": "from torch import nn",
    "spectral_norm": "from torch.nn.utils.parametrizations import spectral_norm",
    **{
        name: f"from torch.nn.functional import {name}"
        for name in ("cross_entropy", "l1_loss", "one_hot", "pad")
    },
}


def write(
    config: Config,
    architecture: Architecture,
    root: Path | None,
    dataset: Callable[[], Dataset],
    step: int,
    path: Path,
) -> None:
    """Write the script of an experiment and, unless they are LeCun's files, its images beside it.

    Parameters
    ----------
    config, architecture : Config, Architecture
        What is trained.
    root : Path or None
        The folder of the images' files; None is the usual place.
    dataset : callable
        Returns the training images, as many as the run has; called only for those beside it.
    step : int
        How far the run is.
    path : Path
        The script. Images go into a file of its name that ends in ``.images.npz``.

    Raises
    ------
    StudioError
        ``trained-elsewhere`` for a run of another program; ``script-names`` if a model file uses
        names of the script; ``cannot-write`` or ``disk-full``, naming the file.
    """
    text = script(config, architecture, root, step, path.name)
    if config.dataset not in _IDX:
        data = dataset()
        with replacing(path.with_suffix(".images.npz")) as file:
            np.savez(file, images=data.train, labels=data.train_labels)
    with replacing(path) as file:
        file.write(text.encode())


def script(
    config: Config, architecture: Architecture, root: Path | None, step: int, name: str
) -> str:
    """Return the text of the script called `name`; see `write`."""
    if not getattr(architecture.module, "TRAINABLE", True):
        raise StudioError("trained-elsewhere", path=config.model)
    with GLOBAL_GENERATOR, torch.random.fork_rng(devices=[]):
        nets = build(architecture)
    latent, module = architecture.latent, architecture.module
    objective: Objective = parts.load(parts.OBJECTIVE, config.objective).OBJECTIVE
    weights = [p for net in (nets.G, nets.D, nets.E) if net is not None for p in net.parameters()]
    flags = _flags(config, latent, objective, autoencoder=nets.E is not None)
    flags |= {
        "together": each_alone(nets.D),
        "resized": tuple(architecture.image_shape[1:]) != (28, 28),
        "few": config.train_images > 0,
        "channels_last": not architecture.model_sha256 and any(w.dim() == 4 for w in weights),
    }
    losses = SourceCode()
    called = [losses.function(f) for f in _functions(objective)]
    values = _values(config, latent, architecture, root, flags)
    values |= dict(zip(("real_loss", "g_loss", "fake_loss"), called, strict=False))
    values |= {"title": _quotable(_title(config, step)), "file": _quotable(name)}
    values["step"] = f"{step:,}"
    values["steps"] = max(step, _FEWEST_STEPS)
    values["range"] = "{}, {}".format(*map(float, real_range(config, nets.output_range)))
    values["output_range"] = "{}, {}".format(*map(float, nets.output_range))
    values["background"] = float(nets.output_range[0])
    networks, slopes = SourceCode(), SourceCode()
    networks.module(module, whole=bool(architecture.model_sha256))
    if flags["r1"] or flags["r2"]:
        slopes.function(penalties.squared_gradient)
    if flags["gradient_penalty"]:
        slopes.function(penalties.gradient_penalty)
    values |= {"losses": losses.text, "networks": networks.text, "penalties": slopes.text}
    values["imports"] = "$imports"
    text = Template(_chosen(_text(), flags)).substitute(values)
    known = _KNOWN | networks.imports | losses.imports | slopes.imports
    if architecture.model_sha256:
        _check_names(networks.text, text.replace(networks.text, ""), known, config.model)
    imports = [*networks.future, imports_for(text.replace("$imports", ""), known)]
    return text.replace("$imports", "\n\n".join(imports), 1)


def _flags(
    config: Config, latent: LatentSpec, objective: Objective, *, autoencoder: bool
) -> dict[str, bool]:
    """Return what decides which lines of the text hold."""
    k, order = config.d_steps, config.order
    names = ("r1", "r2", "gradient_penalty", "weight_clip", "instance_noise", "translation")
    flags = {name: bool(getattr(config, name)) for name in names}
    perturbed = flags["instance_noise"] or flags["translation"]
    fresh = objective.paired and (k == 0 or order == "g-first-shared")
    further = k > 1 or (k == 1 and order == "d-first")
    conditional, codes = bool(latent.classes), bool(latent.codes) and not autoencoder
    return flags | {
        "idx": config.dataset in _IDX,
        "autoencoder": autoencoder,
        "conditional": conditional,
        "codes": codes,
        "needs_z": conditional or codes,
        "uniform": config.prior == "uniform",
        "one_part": len(latent.parts) == 1,
        "penalised": config.r1 > 0 or config.r2 > 0 or config.gradient_penalty > 0,
        "perturbed": perturbed,
        "seen": perturbed or conditional,
        "dice": perturbed or config.gradient_penalty > 0,
        "spectral_norm": config.spectral_norm,
        "paired": objective.paired,
        "keeps_real": objective.paired and not fresh,
        "mean": config.d_total == "mean",
        "trains_D": k > 0,
        "several": k > 1,
        "further": further,
        "draws_for_D": further or autoencoder,
        "falls": config.lr_constant_steps > 0,
        "ema": config.ema_decay > 0,
    }


def _values(
    config: Config,
    latent: LatentSpec,
    architecture: Architecture,
    root: Path | None,
    flags: dict[str, bool],
) -> dict[str, Any]:
    """Return what stands for the names in the text."""
    conditional = flags["conditional"]
    classes = "z[:, {0.start}:{0.stop}]".format(latent.slices["class"]) if conditional else ""
    shape = "IMAGE_SHAPE"
    if flags["autoencoder"]:
        shape = "(LATENT_DIM,)"
    elif conditional:
        shape = "(IMAGE_SHAPE[0] + CLASSES, *IMAGE_SHAPE[1:])"

    def seen(images: str, of: str) -> str:
        if not flags["seen"]:
            return images
        return f"seen({images}, {of})" if conditional else f"seen({images})"

    fake, to_D = "fake", "fake.detach()"
    if flags["needs_z"]:
        fake, to_D = "fake, z", "fake.detach(), z"
    last = "last_real" if flags["keeps_real"] else "next($real_stream)"
    last = f"*{last}" if conditional else last
    stream = "z_D" if flags["autoencoder"] else "reals"
    more = ["reconstruction_loss"] if flags["autoencoder"] else []
    info = {"info_loss": "found"} if flags["codes"] else {}
    last_is_D = flags["trains_D"] and config.order == "g-first-shared"  # to find the codes
    d_told = {"real_loss": "real_loss"} | ({} if flags["paired"] else {"fake_loss": "fake_loss"})
    d_told |= info if last_is_D else {}
    g_told = {name: name for name in ("g_loss", *more)} | ({} if last_is_D else info)
    columns = [*(d_told if flags["trains_D"] else ()), *g_told]
    return config.to_dict() | {
        "image_shape": architecture.image_shape,
        "latent_dim": latent.dim,
        "classes": latent.classes,
        "torchvision": _IDX.get(config.dataset, ""),
        "folder": json.dumps(str(_folder(config, root)), ensure_ascii=False),
        "few_index": int(Sampled.TRAIN_IMAGES),
        "draws": _draws(latent),
        "parts": len(latent.parts),
        "info_terms": ",\n        ".join(_info_terms(latent)),
        "comma_classes": ", classes" * conditional,
        "judged": shape,
        "outputs": 1 + latent.code_outputs,
        "nets": "G, D, E" if flags["autoencoder"] else "G, D",
        "of_D": fake,
        "of_G": f"fake, {more[0]}" if more else fake,
        "to_D": fake,
        "fake": "fake, _" if more else fake,
        "real_stream": stream,
        "real_batch": "real, classes" if conditional else "real",
        "seen_real": seen("real", "classes"),
        "seen_fake": seen("fake", classes),
        "seen_x": seen("x", "classes"),
        "seen_last": (f"seen({last})" if flags["seen"] else last).replace("$real_stream", stream),
        "d_told": _items(d_told),
        "g_told": _items(g_told),
        "of_D_words": " and ".join(d_told),
        "total": "total" if more or flags["codes"] else "g_loss",
        "so_far": "penalty + " * (flags["r1"] or flags["r2"]),
        "of_G_words": " and ".join(g_told),
        "columns": ", ".join(f'"{name}"' for name in columns),
        "order": textwrap.indent(
            _order(config, to_D, f"fake, {more[0]}" if more else fake), "    "
        ),
        "order_words": _ORDER_WORDS[config.order],
    }


def _items(told: dict[str, str]) -> str:
    """Return the numbers that are told, by the names that they have."""
    values = [f"{value}.item()" for value in told.values()]
    return f"({values[0]},)" if len(values) == 1 else ", ".join(values)


_ORDER_WORDS = {
    "d-first": "D moves first, then G on fakes of fresh z",
    "d-first-shared": "D moves first, then G, which has D judge the same fakes again",
    "g-first-shared": "G moves first, then D on the same fakes",
    "simultaneous": "both gradients are taken first, then both move",
}


def _order(config: Config, to_D: str, fake: str) -> str:
    """Return the body of a step."""
    k, order = config.d_steps, config.order
    again = "for _ in range(D_STEPS - 1):\n    "
    if order == "d-first":
        first = {0: "told = ()", 1: "told = D_update()"}.get(
            k, "for _ in range(D_STEPS):\n    told = D_update()"
        )
        lines = [first, f"{fake} = draw(z_G)", f"told += G_backward({fake})", "G_opt.step()"]
    elif order == "d-first-shared":
        lines = [f"{fake} = draw(z_G)"]
        lines += [again + "D_update()"] * (k > 1)
        lines += [f"told = D_backward({to_D})", "D_moves()"] if k else ["told = ()"]
        lines += [f"told += G_backward({fake})", "G_opt.step()"]
    elif order == "g-first-shared":
        lines = [f"{fake} = draw(z_G)", f"of_G = G_backward({fake})"]
        lines += [f"told = D_backward({to_D})"] if k else ["told = ()"]
        lines += ["G_opt.step()", *["D_moves()"] * (k > 0)]
        lines += [again + "told = D_update()"] * (k > 1)
        return "\n".join([*lines, "return told + of_G"])
    else:
        lines = [again + "D_update()"] * (k > 1)
        lines += [f"{fake} = draw(z_G)"]
        lines += [f"told = D_backward({to_D})"] if k else ["told = ()"]
        lines += [f"told += G_backward({fake})", "G_opt.step()", *["D_moves()"] * (k > 0)]
    return "\n".join([*lines, "return told"])


def _draws(latent: LatentSpec) -> str:
    """Return the expressions that draw the parts of z."""

    def drawn(part: LatentPart, random: str) -> str:
        if part.kind == "one-hot":
            eye = f"np.eye({part.dim}, dtype=np.float32)"
            return f"{eye}[{random}.integers({part.dim}, size=n)]"
        if part.kind == "normal":
            return f"{random}.standard_normal((n, {part.dim}), dtype=np.float32)"
        return f"{random}.random((n, {part.dim}), dtype=np.float32) * 2 - 1"

    if len(latent.parts) == 1:
        return drawn(latent.parts[0], "random")
    each = [drawn(part, f"parts[{i}]") for i, part in enumerate(latent.parts)]
    return ",\n        ".join(each)


def _info_terms(latent: LatentSpec) -> Iterable[str]:
    start = 0
    for part in latent.codes:
        place = latent.slices[part.name]
        said, code = f"said[:, {start}:{start + part.dim}]", f"z[:, {place.start}:{place.stop}]"
        is_choice = part.kind == "one-hot"
        numbers = f"({said} - {code}).square().mean() / 2"
        yield f"cross_entropy({said}, {code})" if is_choice else numbers
        start += part.dim


def _functions(objective: Objective) -> Sequence[Any]:
    """Return the functions of D's real loss, G's loss, and D's fake loss if there is one."""
    found = (objective.real_loss, objective.g_loss, objective.fake_loss)
    return [function for function in found if function is not None]


def _folder(config: Config, root: Path | None) -> Path:
    """Return where LeCun's files are on this computer."""
    module = parts.load(parts.DATASET, config.dataset)
    published: Published | None = getattr(module, "PUBLISHED", None)
    if published is None:
        return root or resource("mnist")
    return published.find(root) or Path("data")


def _title(config: Config, step: int) -> str:
    name = preset_of(config.to_dict())
    recipe = load_preset(name).title if name else config.model_name
    run = f"{recipe} on {config.dataset}, seed {config.seed}"
    return f"{run}, as GAN Studio trained it to step {step:,}."


def _quotable(text: str) -> str:
    """Return a text that can stand in a docstring."""
    return text.replace("\\", "/").replace('"', "'")


def _text() -> str:
    return resource("script/experiment.py.txt").read_text(encoding="utf-8")


def _chosen(text: str, flags: dict[str, bool]) -> str:
    """Return the lines of the text that hold."""

    def holds(names: str) -> bool:
        words = names.replace("not ", "!").split()
        return all(flags[word.lstrip("!")] is not word.startswith("!") for word in words)

    lines, asked = [], [True]
    for line in text.splitlines():
        if found := re.fullmatch(r"# if: (.*)", line):
            asked.append(asked[-1] and holds(found[1]))
        elif line == "# end":
            asked.pop()
        elif asked[-1]:
            plain, mark, names = line.partition("  #? ")
            if not mark or holds(names):
                lines.append(plain)
    assert asked == [True]
    return re.sub(r"\n{4,}", "\n\n\n", "\n".join(lines)) + "\n"


def _check_names(of_file: str, of_script: str, known: dict[str, str], path: str) -> None:
    """Refuse a model file that means something else by a name of the script."""
    of_script = of_script.replace("$imports", "")
    imported = known.keys() & used_names(of_script)
    file = SourceCode()
    file.learn_imports(ast.parse(of_file))
    same = {name for name in imported & file.imports.keys() if file.imports[name] == known[name]}
    names = (bound_names(of_file) - same) & (bound_names(of_script) | imported)
    if names:
        raise StudioError("script-names", path=path, names=", ".join(sorted(names)))
