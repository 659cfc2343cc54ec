"""Characters from a library file: refused with the way out, and one click makes them dance."""

import bpy
import numpy as np
import pytest
from blender_fixtures import addon
from characters import put_character, unreal
from dances import dance
from mathutils import Euler, Matrix, Vector
from test_retarget import SEGMENTS, heads, largest_angle, put_take

PLACE = Matrix.LocRotScale(Vector((3, -1, 0.5)), Euler((0, 0, 0.7)), None)


@pytest.fixture
def library(tmp_path):
    """A file with a character and its body in a collection; the file that is open is empty."""
    collection = bpy.data.collections.new("Character")
    bpy.context.scene.collection.children.link(collection)
    character = put_character(unreal())
    character.name = "Hero"
    body = bpy.data.objects.new("Body", bpy.data.meshes.new("Body"))
    body.parent = character
    body.modifiers.new("Armature", "ARMATURE").object = character
    for ob in (character, body):
        for other in list(ob.users_collection):
            other.objects.unlink(ob)
        collection.objects.link(ob)
    path = str(tmp_path / "library.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.context.scene.render.fps = 30
    return path


def link_objects(path):
    with bpy.data.libraries.load(path, link=True) as (_, linked):
        linked.objects = ["Hero", "Body"]
    for ob in linked.objects:
        bpy.context.collection.objects.link(ob)
    return bpy.data.objects["Hero"]


def link_collection(path):
    """As File > Link does: an empty that shows the collection."""
    with bpy.data.libraries.load(path, link=True) as (_, linked):
        linked.collections = ["Character"]
    instance = bpy.data.objects.new("Character", None)
    instance.instance_type, instance.instance_collection = "COLLECTION", linked.collections[0]
    bpy.context.collection.objects.link(instance)
    instance.matrix_world = PLACE
    return instance


def link_collection_itself(path):
    """As File > Link does without Instance Collections: the collection is in the scene."""
    with bpy.data.libraries.load(path, link=True) as (_, linked):
        linked.collections = ["Character"]
    bpy.context.collection.children.link(linked.collections[0])
    return bpy.data.objects["Hero"]


def link_outer_collection(path):
    """Likewise, in a collection of the scene, with the character in a collection of the linked one."""
    bpy.ops.wm.open_mainfile(filepath=path)
    outer = bpy.data.collections.new("Outer")
    bpy.context.scene.collection.children.link(outer)
    inner = bpy.data.collections["Character"]
    bpy.context.scene.collection.children.unlink(inner)
    outer.children.link(inner)
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.context.scene.render.fps = 30
    with bpy.data.libraries.load(path, link=True) as (_, linked):
        linked.collections = ["Outer"]
    shot = bpy.data.collections.new("Shot")
    bpy.context.scene.collection.children.link(shot)
    shot.children.link(linked.collections[0])
    return bpy.data.objects["Hero"]


def select(ob):
    bpy.context.view_layer.objects.active = ob
    bpy.context.view_layer.update()


def body_of_hero(path):
    link_objects(path)
    return bpy.data.objects["Body"]


@pytest.mark.parametrize(
    "link", [link_objects, link_collection, body_of_hero, link_collection_itself, link_outer_collection]
)
def test_a_linked_character_dances_after_one_click(library, link):
    select(link(library))
    with pytest.raises(addon("edge_backend.errors").EdgeError, match="Hero is linked from another file") as caught:
        addon("rig.target").find_dancer(bpy.context)
    assert caught.value.code == "dancer_linked"
    assert bpy.ops.edge_dance.override_character() == {"FINISHED"}

    character = addon("rig.target").find_dancer(bpy.context)
    assert character == bpy.context.object and character.override_library
    assert sum(ob.type == "ARMATURE" for ob in bpy.context.scene.objects) == 1  # no second one in the same place
    assert not any(ob.type == "EMPTY" for ob in bpy.context.scene.objects)
    place = PLACE if link is link_collection else Matrix.Identity(4)
    assert np.abs(np.array(character.matrix_world) - np.array(place)).max() < 1e-6
    body = next(ob for ob in bpy.context.scene.objects if ob.type == "MESH")
    assert body.parent == character and body.find_armature() == character

    motion = dance(frames=60)
    put_take(character, motion)
    assert largest_angle(character, motion, np.array(place.to_3x3())) < 0.1
    assert not bpy.ops.edge_dance.override_character.poll()


def test_the_take_is_there_when_the_file_is_opened_again(library, tmp_path):
    select(link_objects(library))
    bpy.ops.edge_dance.override_character()
    character = bpy.context.object
    bpy.ops.edge_dance.find_bones()
    character.edge_dance_bones["neck1"].bone = ""
    put_take(character, dance(frames=30))
    slots = [segment[0] for segment in SEGMENTS]
    before = heads(character, 20, slots)
    path = str(tmp_path / "shot.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.wm.open_mainfile(filepath=path)
    character = next(ob for ob in bpy.context.scene.objects if ob.type == "ARMATURE")
    assert character.override_library
    assert np.abs(heads(character, 20, slots) - before).max() < 1e-6
    assert "neck1" not in addon("rig.retarget").bone_map_of(character).bones


def test_takes_and_keep_list_are_there_when_the_file_is_opened_again(library, tmp_path):
    select(link_objects(library))
    bpy.ops.edge_dance.override_character()
    character = bpy.context.object
    for _ in range(2):
        put_take(character, dance(frames=30))
    bpy.ops.edge_dance.keep(source="POSE")
    bpy.ops.edge_dance.keep(source="FEET")
    row = character.edge_dance_keep[1]
    row.start, row.end, row.weight, row.fade, row.mute, row.feet = 5, 15, 0.5, 3, True, {"right_foot"}
    sentences = sentences_of(character)
    takes = [take.name for take in addon("takes.take_list").takes_of(character)]
    assert len(takes) == 2
    path = str(tmp_path / "shot.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.wm.open_mainfile(filepath=path)
    character = next(ob for ob in bpy.context.scene.objects if ob.type == "ARMATURE")
    assert [take.name for take in addon("takes.take_list").takes_of(character)] == takes
    assert character.edge_dance_take == 1
    assert sentences_of(character) == sentences and "Right foot" in sentences[1] and "50%" in sentences[1]
    assert [row.mute for row in character.edge_dance_keep] == [False, True]


def reopened(path):
    """The character of the file, saved to path and opened again."""
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.ops.wm.open_mainfile(filepath=str(path))
    character = next(ob for ob in bpy.context.scene.objects if ob.type == "ARMATURE")
    select(character)
    return character


def lists_of(character):
    """Takes, keep list and bone map, as the panel shows them."""
    takes = [take.name for take in addon("takes.take_list").takes_of(character)]
    return takes, sentences_of(character), bones_of(character)


@pytest.mark.parametrize("link", [link_objects, link_collection])
def test_of_many_takes_and_rows_all_are_there_however_often_the_file_is_opened(library, tmp_path, link):
    select(link(library))
    bpy.ops.edge_dance.override_character()
    character = bpy.context.object
    bpy.ops.edge_dance.find_bones()
    character.edge_dance_bones["neck1"].bone = ""
    for number in range(5):
        put_take(character, dance(frames=20))
        bpy.ops.edge_dance.keep(source=("POSE", "FEET")[number % 2])
        character.edge_dance_keep[number].start = 3 * number
    before = lists_of(character)
    assert len(before[0]) == len(before[1]) == 5 and len(before[2]) > 20
    for number in range(3):
        character = reopened(tmp_path / f"shot{number}.blend")
        assert lists_of(character) == before
    takes = addon("takes.take_list")
    takes.delete_take(character, takes.takes_of(character)[1])  # from the middle, and more at the end
    character.edge_dance_keep_row = 2
    bpy.ops.edge_dance.remove_kept()
    put_take(character, dance(frames=20)), put_take(character, dance(frames=20))
    bpy.ops.edge_dance.keep(source="POSE")
    before = lists_of(character)
    assert len(before[0]) == 6 and len(before[1]) == 5
    for number in range(2):
        character = reopened(tmp_path / f"later{number}.blend")
        assert lists_of(character) == before


def with_lists(path, names):
    """Give the library's character lists of its own, without names as earlier versions made them if not `names`."""
    bpy.ops.wm.open_mainfile(filepath=path)
    character = bpy.data.objects["Hero"]
    select(character)
    bpy.ops.edge_dance.find_bones()
    for _ in range(2):
        put_take(character, dance(frames=20))
        bpy.ops.edge_dance.keep(source="POSE")
    if not names:
        for items in (character.edge_dance_takes, character.edge_dance_keep):
            for item in items:
                item.name = ""
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)


@pytest.mark.parametrize("names", [True, False])
def test_what_the_library_has_itself_stays_beside_what_is_added(library, tmp_path, names):
    with_lists(library, names)
    select(link_objects(library))
    bpy.ops.edge_dance.override_character()
    character = bpy.context.object
    assert [len(items) for items in lists_of(character)[:2]] == [2, 2]
    if names:  # of items without, Blender cannot tell which was changed
        character.edge_dance_keep[1].start = 17
    bpy.ops.edge_dance.find_bones()
    character.edge_dance_bones["neck1"].bone = ""
    for _ in range(3):
        put_take(character, dance(frames=20))
        bpy.ops.edge_dance.keep(source="FEET")
    before = lists_of(character)
    assert [len(items) for items in before[:2]] == [5, 5]
    for number in range(2):
        character = reopened(tmp_path / f"shot{number}.blend")
        after = lists_of(character)
        assert after == before if names else list(map(sorted, after)) == list(map(sorted, before))


def test_items_of_earlier_versions_get_names(library, tmp_path):
    with_lists(library, names=False)
    bpy.ops.wm.open_mainfile(filepath=library)
    character = bpy.data.objects["Hero"]
    for items in (character.edge_dance_takes, character.edge_dance_keep):
        assert len(items) == len({item.name for item in items} - {""}) == 2


@pytest.mark.parametrize("map_in_library", [False, True])
def test_a_bone_map_preset_is_there_however_often_the_file_is_opened(library, tmp_path, map_in_library):
    bpy.ops.wm.open_mainfile(filepath=library)
    hero = bpy.data.objects["Hero"]
    select(hero)
    if map_in_library:
        bpy.ops.edge_dance.find_bones()
        bpy.ops.wm.save_as_mainfile(filepath=library)
    bpy.ops.edge_dance.find_bones()
    hero.edge_dance_bones["hand.L"].bone = ""
    wanted = bones_of(hero)
    select(bpy.data.objects["Body"])  # the armature is meant
    name = f"Preset {map_in_library}"
    assert bpy.ops.edge_dance.add_bone_map_preset(name=name) == {"FINISHED"}
    preset = bpy.utils.preset_find(name.replace(" ", "_"), "edge_dance/bone_maps", ext=".py")
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    select(link_objects(library))
    bpy.ops.edge_dance.override_character()
    character = bpy.context.object
    menu = bpy.types.EDGE_DANCE_MT_bone_map_presets
    assert bpy.ops.edge_dance.use_bone_map_preset(filepath=preset, menu_idname=menu.__name__) == {"FINISHED"}
    assert bones_of(character) == wanted
    for _ in range(3):
        character = reopened(tmp_path / "shot.blend")
        assert bones_of(character) == wanted


def bones_of(character):
    """Slots and their bones, in the list's order."""
    return [(item.name, item.bone) for item in character.edge_dance_bones]


def sentences_of(character):
    words = addon("constraints.keep_list").labelled_row
    return [addon("constraints.rows").sentence(words(row)) for row in character.edge_dance_keep]


def test_an_override_that_blender_keeps_locked_is_unlocked(library):
    """What Blender overrides along with something else cannot be edited until it is asked for."""
    character = link_objects(library)
    character = character.override_hierarchy_create(bpy.context.scene, bpy.context.view_layer)
    assert character.override_library.is_system_override
    select(character)
    with pytest.raises(addon("edge_backend.errors").EdgeError) as caught:
        addon("rig.target").find_dancer(bpy.context)
    assert caught.value.code == "dancer_linked"
    assert bpy.ops.edge_dance.override_character() == {"FINISHED"}
    assert not addon("rig.target").find_dancer(bpy.context).override_library.is_system_override
