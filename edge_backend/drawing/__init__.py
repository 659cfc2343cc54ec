"""Pictures of a dancer without Blender: numpy and Pillow; `video` also needs PyAV.

Imported by training and cli.
"""
