"""The device that training runs on, and what it computes in there."""

from typing import Any

import torch

from ganstudio.errors import device_missing
from ganstudio.training.half import BFLOAT16, FLOAT32


def available() -> tuple[str, ...]:
    """Return the devices of this computer, the best first: CUDA, MPS, then the CPU."""
    found = ["cuda"] if torch.cuda.is_available() else []
    found += [f"cuda:{i}" for i in range(torch.cuda.device_count())] if len(found) else []
    found += ["mps"] if torch.backends.mps.is_available() else []
    return (*found, "cpu")


def choose(name: str = "auto") -> torch.device:
    """Return the device called `name`; ``auto`` is the best there is.

    Raises
    ------
    ConfigError
        ``device-missing``, with the devices that are there.
    """
    known = available()
    if name == "auto":
        return torch.device(known[0])
    if name not in known:
        raise device_missing(name, known)
    return torch.device(name)


def places() -> tuple[str, ...]:
    """Return what `place` takes: the devices, and the CPU in bfloat16 where it is fast in that."""
    reduced = (called(torch.device("cpu"), BFLOAT16),) if _cpu_knows_bfloat16() else ()
    return (*available(), *reduced)


def place(name: str = "auto") -> tuple[torch.device, str]:
    """Return the device and the precision that `called` has named.

    Raises
    ------
    ConfigError
        As `choose`.
    """
    device, _, precision = name.partition(" ")
    return choose(device), precision or FLOAT32


def called(device: torch.device, precision: str) -> str:
    """Name a device and what is computed in, which goes without saying if it is float32."""
    return str(device) if precision == FLOAT32 else f"{device} {precision}"


def _cpu_knows_bfloat16() -> bool:
    """Tell whether the processor multiplies in bfloat16 itself; others are slower by it."""
    capabilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
