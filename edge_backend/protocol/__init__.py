"""What Blender and the worker share: messages, their codec, the pipes, and what is known of a process that ended.

Standard library only: Blender imports it. Imported by setup, batch, worker, cli and the add-on."""
