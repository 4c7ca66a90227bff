"""Exploring z without the window: directions, walks and the z of pictures, as files."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ganstudio import images
from ganstudio.atomic import replacing
from ganstudio.data import pictures
from ganstudio.errors import StudioError, writing
from ganstudio.evaluation import attributes
from ganstudio.latent import search, walks, z_file
from ganstudio.latent.decode import decode
from ganstudio.latent.directions import DIGITS, Directions, NamedDirections, strongest
from ganstudio.latent.holds import Holds
from ganstudio.latent.inversion import PATIENCE, Found, invert
from ganstudio.latent.snapshot import Snapshot
from ganstudio.latent.spec import Array
from ganstudio.model_file import ModelFile
from ganstudio.training import checkpoint
from ganstudio.training.failures import explaining_device
from ganstudio.training.headless import content_of
from ganstudio.training.progress import shown
from ganstudio.training.threads import use_threads

STRIP = np.linspace(
    -3, 3, 9, dtype=np.float32
)  # standard deviations: the images of a direction, from end to end
_BATCH = 500


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class Explored:
    """Directions of a checkpoint's model.

    Attributes
    ----------
    step : int
        Of the model.
    z : (dim,) float32
        Around which the strips are drawn.
    found : NamedDirections
        The strongest, then those of attributes.
    called : tuple of str
        What the person calls each; its name, where that is none.
    strips : (K * len(STRIP), C, H, W) uint8
        A row of images for each.
    """

    step: int
    z: Array
    found: NamedDirections
    called: tuple[str, ...]
    strips: images.Pixels


@explaining_device("cpu", field="--num")
def explore(path: Path, num: int, seed: int, file: ModelFile | None = None) -> Explored:
    """Find the directions of a checkpoint's averaged generator, where it has one.

    Those that a person has named in the window have their places and names from there.

    Parameters
    ----------
    path : Path
        The checkpoint.
    num : int
        How many of the directions that change the image most.
    seed : int
        Of the latent that the strips are around.
    file : ModelFile, optional
        What makes the checkpoint's networks, if a file does; it is run.
    """
    content, snapshot = _opened(path, file)
    notes = checkpoint.notes_of(content, path)
    found = strongest(search.find(snapshot).placed(notes.places()), num)
    if checkpoint.config_of(content, path).dataset in DIGITS:
        found = found.joined(attributes.find(snapshot))
    z = snapshot.latent.of_seed(seed)
    strips = _strips(snapshot, found.directions, z)
    called = tuple(notes.called(name) or name for name in found.names)
    return Explored(step=snapshot.step, z=z, found=found, called=called, strips=strips)


@explaining_device("cpu", field="--frames")
def walk(
    path: Path,
    stops: Sequence[int] | Path | None,
    frames: int,
    *,
    loop: bool = False,
    straight: bool = False,
    psi: float = 1.0,
    file: ModelFile | None = None,
) -> tuple[Array, images.Pixels]:
    """Walk from z to z, by a checkpoint's averaged generator if it has one.

    Parameters
    ----------
    path : Path
        The checkpoint.
    stops : sequence of int, Path or None
        Two at least: seeds, each of the z of which `sample` draws a single image; a file as
        `z_file.read` reads it; or None, the bookmarks in the checkpoint.
    frames : int
        From one stop to the next.
    loop, straight : bool
        As `walks.walk`.
    psi : float
        Truncation: the stops times this.
    file : ModelFile, optional
        What makes the checkpoint's networks, if a file does; it is run.

    Returns
    -------
    z : (N, dim) float32
    images : (N, C, H, W) uint8

    Raises
    ------
    StudioError
        ``bad-z-file`` or ``no-stops``, naming the file.
    """
    content, snapshot = _opened(path, file)
    latent = snapshot.latent
    if stops is None:
        marks = checkpoint.notes_of(content, path).bookmarks
        places = [mark.z for mark in marks if mark.latent == latent]
    elif isinstance(stops, Path):
        places = list(z_file.read(latent, stops))
    else:
        places = [latent.of_seed(seed) for seed in stops]
    if len(places) < 2:
        raise StudioError("no-stops", path=stops or path, found=len(places))
    cut = np.stack([latent.truncated(z, psi) for z in places])
    z = walks.walk(latent, cut, frames, loop=loop, straight=straight)
    parts = np.array_split(z, -(-len(z) // _BATCH))
    return z, np.concatenate([decode(snapshot, part) for part in parts])


def write(explored: Explored, out: Path) -> None:
    """Write directions.json and directions.png into the folder `out`, which is made.

    Raises
    ------
    StudioError
        ``cannot-write`` or ``disk-full``.
    """
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
    with replacing(out / "directions.json") as file:
        file.write(json.dumps(_described(explored), indent=2).encode())
    rows = images.grid(explored.strips, len(STRIP))
    images.save_png(images.labelled(rows, explored.called), out / "directions.png")


def _strips(snapshot: Snapshot, found: Directions, z: Array) -> images.Pixels:
    holds = Holds.none(found.latent)
    rows = [
        found.line(z, i, STRIP, holds)
        if holds.can_move(found.vectors[i])
        else np.repeat(z[None], len(STRIP), axis=0)
        for i in range(len(found.vectors))
    ]
    return np.concatenate([decode(snapshot, row) for row in rows])


def _described(explored: Explored) -> dict[str, Any]:
    found = explored.found.directions
    listed = zip(
        explored.found.names,
        explored.called,
        found.vectors,
        found.strengths,
        explored.found.units,
        explored.found.explained,
        strict=True,
    )
    return {
        "step": explored.step,
        "latent": found.latent.to_dict(),
        "z": explored.z.tolist(),
        "strip": STRIP.tolist(),
        "directions": [
            {
                "name": name,
                "called": called,
                "strength": float(strength),
                "unit": unit,
                "r2": r2,
                "vector": vector.tolist(),
            }
            for name, called, vector, strength, unit, r2 in listed
        ],
    }


def _opened(path: Path, file: ModelFile | None) -> tuple[dict[str, Any], Snapshot]:
    """Return a checkpoint's content and snapshot, to be explored by one of torch's threads.

    Several would wait for each other, in as small pieces as images are drawn in here.
    """
    use_threads(1)
    content = content_of(path, file)
    return content, checkpoint.snapshot_of(content, path)


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class Projected:
    """A picture, and the nearest that a model draws.

    Attributes
    ----------
    target : (C, H, W) uint8
        The picture, as the model wants its images.
    found : Found
        The z, and what it decodes to.
    """

    target: images.Pixels
    found: Found


@explaining_device("cpu", field="CHECKPOINT")
def project(
    path: Path, picture: Path, seed: int, file: ModelFile | None = None, seconds: float = PATIENCE
) -> Projected:
    """Find the z of a picture, by a checkpoint's averaged generator if it has one.

    Parameters
    ----------
    path : Path
        The checkpoint.
    picture : Path
        The picture, of any size and colours.
    seed : int
        Of the latents that the search begins with.
    file : ModelFile, optional
        What makes the checkpoint's networks, if a file does; it is run.
    seconds : float
        Of a processor, after which the best so far is the answer.
    """
    content, snapshot = _opened(path, file)
    digit = checkpoint.config_of(content, path).dataset in DIGITS
    target = pictures.read(picture, snapshot.architecture.image_shape, digit=digit)
    with shown("Looking for z") as work:
        found = invert(snapshot, target, seed=seed, seconds=seconds, work=work)
    return Projected(target=target, found=found)


def write_projected(projected: Projected, out: Path) -> None:
    """Write z.npy and project.png, the picture beside what was found, into the folder `out`.

    Raises
    ------
    StudioError
        ``cannot-write`` or ``disk-full``.
    """
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
    images.save_npy(projected.found.z, out / "z.npy")
    pair = np.stack([projected.target, projected.found.image])
    images.save_png(images.enlarged(images.grid(pair, 2)), out / "project.png")
