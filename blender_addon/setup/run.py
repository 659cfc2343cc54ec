"""The command line of set-up. No bpy."""

from dataclasses import dataclass
from pathlib import Path

from ..backend.interpreter import blender_python


@dataclass(frozen=True, slots=True)
class SetUpLaunch:
    """How to start set-up: by Blender's own Python, from which the environment is made.

    home: the environment's folder. build: of torch. mirror, proxy: addresses, "" = none. wheels: a folder of wheels,
    None = download them. remove: remove the environment instead.
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
