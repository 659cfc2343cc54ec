import numpy as np
import pytest
import torch

from edge_backend.errors import EdgeError
from edge_backend.evaluation.smoothness import jitter
from edge_backend.model.controls import STYLES
from edge_backend.motion.kinematics import forward_kinematics
from edge_backend.motion.representation import mirror, pack, unpack
from edge_backend.motion.rotations import axis_angle_to_matrix, matrix_to_quaternion, quaternion_to_matrix, slerp
from edge_backend.training.pack import load_pack
from edge_backend.training.speeds import captured_speeds


@pytest.fixture(scope="module")
def dances(pack_path):
    return load_pack(pack_path)


def posed(pack_arrays, frames):
    """Local rotation matrices (frames, 24, 3, 3) of frames of the pack."""
    poses = np.zeros((len(frames), 24, 3))
    poses[:, :22] = pack_arrays["poses"][frames].reshape(-1, 22, 3) / 32767 * np.pi
    return axis_angle_to_matrix(poses)


def test_a_dance_that_is_not_warped_comes_out_as_it_went_in(dances, pack_arrays):
    frames = np.arange(dances.length[0])
    contacts, root, rotations = unpack(dances.vectors[: len(frames)].numpy())
    np.testing.assert_allclose(rotations, posed(pack_arrays, frames), atol=1e-5)
    np.testing.assert_allclose(root, pack_arrays["root"][frames], atol=1e-6)
    np.testing.assert_array_equal(contacts, pack_arrays["contacts"][frames])


def test_between_frames_rotations_turn_by_slerp_and_the_root_goes_straight(dances, pack_arrays):
    place = pack_arrays["warp"][dances.start[1] + 7]  # the faster variant of the first piece
    before = int(place)
    share = float(place - before)
    assert 0.1 < share < 0.9
    _, root, rotations = unpack(dances.vectors[dances.start[1] + 7].numpy())
    a, b = (matrix_to_quaternion(posed(pack_arrays, [frame]))[0] for frame in (before, before + 1))
    np.testing.assert_allclose(rotations, quaternion_to_matrix(slerp(a, b, np.full(24, share))), atol=1e-5)
    ends = pack_arrays["root"][[before, before + 1]]
    np.testing.assert_allclose(root, ends[0] + share * (ends[1] - ends[0]), atol=1e-6)


def test_energy_is_the_joints_speed_about_the_pelvis_over_five_seconds(dances):
    first, frames = int(dances.start[2]), int(dances.length[2])
    _, _, rotations = unpack(dances.vectors[first : first + frames].numpy())
    joints = forward_kinematics(rotations, np.zeros((frames, 3), np.float32))
    speed = np.linalg.norm(np.diff(joints, axis=0), axis=-1).mean(axis=1) * 30
    middle = 100
    expected = speed[middle - 75 : middle + 75].mean()
    low, high = dances.energy_range
    assert dances.energy[first + middle].item() == pytest.approx(
        np.clip((expected - low) / (high - low), 0, 1), abs=1e-3
    )


def test_energy_spans_its_range_over_the_training_dances(dances):
    assert dances.energy.min() == 0
    assert dances.energy.max() == 1


def variant_joints(dances, variant):
    start, length = int(dances.start[variant]), int(dances.length[variant])
    _, root, rotations = unpack(dances.vectors[start : start + length].numpy())
    return forward_kinematics(rotations, root)


def test_speeds_are_quantiles_of_the_training_part_by_style(dances):
    speeds = captured_speeds(dances)
    frame_style = torch.repeat_interleave(dances.style, dances.length)
    train = torch.repeat_interleave(~dances.holdout, dances.length)
    assert set(speeds) == {STYLES[number] for number in dances.style[~dances.holdout].tolist()} - {"any"}
    for style, found in speeds.items():
        own = dances.speed[train & (frame_style == STYLES.index(style))]
        ends = [found["captured"][0], found["captured"][5], found["captured"][-1]]
        assert ends == pytest.approx(np.quantile(own.numpy(), [0, 0.5, 1]), abs=1e-4)
        variants = torch.nonzero((dances.style == STYLES.index(style)) & ~dances.holdout)[:, 0].tolist()
        jerks = [jitter(variant_joints(dances, variant)) for variant in variants]
        assert min(jerks) - 0.1 <= found["jitter"] <= max(jerks) + 0.1
        assert 0 <= found["low"] <= 1


def test_the_normaliser_holds_the_data_its_mirror_image_and_any_heading(dances):
    low, high = dances.normaliser.unnormalise(np.array([-np.ones(151), np.ones(151)], np.float32))
    np.testing.assert_allclose([low[:4], high[:4]], [[0] * 4, [1] * 4])
    np.testing.assert_allclose([low[4:6], high[4:6]], [[-3, -3], [3, 3]])
    np.testing.assert_allclose([low[7:13], high[7:13]], [[-1] * 6, [1] * 6], atol=1e-6)
    train = dances.vectors[: dances.start[~dances.holdout][-1] + dances.length[~dances.holdout][-1]].numpy()
    for vectors in (train, pack(*mirror(*unpack(train)))):
        assert (vectors >= low - 1e-5).all()
        assert (vectors <= high + 1e-5).all()


def test_holdout_and_styles_follow_the_pieces(dances, pack_arrays):
    np.testing.assert_array_equal(dances.holdout, pack_arrays["piece_split"][pack_arrays["variant_piece"]] == 1)
    np.testing.assert_array_equal(dances.style, pack_arrays["piece_style"][pack_arrays["variant_piece"]])


@pytest.mark.parametrize(
    ("array", "spoil"),
    [
        ("root", lambda a: a * np.float32("nan")),
        ("features", lambda a: a[:-1]),
        ("piece_style", lambda a: a + 6),
        ("variant_piece", lambda a: a + 1),
        ("variant_start", lambda a: a + 1),
        ("piece_length", lambda a: a + 10),
        ("warp", lambda a: a + 5),
        ("contacts", None),
    ],
)
def test_a_pack_that_is_wrong_anywhere_is_refused_by_file_and_array(write_pack, pack_arrays, array, spoil):
    arrays = dict(pack_arrays)
    if spoil is None:
        del arrays[array]
    else:
        arrays[array] = spoil(arrays[array])
    path = write_pack(arrays)
    with pytest.raises(EdgeError, match=str(path)) as error:
        load_pack(path)
    assert error.value.code == "pack_damaged"


def test_a_file_that_is_no_pack_is_refused(tmp_path):
    path = tmp_path / "pack.safetensors"
    path.write_bytes(b"not a pack")
    for wrong in (path, tmp_path / "missing.safetensors", tmp_path):
        with pytest.raises(EdgeError) as error:
            load_pack(wrong)
        assert error.value.code == "pack_unreadable"


def test_loading_leaves_the_file_alone(pack_path):
    before = pack_path.read_bytes()
    dances = load_pack(pack_path)
    dances.vectors.zero_()
    assert pack_path.read_bytes() == before
    assert torch.isfinite(load_pack(pack_path).vectors).all()
