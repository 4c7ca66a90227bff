"""Measure how soon a preset makes digits; run by hand: ``python benchmarks/quality.py``.

A classifier of its own is trained first (half a minute, 99 % of the test digits right). 5,000
samples from the averaged generator are then judged after so many seconds of training:

    Frechet     distance of their features from those of the training digits (Heusel et al. 2017,
                arXiv 1706.08500), as a multiple of that of the test digits: 1 is as good as data
    classes     share of the rarest and of the most frequent digit; 10 % each would be even
    sure        share that the classifier is surer of than 95 %

``--gallery`` writes a sheet of samples and the figures of each preset's first seed for the window's
gallery, into resources/gallery.
"""

import argparse
import time

import numpy as np
import torch
from torch import Tensor, nn

from ganstudio import gallery
from ganstudio.config import built_in_presets, load_preset
from ganstudio.data.sources import mnist
from ganstudio.latent.decode import decode
from ganstudio.latent.spec import Stream, generator
from ganstudio.training.headless import new_trainer
from ganstudio.work import Work

SAMPLES = 5000
Statistics = tuple[np.ndarray, np.ndarray]


def main() -> None:
    """Train every preset from every seed, and judge it at every mark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", action="append", choices=built_in_presets(), help="repeatable")
    parser.add_argument("--seconds", default="5,10,20,60", help="of training, ascending")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--gallery", action="store_true", help="write resources/gallery as well")
    arguments = parser.parse_args()
    marks = [float(mark) for mark in arguments.seconds.split(",")]
    judge = Judge()
    for name in arguments.preset or ["studio"]:
        for seed in range(arguments.seeds):
            trainer = new_trainer(load_preset(name).config.changed(seed=seed), "auto", None)
            spent, found = 0.0, []
            for mark in marks:
                while spent < mark:
                    began = time.perf_counter()
                    trainer.train_step()
                    spent += time.perf_counter() - began
                z = trainer.latent.sample(SAMPLES, generator(123, Stream.SAMPLES))
                parts = [decode(trainer.snapshot(), part) for part in np.array_split(z, 10)]
                images = np.concatenate(parts)
                found.append(judge.verdict(images, mark))
                print(f"{name} seed {seed} {mark:g} s, step {trainer.step}: ", end="")
                print(_worded(found[-1]), flush=True)
            if arguments.gallery and seed == 0:
                gallery.write(name, images, found)


def _worded(mark: gallery.Mark) -> str:
    return (
        f"Frechet {mark.frechet:.0f}, classes {mark.rarest:.1f} to {mark.commonest:.1f} %, "
        f"sure {mark.sure:.0f} %"
    )


class Judge:
    """A classifier of digits, and the statistics of its features on real ones."""

    def __init__(self) -> None:
        data = mnist.load(None, Work())
        torch.manual_seed(0)
        self._features = nn.Sequential(
            *_block(1, 16),
            *_block(16, 32),
            *_block(32, 64),
            nn.Flatten(),
            nn.Linear(576, 64),
            nn.ReLU(),
        )
        self._classes = nn.Linear(64, 10)
        self._train(_inputs(data.train), torch.from_numpy(data.train_labels))
        self._real = _statistics(self._judged(data.train)[0])
        self._real_std = data.test.std(0).mean()
        features, logits = self._judged(data.test)
        right = (logits.argmax(1).numpy() == data.test_labels).mean()
        self._floor = _frechet(self._real, _statistics(features))
        print(f"classifier: {100 * right:.1f} % of the test digits right")

    def verdict(self, images: np.ndarray, seconds: float) -> gallery.Mark:
        """Judge (N, 1, 28, 28) uint8 images, drawn after so many seconds of training."""
        features, logits = self._judged(images)
        ratio = _frechet(self._real, _statistics(features)) / self._floor
        shares = 100 * torch.bincount(logits.argmax(1), minlength=10) / len(images)
        sure = 100 * (logits.softmax(1).amax(1) > 0.95).float().mean()
        return gallery.Mark(
            seconds=seconds,
            digits=int((shares >= 1).sum()),
            rarest=float(shares.min()),
            commonest=float(shares.max()),
            sure=float(sure),
            variety=float(images.std(0).mean() / self._real_std),
            frechet=ratio,
        )

    def _train(self, x: Tensor, labels: Tensor) -> None:
        net = nn.Sequential(self._features, self._classes)
        steps, batch = 3 * len(x) // 128, 128
        optimiser = torch.optim.Adam(net.parameters())
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, total_steps=steps)
        for _ in range(steps):
            chosen = torch.randint(len(x), (batch,))
            loss = nn.functional.cross_entropy(net(x[chosen]), labels[chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
        net.eval()

    @torch.inference_mode()
    def _judged(self, images: np.ndarray) -> tuple[Tensor, Tensor]:
        """Return features (N, 64) and logits (N, 10)."""
        features = torch.cat([self._features(part) for part in _inputs(images).split(1000)])
        return features, self._classes(features)


def _block(inputs: int, outputs: int) -> list[nn.Module]:
    convolution = nn.Conv2d(inputs, outputs, 3, padding=1)
    return [convolution, nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)]


def _inputs(images: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(images)).float() / 127.5 - 1


def _statistics(features: Tensor) -> Statistics:
    values = features.double().numpy()
    return values.mean(0), np.cov(values, rowvar=False)


def _frechet(a: Statistics, b: Statistics) -> float:
    (mean_a, cov_a), (mean_b, cov_b) = a, b
    values, vectors = np.linalg.eigh(cov_a)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    overlap = np.sqrt(np.linalg.eigvalsh(root @ cov_b @ root).clip(0)).sum()
    return float(np.square(mean_a - mean_b).sum() + np.trace(cov_a + cov_b) - 2 * overlap)


if __name__ == "__main__":
    main()
