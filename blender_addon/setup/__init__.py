"""The backend's set-up as seen from Blender, no bpy. What is installed, and how, is `edge_backend.setup`."""
