"""Datasets that others publish: used where they lie, or downloaded into the data folder."""

from dataclasses import dataclass
from pathlib import Path

from ganstudio.errors import StudioError, writing
from ganstudio.work import Work

# Imports are where they are needed: the window imports this module before its first paint.


def usual_folder() -> Path:
    """Return the folder that downloads go to unless another is named."""
    from platformdirs import user_cache_path

    return user_cache_path("ganstudio", appauthor=False) / "datasets"


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """Where the files of a dataset are, and where they come from.

    Attributes
    ----------
    dataset : str
        The dataset's name; downloads go to the folder of that name in the data folder.
    torchvision : str
        The class in ``torchvision.datasets`` that knows addresses and checksums.
    place : str
        Where torchvision keeps the files, in a data folder of its own.
    files : tuple of str
        What is read; each may be gzipped.
    megabytes : int
        The size of the download.
    archive : str
        The one file that is downloaded and holds them all; "" if they come one by one.
    """

    dataset: str
    torchvision: str
    place: str
    files: tuple[str, ...]
    megabytes: int
    archive: str = ""

    def find(self, root: Path | None) -> Path | None:
        """Return the folder in the data folder `root` that has all the files, if there is one."""
        for folder in self._folders(root):
            if all(_is_there(folder / name) for name in self.files):
                return folder
        return None

    def obtain(self, root: Path | None, work: Work) -> Path:
        """Return the folder that has all the files; what is missing is downloaded.

        Raises
        ------
        Cancelled
            If `work` was.
        StudioError
            ``torchvision-missing`` if nothing knows where to download; or as `fetch`; or
            ``bad-data``, naming the archive.
        """
        if (found := self.find(root)) is not None:
            return found
        from ganstudio.data.archives import unpack
        from ganstudio.data.download import fetch

        folder = self._folders(root)[0]
        for archive in (place / self.archive for place in self._folders(root)):
            if self.archive and archive.is_file():
                _make(folder)
                unpack(archive, folder, self.files, work)
                return folder
        for name, urls, md5 in self._addresses(folder):
            if not (folder / name).exists():
                _make(folder)
                fetch(urls, folder / name, md5, work)
        if self.archive:
            unpack(folder / self.archive, folder, self.files, work)
            (folder / self.archive).unlink(missing_ok=True)
        return folder

    def _folders(self, root: Path | None) -> tuple[Path, ...]:
        root = root or usual_folder()
        return root / self.dataset, root / self.place, root

    def _addresses(self, folder: Path) -> list[tuple[str, list[str], str]]:
        """Return name, addresses and MD5 sum of each file, as torchvision has them.

        The only use of torchvision: one built for another PyTorch cannot even be imported.
        """
        try:
            from torchvision import datasets

            known = getattr(datasets, self.torchvision)
        except Exception as error:  # RuntimeError: operator torchvision::nms does not exist, …
            raise StudioError(
                "torchvision-missing",
                dataset=self.dataset,
                detail=error,
                files=self.archive or ", ".join(self.files),
                folder=folder,
            ) from error
        if self.archive:
            md5 = known.tgz_md5 if hasattr(known, "tgz_md5") else known.md5
            return [(self.archive, [known.url], md5)]
        return [
            (name, [mirror + name for mirror in known.mirrors], md5)
            for name, md5 in known.resources
        ]


def _is_there(path: Path) -> bool:
    return path.is_file() or path.with_name(f"{path.name}.gz").is_file()


def _make(folder: Path) -> None:
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
