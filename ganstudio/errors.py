"""What can go wrong, as codes with fields; the English wording of each, in one table.

The engine raises a `StudioError` with a code and the values that belong to it; a value of words is
a `Phrase`, from a second table. The command line prints `str(error)`; the window words and
translates it from the same tables (`ganstudio.gui.wording`).
"""

import difflib
import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# Every message says what is wrong, where, what was allowed, and what to do.
MESSAGES = {
    "unknown-name": "There is no {what} called “{name}”.{hint} Known: {known}.",
    "unknown-field": "There is no setting called “{name}”.{hint} Known: {known}.",
    "not-a-number": "{field} takes {expected}, not “{value}”.",
    "not-a-switch": "{field} is either on or off, not “{value}”.",
    "cannot-combine": "{field} does not go together with {other}: {reason}.",
    "unclear-comma": "{field}: the comma in “{value}” is unclear. Leave it out, or type a point.",
    "out-of-range": "{field} is {value}; it must be between {low} and {high}.",
    "not-an-assignment": "“{text}” is not of the form setting=value, for example d_lr=0.0005.",
    "not-toml": "{path} is not a valid TOML file: {detail}. Correct it and open it again.",
    "bad-preset": "{path} is not a preset that can be used: {detail} "
    "Correct the file, or delete it.",
    "preset-name-taken": "{path} is skipped: a built-in preset is called “{name}”. "
    "Give the file another name.",
    "preset-exists": "There is a preset called “{name}” already. Choose another title.",
    "preset-needs-title": "A preset needs a title with at least one letter or digit.",
    "no-published-form": "The preset {name} has one form only: leave --published out.",
    "bad-model-file": "{path} cannot be used as a model: {detail}. Correct the file and try it "
    "again.",
    "model-file-needed": "{file} makes this recipe's networks. It is code, and runs only if you "
    "say so: if you trust it, pass --model-file {file}.",
    "checkpoint-needs-model-file": "{path} needs the file that makes its networks, {file} with "
    "SHA-256 {sha256}. It is code, and runs only if you say so: if you trust it, pass --model-file "
    "{file}.",
    "other-model-file": "{file} is not the file that {path} was made with, and was not run: its "
    "SHA-256 is {found}, not {sha256}. Pass the one that it was made with.",
    "no-model-file": "{path} has networks of the built-in model {model}: leave --model-file out.",
    "published-what": "--published chooses a preset's form; it needs --preset, not {other}.",
    "needs-new-run": "{name} cannot change in a run that goes on. Live settings: {known}. "
    "For the others, begin a new run.",
    "batch-too-large": "{field} is {value}, but {dataset} has no more training images than {size}. "
    "Choose at most {size}.",
    "device-missing": "There is no device “{name}” on this computer. Available: {known}.",
    "missing-resource": "The installation at {where} lacks the file {name}. Install it again.",
    "missing-data": "{path} does not exist. {dataset} needs the files {files} in that folder, "
    "plain or gzipped.",
    "bad-data": "{path} cannot be read as {expected}: {detail}.",
    "folder-not-chosen": "{field} = {value} needs the folder that the images are in: name it by "
    "--data-root or, in the window, choose the dataset again.",
    "folder-missing": "There is no folder {path}. Name another place for its images: by "
    "--data-root or, in the window, by choosing the dataset again.",
    "not-a-picture": "{path} cannot be read as a picture: {detail}. Choose a PNG, JPEG or the "
    "like.",
    "blank-picture": "{path} shows nothing: all of it has about the same shade. Choose one in "
    "which something is drawn.",
    "no-images": "{path} holds no images. Files in it, and in folders in it, that end in {known} "
    "are read.",
    "no-good-images": "None of the {count} image files in {path} can be read: {names}. "
    "Choose another folder.",
    "too-few-images": "{path} holds only one image that can be read. At least two are needed: one "
    "to learn from and one to hold out.",
    "skipped-files": "{count} of {total} files in {path} cannot be read as images and are left "
    "out: {names}.",
    "download-failed": "{url} cannot be downloaded: {detail}. Try again when the network is there: "
    "it goes on with what has come. Or put {name} into {folder} yourself.",
    "wrong-checksum": "{url} has other contents than it should: its MD5 sum is {found} instead of "
    "{expected}. It was deleted. Try again later, or put {name} into {folder} yourself.",
    "nothing-opened": "Opening the checkpoint was cancelled. Open it again whenever you want; what "
    "has been downloaded is kept.",
    "torchvision-missing": "{dataset} must be downloaded, but torchvision, which knows from where, "
    "cannot be loaded: {detail}. Install the one that belongs to your PyTorch, or put {files} into "
    "{folder} yourself. Everything else works without it.",
    "no-video": "{path} would be a film in MP4, which needs PyAV: install it by "
    "pip install av. A .gif needs nothing more.",
    "no-onnx": "ONNX needs a package that is not installed: pip install onnx. A .safetensors needs "
    "nothing more.",
    "not-as-onnx": "These networks cannot be written as ONNX: {detail}. A .safetensors can hold "
    "them.",
    "no-tensorboard": "TensorBoard's events need its package, which cannot be loaded: {detail}. "
    "Install it by pip install tensorboard. A .csv needs nothing more.",
    "no-history": "{path} holds networks alone: no numbers are known of the steps that led to "
    "them.",
    "script-names": "{path} uses names that the script has as well: {names}. Call them otherwise "
    "in a copy of the file, and train that.",
    "folder-not-empty": "{path} is there already, and not empty. Choose a new folder.",
    "no-film": "{path} cannot be made by the installed PyAV: {detail}. A .gif can.",
    "cannot-read": "{path} cannot be read: {detail}.",
    "cannot-write": "{path} cannot be written: {detail}. Choose another place; nothing was lost.",
    "disk-full": "There is no space left for {path}. Free some, or choose another disk; "
    "nothing was lost.",
    "not-a-folder": "{path} is a file, not a folder. Choose another --out.",
    "nothing-saved": "Nothing of this run is saved: {reason}. Put that right, or choose another "
    "--out, and begin again.",
    "later-steps-lost": "The run is saved up to step {saved}; later steps are lost: {reason}. "
    "Put that right, or choose another --out, and continue from there.",
    "saved-at-last": "Training ended at step {saved}, because {reason}. All could be saved in the "
    "end: continue from there.",
    "saved-without": "The run is saved up to step {saved}, but not all that goes with it: "
    "{reason}. Put that right and continue.",
    "not-a-checkpoint": "{path} is not a GAN Studio checkpoint: {detail}.",
    "damaged-checkpoint": "{path} is damaged or was cut short: {detail}. "
    "Open an earlier checkpoint.",
    "invalid-checkpoint": "{path} holds a setting that is not valid. {detail} "
    "Open an earlier checkpoint.",
    "unsafe-checkpoint": "{path} holds more than numbers (pickled code) and was not opened; "
    "none of it was run.",
    "newer-checkpoint": "{path} has format {version}; this GAN Studio reads up to format {known}. "
    "Open it with a newer GAN Studio.",
    "wrong-shapes": "{path} does not fit its own description: {detail}.",
    "run-exists": "{path} already holds a run. Continue it with --resume {checkpoint}, "
    "or choose another --out.",
    "run-in-folder": "{path} already holds a run. Choose another folder, or pass exist_ok=True to "
    "lose that run.",
    "cannot-follow": "A run with this {name} cannot be followed: {reason}. Correct it, or train "
    "without RunWriter.",
    "seen-from-networks": "{field} cannot be given: RunWriter sees it from G, D, z and real, or "
    "these networks have no such thing. Leave it out.",
    "not-a-single-number": "{field} is a tensor of shape {shape}; it must be a single number. Give "
    "its mean.",
    "trained-elsewhere": "{path} holds networks that another program trains: here they can be "
    "explored, not trained. Choose a preset for a run of your own.",
    "run-goes-further": "{checkpoint} is at step {step}, and going on from {path} would overwrite "
    "it. Continue with --resume {checkpoint}, or choose another --out.",
    "nothing-to-do": "The run is already at step {step}, and was asked for {asked} in total. "
    "Ask for more.",
    "non-finite": "Training stopped at step {step:,}: {quantity} of {net} is not finite. The model "
    "of step {last:,} is kept. Lower the learning rate ({rate} = {value}) and continue. If that "
    "stops at once, its weights have grown too large to go on: rewind to an earlier step, or "
    "start over.",
    "out-of-memory": "The device {device} ran out of memory at step {step}. Lower {field}, "
    "choose a smaller model or another device, and start over.",
    "too-little-memory": "The device {device} has too little memory for that. Lower {field}, "
    "choose a smaller model or another device, and try again.",
    "device-lost": "The device {device} no longer answers: {detail}. The run is kept as it was "
    "last saved. Go on from that on the CPU, or on the device when this program has been started "
    "again.",
    "training-failed": "Training stopped at step {step}: {detail}. "
    "The model of step {last} is kept.",
    "run-in-use": "{path} is the folder of a run that another program has open. Close it there, or "
    "choose another folder.",
    "opened-copy": "The run in {path} is open in another window, which saves it. Look around, or "
    "train on here: that goes into a folder of its own.",
    "run-unsaved": "The run cannot be saved as {path}: {reason}.",
    "not-saved": "{error} Nothing else stops, and it is tried again every {seconds:g} seconds; "
    "File > Save as writes to another place.",
    "left-open": "GAN Studio ended without being closed. The run {name} was saved at step "
    "{step:,}.",
    "not-a-run-archive": "{path} is no run that can be imported: {detail}. Choose a zip file that "
    "Export as zip has written.",
    "name-taken": "There is a run called “{name}” already. Choose another name.",
    "no-name": "A run's name needs a letter or a digit.",
    "run-is-current": "{name} is the run that is open here. Open another one first.",
    "run-gone": "That run is no longer kept: of the saved ones, only the last {kept} are. "
    "Open its checkpoint instead.",
    "shapes-networks": "{field} decides what the networks are, and these have learned already. "
    "Begin a new run for it.",
    "same-value": "{field} is {value} already. Try another value.",
    "rival-there": "Two runs are compared already. Keep A, B or both before you try another value.",
    "rival-failed": "{error} This is B: A is as it was.",
    "queued-run-failed": "{error} The run with seed {seed} was passed over.",
    "moment-gone": "Step {step:,} of this run is no longer kept. Choose another.",
    "torch-missing": "PyTorch cannot be loaded, so nothing can train: {detail}. "
    "Install ganstudio again.",
    "unexpected": "Something went wrong that was not foreseen: {detail}. "
    "Please report it with “Copy details”.",
    "no-class-to-draw": "{path} cannot draw a class on request: {reason}. Leave --class out, "
    "or train a model with conditional = true, such as the preset cgan.",
    "not-a-z": "This is no z of the {dim} numbers that this generator takes: {reason}.",
    "bad-z-file": "{path} holds no z of this generator: {reason}. A .npy file of as many numbers a "
    "row is read, or a text with a z a line.",
    "no-stops": "{path} has too few places for a walk: {found}, and two are needed at least. "
    "Bookmark them in the window and save, give a file with more, or name seeds.",
    "batch-not-shared": "{field} is {value}, which {ranks} processes cannot share alike. Choose a "
    "multiple of {ranks}.",
    "no-bfloat16": "This run cannot be computed in bfloat16: {reason}. Choose float32; in the "
    "window, that is the device cpu.",
    "another-run": "{path} holds another run by now, or one that went on from an earlier step. "
    "Open the folder again to follow it.",
    "no-shared-device": "{field} is {value}, where several processes cannot train together. Choose "
    "cuda, of which each takes a GPU of its own, or cpu.",
    "rank-lost": "Another process of this run has ended, or cannot be reached: {detail}. What was "
    "saved is kept; start them again with --resume.",
    "latent-mismatch": "This generator takes {expected} numbers; {actual} were given.",
}

# Words that stand in a field of a message.
PHRASES = {
    "preset": "preset",
    "nearest": " Did you mean “{name}”?",
    "number": "a number",
    "whole-number": "a whole number",
    "idx-file": "an IDX file",
    "cifar-file": "a batch of CIFAR-10 (Python version)",
    "archive": "an archive of the dataset's files",
    "pickled-code": "it refers to {name}, which is no part of such a file; nothing in it was run",
    "downloading": "Downloading {name}{size}",
    "checking": "Checking {name}",
    "unpacking": "Unpacking {name}",
    "decoding": "Reading images: {count}",
    "stacking": "Stacking digits",
    "and-more": "{names} and {more} more",
    "connection-cut": "the connection was cut",
    "labels": "one label for every image",
    "other-magic": "it begins with {found} instead of {expected}",
    "other-size": "it holds {found} values instead of {expected}",
    "empty": "it is empty",
    "other-kind": "its first bytes are those of another kind of file",
    "huge-picture": "it is {size} pixels large, more than {most} a side",
    "unknown-kind-of-picture": "it is none of {kinds}",
    "vast-picture": "it has more pixels than a picture of one thing needs",
    "depth-of-picture": "it has 32 bits a pixel, whose range nobody knows",
    "too-many-steps": "its step is {step:,}, which is more than this GAN Studio can go on from",
    "other-program": "it is a PyTorch file of another program",
    "no-contents": "its table of contents is missing or broken",
    "bad-checksum": "{name} fails its checksum",
    "tensor-folder": "a tensor is marked as a folder",
    "no-space": "there is no space left for {path}",
    "unwritten": "{path} cannot be written: {detail}",
    "missing": "{name} is missing",
    "unknown-precision": "it was computed in {name}",
    "unusual-weights": "{net} has weights that are shared, or made anew in each pass",
    "unknown-layer": "{net} has a layer, {layer}, that is not known to take it",
    "ranks-need-float32": "several processes compute in float32",
    "graph-not-made": "no graph can be made of a step: {reason}",
    "graph-differs": "a step by a graph came to something else",
    "graph-of-file": "what a model file's networks do beside their weights would stand still in "
    "a graph",
    "so-many-numbers": "its length is {found}",
    "no-finite-number": "“{text}” is not a finite number",
    "damaged": "it is damaged",
    "holds-nothing": "it is empty",
    "neither-npy-nor-text": "it is neither a .npy file nor a text",
    "shape-of-no-z": "its array is {shape}; a z has {dim} numbers",
    "row-is-no-z": "row {number} holds a number that is none, or a choice that is not one",
    "line-is-no-z": "line {number}: {reason}",
    "no-choice": "of the numbers of a choice, one must be 1 and the others 0",
    "negative-step": "its step is {step}",
    "not-finite": "{name} holds numbers that are not finite",
    "not-a-table": "{name} is not a table of names and values",
    "no-python": "line {line}: {error}",
    "no-function": "it defines no function {name}",
    "bad-range": "OUTPUT_RANGE is {found}, expected (-1, 1) or (0, 1)",
    "raises": "{what} fails: {error}",
    "raises-in-line": "{what} fails in line {line}: {error}",
    "no-network": "{what} returns {found}, expected a torch.nn.Module",
    "no-parameters": "{what} has no parameters to train",
    "lazy": "{what} has layers whose size is not given (lazy ones)",
    "other-output": "{what} gives {found}, expected {expected}",
    "no-numbers": "{what} gives values that are not finite",
    "out-of-its-range": "{what} gives values from {low} to {high}, expected {expected}",
    "no-influence": "the parameter {name} of {what} has no influence on what it gives",
    "not-dense": "the parameter {name} of {what} is a part of a larger tensor; register "
    "a copy of it, made with .clone()",
    "new-state": "{what} has other parameters or buffers after a call ({names}); register all of "
    "them where it is built",
    "other-networks-file": "it is not the file that was kept with the run",
    "not-exported": "torch.export cannot keep it: {error}",
    "exported-otherwise": "what torch.export keeps of it has other weights or other results",
    "other-range": "its numbers are from {low} to {high}, expected [-1, 1] or [0, 1]",
    "other-images": "its images are {found}, expected {expected}",
    "not-one-each": "it gives {found}, expected something for each of {count}",
    "bad-tables": "[about] and [published] are tables of names and values.",
    "other-networks": "its networks are for images of {shape} and {dim} latent dimensions",
    "not-a-count": "{name} is {value}, which nothing counts up to",
    "other-shape": "{name} is {found}, expected {expected}",
    "many-files": "it has {count:,} files",
    "strange-file": "it has the file “{name}”, which no run has",
    "too-dense": "{name} would be far larger than it is packed",
    "no-run": "it lacks {names}",
    "bad-note": "{name} is damaged",
    "gradient-in": "gradient ({name}, {shape})",
    "judges-codes": "its D judges codes, not images",
    "wrong-sides": "it draws images whose sides are multiples of {sides} pixels, "
    "and these are {size}",
    "no-classes": "its images have no classes",
    "many-classes": "it has {found:,} classes, and D sees a map for each: {most} at most",
    "divided-weights": "it divides the weights after they were clipped",
    "no-choice-of-one": "a code needs two choices at least, or 0 for none",
    "unfit-colour": "the feature network {network} sees grey images only",
    "unfit-unlabelled": "these images have no classes, by which it would show whether the feature "
    "network {network} knows what is on them",
    "unfit-few": "figures need at least {needed} training and {needed} held-out images",
    "unfit-network": "the feature network {network} names only {right} % of the held-out images "
    "right, so its features say nothing about this data",
    "no-class-told": "its generator was never told any classes",
    "code-is-no-class": "its code of {count} choices is no class, since training alone settles "
    "what each choice draws",
    "batch-norm": "it normalises over the batch, which takes at least 2 images",
}

# messages that promise that nothing was lost, and the phrases for them where that is not so
UNWRITTEN = {"disk-full": "no-space", "cannot-write": "unwritten"}


@dataclass(frozen=True, init=False)
class Phrase:
    """Words in a field of a message: English as text, translated by the window.

    Attributes
    ----------
    code : str
        A key of `PHRASES`.
    fields : dict
        The values that the phrase names.
    """

    code: str
    fields: dict[str, object]

    def __init__(self, code: str, **fields: object) -> None:
        object.__setattr__(self, "code", code)
        object.__setattr__(self, "fields", fields)

    def __str__(self) -> str:
        return PHRASES[self.code].format(**self.fields)


class StudioError(Exception):
    """Something a person can act on.

    Attributes
    ----------
    code : str
        A key of `MESSAGES`.
    fields : dict
        The values that the message names.
    """

    def __init__(self, code: str, **fields: object) -> None:
        self.code = code
        self.fields = fields
        super().__init__(code)

    def __str__(self) -> str:
        return MESSAGES[self.code].format(**self.fields)


class ConfigError(StudioError, ValueError):
    """A setting has a wrong name or value; ``fields["field"]`` names it where there is one."""


def unknown_name(what: str, name: str, known: Iterable[str]) -> ConfigError:
    """Return the error for a name that does not exist, with the nearest that does."""
    known = sorted(known)
    code = "unknown-field" if what == "setting" else "unknown-name"
    return ConfigError(
        code,
        what=Phrase(what) if what in PHRASES else what,  # else a setting
        field=what,
        name=name,
        hint=nearest(name, known),
        known=", ".join(known),
    )


def nearest(name: str, known: Iterable[str], before: str = "") -> Phrase | str:
    """Return the question whether the nearest known name was meant, "" if none is near."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return Phrase("nearest", name=before + near[0]) if near else ""


def unexpected(error: BaseException) -> StudioError:
    """Return what a person can be told of any error: itself, or that no one foresaw it."""
    if isinstance(error, StudioError):
        return error
    told = StudioError("unexpected", detail=f"{type(error).__name__}: {error}")
    told.__cause__ = error
    return told


def device_missing(name: str, known: Iterable[str]) -> ConfigError:
    """Return the error for a device that is not there."""
    return ConfigError("device-missing", field="device", name=name, known=", ".join(known))


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals to write `path` into a `StudioError`."""
    try:
        yield
    except OSError as error:
        code = "disk-full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "cannot-write"
        raise StudioError(code, path=path, detail=error.strerror or error) from error


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals to read `path` into a `StudioError`."""
    try:
        yield
    except OSError as error:
        raise StudioError("cannot-read", path=path, detail=error.strerror or error) from error
