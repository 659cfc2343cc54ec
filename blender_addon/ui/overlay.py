"""Draws trails in the viewport: the paths around the current frame, and the ghosts of constrained poses."""

from typing import Any

import bpy
import numpy as np

from ..edge_backend.numerics.array import Array
from ..lookups import by_session_uid, scene_rate
from ..takes.trails import Trails, display

_COLOURS = ((1.0, 0.75, 0.2, 0.9), (0.3, 0.7, 1.0, 0.8), (1.0, 0.4, 0.5, 0.8))  # hips, left foot, right foot
_GHOST = (0.15, 0.85, 0.65, 0.8)  # as the dope sheet has constraints
_WIDTH, _POINT = 1.5, 9.0  # pixels
_AROUND_S = 4.0  # seconds of the paths before and after the present frame; more is a tangle


class Overlay:
    """Draws the trails in takes.trails.display."""

    def __init__(self) -> None:
        self._handle: Any = None

    def register(self) -> None:
        """Add the draw handler."""
        space: Any = bpy.types.SpaceView3D
        self._handle = space.draw_handler_add(self.draw, (), "WINDOW", "POST_VIEW")

    def unregister(self) -> None:
        """Remove the draw handler and the trails."""
        display.trails = None
        space: Any = bpy.types.SpaceView3D
        space.draw_handler_remove(self._handle, "WINDOW")

    def draw(self) -> None:
        """Draw the trails in the present viewport, if overlays are on there."""
        context, trails = bpy.context, display.trails
        space: Any = context.space_data
        scene: Any = context.scene
        if trails is None or not space.overlay.show_overlays:
            return
        character = by_session_uid(context.view_layer.objects, trails.character)
        if character is None or not character.visible_get():
            return
        import gpu  # noqa: PLC0415 (there is no GPU in background mode)

        region: Any = context.region
        gpu.state.blend_set("ALPHA")
        gpu.state.point_size_set(_POINT)
        lines = gpu.shader.from_builtin("POLYLINE_UNIFORM_COLOR")
        lines.uniform_float("viewportSize", (region.width, region.height))
        lines.uniform_float("lineWidth", _WIDTH)
        for number, (path, now) in enumerate(paths_around(trails, scene)):
            _draw(lines, "LINE_STRIP", path, _COLOURS[number])
            _draw(gpu.shader.from_builtin("UNIFORM_COLOR"), "POINTS", now, _COLOURS[number])
        if len(trails.ghosts):
            _draw(lines, "LINES", trails.ghosts.reshape(-1, 3), _GHOST)
        gpu.state.blend_set("NONE")


overlay = Overlay()
"""The overlay of this Blender process."""


def paths_around(trails: Trails, scene: bpy.types.Scene) -> list[tuple[Array, Array]]:
    """For each path its points (n, 3) around the scene's present frame, and the one (1, 3), or none, that is now."""
    first, reach = float(trails.frames[0]), round(_AROUND_S * scene_rate(scene))
    now = round(scene.frame_current_final - first)
    near = slice(max(now - reach, 0), max(now + reach + 1, 0))
    here = slice(max(now, 0), max(now + 1, 0))
    return [(path[near], path[here]) for path in trails.paths]


def _draw(shader: Any, kind: str, points: Array, colour: tuple[float, float, float, float]) -> None:
    from gpu_extras.batch import batch_for_shader  # noqa: PLC0415

    if len(points) < (2 if kind.startswith("LINE") else 1):
        return
    content: Any = {"pos": np.ascontiguousarray(points)}
    batch = batch_for_shader(shader, kind, content)
    shader.uniform_float("color", colour)
    batch.draw(shader)
