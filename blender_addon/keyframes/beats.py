"""Beats on the timeline: markers, and keys that are moved onto them."""

from collections.abc import Sequence
from typing import Any

import bpy
import numpy as np

from .. import compat
from .take_details import beat_frames

BEAT_MARKER = "edge_dance_beat"
"""Property of timeline markers, true for the markers of beats that this extension made."""


def register() -> None:
    """Add the property to timeline markers."""
    prop: Any = bpy.props.BoolProperty
    setattr(bpy.types.TimelineMarker, BEAT_MARKER, prop(options={"HIDDEN"}))


def unregister() -> None:
    """Undo `register`."""
    delattr(bpy.types.TimelineMarker, BEAT_MARKER)


def mark_beats(scene: bpy.types.Scene, beats: Sequence[float], bars: Sequence[float]) -> None:
    """Add markers at beats and bars, frames of the scene, and remove earlier ones; other markers are not changed.

    The first beat of a bar is named `Bar 3`, the others `Beat 3.2` and so on. Beats before the first bar have the bar
    0.
    """
    clear_beats(scene)
    bar = number = 0
    starts = {round(frame) for frame in bars}
    for frame in beats:
        number += 1
        if round(frame) in starts:
            bar, number = bar + 1, 1
        name = f"Bar {bar}" if number == 1 and bar else f"Beat {bar}.{number}"
        setattr(scene.timeline_markers.new(name, frame=round(frame)), BEAT_MARKER, True)


def begin_bar(scene: bpy.types.Scene, frame: float) -> tuple[int, int]:
    """Number the marked beats anew, with a bar that begins at the one nearest to the frame.

    Returns by how many beats bars begin later now, and the number of beats in a bar. At least one beat is marked.
    """
    marked = [marker for marker in scene.timeline_markers if getattr(marker, BEAT_MARKER)]
    frames = sorted(marker.frame for marker in marked)
    bars = [frames.index(marker.frame) for marker in marked if marker.name.startswith("Bar ")]
    metre = int(np.median(np.diff(sorted(bars)))) if len(bars) > 1 else 4
    nearest = int(np.argmin(np.abs(np.array(frames) - frame)))
    mark_beats(scene, frames, frames[nearest % metre :: metre])
    return (nearest - min(bars, default=0)) % metre, metre


def clear_beats(scene: bpy.types.Scene) -> None:
    """Remove the markers of beats and bars."""
    for marker in [marker for marker in scene.timeline_markers if getattr(marker, BEAT_MARKER)]:
        scene.timeline_markers.remove(marker)


def known_beats(action: bpy.types.Action | None, scene: bpy.types.Scene) -> list[float]:
    """The beats as frames of the scene: the marked ones, else those of the take."""
    marked = sorted(marker.frame for marker in scene.timeline_markers if getattr(marker, BEAT_MARKER))
    return [float(frame) for frame in marked] or (beat_frames(action) if action else [])


def keys_to_beats(action: bpy.types.Action, beats: Sequence[float]) -> int:
    """Move every selected key with its handles to its nearest beat. Returns the number of moved keys.

    Of several keys with the same nearest beat only the nearest is moved. A key that is already at the beat is removed.
    """
    return sum(_curve_to_beats(curve, np.round(beats)) for curve in compat.fcurves_of(action))


def _curve_to_beats(curve: bpy.types.FCurve, beats: Any) -> int:
    points = curve.keyframe_points
    selected = [number for number, point in enumerate(points) if point.select_control_point]
    moves: dict[float, int] = {}
    for number in selected:
        frame = points[number].co.x
        beat = float(beats[np.argmin(np.abs(beats - frame))])
        if beat not in moves or abs(beat - frame) < abs(beat - points[moves[beat]].co.x):
            moves[beat] = number
    for beat, number in moves.items():
        shift = beat - points[number].co.x
        for end in (points[number].co, points[number].handle_left, points[number].handle_right):
            end.x += shift
    moved = set(moves.values())
    gone = [
        number
        for number, point in enumerate(points)
        if number not in moved and any(abs(point.co.x - beat) < 1e-3 for beat in moves)
    ]
    for number in reversed(gone):
        points.remove(points[number], fast=True)
    curve.update()
    return len(moves)
