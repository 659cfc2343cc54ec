"""The one set-up of this Blender, kept between operators and redraws. No bpy."""

from ..backend.programs import Programs
from .health import HealthCheck


class Installer(Programs):
    """Set-ups and removals, and how the backend is."""

    busy = "setup_busy", "The backend is being set up already."

    def __init__(self) -> None:
        super().__init__()
        self.health = HealthCheck()

    def ended(self) -> None:
        """How the backend is has to be looked up anew."""
        self.health.forget()


installer = Installer()
"""Of this Blender. `registration` stops it."""
