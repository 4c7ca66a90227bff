"""The device that training runs on."""

import torch

from ganstudio.errors import device_missing


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
