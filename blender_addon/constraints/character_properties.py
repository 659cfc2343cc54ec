"""What belongs to a character: its takes and its keep list, on the armature object.

The lists are collections on the object itself, not in a group that a pointer leads to: Blender 5 forgets what a library
override says of such groups.
"""

from typing import Any

import bpy
from bpy.app.handlers import persistent

from ..edge_backend.errors import EdgeError
from ..takes.take_list import KEEP, KEEP_ROW, SHOWN, TAKES, current_take, name_items, use_take
from .body_parts import PART_WORDS

_OVERRIDABLE: Any = {"LIBRARY_OVERRIDABLE"}

KINDS = (
    ("POSE", "Pose", "The pose at one frame"),
    ("RANGE", "Range", "The poses over a range of frames"),
    ("PATH", "Root Path", "Where the body goes, along a curve or as in the take"),
    ("FEET", "Feet", "Feet that stand on the floor"),
)

PARTS = (
    *((name, words, f"Keep the {words.lower()}") for name, words in PART_WORDS.items()),
    ("bones", "Bones", "Keep the bones that were selected when the row was added"),
)

STANDING = (
    ("left_foot", "Left Foot", "The left foot stands on the floor"),
    ("right_foot", "Right Foot", "The right foot stands on the floor"),
)


class EDGE_DANCE_Take(bpy.types.PropertyGroup):
    """A take; all that is known about it lies on its action"""

    name: bpy.props.StringProperty(
        name="Name", description="Tells it from the others of the list", options={"HIDDEN"}, override=_OVERRIDABLE
    )
    action: bpy.props.PointerProperty(
        type=bpy.types.Action, override=_OVERRIDABLE, description="The action that holds the keys of this take"
    )


class EDGE_DANCE_KeepRow(bpy.types.PropertyGroup):
    """Something to keep when the dance is made anew"""

    name: bpy.props.StringProperty(
        name="Name", description="Tells it from the others of the list", options={"HIDDEN"}, override=_OVERRIDABLE
    )
    kind: bpy.props.EnumProperty(name="Kind", description="What is kept", items=KINDS, override=_OVERRIDABLE)
    part: bpy.props.EnumProperty(name="Part", description="What of the body", items=PARTS, override=_OVERRIDABLE)
    bones: bpy.props.StringProperty(
        name="Bones", description="The bones' names, separated by line breaks", override=_OVERRIDABLE
    )
    label: bpy.props.StringProperty(
        name="Label", description="What the bones are called in the list", override=_OVERRIDABLE
    )
    start: bpy.props.IntProperty(
        name="Start", description="First frame, or the pose's", default=1, override=_OVERRIDABLE
    )
    end: bpy.props.IntProperty(name="End", description="Last frame", default=250, override=_OVERRIDABLE)
    open_start: bpy.props.BoolProperty(
        name="From the Beginning", description="From the dance's first frame on", override=_OVERRIDABLE
    )
    open_end: bpy.props.BoolProperty(name="To the End", description="To the dance's last frame", override=_OVERRIDABLE)
    curve: bpy.props.PointerProperty(
        name="Curve",
        description="The body goes along it; without one as it goes now",
        type=bpy.types.Object,
        poll=lambda _row, ob: ob.type == "CURVE",
        override=_OVERRIDABLE,
    )
    feet: bpy.props.EnumProperty(
        name="Feet",
        description="Which feet stand",
        items=STANDING,
        options={"ENUM_FLAG"},
        default={"left_foot"},
        override=_OVERRIDABLE,
    )
    weight: bpy.props.FloatProperty(
        name="Weight",
        description="1: exactly as it is. Less: near to it",
        default=1.0,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
        override=_OVERRIDABLE,
    )
    fade: bpy.props.IntProperty(
        name="Fade",
        description="Frames over which the weight rises and falls at the range's ends",
        min=0,
        max=1000,
        override=_OVERRIDABLE,
    )
    mute: bpy.props.BoolProperty(name="Mute", description="Leave this row out", override=_OVERRIDABLE)


def register() -> None:
    """Give every object its takes and its keep list."""
    props: Any = bpy.props
    lists: Any = {"override": _OVERRIDABLE | {"USE_INSERTION"}}
    setattr(bpy.types.Object, TAKES, props.CollectionProperty(type=EDGE_DANCE_Take, **lists))
    setattr(bpy.types.Object, KEEP, props.CollectionProperty(type=EDGE_DANCE_KeepRow, **lists))
    click = "Click a take to have the character dance it"
    setattr(bpy.types.Object, SHOWN, props.IntProperty(name="Take", description=click, get=_shown, set=_show))
    edited = "The row that is edited"
    setattr(bpy.types.Object, KEEP_ROW, props.IntProperty(name="Row", description=edited, override=_OVERRIDABLE))
    bpy.app.handlers.load_post.append(_name_items)


def unregister() -> None:
    """Undo `register`."""
    bpy.app.handlers.load_post.remove(_name_items)
    for name in (KEEP_ROW, SHOWN, KEEP, TAKES):
        delattr(bpy.types.Object, name)


def _shown(armature: Any) -> int:
    """The number of the take that the armature shows, -1 if it shows none of the list."""
    action = current_take(armature)
    takes = getattr(armature, TAKES)
    return next((number for number, item in enumerate(takes) if action and item.action == action), -1)


def _show(armature: Any, number: int) -> None:
    """A click in the list."""
    takes = getattr(armature, TAKES)
    if 0 <= number < len(takes) and (action := takes[number].action):
        try:
            use_take(armature, action)
        except EdgeError as error:  # there is nobody to report to
            print(error)


@persistent
def _name_items(*_what: Any) -> None:
    """Files of earlier versions have items without names."""
    for ob in bpy.data.objects:
        if not ob.library:
            name_items(ob)
