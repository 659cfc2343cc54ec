"""Trails of a dance in the viewport: lines on the GPU, made once, drawn at every redraw."""

from typing import Any

import bpy

from ..edge_backend.numerics.array import Array
from ..lookups import by_session_uid
from ..takes.trails import Trails, display

_COLOURS = ((1.0, 0.75, 0.2, 0.9), (0.3, 0.7, 1.0, 0.8), (1.0, 0.4, 0.5, 0.8))  # hips, left foot, right foot
_GHOST = (0.15, 0.85, 0.65, 0.8)  # as the dope sheet has constraints
_WIDTH, _POINT = 1.5, 9.0  # pixels


class Overlay:
    """Draws what takes.trails.display has."""

    def __init__(self) -> None:
        self._trails: Trails | None = None
        self._batches: list[tuple[Any, tuple[float, float, float, float]]] = []
        self._handle: Any = None

    def register(self) -> None:
        """Add the draw handler."""
        space: Any = bpy.types.SpaceView3D
        self._handle = space.draw_handler_add(self.draw, (), "WINDOW", "POST_VIEW")

    def unregister(self) -> None:
        """Remove the draw handler, and forget the trails."""
        display.trails = self._trails = None
        self._batches = []
        space: Any = bpy.types.SpaceView3D
        space.draw_handler_remove(self._handle, "WINDOW")

    def draw(self) -> None:
        """Draw the trails in the present viewport, if overlays are on there."""
        context, trails = bpy.context, display.trails
        space: Any = context.space_data
        if trails is None or not space.overlay.show_overlays:
            return
        character = by_session_uid(context.view_layer.objects, trails.character)
        if character is None or not character.visible_get():
            return
        import gpu  # noqa: PLC0415 (there is no GPU in background mode)

        shader = gpu.shader.from_builtin("POLYLINE_UNIFORM_COLOR")
        if self._trails is not trails:
            self._trails, self._batches = trails, _batches(shader, trails)
        region: Any = context.region
        gpu.state.blend_set("ALPHA")
        shader.uniform_float("viewportSize", (region.width, region.height))
        shader.uniform_float("lineWidth", _WIDTH)
        for batch, colour in self._batches:
            shader.uniform_float("color", colour)
            batch.draw(shader)
        self._draw_now(trails, context.scene.frame_current_final)
        gpu.state.blend_set("NONE")

    def _draw_now(self, trails: Trails, frame: float) -> None:
        """A point on each way where the character is now."""
        import gpu  # noqa: PLC0415
        from gpu_extras.batch import batch_for_shader  # noqa: PLC0415

        number = round(frame - float(trails.frames[0]))
        if not 0 <= number < len(trails.frames):
            return
        shader = gpu.shader.from_builtin("UNIFORM_COLOR")
        gpu.state.point_size_set(_POINT)
        for place, colour in zip(trails.ways[:, number].tolist(), _COLOURS, strict=True):
            shader.uniform_float("color", colour)
            batch_for_shader(shader, "POINTS", {"pos": [place]}).draw(shader)


overlay = Overlay()
"""The overlay of this Blender process."""


def _batches(shader: Any, trails: Trails) -> list[tuple[Any, tuple[float, float, float, float]]]:
    """The ways and the ghosts as lines on the GPU, with their colours."""
    from gpu_extras.batch import batch_for_shader  # noqa: PLC0415

    def lines(kind: str, points: Array) -> Any:
        return batch_for_shader(shader, kind, {"pos": points.reshape(-1, 3)})

    found = [(lines("LINE_STRIP", way), colour) for way, colour in zip(trails.ways, _COLOURS, strict=True)]
    if len(trails.ghosts):
        found.append((lines("LINES", trails.ghosts), _GHOST))
    return found
