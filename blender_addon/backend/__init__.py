"""The backend's process as seen from Blender. No bpy but in `service`."""
