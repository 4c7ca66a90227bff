"""Which parts of a recipe do not go together, and why."""

from collections.abc import Iterator
from types import ModuleType

from ganstudio.config import Config
from ganstudio.data.dataset import Dataset
from ganstudio.errors import ConfigError, Phrase

MOST_CLASSES = 100  # D sees a map for each beside the image, and the window has a button for each


def check(config: Config, dataset: Dataset, module: ModuleType) -> None:
    """Refuse a recipe that cannot be trained; `module` is the one of its model.

    Raises
    ------
    ConfigError
        ``cannot-combine``, naming both settings and the reason.
    """
    for field, other, reason in _conflicts(config, dataset, module):
        raise ConfigError("cannot-combine", field=field, other=other, reason=reason)


def _conflicts(
    config: Config, dataset: Dataset, module: ModuleType
) -> Iterator[tuple[str, str, Phrase]]:
    """Give pairs of settings that do not go together, the first as its name alone."""
    model = f"model = {config.model}"
    _, height, width = dataset.image_shape
    if hasattr(module, "encoder"):
        for field in ("conditional", "code_choices", "continuous_codes", "translation"):
            if getattr(config, field):
                yield field, model, Phrase("judges-codes")
    sides = getattr(module, "SIDES", 1)
    if height % sides or width % sides:
        reason = Phrase("wrong-sides", sides=sides, size=f"{width}×{height}")
        yield "image_size", model, reason
    if config.conditional and dataset.classes < 2:
        yield "conditional", f"dataset = {config.dataset}", Phrase("no-classes")
    if config.conditional and dataset.classes > MOST_CLASSES:
        reason = Phrase("many-classes", found=dataset.classes, most=MOST_CLASSES)
        yield "conditional", f"dataset = {config.dataset}", reason
    if config.weight_clip and config.spectral_norm:
        yield "weight_clip", "spectral_norm", Phrase("divided-weights")
    if config.code_choices == 1:
        yield "code_choices", "1", Phrase("no-choice-of-one")
    if config.batch_size == 1 and getattr(module, "BATCH_NORM", False):
        yield "batch_size", model, Phrase("batch-norm")
