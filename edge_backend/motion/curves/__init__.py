"""Curves that an animator can edit: few keys with Bezier handles in place of a key on every frame.

`thin` is the way in, `thin_in_steps` the same for those who must not wait; docs/editing_in_blender.md tells what it is
for. numpy and the standard library only.
"""

from .bone import Thinned, Tolerance, Track
from .posing import LegBones
from .thinning import thin, thin_in_steps

__all__ = ["LegBones", "Thinned", "Tolerance", "Track", "thin", "thin_in_steps"]
