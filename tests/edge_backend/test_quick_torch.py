"""The worker's torch, of which what only compilers use comes when it is asked for."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from edge_backend.gaussian import smooth

REPOSITORY = Path(__file__).parents[2]
ASKED = """
import json, sys
from edge_backend.quick_torch import import_torch
import_torch()
left_out = "torch._meta_registrations" not in sys.modules and "torch._decomp" not in sys.modules
import torch
import edge_backend.pipeline
shape = list((torch.empty(3, 4, device="meta") @ torch.empty(4, 5, device="meta")).shape)
from torch._meta_registrations import meta_index_Tensor
doubled = torch.compile(lambda x: 2 * x, backend="eager")(torch.ones(3)).tolist()
print(json.dumps([left_out, shape, doubled, callable(meta_index_Tensor), "scipy.ndimage" in sys.modules]))
"""


@pytest.mark.skipif(sys.platform == "darwin", reason="torch comes whole there")
def test_compilers_and_tensors_without_data_work_when_they_are_wanted():
    done = subprocess.run([sys.executable, "-c", ASKED], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [True, [3, 5], [2.0, 2.0, 2.0], True, False]


def test_an_unknown_torch_is_imported_whole():
    code = "from edge_backend import quick_torch as q; q.KNOWN = 'no such'; q.import_torch()"
    code += "; import torch; print(hasattr(torch, '_meta_registrations'))"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"


@pytest.mark.parametrize("sigma", [1.5, 50.0])
@pytest.mark.parametrize("samples", [3, 50, 5000])
def test_smoothing_is_scipys(samples, sigma):
    signal = np.random.default_rng(samples).random(samples)
    assert np.abs(smooth(signal, sigma) - gaussian_filter1d(signal, sigma)).max() < 1e-12
