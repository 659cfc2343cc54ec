"""EDGE Dance: generates an editable dance for the song in the scene."""

from . import registration


def register() -> None:
    """Register the extension. Called by Blender when it is enabled."""
    registration.register()


def unregister() -> None:
    """Unregister the extension. Called by Blender when it is disabled."""
    registration.unregister()
