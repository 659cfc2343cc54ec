"""Forty files of known motion, as other programs, models and trackers write them, come back as that motion."""

import pickle
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
import torch
from pipeline_fixtures import swaying
from scipy.spatial.transform import Rotation

from edge_backend.errors import EdgeError
from edge_backend.motion.amass import save_amass
from edge_backend.motion.bvh import save_bvh
from edge_backend.motion.edge_pickle import save_edge_pickle
from edge_backend.motion.files import SMPL_PELVIS, save_motion
from edge_backend.motion.kinematics import forward_kinematics
from edge_backend.motion.motion import Motion
from edge_backend.motion.rotations import matrix_to_axis_angle
from edge_backend.motion.skeleton import SMPL
from edge_backend.motion_import.clip import TO_Z_UP, Choices
from edge_backend.motion_import.joint_positions import solve
from edge_backend.motion_import.reader import read_motions
from edge_backend.numerics.array import Array

FRAMES = 60
MIXAMO = dict(zip(SMPL.names, (
    "Hips", "LeftUpLeg", "RightUpLeg", "Spine", "LeftLeg", "RightLeg", "Spine1", "LeftFoot", "RightFoot", "Spine2",
    "LeftToeBase", "RightToeBase", "Neck", "LeftShoulder", "RightShoulder", "Head", "LeftArm", "RightArm",
    "LeftForeArm", "RightForeArm", "LeftHand", "RightHand", "LeftHandMiddle1", "RightHandMiddle1",
), strict=True))  # fmt: skip


@pytest.fixture(scope="module")
def dance() -> Motion:
    """A dance on the floor: two joints of each hand hang on, as no other skeleton has them."""
    motion = swaying(FRAMES, place=(0.4, -0.3), heading=0.7)
    motion.rotations[:, 22:] = np.eye(3)
    motion.root[:, 2] -= np.percentile(motion.joints()[..., 2].min(axis=1), 1)
    return motion


def turned(dance: Motion, up: str) -> tuple[Array, Array]:
    """Rotations and root of the dance in axes in which `up` points up."""
    way = TO_Z_UP[up].T
    rotations = dance.rotations.astype(np.float64).copy()
    rotations[:, 0] = way @ rotations[:, 0]
    return rotations, dance.root.astype(np.float64) @ way.T


def poses(rotations: Array, joints: int = 24) -> Array:
    """Axis-angle (T, 3 joints), joints that SMPL does not have at rest."""
    whole = np.zeros((len(rotations), joints, 3))
    count = min(joints, 24) if joints <= 24 else 22
    whole[:, :count] = matrix_to_axis_angle(rotations[:, :count])
    return whole.reshape(len(rotations), 3 * joints)


def as_amass(dance: Motion, path: Path, joints: int = 52, up: str = "+z", **more: Any) -> None:
    rotations, root = turned(dance, up)
    arrays = {"poses": poses(rotations, joints), "trans": root - SMPL_PELVIS, "mocap_framerate": np.array(30.0)}
    np.savez(path, **(arrays | more))


def as_smplx_amass(dance: Motion, path: Path) -> None:
    rotations, root = turned(dance, "+z")
    body = poses(rotations, 55)
    np.savez(
        path,
        root_orient=body[:, :3],
        pose_body=body[:, 3:66],
        pose_hand=np.zeros((FRAMES, 90)),
        trans=root - SMPL_PELVIS,
        mocap_frame_rate=np.array(30.0),
        surface_model_type=np.array("smplx"),
    )


def as_global(dance: Motion, up: str) -> dict[str, Any]:
    rotations, root = turned(dance, up)
    body = poses(rotations, 22)
    return {
        "global_orient": torch.tensor(body[:, :3], dtype=torch.float32),
        "body_pose": torch.tensor(body[:, 3:66], dtype=torch.float32),
        "transl": torch.tensor(root - SMPL_PELVIS, dtype=torch.float32),
        "betas": torch.zeros(FRAMES, 10),
    }


def as_gvhmr(dance: Motion, path: Path, people: int = 1, zipped: bool = True) -> None:
    params = as_global(dance, "+y")
    if people > 1:
        params = {key: torch.stack([value] * people) for key, value in params.items()}
    content = {"smpl_params_global": params, "smpl_params_incam": params, "K_fullimg": torch.eye(3)}
    torch.save(content, path, _use_new_zipfile_serialization=zipped)


def as_wham(dance: Motion, path: Path, people: int = 1) -> None:
    rotations, root = turned(dance, "+y")
    person = {
        "pose": poses(rotations),
        "trans": root,
        "pose_world": poses(rotations).astype(np.float32),
        "trans_world": (root - SMPL_PELVIS).astype(np.float32),
        "frame_ids": np.arange(FRAMES),
    }
    path.write_bytes(pickle.dumps(dict.fromkeys(range(people), person)))


def as_tram(dance: Motion, path: Path, camera: bool) -> None:
    rotations, root = turned(dance, "+y")
    turn = np.diag([1.0, -1, -1])  # y down in the camera, up in the world
    place = np.array([0.3, 1.4, 2.0])
    seen = rotations[:, :24].copy()
    seen[:, 0] = turn.T @ seen[:, 0]
    content = {
        "pred_rotmat": torch.tensor(seen, dtype=torch.float32),
        "pred_trans": torch.tensor(((root - place) @ turn - SMPL_PELVIS)[:, None], dtype=torch.float32),
        "pred_shape": torch.zeros(FRAMES, 10),
        "frame": np.arange(FRAMES),
    }
    folder = path.parent / path.stem / "hps"
    folder.mkdir(parents=True)
    np.save(folder / path.name, content, allow_pickle=True)
    if camera:
        camera_content = {"world_cam_R": np.tile(turn, (FRAMES, 1, 1)), "world_cam_T": np.tile(place, (FRAMES, 1))}
        np.save(folder.parent / "camera.npy", camera_content, allow_pickle=True)


def as_phalp(dance: Motion, path: Path, hidden: tuple[int, ...] = ()) -> None:
    rotations, root = turned(dance, "-y")
    content = {}
    for frame in range(FRAMES):
        person = {
            "global_orient": rotations[frame, :1].astype(np.float32),
            "body_pose": rotations[frame, 1:24].astype(np.float32),
            "betas": np.zeros(10, np.float32),
        }
        one: dict[str, Any] = {"tid": [7], "smpl": [person], "camera": [root[frame] - SMPL_PELVIS]}
        if frame in hidden:
            one = {"tid": [], "smpl": [], "camera": []}
        content[f"outputs/frame_{frame:06}.jpg"] = one
    path.write_bytes(pickle.dumps(content))


def as_prompthmr(dance: Motion, path: Path, world: bool = True) -> None:
    rotations, root = turned(dance, "+y" if world else "-y")
    params = {"pose": poses(rotations, 55), "trans": root - SMPL_PELVIS, "shape": np.zeros((FRAMES, 10))}
    people = {1: {"frames": np.arange(FRAMES), "track_id": 1, "smplx_world" if world else "smplx_cam": params}}
    path.write_bytes(pickle.dumps({"people": people, "camera": {"img_focal": 1000.0}}))


def as_aist(
    dance: Motion, path: Path, names: tuple[str, str, str] = ("smpl_poses", "smpl_trans", "smpl_scaling")
) -> None:
    rotations, root = turned(dance, "+y")
    twice = np.repeat(np.arange(FRAMES), 2)[:-1]  # 60 frames a second; every second one is the dance's
    scale = np.array([91.5])
    content = {names[0]: poses(rotations)[twice], names[1]: root[twice] * scale, names[2]: scale}
    path.write_bytes(pickle.dumps(content))


def as_smpl_npz(dance: Motion, path: Path, **names: str) -> None:
    rotations, root = turned(dance, "+z")
    arrays = {"poses": poses(rotations), "trans": root - SMPL_PELVIS, "fps": np.array(30)}
    np.savez(path, **{names.get(key, key): value for key, value in arrays.items()})


def as_bvh(
    dance: Motion, path: Path, *, up: str = "+y", order: str = "ZXY", rate: int = 30, scale: float = 1.0,
    names: Mapping[str, str] = MappingProxyType({}),
) -> None:  # fmt: skip
    """A BVH whose axes, order of rotations, rate, unit and names are those asked for: each joint's axes are the file's.

    Rates are multiples of 30; what lies between the dance's frames repeats them.
    """
    to_file = TO_Z_UP[up].T @ TO_Z_UP["+y"]  # from y up
    turns = np.repeat(dance.rotations.astype(np.float64), rate // 30, axis=0)[: (FRAMES - 1) * rate // 30 + 1]
    turns[:, 0] = TO_Z_UP["+y"].T @ turns[:, 0]
    angles = np.degrees(euler(to_file @ turns @ to_file.T, order))
    root = scale * np.repeat(dance.root @ TO_Z_UP[up], rate // 30, axis=0)[: len(turns)]
    children = [[child for child, parent in enumerate(SMPL.parents) if parent == joint] for joint in range(len(SMPL))]
    lines, joints = ["HIERARCHY"], []

    def add(joint: int) -> None:
        joints.append(joint)
        name = names.get(SMPL.names[joint], SMPL.names[joint])
        channels = [f"{axis}rotation" for axis in order]
        if joint == 0:
            channels = ["Xposition", "Yposition", "Zposition", *channels]
        offset = " ".join(f"{value:.7f}" for value in scale * to_file @ SMPL.offsets[joint])
        lines.extend([f"{'JOINT' if joint else 'ROOT'} {name}", "{", f"OFFSET {offset}"])
        lines.append(f"CHANNELS {len(channels)} {' '.join(channels)}")
        for child in children[joint]:
            add(child)
        if not children[joint]:
            lines.extend(["End Site", "{", f"OFFSET {offset}", "}"])
        lines.append("}")

    add(0)
    rows = np.concatenate([root, angles[:, joints].reshape(len(turns), -1)], axis=1)
    lines += ["MOTION", f"Frames: {len(turns)}", f"Frame Time: {1 / rate:.8f}"]
    path.write_text("\n".join([*lines, *(" ".join(f"{value:.7f}" for value in row) for row in rows)]) + "\n")


def euler(matrices: Array, order: str) -> Array:
    """Angles (..., 3) in radians in the order in which their matrices are multiplied."""
    return Rotation.from_matrix(matrices.reshape(-1, 3, 3)).as_euler(order).reshape(*matrices.shape[:-2], 3)


Write = Callable[[Motion, Path], Any]
WHOLE: dict[str, Write] = {
    "ours.npz": lambda dance, path: save_motion(path, dance),
    "amass.npz": lambda dance, path: save_amass(path, dance),
    "amass smpl.npz": lambda dance, path: as_amass(dance, path, 24),
    "amass smplx.npz": lambda dance, path: as_amass(dance, path, 55),
    "amass smplx parts.npz": as_smplx_amass,
    "amass 22 joints.npz": lambda dance, path: as_amass(dance, path, 22),
    "amass y up.npz": lambda dance, path: as_amass(dance, path, up="+y"),
    "amass y down.npz": lambda dance, path: as_amass(dance, path, up="-y"),
    "amass x up.npz": lambda dance, path: as_amass(dance, path, up="+x"),
    "amass x down.npz": lambda dance, path: as_amass(dance, path, up="-x"),
    "amass z down.npz": lambda dance, path: as_amass(dance, path, up="-z"),
    "amass other rate name.npz": lambda dance, path: as_smpl_npz(dance, path, fps="mocap_frame_rate"),
    "smpl fps.npz": as_smpl_npz,
    "smpl transl.npz": lambda dance, path: as_smpl_npz(dance, path, trans="transl"),
    "smpl pose.npz": lambda dance, path: as_smpl_npz(dance, path, poses="pose", fps="framerate"),
    "smpl without rate.npz": lambda dance, path: as_smpl_npz(dance, path, fps="unused"),
    "smplx global.npz": lambda dance, path: np.savez(
        path, **{key: value.numpy() for key, value in as_global(dance, "+z").items()}
    ),
    "edge.pkl": lambda dance, path: save_edge_pickle(path, dance),
    "aist.pkl": as_aist,
    "edge data.pkl": lambda dance, path: as_aist(dance, path, ("q", "pos", "scale")),
    "gvhmr.pt": as_gvhmr,
    "gvhmr old torch.pt": lambda dance, path: as_gvhmr(dance, path, zipped=False),
    "gvhmr.pkl": lambda dance, path: path.write_bytes(
        pickle.dumps({"smpl_params_global": {key: one.numpy() for key, one in as_global(dance, "+y").items()}})
    ),
    "smpl dict.pt": lambda dance, path: torch.save(as_global(dance, "+z"), path),
    "wham.pkl": as_wham,
    "prompthmr.pkl": as_prompthmr,
    "prompthmr camera.pkl": lambda dance, path: as_prompthmr(dance, path, world=False),
    "phalp.pkl": as_phalp,
    "phalp hidden.pkl": lambda dance, path: as_phalp(dance, path, hidden=(0,)),
    "dance.bvh": lambda dance, path: save_bvh(path, dance),
    "cm.bvh": partial(as_bvh, scale=100.0),
    "inch.bvh": partial(as_bvh, scale=39.37),
    "z up.bvh": partial(as_bvh, up="+z"),
    "x up, cm.bvh": partial(as_bvh, up="+x", scale=100.0),
    "xyz.bvh": partial(as_bvh, order="XYZ"),
    "yxz, cm.bvh": partial(as_bvh, order="YXZ", scale=100.0),
    "zyx, z up.bvh": partial(as_bvh, order="ZYX", up="+z"),
    "60 fps.bvh": partial(as_bvh, rate=60),
    "120 fps, z up, mm.bvh": partial(as_bvh, rate=120, up="+z", scale=1000.0),
    "mixamo.bvh": partial(as_bvh, names=MIXAMO, scale=100.0),
    "mixamo, z up.bvh": partial(as_bvh, names=MIXAMO, up="+z"),
}


def off(found: Motion, dance: Motion, first: int = 0) -> tuple[float, float]:
    """The largest distance of body joints in metres, about the first frame's place, and of rotations in degrees."""
    one, other = found.joints()[:, :22], dance.joints()[first : first + found.frames, :22]
    one, other = one - one[0, 0] * [1, 1, 0], other - other[0, 0] * [1, 1, 0]
    # The files' horizontal axes are theirs: a turn about up is no error.
    heading = turn_between(one, other)
    difference = np.swapaxes(found.rotations[:, :22], -1, -2) @ dance.rotations[first : first + found.frames, :22]
    difference[:, 0] = (
        np.swapaxes(heading @ found.rotations[:, 0], -1, -2) @ dance.rotations[first : first + found.frames, 0]
    )
    return float(np.abs(one @ heading.T - other).max()), float(
        np.degrees(np.linalg.norm(matrix_to_axis_angle(difference), axis=-1).max())
    )


def turn_between(one: Array, other: Array) -> Array:
    """The rotation about up that brings points (T, J, 3) nearest to others."""
    a, b = one[..., :2] - one[:, :1, :2], other[..., :2] - other[:, :1, :2]
    angle = np.arctan2(np.sum(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]), np.sum(a * b))
    return np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_comes_back_as_its_motion(dance: Motion, tmp_path: Path, name: str) -> None:
    WHOLE[name](dance, tmp_path / name)
    (imported,) = read_motions(tmp_path / name)
    first = 1 if "hidden" in name else 0
    assert imported.motion.frames == FRAMES - first
    metres, degrees = off(imported.motion, dance, first)
    assert metres < 1e-3
    assert degrees < 0.1
    assert abs(np.percentile(imported.motion.joints()[..., 2].min(axis=1), 1)) < 0.011


@pytest.mark.parametrize("camera", [True, False])
def test_tram_in_the_world_and_in_its_camera(dance: Motion, tmp_path: Path, camera: bool) -> None:
    as_tram(dance, tmp_path / "hps_track_0.npy", camera)
    (imported,) = read_motions(tmp_path / "hps_track_0" / "hps" / "hps_track_0.npy")
    metres, degrees = off(imported.motion, dance)
    assert metres < 1e-3
    assert degrees < 0.1
    assert any("camera" in note for note in imported.notes) != camera


def test_every_person_is_a_motion_of_its_own(dance: Motion, tmp_path: Path) -> None:
    as_gvhmr(dance, tmp_path / "people.pt", people=3)
    as_wham(dance, tmp_path / "people.pkl", people=2)
    for name, count in (("people.pt", 3), ("people.pkl", 2)):
        found = read_motions(tmp_path / name)
        assert len({one.name for one in found}) == count
        for one in found:
            assert off(one.motion, dance)[0] < 1e-3


def test_someone_who_was_hidden_goes_on_between(dance: Motion, tmp_path: Path) -> None:
    as_phalp(dance, tmp_path / "a.pkl", hidden=(20, 21))
    (imported,) = read_motions(tmp_path / "a.pkl")
    assert imported.motion.frames == FRAMES
    assert off(imported.motion, dance)[0] < 0.1


@pytest.mark.parametrize("rate", [20.0, 24.0, 59.94, 60.0, 100.0, 120.0, 240.0])
def test_every_rate_becomes_thirty(dance: Motion, tmp_path: Path, rate: float) -> None:
    """A body that turns about up at one radian a second does so at any rate."""
    count = int(4 * rate)
    standing = np.tile(np.eye(3), (count, 24, 1, 1))
    angle = np.arange(count) / rate
    about_up = np.zeros((count, 3, 3))
    about_up[:, 0, 0] = about_up[:, 1, 1] = np.cos(angle)
    about_up[:, 1, 0], about_up[:, 0, 1], about_up[:, 2, 2] = np.sin(angle), -np.sin(angle), 1
    standing[:, 0] = about_up @ TO_Z_UP["+y"]
    np.savez(tmp_path / "a.npz", poses=poses(standing), trans=np.zeros((count, 3)), mocap_framerate=np.array(rate))
    (imported,) = read_motions(tmp_path / "a.npz")
    found = imported.motion.rotations[60, 0] @ imported.motion.rotations[0, 0].T
    assert np.linalg.norm(matrix_to_axis_angle(found)) == pytest.approx(2, abs=1e-3)
    assert any(f"{rate:g} frames a second" in note for note in imported.notes)
    assert imported.motion.frames == pytest.approx(120, abs=2)
    del dance


@pytest.mark.parametrize(("unit", "scale"), [("cm", 100.0), ("mm", 1000.0)])
def test_lengths_in_another_unit_are_noticed(tmp_path: Path, unit: str, scale: float) -> None:
    """Two metres in three seconds, in another unit, would be far faster than people move."""
    walk = swaying(90)
    walk.root[:, 1] += np.linspace(0, 2, 90)
    walk.root[:, 2] -= np.percentile(walk.joints()[..., 2].min(axis=1), 1)
    rotations, root = turned(walk, "+z")
    np.savez(tmp_path / "a.npz", poses=poses(rotations), trans=scale * (root - SMPL_PELVIS), fps=np.array(30.0))
    (imported,) = read_motions(tmp_path / "a.npz")
    assert off(imported.motion, walk)[0] < 0.05
    assert any(f"in {unit}" in note for note in imported.notes)
    (told,) = read_motions(tmp_path / "a.npz", Choices(unit=unit))
    np.testing.assert_array_equal(told.motion.root, imported.motion.root)


def test_the_users_choices_override_the_file(dance: Motion, tmp_path: Path) -> None:
    as_amass(dance, tmp_path / "a.npz", mocap_framerate=np.array(60.0))
    (imported,) = read_motions(tmp_path / "a.npz", Choices(up="+z", rate=30.0))
    assert imported.motion.frames == FRAMES
    assert off(imported.motion, dance)[0] < 1e-3


@pytest.mark.parametrize("kind", ["positions", "mdm", "24 joints"])
def test_joint_positions_are_solved(dance: Motion, tmp_path: Path, kind: str) -> None:
    """The bones' directions are the file's; the model's lengths are its own. 20 frames a second."""
    rotations, root = turned(dance, "+y")
    joints = forward_kinematics(rotations, root)[:, : 24 if kind == "24 joints" else 22]
    content: Any = joints
    if kind == "mdm":
        content = {"motion": joints.transpose(1, 2, 0)[None], "lengths": np.array([FRAMES]), "text": ["dance"]}
    np.save(tmp_path / "a.npy", content, allow_pickle=True)
    (imported,) = read_motions(tmp_path / "a.npy")
    assert imported.motion.frames == int((FRAMES - 1) / 20 * 30 + 1e-6) + 1
    first = imported.motion.joints()[0, :22]
    wanted = dance.joints()[0, :22]
    heading = turn_between(first[None], wanted[None])
    np.testing.assert_allclose((first - first[0]) @ heading.T, wanted - wanted[0], atol=1e-3)


def test_solved_joints_are_where_they_were(dance: Motion) -> None:
    rotations, root = turned(dance, "+y")
    joints = forward_kinematics(rotations, root)[:, :22]
    solved = np.tile(np.eye(3), (FRAMES, 24, 1, 1))
    solved[:, :22] = solve(joints)
    np.testing.assert_allclose(forward_kinematics(solved, root)[:, :22], joints, atol=1e-6)
    np.testing.assert_allclose(solved @ solved.swapaxes(-1, -2), np.broadcast_to(np.eye(3), solved.shape), atol=1e-6)


def test_a_larger_body_becomes_as_large_as_the_model(tmp_path: Path, dance: Motion) -> None:
    rotations, root = turned(dance, "+y")
    np.save(tmp_path / "a.npy", 1.3 * forward_kinematics(rotations, root)[:, :22])
    (imported,) = read_motions(tmp_path / "a.npy")
    assert any("0.77 times" in note for note in imported.notes)
    assert imported.motion.root[0, 2] == pytest.approx(dance.root[0, 2], abs=0.02)
    assert len(SMPL) == 24


RESULTS: dict[str, tuple[Write, tuple[str, ...]]] = {
    "amass.npz": (as_amass, ("poses", "trans")),
    "smplx.npz": (as_smplx_amass, ("root_orient", "pose_body", "trans")),
    "aist.pkl": (as_aist, ("smpl_poses", "smpl_trans", "smpl_scaling")),
    "wham.pkl": (as_wham, ("pose_world", "trans_world")),
    "phalp.pkl": (as_phalp, ("global_orient", "body_pose", "camera", "tid")),
    "prompthmr.pkl": (as_prompthmr, ("pose", "trans")),
    "gvhmr.pkl": (WHOLE["gvhmr.pkl"], ("global_orient", "body_pose", "transl")),
}
"""Files, and the arrays in them that a motion needs."""

FAULTS: dict[str, Callable[[Any], Any]] = {
    "a text": lambda _: "nothing",
    "none": lambda _: None,
    "empty": lambda _: np.zeros(0),
    "another shape": lambda _: np.zeros((2, 2, 5)),
    "not numbers": lambda value: np.full(np.shape(value), np.nan),
    "texts": lambda value: np.full(np.shape(value), "x"),
    "a dict": lambda _: {"a": 1},
}


def with_fault(content: Any, key: str, fault: Callable[[Any], Any] | None) -> Any:
    """The content with that value spoilt wherever it is, or without it."""
    if isinstance(content, dict):
        items = ((one, with_fault(value, key, fault)) for one, value in content.items() if fault or one != key)
        return {one: fault(value) if fault and one == key else value for one, value in items}
    return [with_fault(one, key, fault) for one in content] if isinstance(content, list) else content


@pytest.mark.parametrize(("name", "key"), [(name, key) for name, (_, keys) in RESULTS.items() for key in keys])
def test_a_result_that_lacks_something_is_one_sentence(dance: Motion, tmp_path: Path, name: str, key: str) -> None:
    """Every array that a motion needs, left out and spoilt in seven ways."""
    path = tmp_path / name
    RESULTS[name][0](dance, path)
    if path.suffix == ".npz":
        with np.load(path) as file:
            content = dict(file)
    else:
        content = pickle.loads(path.read_bytes())  # noqa: S301 - written three lines above
    read = []
    for way, fault in {"missing": None, **FAULTS}.items():
        spoilt = with_fault(content, key, fault)
        if path.suffix == ".npz":
            np.savez(path, **{one: np.asarray(value) for one, value in spoilt.items()})
        else:
            path.write_bytes(pickle.dumps(spoilt))
        try:
            read_motions(path)
            read.append(way)
        except EdgeError as error:
            assert error.code in {"motion_unknown", "motion_unreadable", "motion_nan"}, way
            assert name in error.message and "\n" not in error.message
    assert read == (["missing"] if key == "smpl_scaling" else [])
