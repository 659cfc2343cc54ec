from pathlib import Path

import bpy
import pytest
from blender_fixtures import addon
from drawing import draw


def preset_files():
    """The extension's presets in Blender's user folder."""
    folders = bpy.utils.preset_paths(addon("ops.presets").PRESETS)
    return [path for folder in folders for path in Path(folder).glob("*.py")]


def test_settings_are_saved_as_a_preset_and_come_back():
    settings = bpy.context.scene.edge_dance
    settings.style, settings.guidance, settings.smoothness, settings.density = "modern", 1.5, 0.25, "CURVES"
    settings.seed = 5
    assert bpy.ops.edge_dance.add_preset(name="Slow Modern") == {"FINISHED"}
    settings.style, settings.guidance, settings.smoothness, settings.density = "any", 3.0, 0.0, "FRAMES"
    settings.seed = 6
    (file,) = preset_files()
    bpy.ops.script.execute_preset(filepath=str(file), menu_idname="EDGE_DANCE_MT_presets")
    assert (settings.style, settings.guidance, settings.smoothness, settings.density) == ("modern", 1.5, 0.25, "CURVES")
    assert settings.seed == 6  # a song's matter
    file.unlink()


def test_a_preset_without_a_name_is_asked_for_one():
    with pytest.raises(RuntimeError, match="Type a name"):
        bpy.ops.edge_dance.add_preset(name=" ")
    assert preset_files() == []


def test_the_preset_that_the_menu_shows_is_removed_and_no_other():
    for name in ("Slow Modern", "Wild"):
        bpy.ops.edge_dance.add_preset(name=name)
    slow, wild = sorted(preset_files())
    bpy.ops.script.execute_preset(filepath=str(slow), menu_idname="EDGE_DANCE_MT_presets")
    shown = draw(addon("ui.panels").VIEW3D_PT_edge_dance_settings).menus["EDGE_DANCE_MT_presets"]
    assert shown == "Slow Modern"
    assert bpy.ops.edge_dance.add_preset(remove_active=True) == {"FINISHED"}
    assert preset_files() == [wild]
    with pytest.raises(RuntimeError, match="Choose the preset in the menu first"):
        bpy.ops.edge_dance.add_preset(remove_active=True)
    assert preset_files() == [wild]
    wild.unlink()


def test_the_panel_reaches_the_backend():
    settings = bpy.context.scene.edge_dance
    settings.guidance, settings.smoothness = 3.0, 0.5
    request = addon("settings").generate_request(settings, "/song.ogg", 0.0, 4.0)
    assert (request.guidance, request.smoothness) == (3.0, 0.5)


def test_every_setting_that_makes_a_dance_is_in_the_preset():
    """New settings of the panel have to be added to the preset."""
    operator = addon("ops.presets").EDGE_DANCE_OT_add_preset
    saved = {value.removeprefix("settings.") for value in operator.preset_values}
    kept = addon("settings").stored_settings(bpy.context.scene.edge_dance)
    assert set(kept) - saved == {"seed", "tempo", "beat_offset", "bar_offset"}
