"""The person's own presets: one TOML file each in their config folder, which travels as it is."""

import re
from pathlib import Path

import tomli_w

from ganstudio.atomic import replacing
from ganstudio.config import Config, Preset, built_in_presets, own_folder, read_preset, recipe
from ganstudio.errors import ConfigError, reading, writing

_LONGEST = 80  # characters of a file's name
_RESERVED = ("con", "prn", "aux", "nul")  # which Windows keeps for itself


def name_for(title: str) -> str:
    """Return the name, and so the file's, of a preset with this title.

    Raises
    ------
    ConfigError
        ``preset-needs-title`` if nothing of it can stand in a file's name, ``preset-exists`` if
        there is a preset of that name.
    """
    name = re.sub(r"[\W_]+", "-", title.lower()).strip("-")[:_LONGEST].rstrip("-")
    if name in _RESERVED:
        name = f"{name}-preset"
    if not name:
        raise ConfigError("preset-needs-title", field="title")
    if name in built_in_presets() or _path(name).exists():
        raise ConfigError("preset-exists", field="title", name=name)
    return name


def save(title: str, description: str, config: Config) -> Preset:
    """Write the settings as a preset of the person's own; seed and dataset are not part of it.

    Raises
    ------
    StudioError
        As `name_for`; ``cannot-write`` or ``disk-full``, naming the file.
    """
    about = {"title": title.strip(), "description": description.strip()}
    text = tomli_w.dumps({**recipe(config), "about": about})
    return _write(name_for(title), text.encode())


def import_file(path: Path) -> Preset:
    """Take a preset file, or any file of settings, into the person's own presets.

    Raises
    ------
    StudioError
        As `read_preset` if it cannot be used, ``preset-exists`` if there is one of its name.
    """
    read_preset(path)
    with reading(path):
        content = path.read_bytes()
    return _write(name_for(path.stem), content)


def export(preset: Preset, path: Path) -> None:
    """Write a preset as a file that another person can import."""
    about: dict[str, object] = {"title": preset.title, "description": preset.description}
    table = {**recipe(preset.config), "about": about}
    if preset.published is not None:
        plain = preset.config.to_dict().items()
        table["published"] = dict(preset.published.to_dict().items() - plain)
        about["difference"] = preset.difference
    if preset.group:
        about["group"] = preset.group
    with replacing(path) as file:
        file.write(tomli_w.dumps(table).encode())


def delete(name: str) -> None:
    """Remove a preset of the person's own."""
    with writing(_path(name)):
        _path(name).unlink()


def _path(name: str) -> Path:
    return own_folder() / f"{name}.toml"


def _write(name: str, content: bytes) -> Preset:
    with writing(own_folder()):
        own_folder().mkdir(parents=True, exist_ok=True)
    with replacing(_path(name)) as file:
        file.write(content)
    return read_preset(_path(name))
