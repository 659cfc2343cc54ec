from itertools import pairwise

import bpy
import numpy as np
import pytest
from blender_fixtures import addon, bone_heads, put_dancer
from mathutils import Quaternion


def body_of(dancer):
    return dancer.children[0]


def vertices_of(body):
    posed = body.evaluated_get(bpy.context.evaluated_depsgraph_get())
    points = np.empty(len(posed.data.vertices) * 3, np.float32)
    posed.data.vertices.foreach_get("co", points)
    return points.reshape(-1, 3)


def test_the_dancer_has_a_bone_for_each_joint_under_names_that_mirror():
    dancer = put_dancer()
    names = set(dancer.data.bones.keys())
    skeleton = addon("rig.skeleton")
    assert names == {*skeleton.BONE_NAMES, *skeleton.FINGER_NAMES}
    assert len(skeleton.BONE_NAMES) == 24 and len(skeleton.FINGER_NAMES) == 30
    assert all(bpy.utils.flip_name(name) in names for name in names)
    assert {bone.rotation_mode for bone in dancer.pose.bones} == {"QUATERNION"}


def test_the_rest_joints_are_those_of_the_model():
    dancer = put_dancer()
    motion = addon("edge_backend.motion.skeleton")
    kinematics = addon("edge_backend.motion.kinematics")
    upright = np.tile(np.eye(3), (24, 1, 1))
    upright[0] = motion.Y_UP_TO_Z_UP
    root = np.array(dancer.data.bones["pelvis"].head_local)
    heads = bone_heads(dancer, 1)
    assert np.abs(heads - kinematics.forward_kinematics(upright, root)).max() < 1e-6


def test_the_dancer_stands_on_the_floor_in_t_pose_and_faces_the_front_view():
    bpy.context.scene.cursor.location = (1, 2, 0)
    dancer = put_dancer()
    assert tuple(dancer.location) == (1, 2, 0)
    points = vertices_of(body_of(dancer))
    assert 0 <= points[:, 2].min() < 0.005  # soles on the floor, not in it
    assert 1.7 < points[:, 2].max() < 1.9
    bones = dancer.data.bones
    assert bones["toes.L"].tail_local.y < bones["ankle.L"].head_local.y - 0.1  # toes point to -y
    assert bones["hand.L"].tail_local.x > 0.8 and bones["hand.R"].tail_local.x < -0.8


@pytest.mark.parametrize(
    ("bone", "tip", "towards"),
    [
        ("knee.L", "ankle.L", (0, 1, 0)),
        ("knee.R", "ankle.R", (0, 1, 0)),
        ("elbow.L", "wrist.L", (0, -1, 0)),
        ("elbow.R", "wrist.R", (0, -1, 0)),
        ("spine1", "neck", (0, -1, 0)),
        ("neck", "head", (0, -1, 0)),
        ("hand.L", "hand.L", (0, 0, -1)),
        ("index1.L", "index3.L", (0, 0, -1)),
        ("pinky2.R", "pinky3.R", (0, 0, -1)),
        ("thumb2.R", "thumb3.R", (0, 1, -1)),
    ],
)
def test_a_positive_turn_about_x_bends_a_joint_the_way_it_bends_by_nature(bone, tip, towards):
    dancer = put_dancer()
    before = dancer.pose.bones[tip].tail.copy()
    dancer.pose.bones[bone].rotation_quaternion = Quaternion((1, 0, 0), np.radians(40))
    bpy.context.view_layer.update()
    moved = np.array(dancer.pose.bones[tip].tail - before)
    assert moved @ towards > 0.6 * np.linalg.norm(moved)


def test_a_mirrored_pose_is_the_mirror_image():
    """Blender mirrors a pose by flipping quaternions as (w, x, -y, -z); rolls that are no mirror images would show."""
    dancer = put_dancer()
    for part in ("shoulder", "elbow", "hip", "knee", "ankle", "thumb2", "pinky1"):
        left = Quaternion((0.3, 0.8, -0.5), 0.9)
        dancer.pose.bones[f"{part}.L"].rotation_quaternion = left
        dancer.pose.bones[f"{part}.R"].rotation_quaternion = (left.w, left.x, -left.y, -left.z)
    heads = dict(zip(addon("rig.skeleton").BONE_NAMES, bone_heads(dancer, 1), strict=True))
    posed = dancer.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
    knuckles = np.array([[posed[f"{digit}3.{side}"].tail for digit in ("thumb", "pinky")] for side in "LR"])
    assert np.linalg.norm(knuckles[0] * (-1, 1, 1) - knuckles[1], axis=-1).max() < 0.05
    for tip in ("wrist", "hand", "ankle", "toes"):
        mirrored = heads[f"{tip}.R"] * (-1, 1, 1)
        assert np.linalg.norm(heads[f"{tip}.L"] - mirrored) < 0.05  # the model's own sides differ by up to 3 cm


def test_every_vertex_of_the_body_follows_bones_with_weights_that_sum_to_one():
    body = body_of(put_dancer())
    sums = [sum(group.weight for group in vertex.groups) for vertex in body.data.vertices]
    assert np.allclose(sums, 1, atol=1e-5)
    assert body.modifiers["Armature"].object == body.parent
    assert all(polygon.use_smooth for polygon in body.data.polygons)
    assert len(body.data.materials) == 2


def test_the_body_is_made_of_closed_surfaces_that_face_outwards():
    for surface in addon("rig.mannequin").surfaces():
        edges = {}
        for face in surface.faces:
            for a, b in zip(face, face[1:] + face[:1], strict=True):
                assert (a, b) not in edges, "two faces run along one edge in the same direction"
                edges[a, b] = True
        assert all((b, a) in edges for a, b in edges), "there is a hole"
        inside = surface.vertices.mean(axis=0)
        volume = sum(
            np.dot(
                surface.vertices[face[0]] - inside, np.cross(surface.vertices[b] - inside, surface.vertices[c] - inside)
            )
            for face in surface.faces
            for b, c in pairwise(face[1:])
        )
        assert volume > 0, "it is turned inside out"


def test_a_second_dancer_shares_the_materials_and_leaves_the_first_alone():
    first = put_dancer()
    second = put_dancer()
    assert first != second and len(bpy.data.materials) == 2
    assert first.data is not second.data
    assert bpy.context.selected_objects == [second]


@pytest.mark.parametrize("hidden", [False, True])
def test_a_dancer_can_be_added_out_of_pose_mode(hidden):
    first = put_dancer()
    bpy.ops.object.mode_set(mode="POSE")
    first.hide_viewport = hidden
    dancer = put_dancer()
    assert first.mode == "OBJECT" and first.hide_viewport is hidden
    assert bpy.context.mode == "OBJECT" and bpy.context.object == dancer
