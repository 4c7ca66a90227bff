"""A generator as ONNX, for whatever draws without PyTorch: z in, images in [0, 1] out."""

import warnings
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor, nn

from ganstudio.atomic import replacing
from ganstudio.errors import StudioError, writing
from ganstudio.latent.networks import Range, build
from ganstudio.latent.snapshot import Snapshot

SUFFIX = ".onnx"
_EXAMPLE = 2  # z to trace it by: one is no batch to some layers


class _Drawing(nn.Module):
    """G, and its shades as 0 (black) to 1 (white)."""

    def __init__(self, G: nn.Module, output_range: Range) -> None:
        super().__init__()
        self.G = G
        self._low, self._high = output_range

    def forward(self, z: Tensor) -> Tensor:
        shades: Tensor = (self.G(z) - self._low) / (self._high - self._low)
        return shades.clamp(0.0, 1.0)


def check() -> None:
    """Raise ``no-onnx`` unless the package is there that it takes."""
    if find_spec("onnx") is None:
        raise StudioError("no-onnx")


def write(snapshot: Snapshot, path: Path) -> None:
    """Write the averaged generator, where there is one, or else the latest.

    The file has an input ``z``, (N, latent_dim) float32, laid out as in `snapshot.latent`, and an
    output ``images``, (N, C, H, W) float32 in [0, 1]; N is any number.

    Raises
    ------
    StudioError
        ``no-onnx``; ``not-as-onnx`` for what a person's networks do and ONNX does not know;
        ``cannot-write`` or ``disk-full``, naming the file.
    """
    check()
    networks = build(snapshot.architecture)
    networks.G.load_state_dict(snapshot.generator(averaged=True))
    drawing = _Drawing(networks.G, networks.output_range).eval().requires_grad_(False)
    z, any_number = torch.zeros(_EXAMPLE, snapshot.latent.dim), {0: "N"}
    with writing(path), TemporaryDirectory() as place:
        made = Path(place, path.name)
        try:
            # of its two ways the one that takes a quarter of a second, and is called legacy
            with warnings.catch_warnings(action="ignore"):
                torch.onnx.export(
                    drawing,
                    (z,),
                    str(made),
                    dynamo=False,
                    input_names=["z"],
                    output_names=["images"],
                    dynamic_axes={"z": any_number, "images": any_number},
                )
        except OSError:  # there is no space for it
            raise
        except Exception as error:  # whatever a person's code may lead to
            detail = next(iter(str(error).splitlines()), type(error).__name__)[:200]
            raise StudioError("not-as-onnx", detail=detail) from error
        with replacing(path) as file:
            file.write(made.read_bytes())
