"""A scene that is linked from another file and shown in the window: nothing can be added to it, and it is said."""

import bpy
import pytest
from blender_fixtures import addon, put_dancer, random_motion
from drawing import draw

SENTENCE = "The scene Theirs is linked from library.blend and cannot be changed. Work in a scene of your own."


@pytest.fixture
def linked_scene(tmp_path):
    """The linked scene, with a dancer that has a take."""
    path, scene = tmp_path / "library.blend", bpy.context.scene
    scene.name = "Theirs"
    addon("takes.new_take").add_take(put_dancer(), random_motion(20), scene, 1)
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(str(path), link=True) as (_, wanted):
        wanted.scenes = ["Theirs"]
    bpy.context.window.scene = wanted.scenes[0]
    return wanted.scenes[0]


def test_what_would_add_to_the_scene_says_why_it_cannot(linked_scene, song_file):
    for name, words in {
        "add_dancer": {}, "add_music": {"filepath": str(song_file)}, "drop_song": {"filepath": str(song_file)},
        "set_up_render": {}, "listen": {}, "mark_beats": {}, "clear_beats": {},
    }.items():  # fmt: skip
        with pytest.raises(RuntimeError, match=SENTENCE):
            getattr(bpy.ops.edge_dance, name)(**words)
    assert draw(addon("ui.panels").VIEW3D_PT_edge_dance).texts.count(SENTENCE) == 1


def test_takes_of_a_linked_dancer_are_not_deleted(linked_scene):
    dancer = bpy.context.view_layer.objects.active
    assert dancer.library and addon("takes.take_list").takes_of(dancer)
    with pytest.raises(RuntimeError, match="Dancer is linked from another file and cannot be changed"):
        bpy.ops.edge_dance.delete_take()
    assert addon("takes.take_list").takes_of(dancer)
