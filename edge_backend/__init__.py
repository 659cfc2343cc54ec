"""EDGE Dance's backend: from a song to a dance. It runs in a process of its own and never imports bpy."""

__version__ = "0.2.0"
