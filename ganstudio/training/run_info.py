"""What those who show a run are told of it when it becomes the current one."""

import numpy as np
from numpy.typing import NDArray

from ganstudio import parts
from ganstudio.latent.spec import Sampled, Stream, generator
from ganstudio.training import device
from ganstudio.training.objectives._objective import Objective
from ganstudio.training.status import Curves, RunInfo
from ganstudio.training.trainer import Trainer

SHOWN_REAL, HELD_OUT = 100, 128  # images given to those who show the run


def describe(trainer: Trainer) -> RunInfo:
    """Return what holds for the whole run."""
    dataset, objective = trainer.dataset, trainer.objective
    rng = generator(trainer.config.seed, Stream.SAMPLES, Sampled.SHOWN)
    shown, held_out = rng.permutation(len(dataset.train)), dataset.held_out(HELD_OUT)
    if trainer.latent.classes:
        shown = _in_columns(shown, dataset.train_labels, trainer.latent.classes)
    return RunInfo(
        run_id=trainer.run_id,
        config=trainer.config,
        device=device.called(trainer.device, trainer.precision),
        devices=device.places(),
        latent=trainer.latent,
        image_shape=dataset.image_shape,
        averaged=trainer.ema is not None,
        curves=Curves(
            losses=trainer.losses,
            score_range=objective.score_range,
            loss_reference=objective.loss_reference,
            score_reference=objective.score_reference,
            formula=objective.formula,
            sentence=objective.sentence,
        ),
        history=trainer.history,
        dataset=dataset,
        real=dataset.train[shown[:SHOWN_REAL]],
        real_labels=dataset.train_labels[shown[:SHOWN_REAL]],
        held_out=dataset.test[held_out],
        held_out_labels=dataset.test_labels[held_out],
        objectives={name: _told_of(name) for name in parts.names(parts.OBJECTIVE)},
        autoencoder=trainer.E is not None,
        trainable=trainer.trainable,
        untold=trainer.untold,
        diagnoses=trainer.diagnoses,
        notes=trainer.notes,
        parent=trainer.parent,
    )


def _told_of(name: str) -> tuple[str, str]:
    """Return what an objective says of itself."""
    objective: Objective = parts.load(parts.OBJECTIVE, name).OBJECTIVE
    return objective.sentence, objective.formula


def _in_columns(
    numbers: NDArray[np.intp], labels: NDArray[np.int64], classes: int
) -> NDArray[np.intp]:
    """Return some of the images `numbers`, in whole rows with a column for each class."""
    columns = [numbers[labels[numbers] == class_] for class_ in range(classes)]
    rows = min(map(len, columns))
    if not rows:  # some class has no image
        return numbers
    return np.stack([column[:rows] for column in columns], axis=1).ravel()
