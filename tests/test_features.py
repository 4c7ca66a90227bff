"""The feature network that the studio brings."""

import copy
import hashlib

import numpy as np
import pytest
import torch
from oracle import same

from ganstudio.data.loading import load
from ganstudio.evaluation.features import CLASSES, DIM, SIDE, DigitNet, Features, digits, prepared
from ganstudio.resources import resource
from ganstudio.work import Work


@pytest.fixture(scope="module")
def mnist():
    return load("mnist", 0, None, Work())


def test_it_is_small_and_its_name_tells_its_weights():
    raw = resource("features/digits.safetensors").read_bytes()
    assert len(raw) < 1_000_000
    assert digits().name == f"digits-{hashlib.sha256(raw).hexdigest()[:8]}"
    assert digits() is digits()


def test_it_names_the_held_out_digits_right(mnist):
    _, probabilities = digits().of(mnist.test)
    assert (probabilities.argmax(1) == mnist.test_labels).mean() >= 0.993


def test_features_do_not_depend_on_the_batch(mnist):
    images = mnist.test[:130]
    features, probabilities = digits().of(images)
    assert features.shape == (130, DIM)
    assert features.dtype == np.float64
    assert probabilities.shape == (130, CLASSES)
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-5)
    alone = np.concatenate([digits().of(images[i : i + 1])[0] for i in range(130)])
    np.testing.assert_allclose(features, alone, atol=1e-4)


def test_digits_of_another_size_are_still_named(mnist):
    larger = mnist.test[:500].repeat(2, axis=2).repeat(2, axis=3)
    assert prepared(larger).shape == (500, 1, SIDE, SIDE)
    _, probabilities = digits().of(larger)
    assert (probabilities.argmax(1) == mnist.test_labels[:500]).mean() > 0.97


def test_images_are_prepared_in_the_range_of_the_network():
    images = np.array([0, 255], np.uint8).reshape(2, 1, 1, 1).repeat(28, 2).repeat(28, 3)
    x = prepared(images)
    assert x[0].unique().tolist() == [-1.0]
    assert x[1].unique().tolist() == [1.0]


def test_looking_leaves_the_network_as_it_was():
    torch.manual_seed(0)
    net = DigitNet()
    net(torch.randn(50, 1, 28, 28))  # so that the normalisations are no identities
    images = np.random.default_rng(0).integers(0, 256, (20, 1, 28, 28), dtype=np.uint8)
    before = copy.deepcopy(net.state_dict())
    features, probabilities = Features(net, "0" * 64).of(images)
    assert same(net.state_dict(), before)  # or training would save another network than it made
    with torch.no_grad():
        seen, logits = net(prepared(images))
    assert np.allclose(features, seen, rtol=1e-4, atol=1e-5)
    assert np.allclose(probabilities, logits.softmax(1), rtol=1e-4)
