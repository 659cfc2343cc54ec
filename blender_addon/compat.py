"""All differences between the supported Blender versions (4.2, 4.5, 5.0, 5.2).

Names that exist in some versions only are looked up on the object, so that one code path serves all versions. Such
objects have the type Any, as no version's stubs describe them.
"""

import importlib
import tempfile
import wave
from contextlib import nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import bpy
import numpy as np

from .disk_room import ask_for_room
from .lookups import scene_rate

SLOT_NAME = "Slot"
"""Name of every take's slot, always the same as in Blender's importers: Blender finds it when takes are swapped."""

RELATIVE_PATH: set[Any] = {"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5, 0) else set()
"""Options of a path property that may begin with "//", the blend file's folder. Others warn of it since 4.5."""


# --- Actions: slots and layers since 4.4, the old interface gone in 5.0 -----------------------------------------------


def new_action(name: str, id_type: str = "OBJECT") -> tuple[bpy.types.Action, Any]:
    """A new action and the collection owner for its F-curves. Assign it with `assign_action`."""
    action: Any = bpy.data.actions.new(name)
    if bpy.app.version < (4, 4, 0):
        return action, action
    slot = action.slots.new(id_type=id_type, name=SLOT_NAME)
    strip = action.layers.new("Layer").strips.new(type="KEYFRAME")
    return action, strip.channelbag(slot, ensure=True)


def assign_action(ob: bpy.types.Object, action: bpy.types.Action | None, slot: str = "") -> None:
    """Assign the action to the object, None for no action, with the slot of that name, else its first slot."""
    data: Any = ob.animation_data or ob.animation_data_create()
    data.action = action
    if action and bpy.app.version >= (4, 4, 0) and len(action.slots):
        data.action_slot = action.slots.get(slot) or action.slots[0]


def shown_action(ob: bpy.types.Object) -> tuple[bpy.types.Action | None, str]:
    """The object's action and its slot's identifier ("" without slots), as arguments for `assign_action`."""
    data: Any = ob.animation_data
    if not data or not data.action:
        return None, ""
    slot = data.action_slot if bpy.app.version >= (4, 4, 0) else None
    return data.action, slot.identifier if slot else ""


def new_fcurve(curves: Any, path: str, index: int, group: str) -> bpy.types.FCurve:
    """A new F-curve in the owner that `new_action` returned."""
    if bpy.app.version >= (5, 0, 0):
        return curves.fcurves.new(path, index=index, group_name=group)
    if bpy.app.version >= (4, 4, 0):
        fcurve = curves.fcurves.new(path, index=index)
        fcurve.group = curves.groups.get(group) or curves.groups.new(group)
        return fcurve
    return curves.fcurves.new(path, index=index, action_group=group)


def curves_owner(action: bpy.types.Action) -> Any:
    """The owner of F-curves and groups of an action that this extension made, as `new_action` returned it."""
    owner: Any = action
    if bpy.app.version < (4, 4, 0):
        return owner
    return owner.layers[0].strips[0].channelbag(owner.slots[0], ensure=True)


class _NoCurves(tuple[()]):
    """The F-curves of an action without any."""

    def find(self, _path: str, index: int = 0) -> None:
        """Return None."""


def fcurves_of(action: bpy.types.Action, ob: bpy.types.Object | None = None) -> Any:
    """The F-curves of any action, a collection with `find`: of the slot that the object uses, else of the first slot.

    For actions that this extension made, these are all F-curves, and the collection has `new` and `remove`.
    """
    owner: Any = action
    if bpy.app.version < (4, 4, 0):
        return owner.fcurves
    data: Any = ob.animation_data if ob else None
    slot = data.action_slot if data and data.action == action else None
    slot = slot or next((slot for slot in owner.slots if slot.target_id_type in ("OBJECT", "UNSPECIFIED")), None)
    strip = owner.layers[0].strips[0] if slot and owner.layers and owner.layers[0].strips else None
    bag = strip.channelbag(slot) if strip else None
    return bag.fcurves if bag else _NoCurves()


def is_animated(owner: Any, path: str) -> bool:
    """Whether the data-block's own action or a driver animates the property at this path."""
    data = owner.animation_data
    if not data:
        return False
    curves = fcurves_of(data.action, owner) if data.action else ()
    return any(curve.data_path == path for curve in (*curves, *data.drivers))


def strip_fcurves(strip: Any) -> Any:
    """The F-curves that an NLA strip plays, a collection with `find`; empty for strips without an action."""
    if strip.action is None:
        return _NoCurves()
    if bpy.app.version < (4, 4, 0):
        return strip.action.fcurves
    slot, action = strip.action_slot, strip.action
    layer = action.layers[0] if slot and action.layers and action.layers[0].strips else None
    bag = layer.strips[0].channelbag(slot) if layer else None
    return bag.fcurves if bag else _NoCurves()


def foreign_property(owner: Any, name: str) -> Any:
    """The value of another add-on's property of a data-block, also if that add-on is disabled; None if there is none.

    Since 5.0 Blender stores such values apart from custom properties.
    """
    if (value := getattr(owner, name, None)) is not None:
        return value
    stored = owner.bl_system_properties_get() if hasattr(owner, "bl_system_properties_get") else None
    return (stored.get(name) if stored else None) or owner.get(name)


# --- Pose mode: bones are selected on the pose since 5.0 -------------------------------------------------------------


def is_selected(bone: bpy.types.PoseBone) -> bool:
    """Whether the bone is selected in pose mode."""
    chosen: Any = bone if hasattr(bone, "select") else bone.bone
    return bool(chosen.select)


def select_bone(bone: bpy.types.PoseBone, select: bool) -> None:
    """Select the bone in pose mode, or not."""
    chosen: Any = bone if hasattr(bone, "select") else bone.bone
    chosen.select = select


# --- Sequencer: sequences became strips in 4.4, handles were renamed in 5.1, scenes can be picked since 5.0 -----------


REAL_LENGTH = "edge_dance_length"
"""Custom property of a strip: length of its sound file in frames, where the file's header gives less or nothing."""


class StripFrames(NamedTuple):
    """A strip on the timeline, in frames: its visible range, and the range of its file without trimming."""

    first: float
    end: float
    content_first: float
    content_end: float


def sequencer_scenes(context: bpy.types.Context) -> list[bpy.types.Scene]:
    """The scenes whose sequencer may be meant: the 3D View's own first, then the one that the sequencer shows."""
    own: Any = context.scene
    shown = getattr(context, "sequencer_scene", None)
    return [own] if shown in (None, own) else [own, shown]


def all_strips(scene: bpy.types.Scene) -> list[Any]:
    """All strips of the scene's sequencer, including those in meta strips."""
    editor: Any = scene.sequence_editor
    return list(getattr(editor, strips_property(), ())) if editor else []


def strip_type() -> Any:
    """The class of strips, whatever they play; properties are added to it."""
    return bpy.types.Strip if hasattr(bpy.types, "Strip") else bpy.types.Sequence  # type: ignore[attr-defined]


def colour_icon(number: int) -> str:
    """The icon of the strip colour with that number, 0 to 8."""
    name = "STRIP_COLOR" if bpy.app.version >= (4, 4, 0) else "SEQUENCE_COLOR"
    return f"{name}_{number + 1:02}"


def strips_property() -> str:
    """The name of the sequence editor's collection of all strips."""
    return "strips_all" if bpy.app.version >= (4, 4, 0) else "sequences_all"


def strips_in(owner: Any) -> Any:
    """The strips directly in a sequence editor or a meta strip."""
    return owner.strips if hasattr(owner, "strips") else owner.sequences


def strip_frames(strip: Any) -> StripFrames:
    """The range of the strip and of its file on the timeline."""
    if hasattr(strip, "left_handle"):
        first, end = strip.left_handle, strip.right_handle
        content, length = strip.content_start, strip.content_duration
        before, behind = getattr(strip, "content_trim_start", 0), getattr(strip, "content_trim_end", 0)
    else:
        first, end = strip.frame_final_start, strip.frame_final_end
        content, length = strip.frame_start, strip.frame_duration
        before, behind = getattr(strip, "animation_offset_start", 0), getattr(strip, "animation_offset_end", 0)
    begin = content - before
    return StripFrames(first, end, begin, begin + max(before + length + behind, strip.get(REAL_LENGTH, 0)))


def sound_offset(strip: Any) -> float:
    """Seconds by which a sound strip plays its file later than the strip's position; 0 in 4.2."""
    return float(getattr(strip, "sound_offset", 0.0))


def set_strip_end(strip: Any, frame: int) -> None:
    """Move the strip's end, the first frame after it."""
    if hasattr(strip, "right_handle"):
        strip.right_handle = frame
    else:
        strip.frame_final_end = frame


def is_retimed(strip: Any) -> bool:
    """Whether the strip plays its media at another speed."""
    return len(getattr(strip, "retiming_keys", ())) > 0


def new_sound_strip(context: bpy.types.Context, path: str, name: str, channel: int, frame: int) -> Any:
    """A new sound strip in the scene's sequencer, made active, as long as the sound really is.

    In 5.0 and later, a workspace without a sequencer scene gets this one. Raises RuntimeError if Blender was built
    without audio or cannot play the file.
    """
    scene: Any = context.scene
    editor = scene.sequence_editor_create()
    strips = strips_in(editor)
    strip = strips.new_sound(name=name, filepath=path, channel=channel, frame_start=frame)
    if strip.sound.samplerate == 0:  # Blender makes a strip even of a file that it cannot play
        bpy.data.sounds.remove(strip.sound)
        strips.remove(strip)
        raise RuntimeError("it finds no sound in it")
    frames, rate = strip_frames(strip), scene_rate(scene)
    if seconds := longer_sound(path, (frames.end - frames.first) / rate):
        strip[REAL_LENGTH] = seconds * rate
        set_strip_end(strip, frame + round(seconds * rate))
    editor.active_strip = strip
    workspace: Any = context.workspace
    if workspace and getattr(workspace, "sequencer_scene", scene) is None:
        workspace.sequencer_scene = scene
    return strip


def mixdown(scene: bpy.types.Scene, path: Path, samples: int) -> None:
    """Have Blender write what the scene's frames sound like to a wav file, in stereo, at `samples` a second.

    Raises RuntimeError where it refuses. Since 5.0 the sequencer has a scene of its own, which is asked for meanwhile.
    The context is overridden only where it has to be: within an override, Blender's operators read a Python dictionary
    without Python's lock, and crash if another thread changes something at that moment.
    """
    workspace: Any = bpy.context.workspace
    shown = getattr(workspace, "sequencer_scene", None) if workspace else None
    words: Any = {"filepath": str(path), "container": "WAV", "codec": "PCM", "format": "S16"}
    try:
        if shown not in (None, scene):
            workspace.sequencer_scene = scene
        with nullcontext() if bpy.context.scene == scene else bpy.context.temp_override(scene=scene):
            bpy.ops.sound.mixdown(**words, check_existing=False, channels="STEREO", mixrate=samples)
    except TypeError as error:  # the operator of a Blender without sound, as the bpy package of 4.2, has no options
        raise RuntimeError(str(error)) from error
    finally:
        if shown not in (None, scene):
            workspace.sequencer_scene = shown


_MIXDOWN_FPS, _MIXDOWN_RATE, _MIXED_DOWN_S, _NEAR_S = 100, 8000, 600.0, 0.1


def longer_sound(path: str, stated: float) -> float | None:
    """The length in seconds of a sound file that continues after `stated` seconds; None if it does not."""
    try:
        aud: Any = importlib.import_module("aud")
    except ImportError:  # some Linux distributions; the bpy package of 4.2, which makes no strips either
        return _longer_by_mixdown(path, stated)
    try:
        sound = aud.Sound(path)
        rate = sound.specs[0]
        behind = len(sound.limit(stated + 0.1, stated + 0.3).data()) / rate
        return float(len(sound.data()) / rate) if behind > 0.15 else None  # shorter: padding of the last block
    except aud.error:
        return None


def _longer_by_mixdown(path: str, stated: float) -> float | None:
    """What `longer_sound` finds, without Blender's module for sound; silence at the end does not count."""
    if _last_sound(path, stated + 0.15, stated + 0.3) is None:
        return None
    found, begin = stated, stated
    while found >= begin - _NEAR_S:  # there is sound up to the end of what was asked for
        begin += _MIXED_DOWN_S
        found = _last_sound(path, begin - _MIXED_DOWN_S, begin) or found
    return found


def _last_sound(path: str, first: float, last: float) -> float | None:
    """The second up to which Blender, between these two, plays the file; None if it is silent there, or cannot say."""
    scene: Any = bpy.data.scenes.new("Mixdown")
    sound = None
    try:
        scene.render.fps, scene.render.fps_base = _MIXDOWN_FPS, 1.0
        strip = strips_in(scene.sequence_editor_create()).new_sound(
            name="Mixdown", filepath=path, channel=1, frame_start=0
        )
        sound = strip.sound
        scene.frame_start, scene.frame_end = round(first * _MIXDOWN_FPS), round(last * _MIXDOWN_FPS) - 1
        set_strip_end(strip, scene.frame_end + 1)
        with tempfile.TemporaryDirectory() as folder:
            written = Path(folder) / "mixdown.wav"
            ask_for_room(written.parent, (last - first) * _MIXDOWN_RATE)
            mixdown(scene, written, _MIXDOWN_RATE)
            with wave.open(str(written)) as file:
                rate = file.getframerate() * file.getnchannels()
                sounding = np.frombuffer(file.readframes(file.getnframes()), "<i2").nonzero()[0]
        return first + float(sounding[-1] + 1) / rate if len(sounding) else None
    except (RuntimeError, EOFError, OSError, wave.Error):
        return None
    finally:
        bpy.data.scenes.remove(scene)
        if sound:
            bpy.data.sounds.remove(sound)


# --- Materials: nodes are always there since 5.0 ----------------------------------------------------------------------


def node_tree(owner: bpy.types.Material | bpy.types.World) -> Any:
    """The shader node tree of a new material or world."""
    if owner.node_tree is None:
        owner.use_nodes = True
    return owner.node_tree


def principled_shader(material: bpy.types.Material) -> Any:
    """The Principled BSDF node of a new material."""
    return node_tree(material).nodes["Principled BSDF"]


# --- Rendering: EEVEE was called EEVEE Next before 5.0, and there film files are a kind of media ----------------------

EEVEE = "BLENDER_EEVEE" if bpy.app.version >= (5, 0, 0) else "BLENDER_EEVEE_NEXT"
"""EEVEE's identifier in `scene.render.engine`."""


def use_video_files(image_settings: Any) -> None:
    """Set the output to video files."""
    if hasattr(image_settings, "media_type"):
        image_settings.media_type = "VIDEO"
    image_settings.file_format = "FFMPEG"


def use_picture_files(image_settings: Any, file_format: str) -> None:
    """Set the output to image files of this format."""
    if hasattr(image_settings, "media_type"):
        image_settings.media_type = "IMAGE"
    image_settings.file_format = file_format
