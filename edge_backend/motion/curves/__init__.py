"""Keyframe reduction: few keys with Bezier handles in place of a key on every frame, within a tolerance.

`thin` is the entry point, `thin_in_steps` the same as a generator; docs/editing_in_blender.md describes the result.
numpy and the standard library only.
"""

from .bone import Thinned, Tolerance, Track
from .posing import LegBones
from .thinning import thin, thin_in_steps

__all__ = ["LegBones", "Thinned", "Tolerance", "Track", "thin", "thin_in_steps"]
