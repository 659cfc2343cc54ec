"""The command lines of the backend's processes. Standard library only."""

from dataclasses import dataclass
from pathlib import Path

from .interpreter import Interpreter, find_interpreter


@dataclass(frozen=True, slots=True)
class Launch:
    """How to start the worker.

    python: the user's choice, None = find one. weights_folder: the user's own weights. threads: 0 = the engine's
    choice. engine: the worker's option. home: the folder of set-up's environments. ahead: start it before it is needed.
    """

    python: Path | None = None
    weights_folder: Path | None = None
    idle_minutes: float = 10.0
    threads: int = 0
    engine: str = "auto"
    home: Path | None = None
    ahead: bool = False

    def command(self) -> list[str]:
        """The worker's command line. Finds Python, which takes a moment. Raises EdgeError backend_*."""
        options = ["--idle-minutes", f"{self.idle_minutes:g}"]
        if self.weights_folder:
            options += ["--weights-folder", str(self.weights_folder)]
        if self.threads:
            options += ["--threads", str(self.threads)]
        if self.engine != "auto":
            options += ["--engine", self.engine]
        if self.ahead:
            options.append("--ahead")
        return self.find().command("worker", *options)

    def find(self) -> Interpreter:
        """The Python that runs the backend. Takes a moment. Raises EdgeError backend_*."""
        return find_interpreter(self.python, self.home)


@dataclass(frozen=True, slots=True)
class CommandLaunch:
    """How to start a command of the backend's command line that reports its progress in messages.

    It ends with Blender or on request; all such commands resume when they are started again.
    """

    launch: Launch
    arguments: tuple[str, ...]

    def command(self) -> list[str]:
        """The command line. Takes a moment. Raises EdgeError backend_*."""
        return self.launch.find().command(*self.arguments, "--json", "--child")
