"""Motion files of other programs, models and trackers, read and brought into this project's space.

numpy and the standard library only: Blender imports this room, and so may every room above it.
"""
