"""A character stands on the soles of its mesh, wherever its toe bones are."""

import bpy
import numpy as np
import pytest
from blender_fixtures import addon
from characters import mixamo, put_character
from dances import dance
from mathutils import Matrix, Vector

HEEL, BEYOND = 0.06, 0.09  # metres behind the ankle, and ahead of the toe joint


def put_shoes(character, bones, under, hang="weights"):
    """Blocks whose soles are `under` metres below the toe joints; the halves go with foot and toes.

    hang: "weights", "bone" for the foot as the blocks' parent, or one of these with "shin" for all of them.
    """
    made = []
    to_world = character.matrix_world
    for side in "LR":
        foot, toes, shin = (character.data.bones[bones[f"{part}.{side}"]] for part in ("foot", "toes", "shin"))
        ankle, toe = (np.array(to_world @ bone.head_local) for bone in (foot, toes))
        rows = [ankle[1] + HEEL, ankle[1], (ankle[1] + toe[1]) / 2, toe[1], toe[1] - BEYOND]
        points = [(toe[0] + x, y, toe[2] - z) for y in rows for x in (-0.03, 0.03) for z in (under, 0)]
        mesh = bpy.data.meshes.new(f"Shoe.{side}")
        mesh.from_pydata([to_world.inverted() @ Vector(point) for point in points], [], [])
        ob = bpy.data.objects.new(mesh.name, mesh)
        bpy.context.collection.objects.link(ob)
        ob.matrix_world = to_world
        made.append(ob)
        if hang in {"bone", "shin bone"}:
            bone = foot if hang == "bone" else shin
            ob.parent, ob.parent_type, ob.parent_bone = character, "BONE", bone.name
            end = bone.matrix_local @ Matrix.Translation((0, bone.length, 0))
            ob.matrix_basis, ob.matrix_parent_inverse = Matrix(), end.inverted()
            continue
        ob.modifiers.new("Armature", "ARMATURE").object = character
        halves = ((foot.name, range(12)), (toes.name, range(12, 20)))
        for name, some in halves if hang == "weights" else ((shin.name, range(20)),):
            ob.vertex_groups.new(name=name).add(list(some), 1.0, "REPLACE")
    bpy.context.view_layer.update()
    return made


@pytest.mark.parametrize("size", [{}, {"units": 100, "y_up": True}])
@pytest.mark.parametrize("hang", ["weights", "bone", "shin weights", "shin bone"])
@pytest.mark.parametrize("under", [0.06, 0.005])
def test_planted_soles_are_on_the_floor(size, hang, under):
    """The toe bones of these characters begin 2 to 3 cm above their origin. Shoes may hang on the shins, too."""
    bpy.context.scene.render.fps = 30
    character = put_character(mixamo(), **size)
    bone_map = addon("rig.retarget").bone_map_of(character)
    shoes = put_shoes(character, bone_map.bones, under, hang)
    motion = addon("edge_backend.motion.feet").clean_motion(dance("commercial", 60))
    addon("takes.new_take").add_take(character, motion, bpy.context.scene, 1, True)
    planted = addon("edge_backend.motion.retarget.contacts").standing_feet(motion) > 0
    scale = addon("rig.retarget").measure(character)[1].scale / size.get("units", 1)
    seen = 0
    for frame in range(motion.frames - 1):
        whole = [side for side in (0, 1) if planted[frame, side] and planted[frame, side + 2]]
        if not whole:
            continue
        bpy.context.scene.frame_set(frame + 1)
        graph = bpy.context.evaluated_depsgraph_get()
        for side in whole:
            shoe = shoes[side].evaluated_get(graph)
            height = min((shoe.matrix_world @ vertex.co).z for vertex in shoe.data.vertices) / scale
            assert (-0.004 if "shin" in hang else -0.002) < height < 0.005
            seen += 1
    assert seen > 20


def test_soles_that_partly_follow_the_shins_are_on_the_floor():
    """The inner edges of these soles go with the shins by 40 %, and sank by more than a centimetre."""
    bpy.context.scene.render.fps = 30
    character = put_character(mixamo())
    bones = addon("rig.retarget").bone_map_of(character).bones
    shoes = put_shoes(character, bones, 0.06)
    for side, shoe in zip("LR", shoes, strict=True):
        inner = [v.index for v in shoe.data.vertices if v.index < 12 and v.index % 4 // 2 == (side == "R")]
        shoe.vertex_groups[0].add(inner, 0.6, "REPLACE")
        shoe.vertex_groups.new(name=bones[f"shin.{side}"]).add(inner, 0.4, "REPLACE")
    motion = addon("edge_backend.motion.feet").clean_motion(dance("salsa", 90))
    addon("takes.new_take").add_take(character, motion, bpy.context.scene, 1, True)
    stands = addon("edge_backend.motion.retarget.contacts").standing_feet(motion) > 0
    scale = addon("rig.retarget").measure(character)[1].scale
    planted, free = [], []
    for frame in range(motion.frames - 1):
        bpy.context.scene.frame_set(frame + 1)
        graph = bpy.context.evaluated_depsgraph_get()
        for side, shoe in enumerate(shoes):
            posed = shoe.evaluated_get(graph)
            height = min((posed.matrix_world @ vertex.co).z for vertex in posed.data.vertices) / scale
            (planted if stands[frame, side] or stands[frame, side + 2] else free).append(height)
    assert len(planted) > 50
    assert -0.0045 < min(planted) < max(planted) < 0.005
    assert min(free) > -0.01


def test_what_is_no_foot_is_left_out():
    """What hangs on thighs or hips, hidden shoes, a body without a mesh."""
    character = put_character(mixamo())
    retarget, foot_meshes = addon("rig.retarget"), addon("rig.foot_meshes").foot_meshes
    bone_map = retarget.bone_map_of(character)
    assert foot_meshes(character, bone_map) == {}
    shoes = put_shoes(character, bone_map.bones, 0.06)
    assert {side: len(foot.points) for side, foot in foot_meshes(character, bone_map).items()} == {"L": 20, "R": 20}
    shoes[0].vertex_groups[0].name = bone_map.bones["thigh.L"]
    assert foot_meshes(character, bone_map) == {}  # 8 vertices of the toes are too few
    shoes[0].vertex_groups[0].name = bone_map.bones["foot.L"]
    shoes[0].vertex_groups[1].name = bone_map.bones["hips"]
    assert len(foot_meshes(character, bone_map)["L"].points) == 12
    shoes[1].hide_viewport = True
    assert foot_meshes(character, bone_map) == {}


def test_what_hangs_on_a_shin_is_a_foot_only_where_feet_move_nothing():
    character = put_character(mixamo())
    foot_meshes, bone_map = addon("rig.foot_meshes").foot_meshes, addon("rig.retarget").bone_map_of(character)
    put_shoes(character, bone_map.bones, 0.03, "shin weights")
    assert [(len(foot.points), foot.on_shin) for foot in foot_meshes(character, bone_map).values()] == [(20, True)] * 2
    shoes = put_shoes(character, bone_map.bones, 0.06)
    assert [(len(foot.points), foot.on_shin) for foot in foot_meshes(character, bone_map).values()] == [(20, False)] * 2
    for shoe in shoes:
        shoe.vertex_groups[0].remove(range(12))  # as of a foot of 8 vertices
    feet = foot_meshes(character, bone_map)
    assert not feet["L"].on_shin and not feet["R"].on_shin
    lowest = [min(vertex.co.z for vertex in shoe.data.vertices) for shoe in shoes]
    assert [feet[side].own_points[:, 2].min() for side in "LR"] == pytest.approx(lowest)  # feet are lower than trousers


def test_shape_keys_are_part_of_the_sole():
    character = put_character(mixamo())
    retarget = addon("rig.retarget")
    bones = retarget.bone_map_of(character).bones
    before = retarget.measure(character)[1].ankle_height
    for shoe in put_shoes(character, bones, 0.03):
        shoe.shape_key_add(name="Basis")
        key = shoe.shape_key_add(name="Heels")
        for point in key.data:
            point.co.z -= 0.02
        key.value = 0.5
    shod = retarget.measure(character)[1]
    toes = character.data.bones[bones["toes.L"]].head_local.z
    assert shod.scale * shod.soles[0].toe_height == pytest.approx(0.04, abs=1e-4)
    assert shod.scale * (shod.ankle_height - before) == pytest.approx(0.04 - toes, abs=1e-3)
