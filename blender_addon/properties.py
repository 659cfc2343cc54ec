"""What is kept in the file: the dance's settings in the scene, and what belongs to a character on its armature."""

from typing import Any

import bpy

from .action.parts import PART_WORDS
from .action.takes import current_take, use_take
from .edge_backend.errors import EdgeError

STYLES = (
    ("any", "Any", "Whatever fits the music"),
    ("salsa", "Salsa", "Partner salsa steps, danced alone"),
    ("commercial", "Commercial", "Music video and stage dance"),
    ("freestyle", "Freestyle", "Loose social dancing"),
    ("indian", "Indian", "Indian dance"),
    ("modern", "Modern", "Modern and contemporary dance"),
    ("breakdance", "Breakdance", "Breaking; the hardest on the feet"),
)

QUALITIES = (
    ("draft", "Draft", "Quick, to find a seed and a style"),
    ("normal", "Normal", "Good for most dances"),
    ("best", "Best", "Slow, the finest that the weights give"),
)


TEMPI = (
    ("heard", "As Heard", "The beats as they were found in the song"),
    ("half", "Half", "Every second of them: the song was heard twice as fast as it is"),
    ("double", "Double", "One more between any two: the song was heard half as fast as it is"),
)

DENSITIES = (
    ("FRAMES", "Every Frame", "A key on every frame of the dance, as motion capture has it"),
    ("CURVES", "Curves", "Keys on beats, extremes, and where else they are needed, with handles to edit"),
    ("BLOCKING", "Blocking", "Poses on the beats alone, each held until the next"),
)


class EDGE_DANCE_Settings(bpy.types.PropertyGroup):
    """What the next dance is made with"""

    music: bpy.props.StringProperty(
        name="Music", description="The sound strip to dance to. Empty: the active one, or the only one"
    )
    style: bpy.props.EnumProperty(name="Style", description="How to dance", items=STYLES)
    use_energy: bpy.props.BoolProperty(
        name="Set Energy", description="Set how wild the dance is; otherwise the music decides"
    )
    energy: bpy.props.FloatProperty(
        name="Energy", description="From calm to wild", default=0.5, min=0.0, max=1.0, subtype="FACTOR"
    )
    seed: bpy.props.IntProperty(
        name="Seed", description="Another number, another dance; the same number, the same dance", min=0
    )
    quality: bpy.props.EnumProperty(
        name="Quality", description="How much work goes into the dance", items=QUALITIES, default="normal"
    )
    guidance: bpy.props.FloatProperty(
        name="Guidance",
        description="How strongly the music leads: 1 as the model was trained; more follows it closer, and wilder",
        default=3.0,
        min=0.0,
        max=20.0,
        soft_max=4.0,
    )
    smoothness: bpy.props.FloatProperty(
        name="Smoothness",
        description="How much tremble is taken out of the dance; at 1 quick accents go too",
        default=0.0,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
    )
    tempo: bpy.props.EnumProperty(name="Tempo", description="How fast the song's beats are", items=TEMPI)
    beat_offset: bpy.props.FloatProperty(
        name="Offset",
        description="Seconds by which the beats come later than they were heard",
        min=-10.0,
        max=10.0,
        soft_min=-0.5,
        soft_max=0.5,
        precision=3,
        step=1,
        subtype="TIME_ABSOLUTE",
    )
    bar_offset: bpy.props.IntProperty(
        name="Bar Begins", description="So many beats later than it was heard", min=0, max=3
    )
    density: bpy.props.EnumProperty(name="Keys", description="How many keys a take gets", items=DENSITIES)
    degrees: bpy.props.FloatProperty(
        name="Degrees",
        description="How far curves through few keys may stray from the dance, for every bone",
        default=1.0,
        min=0.05,
        soft_max=5.0,
        max=30.0,
    )
    millimetres: bpy.props.FloatProperty(
        name="Millimetres",
        description="The same for where the body and its feet are; planted feet stay where they are in any case",
        default=5.0,
        min=0.5,
        soft_max=20.0,
        max=200.0,
    )
    strength: bpy.props.FloatProperty(
        name="Strength",
        description="How far a variation leaves the dance: 0 not at all, 1 altogether",
        default=0.4,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
    )
    variations: bpy.props.IntProperty(
        name="Variations", description="How many dances Make Variations makes", default=3, min=1, max=50
    )
    clean_feet: bpy.props.BoolProperty(
        name="Foot Cleanup", description="Keep planted feet from sliding and sinking", default=True
    )


def _shown(character: Any) -> int:
    """The number of the take that the armature shows, -1 if it shows none of the list."""
    action = current_take(character.id_data)
    return next((number for number, item in enumerate(character.takes) if action and item.action == action), -1)


def _show(character: Any, number: int) -> None:
    """A click in the list."""
    if 0 <= number < len(character.takes) and (action := character.takes[number].action):
        try:
            use_take(character.id_data, action)
        except EdgeError as error:  # there is nobody to report to
            print(error)


class EDGE_DANCE_Take(bpy.types.PropertyGroup):
    """A take; all that is known about it lies on its action"""

    action: bpy.props.PointerProperty(type=bpy.types.Action)


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


class EDGE_DANCE_KeepRow(bpy.types.PropertyGroup):
    """Something to keep when the dance is made anew"""

    kind: bpy.props.EnumProperty(name="Kind", description="What is kept", items=KINDS)
    part: bpy.props.EnumProperty(name="Part", description="What of the body", items=PARTS)
    bones: bpy.props.StringProperty(name="Bones", description="The bones' names, separated by line breaks")
    label: bpy.props.StringProperty(name="Label", description="What the bones are called in the list")
    start: bpy.props.IntProperty(name="Start", description="First frame, or the pose's", default=1)
    end: bpy.props.IntProperty(name="End", description="Last frame", default=250)
    open_start: bpy.props.BoolProperty(name="From the Beginning", description="From the dance's first frame on")
    open_end: bpy.props.BoolProperty(name="To the End", description="To the dance's last frame")
    curve: bpy.props.PointerProperty(
        name="Curve",
        description="The body goes along it; without one as it goes now",
        type=bpy.types.Object,
        poll=lambda _row, ob: ob.type == "CURVE",
    )
    feet: bpy.props.EnumProperty(
        name="Feet", description="Which feet stand", items=STANDING, options={"ENUM_FLAG"}, default={"left_foot"}
    )
    weight: bpy.props.FloatProperty(
        name="Weight",
        description="1: exactly as it is. Less: near to it",
        default=1.0,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
    )
    fade: bpy.props.IntProperty(
        name="Fade", description="Frames over which the weight rises and falls at the range's ends", min=0, max=1000
    )
    mute: bpy.props.BoolProperty(name="Mute", description="Leave this row out")


class EDGE_DANCE_Character(bpy.types.PropertyGroup):
    """What an armature has of the dance"""

    takes: bpy.props.CollectionProperty(type=EDGE_DANCE_Take, override={"LIBRARY_OVERRIDABLE", "USE_INSERTION"})
    shown: bpy.props.IntProperty(
        name="Take", description="Click a take to have the character dance it", get=_shown, set=_show
    )
    keep: bpy.props.CollectionProperty(type=EDGE_DANCE_KeepRow, override={"LIBRARY_OVERRIDABLE", "USE_INSERTION"})
    keep_active: bpy.props.IntProperty(name="Row", description="The row that is edited")
