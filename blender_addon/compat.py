"""Every difference between the supported Blender versions (4.2, 4.5, 5.0, 5.2), in one place.

Where a name exists in some versions only, it is looked up on the object, so that one path serves all of them. Such
objects are typed Any: no single version's stubs describe them.
"""

import importlib
from typing import Any, NamedTuple

import bpy

SLOT_NAME = "Slot"
"""The same for every take, as Blender's own importers have it: Blender finds the slot again when takes are swapped."""


# --- Actions: slots and layers since 4.4, the old interface gone in 5.0 -----------------------------------------------


def new_action(name: str, id_type: str = "OBJECT") -> tuple[bpy.types.Action, Any]:
    """An empty action and the place where its F-curves go; assign it with `assign_action`."""
    action: Any = bpy.data.actions.new(name)
    if bpy.app.version < (4, 4, 0):
        return action, action
    slot = action.slots.new(id_type=id_type, name=SLOT_NAME)
    strip = action.layers.new("Layer").strips.new(type="KEYFRAME")
    return action, strip.channelbag(slot, ensure=True)


def assign_action(ob: bpy.types.Object, action: bpy.types.Action | None, slot: str = "") -> None:
    """Make it the object's action, None = no action, with the slot of that name or else its first where it has any."""
    data: Any = ob.animation_data or ob.animation_data_create()
    data.action = action
    if action and bpy.app.version >= (4, 4, 0) and len(action.slots):
        data.action_slot = action.slots.get(slot) or action.slots[0]


def shown_action(ob: bpy.types.Object) -> tuple[bpy.types.Action | None, str]:
    """The action that the object shows, and its slot's name ("" without slots), as `assign_action` takes them."""
    data: Any = ob.animation_data
    if not data or not data.action:
        return None, ""
    slot = data.action_slot if bpy.app.version >= (4, 4, 0) else None
    return data.action, slot.identifier if slot else ""


def new_fcurve(curves: Any, path: str, index: int, group: str) -> bpy.types.FCurve:
    """A new F-curve in what `new_action` returned."""
    if bpy.app.version >= (5, 0, 0):
        return curves.fcurves.new(path, index=index, group_name=group)
    if bpy.app.version >= (4, 4, 0):
        fcurve = curves.fcurves.new(path, index=index)
        fcurve.group = curves.groups.get(group) or curves.groups.new(group)
        return fcurve
    return curves.fcurves.new(path, index=index, action_group=group)


def curves_owner(action: bpy.types.Action) -> Any:
    """Where an action of ours has its F-curves and groups: what `new_action` returned with it."""
    owner: Any = action
    if bpy.app.version < (4, 4, 0):
        return owner
    return owner.layers[0].strips[0].channelbag(owner.slots[0], ensure=True)


class _NoCurves(tuple[()]):
    """The F-curves of an action that has none."""

    def find(self, _path: str, index: int = 0) -> None:
        """There is nothing to be found."""


def fcurves_of(action: bpy.types.Action, ob: bpy.types.Object | None = None) -> Any:
    """The F-curves of any action, a collection with find: those for the object that shows it, else for the first one.

    Actions of ours hold no others; in theirs new and remove are there too.
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
    """Whether the data-block's own action or a driver moves the property with that path."""
    data = owner.animation_data
    if not data:
        return False
    curves = fcurves_of(data.action, owner) if data.action else ()
    return any(curve.data_path == path for curve in (*curves, *data.drivers))


def strip_fcurves(strip: Any) -> Any:
    """The F-curves that an NLA strip plays, a collection with find; none for strips without an action."""
    if strip.action is None:
        return _NoCurves()
    if bpy.app.version < (4, 4, 0):
        return strip.action.fcurves
    slot, action = strip.action_slot, strip.action
    layer = action.layers[0] if slot and action.layers and action.layers[0].strips else None
    bag = layer.strips[0].channelbag(slot) if layer else None
    return bag.fcurves if bag else _NoCurves()


def foreign_property(owner: Any, name: str) -> Any:
    """What another add-on keeps with a data-block, also where that add-on is not enabled; None if there is nothing.

    Since 5.0 Blender keeps such values apart from custom properties.
    """
    if (value := getattr(owner, name, None)) is not None:
        return value
    kept = owner.bl_system_properties_get() if hasattr(owner, "bl_system_properties_get") else None
    return (kept.get(name) if kept else None) or owner.get(name)


# --- Pose mode: bones are selected on the pose since 5.0 -------------------------------------------------------------


def is_selected(bone: bpy.types.PoseBone) -> bool:
    """Whether the bone is selected in pose mode."""
    chosen: Any = bone if hasattr(bone, "select") else bone.bone
    return bool(chosen.select)


# --- Sequencer: sequences became strips in 4.4, handles were renamed in 5.1, scenes can be picked since 5.0 -----------


REAL_LENGTH = "edge_dance_length"
"""A strip's custom property: frames that its sound file has, where the file's own header says less or nothing."""


class StripFrames(NamedTuple):
    """A strip on the timeline, in frames: what is seen of it, and where its file would begin and end uncut."""

    first: float
    end: float
    content_first: float
    content_end: float


def sequencer_scenes(context: bpy.types.Context) -> list[bpy.types.Scene]:
    """The scenes whose sequencer the user may mean: the 3D view's own first, then the one that the sequencer shows."""
    own: Any = context.scene
    shown = getattr(context, "sequencer_scene", None)
    return [own] if shown in (None, own) else [own, shown]


def all_strips(scene: bpy.types.Scene) -> list[Any]:
    """Every strip of the scene's sequencer, those in meta strips too."""
    editor: Any = scene.sequence_editor
    return list(getattr(editor, strips_property(), ())) if editor else []


def strips_property() -> str:
    """What the sequence editor calls the collection of `all_strips`."""
    return "strips_all" if bpy.app.version >= (4, 4, 0) else "sequences_all"


def strips_in(owner: Any) -> Any:
    """The strips that lie in a sequence editor or a meta strip itself."""
    return owner.strips if hasattr(owner, "strips") else owner.sequences


def strip_frames(strip: Any) -> StripFrames:
    """Where the strip and its file lie on the timeline."""
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
    """Seconds by which a sound strip plays its file later than it lies there; none in 4.2."""
    return float(getattr(strip, "sound_offset", 0.0))


def set_strip_end(strip: Any, frame: int) -> None:
    """Move the strip's end, which is the first frame behind it."""
    if hasattr(strip, "right_handle"):
        strip.right_handle = frame
    else:
        strip.frame_final_end = frame


def is_retimed(strip: Any) -> bool:
    """Whether the strip may play its media at another speed."""
    return len(getattr(strip, "retiming_keys", ())) > 0


def new_sound_strip(context: bpy.types.Context, path: str, name: str, channel: int, frame: int) -> Any:
    """A new sound strip in the scene's sequencer, made active, as long as the sound is, whatever its file says; a
    sequencer without a scene (5.0) shows this one.

    Raises RuntimeError if Blender was built without audio or cannot play the file.
    """
    scene: Any = context.scene
    editor = scene.sequence_editor_create()
    strips = strips_in(editor)
    strip = strips.new_sound(name=name, filepath=path, channel=channel, frame_start=frame)
    if strip.sound.samplerate == 0:  # what Blender cannot play gets a strip all the same
        bpy.data.sounds.remove(strip.sound)
        strips.remove(strip)
        raise RuntimeError("it finds no sound in it")
    frames, rate = strip_frames(strip), scene.render.fps / scene.render.fps_base
    if seconds := longer_sound(path, (frames.end - frames.first) / rate):
        strip[REAL_LENGTH] = seconds * rate
        set_strip_end(strip, frame + round(seconds * rate))
    editor.active_strip = strip
    workspace: Any = context.workspace
    if workspace and getattr(workspace, "sequencer_scene", scene) is None:
        workspace.sequencer_scene = scene
    return strip


def longer_sound(path: str, told: float) -> float | None:
    """The length in seconds of a sound file that goes on behind the `told` ones; None where it does not."""
    try:
        aud: Any = importlib.import_module("aud")
    except ImportError:  # the bpy package of 4.2, some Linux distributions
        return None
    try:
        sound = aud.Sound(path)
        rate = sound.specs[0]
        behind = len(sound.limit(told + 0.1, told + 0.3).data()) / rate
        return float(len(sound.data()) / rate) if behind > 0.15 else None  # less is a last block that was filled up
    except aud.error:
        return None


# --- Materials: nodes are always there since 5.0 ----------------------------------------------------------------------


def node_tree(owner: bpy.types.Material | bpy.types.World) -> Any:
    """The shader nodes of a new material or world."""
    if owner.node_tree is None:
        owner.use_nodes = True
    return owner.node_tree


def principled_shader(material: bpy.types.Material) -> Any:
    """The shader node of a new material."""
    return node_tree(material).nodes["Principled BSDF"]


# --- Rendering: EEVEE was called EEVEE Next before 5.0, and there film files are a kind of media ----------------------

EEVEE = "BLENDER_EEVEE" if bpy.app.version >= (5, 0, 0) else "BLENDER_EEVEE_NEXT"
"""What `scene.render.engine` calls EEVEE."""


def use_video_files(image_settings: Any) -> None:
    """Set a scene's output to films."""
    if hasattr(image_settings, "media_type"):
        image_settings.media_type = "VIDEO"
    image_settings.file_format = "FFMPEG"


def use_picture_files(image_settings: Any, file_format: str) -> None:
    """Set a scene's output to pictures of this format."""
    if hasattr(image_settings, "media_type"):
        image_settings.media_type = "IMAGE"
    image_settings.file_format = file_format
