"""Images as arrays: grids of them, and files of them."""

import io
import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganstudio.atomic import replacing

Pixels = NDArray[np.uint8]


def columns_for(n: int) -> int:
    """Return how many columns a grid of `n` images has: as square as can be."""
    return max(1, math.ceil(math.sqrt(n)))


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
    picture = Image.fromarray(sheet[:, :, 0] if sheet.shape[2] == 1 else sheet)
    with replacing(path) as file:
        picture.save(file, format="PNG")


def save_npy(images: Pixels, path: Path) -> None:
    """Write images as .npy."""
    buffer = io.BytesIO()  # numpy would not say why a file takes no more
    np.save(buffer, images)
    with replacing(path) as file:
        file.write(buffer.getbuffer())
