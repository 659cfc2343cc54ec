"""Results of trackers, as pickle, joblib, numpy and torch write them, are read as numpy arrays; nothing is run."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from edge_backend.errors import EdgeError
from edge_backend.fileio.object_file import read_object_file

CONTENT = {
    "pose": np.arange(24, dtype=np.float32).reshape(4, 6),
    "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "frames": np.arange(4),
    "scale": np.float64(1.5),
    "people": {3: {"trans": np.ones((4, 3))}},
    "name": "video",
}


def same(found: object, wanted: object) -> None:
    if isinstance(wanted, dict):
        assert isinstance(found, dict) and found.keys() == wanted.keys()
        for key, value in wanted.items():
            same(found[key], value)
    elif isinstance(wanted, np.ndarray):
        np.testing.assert_array_equal(found, wanted)
    else:
        assert found == wanted


@pytest.mark.parametrize("protocol", range(2, 6))
def test_a_pickle_of_every_protocol(tmp_path: Path, protocol: int) -> None:
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(CONTENT, protocol))
    same(read_object_file(tmp_path / "a.pkl"), CONTENT)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize(
    "dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.bool]
)
def test_tensors_in_both_formats_of_torch(tmp_path: Path, zipped: bool, dtype: torch.dtype) -> None:
    tensor = torch.arange(24).reshape(4, 6).to(dtype)
    content = {"global": {"pose": tensor, "turned": tensor.T, "part": tensor[1:3, 2:], "one": torch.tensor(3.0)}}
    torch.save(content, tmp_path / "a.pt", _use_new_zipfile_serialization=zipped)
    found = read_object_file(tmp_path / "a.pt")["global"]
    for name, value in content["global"].items():
        wanted = value.float() if value.dtype == torch.bfloat16 else value
        np.testing.assert_array_equal(found[name], wanted.numpy())


def test_a_dict_with_tensors_saved_by_numpy(tmp_path: Path) -> None:
    content = {"pred_rotmat": torch.arange(12.0).reshape(2, 2, 3), "frame": np.arange(2)}
    np.save(tmp_path / "hps_track_0.npy", content, allow_pickle=True)
    found = read_object_file(tmp_path / "hps_track_0.npy")
    np.testing.assert_array_equal(found["pred_rotmat"], content["pred_rotmat"].numpy())
    np.testing.assert_array_equal(found["frame"], content["frame"])


def test_an_array_of_numbers_saved_by_numpy(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", CONTENT["pose"])
    np.testing.assert_array_equal(read_object_file(tmp_path / "a.npy"), CONTENT["pose"])


JOBLIB = Path(__file__).parents[2] / "data" / "motion_files"


@pytest.mark.parametrize("name", ["plain", "zlib", "gzip", "bz2", "lzma", "xz"])
def test_what_joblib_wrote(name: str) -> None:
    same(read_object_file(JOBLIB / f"joblib_{name}.pkl"), CONTENT)


class Malice:
    def __reduce__(self) -> object:
        return Path.touch, (Path("executed"),)


@pytest.mark.parametrize("write", ["pickle", "torch", "old torch", "numpy"])
def test_nothing_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: str) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "bad.npy"
    if write == "pickle":
        file.write_bytes(pickle.dumps({"a": Malice()}))
    elif write == "numpy":
        np.save(file, {"a": Malice()}, allow_pickle=True)
    else:
        torch.save({"a": Malice()}, file, _use_new_zipfile_serialization=write == "torch")
    with pytest.raises(EdgeError) as error:
        read_object_file(file)
    assert error.value.code == "motion_unreadable"
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    ("offset", "size", "stride"), [(0, (2, 3), (4, 1)), (-1, (2,), (1,)), (0, (3,), (-1,)), (5, (2,), (1,))]
)
def test_a_tensor_that_reaches_beyond_its_bytes_is_refused(
    tmp_path: Path, offset: int, size: tuple[int, ...], stride: tuple[int, ...]
) -> None:
    class Reaching:
        def __reduce__(self) -> object:
            return torch._utils._rebuild_tensor_v2, (torch.zeros(6).storage(), offset, size, stride, False, {})

    with (tmp_path / "a.pkl").open("wb") as stream:
        pickle.dump({"a": Reaching()}, stream)
    with pytest.raises(EdgeError) as error:
        read_object_file(tmp_path / "a.pkl")
    assert "beyond" in error.value.detail or "negative" in error.value.detail


def test_missing_and_damaged_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match=r"nowhere\.pkl") as error:
        read_object_file(tmp_path / "nowhere.pkl")
    assert error.value.code == "motion_missing"
    whole = pickle.dumps(CONTENT)
    for length in range(0, len(whole) - 1, 37):
        (tmp_path / "cut.pkl").write_bytes(whole[:length])
        with pytest.raises(EdgeError, match=r"cut\.pkl"):
            read_object_file(tmp_path / "cut.pkl")
