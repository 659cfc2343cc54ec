"""Properties of the SMPL Body panel."""

import bpy

from .. import compat

SHAPES = 10
"""Number of shape components that every SMPL model has."""


class EDGE_DANCE_SmplBody(bpy.types.PropertyGroup):
    """A SMPL model file and the shape that it is to take"""

    filepath: bpy.props.StringProperty(
        name="Model", subtype="FILE_PATH", options=compat.RELATIVE_PATH,
        description="SMPL's own model file, .npz or .pkl. It is not part of EDGE Dance; see smpl.is.tue.mpg.de",
    )  # fmt: skip
    betas: bpy.props.FloatVectorProperty(
        name="Shape", size=SHAPES, soft_min=-3, soft_max=3, min=-10, max=10,
        description="SMPL's shape numbers (betas), in standard deviations: the first is about size, the second weight",
    )  # fmt: skip
