"""Switches that a take has changed are restored when the take is no longer shown."""

import bpy
import numpy as np
import pytest
from blender_fixtures import addon
from characters import mmd, put_character, put_rigify
from dances import dance
from test_retarget import put_take

REST = 0.75


def mmd_with_ik():
    """Legs as those of MMD characters: IK on the shins, with a value set by the user."""
    character = put_character(mmd())
    target = bpy.data.objects.new("Target", None)
    bpy.context.collection.objects.link(target)
    paths = []
    for side in "左右":
        constraint = character.pose.bones[f"{side}ひざ"].constraints.new("IK")
        constraint.target, constraint.chain_count, constraint.influence = target, 2, REST
        paths.append(f'pose.bones["{side}ひざ"].constraints["IK"].influence')
    return character, paths


def rigify():
    rig = put_rigify()
    paths = [switch.path for switch in addon("rig.retarget").switch_keys(rig) if switch.path.endswith('["IK_FK"]')]
    for path in paths:
        rig.path_resolve(path.rpartition("[")[0])["IK_FK"] = REST
    return rig, paths


@pytest.fixture(params=[mmd_with_ik, rigify])
def rig(request):
    bpy.context.preferences.edit.use_global_undo = True
    character, paths = request.param()
    own = addon("compat").new_action("Own")[0]
    own.use_fake_user = True
    addon("compat").assign_action(character, own)
    character.name = "Hero"
    return paths


def hero():
    return bpy.data.objects["Hero"]


def values(paths):
    bpy.context.view_layer.update()
    return np.array([hero().path_resolve(path) for path in paths], dtype=float)


def put(frames=30):
    take = put_take(hero(), dance(frames=frames))
    bpy.context.view_layer.update()
    return take


def is_at(paths, value):
    return bool(len(paths)) and np.abs(values(paths) - value).max() < 1e-6


def is_danced(paths):
    return np.abs(values(paths) - REST).min() > 0.2


def show(action):
    """Show the action as the action editor does, without calling the extension."""
    hero().animation_data.action = action


def test_deleting_the_only_take(rig):
    put()
    assert is_danced(rig)
    bpy.ops.edge_dance.delete_take()
    assert is_at(rig, REST)


def test_deleting_takes_one_after_the_other(rig):
    put(), put()
    bpy.ops.edge_dance.delete_take()
    assert is_danced(rig)
    bpy.ops.edge_dance.delete_take()
    assert is_at(rig, REST)


def test_showing_the_users_own_action_and_none_and_the_take_again(rig):
    take = put()
    for _ in range(2):
        for other in (bpy.data.actions["Own"], None):
            show(other)
            assert is_at(rig, REST)
            addon("compat").assign_action(hero(), take)
            bpy.context.scene.frame_set(5)
            assert is_danced(rig)


def test_what_the_user_changes_while_his_own_action_is_shown_is_kept(rig):
    take = put()
    show(bpy.data.actions["Own"])
    assert is_at(rig, REST)
    for path in rig:
        addon("takes.switches")._set(hero(), path, 0.5)
    assert is_at(rig, 0.5)
    addon("compat").assign_action(hero(), take)
    assert is_danced(rig)
    bpy.ops.edge_dance.delete_take()
    assert is_at(rig, 0.5)


def test_what_the_user_changes_while_the_take_is_shown_is_kept(rig):
    put()
    assert is_danced(rig)
    for path in rig:
        addon("takes.switches")._set(hero(), path, 0.5)
    bpy.ops.edge_dance.delete_take()
    assert is_at(rig, 0.5)


def test_the_users_own_keys_move_the_switch(rig):
    for path in rig:
        hero().keyframe_insert(path, frame=1)
    own = hero().animation_data.action
    own.name = "Keyed"
    take = put()
    assert is_danced(rig)
    addon("compat").assign_action(hero(), own)
    bpy.context.scene.frame_set(3)
    assert is_at(rig, REST)
    addon("compat").assign_action(hero(), take)
    bpy.context.scene.frame_set(4)
    assert is_danced(rig)


def test_removing_the_action_by_hand(rig):
    bpy.data.actions.remove(put())
    assert is_at(rig, REST)


def test_undo_and_redo(rig):
    bpy.ops.ed.undo_push(message="before")
    put()
    bpy.ops.ed.undo_push(message="made")
    bpy.context.view_layer.update()
    show(bpy.data.actions["Own"])
    bpy.ops.ed.undo_push(message="own")  # as a button does, before anything is evaluated
    assert is_at(rig, REST)
    bpy.ops.ed.undo()
    assert is_danced(rig)
    bpy.ops.ed.redo()
    assert is_at(rig, REST)
    bpy.ops.ed.undo()
    bpy.ops.ed.undo()
    assert is_at(rig, REST)
    bpy.ops.ed.redo()
    assert is_danced(rig)
    bpy.ops.edge_dance.delete_take()
    bpy.ops.ed.undo_push(message="deleted")
    assert is_at(rig, REST)
    bpy.ops.ed.undo()
    assert is_danced(rig)
    bpy.ops.edge_dance.delete_take()
    assert is_at(rig, REST)


@pytest.mark.parametrize("shown", ["take", "own"])
def test_saving_and_opening_again(rig, shown, tmp_path):
    put()
    bpy.context.scene.frame_set(7)
    if shown == "own":
        show(bpy.data.actions["Own"])
    path = str(tmp_path / "shot.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.wm.open_mainfile(filepath=path)
    if shown == "take":
        assert is_danced(rig)
        bpy.context.view_layer.objects.active = hero()
        bpy.ops.edge_dance.delete_take()
    assert is_at(rig, REST)


def test_takes_in_the_nla(rig):
    take = put()
    addon("takes.nla").stash(hero(), take)
    show(bpy.data.actions["Own"])
    assert is_at(rig, REST)  # muted
    track = hero().animation_data.nla_tracks[0]
    track.mute, track.strips[0].extrapolation = False, "NOTHING"
    scene = bpy.context.scene
    for frame in (10, 60, 10, 60):
        scene.frame_set(frame)
        assert frame == 60 or is_danced(rig)
    track.mute = True
    assert is_at(rig, REST)
    track.mute = False
    scene.frame_set(60)  # where Blender itself writes the default of a property whose strip has ended
    hero().animation_data.nla_tracks.remove(track)
    assert is_at(rig, REST)
