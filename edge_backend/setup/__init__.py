"""Makes the backend's own Python environment: `python -m edge_backend setup`, which Blender starts as a process.

Standard library only, because Blender's Python runs it before there is another; imported by cli and the add-on.
"""
