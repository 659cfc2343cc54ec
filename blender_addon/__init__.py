"""EDGE Dance: turns the song in the scene into an editable dance."""

from . import registration


def register() -> None:
    """Called by Blender when the extension is enabled."""
    registration.register()


def unregister() -> None:
    """Called by Blender when the extension is disabled."""
    registration.unregister()
