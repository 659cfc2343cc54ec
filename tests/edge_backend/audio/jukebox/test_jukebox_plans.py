"""Memory plans fit the available memory, or an error says that none does."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_backend.audio.jukebox.folder import PriorShape
from edge_backend.audio.jukebox.layers import Int8Matrix
from edge_backend.audio.jukebox.plans import choose_plan
from edge_backend.audio.jukebox.speed import estimate_s, slice_operations
from edge_backend.errors import EdgeError

TRUE = PriorShape()
CPU, GPU = torch.device("cpu"), torch.device("cuda")
GB = 10**9
SONG = 71  # windows of a song of three minutes


def test_the_true_priors_numbers() -> None:
    assert TRUE.matrix_values * TRUE.layers == pytest.approx(4.56e9, rel=0.01)  # parameters
    assert slice_operations(TRUE) == pytest.approx(15.7e12, rel=0.01)


def test_on_the_cpu_layers_are_read_as_they_come() -> None:
    plan = choose_plan("auto", TRUE, CPU, SONG)
    assert (plan.layers, plan.precision) == ("streamed", "fp32")
    assert plan.device_bytes < 3 * GB
    assert 1 <= plan.group < SONG


@pytest.mark.parametrize(
    ("plan", "free", "layers"),
    [("auto", 12 * GB, "streamed"), ("full", 13 * GB, "resident"), ("int8", 8 * GB, "resident")],
)
def test_on_a_gpu_a_whole_song_goes_through_at_once(plan, free, layers) -> None:
    chosen = choose_plan(plan, TRUE, GPU, SONG, free=free)
    assert (chosen.layers, chosen.group) == (layers, SONG)
    assert chosen.precision == ("int8" if plan == "int8" else "fp16")


def test_a_small_gpu_takes_a_song_in_groups() -> None:
    chosen = choose_plan("auto", TRUE, GPU, SONG, free=GB + GB // 2)
    assert chosen.layers == "streamed"
    assert 1 <= chosen.group < SONG


def test_a_large_gpu_keeps_the_layers_for_songs_of_many_groups() -> None:
    assert choose_plan("auto", TRUE, GPU, 1000, free=70 * GB).layers == "resident"


@settings(deadline=None)
@given(
    free=st.integers(0, 80 * GB), slices=st.integers(1, 300), wanted=st.sampled_from(["auto", "full", "int8", "stream"])
)
def test_no_plan_takes_more_than_is_free(free, slices, wanted) -> None:
    try:
        plan = choose_plan(wanted, TRUE, GPU, slices, free=free)
    except EdgeError as error:
        assert error.code == "out_of_memory"
        assert "\n" not in error.message
        return
    assert plan.device_bytes <= free
    assert 1 <= plan.group <= slices
    assert 1 <= plan.batch <= plan.group


def test_int8_has_no_other_precision() -> None:
    with pytest.raises(EdgeError) as caught:
        choose_plan("int8", TRUE, CPU, 1, precision="fp16")
    assert caught.value.code == "request_invalid"


@settings(deadline=None)  # torch's first call takes its time
@given(st.integers(1, 8), st.integers(1, 8), st.integers(0, 1000))
def test_int8_is_within_half_a_step_of_each_column(rows, columns, seed) -> None:
    matrix = torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed)).half()
    near = Int8Matrix.of(matrix)
    step = matrix.float().abs().amax(dim=0) / 127
    assert ((near.to(torch.float32) - matrix.float()).abs() <= 0.5001 * step).all()


def test_int8_of_nothing_is_nothing() -> None:
    assert not Int8Matrix.of(torch.zeros(3, 2)).to(torch.float32).any()


def test_the_estimate_grows_with_the_slices() -> None:
    shape = PriorShape(256, 64, 2, 6)
    assert 0 < estimate_s(shape, CPU, "fp32", 1) < 60
    assert estimate_s(shape, CPU, "fp32", 1000) > estimate_s(shape, CPU, "fp32", 1)
