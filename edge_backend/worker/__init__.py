"""The process behind Blender: reads requests from stdin, runs one job at a time, reports on stdout.

May be imported by cli alone; progress_messages also by batch."""
