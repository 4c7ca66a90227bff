"""Networks that anybody's program trains, as torch.export keeps them: without their code.

`export` makes a file of a network in evaluation mode, and `load` a module of that. Such a module
can be looked at, not trained: what layers do only while they train (dropout, BatchNorm's
statistics) is not in it.
"""

import hashlib
import io
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn

from ganstudio.errors import Phrase, StudioError, reading
from ganstudio.latent.fitted import Fitted, bare, blaming
from ganstudio.model_file import bad

_BEFORE = "graph.net."  # comes before what the network itself calls its weights


class Exported(nn.Module):
    """A network from a file, which knows no other mode than evaluation."""

    def __init__(self, graph: nn.Module) -> None:
        super().__init__()
        self.graph = graph

    def forward(self, x: Tensor) -> Tensor:
        """Return what the network makes of `x`, (N, ...)."""
        y: Tensor = self.graph(x)
        return y

    def train(self, mode: bool = True) -> Self:
        """Take note of the mode; what torch.export has kept stays as it is."""
        self.training = mode
        return self


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A network as torch.export keeps it.

    Attributes
    ----------
    file : bytes
        What `load` reads.
    names : tuple of str
        Of the weights and buffers that it needs.
    """

    file: bytes
    names: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """Of the file, 64 hexadecimal digits."""
        return hashlib.sha256(self.file).hexdigest()

    def state_of(self, net: nn.Module) -> dict[str, Tensor]:
        """Return the network's weights as they are now, on the CPU, for the module in the file.

        That computes in float32, whatever the network is trained in.
        """
        state = bare(net).state_dict()
        now = {name: state[name.removeprefix(_BEFORE)].detach() for name in self.names}
        return {
            name: value.to("cpu", torch.float32 if value.is_floating_point() else None, copy=True)
            for name, value in now.items()
        }


def export(name: str, net: Fitted, x: Tensor) -> Kept:
    """Keep a network.

    Parameters
    ----------
    name : str
        What to call it, for messages.
    net : Fitted
        The network.
    x : (N, ...) float32
        What it takes, for any N.

    Raises
    ------
    StudioError
        ``cannot-follow`` if torch.export cannot do it, or what it made is not the same.
    """
    x = torch.cat([x, x])  # of a single one torch.export would keep that it is single
    with blaming(name, "not-exported"), torch.no_grad():
        file = _exported(net, x)
        made = module_of(file)
        same = all(torch.allclose(made(part), net(part), atol=1e-4) for part in (x, x[:1]))
    names = tuple(made.state_dict())
    if not same or not set(names) <= {_BEFORE + name for name in net.net.state_dict()}:
        raise StudioError("cannot-follow", name=name, reason=Phrase("exported-otherwise"))
    return Kept(file=file, names=names)


def _exported(net: nn.Module, x: Tensor) -> bytes:
    export = partial(
        torch.export.export, net, (x,), dynamic_shapes=({0: torch.export.Dim("batch", min=1)},)
    )
    try:
        program = export(strict=False)
    except Exception:  # torch's two ways each know code that the other does not, as a batch's len()
        program = export(strict=True)
    file = io.BytesIO()
    torch.export.save(program, file)
    return file.getvalue()


def module_of(file: bytes) -> nn.Module:
    """Return a new module of what `export` returned."""
    return Exported(torch.export.load(io.BytesIO(file)).module())


def load(path: Path, sha256: str) -> nn.Module:
    """Return a new module of the network in a file: a graph of torch's operations, which is code.

    Raises
    ------
    StudioError
        ``cannot-read``; ``bad-model-file`` if its content is not the one of this SHA-256.
    """
    with reading(path):
        content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise bad(path, "other-networks-file")
    return module_of(content)


_MODEL_FILE = '''"""Networks that another program trains, as ganstudio.RunWriter has kept them.

They lie in the files beside this one, as torch.export writes them.
"""

from pathlib import Path

from ganstudio.latent.exported import load

OUTPUT_RANGE = {output_range}
TRAINABLE = False
SHA256 = {sha256}


def generator(latent_dim, image_shape):
    return load(Path(__file__).with_name("G.pt2"), SHA256["G"])


def discriminator(image_shape, outputs):
    return load(Path(__file__).with_name("D.pt2"), SHA256["D"])
'''


def model_file(G: Kept, D: Kept, output_range: tuple[int, int]) -> str:
    """Return the code of the model file for networks that lie beside it, in G.pt2 and D.pt2."""
    hashes = {"G": G.sha256, "D": D.sha256}
    return _MODEL_FILE.format(output_range=output_range, sha256=hashes)
