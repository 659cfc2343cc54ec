"""Pictures and videos of a dance without Blender, by numpy and Pillow; `video` also needs PyAV.

Imported by training and cli.
"""
