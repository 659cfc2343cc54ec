"""A dance on the film set: the whole dancer is in the picture at every frame, and other objects are not changed."""

import bpy
import numpy as np
import pytest
from blender_fixtures import addon, put_dancer, put_skeleton, random_motion
from bpy_extras.object_utils import world_to_camera_view
from characters import mixamo, put_character
from mathutils import Matrix, Vector


def wandering(frames, seed=0):
    """Random poses along a path of some metres."""
    motion = random_motion(frames, seed)
    time = np.arange(frames) / 30
    motion.root[:] = np.stack([0.9 * time, 0.6 * np.sin(2 * time), 0.1 * np.sin(9 * time) + 0.9], axis=-1)
    return motion


def dance(armature, frames=40, seed=0):
    bpy.context.scene.render.fps = 30
    bpy.context.scene.frame_end = 2
    return addon("takes.new_take").add_take(armature, wandering(frames, seed), bpy.context.scene, 1.0)


def in_picture(points):
    """Positions of world points in the scene's picture (N, 2), 0 to 1 from left to right and from bottom to top."""
    scene = bpy.context.scene
    return np.array([world_to_camera_view(scene, scene.camera, Vector(point))[:2] for point in points])


def bone_ends(armature):
    posed = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return [posed.matrix_world @ end for bone in posed.pose.bones for end in (bone.head, bone.tail)]


def body_corners(armature):
    """Some vertices of the armature's meshes at the current frame."""
    depsgraph = bpy.context.evaluated_depsgraph_get()
    points = []
    for body in armature.children:
        shown = body.evaluated_get(depsgraph)
        points += [shown.matrix_world @ vertex.co for vertex in list(shown.data.vertices)[::9]]
    return points


@pytest.mark.parametrize(("turn", "following"), [(0.0, True), (2.1, False)])
def test_no_hand_and_no_foot_is_cut_off_at_any_frame(turn, following):
    dancer = put_dancer()
    dance(dancer, frames=24)
    bpy.ops.edge_dance.set_up_render(look="WORKBENCH", turn=turn, following=following)
    scene = bpy.context.scene
    seen = []
    for frame in range(scene.frame_start, scene.frame_end + 1):
        scene.frame_set(frame)
        seen.append(in_picture(bone_ends(dancer) + (body_corners(dancer) if frame % 8 == 0 else [])))
    seen = np.concatenate(seen)
    assert seen.min() > 0 and seen.max() < 1
    assert np.ptp(seen, axis=0).max() > 0.8  # and the picture is used


def test_dancers_are_looked_at_in_steps_between_which_the_frame_is_as_before(monkeypatch):
    dancer, scene = put_skeleton(), bpy.context.scene
    dance(dancer)
    frames = [float(frame) for frame in range(1, 41)]
    tracks = addon("render.tracks")
    (whole,) = tracks.tracks_of([dancer], scene, frames)
    for name in ("_STEP_S", "_LONGEST_STEP_S"):
        monkeypatch.setattr(addon("rig.looking"), name, 0.0)
    scene.frame_set(17)
    steps, told = tracks.tracks_in_steps([dancer], scene, frames), []
    with pytest.raises(StopIteration) as end:
        while True:
            told.append(next(steps))
            assert scene.frame_current == 17
    (found,) = end.value.value
    assert len(told) == 40 and np.array_equal(found.points, whole.points) and np.array_equal(found.hips, whole.hips)
    steps = tracks.tracks_in_steps([dancer], scene, frames)
    next(steps)
    bpy.data.objects.remove(dancer)
    with pytest.raises(addon("edge_backend.errors").EdgeError, match="deleted meanwhile"):
        next(steps)


def test_a_film_beside_a_file_that_was_never_saved_is_refused_with_the_reason(tmp_path):
    """Blender 5 begins it, and writes nothing."""
    dance(put_skeleton())
    bpy.ops.edge_dance.set_up_render(look="WORKBENCH")
    why_no_film = addon("ops.render").why_no_film
    assert why_no_film(bpy.context).startswith("Save the file first")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "stage.blend"))
    assert why_no_film(bpy.context) == ""


def test_an_upright_picture_has_everything_too():
    dancer = put_skeleton()
    dance(dancer)
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = 600, 800
    bpy.ops.edge_dance.set_up_render(look="WORKBENCH")
    for frame in range(1, 41):
        scene.frame_set(frame)
        seen = in_picture(bone_ends(dancer))
        assert seen.min() > 0 and seen.max() < 1


def test_a_character_in_centimetres_and_several_dancers_are_filmed_whole():
    small = put_character(mixamo(), units=100, y_up=True)
    dance(small)
    dancer = put_skeleton()
    dancer.location = (2, 1, 0)
    dance(dancer, seed=1)
    small.select_set(True)
    bpy.ops.edge_dance.set_up_render(look="WORKBENCH")
    scene = bpy.context.scene
    for frame in range(1, 41):
        scene.frame_set(frame)
        seen = in_picture(bone_ends(small) + bone_ends(dancer))
        assert seen.min() > 0 and seen.max() < 1


def test_the_camera_goes_along_smoothly():
    dance(put_skeleton(), frames=150)
    bpy.ops.edge_dance.set_up_render(look="WORKBENCH")
    scene = bpy.context.scene
    places = []
    for frame in range(1, 151):
        scene.frame_set(frame)
        places.append(scene.camera.matrix_world.translation.copy())
    places = np.array(places)
    assert np.linalg.norm(places[-1] - places[0]) > 1.0  # of the 4.5 m of the way, seen through 1.2 s
    assert np.abs(np.diff(places, n=2, axis=0)).max() < 2e-3  # metres a frame, squared


def test_a_second_set_up_replaces_the_first_and_removing_it_leaves_the_scene_as_it_was():
    dancer = put_skeleton()
    action = dance(dancer)
    scene = bpy.context.scene
    mine = bpy.data.objects.new("My Camera", bpy.data.cameras.new("My Camera"))
    scene.collection.objects.link(mine)
    scene.camera, scene.world = mine, bpy.data.worlds.new("My World")
    kinds = ("objects", "collections", "cameras", "lights", "materials", "meshes", "worlds", "actions")
    before = {kind: sorted(block.name for block in getattr(bpy.data, kind)) for kind in kinds}
    bpy.ops.edge_dance.set_up_render(look="WORKBENCH")
    once = {kind: sorted(block.name for block in getattr(bpy.data, kind)) for kind in kinds}
    assert scene.camera != mine and scene.world.name == "Film Set" and dancer.animation_data.action == action
    bpy.ops.edge_dance.set_up_render(look="CYCLES", turn=1.0)
    assert {kind: sorted(block.name for block in getattr(bpy.data, kind)) for kind in kinds} == once
    bpy.ops.edge_dance.remove_film_set()
    assert {kind: sorted(block.name for block in getattr(bpy.data, kind)) for kind in kinds} == before
    assert scene.camera == mine and scene.world.name == "My World"
    assert not bpy.ops.edge_dance.remove_film_set.poll()


@pytest.mark.parametrize("height", [0.96, 1.46])
def test_a_character_with_its_origin_at_its_hips_stands_on_the_sets_floor(height):
    character = put_character(mixamo())
    character.data.transform(Matrix.Translation((0, 0, -0.96)))
    character.location.z = height
    bpy.context.view_layer.update()
    dance(character)
    bpy.ops.edge_dance.set_up_render(look="WORKBENCH")
    film_set = addon("render.film_set").film_set_of(bpy.context.scene)
    floor = next(ob for ob in film_set.all_objects if ob.name.startswith("Floor"))
    assert floor.data.vertices[0].co.z == pytest.approx(height - 0.96, abs=0.02)


def test_a_set_of_version_0_1_is_known_and_removed():
    dance(put_skeleton())
    bpy.ops.edge_dance.set_up_render(look="WORKBENCH")
    scene = bpy.context.scene
    for block in (addon("render.film_set").film_set_of(scene), scene.world):
        block["edge_dance_stage"] = scene.name
        del block["edge_dance_film_set"]
    bpy.ops.edge_dance.remove_film_set()
    assert not scene.collection.children and scene.camera is None and scene.world is None


def test_without_a_dancer_it_says_so():
    with pytest.raises(RuntimeError, match="There is no dancer to film"):
        bpy.ops.edge_dance.set_up_render()


def test_a_flamenco_job_names_the_file_the_frames_and_where_the_pictures_go(tmp_path):
    import json  # noqa: PLC0415

    dance(put_skeleton())
    assert not bpy.ops.edge_dance.write_farm_job.poll()  # the file has no name yet
    bpy.ops.edge_dance.set_up_render(look="CYCLES", only_dance=True)
    blend = tmp_path / "my dance.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(blend))
    bpy.ops.edge_dance.write_farm_job(filepath=str(tmp_path / "job.json"), chunk=7)
    job = json.loads((tmp_path / "job.json").read_text())
    assert (job["type"], job["name"]) == ("edge-dance", "my dance")
    wanted = {"blendfile": blend.as_posix(), "frames": "1-40", "chunk_size": 7, "sound": True, "fps": 30.0}
    assert job["settings"].items() >= wanted.items()
    assert job["settings"]["render_output_path"] == f"{tmp_path.as_posix()}/render/my dance/######"
    bpy.ops.wm.open_mainfile(filepath=str(blend))  # what the farm opens renders pictures
    assert bpy.context.scene.render.image_settings.file_format == "PNG"
