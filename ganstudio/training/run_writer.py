"""Makes a run of anybody's own training loop one that the studio can follow and open."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from ganstudio.atomic import replacing
from ganstudio.config import LIVE, Config
from ganstudio.errors import ConfigError, unknown_name
from ganstudio.latent import exported
from ganstudio.latent.fitted import fit
from ganstudio.latent.notes import Notes
from ganstudio.library import LAST
from ganstudio.training import checkpoint, run_folder
from ganstudio.training.history import COLUMNS, METRICS, History
from ganstudio.training.live import LiveWriter
from ganstudio.training.trainer import latent_of, new_run_id

MODEL_FILE = "networks.py"
_SEEN = (  # settings that are known from the networks, z and real images, or that these lack
    *("latent_dim", "batch_size", "image_size", "data_range", "model"),
    *("conditional", "code_choices", "continuous_codes", "ema_decay", "spectral_norm"),
)
_BLOCK = 50  # steps whose numbers wait on the device, which nobody has to wait for meanwhile


class RunWriter:
    """Writes a run that another program trains, so that the window shows it while it goes on.

    Parameters
    ----------
    out : path
        The run's folder, which is made.
    G : nn.Module
        The generator: takes z alone, (N, …), and gives images, (N, C, H, W) or flat, in [-1, 1] or
        [0, 1].
    D : nn.Module
        The discriminator: takes images in the shape of `real`'s, and gives a logit, a probability
        or a score for each (or a map of them, whose mean counts); larger is more real.
    z : Tensor
        A few latents, (N, …) as G takes them.
    real : Tensor
        A batch of training images, (N, …) as D takes them, in [-1, 1] or [0, 1].
    image_shape : (int, int, int), optional
        Channels, height and width, where neither G nor `real` tells them: by default those flat
        images are grey squares.
    dataset : str
        What `real` is of, as the studio calls it: D's opinions, figures of quality and copies refer
        to its images.
    data_root : path, optional
        Its folder, with ``folder`` as the dataset.
    epoch : int
        How many images an epoch has.
    exist_ok : bool
        Whether a run that is in the folder may be lost.
    **settings :
        Others of `config.Config` that hold for this run, which the window shows: ``prior``,
        ``objective``, ``g_lr``, ``seed`` …

    Raises
    ------
    StudioError
        ``run-in-folder`` if there is a run in the folder; ``cannot-follow`` if G or D is not as
        above or torch.export cannot keep it, naming it and the reason; `ConfigError` for a setting;
        ``cannot-write`` or ``disk-full``.
    """

    def __init__(
        self,
        out: str | Path,
        G: nn.Module,
        D: nn.Module,
        *,
        z: Tensor,
        real: Tensor,
        image_shape: tuple[int, int, int] | None = None,
        dataset: str = "mnist",
        data_root: str | Path | None = None,
        epoch: int = 60_000,
        exist_ok: bool = False,
        **settings: object,
    ) -> None:
        self._out, self._G, self._D = Path(out).expanduser().resolve(), G, D
        self._root = Path(data_root).expanduser().resolve() if data_root else None
        self._per_epoch = max(1, epoch) / len(real)
        for name in settings.keys() & set(_SEEN):
            raise ConfigError("seen-from-networks", field=name)
        pair = fit(G, D, z, real, image_shape)
        _, height, width = pair.image_shape
        self._config = Config(ema_decay=0, r1=0, objective="bce-logits").changed(
            **settings,
            dataset=dataset,
            batch_size=len(real),
            latent_dim=pair.z.shape[1],
            image_size=height if height == width else 0,
            data_range=str(list(pair.real_range)),
            model=str(self._out / MODEL_FILE),
        )
        self._untold = frozenset(LIVE) - settings.keys()  # the loop may have none, or others
        self._kept_G = exported.export("G", pair.G, pair.z)
        self._kept_D = exported.export("D", pair.D, pair.G(pair.z).detach())
        code = exported.model_file(self._kept_G, self._kept_D, pair.output_range).encode()
        self._image_shape = pair.image_shape
        run_folder.take(self._out, exist_ok=exist_ok)
        files = {"G.pt2": self._kept_G.file, "D.pt2": self._kept_D.file, MODEL_FILE: code}
        for name, content in files.items():
            with replacing(self._out / name) as file:
                file.write(content)
        self._sha256 = hashlib.sha256(code).hexdigest()
        self._run_id, self._step = new_run_id(), 0
        self._history = History()
        self._waiting: list[Mapping[str, float | Tensor]] = []  # metrics of steps
        self._places: list[tuple[float, float]] = []  # their epoch and seconds
        self._began = time.monotonic()
        self._live = LiveWriter(self._latest, self._out)

    def step(self, **metrics: float | Tensor) -> None:
        """Take note of a step: call it after every one.

        Parameters
        ----------
        **metrics :
            Of `history.METRICS`, those that there are: ``real_loss``, ``fake_loss``, ``g_loss``,
            ``real_score``, ``fake_score`` …; numbers, or tensors of one, which may be on a GPU.
        """
        for name in metrics.keys() - set(METRICS):
            raise unknown_name("metric", name, METRICS)
        for name, value in metrics.items():
            if isinstance(value, Tensor) and value.numel() != 1:
                raise ConfigError("not-a-single-number", field=name, shape=tuple(value.shape))
        # a tensor may be written to anew by the next step
        self._waiting.append(
            {k: v.detach().clone() if isinstance(v, Tensor) else v for k, v in metrics.items()}
        )
        self._step += 1
        self._places.append((self._step / self._per_epoch, time.monotonic() - self._began))
        if len(self._waiting) == _BLOCK:
            self._drain()
        self._live.step_done()

    def close(self) -> None:
        """End the run: all is in one checkpoint then, last.pt in its folder."""
        history, content = self._latest()
        whole = {**content, "history": torch.from_numpy(history.array())}
        checkpoint.write(whole, self._out / LAST)
        self._live.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _drain(self) -> None:
        """Move the numbers that wait to the history."""
        rows = np.full((len(COLUMNS), len(self._waiting)), np.nan, np.float32)
        for name in {name for metrics in self._waiting for name in metrics}:
            at = [i for i, metrics in enumerate(self._waiting) if name in metrics]
            rows[METRICS.index(name), at] = _numbers([self._waiting[i][name] for i in at])
        rows[len(METRICS) :] = np.array(self._places, np.float32).reshape(-1, 2).T
        self._history.append(rows)
        self._waiting, self._places = [], []

    def _latest(self) -> tuple[History, dict[str, Any]]:
        self._drain()
        counts = {"real": self._step, "z_D": 0, "z_G": 0, "d_updates": self._step}
        return self._history, {
            "format": checkpoint.FORMAT,
            "version": checkpoint.VERSION,
            "run_id": self._run_id,
            "config": {k: v for k, v in self._config.to_dict().items() if k not in self._untold},
            "model_sha256": self._sha256,
            "latent": latent_of(self._config, 0).to_dict(),
            "image_shape": list(self._image_shape),
            "data_root": str(self._root) if self._root else None,
            "notes": Notes().to_dict(),
            "step": self._step,
            "seconds": time.monotonic() - self._began,
            "G": self._kept_G.state_of(self._G),
            "D": self._kept_D.state_of(self._D),
            "G_ema": None,
            "E": None,
            "G_opt": None,
            "D_opt": None,
            "counts": counts,
        }


def _numbers(values: Sequence[float | Tensor]) -> list[float]:
    """Return numbers, of which those on a device come all at once."""
    there = [value for value in values if isinstance(value, Tensor)]
    fetched = iter(torch.stack([t.float().reshape(()) for t in there]).tolist() if there else ())
    return [next(fetched) if isinstance(v, Tensor) else float(v) for v in values]
