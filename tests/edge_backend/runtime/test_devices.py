"""Devices: the device predicted without torch is the one that torch uses."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from edge_backend.errors import EdgeError
from edge_backend.runtime.devices import choose, promised

REPOSITORY = Path(__file__).parents[3]


def test_the_predicted_device_is_right_and_torch_is_not_imported() -> None:
    assert promised() == choose().type
    assert promised("cpu") == choose("cpu").type == "cpu"
    code = "import sys; from edge_backend.runtime.devices import promised; promised(); print('torch' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "False"


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has what the test takes for missing")
def test_a_device_that_is_not_there_is_one_sentence() -> None:
    with pytest.raises(EdgeError, match="cuda") as caught:
        choose("cuda")
    assert caught.value.code == "device_missing"


def test_without_torch_nothing_is_promised() -> None:
    code = (
        "import importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name: None if name == 'torch' else find(name)\n"
        "from edge_backend.runtime.devices import promised; print(repr(promised()))"
    )
    shown = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "''"
