"""The interface of what makes takes: processes of this machine (`pool`) or a Ray cluster (`on_ray`)."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from .manifest import Outcome
from .take_requests import Take


@dataclass(frozen=True)
class PoolConfig:
    """How takes are made. jobs: at a time. threads: CPU threads of each. device, weights_folder: as for `generate`."""

    jobs: int = 1
    threads: int = 1
    device: str = "auto"
    weights_folder: Path | None = None


class Executor(Protocol):
    """Makes takes."""

    def __call__(self, takes: Sequence[Take], folder: Path) -> Generator[Outcome]:
        """Make each take as `folder`/NAME.npz, whole or not at all, and yield it once it is made or has failed.

        Yielded in the order in which they end. A take's failure is in its Outcome; closing the iterator ends the work.
        """
