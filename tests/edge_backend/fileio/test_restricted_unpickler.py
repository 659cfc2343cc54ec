"""Pickles of arrays are read as numpy reads them, and safely if their contents are malicious."""

import io
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from edge_backend.fileio.restricted_unpickler import ForbiddenNameError, RestrictedUnpickler, numpy_names


def read(content):
    return RestrictedUnpickler(io.BytesIO(content), numpy_names(), "latin1").load()


@settings(max_examples=60, deadline=None)
@given(
    arrays.arrays(
        st.sampled_from(["<f8", ">f4", "<i8", ">u4", "u1", "?", "<c16", "<U3", "S4"]), arrays.array_shapes(min_side=0)
    ),
    st.integers(2, 4),
    st.booleans(),
)
def test_arrays_of_plain_elements_are_what_they_were(array, protocol, fortran):
    array = np.asfortranarray(array) if fortran else array
    back = read(pickle.dumps([array, array], protocol=protocol))
    np.testing.assert_array_equal(back[0], array)
    assert back[0].dtype == pickle.loads(pickle.dumps(array)).dtype and back[0] is back[1]  # noqa: S301 - ours


@pytest.mark.parametrize("number", [np.float64(1.5), np.int32(-3), np.uint8(7), np.bool_(True)])
def test_single_numbers_are_what_they_were(number):
    assert read(pickle.dumps(number)) == number


def test_arrays_of_objects_stay_empty():
    assert read(pickle.dumps({"objects": np.array([{}, "text"], dtype=object)}))["objects"].size == 0


class Liar:
    """An array of objects that says it has plain bytes: numpy would take them for pointers."""

    def __reduce__(self):
        return np.ndarray(0).__reduce__()[0], (np.ndarray, (0,), b"b"), (1, (1,), LyingDtype(), False, b"A" * 8)


class LyingDtype:
    def __reduce__(self):
        return np.dtype, ("O8", False, True), (3, "|", None, None, None, -1, -1, 0)


def test_an_array_that_lies_about_its_elements_is_not_believed():
    assert read(pickle.dumps(Liar())).size == 0


def test_bytes_that_do_not_fill_the_array_are_refused():
    whole = pickle.dumps(np.arange(4.0), protocol=2)
    with pytest.raises(ValueError):
        read(whole.replace(b"K\x04", b"K\x09", 1))


def test_names_outside_the_list_are_refused():
    with pytest.raises(ForbiddenNameError, match=r"os\.getcwd|posix\.getcwd"):
        read(b"cos\ngetcwd\n(tR.")
