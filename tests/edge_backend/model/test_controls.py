"""Style and energy as channels of the condition."""

import numpy as np
import pytest

from edge_backend.errors import EdgeError
from edge_backend.model.controls import CHANNELS, STYLES, control_channels


def test_nothing_asked_for_is_any_style_and_no_energy():
    channels = control_channels(frames=4)
    assert channels.shape == (4, len(CHANNELS)) == (4, 9)
    assert channels.dtype == np.float32
    assert channels.tolist() == [[0, 0, 0, 0, 0, 0, 1, 0, 0]] * 4


@pytest.mark.parametrize("style", STYLES)
def test_a_style_is_the_one_channel_of_its_name(style):
    (row,) = control_channels(style, frames=1)
    assert [CHANNELS[i] for i in np.flatnonzero(row)] == [f"style:{style}"]


def test_no_energy_and_energy_zero_differ():
    assert control_channels("salsa", 0.0, 1)[0].tolist() == [1, 0, 0, 0, 0, 0, 0, 0, 1]
    assert control_channels("salsa", 0.25, 1)[0, -2:].tolist() == [0.25, 1]


@pytest.mark.parametrize(
    ("style", "energy", "code"),
    [
        ("polka", None, "style_unknown"),
        ("any", 1.5, "energy_out_of_range"),
        ("any", float("nan"), "energy_out_of_range"),
    ],
)
def test_what_cannot_be_asked_for(style, energy, code):
    with pytest.raises(EdgeError) as caught:
        control_channels(style, energy)
    assert caught.value.code == code
