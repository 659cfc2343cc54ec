"""The worker process from Blender's side: how it is started, its messages and its log. Only `service` imports bpy.

Imported by setup, ops, ui, command_line and registration."""
