"""Parts that a recipe is made of (models, objectives, datasets …), found by their file names.

A part is one module in a package of its kind: ``training/objectives/non_saturating.py`` is the
objective ``non-saturating``. Listing the names imports nothing, so the window can offer them
before torch loads.
"""

import importlib
import pkgutil
from functools import cache
from pathlib import Path
from types import ModuleType

from ganstudio.errors import unknown_name

MODEL = "ganstudio.models"
OBJECTIVE = "ganstudio.training.objectives"
DATASET = "ganstudio.data.sources"


@cache
def names(package: str) -> tuple[str, ...]:
    """Return the names of a package's parts, sorted; modules that begin with ``_`` are none."""
    folder = Path(__file__).parent.joinpath(*package.split(".")[1:])
    found = (module.name for module in pkgutil.iter_modules([str(folder)]))
    return tuple(sorted(name.replace("_", "-") for name in found if not name.startswith("_")))


def load(package: str, name: str) -> ModuleType:
    """Import the part `name` of `package`.

    Raises
    ------
    ConfigError
        ``unknown-name``, with the nearest name, if there is none.
    """
    if name not in names(package):
        raise unknown_name(package.rsplit(".", 1)[-1].rstrip("s"), name, names(package))
    return importlib.import_module(f"{package}.{name.replace('-', '_')}")
