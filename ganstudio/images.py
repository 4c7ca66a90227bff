"""Images as arrays: grids of them, and files of them."""

import io
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ganstudio.atomic import making, replacing
from ganstudio.errors import StudioError
from ganstudio.work import Work

Pixels = NDArray[np.uint8]

_SIDE = 224  # px, about: smaller images are enlarged by whole numbers
_LETTERS, _MARGIN = 12, 6  # px of the names beside a sheet
GIF_MOST = 50  # frames a second: faster ones players show at ten
_CRF = 16  # of x264: what it loses cannot be seen


def columns_for(n: int) -> int:
    """Return how many columns a grid of `n` images has: as square as can be."""
    return max(1, math.ceil(math.sqrt(n)))


def labelled(sheet: Pixels, names: Sequence[str]) -> Pixels:
    """Return a sheet with a name at the left of each of its rows, which are equally high."""
    font = ImageFont.load_default(_LETTERS)
    width = 2 * _MARGIN + math.ceil(max(font.getlength(name) for name in names))
    margin = Image.new("L", (width, sheet.shape[0]))
    draw = ImageDraw.Draw(margin)
    pitch = sheet.shape[0] / len(names)
    for i, name in enumerate(names):
        draw.text((_MARGIN, (i + 0.5) * pitch), name, 255, font, anchor="lm")
    shades = np.repeat(np.asarray(margin)[:, :, None], sheet.shape[2], axis=2)
    return np.concatenate([shades, sheet], axis=1)


def captioned(sheet: Pixels, text: str) -> Pixels:
    """Return a sheet with a line of text below, in its middle."""
    _, width, channels = sheet.shape
    font = ImageFont.load_default(_LETTERS)
    strip = Image.new("L", (width, _LETTERS + 2 * _MARGIN))
    ImageDraw.Draw(strip).text((width / 2, _MARGIN), text, 255, font, anchor="ma")
    shades = np.repeat(np.asarray(strip)[:, :, None], channels, axis=2)
    return np.concatenate([sheet, shades], axis=0)


def enlarged(sheet: Pixels) -> Pixels:
    """Return a sheet with every pixel as a square, so that it can be looked at."""
    factor = max(1, _SIDE // sheet.shape[0])
    return sheet.repeat(factor, axis=0).repeat(factor, axis=1)


def grid(images: Pixels, columns: int | None = None, gap: int = 2) -> Pixels:
    """Lay images out in rows.

    Parameters
    ----------
    images : (N, C, H, W) uint8
        Grey (C = 1) or RGB (C = 3).
    columns : int, optional
        Images in a row; by default as square as can be.
    gap : int
        Pixels between two images.

    Returns
    -------
    (rows, columns, C) uint8
        With a black gap between images, none around them.
    """
    n, channels, height, width = images.shape
    columns = columns or columns_for(n)
    rows = max(1, math.ceil(n / columns))
    shape = (rows * (height + gap) - gap, columns * (width + gap) - gap, channels)
    sheet = np.zeros(shape, np.uint8)
    for i, image in enumerate(images):
        y, x = (i // columns) * (height + gap), (i % columns) * (width + gap)
        sheet[y : y + height, x : x + width] = image.transpose(1, 2, 0)
    return sheet


def save_png(sheet: Pixels, path: Path) -> None:
    """Write a picture, (H, W, 1 or 3) uint8, as PNG."""
    with replacing(path) as file:
        _picture(sheet).save(file, format="PNG")


def save_folder(images: Pixels, folder: Path, work: Work | None = None) -> None:
    """Write images, (N, C, H, W) uint8, as a new folder of PNGs, the first 00000.png.

    Raises
    ------
    StudioError
        ``folder-not-empty``, ``cannot-write`` or ``disk-full``, naming the folder.
    Cancelled
        If `work` was; there is no folder then.
    """
    with making(folder) as made:
        for i, image in enumerate(_told(images, work)):
            _picture(image.transpose(1, 2, 0)).save(made / f"{i:05d}.png")


def _picture(sheet: Pixels) -> Image.Image:
    return Image.fromarray(sheet[:, :, 0] if sheet.shape[2] == 1 else sheet)


def save_gif(images: Pixels, path: Path, frames_a_second: float, work: Work | None = None) -> None:
    """Write images, (N, C, H, W) uint8, as a GIF that repeats, large enough to be seen.

    It counts in hundredths of a second: of 30 frames a second every third stays for one more.
    `frames_a_second` is `GIF_MOST` at most.

    Raises
    ------
    StudioError
        ``cannot-write`` or ``disk-full``, naming the file.
    Cancelled
        If `work` was; the file is as it was before.
    """
    ends = [round(100 * n / frames_a_second) for n in range(len(images) + 1)]
    pictures = map(_picture, _told(_frames(images), work))
    first = next(pictures)
    with replacing(path) as file:
        first.save(
            file,
            format="GIF",
            save_all=True,
            append_images=pictures,
            duration=[10 * (end - start) for start, end in pairwise(ends)],
            loop=0,
        )


def check_film(path: Path) -> None:
    """Refuse a `path` whose film cannot be written: ``no-video``, as MP4 needs PyAV."""
    if path.suffix.lower() == ".mp4" and find_spec("av") is None:
        raise StudioError("no-video", path=path)


def save_mp4(images: Pixels, path: Path, frames_a_second: float, work: Work | None = None) -> None:
    """Write images, (N, C, H, W) uint8, as a film (H.264) that any player plays.

    Raises
    ------
    StudioError
        ``no-video``, ``no-film``, ``cannot-write`` or ``disk-full``, naming the file.
    Cancelled
        If `work` was; the file is as it was before.
    """
    check_film(path)
    try:
        from av.error import FFmpegError
    except (ImportError, OSError) as error:  # a broken installation
        raise StudioError("no-film", path=path, detail=error) from None
    try:
        film = _encoded(_frames(images), frames_a_second, work)
    except (FFmpegError, ValueError) as error:  # a build without H.264 raises either
        raise StudioError("no-film", path=path, detail=error) from None
    with replacing(path) as file:
        file.write(film)


def _encoded(frames: Pixels, frames_a_second: float, work: Work | None) -> memoryview:
    """Return frames, (N, H, W, C), as an MP4 file."""
    import av

    _, height, width, channels = frames.shape
    film = io.BytesIO()
    with av.open(film, "w", format="mp4") as container:
        rate = Fraction(frames_a_second).limit_denominator(1000)
        stream = container.add_stream("libx264", rate, {"crf": str(_CRF)})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for frame in _told(frames, work):
            picture = np.ascontiguousarray(frame.repeat(3 // channels, axis=2))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    return film.getbuffer()


def _told(frames: Pixels, work: Work | None) -> Iterator[Pixels]:
    """Give frames, one after the other, and tell `work` how far that is."""
    for i, frame in enumerate(frames):
        if work is not None:
            work.at(i / len(frames))
        yield frame


def _frames(images: Pixels) -> Pixels:
    """Return images as large as a film's, (N, H, W, C), of even sides, as films must have."""
    _, _, height, width = images.shape
    scale = max(1, _SIDE // height)
    if scale * height % 2 or scale * width % 2:
        scale += 1
    return images.repeat(scale, axis=2).repeat(scale, axis=3).transpose(0, 2, 3, 1)


def save_npy(array: NDArray[Any], path: Path) -> None:
    """Write an array as .npy."""
    buffer = io.BytesIO()  # numpy would not say why a file takes no more
    np.save(buffer, array)
    with replacing(path) as file:
        file.write(buffer.getbuffer())
