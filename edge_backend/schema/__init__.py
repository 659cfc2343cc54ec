"""Requests, edits and progress, as frozen dataclasses shared by the add-on, the command line and the pipeline.

Standard library only: Blender imports it. May be imported from everywhere above errors."""
