import ast
import sys
from pathlib import Path

import addon_utils
import bpy
from blender_fixtures import PACKAGE, addon


def our_classes():
    return {name for name in dir(bpy.types) if "edge_dance" in name.lower()}


def test_the_extension_can_be_disabled_and_enabled_twice(preferences):
    before = our_classes()
    assert "VIEW3D_PT_edge_dance" in before and hasattr(bpy.types.Scene, "edge_dance")
    for _ in range(2):
        addon_utils.disable(PACKAGE)
        assert our_classes() == set() and not hasattr(bpy.types.Scene, "edge_dance")
        assert addon_utils.enable(PACKAGE) is not None
        assert our_classes() == before
    assert hasattr(bpy.context.preferences.addons[PACKAGE].preferences, "backend_python")


def test_settings_are_kept_in_the_scene():
    bpy.context.scene.edge_dance.seed = 12
    assert bpy.context.scene.copy().edge_dance.seed == 12


def test_the_panels_offer_the_backends_choices():
    """The lists in the panel are written by hand, with descriptions; they must not fall behind."""
    properties, request = addon("properties"), addon("edge_backend.schema.requests")
    assert {item[0] for item in properties.STYLES} == set(request.STYLES)
    assert {item[0] for item in properties.QUALITIES} == set(addon("settings").QUALITIES)
    assert {sampler for sampler, _ in addon("settings").QUALITIES.values()} <= set(request.SAMPLERS)


def test_what_blender_imports_of_the_backend_brings_no_heavy_library():
    """What their files import, as other tests in this process may have brought those libraries themselves."""
    addon("edge_backend.motion.feet")
    inside = f"{PACKAGE}.edge_backend."
    files = [Path(module.__file__) for name, module in sys.modules.items() if name.startswith(inside)]
    assert len(files) > 30
    for file in files:
        for node in ast.parse(file.read_text("utf-8")).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names.append(node.module or "")
            assert not {"torch", "scipy", "librosa", "av", "soundfile"} & {name.split(".")[0] for name in names}, file
