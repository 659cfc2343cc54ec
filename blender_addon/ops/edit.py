"""Operators that regenerate a part of a dance. Each defines the constraints for the rest."""

import math
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import bpy

from ..constraints.body_parts import joints_of
from ..constraints.edit_record import Edit, store_edit, with_source
from ..constraints.exact_keys import exact_channels_of_rows, with_exact_keys
from ..constraints.keep_list import frame_range, rows_of, selected_bones, selected_keys
from ..constraints.rows import Row, exact_frames, gather_in_steps
from ..edge_backend.choreography.plan_file import write_plan
from ..edge_backend.errors import EdgeError
from ..edge_backend.fileio.hashing import sha256_of
from ..edge_backend.motion.motion import Motion
from ..edge_backend.schema.requests import GenerateRequest
from ..keyframes.beats import known_beats
from ..keyframes.channel_keys import copy_others
from ..keyframes.take_details import details, is_danced_to, note_keys, span
from ..keyframes.timing import Timing
from ..lookups import by_session_uid, scene_rate
from ..rig.looking import found
from ..rig.obstacles import refuse_hidden
from ..rig.retarget import bone_map_of
from ..rig.target import find_dancer
from ..takes.mirror import add_mirrored, mirrored_in_steps
from ..takes.new_take import WrittenKeys, add_take
from ..takes.phrase_shelf import folders_of
from ..takes.plan_rows import hand_on_plan, plan_of
from ..takes.read_take import read_in_steps, shown_on_hips
from ..takes.root_motion import carried_by_hips, root_motion_of
from ..takes.take_list import KEEP, current_take
from .generate import DanceOperator
from .reasons import why_busy, why_no_dancer
from .stepping import READING, SteppingOperator


class EditOperator(DanceOperator):
    """A dance with constraints read from the character's animation. Not registered itself."""

    suffix = ""
    """Appended to the name of the edited take."""

    strength: float | None = None

    _source = 0
    """session_uid of the edited action; 0 for none."""

    plan: dict[str, Any] | None = None
    """What is danced where nothing is kept; None leaves it to the network."""

    _taken_over: dict[str, Any] | None = None
    """The plan that the new take has from the edited one."""

    def rows(self, context: bpy.types.Context, armature: bpy.types.Object) -> list[Row]:
        """The constraints. Raises EdgeError."""
        raise NotImplementedError

    def window(self, armature: bpy.types.Object, strip: tuple[float, float]) -> tuple[float, float]:
        """First and last frame of the new dance in the scene: by default, of the action as far as there is music.

        strip: first and last frame of the music.
        """
        first, last = span(_action(armature))
        return max(first, strip[0]), min(last, strip[1])

    def prepare(self, context: bpy.types.Context) -> None:
        """Find constraints and exact keys."""
        super().prepare(context)
        armature = find_dancer(context)
        refuse_hidden(armature)
        scene: Any = context.scene
        rate = scene_rate(scene)
        song = self._song
        strip = song.first_frame, song.first_frame + (round(song.duration * Motion.fps) - 1) * rate / Motion.fps
        first, last = self.window(armature, strip)
        self._timing = Timing(first, rate, math.floor((last - first) * Motion.fps / rate + 1e-3) + 1)
        if self._timing.frames < 2:
            raise EdgeError(
                "edit_no_music", "There is no music under the dance that is edited.", "Move the strip under it."
            )
        self._rows = rows = self.rows(context, armature)
        self._where = scene.session_uid
        with shown_on_hips(armature, flowing=True):
            self._exact_channels = list(exact_channels_of_rows(armature, rows, self._timing))
        self._exact_frames = [row.start for row in rows if row.kind == "POSE" and row.exact]
        self._constrained_frames = [frame for row, frames, _ in exact_frames(rows, self._timing) for frame in frames]
        data = armature.animation_data
        source = data.action if data else None
        self._source = source.session_uid if source else 0
        self._same_song = source is not None and is_danced_to(source, self._part)
        self._name = f"{source.name.removesuffix(self.suffix).strip()} {self.suffix}" if source and self.suffix else ""
        self._edit = with_source(
            Edit(first, last, tuple(rows), self.strength, suffix=self.suffix, plan=self.plan), source
        )
        self._taken_over = self.plan or self._plan_that_stays(source)
        start = song.start + (first - song.first_frame) / rate
        seed = self._request.seed
        if source and details(source).get("seed") == seed:
            seed += 1  # the same seed would give the same dance
        length = self._timing.frames / Motion.fps
        self._request = replace(self._request, start=start, duration=length, seed=seed, loop=None)

    def reading(self, context: bpy.types.Context) -> Iterator[float] | None:
        """Read the constrained poses as a motion."""
        return self._read()

    def _read(self) -> Iterator[float]:
        def read(frames: Sequence[float]) -> Generator[float, None, Motion]:
            armature, scene = found(bpy.data.objects, self._dancer), found(bpy.data.scenes, self._where)
            source = found(bpy.data.actions, self._source) if self._source else None
            return read_in_steps(armature, source, scene, frames, flowing=True)  # held poses that jump are no dance

        self._gathered = yield from gather_in_steps(self._rows, self._timing, read, self.strength)

    def request(self, folder: Path, number: int) -> GenerateRequest:
        """The song, the constraints, and the plan if there is one."""
        request = replace(super().request(folder, number), edit=self._gathered.request(folder), sequential=False)
        scene, _ = self.targets()
        return by_plan(request, self.plan, folder, scene, self._same_song) if self.plan else request

    def recipe(self) -> dict[str, Any]:
        """With the plan of the take, and the marks of its bars that wait."""
        return super().recipe() | {"plan": self._taken_over}

    def first_frame(self) -> float:
        """The frame of the scene at which the new dance starts."""
        return self._timing.first

    def key_options(self) -> dict[str, Any]:
        """Options for `keys_in_steps`, with exact keys for the constraints."""
        transform = partial(with_exact_keys, exact=self._exact_channels, rate=self._timing.rate)
        return {"transform": transform, "exact": self._exact_frames, "constrained": self._constrained_frames}

    def key(
        self, dancer: bpy.types.Object, motion: Motion, scene: bpy.types.Scene, keys: WrittenKeys
    ) -> bpy.types.Action:
        """A take with the record of the edit, and with the edited action's F-curves that a dance does not have."""
        settings = self.take_settings(motion)
        action = add_take(
            dancer,
            motion,
            scene,
            self.first_frame(),
            settings=settings,
            name=self._name,
            keys=keys,
            density=settings["density"],
        )
        self.name_song(action)
        store_edit(action, self._edit)
        source = by_session_uid(bpy.data.actions, self._source)
        if self._taken_over:
            hand_on_plan(action, self._taken_over)
        if source and self.suffix:
            with carried_by_hips(dancer, source) as hips:
                copy_others(hips, action)
            note_keys(action)
        return action

    def _plan_that_stays(self, source: bpy.types.Action | None) -> dict[str, Any] | None:
        """The plan of the edited take, if the new one begins where it does, to the same song; None without one."""
        stays = source and self.suffix and self._same_song and abs(span(source)[0] - self._timing.first) < 1e-2
        return plan_of(source) if source and stays else None

    def take_settings(self, motion: Motion) -> dict[str, Any]:
        """The panel's settings, with the edited take's root motion."""
        settings = super().take_settings(motion)
        source = by_session_uid(bpy.data.actions, self._source)
        return settings | {"root_motion": root_motion_of(source)} if source and self.suffix else settings


class EDGE_DANCE_OT_generate_kept(EditOperator):
    """Generate a dance to the song with the constraints of the keep list"""

    bl_idname = "edge_dance.generate_kept"
    bl_label = "Generate with Keep List"

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        if reason := super().why_not(context):
            return reason
        constrained = any(not row.mute for row in getattr(find_dancer(context), KEEP))
        return "" if constrained else "The keep list is empty: add a row to it first."

    def window(self, armature: bpy.types.Object, strip: tuple[float, float]) -> tuple[float, float]:
        """The whole music."""
        return strip

    def rows(self, context: bpy.types.Context, armature: bpy.types.Object) -> list[Row]:
        """The rows of the keep list."""
        scene: Any = context.scene
        return rows_of(armature, scene_rate(scene))


class TakeEditOperator(EditOperator):
    """An edit of the character's animation, which need not be a take."""

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        if reason := super().why_not(context):
            return reason
        data = find_dancer(context).animation_data
        return "" if data and data.action else "The character has no animation to edit."


class EDGE_DANCE_OT_regenerate_range(TakeEditOperator):
    """Regenerate the frames of the preview range and keep the rest"""

    bl_idname = "edge_dance.regenerate_range"
    bl_label = "Regenerate Range"
    suffix = "range"

    start: bpy.props.IntProperty(
        name="Start", description="First new frame; 0 to 0: the preview range", options={"HIDDEN"}
    )
    end: bpy.props.IntProperty(name="End", description="Last new frame", options={"HIDDEN"})

    def rows(self, context: bpy.types.Context, armature: bpy.types.Object) -> list[Row]:
        """Everything before and after the range."""
        return _around(*_chosen_range(self, context, armature), self._timing)


class EDGE_DANCE_OT_regenerate_bones(TakeEditOperator):
    """Regenerate the dance of the selected bones in the preview range, and keep the other bones"""

    bl_idname = "edge_dance.regenerate_bones"
    bl_label = "Regenerate Selected Bones"
    suffix = "bones"

    def rows(self, context: bpy.types.Context, armature: bpy.types.Object) -> list[Row]:
        """The other bones in the range, and everything before and after it."""
        chosen = selected_bones(armature)
        joints = joints_of(bone_map_of(armature).bones, chosen)
        if not joints:
            raise EdgeError("keep_nothing", "No bone of the bone map is selected.", "Select bones in pose mode.")
        scene: Any = context.scene
        start, end = frame_range(armature, scene)
        first, last = max(start, self._timing.first), min(end, self._timing.to_scene(self._timing.frames - 1))
        return [*_around(start, end, self._timing), Row(start=first, end=last, without=joints)]


class EDGE_DANCE_OT_in_between(TakeEditOperator):
    """Generate the dance between selected poses, the frames with selected keys; frames before and after are kept"""

    bl_idname = "edge_dance.in_between"
    bl_label = "In-between Selected Poses"
    suffix = "between"

    def rows(self, context: bpy.types.Context, armature: bpy.types.Object) -> list[Row]:
        """The poses, and everything before the first and after the last."""
        frames = list(selected_keys(armature))
        if len(frames) < 2:
            raise EdgeError("keep_nothing", "Fewer than two poses are selected.", "Select keys at two frames or more.")
        poses = [Row("POSE", frame, frame) for frame in frames]
        step = self._timing.rate / Motion.fps  # one frame of the dance, so that no two rows constrain the same frame
        return [*_around(frames[0] - step, frames[-1] + step, self._timing, touching=True), *poses]


class EDGE_DANCE_OT_continue_dance(TakeEditOperator):
    """Continue the dance from the end of the animation, for some seconds or to the end of the music"""

    bl_idname = "edge_dance.continue_dance"
    bl_label = "Continue Dance"
    suffix = "continued"

    seconds: bpy.props.FloatProperty(
        name="Seconds",
        description="Length of the continuation. 0: to the end of the music",
        min=0.0,
        max=3600.0,
        options={"HIDDEN"},
    )

    def window(self, armature: bpy.types.Object, strip: tuple[float, float]) -> tuple[float, float]:
        """From the first frame of the animation to the end of the continuation."""
        first, last = span(_action(armature))
        scene: Any = bpy.context.scene
        rate = scene_rate(scene)
        end = min(strip[1], last + self.seconds * rate) if self.seconds else strip[1]
        if end <= last + 1:
            raise EdgeError("edit_no_music", "The dance already ends with the music.", "Make the strip longer.")
        self._ending = last
        return max(first, strip[0]), end

    def rows(self, context: bpy.types.Context, armature: bpy.types.Object) -> list[Row]:
        """The whole animation."""
        return [Row(end=self._ending)]


class EDGE_DANCE_OT_vary(TakeEditOperator):
    """Generate the same dance again with small differences"""

    bl_idname = "edge_dance.vary"
    bl_label = "Vary"
    suffix = "varied"

    def prepare(self, context: bpy.types.Context) -> None:
        """Use the panel's strength."""
        self.strength = context.scene.edge_dance.strength
        super().prepare(context)

    def rows(self, context: bpy.types.Context, armature: bpy.types.Object) -> list[Row]:
        """The rows of the keep list."""
        return rows_of(armature, self._timing.rate)


class EDGE_DANCE_OT_pose_to_beat(TakeEditOperator):
    """Move the pose at the current frame to the nearest beat, and regenerate the dance around it"""

    bl_idname = "edge_dance.pose_to_beat"
    bl_label = "Hit Pose on Nearest Beat"
    suffix = "on the beat"

    seconds: bpy.props.FloatProperty(
        name="Seconds",
        description="Length of the dance before and after the pose that is regenerated",
        default=1.0,
        min=0.2,
        max=10.0,
        options={"HIDDEN"},
    )

    def rows(self, context: bpy.types.Context, armature: bpy.types.Object) -> list[Row]:
        """The pose at its new frame, and everything further away."""
        scene: Any = context.scene
        beats = known_beats(current_take(armature), scene)
        inside = [beat for beat in beats if 0 <= self._timing.to_dance(beat) < self._timing.frames]
        if not inside:
            raise EdgeError("beats_unknown", "No beats are known here.", "Mark the beats first.")
        now = scene.frame_current
        beat = round(min(inside, key=lambda frame: abs(frame - now)))  # a whole frame
        reach = self.seconds * self._timing.rate
        pose = Row("POSE", beat, beat, shown=now)
        return [*_around(min(beat, now) - reach, max(beat, now) + reach, self._timing), pose]


class EDGE_DANCE_OT_mirror(SteppingOperator):
    """Make a mirrored take: left and right are swapped"""

    bl_idname = "edge_dance.mirror"
    bl_label = "Mirror"
    bl_options = {"REGISTER", "UNDO"}
    work_label = READING

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        if busy := why_busy():
            return busy
        if reason := why_no_dancer(context):
            return reason
        data = find_dancer(context).animation_data
        return "" if data and data.action else "The character has no animation to mirror."

    def steps(self, context: bpy.types.Context) -> Iterator[float]:
        """Read the dance, and place the keys of the mirrored one."""
        armature = find_dancer(context)
        action, scene = _action(armature), cast("bpy.types.Scene", context.scene)
        self._uids = armature.session_uid, action.session_uid, scene.session_uid
        self._mirrored = yield from mirrored_in_steps(armature, action, scene)

    def apply(self, context: bpy.types.Context) -> str:
        """Make a new take of the keys; the mirrored action is not changed."""
        armature, action, scene = self._uids
        character, source = found(bpy.data.objects, armature), found(bpy.data.actions, action)
        take = add_mirrored(character, source, found(bpy.data.scenes, scene), self._mirrored)
        return f"{take.name}: left is right."


def _action(armature: bpy.types.Object) -> bpy.types.Action:
    data = armature.animation_data
    if not data or not data.action:
        raise EdgeError("edit_nothing", f"{armature.name} has no animation to edit.", "Generate a dance first.")
    return data.action


def _chosen_range(operator: Any, context: bpy.types.Context, armature: bpy.types.Object) -> tuple[float, float]:
    """The operator's own frames, else those of `frame_range`."""
    scene: Any = context.scene
    if operator.start or operator.end:
        return min(operator.start, operator.end), max(operator.start, operator.end)
    return frame_range(armature, scene)


def by_plan(
    request: GenerateRequest, plan: dict[str, Any], folder: Path, scene: bpy.types.Scene, same_song: bool
) -> GenerateRequest:
    """The request for a dance by a plan, which is written into the folder.

    same_song: the plan is for this part of the song, however Blender renders it now. Raises EdgeError
    plan_other_song; OSError.
    """
    path, song = folder / "plan.json", {"song": sha256_of(request.song), "start": request.start}
    if not same_song and (plan["song"] != song["song"] or abs(plan.get("start", 0.0) - request.start) > 1e-3):
        raise EdgeError(
            "plan_other_song", "The shown take is the plan of a dance to another song, or to another part of it.",
            "Put that song and part into the sequencer, or generate a new dance.",
        )  # fmt: skip
    write_plan(path, plan | song)
    has_phrases = any(step["phrase"] for step in plan["steps"])
    return replace(request, form="song", plan=str(path), phrases=folders_of(scene) if has_phrases else ())


def outside(spans: Sequence[tuple[float, float]], timing: Timing) -> list[Row]:
    """Rows that constrain everything except some spans, which ascend; empty rows are omitted.

    spans: (first, last) frames of the scene.
    """
    rows, begin = [], -math.inf
    for first, last in spans:
        end = first - 1e-2
        if math.floor(timing.to_dance(end)) >= max(timing.to_dance(begin), 0):  # there is a frame of the dance
            rows.append(Row(start=begin, end=end))
        begin = last + 1e-2
    if timing.to_dance(begin) <= timing.frames - 1:
        rows.append(Row(start=begin))
    return rows


def _around(start: float, end: float, timing: Timing, touching: bool = False) -> list[Row]:
    """Rows that constrain everything except the frames from start to end; empty rows are omitted.

    touching: constrain the frames start and end too. Raises EdgeError range_outside if the dance has none of them.
    """
    first, last = timing.first, timing.to_scene(timing.frames - 1)
    if end < first or start > last:
        raise EdgeError(
            "range_outside",
            f"The frames from {start:g} to {end:g} are not in the dance, which has {first:g} to {last:g}.",
            "Choose frames of the dance.",
        )
    if touching:
        start, end = start + 2e-2, end - 2e-2
    rows = []
    if timing.to_dance(start - 1e-2) >= 0:
        rows.append(Row(end=start - 1e-2))
    if timing.to_dance(end + 1e-2) <= timing.frames - 1:
        rows.append(Row(start=end + 1e-2))
    return rows
