"""Legs keyed on IK controls: limbs are where FK would have them, planted foot controls do not move, switches return."""

from itertools import pairwise

import bpy
import numpy as np
import pytest
from blender_fixtures import addon
from characters import AUTO_RIG_PRO, RAIN, SNOW, put_controls, put_rigify
from dances import dance

SEGMENTS = [
    (f"ORG-{bone}.{side}", f"ORG-{end}.{side}")
    for bone, end in pairwise(("thigh", "shin", "foot", "toe"))
    for side in "LR"
]


@pytest.fixture(autouse=True)
def thirty_frames_a_second(empty_file):
    bpy.context.scene.render.fps = 30


def put_take(character, motion, legs, density="FRAMES"):
    bpy.context.scene.edge_dance.legs = legs
    scene = bpy.context.scene
    steps = addon("takes.new_take").keys_in_steps(character, motion, scene, 1, density=density)
    keys = addon("edge_backend.motion.steps").at_once(steps)
    return addon("takes.new_take").add_take(character, motion, scene, 1, keys=keys, density=density)


def ways(character, frames, segments=SEGMENTS):
    found = []
    for frame in frames:
        bpy.context.scene.frame_set(frame)
        posed = character.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
        found.append([[*posed[start].head, *(posed[end].head - posed[start].head)] for start, end in segments])
    return np.array(found)


def degrees(a, b):
    across = np.linalg.norm(np.cross(a, b), axis=-1)
    return np.degrees(np.arctan2(across, np.sum(a * b, axis=-1)))


def keyed_bones(action):
    bone_of = addon("rig.paths").bone_of
    return {bone_of(curve.data_path) for curve in addon("compat").fcurves_of(action)}


def test_rigify_legs_on_ik_are_where_fk_has_them():
    rig, motion = put_rigify(), dance(frames=90)
    frames = range(1, 91, 7)
    put_take(rig, motion, "FK")
    fk = ways(rig, frames)
    action = put_take(rig, motion, "IK")
    ik = ways(rig, frames)
    # What a standing sole moves by in the FK take, up to a centimetre, is taken out: legs give way to it.
    off = degrees(fk[..., 3:], ik[..., 3:])
    assert np.median(off) < 0.05 and off.max() < 2
    assert np.linalg.norm(fk[..., :3] - ik[..., :3], axis=-1).max() < 0.015
    keyed = keyed_bones(action)
    assert {"foot_ik.L", "foot_ik.R", "thigh_ik_target.L", "thigh_ik_target.R", "toe_ik.L"} <= keyed
    assert not any(name.startswith(("thigh_fk", "shin_fk", "foot_fk", "toe_fk")) for name in keyed)


def planted(rig, motion):
    """Side -> bool (T,), frames in which the whole sole stands, as the cleanup of the dance has it."""
    standing = addon("edge_backend.motion.retarget.contacts").standing_feet(motion) > 0
    found = {}
    for number, side in enumerate("LR"):
        stands = standing[:, number] & standing[:, number + 2]
        stands[1:] |= stands[:-1].copy()
        found[side] = stands
    return found


@pytest.mark.parametrize("density", ["FRAMES", "CURVES"])
def test_foot_controls_stand_still_to_the_last_digit_while_the_sole_is_planted(density):
    rig, motion = put_rigify(), dance("commercial", frames=200)
    action = put_take(rig, motion, "IK", density)
    curves = {(curve.data_path, curve.array_index): curve for curve in addon("compat").fcurves_of(action)}
    stances = 0
    for side, stands in planted(rig, motion).items():
        feet = [curve for (path, _), curve in curves.items() if f'"foot_ik.{side}"' in path]
        assert len(feet) == 7
        for start, end in addon("edge_backend.numerics.intervals").runs(stands):
            stances += 1
            for curve in feet:
                assert len({curve.evaluate(frame + 1) for frame in range(start, end)}) == 1
    assert stances > 4
    assert sum(len(curve.keyframe_points) for curve in curves.values()) < (25_000 if density == "FRAMES" else 6_000)


def test_poses_on_the_beats_are_keyed_on_the_controls_too():
    rig, motion = put_rigify(), dance(frames=90)
    action = put_take(rig, motion, "IK", "BLOCKING")
    points = [p for c in addon("compat").fcurves_of(action) if '"foot_ik.L"' in c.data_path for p in c.keyframe_points]
    assert points and all(point.interpolation == "CONSTANT" for point in points)


def test_switches_of_ik_legs_are_put_back_with_the_take():
    rig = put_rigify()
    rig.pose.bones["thigh_parent.L"]["IK_Stretch"] = 0.5
    stretch = rig.pose.bones["MCH-shin_ik.L"].ik_stretch
    action = put_take(rig, dance(frames=30), "IK")
    scene, switches = bpy.context.scene, addon("takes.switches")
    scene.frame_set(2)
    assert rig.pose.bones["thigh_parent.L"]["IK_FK"] == 0 and rig.pose.bones["thigh_parent.L"]["pole_vector"]
    assert rig.pose.bones["thigh_parent.L"]["IK_Stretch"] == 0 and rig.pose.bones["MCH-shin_ik.L"].ik_stretch == 0
    put_take(rig, dance(frames=30), "FK")
    scene.frame_set(3)
    switches.update_switches(rig)
    assert rig.pose.bones["thigh_parent.L"]["IK_FK"] == 1
    assert rig.pose.bones["thigh_parent.L"]["IK_Stretch"] == 0.5
    assert rig.pose.bones["MCH-shin_ik.L"].ik_stretch == stretch > 0
    assert action.users


def test_a_dance_on_ik_legs_is_read_back():
    rig, motion = put_rigify(), dance(frames=60)
    put_take(rig, motion, "IK")
    steps = addon("rig.retarget").read_motion_in_steps(rig, bpy.context.scene, [1 + frame for frame in range(60)])
    back = addon("edge_backend.motion.steps").at_once(steps)
    assert np.median(np.linalg.norm(back.joints() - motion.joints(), axis=-1)) < 0.02


KINDS = {"CloudRig (Snow)": SNOW, "CloudRig (Rain)": RAIN, "Auto-Rig Pro": AUTO_RIG_PRO}


@pytest.mark.parametrize("name", KINDS)
def test_other_control_rigs_dance_alike_on_fk_and_on_ik(name):
    controls = KINDS[name]
    rig, motion = put_controls(controls), dance("commercial", frames=120)
    root = controls.central.split(",")[0]
    rig.pose.bones[root].location = (0.3, 0.2, 0.1)  # a scene's layout
    bone_map = addon("rig.retarget").bone_map_of(rig)
    assert bone_map.family == ("auto_rig_pro" if name == "Auto-Rig Pro" else "cloudrig")
    assert not bone_map.problems and set(bone_map.ik_legs.legs) == {"L", "R"}
    fk_names = [part.replace("FK", controls.org) if controls.org else part for part in controls.limbs.split(",")[4:]]
    thigh, shin, foot, _, toes = controls.ik.split(",")
    ik_names = fk_names if controls.org else [thigh, shin, foot, toes]
    frames = range(1, 121, 7)
    looks = {}
    for legs, names in (("FK", fk_names), ("IK", ik_names)):
        segments = [(side.format(a), side.format(b)) for a, b in pairwise(names) for side in controls.sides]
        put_take(rig, motion, legs)
        looks[legs] = ways(rig, frames, segments)
    off = degrees(looks["FK"][..., 3:], looks["IK"][..., 3:])
    assert np.median(off) < 0.05 and off.max() < 2.5
    switch, prop = controls.switches["leg.L"]
    assert rig.pose.bones[switch][prop] == (0.0 if controls.fk_is_one else 1.0)


def test_legs_are_switched_as_they_were_keyed_whatever_the_panel_says_meanwhile():
    rig, motion, scene, takes = put_rigify(), dance(frames=30), bpy.context.scene, addon("takes.new_take")
    scene.edge_dance.legs = "FK"
    keys = addon("edge_backend.motion.steps").at_once(takes.keys_in_steps(rig, motion, scene, 1.0))
    scene.edge_dance.legs = "IK"
    action = takes.add_take(rig, motion, scene, 1.0, keys=keys)
    switched = {
        curve.data_path: curve.keyframe_points[0].co.y
        for curve in addon("compat").fcurves_of(action)
        if "thigh" in curve.data_path and curve.data_path.endswith('["IK_FK"]')
    }
    assert len(switched) == 2 and set(switched.values()) == {1.0}, switched
    assert {"thigh_fk.L", "foot_fk.R"} <= keyed_bones(action) and "foot_ik.L" not in keyed_bones(action)
