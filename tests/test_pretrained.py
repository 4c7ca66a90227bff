"""The generators that come with the studio: they are small, and draw what they say they do."""

import shlex

import numpy as np
import pytest

from ganstudio.cli import _parsers
from ganstudio.evaluation.features import digits
from ganstudio.latent.decode import decode
from ganstudio.latent.spec import Stream, generator
from ganstudio.pretrained import Pretrained, is_pretrained, pretrained
from ganstudio.training import checkpoint

ALL = pretrained()


def test_there_are_a_few_and_no_more():
    assert 2 <= len(ALL) <= 3
    assert len({each.title for each in ALL}) == len(ALL)
    assert not is_pretrained(ALL[0].path.with_name("other.safetensors"))


@pytest.mark.parametrize("each", ALL, ids=lambda each: each.name)
def test_it_draws_all_digits_and_can_be_read(each: Pretrained):
    assert is_pretrained(each.path)
    assert each.path.stat().st_size <= 1_000_000
    snapshot = checkpoint.snapshot_of(checkpoint.read(each.path), each.path)
    z = snapshot.latent.sample(500, generator(0, Stream.SAMPLES))
    _, named = digits().of(decode(snapshot, z))
    shares = np.bincount(named.argmax(1), minlength=10) / 500
    assert shares.min() > 0.03
    assert named.max(1).mean() > 0.9, "the classifier is sure of them"


@pytest.mark.parametrize("each", ALL, ids=lambda each: each.name)
def test_the_commands_that_made_it_are_ones(each: Pretrained):
    for command in each.commands:
        program, *words = shlex.split(command)
        assert program == "ganstudio"
        _parsers()[0].parse_args(words)
    assert each.path.name in each.commands[-1]
