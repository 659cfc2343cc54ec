"""A GPU without enough memory: smaller batches, then the CPU, with a warning each time."""

from pathlib import Path

import numpy as np
import pytest
import torch
from pipeline_fixtures import write_song, write_weights

from edge_backend.generation import pipeline
from edge_backend.generation.model_cache import ModelCache
from edge_backend.model.cached_decoder import CachedDecoder
from edge_backend.runtime import oom_fallback
from edge_backend.runtime.oom_fallback import with_oom_fallback
from edge_backend.schema.requests import GenerateRequest

GPU, CPU = "cuda", "cpu"


class Device:
    """Work that fits where there is room for it."""

    def __init__(self, fits):
        self.fits, self.tried = fits, []

    def __call__(self, batch, device):
        self.tried.append((batch, device))
        if not self.fits(batch, device):
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return "dance"


def test_the_batch_is_halved_until_it_fits(caplog):
    work = Device(lambda batch, _: batch <= 2)
    assert with_oom_fallback(work, 8, GPU) == "dance"
    assert work.tried == [(8, "cuda"), (4, "cuda"), (2, "cuda")]
    assert caplog.messages == [
        f"The GPU's memory is short: going on with {batch} windows at a time." for batch in (4, 2)
    ]


def test_where_nothing_fits_the_cpu_does_it(caplog):
    work = Device(lambda _, device: device == CPU)
    assert with_oom_fallback(work, 4, GPU) == "dance"
    assert work.tried[-1] == (1, "cpu") and "going on with the CPU" in caplog.messages[-1]


@pytest.mark.parametrize(
    "said",
    [  # the first as seen on a GPU with 40 MB left
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
        "cuDNN error: CUDNN_STATUS_ALLOC_FAILED",
    ],
)
def test_a_library_without_room_for_its_own_work_space_wants_memory_too(said, caplog):
    def work(_batch, device):
        if device == GPU:
            raise RuntimeError(said)
        return "dance"

    assert with_oom_fallback(work, 1, GPU) == "dance"
    assert "going on with the CPU" in caplog.messages[-1]


def test_out_of_memory_on_the_cpu_and_other_errors_are_raised():
    with pytest.raises(torch.OutOfMemoryError):
        with_oom_fallback(Device(lambda *_: False), 1, GPU)
    with pytest.raises(ZeroDivisionError):
        with_oom_fallback(lambda *_: 1 // 0, 8, GPU)


def test_a_dance_that_does_not_fit_comes_out_the_same_in_smaller_pieces(
    monkeypatch, tmp_path: Path, torch_threads, caplog
):
    """The network itself runs out of memory, as on a GPU that has room for two windows."""
    monkeypatch.setattr(oom_fallback, "GPUS", ("cpu",))
    torch_threads(1)  # as on a GPU: with more, each thread takes fewer windows
    write_weights(tmp_path)
    song = write_song(tmp_path / "song.wav", seconds=15)
    request = GenerateRequest(str(song), weights="tiny", steps=3)
    whole = pipeline.generate(request, model_cache=ModelCache("cpu", tmp_path, engine="torch"))

    evaluate, sizes = CachedDecoder.__call__, []

    def small(self, x, *arguments, **options):
        sizes.append(len(x))
        if len(x) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return evaluate(self, x, *arguments, **options)

    monkeypatch.setattr(CachedDecoder, "__call__", small)
    model_cache = ModelCache("cpu", tmp_path, engine="torch")
    pieces = pipeline.generate(request, model_cache=model_cache)
    assert caplog.messages[-1] == "The GPU's memory is short: going on with 2 windows at a time."
    assert np.abs(pieces.joints() - whole.joints()).max() < 1e-3
    assert max(sizes) > 2
