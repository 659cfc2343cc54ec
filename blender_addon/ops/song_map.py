"""Operators that compute the song map and correct it."""

import time
from pathlib import Path
from statistics import median
from typing import Any

import bpy
import numpy as np

from ..backend.job import Job
from ..edge_backend.schema.requests import FeaturesRequest
from ..edge_backend.schema.song_map import SongMap, from_json
from ..edge_backend.schema.song_map_edits import (
    FEWEST_TAPS,
    merge_sections,
    move_section,
    split_section,
    tapped,
)
from ..music import find_strip
from ..redraw import redraw_timelines
from ..song_map.markers import mark_sections
from ..song_map.strip_map import PlacedMap, clear, placed_map, stored, write, write_detected
from .reasons import Reasoned
from .song_operator import SongOperator

CERTAIN = 0.3
"""Confidence below which the map may be wrong."""

NO_MAP = "There is no song map: listen to the song first."


class EDGE_DANCE_OT_listen(SongOperator):
    """Hear the song's beats, bars and sections, and show them in the timeline, the dope sheet and the sequencer"""

    bl_idname = "edge_dance.listen"
    bl_label = "Listen"

    def request(self, folder: Path, number: int) -> FeaturesRequest:
        """The request for the song's rhythm and map."""
        song = self._song
        return FeaturesRequest(str(song.file(folder)), "rhythm", song.start, song.duration, self._beats)

    def result(self, job: Job) -> SongMap:
        """The map."""
        with np.load(job.result, allow_pickle=False) as file:
            return from_json(str(file["song_map"]))

    def finish(self, context: bpy.types.Context, dances: list[Any]) -> str:
        """Store the map with the strip of the start of the job. Raises EdgeError music_gone."""
        (found,) = dances
        write_detected(self.strip(), self._part, found, self._beats)
        redraw_timelines(context)
        return summary(found)


def summary(found: SongMap) -> str:
    """A summary of the map in a sentence, with a second one if it is uncertain."""
    bars = f"{len(found.bars)} bars of {found.metre} at {found.tempo:.1f} beats per minute"
    sections = " ".join(section.label for section in found.sections)
    text = f"{bars}; sections {sections}." if sections else f"{bars}."
    return text if found.confidence >= CERTAIN else f"{text} {doubt(found)}"


def doubt(found: SongMap) -> str:
    """What is uncertain about a map, as a sentence; "" if nothing is."""
    if found.method == "neutral":
        return "No beat was found: the grid is an even one of 120."
    return "" if found.confidence >= CERTAIN else "The beat of this song is unclear: check it, and correct it."


def why_no_change(context: bpy.types.Context) -> str:
    """Why there is no map that can be changed, as a sentence; "" if there is one."""
    placed = placed_map(context)
    return placed.why_locked if placed else NO_MAP


class _MapOperator(Reasoned, bpy.types.Operator):
    """An operator that changes the map; not registered itself."""

    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        placed = placed_map(context)
        if placed is None or placed.why_locked:
            return why_no_change(context)
        return "" if placed.song_map.sections else "The song map has no sections."

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Store the changed map."""
        scene: Any = context.scene
        strip, _ = find_strip(context, scene.edge_dance.music)
        placed = placed_map(context)
        assert placed  # noqa: S101 - poll has checked it
        active = min(stored(strip).active, len(placed.song_map.sections) - 1)
        here = placed.second(scene.frame_current_final)
        changed = self.changed(placed.song_map, active, here)
        if changed == placed.song_map:
            self.report({"WARNING"}, self.nothing)
            return {"CANCELLED"}
        write(strip, changed)
        stored(strip).active = self.active_of(changed, active, here)
        redraw_timelines(context)
        return {"FINISHED"}

    nothing = "Nothing changes."
    """What is said where the map stays as it is."""

    def changed(self, song_map: SongMap, active: int, here: float) -> SongMap:
        """The new map. active: number of the active section. here: second of the map at the current frame."""
        raise NotImplementedError

    def active_of(self, _song_map: SongMap, active: int, _here: float) -> int:
        """The section that is active afterwards."""
        return active


class EDGE_DANCE_OT_split_section(_MapOperator):
    """Have another section begin at the bar nearest to the current frame, with the same name"""

    bl_idname = "edge_dance.split_section"
    bl_label = "Split Section"
    nothing = "A section begins there already."

    def changed(self, song_map: SongMap, active: int, here: float) -> SongMap:
        """The section at the current frame in two."""
        return split_section(song_map, here)

    def active_of(self, song_map: SongMap, _active: int, here: float) -> int:
        """The second of the two."""
        starts = [section.start for section in song_map.sections]
        return min(range(len(starts)), key=lambda number: abs(starts[number] - here))


class EDGE_DANCE_OT_merge_section(_MapOperator):
    """Join the active section with the next one, under its name"""

    bl_idname = "edge_dance.merge_section"
    bl_label = "Merge with Next"
    nothing = "The last section has no next one."

    def changed(self, song_map: SongMap, active: int, here: float) -> SongMap:
        """The active section and the next as one."""
        return merge_sections(song_map, active)


class EDGE_DANCE_OT_move_section(_MapOperator):
    """Have the active section begin at the bar nearest to the current frame, between its neighbours"""

    bl_idname = "edge_dance.move_section"
    bl_label = "Section Begins Here"
    nothing = "The section begins there already, or is the first one."

    def changed(self, song_map: SongMap, active: int, here: float) -> SongMap:
        """The active section, begun elsewhere."""
        return move_section(song_map, active, here)


class EDGE_DANCE_OT_mark_sections(Reasoned, bpy.types.Operator):
    """Add a timeline marker where each section begins, and remove earlier ones"""

    bl_idname = "edge_dance.mark_sections"
    bl_label = "Mark Sections"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        return "" if placed_map(context) else NO_MAP

    def execute(self, context: bpy.types.Context) -> set[str]:
        placed = placed_map(context)
        assert placed  # noqa: S101 - poll has checked it
        scene: Any = context.scene
        mark_sections(scene, placed)
        return {"FINISHED"}


class EDGE_DANCE_OT_clear_song_map(Reasoned, bpy.types.Operator):
    """Remove the song map from the strip: the next dance detects beats and sections anew"""

    bl_idname = "edge_dance.clear_song_map"
    bl_label = "Clear Song Map"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        return why_no_change(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        scene: Any = context.scene
        clear(find_strip(context, scene.edge_dance.music)[0])
        redraw_timelines(context)
        return {"FINISHED"}


_PAUSE_S = 2.5
"""Seconds without a tap after which the next one starts a new series."""


class _Taps:
    """The current series of taps: seconds of the clock, seconds of the map if it is played, and the original map."""

    clock: list[float]
    played: list[float]
    before: SongMap | None = None

    def __init__(self) -> None:
        self.clock, self.played = [], []

    def add(self, now: float, placed: PlacedMap, second: float | None) -> None:
        """Add a tap. now: seconds of the clock. second: of the map, None if it is not played."""
        if not self.clock or now - self.clock[-1] > _PAUSE_S:
            self.clock, self.played, self.before = [], [], placed.song_map
        self.clock.append(now)
        if second is not None:
            self.played.append(second)

    def moments(self) -> tuple[list[float], bool]:
        """The seconds of the taps, and whether these are seconds of the map.

        Frames are coarse, so intervals between taps are the clock's, and only their common offset is from the map.
        """
        if len(self.played) < len(self.clock):
            return self.clock, False
        later = median([second - tap for second, tap in zip(self.played, self.clock, strict=True)])
        return [tap + later for tap in self.clock], True


_taps = _Taps()


class EDGE_DANCE_OT_tap_tempo(Reasoned, bpy.types.Operator):
    """Press it on every beat, best while the song plays: after three times the song map has your beats"""

    bl_idname = "edge_dance.tap_tempo"
    bl_label = "Tap Tempo"
    bl_options = {"REGISTER", "UNDO_GROUPED"}
    bl_undo_group = "edge_dance.tap_tempo"

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        return why_no_change(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        scene: Any = context.scene
        placed = placed_map(context)
        assert placed  # noqa: S101 - poll has checked it
        plays = bool(context.screen and context.screen.is_animation_playing)
        _taps.add(time.monotonic(), placed, placed.second(scene.frame_current_final) if plays else None)
        if len(_taps.clock) < FEWEST_TAPS:
            self.report({"INFO"}, f"Tap {len(_taps.clock)} of {FEWEST_TAPS}.")
            return {"CANCELLED"}
        moments, in_song = _taps.moments()
        strip, _ = find_strip(context, scene.edge_dance.music)
        found = tapped(_taps.before or placed.song_map, moments, in_song=in_song)
        write(strip, found)
        redraw_timelines(context)
        self.report({"INFO"}, f"{found.tempo:.1f} beats per minute.")
        return {"FINISHED"}
