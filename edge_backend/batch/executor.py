"""The interface of executors, which generate takes: processes of this machine (`pool`) or a Ray cluster (`on_ray`)."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..schema.requests import EngineChoice
from .manifest import Outcome
from .take_requests import Take


@dataclass(frozen=True)
class PoolConfig:
    """Settings of an executor. jobs: concurrent takes. threads: CPU threads of each. Others: as for `generate`."""

    jobs: int = 1
    threads: int = 1
    device: str = "auto"
    weights_folder: Path | None = None
    engine: EngineChoice = "auto"


class Executor(Protocol):
    """Generates takes."""

    def __call__(self, takes: Sequence[Take], folder: Path) -> Generator[Outcome]:
        """Write each take to `folder`/NAME.npz, atomically, and yield its Outcome when it is done or has failed.

        Outcomes come in the order of completion and include failures. Closing the iterator stops the work.
        """
