"""Links of the dancer's collections that Blender's undo and redo drop."""

import bpy
import pytest
from blender_fixtures import addon, put_dancer


@pytest.fixture
def cast():
    """The dancer's collection, in another one of the scene; undo steps that change the scene."""
    outer, cast = bpy.data.collections.new("Outer"), bpy.data.collections.new("Cast")
    bpy.context.scene.collection.children.link(outer)
    outer.children.link(cast)
    dancer = put_dancer()
    for collection in dancer.users_collection:
        collection.objects.unlink(dancer)
    cast.objects.link(dancer)
    for end in (100, 101, 102):
        bpy.context.scene.frame_end = end
        bpy.ops.ed.undo_push(message="End")
    addon("takes.collection_links").remember_links(dancer)
    return cast


@pytest.fixture
def dropped():
    """Names of collections whose links undo and redo drop, as Blender does now and then."""
    names = []

    def drop(*_arguments):
        for owner in (bpy.context.scene.collection, *bpy.data.collections):
            for child in list(owner.children):
                if child.name in names:
                    owner.children.unlink(child)

    for after in (bpy.app.handlers.undo_post, bpy.app.handlers.redo_post):
        after.insert(0, drop)
    yield names
    for after in (bpy.app.handlers.undo_post, bpy.app.handlers.redo_post):
        after.remove(drop)


def deleted(*names):
    for name in names:
        bpy.data.collections.remove(bpy.data.collections[name])
    bpy.ops.ed.undo_push(message="Delete")


def where():
    """The scenes that have the dancer, and the collections of its collection."""
    dancer = next(ob for ob in bpy.data.objects if ob.type == "ARMATURE")
    owners = [owner.name for owner in bpy.data.collections if "Cast" in owner.children]
    return [scene.name for scene in dancer.users_scene], owners


@pytest.mark.parametrize("names", [("Cast",), ("Outer",), ("Cast", "Outer")])
@pytest.mark.parametrize("steps", [1, 2])
def test_what_undo_drops_is_linked_again(cast, dropped, names, steps):
    before = where()
    deleted(*names)
    dropped.extend(names)
    for _ in range(steps):
        bpy.ops.ed.undo()
        assert where() == before == ([bpy.context.scene.name], ["Outer"])


def test_what_redo_drops_is_linked_again(cast, dropped):
    before = where()
    deleted("Cast")
    bpy.ops.ed.undo()
    bpy.ops.ed.undo()
    dropped.append("Cast")
    bpy.ops.ed.redo()
    assert where() == before


def test_it_is_linked_where_it_was_when_it_was_last_seen(cast, dropped):
    deleted("Cast")
    bpy.ops.ed.undo()
    cast = bpy.data.collections["Cast"]
    bpy.data.collections["Outer"].children.unlink(cast)
    bpy.context.scene.collection.children.link(cast)
    bpy.ops.ed.undo_push(message="Move")
    bpy.context.scene.frame_end = 103
    bpy.ops.ed.undo_push(message="End")
    dropped.append("Cast")
    bpy.ops.ed.undo()
    assert where() == ([bpy.context.scene.name], [])


def test_what_the_user_has_unlinked_stays_so(cast):
    bpy.data.collections["Outer"].children.unlink(cast)
    bpy.ops.ed.undo_push(message="Unlink")
    bpy.context.scene.frame_end = 103
    bpy.ops.ed.undo_push(message="End")
    bpy.ops.ed.undo()
    assert where() == ([], [])


def test_what_the_user_has_linked_is_unlinked_by_undo_and_linked_by_redo(cast):
    links = addon("takes.collection_links")
    bpy.data.collections["Outer"].children.unlink(cast)
    bpy.ops.ed.undo_push(message="Unlink")
    bpy.context.scene.collection.children.link(cast)
    bpy.ops.ed.undo_push(message="Link")
    linked = where()
    links.remember_links(next(ob for ob in bpy.data.objects if ob.type == "ARMATURE"))
    bpy.ops.ed.undo()
    assert where() == ([], [])
    bpy.ops.ed.redo()
    assert where() == linked == ([bpy.context.scene.name], [])


def test_what_is_deleted_for_good_does_not_come_back(cast):
    deleted("Cast")
    bpy.context.scene.frame_end = 103
    bpy.ops.ed.undo_push(message="End")
    bpy.ops.ed.undo()
    assert "Cast" not in bpy.data.collections
