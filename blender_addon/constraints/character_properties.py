"""Properties of a character, on the armature object: its takes and its keep list.

The lists are collections on the object itself and not in a group behind a pointer: Blender 5 loses what a library
override changes in such groups.
"""

from typing import Any

import bpy
from bpy.app.handlers import persistent

from ..edge_backend.errors import EdgeError
from ..takes.take_list import KEEP, KEEP_ROW, SHOWN, TAKES, current_take, name_items, use_take
from .body_parts import PART_LABELS

_OVERRIDABLE: Any = {"LIBRARY_OVERRIDABLE"}

KINDS = (
    ("POSE", "Pose", "The pose at one frame"),
    ("RANGE", "Range", "The poses over a range of frames"),
    ("PATH", "Root Path", "The path of the body over the floor, from a curve or as in the take"),
    ("FEET", "Feet", "Contact of the feet with the floor"),
)

PARTS = (
    *((name, words, f"Keep the {words.lower()}") for name, words in PART_LABELS.items()),
    ("bones", "Bones", "Keep the bones that were selected when this row was added"),
)

STANDING = (
    ("left_foot", "Left Foot", "The left foot is on the floor"),
    ("right_foot", "Right Foot", "The right foot is on the floor"),
)


class EDGE_DANCE_Take(bpy.types.PropertyGroup):
    """A take; its data is on its action"""

    name: bpy.props.StringProperty(
        name="Name", description="Unique name of the list item", options={"HIDDEN"}, override=_OVERRIDABLE
    )
    action: bpy.props.PointerProperty(
        type=bpy.types.Action, override=_OVERRIDABLE, description="The action with the keys of this take"
    )


class EDGE_DANCE_KeepRow(bpy.types.PropertyGroup):
    """A constraint on the next dance"""

    name: bpy.props.StringProperty(
        name="Name", description="Unique name of the list item", options={"HIDDEN"}, override=_OVERRIDABLE
    )
    kind: bpy.props.EnumProperty(name="Kind", description="What is kept", items=KINDS, override=_OVERRIDABLE)
    part: bpy.props.EnumProperty(
        name="Part", description="Part of the body that is kept", items=PARTS, override=_OVERRIDABLE
    )
    bones: bpy.props.StringProperty(
        name="Bones", description="Names of the bones, separated by line breaks", override=_OVERRIDABLE
    )
    label: bpy.props.StringProperty(name="Label", description="Text for the bones in the list", override=_OVERRIDABLE)
    start: bpy.props.IntProperty(
        name="Start", description="First frame, or the frame of the pose", default=1, override=_OVERRIDABLE
    )
    end: bpy.props.IntProperty(name="End", description="Last frame", default=250, override=_OVERRIDABLE)
    open_start: bpy.props.BoolProperty(
        name="From the Beginning", description="From the first frame of the dance on", override=_OVERRIDABLE
    )
    open_end: bpy.props.BoolProperty(
        name="To the End", description="To the last frame of the dance", override=_OVERRIDABLE
    )
    curve: bpy.props.PointerProperty(
        name="Curve",
        description="The body follows this curve; without a curve, its present path",
        type=bpy.types.Object,
        poll=lambda _row, ob: ob.type == "CURVE",
        override=_OVERRIDABLE,
    )
    feet: bpy.props.EnumProperty(
        name="Feet",
        description="Feet that are on the floor",
        items=STANDING,
        options={"ENUM_FLAG"},
        default={"left_foot"},
        override=_OVERRIDABLE,
    )
    weight: bpy.props.FloatProperty(
        name="Weight",
        description="1: exactly as it is. Less: close to it",
        default=1.0,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
        override=_OVERRIDABLE,
    )
    fade: bpy.props.IntProperty(
        name="Fade",
        description="Frames over which the weight rises and falls at the ends of the range",
        min=0,
        max=1000,
        override=_OVERRIDABLE,
    )
    mute: bpy.props.BoolProperty(name="Mute", description="Ignore this row", override=_OVERRIDABLE)


def register() -> None:
    """Add the list of takes and the keep list to every object."""
    props: Any = bpy.props
    lists: Any = {"override": _OVERRIDABLE | {"USE_INSERTION"}}
    setattr(bpy.types.Object, TAKES, props.CollectionProperty(type=EDGE_DANCE_Take, **lists))
    setattr(bpy.types.Object, KEEP, props.CollectionProperty(type=EDGE_DANCE_KeepRow, **lists))
    click = "The take that the character dances"
    setattr(bpy.types.Object, SHOWN, props.IntProperty(name="Take", description=click, get=_shown, set=_show))
    edited = "The active row, whose settings are shown"
    setattr(bpy.types.Object, KEEP_ROW, props.IntProperty(name="Row", description=edited, override=_OVERRIDABLE))
    bpy.app.handlers.load_post.append(_name_items)


def unregister() -> None:
    """Undo `register`."""
    bpy.app.handlers.load_post.remove(_name_items)
    for name in (KEEP_ROW, SHOWN, KEEP, TAKES):
        delattr(bpy.types.Object, name)


def _shown(armature: Any) -> int:
    """The index of the take that the armature shows, -1 if it shows none of the list."""
    action = current_take(armature)
    takes = getattr(armature, TAKES)
    return next((number for number, item in enumerate(takes) if action and item.action == action), -1)


def _show(armature: Any, number: int) -> None:
    """Show the take at this index, for a click in the list."""
    takes = getattr(armature, TAKES)
    if 0 <= number < len(takes) and (action := takes[number].action):
        try:
            use_take(armature, action)
        except EdgeError as error:  # a property's setter cannot report
            print(error)


@persistent
def _name_items(*_arguments: Any) -> None:
    """Give names to the items of files of earlier versions, which have none."""
    for ob in bpy.data.objects:
        if not ob.library:
            name_items(ob)
