"""The worker process as seen from Blender: started, spoken with, logged. No bpy but in `service`."""
