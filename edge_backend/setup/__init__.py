"""Makes the backend's own Python environment. Standard library only: Blender's Python runs it before there is another.

`python -m edge_backend setup` is its program; Blender starts that as a process and hears it through `protocol`.
"""
