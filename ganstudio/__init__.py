"""GAN Studio: watch a GAN learn, steer it, look inside it, and keep what it made."""

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganstudio.training.run_writer import RunWriter

__all__ = ["RunWriter", "__version__"]
__version__ = "0.1.0"

# numpy's matrix products are small here, and after each one OpenBLAS's other threads would spin
# for 30 ms on the cores that train. Read when numpy is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def __getattr__(name: str) -> Any:
    """Import `RunWriter` where it is used: it needs torch, for which the window does not wait."""
    if name == "RunWriter":
        from ganstudio.training.run_writer import RunWriter

        return RunWriter
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
