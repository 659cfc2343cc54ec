"""The settings of the next dance, a property group of the scene."""

from typing import Any

import bpy

from . import compat
from .edge_backend.model.catalogue import known
from .edge_backend.schema.requests import GenerateRequest
from .music import song_names
from .preferences import weights_folder
from .rig.hands import OFF

STYLES = (
    ("any", "Any", "A style of the mixture that the weights learned from, without breakdance; the seed draws it"),
    ("salsa", "Salsa", "Partner salsa steps, danced alone"),
    ("commercial", "Commercial", "Music video and stage dance"),
    ("freestyle", "Freestyle", "Loose social dancing"),
    ("indian", "Indian", "Indian dance"),
    ("modern", "Modern", "Modern and contemporary dance"),
    ("breakdance", "Breakdance", "Breaking; with the least exact feet of all styles"),
)

HANDS = (
    (OFF, "Off", "Leave the fingers alone"),
    ("relaxed", "Relaxed", "As hands hang at rest"),
    ("soft", "Soft", "Loose and nearly straight"),
    ("open", "Open", "Straight and stretched a little backward"),
    ("fist", "Fist", "All fingers closed"),
    ("point", "Point", "The index finger straight, the others closed"),
    ("flat", "Flat", "All fingers straight"),
)

LEGS = (
    ("FK", "FK", "Key the legs' own bones: thighs, shins, feet and toes"),
    ("IK", "IK", "Key foot controls and poles, where the rig has them; the foot controls stand still with the feet"),
)

QUALITIES = (
    ("draft", "Draft", "Fast, to look for a seed and a style"),
    ("normal", "Normal", "Good for most dances"),
    ("best", "Best", "Slow, for the highest quality"),
)


FORMS = (
    ("song", "As the Song", "What returns in the song, such as a chorus, returns in the dance"),
    ("free", "Free", "Every bar is danced anew"),
)

RETURNING = (
    ("same", "Same", "A returning section has the dance that it had before"),
    ("mirrored", "Mirrored", "Every second time it has that dance with left and right exchanged"),
)

MADE_OF = (
    ("network", "New Dance", "The network makes the dance"),
    ("starter", "Starter Phrases", "Phrases of motion capture that come with EDGE Dance, laid along the song"),
    ("own", "My Phrases", "Phrases from your own motions, laid along the song"),
)

TEMPI = (
    ("heard", "Detected", "The beats as they were detected in the song"),
    ("half", "Half", "Every second beat: the detected tempo is twice the song's"),
    ("double", "Double", "One more beat between any two: the detected tempo is half the song's"),
)

DENSITIES = (
    ("FRAMES", "Every Frame", "A key on every frame of the dance, as in motion capture"),
    ("CURVES", "Curves", "Few keys with handles: on beats, on extremes, and where accuracy needs them"),
    ("BLOCKING", "Blocking", "Poses on the beats only, with constant interpolation"),
)

ROOT_MOTION = (
    ("HIPS", "Hips", "The hips carry the dancer over the floor"),
    ("BONE", "Root Bone", "The bone above all others moves the dancer over the floor, as game engines want it"),
    ("OBJECT", "Object", "The object carries the dancer over the floor"),
    ("IN_PLACE", "In Place", "The dancer stays over one point; its path is in muted curves"),
)


def _weights(_settings: Any, context: bpy.types.Context, typed: str) -> list[tuple[str, str]]:
    """Names and titles of the installed weights, for the search field."""
    found = [entry for entry in known(weights_folder(context)) if entry.path]
    return [(entry.id, entry.name) for entry in found if typed.lower() in entry.id.lower()]


def _songs(_settings: Any, context: bpy.types.Context, typed: str) -> list[str]:
    """Names of the sound strips to dance to, for the search field."""
    return [name for name in song_names(context) if typed.lower() in name.lower()]


class EDGE_DANCE_Settings(bpy.types.PropertyGroup):
    """Settings of the next dance"""

    music: bpy.props.StringProperty(
        name="Music", description="The sound strip to dance to. Empty: the only one, or the active one", search=_songs
    )
    all_sounds: bpy.props.BoolProperty(
        name="All Sounds", description="Dance to everything that plays during the strip, not to the strip alone"
    )
    style: bpy.props.EnumProperty(name="Style", description="The kind of dance", items=STYLES)
    use_energy: bpy.props.BoolProperty(
        name="Set Energy",
        description="Set the energy of the dance; otherwise the seed draws it, and it follows the music",
    )
    energy: bpy.props.FloatProperty(
        name="Energy",
        description="From calm to wild: how much of the style's real dance is calmer",
        default=0.5,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
    )
    seed: bpy.props.IntProperty(
        name="Seed",
        description="Start of the random numbers: the same seed gives the same dance, another seed another dance",
        min=0,
    )
    use_loop: bpy.props.BoolProperty(
        name="Make a Loop",
        description="Make a dance to some bars of the song that leads back into its beginning, and repeat it",
    )
    loop_bars: bpy.props.IntProperty(
        name="Bars",
        description="Length of the loop, from the song's first bar on",
        default=4,
        min=1,
        max=256,
        soft_max=32,
    )
    loop_travel: bpy.props.BoolProperty(
        name="Travel", description="The loop may end elsewhere than it began; each repetition goes on from there"
    )
    quality: bpy.props.EnumProperty(
        name="Quality",
        description="Number of sampling steps: more take longer and give a finer dance",
        items=QUALITIES,
        default="normal",
    )
    weights: bpy.props.StringProperty(
        name="Weights",
        description="The trained network: a name from the list, or a weights file",
        default=GenerateRequest("").weights,
        search=_weights,
    )
    guidance: bpy.props.FloatProperty(
        name="Guidance",
        description="How strongly the dance follows the music: 1 as in training; more: closer, and with larger moves",
        default=3.0,
        min=0.0,
        max=20.0,
        soft_max=4.0,
    )
    on_beat: bpy.props.FloatProperty(
        name="On Beat",
        description="How far the dance's stops are moved onto the beats, and how much slower it is on them, by small "
        "changes of tempo. 0: not at all",
        default=1.0,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
    )
    smoothness: bpy.props.FloatProperty(
        name="Smoothness",
        description="How much jitter is removed from the dance. At 1 fast accents are removed too",
        default=0.0,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
    )
    form: bpy.props.EnumProperty(name="Form", description="How the dance is made of parts", items=FORMS)
    returning: bpy.props.EnumProperty(
        name="Returning", description="How a section is danced that was there before", items=RETURNING
    )
    originality: bpy.props.FloatProperty(
        name="Originality",
        description="How far a returning section leaves the dance that it had before. 0: not at all, 1: it is new",
        min=0.0,
        max=1.0,
        subtype="FACTOR",
    )
    made_of: bpy.props.EnumProperty(name="Made Of", description="What the dance is made of", items=MADE_OF)
    phrase_folder: bpy.props.StringProperty(
        name="My Phrases",
        description="The folder with your phrases; Add to Phrases fills it",
        subtype="DIR_PATH",
        options=compat.RELATIVE_PATH,
    )
    tempo: bpy.props.EnumProperty(name="Tempo", description="Correct the detected tempo", items=TEMPI)
    beat_offset: bpy.props.FloatProperty(
        name="Offset",
        description="Seconds by which all beats are moved later than detected",
        min=-10.0,
        max=10.0,
        soft_min=-0.5,
        soft_max=0.5,
        precision=3,
        step=1,
        subtype="TIME_ABSOLUTE",
    )
    bar_offset: bpy.props.IntProperty(
        name="Bar Begins", description="Beats by which the start of the bar is moved later than detected", min=0, max=6
    )
    show_song_map: bpy.props.BoolProperty(
        name="Show in Timelines",
        description="Draw sections and bars in the timeline, the dope sheet and the sequencer",
        default=True,
    )
    density: bpy.props.EnumProperty(name="Keys", description="Number of keys of a new take", items=DENSITIES)
    root_motion: bpy.props.EnumProperty(
        name="Root Motion", description="What carries the dancer over the floor in a new take", items=ROOT_MOTION
    )
    degrees: bpy.props.FloatProperty(
        name="Degrees",
        description="How far curves with few keys may deviate from the dance, as a rotation of each bone",
        default=1.0,
        min=0.05,
        soft_max=5.0,
        max=30.0,
    )
    millimetres: bpy.props.FloatProperty(
        name="Millimetres",
        description="How far body and feet may deviate from the dance; feet on the floor do not slide in any case",
        default=5.0,
        min=0.5,
        soft_max=20.0,
        max=200.0,
    )
    strength: bpy.props.FloatProperty(
        name="Strength",
        description="How far a variation differs from the dance: 0 not at all, 1 completely",
        default=0.4,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
    )
    variations: bpy.props.IntProperty(
        name="Variations", description="Number of dances that Make Variations generates", default=3, min=1, max=50
    )
    keep_cancelled: bpy.props.BoolProperty(
        name="Keep Partial Dance",
        description="When a dance is cancelled, make a take of the part that is finished",
    )
    hands: bpy.props.EnumProperty(
        name="Hands",
        description="How hands are held in a dance; the fingers of the character are found with its other bones",
        items=HANDS,
        default="relaxed",
    )
    hand_amount: bpy.props.FloatProperty(
        name="Amount",
        description="From the fingers' rest pose at 0 to the style at 1",
        min=0,
        max=1,
        default=1,
        subtype="FACTOR",
    )
    hand_life: bpy.props.FloatProperty(
        name="Life",
        description="How much fingers open as the arms are thrown about, and open and close with the music's phrases",
        min=0,
        max=1,
        default=0.5,
        subtype="FACTOR",
    )
    legs: bpy.props.EnumProperty(
        name="Legs",
        description="Which controls of a control rig get the keys of the legs; its own switches are keyed with them",
        items=LEGS,
        default="FK",
    )
    clean_feet: bpy.props.BoolProperty(
        name="Foot Cleanup", description="Prevent feet from sliding on the floor and sinking into it", default=True
    )
