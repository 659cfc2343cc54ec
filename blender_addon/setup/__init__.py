"""Set-up from Blender's side, without bpy: runs `edge_backend.setup`, checks the backend, and makes the report.

Imported by ops, ui and registration."""
