"""Where the files in ``resources/`` are, in a wheel, an editable install and a checkout alike."""

from pathlib import Path

from ganstudio.errors import StudioError


def resource(name: str) -> Path:
    """Return the path of a bundled file.

    A wheel carries ``resources/`` inside the package; a checkout (and so an editable install) has
    it beside the package.

    Parameters
    ----------
    name : str
        Path below ``resources/``, with forward slashes, e.g. ``"presets/studio.toml"``.

    Raises
    ------
    StudioError
        ``missing-resource`` if the installation does not hold it.
    """
    package = Path(__file__).parent
    for root in (package / "resources", package.parent / "resources"):
        if (path := root / name).exists():
            return path
    raise StudioError("missing-resource", name=name, where=package)
