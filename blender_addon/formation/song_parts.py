"""Where the phrases and sections of a take's song begin: by the take's plan, or by the song map of the scene."""

from typing import Literal

import bpy

from ..edge_backend.choreography.slots import Slot, slots_of
from ..edge_backend.errors import EdgeError
from ..edge_backend.motion.motion import Motion
from ..keyframes.take_details import beat_frames, span
from ..lookups import scene_rate
from ..song_map.strip_map import PlacedMap
from ..takes.plan_rows import parsed_plan, plan_of

Unit = Literal["BEATS", "PHRASES", "SECTIONS"]


def beginnings(action: bpy.types.Action, scene: bpy.types.Scene, unit: Unit, song_map: PlacedMap | None) -> list[float]:
    """Frames of the scene, ascending, at which the beats, phrases or sections of the take's song begin, while it lasts.

    Phrases and sections are those of the take's plan; if it has none, of the song map. Raises EdgeError form_unknown if
    neither is there.
    """
    first, last = span(action)
    found = beat_frames(action)
    if unit != "BEATS":
        slots = _slots(action, scene, song_map)
        of = [slot.section for _, slot in slots]
        found = [
            frame
            for number, (frame, _) in enumerate(slots)
            if unit == "PHRASES" or number == 0 or of[number] != of[number - 1]
        ]
    return [frame for frame in found if first - 0.5 <= frame < last]


def _slots(action: bpy.types.Action, scene: bpy.types.Scene, song_map: PlacedMap | None) -> list[tuple[float, Slot]]:
    """The slots of the take's plan or of the song map, each with the frame at which it begins."""
    found = []
    if plan_of(action):
        begin, rate = span(action)[0], scene_rate(scene)
        found = [(begin + step.slot.counts[0] * rate, step.slot) for step in parsed_plan(action)]
    elif song_map:
        slots = slots_of(song_map.song_map, round(song_map.song_map.duration * Motion.fps))
        found = [(song_map.frame(slot.counts[0]), slot) for slot in slots]
    if not found:
        raise EdgeError(
            "form_unknown", f"The phrases and sections of {action.name} are not known.",
            "Click Listen in the Song Map panel, or count in beats.",
        )  # fmt: skip
    return found
