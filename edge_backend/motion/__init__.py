"""The motion representation: rotations, skeleton, kinematics, the 151-channel vector, contacts and motion files.

numpy and the standard library only, because Blender imports this package.
"""
