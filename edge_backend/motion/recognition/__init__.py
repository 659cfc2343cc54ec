"""Which bone of a skeleton is what: hierarchy, rest pose and names judged together.

`recognise` is the entry, docs/retargeting.md explains the method. Blender imports it too: numpy and the standard
library only.
"""

from .recognise import Recognition, recognise, upright
from .skeleton import Bone, BoneTree

__all__ = ["Bone", "BoneTree", "Recognition", "recognise", "upright"]
