"""The tiny Jukebox equals the original code: codes, conditioning, features, in each precision."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from edge_backend.audio.jukebox import conditioning
from edge_backend.audio.jukebox.conversion import PRIOR_SOURCE
from edge_backend.audio.jukebox.encoder import encode
from edge_backend.audio.jukebox.extractor import NativeExtractor
from edge_backend.audio.jukebox.folder import JukeboxFolder
from edge_backend.audio.jukebox.frames import frame_count, to_frames
from edge_backend.audio.jukebox.plans import choose_plan
from edge_backend.audio.jukebox.sound import LONGEST, prepare
from edge_backend.model.torch_file import read_torch_file

CPU = torch.device("cpu")
# Relative, of the whole. Measured here: float32 3e-7 against the original's; float16 2.3e-4 against its float32, with
# the sums kept in float32 (the original's own float16 is 1e-3 away); int8 8e-3.
FP32 = 1e-6
BOUNDS = {"fp32": FP32, "fp16": 1e-3, "bf16": 5e-3, None: 2e-2}


def distance(values, golden: NDArray) -> float:
    return float(np.linalg.norm(np.asarray(values) - golden) / np.linalg.norm(golden))


def extractor(jukebox: JukeboxFolder, plan: str = "stream", precision: str | None = None, layers: int | None = None):
    shape = jukebox.shape
    if layers:
        shape = type(shape)(shape.width, shape.state, shape.heads, layers)
        jukebox = JukeboxFolder(jukebox.path, shape, jukebox.files, jukebox.id)
    return NativeExtractor(jukebox, CPU, choose_plan(plan, shape, CPU, 4, precision=precision))  # type: ignore[arg-type]


def codes_of(jukebox: JukeboxFolder, sound: NDArray) -> NDArray:
    return encode(jukebox.front(CPU).encoder, torch.from_numpy(sound)[None]).numpy()


def test_parity_of_codes(jukebox, golden, clip) -> None:
    different = codes_of(jukebox, clip) != golden["codes"]
    # Where two rows of the codebook are equally near but for rounding, another machine may take the other one.
    assert not (different[0] & (golden["code_margin"] > 1e-3)).any()


@pytest.mark.parametrize("name", ["short_0p3s", "odd_3p37s"])
def test_parity_of_codes_of_other_lengths(jukebox, golden, clip, name) -> None:
    codes = codes_of(jukebox, clip[: golden[f"{name}_nsamples"]])
    assert codes.shape == golden[f"{name}_codes"].shape
    assert (codes != golden[f"{name}_codes"]).sum() <= 1


def test_parity_of_conditioning(sources, golden) -> None:
    prior = read_torch_file(sources / PRIOR_SOURCE)["model"]
    np.testing.assert_array_equal(conditioning.start_vector(prior), golden["y_cond"].ravel())
    # At the places where a bin of time changes, and beside them.
    table = conditioning.time_table(prior)[golden["x_cond_places"]]
    np.testing.assert_allclose(table, golden["x_cond_changes"], atol=1e-7)


@pytest.mark.parametrize("layers", [1, 2, 6])
def test_parity_after_each_kind_of_attention(jukebox, golden, clip, layers) -> None:
    tokens = golden[f"feat_L{layers}_tokens"]
    streams = extractor(jukebox, layers=layers).streams(clip[None])[0]
    assert streams.shape == (1722, 64)
    assert distance(streams[: len(tokens)], tokens) < FP32


@pytest.mark.parametrize(
    ("plan", "precision"),
    [(plan, precision) for precision in ("fp32", "fp16", "bf16") for plan in ("stream", "full")] + [("int8", None)],
)
def test_parity_of_every_plan(jukebox, golden, clip, plan, precision) -> None:
    features = extractor(jukebox, plan, precision).features(clip[None])[0]
    assert features.shape == (150, 64)
    assert features.dtype == np.float32
    assert distance(features, golden["feat_L6_30fps"]) < BOUNDS[precision]


def test_parity_of_three_layers(jukebox, golden, clip) -> None:
    features = extractor(jukebox, layers=3).features(clip[None])[0]
    assert distance(features, golden["feat_L3_30fps"]) < FP32


@pytest.mark.parametrize("name", ["short_0p3s", "odd_3p37s"])
def test_parity_of_other_lengths(jukebox, golden, clip, name) -> None:
    features = extractor(jukebox).features(clip[None, : golden[f"{name}_nsamples"]])[0]
    assert features.shape == golden[f"{name}_feat_L6_30fps"].shape
    assert distance(features, golden[f"{name}_feat_L6_30fps"]) < FP32


def test_parity_of_a_batch(jukebox, golden, clip) -> None:
    features = extractor(jukebox).features(np.stack([clip, -0.5 * clip[::-1]]))
    assert distance(features, golden["batch2_feat_L6_30fps"]) < FP32


def test_parity_of_25_seconds(jukebox, golden, song) -> None:
    """More codes than the prior can see: the last ones are left out."""
    sound = prepare(song.samples, song.rate)
    codes = codes_of(jukebox, sound[:LONGEST])
    assert codes.shape == (1, 8613)
    assert (codes != golden["long_codes"]).sum() <= 2
    streams = extractor(jukebox).streams(sound[None])[0]
    assert streams.shape == (8192, 64)
    assert distance(streams[-256:], golden["long_feat_L6_tokens_tail"]) < FP32
    assert distance(to_frames(streams), golden["long_feat_L6_30fps"]) < FP32


def test_a_slice_in_a_group_is_the_slice_alone(jukebox, clip) -> None:
    other = prepare(clip[::-1] * 0.3, 44100)
    together = extractor(jukebox).features(np.stack([clip, other, clip]))
    alone = extractor(jukebox).features(other[None])[0]
    np.testing.assert_allclose(together[1], alone, atol=1e-5 * np.abs(alone).max())
    np.testing.assert_array_equal(together[0], together[2])


def test_what_comes_later_changes_nothing_before(jukebox, clip) -> None:
    """The prior looks back only; 90 codes before the cut the encoder does not see it either."""
    tokens = extractor(jukebox).streams(clip[None, : 128 * 1000])[0]
    whole = extractor(jukebox).streams(clip[None])[0]
    np.testing.assert_allclose(tokens[:910], whole[:910], atol=1e-5 * float(whole.abs().max()))


@pytest.mark.parametrize(("codes", "frames"), [(1722, 150), (8192, 714), (1161, 102), (103, 9)])
def test_frames_of_a_slice(codes, frames) -> None:
    assert frame_count(codes) == frames
    assert to_frames(torch.zeros(2, codes, 3)).shape == (2, frames, 3)


def test_resampling_keeps_slow_waves() -> None:
    """A wave that fits the slice three times is the same wave at 30 frames a second."""
    wave = torch.cos(torch.arange(1722) * (2 * torch.pi * 3 / 1722))[:, None]
    expected = torch.cos(torch.arange(150) * (2 * torch.pi * 3 / 150))[:, None]
    torch.testing.assert_close(to_frames(wave), expected, atol=1e-5, rtol=0)
