"""The one set-up of this Blender, kept between operators and redraws. No bpy."""

from ..edge_backend.errors import EdgeError
from .health import HealthCheck
from .run import SetUpLaunch, SetUpRun


class Installer:
    """run: what is under way. problem: what went wrong last. sentence: what came out last."""

    def __init__(self) -> None:
        self.run: SetUpRun | None = None
        self.problem: EdgeError | None = None
        self.sentence = ""
        self.health = HealthCheck()

    def start(self, launch: SetUpLaunch) -> SetUpRun:
        """Start a set-up or a removal. Raises EdgeError setup_busy."""
        if self.run:
            raise EdgeError("setup_busy", "The backend is being set up already.", "Wait for it or cancel it.")
        self.problem, self.sentence = None, ""
        self.run = SetUpRun(launch)
        return self.run

    def poll(self) -> bool:
        """Move it on; whether anything changed. One that has ended is put away."""
        if self.run is None:
            return False
        changed = self.run.poll()
        if self.run.finished:
            self.problem, self.sentence = self.run.error, self.run.sentence
            self.run = None
            self.health.forget()
        return changed

    def stop(self) -> None:
        """End what is under way; it goes on from there the next time."""
        if self.run:
            self.run.close()
            self.run = None


installer = Installer()
"""Of this Blender. `registration` stops it."""
