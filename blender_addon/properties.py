"""The dance's settings, kept in the scene."""

import bpy

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
    clean_feet: bpy.props.BoolProperty(
        name="Foot Cleanup", description="Keep planted feet from sliding and sinking", default=True
    )
