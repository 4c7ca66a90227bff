"""Pictures of any kind, as a model wants its images."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ganstudio.errors import Phrase, StudioError, reading

if TYPE_CHECKING:
    from PIL.Image import Image  # imported where it is used: the window lists what is beside this

Pixels = NDArray[np.uint8]

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")

BOX = 20 / 28  # of the side: an MNIST digit fits into it, its ink around the middle
_INK = 32  # shades: what differs less is blank
_EDGE = 0.1  # of the brightest shade: what is darker is no stroke's
_GRAINS = 4  # times as much as paper differs from its middle shade: about all of it
_FINER = 10  # times as many pixels as an image's, on the page that it is drawn anew on
_LARGE = 2048  # px a side, about, to which much larger ones are made smaller before all else
_MOST = 16_384  # px a side: what is larger is no picture of one thing


def read(path: Path, shape: tuple[int, int, int], *, digit: bool) -> Pixels:
    """Read a picture as an image of a model.

    Parameters
    ----------
    path : Path
        A picture of any size, depth and colours.
    shape : (C, H, W)
        Of the model's images.
    digit : bool
        Whether those are digits in MNIST's manner: what is drawn is made white on black, and unless
        it has the model's size already, fitted and centred as MNIST's are.

    Returns
    -------
    (C, H, W) uint8

    Raises
    ------
    StudioError
        ``cannot-read``, ``not-a-picture`` or ``blank-picture``, naming the file.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    channels, height, width = shape
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # _MOST bounds it, too
    with reading(path), path.open("rb"):
        pass
    try:
        with Image.open(path) as file:
            if max(file.size) > _MOST:
                size = "×".join(map(str, file.size))
                detail = Phrase("huge-picture", size=size, most=_MOST)
                raise StudioError("not-a-picture", path=path, detail=detail)
            if file.format == "TIFF" and file.mode in ("I", "F"):  # no range is common to them
                raise StudioError("not-a-picture", path=path, detail=Phrase("depth-of-picture"))
            opened = ImageOps.exif_transpose(_smaller(file))
            picture = rgb(opened)
            if _is_blank(_grey(picture)):  # light ink on nothing
                picture = rgb(opened, "black")
    except StudioError:
        raise
    except UnidentifiedImageError:
        kinds = ", ".join(sorted(suffix.removeprefix(".").upper() for suffix in SUFFIXES))
        detail = Phrase("unknown-kind-of-picture", kinds=kinds)
        raise StudioError("not-a-picture", path=path, detail=detail) from None
    except Image.DecompressionBombError:
        raise StudioError("not-a-picture", path=path, detail=Phrase("vast-picture")) from None
    except Exception as error:  # a damaged file makes Pillow raise anything
        told = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise StudioError("not-a-picture", path=path, detail=told) from None
    if digit:
        grey = _grey(picture)
        if _is_blank(grey):  # unless it is drawn in another colour, as bright as the paper
            grey = _told_by_colour(np.asarray(picture))
        if _is_blank(grey):
            raise StudioError("blank-picture", path=path)
        grey = white_on_black(grey)
        image = grey if grey.shape == (height, width) else as_digit(without_paper(grey), height)
        return image[None]
    edge = min(picture.size)
    left, top = (picture.width - edge) / 2, (picture.height - edge) / 2
    box = (left, top, left + edge, top + edge)
    small = picture.resize((width, height), Image.Resampling.BILINEAR, box)
    mode = "L" if channels == 1 else "RGB"
    pixels = np.asarray(small.convert(mode)).reshape(height, width, channels)
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def white_on_black(grey: Pixels) -> Pixels:
    """Return a picture (H, W) whose edge is dark: inverted, if it was light."""
    return 255 - grey if np.median(_edge(grey)) > 127 else grey


def without_paper(grey: Pixels) -> Pixels:
    """Return a picture (H, W), white on black, whose background is black and whose ink is white.

    What is hardly brighter than most of its edge is background: paper has grain, and photographs
    have shades.
    """
    edge, ink = _edge(grey).astype(np.float64), float(grey.max())
    middle = float(np.median(edge))
    grain = float(np.percentile(np.abs(edge - middle), 75))  # a stroke may reach the edge
    paper = min(middle + _GRAINS * grain, (middle + ink) / 2)
    if ink - paper < _INK:
        return grey
    stretched = (grey.astype(np.float64) - paper) * (255 / (ink - paper))
    flat: Pixels = np.rint(stretched.clip(0, 255)).astype(np.uint8)
    return flat


def _smaller(image: "Image") -> "Image":
    """Return a large picture made smaller by whole numbers, others as they are."""
    factor = max(image.size) // _LARGE
    if factor < 2:
        return image
    if image.mode in ("LA", "PA") or "transparency" in image.info:
        return image.convert("RGBA").reduce(factor)
    return (image if image.mode in ("L", "RGB", "RGBA") else rgb(image)).reduce(factor)


def _told_by_colour(picture: Pixels) -> Pixels:
    """Return a picture (H, W, 3) as shades along the line on which its colours differ most."""
    colours = picture.reshape(-1, 3).astype(np.float32)
    apart = colours - colours.mean(0)
    _, axes = np.linalg.eigh(apart.T @ apart)
    shades = (apart @ axes[:, -1]).reshape(picture.shape[:2])
    grey: Pixels = np.rint(shades - shades.min()).clip(0, 255).astype(np.uint8)
    return grey


def _edge(grey: Pixels) -> Pixels:
    return np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])


def _grey(picture: "Image") -> Pixels:
    return np.asarray(picture.convert("L"))


def _is_blank(grey: Pixels) -> bool:
    return bool(grey.max() - grey.min() < _INK)


@dataclass(frozen=True, eq=False, slots=True)
class Fitted:
    """A digit in MNIST's manner.

    Attributes
    ----------
    image : (side, side) uint8
        The digit.
    left, top, size : float
        Where its square lies on the page that it was drawn on, in the page's pixels.
    """

    image: Pixels
    left: float
    top: float
    size: float


def as_digit(grey: Pixels, side: int = 28) -> Pixels:
    """Return the image of `fitted`."""
    return fitted(grey, side).image


def fitted(grey: Pixels, side: int = 28) -> Fitted:
    """Fit what is drawn white on black, (H, W), into an image as MNIST's, (side, side).

    It is scaled with antialiasing so that it just fits into 20 of 28 pixels, and its centre of mass
    comes to the pixel right below the middle, as that of MNIST's digits does (LeCun et al., "The
    MNIST database of handwritten digits"). There must be something drawn.
    """
    from PIL import Image

    low, high = float(grey.min()), float(grey.max())
    ink = grey > low + _EDGE * (high - low)
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    drawn = grey[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = BOX * side / max(drawn.shape)
    height, width = (max(1, round(scale * length)) for length in drawn.shape)
    small = Image.fromarray(drawn).resize((width, height), Image.Resampling.BOX, reducing_gap=None)
    shades = np.asarray(small, np.float64)
    y, x = (
        (np.arange(length) * shades.sum(axis)).sum() / max(shades.sum(), 1)
        for length, axis in ((height, 1), (width, 0))
    )
    top = min(max(round(side / 2 - y), 0), side - height)
    left = min(max(round(side / 2 - x), 0), side - width)
    image = np.zeros((side, side), np.uint8)
    image[top : top + height, left : left + width] = np.rint(shades)
    x0, y0 = columns[0] - left / scale, rows[0] - top / scale
    return Fitted(image=image, left=float(x0), top=float(y0), size=side / scale)


def redrawn(image: Pixels, *, digit: bool) -> Pixels:
    """Return an image of a model, (C, H, W) uint8, as if somebody had drawn it on a page."""
    _, height, width = image.shape
    if image.max() == image.min():
        return image
    pages = [resized(channel, (_FINER * height, _FINER * width)) for channel in image]
    if digit:
        return np.stack([as_digit(page, height) for page in pages])
    return np.stack([resized(page, (height, width)) for page in pages])


def resized(grey: Pixels, size: tuple[int, int]) -> Pixels:
    """Return a picture (H, W) in another size (H, W), with antialiasing."""
    from PIL import Image

    height, width = size
    small = Image.fromarray(grey).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(small)


def rgb(image: "Image", behind: str = "white") -> "Image":
    """Return an image of any kind as RGB, 8 bits each; what is transparent shows what is behind."""
    from PIL import Image

    if image.mode.startswith("I"):  # 16 bits, which Pillow would clip
        values = np.asarray(image)
        image = Image.fromarray((np.clip(values, 0, 65535) >> 8).astype(np.uint8))
    if image.mode == "PA" or "A" in image.getbands() or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, behind), image)
    return image.convert("RGB")
