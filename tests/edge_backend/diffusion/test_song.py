"""Whole songs with the reference network: lengths, seeds, batches, seams."""

from dataclasses import replace

import numpy as np
import pytest

from edge_backend.diffusion.long_form import plan_windows
from edge_backend.diffusion.samplers import Cancelled
from edge_backend.diffusion.song import SamplerSettings, sample_song
from edge_backend.model.engine import carry_on
from edge_backend.model.onnx_engine import OnnxEngine
from edge_backend.model.torch_engine import TorchEngine
from edge_backend.motion.motion import Motion
from edge_backend.motion.representation import unpack
from edge_backend.schema.frames import HOP

SAMPLERS = ("ddim", "ddpm", "dpmpp")
QUICK = SamplerSettings(steps=4, seed=3)


@pytest.fixture
def music(parity):
    """frames -> features, smooth and different everywhere."""

    def build(frames):
        width = parity.weights.info.config.features
        time, channel = np.arange(frames)[:, None], np.arange(width)[None]
        return np.sin(0.05 * time * (1 + channel / width) + channel).astype(np.float32)

    return build


@pytest.fixture(scope="module")
def onnx_engine(parity):
    return OnnxEngine(parity.weights)


@pytest.fixture
def dance(onnx_engine, parity, music):
    """(frames, settings) -> vectors of a dance by the reference network, by ONNX Runtime unless told otherwise."""

    def build(frames, settings=QUICK, cond=None, engine=onnx_engine, **hooks):
        cond = music(plan_windows(frames).padded_frames) if cond is None else cond
        return sample_song(engine, parity.weights.normaliser, cond, frames, settings, **hooks).vectors()

    return build


@pytest.mark.parametrize("frames", [1, 30, 149, 150, 151, 225, 226, 700])
def test_the_dance_has_exactly_the_frames_asked_for(dance, frames):
    vectors = dance(frames)
    assert vectors.shape == (frames, 151)
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()


def test_rotations_come_out_orthonormal(dance):
    _, _, rotations = unpack(dance(200))
    identity = rotations @ np.swapaxes(rotations, -1, -2)
    np.testing.assert_allclose(identity, np.broadcast_to(np.eye(3), identity.shape), atol=1e-5)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_dance(dance, engine, sampler):
    settings = replace(QUICK, sampler=sampler)
    first, again, other = (dance(300, replace(settings, seed=seed), engine=engine) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert np.abs(other - first).mean() > 0.01


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_torch_s_batch_changes_nothing(dance, parity, sampler):
    frames = 1800  # 23 windows
    settings = replace(QUICK, sampler=sampler)
    reference = dance(frames, settings, engine=TorchEngine(parity.network, batch=8))
    # Matrices of other sizes may be multiplied in another order: that is rounding, nothing else.
    for batch in (23, 1):
        new = dance(frames, settings, engine=TorchEngine(parity.network, batch=batch))
        np.testing.assert_allclose(new, reference, atol=1e-4)


def test_a_few_windows_at_a_time_a_dance_begins_the_same_however_long_the_song_goes_on(dance):
    settings = replace(QUICK, sequential=True)
    # The passes over 1 and 2 windows are the same: their 300 frames.
    np.testing.assert_array_equal(dance(500, settings)[:300], dance(900, settings)[:300])


def test_frames_that_are_final_stay_so_and_are_there_early(dance):
    beginnings = []
    whole = dance(1800, replace(QUICK, sequential=True), on_final=beginnings.append)
    # Passes over 1, 2, 4, 8, and the last 8 of 23 windows; each adds its own hops of 75 frames.
    assert [beginning.frames for beginning in beginnings] == [150, 300, 600, 1200, 1800]
    for beginning in beginnings:
        np.testing.assert_array_equal(beginning.vectors(), whole[: beginning.frames])


class Counted:
    """An engine that counts what it is asked for."""

    def __init__(self, engine):
        self._engine, self.encoded, self.rows, self.plain_calls = engine, [], [], []

    def encode(self, cond, poll=carry_on, *, baseline=None):
        self.encoded.append(len(cond))
        return self._engine.encode(cond, poll, baseline=baseline)

    def predict(self, *arguments, **options):
        branches = self._engine.predict(*arguments, **options)
        self.rows.append(len(branches))
        return branches

    def plain(self, *arguments, **options):
        self.plain_calls.append(options)
        return self._engine.plain(*arguments, **options)


@pytest.fixture
def counted(onnx_engine):
    return Counted(onnx_engine)


@pytest.mark.parametrize("sequential", [False, True])
def test_every_window_s_music_is_encoded_once(dance, counted, sequential):
    dance(1800, replace(QUICK, sequential=sequential), engine=counted)
    assert sum(counted.encoded) == 23


def test_guidance_that_does_nothing_costs_nothing(dance, counted):
    """Where the weight is 1 the network without music is not asked; where it is 0 only that one is."""
    for guidance in (2.0, 1.0, 0.0):
        dance(150, replace(QUICK, guidance=guidance), engine=counted)
    assert counted.rows == [2] * 4 + [1] * 4 + [1] * 4


def test_without_room_for_what_is_read_of_the_music_the_dance_is_the_same(dance, monkeypatch):
    kept = dance(900)
    monkeypatch.setattr("edge_backend.model.memory_cache.ROOM_BYTES", 0)
    assert dance(900).tobytes() == kept.tobytes()


def test_the_reference_takes_edges_50_steps_whatever_the_settings_say(dance, counted):
    steps = []
    vectors = dance(200, replace(QUICK, sampler="reference"), engine=counted, on_step=steps.append)
    assert vectors.shape == (200, 151)
    assert len(steps) == 50
    # The whole network, the music included, anew for each of the two branches: nothing is kept.
    assert len(counted.plain_calls) == 2 * 50
    assert not counted.encoded and not counted.rows


def test_music_that_ends_early_goes_on_as_it_ended(dance, music):
    short = music(200)
    held = np.concatenate([short, np.repeat(short[-1:], 25, axis=0)])
    assert dance(210, cond=short).tobytes() == dance(210, cond=held).tobytes()


def test_separately_computed_windows_of_music_are_used_as_they_are(dance, music):
    whole = music(300)
    windows = np.stack([whole[start : start + 150] for start in (0, 75, 150)])
    np.testing.assert_array_equal(dance(300, cond=windows), dance(300, cond=whole))
    with pytest.raises(ValueError, match="3 windows, the music has 2"):
        dance(300, cond=windows[:2])


def test_progress_counts_every_step_once(dance):
    steps = []
    dance(300, on_step=steps.append)
    assert [(step.index, step.count) for step in steps] == [(index, 4) for index in range(4)]


def test_cancelling_takes_effect_within_one_network_evaluation(dance):
    evaluations = 0

    def cancel_in_the_second_step():
        nonlocal evaluations
        evaluations += 1
        if evaluations == 8:  # 3 to encode the music, 3 in the first step, 2 in the second
            raise Cancelled

    with pytest.raises(Cancelled):
        dance(1800, poll=cancel_in_the_second_step)
    assert evaluations == 8


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_onnx_runtime_gives_the_same_bytes_with_any_number_of_threads(dance, parity, threads):
    settings = replace(QUICK, sequential=True)
    alone = dance(600, settings, engine=OnnxEngine(parity.weights, threads=1))
    assert dance(600, settings, engine=OnnxEngine(parity.weights, threads=threads)).tobytes() == alone.tobytes()


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_both_engines_dance_the_same_dance(dance, onnx_engine, parity, sampler):
    settings = replace(QUICK, sampler=sampler, steps=50, sequential=True)
    ours, theirs = (
        Motion.from_vectors(dance(225, settings, engine=engine)).joints()
        for engine in (onnx_engine, TorchEngine(parity.network))
    )
    assert np.linalg.norm(ours - theirs, axis=-1).max() < 1e-3  # metres


@pytest.mark.parametrize("sequential", [False, True], ids=["at once", "a few at a time"])
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_seams_are_as_smooth_as_the_rest(smooth_dance, acceleration, sampler, sequential):
    frames = 3000
    settings = SamplerSettings(sampler, steps=12, seed=1, sequential=sequential)
    accelerations = acceleration(smooth_dance(frames, settings))
    seams = np.arange(HOP, frames - HOP, HOP)
    at_seams = np.stack([accelerations[seams + shift] for shift in (-2, -1, 0)])
    assert at_seams.max() < 2 * np.percentile(accelerations, 99)  # the largest anywhere is 1.5 to 1.8 times that
    # Windows that only copy x, as EDGE's do, and are cross-faded at the end reach 1.35.
    assert at_seams.mean() < 1.2 * accelerations.mean()
