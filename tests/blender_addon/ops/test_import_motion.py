"""Motion files of other programs become takes on the selected character, or on new dancers."""

import pickle
from pathlib import Path

import bpy
import numpy as np
import pytest
from blender_fixtures import addon, put_dancer, random_motion


@pytest.fixture
def scene():
    bpy.context.scene.render.fps = 30
    bpy.context.scene.frame_start = 11
    bpy.context.scene.edge_dance.density = "FRAMES"
    return bpy.context.scene


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """One motion in three formats: of another program, for another, and of two people."""
    motion = random_motion(60)
    addon("edge_backend.motion.amass").save_amass(tmp_path / "take one.npz", motion)
    addon("edge_backend.motion.bvh").save_bvh(tmp_path / "take.bvh", motion)
    poses = addon("edge_backend.motion.rotations").matrix_to_axis_angle(motion.rotations).reshape(60, 72)
    person = {"pose_world": poses, "trans_world": motion.root}
    (tmp_path / "wham_output.pkl").write_bytes(pickle.dumps({1: person, 4: person}))
    (tmp_path / "bad.npy").write_bytes(b"nothing")
    return tmp_path


def run(folder: Path, *names: str, **options):
    files = [{"name": name} for name in names]
    return bpy.ops.edge_dance.import_motion(directory=str(folder), files=files, **options)


def hips_at(dancer, frame: int) -> np.ndarray:
    bpy.context.scene.frame_set(frame)
    return np.array(dancer.matrix_world @ dancer.pose.bones["pelvis"].head)


def test_a_file_becomes_a_take_on_the_character(scene, files):
    dancer = put_dancer()
    dancer.location = (1, 2, 0)
    assert run(files, "take one.npz") == {"FINISHED"}
    action = dancer.animation_data.action
    assert action.name == "take one" and tuple(action.frame_range) == (11, 70)
    assert scene.frame_end >= 70
    assert np.allclose(hips_at(dancer, 11)[:2], (1, 2), atol=1e-3)


def test_it_moves_as_the_file_says(scene, files):
    dancer = put_dancer()
    assert run(files, "take one.npz", clean_feet=False, at_character=False) == {"FINISHED"}
    (imported,) = addon("edge_backend.motion_import.reader").read_motions(files / "take one.npz")
    for frame in (0, 20, 59):
        assert np.allclose(hips_at(dancer, 11 + frame), imported.motion.root[frame], atol=1e-3)


def test_several_files_and_the_people_in_them_are_takes(scene, files):
    dancer = put_dancer()
    assert run(files, "take.bvh", "wham_output.pkl", "bad.npy") == {"FINISHED"}
    names = [action.name for action in addon("takes.take_list").takes_of(dancer)]
    assert names == ["take", "wham_output person 1", "wham_output person 4"]
    assert dancer.animation_data.action.name == names[-1]


def test_without_a_character_every_person_is_a_dancer(scene, files):
    assert run(files, "wham_output.pkl") == {"FINISHED"}
    dancers = [ob for ob in scene.objects if ob.type == "ARMATURE"]
    assert len(dancers) == 2
    assert {ob.animation_data.action.name for ob in dancers} == {"wham_output person 1", "wham_output person 4"}
    assert bpy.context.view_layer.objects.active in dancers


def test_files_that_are_none_are_named_and_nothing_changes(scene, files):
    dancer = put_dancer()
    with pytest.raises(RuntimeError, match=r"bad\.npy.*Choose other files\.$"):
        run(files, "bad.npy")
    assert not addon("takes.take_list").takes_of(dancer)
    objects = len(bpy.data.objects)
    bpy.context.view_layer.objects.active = None
    with pytest.raises(RuntimeError, match=r"bad\.npy"):
        run(files, "bad.npy")
    assert len(bpy.data.objects) == objects


def test_the_users_choices_for_a_file_are_used(scene, files):
    dancer = put_dancer()
    assert run(files, "take one.npz", rate=60) == {"FINISHED"}
    assert dancer.animation_data.action.frame_range[1] == 40


def test_files_can_be_dropped_onto_the_viewport():
    handler = bpy.types.EDGE_DANCE_FH_motion
    assert handler.bl_import_operator == "edge_dance.import_motion"
    assert {".npz", ".bvh", ".pkl", ".pt", ".npy"} <= set(handler.bl_file_extensions.split(";"))
