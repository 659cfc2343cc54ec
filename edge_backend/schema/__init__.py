"""What callers ask for: requests, edits and progress, as frozen dataclasses.

Standard library only: Blender imports it. May be imported from everywhere above errors."""
