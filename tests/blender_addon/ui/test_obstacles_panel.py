"""Settings that hide a dance are shown in the panel, above Generate Dance, each with its button."""

import bpy
from blender_fixtures import put_song
from characters import put_character, unreal
from drawing import draw


def test_the_panel_says_it_before_there_is_a_dance_with_the_button_beside(song_file):
    put_song(song_file)
    character = put_character(unreal())
    bpy.context.view_layer.update()
    panel = bpy.types.VIEW3D_PT_edge_dance
    assert "edge_dance.mend" not in dict(draw(panel).operators)
    character.data.pose_position = "REST"
    bpy.context.scene.render.frame_map_new = 200
    bpy.context.view_layer.update()
    layout = draw(panel)
    sentences = [
        "unreal is in Rest Position, which shows no animation.",
        "Scene stretches time: animation plays at 50 % of its speed, songs do not.",
    ]
    assert [text for text in layout.texts if text in sentences] == sentences
    names = [name for name, usable in layout.operators if usable or name == "edge_dance.generate"]
    assert names.count("edge_dance.mend") == 2
    assert names.index("edge_dance.mend") < names.index("edge_dance.generate")


def test_the_panel_mends_what_forbids_a_dance(song_file):
    put_song(song_file)
    character = put_character(unreal())
    target = bpy.data.objects.new("Target", None)
    character.pose.bones["calf_l"].constraints.new("COPY_ROTATION").target = target
    bpy.context.view_layer.update()
    layout = draw(bpy.types.VIEW3D_PT_edge_dance)
    assert any("is moved by its constraint Copy Rotation" in text for text in layout.texts)
    assert ("edge_dance.mend", True) in layout.operators
