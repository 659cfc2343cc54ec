"""Draws trails in the viewport: the paths around the current frame, and the ghosts of constrained poses."""

from typing import Any

import bpy
import numpy as np

from ..edge_backend.numerics.array import Array
from ..lookups import by_session_uid, scene_rate
from ..takes.trails import Trails, display

_Colour = tuple[float, float, float, float]

_COLOURS: tuple[_Colour, ...] = (
    (1.0, 0.75, 0.2, 0.9),
    (0.3, 0.7, 1.0, 0.8),
    (1.0, 0.4, 0.5, 0.8),
)  # hips, left foot, right foot
_GHOST: _Colour = (0.15, 0.85, 0.65, 0.8)  # as the dope sheet has constraints
_WIDTH, _POINT = 1.5, 9.0  # pixels
_AROUND_S = 4.0  # seconds of the paths before and after the present frame; more is a tangle


class Overlay:
    """Draws the trails in takes.trails.display.

    Batches are made when trails or frame have changed; other redraws, as of a view that turns, draw the same again.
    """

    def __init__(self) -> None:
        self._handle: Any = None
        self._made_of: tuple[Trails, int] | None = None
        self._lines: list[tuple[Any, _Colour]] = []
        self._points: list[tuple[Any, _Colour]] = []

    def register(self) -> None:
        """Add the draw handler."""
        space: Any = bpy.types.SpaceView3D
        self._handle = space.draw_handler_add(self.draw, (), "WINDOW", "POST_VIEW")

    def unregister(self) -> None:
        """Remove the draw handler and the trails."""
        display.trails = self._made_of = None
        self._lines, self._points = [], []
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

        lines, points = (gpu.shader.from_builtin(f"{kind}UNIFORM_COLOR") for kind in ("POLYLINE_", ""))
        made_of = trails, round(scene.frame_current_final)
        if made_of != self._made_of:
            self._make(trails, scene, lines, points)
            self._made_of = made_of
        region: Any = context.region
        gpu.state.blend_set("ALPHA")
        gpu.state.point_size_set(_POINT)
        lines.uniform_float("viewportSize", (region.width, region.height))
        lines.uniform_float("lineWidth", _WIDTH)
        for shader, batches in ((lines, self._lines), (points, self._points)):
            for batch, colour in batches:
                shader.uniform_float("color", colour)
                batch.draw(shader)
        gpu.state.blend_set("NONE")

    def _make(self, trails: Trails, scene: bpy.types.Scene, lines: Any, points: Any) -> None:
        from gpu_extras.batch import batch_for_shader  # noqa: PLC0415

        def batch(shader: Any, kind: Any, positions: Array) -> Any:
            return batch_for_shader(shader, kind, {"pos": np.ascontiguousarray(positions)})  # type: ignore[dict-item]

        around = list(zip(paths_around(trails, scene), _COLOURS, strict=True))
        self._lines = [(batch(lines, "LINE_STRIP", path), colour) for (path, _), colour in around if len(path) > 1]
        self._points = [(batch(points, "POINTS", now), colour) for (_, now), colour in around if len(now)]
        if len(trails.ghosts):
            self._lines.append((batch(lines, "LINES", trails.ghosts.reshape(-1, 3)), _GHOST))


overlay = Overlay()
"""The overlay of this Blender process."""


def paths_around(trails: Trails, scene: bpy.types.Scene) -> list[tuple[Array, Array]]:
    """For each path its points (n, 3) around the scene's present frame, and the one (1, 3), or none, that is now."""
    first, reach = float(trails.frames[0]), round(_AROUND_S * scene_rate(scene))
    now = round(scene.frame_current_final - first)
    near = slice(max(now - reach, 0), max(now + reach + 1, 0))
    here = slice(max(now, 0), max(now + 1, 0))
    return [(path[near], path[here]) for path in trails.paths]
