"""What does not go together is refused with the reason; what is not refused trains."""

from dataclasses import replace

import numpy as np
import pytest

from ganstudio import parts
from ganstudio.config import Config, load_preset
from ganstudio.data.dataset import Dataset
from ganstudio.errors import ConfigError
from ganstudio.training.trainer import Trainer

PLAIN = Config(batch_size=8, latent_dim=4, r1=0)


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"model": "aae", "conditional": True}, "conditional", "judges codes"),
        ({"model": "aae", "code_choices": 10}, "code_choices", "judges codes"),
        ({"model": "aae", "continuous_codes": 2}, "continuous_codes", "judges codes"),
        ({"model": "aae", "translation": 0.1}, "translation", "judges codes"),
        ({"model": "aae", "batch_size": 1}, "batch_size", "at least 2 images"),
        ({"model": "mlp-gelu", "batch_size": 1}, "batch_size", "at least 2 images"),
    ],
)
def test_refused_with_the_reason(changes: dict, field: str, reason: str, tiny, cpu):
    with pytest.raises(ConfigError, match=reason) as caught:
        Trainer(PLAIN.changed(**changes), tiny, cpu)
    assert caught.value.fields["field"] == field
    assert f"model = {changes['model']}" in str(caught.value)


@pytest.mark.parametrize("model", ["conv", "conv-small", "dcgan"])
def test_sides_that_a_model_cannot_draw(model: str, tiny, cpu):
    odd = replace(tiny, train=tiny.train[..., :26], test=tiny.test[..., :26])
    with pytest.raises(ConfigError, match=r"multiples of 4 pixels, and these are 26×28"):
        Trainer(PLAIN.changed(model=model), odd, cpu)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"spectral_norm": True, "weight_clip": 0.01}, "divides the weights after"),
        ({"code_choices": 1}, "two choices at least"),
    ],
)
def test_what_would_mean_nothing(changes: dict, reason: str, tiny, cpu):
    with pytest.raises(ConfigError, match=reason):
        Trainer(PLAIN.changed(**changes), tiny, cpu)


def test_a_button_for_each_of_a_thousand_classes(tiny, cpu):
    many = replace(tiny, train_labels=np.arange(256), test_labels=np.arange(64))
    with pytest.raises(ConfigError, match="256 classes, and D sees a map for each: 100 at most"):
        Trainer(PLAIN.changed(conditional=True), many, cpu)
    Trainer(PLAIN, many, cpu)


def test_classes_that_are_not_there(tiny, cpu):
    none = replace(tiny, train_labels=np.zeros(256, np.int64), test_labels=np.zeros(64, np.int64))
    with pytest.raises(ConfigError, match="no classes"):
        Trainer(PLAIN.changed(conditional=True), none, cpu)


@pytest.mark.parametrize("batch_size", [1, 2])
@pytest.mark.parametrize("latent_dim", [1, 3])
@pytest.mark.parametrize("model", parts.names(parts.MODEL))
def test_the_smallest_that_is_not_refused_trains(model, latent_dim, batch_size, tiny, cpu):
    config = PLAIN.changed(model=model, latent_dim=latent_dim, batch_size=batch_size)
    refused = batch_size == 1 and model in ("aae", "conv-small", "mlp-gelu")
    if refused:
        return
    trainer = Trainer(config, tiny, cpu)
    trainer.train_step()
    assert trainer.step == 1


@pytest.mark.parametrize("side", [28, 32, 64])
@pytest.mark.parametrize("preset", ["studio", "mlp-gelu", "mlp-leaky", "conv"])
def test_colours_of_every_usual_size_train(preset: str, side: int, cpu):
    rng = np.random.default_rng(side)
    images = rng.integers(0, 256, (12, 3, side, side), dtype=np.uint8)
    labels = np.zeros(12, np.int64)
    dataset = Dataset(
        name="colours", train=images, test=images, train_labels=labels, test_labels=labels
    )
    trainer = Trainer(load_preset(preset).config.changed(batch_size=4), dataset, cpu)
    trainer.train_step()
    trainer.drain()
    assert np.isfinite([trainer.history.column(name)[0] for name in trainer.losses]).all()
    assert trainer.snapshot().architecture.image_shape == (3, side, side)
