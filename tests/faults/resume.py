"""A run that is interrupted is the run that was not, bit for bit, in a new process.

Run by hand: ``python tests/faults/resume.py --steps 20``. For every preset, by processes of their
own on the CPU: twice so many steps at once, as ``ganstudio train`` makes them; half of them and,
in a new process, the rest, once with ``--resume`` and once as the window does, repeating exactly:
paused, saved by itself, opened again. All that the three last checkpoints hold is compared, but
for the clock, the threads' number and the runs' names.
"""

import argparse
import queue
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

from ganstudio.config import load_preset, preset_names
from ganstudio.library import LAST
from ganstudio.training import checkpoint, headless
from ganstudio.training.history import COLUMNS
from ganstudio.training.limits import Limit
from ganstudio.training.orders import Nets
from ganstudio.training.runner import Runner
from ganstudio.training.status import Phase

OTHER = ("run_id", "seconds", "threads")  # which a run that is interrupted may have otherwise
SECONDS = COLUMNS.index("seconds")


def main() -> None:
    """Compare the presets; say which differ, and fail if one does."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--presets", nargs="*", default=preset_names())
    parser.add_argument("--child", nargs=4, metavar=("KIND", "PRESET", "FOLDER", "STEPS"))
    arguments = parser.parse_args()
    if arguments.child:
        kind, preset, folder, steps = arguments.child
        {"train": _train, "window": _window}[kind](preset, Path(folder), int(steps))
        return
    differ = 0
    for preset in arguments.presets:
        with tempfile.TemporaryDirectory() as place:
            whole, parts, window = (Path(place, name) for name in ("whole", "parts", "window"))
            half, all_ = arguments.steps, 2 * arguments.steps
            _run("train", preset, whole, all_)
            for kind, folder in (("train", parts), ("window", window)):
                _run(kind, preset, folder, half)
                _run(kind, preset, folder, all_)
            expected = _content(whole)
            found = {"--resume": _content(parts), "window": _content(window)}
        told = {how: _differences(expected, content) for how, content in found.items()}
        differ += any(told.values())
        print(f"{preset:12} {told if any(told.values()) else 'the same, bit for bit'}", flush=True)
    sys.exit(bool(differ))


def _run(kind: str, preset: str, folder: Path, steps: int) -> None:
    command = [sys.executable, __file__, "--child", kind, preset, str(folder), str(steps)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _train(preset: str, folder: Path, steps: int) -> None:
    """Train into a folder as the command line does, from the checkpoint in it on."""
    folder.mkdir(exist_ok=True)
    if (last := folder / LAST).exists():
        trainer = headless.resumed_trainer(last, "cpu", None)
    else:
        trainer = headless.new_trainer(load_preset(preset).config, "cpu", None)
    headless.train(trainer, folder, Limit(steps=steps))


def _window(preset: str, folder: Path, steps: int) -> None:
    """Train into a library as the window does, from the run in it on."""
    requests: queue.SimpleQueue = queue.SimpleQueue()
    runner = Runner(requests, _Listener(requests, steps), folder)
    requests.put(lambda runner: runner.set_exact(True))
    if found := list(folder.glob(f"*/{LAST}")):
        requests.put(lambda runner: runner.open(found[0], "cpu"))
    else:
        requests.put(lambda runner: runner.new_run(load_preset(preset).config, "cpu"))
    requests.put(lambda runner: runner.step(Nets.BOTH, steps - runner.trainer.step))
    runner.run()


class _Listener:
    """Closes the runner once it has paused at a step; hears nothing else."""

    def __init__(self, requests: queue.SimpleQueue, steps: int) -> None:
        self._requests, self._steps = requests, steps

    def on_status(self, status) -> None:
        if (status.phase, status.step) == (Phase.PAUSED, self._steps):
            self._requests.put(lambda runner: runner.close())

    def on_error(self, error: Exception) -> None:
        raise SystemExit(str(error))

    def __getattr__(self, name: str):
        return lambda *_: None


def _content(folder: Path) -> dict[str, Any]:
    (path,) = [*folder.glob(LAST), *folder.glob(f"*/{LAST}")]
    content = checkpoint.read(path)
    content["history"] = content["history"].clone()
    content["history"][SECONDS] = 0
    return {name: part for name, part in content.items() if name not in OTHER}


def _differences(one: Any, other: Any, name: str = "") -> list[str]:
    """Return the names of the parts that are not the same, bit for bit."""
    if isinstance(one, torch.Tensor):
        equal = one.dtype == other.dtype and torch.equal(one.nan_to_num(7), other.nan_to_num(7))
        return [] if equal else [name]
    if isinstance(one, dict):
        keys = one.keys() | other.keys()
        return [
            n for key in keys for n in _differences(one.get(key), other.get(key), f"{name}.{key}")
        ]
    if isinstance(one, list | tuple) and len(one) == len(other):
        pairs = zip(one, other, strict=True)
        return [n for i, pair in enumerate(pairs) for n in _differences(*pair, f"{name}.{i}")]
    return [] if one == other else [name]


if __name__ == "__main__":
    main()
