"""A script in `blender -b` that uses the extension: song, dancer, dance, an edit, saved and opened again.

Runs inside Blender's program; test_program_job.py reads the facts that it writes. Environment variables: SONG,
WORKER_PYTHON, OUT.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import bpy

PACKAGE = "bl_ext.user_default.edge_dance"
OUT = Path(os.environ["OUT"])
compat = sys.modules[f"{PACKAGE}.compat"]

facts: dict[str, Any] = {"version": bpy.app.version_string, "background": bpy.app.background}


def dancer() -> Any:
    return next(ob for ob in bpy.context.scene.objects if ob.type == "ARMATURE")


def keys() -> int:
    return sum(len(fcurve.keyframe_points) for fcurve in compat.fcurves_of(dancer().animation_data.action))


def takes() -> list[str]:
    return [take.action.name for take in dancer().edge_dance_takes]


preferences = bpy.context.preferences.addons[PACKAGE].preferences  # enabled by the command line
preferences.backend_python, preferences.threads = os.environ["WORKER_PYTHON"], 1
scene = bpy.context.scene
scene.render.fps = 30
bpy.ops.edge_dance.add_music(filepath=os.environ["SONG"])
bpy.ops.edge_dance.add_dancer()
scene.edge_dance.quality, scene.edge_dance.seed = "draft", 3
bpy.ops.edge_dance.generate()
facts["first"] = takes(), keys(), list(dancer().animation_data.action.frame_range)
scene.use_preview_range, scene.frame_preview_start, scene.frame_preview_end = True, 30, 60
bpy.ops.edge_dance.regenerate_range()
facts["edited"] = takes(), keys()
bpy.ops.wm.save_as_mainfile(filepath=str(OUT / "danced.blend"))
bpy.ops.wm.read_homefile(use_factory_startup=True)
bpy.ops.wm.open_mainfile(filepath=str(OUT / "danced.blend"))
facts["opened"] = takes(), keys()
(OUT / "facts.json").write_text(json.dumps(facts))
