"""The dance's settings, which the file keeps with the scene."""

from typing import Any

import bpy

from .edge_backend.model.catalogue import known
from .edge_backend.schema.requests import GenerateRequest
from .music import song_names
from .preferences import weights_folder

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
    ("heard", "Detected", "The beats as they were found in the song"),
    ("half", "Half", "Every second of them: the song was heard twice as fast as it is"),
    ("double", "Double", "One more between any two: the song was heard half as fast as it is"),
)

DENSITIES = (
    ("FRAMES", "Every Frame", "A key on every frame of the dance, as motion capture has it"),
    ("CURVES", "Curves", "Keys on beats, extremes, and where else they are needed, with handles to edit"),
    ("BLOCKING", "Blocking", "Poses on the beats alone, each held until the next"),
)


def _weights(_settings: Any, context: bpy.types.Context, typed: str) -> list[tuple[str, str]]:
    """The names of the weights that are here, and what they are."""
    found = [entry for entry in known(weights_folder(context)) if entry.path]
    return [(entry.id, entry.name) for entry in found if typed.lower() in entry.id.lower()]


def _songs(_settings: Any, context: bpy.types.Context, typed: str) -> list[str]:
    """The sound strips to dance to."""
    return [name for name in song_names(context) if typed.lower() in name.lower()]


class EDGE_DANCE_Settings(bpy.types.PropertyGroup):
    """What the next dance is made with"""

    music: bpy.props.StringProperty(
        name="Music", description="The sound strip to dance to. Empty: the active one, or the only one", search=_songs
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
    weights: bpy.props.StringProperty(
        name="Weights",
        description="What the dances come from: weights by their name in the list, or a weights file",
        default=GenerateRequest("").weights,
        search=_weights,
    )
    guidance: bpy.props.FloatProperty(
        name="Guidance",
        description="How strongly the music leads: 1 as the model was trained; more follows it closer, and wilder",
        default=3.0,
        min=0.0,
        max=20.0,
        soft_max=4.0,
    )
    on_beat: bpy.props.FloatProperty(
        name="On Beat",
        description="How far the dance's stops are drawn onto the beats by a slight change of tempo; 0: not at all",
        default=1.0,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
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
    keep_cancelled: bpy.props.BoolProperty(
        name="Keep Partial Dance",
        description="When a dance is cancelled, what has been made of it becomes a take",
    )
    clean_feet: bpy.props.BoolProperty(
        name="Foot Cleanup", description="Keep planted feet from sliding and sinking", default=True
    )
