"""SMPL model files: both formats, errors for bad files, and no code of them is run."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stand_in import python2_pickle, smpl_arrays, write_npz, write_pickle

from edge_backend.body.smpl_file import read_smpl_file
from edge_backend.errors import EdgeError


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    return write_npz(tmp_path_factory.mktemp("model") / "SMPL_FEMALE.npz")


def refusal(path: Path) -> EdgeError:
    with pytest.raises(EdgeError) as caught:
        read_smpl_file(path)
    return caught.value


def test_an_npz_is_read(model_file):
    model = read_smpl_file(model_file)
    for name, array in smpl_arrays().items():
        np.testing.assert_array_equal(getattr(model, name), array)


def test_the_authors_pickle_of_python_2_is_read_without_chumpy_and_scipy(tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        path = write_pickle(tmp_path / "basicModel_f_lbs_10_207_0_v1.0.0.pkl", patched)
    model = read_smpl_file(path)
    for name, array in smpl_arrays().items():
        np.testing.assert_array_equal(getattr(model, name), array)
    assert model.gender == "female"


@pytest.mark.parametrize(
    ("name", "gender"),
    [
        ("SMPL_MALE", "male"),
        ("basicmodel_neutral_lbs_10_207_0_v1.1.0", "neutral"),
        ("basicmodel_m_lbs_10_207_0_v1.1.0", "male"),
        ("model", ""),
    ],
)
def test_the_gender_is_read_from_the_files_name(tmp_path, model_file, name, gender):
    path = tmp_path / f"{name}.npz"
    path.write_bytes(model_file.read_bytes())
    assert read_smpl_file(path).gender == gender


def test_the_files_own_word_about_the_gender_goes_before_its_name(tmp_path):
    assert read_smpl_file(write_npz(tmp_path / "SMPL_MALE.npz", gender=np.array("female"))).gender == "female"


def test_entries_of_an_npz_that_are_pickles_are_not_read(tmp_path):
    trap = np.array([Trap(tmp_path / "sprung")], dtype=object)
    read_smpl_file(write_npz(tmp_path / "model.npz", part2num=trap))
    assert not (tmp_path / "sprung").exists()


class Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_a_pickle_that_names_code_is_refused_and_nothing_runs(tmp_path):
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(smpl_arrays() | {"more": Trap(tmp_path / "sprung")}))
    error = refusal(path)
    assert error.code == "body_forbidden"
    assert "pathlib" in error.message and "model.pkl" in error.message
    assert not (tmp_path / "sprung").exists()


def test_only_expected_objects_are_made_the_old_way(tmp_path):
    """Python 2 makes objects by copy_reg._reconstructor(class, ...); here it is asked for a set."""
    path = tmp_path / "model.pkl"
    path.write_bytes(b"\x80\x02ccopy_reg\n_reconstructor\n(c__builtin__\nset\nc__builtin__\nobject\nNtR.")
    assert refusal(path).code == "body_forbidden"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"posedirs": None}, "it has no posedirs"),
        ({"weights": np.full((6890, 52), 1 / 52)}, "its weights is 6890 x 52, not 6890 x 24"),
        ({"v_template": np.zeros((10475, 3))}, "its v_template is 10475 x 3"),
        ({"shapedirs": np.zeros((6890, 30))}, "its shapedirs is 6890 x 30"),
        ({"f": np.full((13776, 3), 6890)}, "no triangles between its vertices"),
        ({"v_template": np.full((6890, 3), np.nan)}, "values that are not numbers"),
        ({"kintree_table": np.zeros((2, 24))}, "hang together in another way"),
        ({"weights": np.zeros((6890, 24))}, "do not add up"),
    ],
)
def test_models_of_another_kind_are_refused(tmp_path, changed, words):
    error = refusal(write_npz(tmp_path / "other.npz", **changed))
    assert error.code == "body_not_smpl"
    assert words in error.message


@pytest.mark.parametrize("content", [b"", b"no model", python2_pickle([1, 2]), python2_pickle({"v_template": "text"})])
def test_files_of_another_kind_get_one_sentence(tmp_path, content):
    path = tmp_path / "thing.pkl"
    path.write_bytes(content)
    assert refusal(path).code == "body_unreadable"


def test_a_missing_file_is_reported(tmp_path):
    assert refusal(tmp_path / "nothing.npz").code == "body_missing"
    assert refusal(tmp_path).code == "body_missing"


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, 2000), byte=st.integers(0, 255), end=st.integers(1, 4000))
def test_damaged_pickles_never_raise_anything_else(tmp_path_factory, place, byte, end):
    small = {"v_template": np.zeros((2, 3)), "f": np.zeros((1, 3), np.uint32), "bs_style": "lbs"}
    content = bytearray(python2_pickle(small)[:end])
    content[place % len(content)] = byte
    path = tmp_path_factory.mktemp("damaged") / "model.pkl"
    path.write_bytes(content)
    assert refusal(path).code in {"body_unreadable", "body_forbidden", "body_not_smpl"}
