"""What an experiment is: one frozen dataclass, in and out of TOML.

`Config` is the single list of settings. The command line's ``--set``, preset files, checkpoints
and the window's Experiment panel all take names, ranges and choices from its fields.
"""

import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import Field, asdict, dataclass, field, fields, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import tomli_w
from platformdirs import user_config_path

from ganstudio import parts
from ganstudio.atomic import replacing
from ganstudio.errors import ConfigError, Phrase, StudioError, reading, unknown_name
from ganstudio.model_file import is_model_file
from ganstudio.resources import resource


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """What one field of `Config` accepts.

    Attributes
    ----------
    low, high : float
        The range of a number, both ends included.
    choices : tuple of str
        The names that a text field accepts; empty for numbers and switches.
    file : bool
        Whether the path of a model file is accepted beside the choices.
    switch : bool
        Whether it is on or off.
    live : bool
        Whether a running training takes the change between two steps. The others need a new run.
    """

    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()
    file: bool = False
    switch: bool = False
    live: bool = False


def _number(default: float, low: float, high: float, *, live: bool = False) -> Any:
    return field(default=default, metadata={"setting": Setting(low=low, high=high, live=live)})


def _choice(default: str, choices: tuple[str, ...], *, file: bool = False) -> Any:
    return field(default=default, metadata={"setting": Setting(choices=choices, file=file)})


def _switch() -> Any:
    return field(default=False, metadata={"setting": Setting(switch=True)})


ORDERS = ("d-first", "d-first-shared", "g-first-shared", "simultaneous")
"""The order of updates in a step: D first and G on fresh noise; D first and G scores the same fakes
again; G first and D on the same fakes; both gradients from one forward pass, then both updates."""

DATA_RANGES = ("generator", "[-1, 1]", "[0, 1]")
"""The range of real images: G's own, or a fixed one, which D can tell from another by itself."""

AUTOENCODERS = ("aae",)
"""The models with an encoder, whose D judges codes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Config:
    """Every setting of an experiment. The defaults are the preset ``studio``.

    Raises
    ------
    ConfigError
        On creation, for a wrong value: it carries the field, the value and what was allowed.
    """

    dataset: str = _choice("mnist", parts.names(parts.DATASET))
    seed: int = _number(0, 0, 2**31 - 1)
    batch_size: int = _number(64, 1, 8192)  # images
    epochs: int = _number(60, 0, 100_000)  # length of the recipe; 0 = without end

    train_images: int = _number(0, 0, 10_000_000)  # so many, drawn by the seed; 0 = all
    image_size: int = _number(0, 0, 256)  # pixels a side; 0 = as the dataset has them
    data_range: str = _choice("generator", DATA_RANGES)  # of the real images that D sees

    model: str = _choice("conv-small", parts.names(parts.MODEL), file=True)
    latent_dim: int = _number(16, 1, 1024)
    prior: str = _choice("normal", ("normal", "uniform"))  # N(0, 1) or U(-1, 1)
    conditional: bool = _switch()  # G draws, and D is told, a class (Mirza and Osindero 2014)
    code_choices: int = _number(0, 0, 100)  # of InfoGAN's categorical code; 0 = no such code
    continuous_codes: int = _number(0, 0, 16)  # InfoGAN's uniform codes
    info_weight: float = _number(1.0, 0.0, 100.0)  # lambda, the weight of finding the codes again

    objective: str = _choice("non-saturating", parts.names(parts.OBJECTIVE))
    d_total: str = _choice("sum", ("sum", "mean"))  # D minimises real + fake, or half of it
    adversarial_share: float = _number(0.001, 0.0, 1.0)  # of an autoencoder's loss; L1 the rest
    r1: float = _number(0.3, 0.0, 10_000.0)  # gamma, D's squared gradient at real images
    r2: float = _number(0.0, 0.0, 10_000.0)  # the same at generated ones
    gradient_penalty: float = _number(0.0, 0.0, 10_000.0)  # lambda, D's gradient off 1 in between
    penalty_every: int = _number(8, 1, 1000)  # D updates between two penalties, as many times each
    weight_clip: float = _number(0.0, 0.0, 100.0)  # D's weights are kept within ±this; 0 = free
    spectral_norm: bool = _switch()  # of D's layers
    instance_noise: float = _number(0.0, 0.0, 10.0)  # standard deviation on all that D sees
    translation: float = _number(0.0, 0.0, 0.5)  # all that D sees shifts by up to this share

    order: str = _choice("d-first-shared", ORDERS)
    d_steps: int = _number(1, 0, 100, live=True)  # k, D updates per step
    g_lr: float = _number(2e-3, 0.0, 1.0, live=True)
    d_lr: float = _number(2e-3, 0.0, 1.0, live=True)
    beta1: float = _number(0.0, 0.0, 0.9999)
    beta2: float = _number(0.9, 0.0, 0.999999)
    lr_constant_steps: int = _number(3000, 0, 10_000_000)  # then they fall as 1/√step; 0 = never
    weight_decay: float = _number(0.0, 0.0, 1.0)
    ema_decay: float = _number(0.9985, 0.0, 0.99999)  # per step; 0 = no averaged generator

    def __post_init__(self) -> None:
        for item in fields(self):
            value = _checked(item, getattr(self, item.name))
            object.__setattr__(self, item.name, value)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings by name, as plain values."""
        return asdict(self)

    @property
    def model_name(self) -> str:
        """What to call the model: a file by its name alone."""
        return Path(self.model).stem if is_model_file(self.model) else self.model

    def changed(self, /, **changes: object) -> "Config":
        """Return a copy with some settings changed.

        Raises
        ------
        ConfigError
            ``unknown-field`` with the nearest name, or what `Config` raises for a value.
        """
        for name in changes:
            setting(name)
        return replace(self, **changes)  # type: ignore[arg-type]  # __post_init__ checks the values


SETTINGS: dict[str, Setting] = {item.name: item.metadata["setting"] for item in fields(Config)}
SHAPING = (  # settings that decide what the networks are, and z
    *("dataset", "image_size", "model", "latent_dim", "prior", "conditional"),
    *("code_choices", "continuous_codes", "spectral_norm"),
)
PERSONAL = ("seed", "dataset")  # settings that a preset leaves as they are
LIVE = tuple(name for name, item in SETTINGS.items() if item.live)
PRECISIONS = ("float32", "bfloat16")  # that networks can compute in; no setting of a recipe


def setting(name: str) -> Setting:
    """Return what the setting `name` accepts; ``unknown-field`` if there is none of that name."""
    if name not in SETTINGS:
        raise unknown_name("setting", name, SETTINGS)
    return SETTINGS[name]


def parse(name: str, text: str) -> Any:
    """Return `text`, as a person typed it, as a valid value of the setting `name`."""
    setting(name)
    item = next(item for item in fields(Config) if item.name == name)
    return _checked(item, text.strip())


def parse_assignment(text: str) -> tuple[str, Any]:
    """Return name and value of ``"name=value"``, as ``--set`` takes it."""
    name, equals, value = text.partition("=")
    if not equals:
        raise ConfigError("not-an-assignment", text=text)
    return name.strip(), parse(name.strip(), value)


def _checked(item: Field[Any], value: Any) -> Any:
    """Return `value` in the type of the field, or raise with field, value and what was allowed."""
    allowed: Setting = item.metadata["setting"]
    if allowed.choices:
        if allowed.file and isinstance(value, str) and is_model_file(value):
            return value
        if value not in allowed.choices:
            raise unknown_name(item.name, str(value), allowed.choices)
        return value
    if allowed.switch:
        return _as_switch(item.name, value)
    whole = item.type is int
    expected = Phrase("whole-number" if whole else "number")
    try:
        if isinstance(value, bool):
            raise ValueError
        number = float(value)
        if math.isnan(number) or (whole and number != int(number)):
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise ConfigError("not-a-number", field=item.name, value=value, expected=expected) from None
    if not allowed.low <= number <= allowed.high:
        raise ConfigError(
            "out-of-range",
            field=item.name,
            value=f"{number:.15g}",
            low=f"{allowed.low:g}",
            high=f"{allowed.high:.10g}",
        )
    return int(number) if whole else number


_SWITCH = {"true": True, "on": True, "yes": True, "false": False, "off": False, "no": False}


def _as_switch(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if str(value).lower() not in _SWITCH:
        raise ConfigError("not-a-switch", field=name, value=value)
    return _SWITCH[str(value).lower()]


@dataclass(frozen=True, kw_only=True, slots=True)
class Preset:
    """A recipe with a name: the settings and what to know about them.

    Attributes
    ----------
    name, title : str
        How files and commands call it, and how people do.
    description : str
        What it is, what to expect of it, and the source it comes from.
    own : bool
        Whether it is the person's own; the others are built in.
    config : Config
        Its settings; repaired, where the published ones have a flaw.
    published : Config or None
        Its settings as published, where they differ.
    difference : str
        What differs, and why.
    group : str
        The group that it is listed in, after those that are in none: those broken on purpose.
    """

    name: str
    title: str
    description: str
    config: Config
    published: Config | None
    difference: str
    own: bool = False
    group: str = ""

    def form(self, *, published: bool) -> Config:
        """Return the settings as published, where that differs, or repaired."""
        return self.published if published and self.published else self.config


@cache
def built_in_presets() -> tuple[str, ...]:
    """Return the names of the presets that come with the studio.

    ``studio`` comes first, those of a group last.
    """
    found = [_built_in(path.stem) for path in sorted(resource("presets").glob("*.toml"))]
    found.sort(key=lambda preset: (preset.group, preset.name != "studio"))
    return tuple(preset.name for preset in found)


def own_folder() -> Path:
    """Return the folder of the person's own presets, which may not exist yet."""
    return user_config_path("ganstudio", appauthor=False) / "presets"


def own_presets() -> tuple[dict[str, Preset], list[StudioError]]:
    """Return the person's own presets by name, and what is wrong with those that are damaged."""
    sound, damaged = {}, []
    for path in sorted(own_folder().glob("*.toml")):
        try:
            if path.stem in built_in_presets():
                raise ConfigError("preset-name-taken", path=path, name=path.stem)
            sound[path.stem] = read_preset(path)
        except StudioError as error:
            damaged.append(error)
    return sound, damaged


def preset_names() -> tuple[str, ...]:
    """Return the names of all presets, ``studio`` first and the person's own last."""
    return (*built_in_presets(), *own_presets()[0])


def load_preset(name: str) -> Preset:
    """Return a preset; ``unknown-name`` with the nearest name if there is none.

    Raises
    ------
    StudioError
        As `read_preset`, for a file of the person's own that is damaged.
    """
    if name in built_in_presets():
        return _built_in(name)
    path = own_folder() / f"{name}.toml"
    if path.parent != own_folder() or not path.exists():
        raise unknown_name("preset", name, preset_names())
    return read_preset(path)


def read_preset(path: Path) -> Preset:
    """Return the preset in a file; one without ``[about]`` is called as its file is.

    Raises
    ------
    StudioError
        ``cannot-read``, ``not-toml`` or ``bad-preset``, naming the file.
    """
    with reading(path):
        state = path.stat()
    return _own(path, state.st_mtime_ns, state.st_size)


@cache
def _built_in(name: str) -> Preset:
    return _preset(name, _read_toml(resource(f"presets/{name}.toml")), own=False)


@lru_cache(maxsize=256)
def _own(path: Path, _changed: int, _size: int) -> Preset:
    """Read the file once until it changes."""
    table = _read_toml(path)
    try:
        return _preset(path.stem, table, own=True)
    except ConfigError as error:
        raise ConfigError("bad-preset", path=path, detail=error) from None
    except (AttributeError, TypeError, ValueError):
        raise ConfigError("bad-preset", path=path, detail=Phrase("bad-tables")) from None


def _preset(name: str, table: dict[str, Any], *, own: bool) -> Preset:
    table = dict(table)
    about, published = dict(table.pop("about", {})), table.pop("published", None)
    config = from_mapping(table)
    return Preset(
        name=name,
        title=str(about.get("title", name)),
        description=str(about.get("description", "")),
        config=config,
        published=config.changed(**published) if published is not None else None,
        difference=str(about.get("difference", "")),
        own=own,
        group=str(about.get("group", "")),
    )


def _forms() -> Iterator[tuple[tuple[str, bool], dict[str, Any]]]:
    """Give each preset's forms with what makes them: its settings, but not the personal ones."""
    own = own_presets()[0].values()
    for preset in (*map(_built_in, built_in_presets()), *own):
        for published in (False, True) if preset.published else (False,):
            yield (preset.name, published), recipe(preset.form(published=published))


@lru_cache(maxsize=256)
def recipe(config: Config) -> dict[str, Any]:
    """Return what a preset says: all settings but the personal ones."""
    return {name: value for name, value in config.to_dict().items() if name not in PERSONAL}


def form_of(settings: Mapping[str, Any], prefer: str = "") -> tuple[str, bool] | None:
    """Return the preset whose settings these are, the personal ones aside, and if as published.

    Of several with the same settings, it is the one called `prefer`, or else the first.
    """
    found = [form for form, recipe in _forms() if recipe.items() <= settings.items()]
    return min(found, key=lambda form: form[0] != prefer, default=None)


def preset_of(settings: Mapping[str, Any]) -> str | None:
    """Return the name of the preset whose settings these are in any of its forms."""
    form = form_of(settings)
    return form[0] if form else None


def recipe_name(config: Config) -> str:
    """Return what to call a recipe: as the preset that differs least, or as its model.

    A preset may differ in live settings only.
    """
    settings = config.to_dict()
    near = []
    for (name, _), recipe in _forms():
        differing = {key for key, value in recipe.items() if settings[key] != value}
        if differing <= set(LIVE):
            near.append((len(differing), name))
    return min(near, key=lambda found: found[0], default=(0, config.model_name))[1]


def rates_fallen(constant: int, step: int) -> float:
    """Return what is left of the learning rates at a step, as a share of those of the first.

    They are constant for so many steps, for ever where that is 0, and then fall as 1/√step (Karras
    et al. 2024, arXiv 2312.02696), by which the weights settle, however long the run goes on.
    """
    return math.sqrt(constant / step) if constant and step > constant else 1.0


def from_mapping(table: Mapping[str, Any]) -> Config:
    """Return the settings in `table`; what it leaves out keeps its default."""
    return Config().changed(**_renamed(table))


def _renamed(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings under their present names: version 1 had one regulariser and its weight."""
    table = dict(table)
    if "regulariser" in table:
        weight = table.pop("penalty", 0.0)
        table["r1"] = weight if table.pop("regulariser") == "r1" else 0.0
    return table


def load_config(path: Path) -> Config:
    """Read a TOML file as `save_config` writes it, or a preset file.

    Raises
    ------
    StudioError
        ``cannot-read`` or ``not-toml``, naming the file; `ConfigError` for a setting.
    """
    table = _read_toml(path)
    for name in ("about", "published"):
        table.pop(name, None)
    return from_mapping(table)


def save_config(config: Config, path: Path) -> None:
    """Write `config` as TOML, every setting in it."""
    with replacing(path) as file:
        file.write(tomli_w.dumps(config.to_dict()).encode())


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        with reading(path):
            return tomllib.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # also of absurd numbers and nesting
        raise ConfigError("not-toml", field="config", path=path, detail=error) from None
