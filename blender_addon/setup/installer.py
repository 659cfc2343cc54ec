"""The set-up of this Blender; its state lasts between operators and redraws. No bpy."""

from ..backend.programs import Programs
from .health import HealthCheck


class Installer(Programs):
    """Runs set-ups and removals."""

    busy = "setup_busy", "The backend is being set up already."

    def __init__(self) -> None:
        super().__init__()
        self.health = HealthCheck()

    def ended(self) -> None:
        """Make the health check look again."""
        self.health.forget()


installer = Installer()
"""The installer of this Blender. `registration` stops it."""
