"""An id belongs to one take, the one that was there first, however takes are copied."""

import bpy
import pytest
from blender_fixtures import addon, put_dancer
from dances import dance
from test_retarget import put_take


@pytest.fixture
def take():
    action = put_take(put_dancer(), dance(frames=20))
    bpy.context.view_layer.update()
    return action


def ids(*actions):
    return [addon("keyframes.take_details").details(action)["id"] for action in actions]


def source_of(take):
    """The action that Generate Again reads for an edit of this take."""
    edited = addon("constraints.edit_record")
    edit = edited.with_source(edited.Edit(1, 20, ()), take)
    return lambda: edited.source_of(edit)


def test_of_take_and_copies_the_take_is_read(take):
    source = source_of(take)
    before = ids(take)
    take.name = "Z, renamed"
    copies = []
    for name in ("A", "Z, renamed.001"):
        copy = take.copy()
        copy.name = name
        copies.append(copy)
    assert source() == take
    assert ids(take) == before and len(set(ids(take, *copies))) == 3


def test_a_copy_of_a_copy_and_the_source_deleted(take):
    source = source_of(take)
    first = take.copy()
    bpy.context.view_layer.update()  # Blender tells of it, nobody asks
    second = first.copy()
    bpy.context.view_layer.update()
    assert len(set(ids(take, first, second))) == 3
    bpy.data.actions.remove(take)
    with pytest.raises(addon("edge_backend.errors").EdgeError) as caught:
        source()
    assert caught.value.code == "source_gone"


def test_undo_and_redo_do_not_bring_an_id_back(take):
    bpy.context.preferences.edit.use_global_undo = True
    name, source = take.name, source_of(take)
    bpy.ops.ed.undo_push(message="made")
    take.copy().name = "A"
    bpy.ops.ed.undo_push(message="copied")  # as a button does, before anybody has looked
    assert source().name == name
    bpy.context.scene.frame_end = 77
    bpy.ops.ed.undo_push(message="more")
    for step in (bpy.ops.ed.undo, bpy.ops.ed.undo, bpy.ops.ed.redo, bpy.ops.ed.redo):
        step()
        assert source().name == name
        takes = [action for action in bpy.data.actions if addon("keyframes.take_details").details(action)]
        assert len(set(ids(*takes))) == len(takes)
    assert len(takes) == 2


def test_what_is_appended_is_a_copy_where_the_take_is_and_a_take_where_it_is_not(take, tmp_path):
    path, before = str(tmp_path / "takes.blend"), ids(take)
    name = take.name
    bpy.ops.wm.save_as_mainfile(filepath=path, copy=True)
    for there in (True, False):
        if not there:
            bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
        with bpy.data.libraries.load(path, link=False) as (_, appended):
            appended.actions = [name]
        bpy.context.view_layer.update()
        assert (ids(appended.actions[0]) == before) is not there
        if there:
            assert ids(take) == before


def test_copies_in_files_of_earlier_versions(take, tmp_path):
    source = source_of(take)
    name, mine = take.name, ids(take)[0]
    take.copy().use_fake_user = True
    identity = addon("takes.identity")
    identity.unregister()
    try:
        for action in bpy.data.actions:
            action["edge_dance"]["id"] = mine
        path = str(tmp_path / "old.blend")
        bpy.ops.wm.save_as_mainfile(filepath=path)
    finally:
        identity.register()
    bpy.ops.wm.open_mainfile(filepath=path)
    assert source().name == name
    assert len(set(ids(*bpy.data.actions))) == 2
