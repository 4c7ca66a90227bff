"""What networks a recipe trains: their description, building them, and asking D's opinion."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import TypeGuard

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from ganstudio import model_file, parts
from ganstudio.errors import StudioError
from ganstudio.latent.spec import LatentSpec

Range = tuple[float, float]
# torch's own: whoever builds networks, or trains layers that draw, has it alone
GLOBAL_GENERATOR = threading.RLock()
_ACTIVATIONS = (nn.GELU, nn.LeakyReLU, nn.ReLU, nn.Sigmoid, nn.Tanh)
_EACH_ALONE = (
    *(nn.Linear, nn.Conv2d, nn.ConvTranspose2d),
    *(*_ACTIVATIONS, nn.PixelShuffle, nn.PixelUnshuffle),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Architecture:
    """What it takes to build a recipe's networks again.

    Attributes
    ----------
    model : str
        Name of the model, or path of the file that defines it.
    model_sha256 : str
        Of that file, which must have run; "" for a built-in model.
    latent : LatentSpec
        What z consists of. A class part makes D conditional, codes give it more outputs.
    image_shape : (int, int, int)
        Channels, height and width.
    spectral_norm : bool
        Whether D's weights are divided by their largest singular value (Miyato et al. 2018,
        arXiv 1802.05957).
    """

    model: str
    model_sha256: str = ""
    latent: LatentSpec
    image_shape: tuple[int, int, int]
    spectral_norm: bool = False

    @property
    def module(self) -> ModuleType:
        """What defines the networks, as `ganstudio.models` describes it."""
        if not self.model_sha256:
            return parts.load(parts.MODEL, self.model)
        module = model_file.module(self.model_sha256)
        if module is None:
            raise StudioError("model-file-needed", file=self.model)
        return module


@dataclass(frozen=True, kw_only=True, slots=True)
class Networks:
    """A generator, its discriminator and, in an autoencoder, the encoder.

    Attributes
    ----------
    G, D, E : nn.Module
        As `ganstudio.models` describes them.
    output_range : (float, float)
        The range that G draws in.
    """

    G: nn.Module
    D: nn.Module
    E: nn.Module | None
    output_range: Range


def build(architecture: Architecture) -> Networks:
    """Build the networks, their weights drawn from torch's global generator."""
    with GLOBAL_GENERATOR:
        return _built(architecture)


@contextmanager
def drawing_from(seed: int, device: torch.device) -> Iterator[None]:
    """Have torch's global generators, and a device's, draw by a seed; then go on as before."""
    devices = [device] if device.type == "cuda" else []
    with GLOBAL_GENERATOR, torch.random.fork_rng(devices):
        torch.manual_seed(seed)
        yield


def _built(architecture: Architecture) -> Networks:
    module = architecture.module
    latent, shape = architecture.latent, architecture.image_shape
    autoencoder = hasattr(module, "encoder")
    G = _made(architecture, "generator", latent.dim, shape)
    judged = (latent.dim,) if autoencoder else (shape[0] + latent.classes, *shape[1:])
    D = _made(architecture, "discriminator", judged, 1 + latent.code_outputs)
    if architecture.spectral_norm:
        for layer in D.modules():
            if isinstance(layer, nn.Linear | nn.Conv2d):
                spectral_norm(layer)
    E = _made(architecture, "encoder", latent.dim, shape) if autoencoder else None
    return Networks(G=G, D=D, E=E, output_range=module.OUTPUT_RANGE)


def _made(architecture: Architecture, function: str, *arguments: object) -> nn.Module:
    """Return what a function of the model's module makes; a file is told what it does wrong."""
    make = getattr(architecture.module, function)
    if not architecture.model_sha256:
        net: nn.Module = make(*arguments)
        return net
    call = f"{function}{arguments}"
    with model_file.blaming(architecture.model, call):
        net = make(*arguments)
    if not isinstance(net, nn.Module):
        raise model_file.bad(architecture.model, "no-network", what=call, found=type(net).__name__)
    return net


def with_classes(images: Tensor, classes: Tensor | None) -> Tensor:
    """Return what a conditional D sees: images with a map for each class beside their channels.

    Parameters
    ----------
    images : (N, C, H, W)
        Images.
    classes : (N, classes) or None
        One-hot; None for a D that is not conditional.
    """
    if classes is None:
        return images
    maps = classes[:, :, None, None].expand(-1, -1, *images.shape[2:])
    return torch.cat([images, maps], dim=1)


def each_alone(net: nn.Module) -> bool:
    """Tell whether what a net makes of a sample is known not to depend on the others of its batch.

    Then batches may go through it together, which takes less time. BatchNorm mixes them, spectral
    norm counts the passes, and of other modules nothing is known.
    """
    layers = (module for module in net.modules() if type(module) is not nn.Sequential)
    return all(map(_is_alone, layers)) and not hooked(net)


def _is_alone(layer: nn.Module) -> bool:
    if type(layer) is nn.Flatten:
        return layer.start_dim >= 1
    if type(layer) is nn.Unflatten:
        return layer.dim == 1
    return type(layer) in _EACH_ALONE


def fully_connected(net: nn.Module) -> TypeGuard[nn.Sequential]:
    """Tell whether a net is linear layers with an activation after each, and a shape in the end."""
    if type(net) is not nn.Sequential or not each_alone(net):
        return False
    layers = list(net)
    if layers and type(layers[-1]) is nn.Unflatten:
        layers.pop()
    linear = all(type(layer) is nn.Linear for layer in layers[::2])
    between = all(type(layer) in _ACTIVATIONS for layer in layers[1::2])
    return linear and between and len(layers) > 0 and len(layers) % 2 == 0


def tied(net: nn.Module, other: nn.Module) -> bool:
    """Tell whether two nets share weights: then what moves one of them moves the other."""
    own = {id(weight) for weight in net.parameters()}
    return any(id(weight) in own for weight in other.parameters())


def hooked(net: nn.Module) -> bool:
    """Tell whether more is done in a pass, forth or back, than the layers say, as by weight norms.

    So it is by a `forward` of a layer's own.
    """
    kinds = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    hooks = any(getattr(module, kind) for module in net.modules() for kind in kinds)
    return hooks or any("forward" in vars(module) for module in net.modules())


def to_range(images: Tensor, low: float, high: float) -> Tensor:
    """Return uint8 images as float32 in [low, high]."""
    return images.to(torch.float32).mul_((high - low) / 255).add_(low)


def lay_channels_last(net: nn.Module) -> None:
    """Lay the weights of 2-D convolutions as a CPU takes less time for them.

    What they make lies so as well, which the code of a model file need not be ready for.
    """
    for weight in net.parameters():
        if weight.dim() == 4:
            # `contiguous` would leave weights of one channel as they are, and what they make too
            laid = torch.empty_like(weight.data, memory_format=torch.channels_last)
            weight.data = laid.copy_(weight.data)
