"""Rows of the keep list from the selection, and their constraints."""

import bpy
import numpy as np
import pytest
from blender_fixtures import addon, put_dancer, put_song, random_motion
from characters import mixamo, put_character


@pytest.fixture
def dancer():
    bpy.context.scene.render.fps = 30
    dancer = put_dancer()
    addon("takes.new_take").add_take(dancer, random_motion(100), bpy.context.scene, 1.0)
    return dancer


def sentences(armature):
    words = addon("constraints.keep_list").labelled_row
    return [addon("constraints.rows").sentence(words(item)) for item in armature.edge_dance_keep]


def keep(source):
    assert bpy.ops.edge_dance.keep(source=source) == {"FINISHED"}


def select_bones(armature, names):
    for bone in armature.pose.bones:
        (bone if hasattr(bone, "select") else bone.bone).select = bone.name in names


def put_curve(points):
    """Add a poly line through these points on the floor, world space, selected."""
    data = bpy.data.curves.new("DancePath", "CURVE")
    data.dimensions = "3D"
    spline = data.splines.new("POLY")
    spline.points.add(len(points) - 1)
    for point, place in zip(spline.points, points, strict=True):
        point.co = (*place, 0, 1)
    curve = bpy.data.objects.new("DancePath", data)
    bpy.context.collection.objects.link(curve)
    curve.select_set(True)
    return curve


def test_rows_come_from_what_is_selected(dancer):
    scene = bpy.context.scene
    scene.frame_set(42)
    keep("POSE")
    keep("BEFORE")
    keep("AFTER")
    keep("RANGE")  # the take's frames, where there are no in and out points
    scene.use_preview_range, scene.frame_preview_start, scene.frame_preview_end = True, 20, 60
    keep("RANGE")
    keep("FEET")
    keep("PATH")
    put_curve([(0, 0), (1, 0)])
    keep("CURVE")
    for name, frame in (("a", 33), ("b", 44)):
        scene.timeline_markers.new(name, frame=frame).select = True
    keep("MARKERS")
    scene.timeline_markers[0].select = False
    keep("MARKERS")
    assert sentences(dancer) == [
        "Pose at frame 42", "Everything before 42", "Everything from 42 on", "Whole body, 1-100", "Whole body, 20-60",
        "Left foot on the floor, 20-60", "Root path, 20-60", "Root path from curve DancePath, 20-60, 70%",
        "Whole body, 33-44", "Pose at frame 44",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("bones", "sentence"),
    [
        ({"wrist.L"}, "Left hand, 1-100"),
        ({"collar.R", "shoulder.R", "elbow.R", "wrist.R", "hand.R"}, "Right arm, 1-100"),
        ({"neck", "head"}, "Head, 1-100"),
        ({"knee.L", "knee.R"}, "Left shin and right shin, 1-100"),
        ({"knee.L", "knee.R", "wrist.L"}, "3 bones, 1-100"),
    ],
)
def test_selected_bones_are_called_what_people_call_them(dancer, bones, sentence):
    assert bones <= set(dancer.pose.bones.keys())
    select_bones(dancer, bones)
    keep("BONES")
    assert sentences(dancer) == [sentence]


def test_selected_keys_are_poses_of_the_bones_that_they_belong_to(dancer):
    for curve in addon("compat").fcurves_of(dancer.animation_data.action):
        for point in curve.keyframe_points:
            frame = point.co.x
            assert not point.select_control_point  # a new take has nothing selected
            point.select_control_point = frame == 30 or (frame in (50, 70, 71, 72) and "head" in curve.data_path)
    keep("KEYS")
    assert sentences(dancer) == ["Pose at frame 30", "Head at frame 50", "Head, 70-72"]


@pytest.mark.parametrize("source", ["KEYS", "BONES", "MARKERS", "CURVE"])
def test_a_missing_selection_is_reported(dancer, source):
    select_bones(dancer, set())
    with pytest.raises(RuntimeError, match=r"No .* is selected\. Select "):
        bpy.ops.edge_dance.keep(source=source)
    assert not dancer.edge_dance_keep


def test_rows_are_removed_one_by_one_or_all_at_once(dancer):
    for _ in range(3):
        keep("POSE")
    bpy.ops.edge_dance.remove_kept()
    assert len(dancer.edge_dance_keep) == 2 and dancer.edge_dance_keep_row == 1
    bpy.ops.edge_dance.remove_kept(everything=True)
    assert not dancer.edge_dance_keep
    with pytest.raises(RuntimeError, match="The keep list is empty"):
        bpy.ops.edge_dance.remove_kept()


def test_bands_in_the_dope_sheet_lie_where_the_rows_are(dancer):
    bpy.context.scene.frame_set(42)
    for source in ("POSE", "BEFORE", "AFTER", "RANGE"):
        keep(source)
    dancer.edge_dance_keep[3].mute = True
    spans = addon("ui.dope_sheet").constraint_spans(dancer, -10, 300)
    assert [span[:2] for span in spans] == [(42, 42), (-10, 41), (42, 300)]


def test_a_curve_is_a_path_in_the_models_metres_whatever_the_armatures_units():
    """A moved and rotated character in centimetres with y up: the path is where the curve is."""
    armature = put_character(mixamo(), units=100, y_up=True)
    armature.location = (3, 1, 0)
    bpy.context.view_layer.update()
    item = addon("constraints.keep_list").add_row(
        armature, kind="PATH", start=1, end=61, curve=put_curve([(3, 1), (4, 1)])
    )
    row = addon("constraints.keep_list").row_of(armature, item, rate=30.0)
    scale = addon("rig.retarget").measure(armature)[1].scale / 100  # of this body, to the model's
    points = np.array(row.points)
    assert len(points) == 5  # one for each half second
    assert points == pytest.approx(np.stack([np.linspace(0, 1, 5) / scale, np.zeros(5)], axis=1), abs=1e-4)


def test_a_body_goes_along_the_curve(song_file, preferences):
    put_song(song_file)
    scene = bpy.context.scene
    scene.render.fps = 30
    scene.edge_dance.quality = "draft"
    dancer = put_dancer()
    curve = put_curve([(0, 0), (1.5, 0), (1.5, -1.5)])
    end = int(addon("compat").strip_frames(addon("compat").all_strips(scene)[0]).end) - 1
    addon("constraints.keep_list").add_row(dancer, kind="PATH", start=1, end=end, curve=curve)
    bpy.context.view_layer.objects.active = dancer
    assert bpy.ops.edge_dance.generate_kept() == {"FINISHED"}
    for share, place in ((0.0, (0, 0)), (0.5, (1.5, 0)), (1.0, (1.5, -1.5))):
        scene.frame_set(round(1 + share * (end - 1)))
        pelvis = dancer.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones["pelvis"].head
        assert np.hypot(pelvis.x - place[0], pelvis.y - place[1]) < 0.15  # metres: smooth through the corner


def test_actions_that_others_have_made_are_read_as_they_are():
    """Empty actions, and an action with slots for several objects."""
    dancer = put_dancer()
    dancer.animation_data_create().action = bpy.data.actions.new("Empty")
    with pytest.raises(RuntimeError, match="No key is selected"):
        bpy.ops.edge_dance.keep(source="KEYS")
    keep("RANGE")
    if bpy.app.version < (4, 4, 0):
        return
    lamp = bpy.data.objects.new("Lamp", None)
    bpy.context.collection.objects.link(lamp)
    action = bpy.data.actions.new("Shared")
    for ob, frame in ((lamp, 5), (dancer, 40)):
        ob.animation_data_create().action = action
        ob.animation_data.action_slot = action.slots.new(id_type="OBJECT", name=ob.name)
        target = ob.pose.bones["head"] if ob is dancer else ob
        target.keyframe_insert("location", frame=frame)
    for curve in addon("compat").fcurves_of(action, dancer):
        for point in curve.keyframe_points:
            point.select_control_point = True
    bpy.ops.edge_dance.remove_kept(everything=True)
    keep("KEYS")
    assert sentences(dancer) == ["Head at frame 40"]
