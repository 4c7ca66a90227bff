"""z as text: exact there and back, and a reason for what is none."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ganstudio.errors import StudioError
from ganstudio.latent import z_text
from ganstudio.latent.spec import LatentPart, LatentSpec

THREE = LatentSpec((LatentPart(name="z", kind="normal", dim=3),))
CHOICE = LatentSpec((*THREE.parts, LatentPart(name="code", kind="one-hot", dim=2, role="code")))


@given(z=arrays.arrays(np.float32, 3, elements=st.floats(-1024, 1024, width=32)))
def test_there_and_back_nothing_changes(z):
    text = z_text.written(z)
    assert np.array_equal(z_text.read(THREE, text), z)
    assert np.array_equal(np.array(json.loads(text), np.float32), z)


@pytest.mark.parametrize(
    "text", ["1 -2 0.5", "1,-2,.5", " [1.0, −2; 5e-1]\n", "(1\t-2\r\n0.5)", "[[1, -2, 0.5]]"]
)
def test_any_usual_list_is_read(text: str):
    assert z_text.read(THREE, text).tolist() == [1, -2, 0.5]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        ("1 2", "its length is 2"),
        ("1 2 3 4", "its length is 4"),
        ("1 nan 3", "“nan” is not a finite number"),
        ("1 2 inf", "“inf” is not a finite number"),
        ("1 2 1e39", "“1e39” is not a finite number"),
        ("a poem of some length and more", "“a” is not"),
        ("1 2 " + "x" * 500, "“" + "x" * 20 + "” is not"),
    ],
)
def test_what_is_no_z_is_told(text: str, reason: str):
    with pytest.raises(StudioError, match="no z of the 3 numbers") as caught:
        z_text.read(THREE, text)
    assert reason in str(caught.value)


@pytest.mark.parametrize("choice", ["0 0", "1 1", "0.5 0.5"])
def test_a_choice_is_one(choice: str):
    assert z_text.read(CHOICE, "1 2 3 0 1").tolist() == [1, 2, 3, 0, 1]
    with pytest.raises(StudioError, match="one must be 1 and the others 0"):
        z_text.read(CHOICE, f"1 2 3 {choice}")
