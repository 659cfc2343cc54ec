"""Dances as numbers: rotations, skeleton, the 151 channels, motion files, foot cleanup, curves, other rigs.

numpy and the standard library only, because Blender imports this room (beat_alignment, which Blender does not use,
needs scipy when it is called); every room above it may import it too.
"""
