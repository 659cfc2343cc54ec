"""Motion as arrays: rotations, skeleton, the 151 channels, motion files, foot cleanup, keyframe curves, retargeting.

numpy and the standard library only, because Blender imports this room; every room above it may import it too.
"""
