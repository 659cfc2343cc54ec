"""How set-up is started. No bpy."""

from dataclasses import dataclass
from pathlib import Path

from ..backend.interpreter import blender_python


@dataclass(frozen=True, slots=True)
class SetUpLaunch:
    """How to start it: with the Python that Blender runs on, from which the environment is made.

    home: the folder for it. build: of torch. mirror, proxy: addresses, "" = none. wheels: None = fetch them.
    remove: remove the environment instead.
    """

    home: Path
    build: str = ""
    mirror: str = ""
    proxy: str = ""
    wheels: Path | None = None
    remove: bool = False

    def command(self) -> list[str]:
        """The command line."""
        command = [str(blender_python()), "-m", "edge_backend", "setup", "--messages", "--home", str(self.home)]
        for option, value in (("build", self.build), ("mirror", self.mirror), ("proxy", self.proxy)):
            command += [f"--{option}", value] if value else []
        command += ["--wheels", str(self.wheels)] if self.wheels else []
        return [*command, "--remove"] if self.remove else command
