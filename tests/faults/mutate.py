"""Open thousands of damaged and malicious files: each must open or be refused with a message.

Run by hand: ``python tests/faults/mutate.py --times 10000``. Files of every kind that the studio
reads are made, and changed: bits flipped, cut short, overwritten, their parts exchanged or given
other types, sizes and shapes; zips that are bombs or lead out of their folder; pickles with code.
What opens is used: a run restored from a checkpoint makes a step. Anything but success or a
`StudioError` is a crash, more than ten seconds a hang, and memory is watched.
"""

import argparse
import copy
import io
import json
import os
import pickle
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from ganstudio import library, preset_files, run_archive
from ganstudio.config import Config, load_config, own_folder, read_preset, save_config
from ganstudio.data.dataset import Dataset
from ganstudio.data.loading import load
from ganstudio.errors import StudioError
from ganstudio.images import save_npy
from ganstudio.latent import z_file
from ganstudio.latent.spec import Stream, generator
from ganstudio.library import LAST, Entry, RunFolder, now
from ganstudio.training import checkpoint, generator_file, history_file, past
from ganstudio.training.history_file import HistoryWriter
from ganstudio.training.live import Live
from ganstudio.training.trainer import Trainer
from ganstudio.work import Work

CONFIG = Config(model="mlp-leaky", batch_size=8, latent_dim=5, r1=0, train_images=64)
LONGEST = 10  # s for one file
MEMORY_MB = 1500  # that the process may grow by
ODD = (None, True, -1, 0, 1, 2**31, 2**63, 2**200, 1.5, float("nan"), float("inf"), "", "a" * 5000)
ODD += ("../../x", [], {}, [1] * 1000, b"bytes", {"a": 1}, ["x"], "\x00", -(2**70))


class Evil:
    """What runs code where it is unpickled carelessly."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return (Path.touch, (self.marker,))


def main() -> None:
    """Mutate so many files, and say what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    dataset = load("mnist", 0, None, Work())
    rng, found, crashes, slowest = random.Random(arguments.seed), Counter(), [], 0.0
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        os.environ["XDG_CONFIG_HOME"] = place  # not among the person's own presets
        marker = folder / "code-ran"
        kinds = _kinds(folder, dataset, marker)
        before = _megabytes()
        signal.signal(signal.SIGALRM, _too_long)
        for number in range(arguments.times):
            name = rng.choice(sorted(kinds))
            make, use = kinds[name]
            path = make(rng, number)
            began = time.monotonic()
            signal.alarm(LONGEST)
            try:
                use(path)
                found[f"{name}: opens"] += 1
            except StudioError as error:
                found[f"{name}: {error.code}"] += 1
                if not str(error):
                    crashes.append((number, name, f"{error.code} says nothing"))
            except BaseException as error:
                crashes.append((number, name, f"{type(error).__name__}: {error}"[:200]))
                path.rename(Path(tempfile.gettempdir(), f"crash-{number}-{path.name}"))
            finally:
                signal.alarm(0)
            slowest = max(slowest, time.monotonic() - began)
            path.unlink(missing_ok=True)
        grown, ran = _megabytes() - before, marker.exists()
    for line, count in sorted(found.items()):
        print(f"{count:6} {line}")
    for crash in crashes[:50]:
        print("crash", *crash)
    print(
        f"{arguments.times} files: {len(crashes)} crashes or hangs, slowest {slowest:.2f} s, "
        f"memory grown by at most {grown:.0f} MB, code run: {ran}"
    )
    sys.exit(bool(crashes) or ran or grown > MEMORY_MB)


def _too_long(*_: object) -> None:
    raise TimeoutError("too long")


def _megabytes() -> float:
    """Return the most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


Make = Callable[[random.Random, int], Path]
Use = Callable[[Path], object]


def _kinds(folder: Path, dataset: Dataset, marker: Path) -> dict[str, tuple[Make, Use]]:
    trainer = Trainer(CONFIG, dataset, torch.device("cpu"))
    for _ in range(3):
        trainer.train_step()
    content = checkpoint.content_of(trainer)
    sources = folder / "sources"
    sources.mkdir()
    paths = {name: sources / name for name in ("a.pt", "a.safetensors", "a.toml", "z.npy")}
    checkpoint.write(content, paths["a.pt"])
    generator_file.write(content, paths["a.safetensors"])
    save_config(CONFIG, paths["a.toml"])
    preset = preset_files.save("A preset", "of one's own", CONFIG)
    preset_path = own_folder() / f"{preset.name}.toml"
    save_npy(trainer.latent.sample(4, generator(0, Stream.SAMPLES)), paths["z.npy"])
    home = sources / "run"
    home.mkdir()
    with RunFolder(home) as run:
        run.tell(
            Entry(
                run_id=trainer.run_id,
                recipe="studio",
                seed=0,
                step=3,
                seconds=1.0,
                saved=now(),
                config=CONFIG.to_dict(),
            )
        )
        checkpoint.write(content, run.last)
    for _ in range(2):
        trainer.train_step()
    trainer.drain()
    (home / "past").mkdir()
    later = checkpoint.content_of(trainer, history=False)
    checkpoint.write(later, home / "past" / "0000005.pt")
    HistoryWriter(home, trainer.run_id).append(trainer.history)
    packed = sources / "run.zip"
    run_archive.pack(home, packed, Work())

    def restored(path: Path) -> None:
        found = checkpoint.read(path)
        again = checkpoint.restore(found, path, dataset, torch.device("cpu"))
        again.train_step()

    def unpacked(path: Path) -> None:
        into = folder / "library"
        home = run_archive.unpack(path, into, Work())
        try:
            list(library.entries(into))
            restored(home / "last.pt")
        finally:
            shutil.rmtree(home)

    def listed(path: Path) -> None:
        place = path.parent / "note"
        place.mkdir(exist_ok=True)
        (place / "run.json").write_bytes(path.read_bytes())
        (place / "last.pt").touch()
        list(library.entries(path.parent))
        library.cut_short(path.parent)

    def followed(path: Path) -> None:
        place = path.parent / "live"
        place.mkdir(exist_ok=True)
        (place / "live.safetensors").write_bytes(paths["a.safetensors"].read_bytes())
        (place / history_file.NAME).write_bytes(path.read_bytes())
        (place / LAST).unlink(missing_ok=True)
        live = Live(place)
        live.rows(live.first(), 0)

    def recovered(path: Path) -> None:
        """Go on with a run that was cut short, of which one file is damaged."""
        place = folder / "cut-short"
        shutil.copytree(home, place)
        try:
            named = {".rows": history_file.NAME, ".pt": "past/0000005.pt"}[path.suffix]
            (place / named).write_bytes(path.read_bytes())
            newest = past.newest(place, checkpoint.read(place / "last.pt"))
            again = checkpoint.restore(newest, path, dataset, torch.device("cpu"))
            again.train_step()
        finally:
            shutil.rmtree(place)

    def bytes_of(source: Path) -> Make:
        whole = source.read_bytes()

        def make(rng: random.Random, number: int) -> Path:
            path = folder / f"{number}{source.suffix}"
            path.write_bytes(_damaged(whole, rng))
            return path

        return make

    def parts_of_checkpoint(rng: random.Random, number: int) -> Path:
        path = folder / f"{number}.pt"
        changed = _changed(copy.deepcopy(content), rng)
        torch.save(changed, path)
        return path

    def pickled(rng: random.Random, number: int) -> Path:
        """A checkpoint with code in one of its parts, or in place of all of it."""
        path, evil = folder / f"{number}.pt", Evil(marker)
        if rng.random() < 0.3:
            path.write_bytes(pickle.dumps(evil))
            return path
        buffer = io.BytesIO()
        torch.save({**content, rng.choice(sorted(content)): evil}, buffer)
        path.write_bytes(buffer.getvalue())
        return path

    def parts_of_note(rng: random.Random, number: int) -> Path:
        path = folder / f"{number}.json"
        table = json.loads((home / "run.json").read_text())
        path.write_text(json.dumps(_changed(table, rng), default=str))
        return path

    def parts_of_generator(rng: random.Random, number: int) -> Path:
        path = folder / f"{number}.safetensors"
        whole = paths["a.safetensors"].read_bytes()
        size = int.from_bytes(whole[:8], "little")
        head = json.loads(whole[8 : 8 + size])
        if rng.random() < 0.5:
            run = json.loads(head["__metadata__"]["run"])
            head["__metadata__"]["run"] = json.dumps(_changed(run, rng), default=str)
        else:
            head = _changed(head, rng)
        text = json.dumps(head, default=str).encode()
        path.write_bytes(len(text).to_bytes(8, "little") + text + whole[8 + size :])
        return path

    def parts_of_toml(rng: random.Random, number: int) -> Path:
        path = folder / f"{number}.toml"
        lines = paths["a.toml"].read_text().splitlines()
        place = rng.randrange(len(lines))
        name = lines[place].split("=")[0]
        values = ("nan", "inf", "-1", "1e999", '"x"', "[]", "{}", "1979-05-27", "", "0x7fffffff")
        lines[place] = f"{name}= {rng.choice(values)}"
        path.write_text("\n".join(lines))
        return path

    def archives(rng: random.Random, number: int) -> Path:
        """A zip of a run with strange members."""
        path = folder / f"{number}.zip"
        names = (
            "../x",
            "/etc/x",
            "past/../../x",
            "a.py",
            "last.pt",
            "run.json",
            "past/1.pt",
            "C:x",
        )
        how = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
        with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(path, "w", how) as archive:
            for file in ("last.pt", "run.json"):
                if rng.random() < 0.8:
                    archive.write(home / file, file)
            for _ in range(rng.randrange(3)):
                size = rng.choice((0, 10, 1000, 30 << 20))
                archive.writestr(rng.choice(names), bytes(size))
        return path

    return {
        "checkpoint, bytes": (bytes_of(paths["a.pt"]), restored),
        "checkpoint, parts": (parts_of_checkpoint, restored),
        "checkpoint, code": (pickled, restored),
        "generator, bytes": (bytes_of(paths["a.safetensors"]), restored),
        "generator, parts": (parts_of_generator, restored),
        "configuration, bytes": (bytes_of(paths["a.toml"]), load_config),
        "configuration, parts": (parts_of_toml, load_config),
        "preset, bytes": (bytes_of(preset_path), read_preset),
        "run.json, bytes": (bytes_of(home / "run.json"), listed),
        "run.json, parts": (parts_of_note, listed),
        "history of a run followed, bytes": (bytes_of(home / history_file.NAME), followed),
        "history of a run cut short, bytes": (bytes_of(home / history_file.NAME), recovered),
        "moment of a run cut short, bytes": (bytes_of(home / "past" / "0000005.pt"), recovered),
        "zip, bytes": (bytes_of(packed), unpacked),
        "zip, members": (archives, unpacked),
        "z, bytes": (bytes_of(paths["z.npy"]), lambda path: z_file.read(trainer.latent, path)),
    }


def _damaged(whole: bytes, rng: random.Random) -> bytes:
    """Return a file's bytes with something wrong."""
    data = bytearray(whole)
    match rng.randrange(6):
        case 0:
            for _ in range(rng.randint(1, 8)):
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        case 1:
            del data[rng.randrange(len(data)) :]
        case 2:
            start = rng.randrange(len(data))
            data[start : start + rng.randint(1, 4096)] = rng.randbytes(rng.randint(1, 4096))
        case 3:
            start = rng.randrange(len(data))
            del data[start : start + rng.randint(1, 512)]
        case 4:  # near the beginning or the end, where the structure is
            place = rng.choice((rng.randrange(min(600, len(data))), -rng.randint(1, 600)))
            data[max(place, -len(data))] = rng.randrange(256)
        case _:
            data += rng.randbytes(rng.randint(1, 4096))
    return bytes(data)


def _changed(table: Any, rng: random.Random) -> Any:
    """Return nested tables with one to three parts exchanged, dropped or of another kind."""
    for _ in range(rng.randint(1, 3)):
        parent, part = None, table
        while isinstance(part, dict | list) and len(part) and rng.random() < 0.85:
            key = rng.choice(sorted(part, key=str)) if isinstance(part, dict) else 0
            parent, part = (part, key), part[key]
        if parent is None:
            continue
        of, key = parent
        match rng.randrange(5):
            case 0:
                of[key] = rng.choice(ODD)
            case 1 if isinstance(of, dict):
                del of[key]
            case 2 if isinstance(part, torch.Tensor):
                of[key] = _odd_tensor(part, rng)
            case 3 if isinstance(of, dict):
                other = rng.choice(sorted(of, key=str))
                of[key], of[other] = of[other], of[key]
            case _:
                of[key] = [part] if rng.random() < 0.5 else {"x": part}
    return table


def _odd_tensor(tensor: torch.Tensor, rng: random.Random) -> torch.Tensor:
    odd = (
        lambda: tensor.flatten(),
        lambda: tensor[..., :1] if tensor.dim() else tensor.reshape(1),
        lambda: tensor.double(),
        lambda: tensor.to(torch.complex64),
        lambda: tensor * float("nan"),
        lambda: torch.zeros(0),
        lambda: tensor.to(torch.int8),
        lambda: torch.zeros(1).expand(10_000, 10_000),
        lambda: tensor.to_sparse(),
        lambda: torch.full_like(tensor, 1e38),
        lambda: tensor.bool(),
    )
    made: torch.Tensor = rng.choice(odd)()
    return made


if __name__ == "__main__":
    main()
