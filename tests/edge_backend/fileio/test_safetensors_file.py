"""Safetensors without their library: what it writes is read here, and what is written here it reads."""

from pathlib import Path

import numpy as np
import pytest
import torch
from malformed import headers_that_lie
from safetensors.numpy import load_file, save_file
from safetensors.torch import save_file as save_torch

from edge_backend.fileio.safetensors_file import (
    SafetensorsError,
    read_metadata,
    read_safetensors,
    write_safetensors,
)

STARTER = Path(__file__).parents[3] / "weights" / "starter.safetensors"


@pytest.fixture
def arrays():
    random = np.random.default_rng(0)
    return {
        "half": random.normal(size=(3, 5)).astype(np.float16),
        "single": random.normal(size=7).astype(np.float32),
        "double": random.normal(size=(2, 1, 2)),
        "whole": random.integers(-9, 9, (4,)),
        "bytes": np.arange(3, dtype=np.uint8),
        "flag": np.array([True, False]),
        "number": np.array(2.5, np.float32),
        "none": np.zeros((0, 4), np.float32),
    }


def same(found, expected):
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert found[name].dtype == array.dtype and found[name].shape == array.shape
        np.testing.assert_array_equal(found[name], array)


def test_what_the_library_writes_is_read(arrays, tmp_path):
    save_file(arrays, tmp_path / "a.safetensors", metadata={"id": "a"})
    metadata, found = read_safetensors(tmp_path / "a.safetensors")
    assert metadata == read_metadata(tmp_path / "a.safetensors") == {"id": "a"}
    same(found, arrays)


def test_the_library_reads_what_is_written(arrays, tmp_path):
    write_safetensors(tmp_path / "a.safetensors", {"id": "a"}, arrays)
    same(load_file(tmp_path / "a.safetensors"), arrays)


def test_bfloat16_becomes_float32(tmp_path):
    values = torch.randn(20).bfloat16()
    save_torch({"a": values}, tmp_path / "a.safetensors")
    _, found = read_safetensors(tmp_path / "a.safetensors")
    np.testing.assert_array_equal(found["a"], values.float().numpy())


def test_the_bundled_weights_are_written_byte_by_byte_as_they_are(tmp_path):
    write_safetensors(tmp_path / "again.safetensors", *read_safetensors(STARTER))
    assert (tmp_path / "again.safetensors").read_bytes() == STARTER.read_bytes()


@pytest.mark.parametrize("content", [*list(headers_that_lie())[:-1], b"", b"short", bytes(100)])
def test_what_lies_is_refused(content, tmp_path):
    path = tmp_path / "a.safetensors"
    path.write_bytes(content)
    with pytest.raises(SafetensorsError):
        read_safetensors(path)


@pytest.mark.parametrize("cut", [1, 50, 400])
def test_what_is_cut_short_or_too_long_is_refused(arrays, cut, tmp_path):
    path = tmp_path / "a.safetensors"
    write_safetensors(path, {}, arrays | {"long": np.zeros(200, np.float32)})
    whole = path.read_bytes()
    for content in (whole[:-cut], whole + bytes(cut)):
        path.write_bytes(content)
        with pytest.raises(SafetensorsError):
            read_safetensors(path)
