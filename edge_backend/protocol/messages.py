"""Messages between Blender and the worker, one dataclass each. Standard library only: Blender imports it.

`codec` makes bytes of them. Arrays never travel in messages: they lie in .npz files of the job's folder, and messages
carry their paths. docs/protocol.md describes the conversation.
"""

from dataclasses import dataclass
from typing import Literal, Self

from ..errors import EdgeError
from ..schema.progress import Stage
from ..schema.requests import BodyRequest, FeaturesRequest, GenerateRequest

PROTOCOL = 3
"""Both sides must speak the same number; hello carries it."""

Status = Literal["starting", "idle", "busy"]


# --- worker -> Blender ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hello:
    """The worker has started. Sent before libraries are imported, so device is an expectation; State confirms it.

    weights: ids that `Generate.request.weights` can name.
    """

    protocol: int
    version: str
    pid: int
    device: str
    weights: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class State:
    """The answer to Status, and sent unasked when the worker has finished loading.

    job: the one that runs. queued: jobs that wait. device: empty while starting. weights: id of the model in memory.
    engine: the library that evaluates the network, and its version; empty while starting.
    """

    state: Status
    device: str = ""
    weights: str = ""
    job: str | None = None
    queued: int = 0
    engine: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """The worker is at `done` of `total` in `stage`; eta in seconds to the end of the stage, None while unknown."""

    job: str
    stage: Stage
    done: int
    total: int
    eta: float | None = None


@dataclass(frozen=True, slots=True)
class Partial:
    """The dance's frames from `first` to `frames`, exclusive, in the motion file at path; the rest is being made."""

    job: str
    path: str
    first: int
    frames: int


@dataclass(frozen=True, slots=True)
class Result:
    """The job is done; its file, complete, lies at path."""

    job: str
    path: str


@dataclass(frozen=True, slots=True)
class Error:
    """The job, or with job None the conversation, failed. code: docs/errors.md. message and hint: a sentence each."""

    job: str | None
    code: str
    message: str
    hint: str = ""
    detail: str = ""

    @classmethod
    def of(cls, job: str | None, failure: EdgeError) -> Self:
        """The failure as a message."""
        return cls(job, failure.code, failure.message, failure.hint, failure.detail)

    def failure(self) -> EdgeError:
        """The message as an exception."""
        return EdgeError(self.code, self.message, self.hint, self.detail)


@dataclass(frozen=True, slots=True)
class Log:
    """For the log, not for the user's eyes."""

    level: Literal["debug", "info", "warning", "error"]
    text: str


# --- Blender -> worker ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Generate:
    """Make a dance and write it to `folder`/dance.npz."""

    job: str
    folder: str
    request: GenerateRequest


@dataclass(frozen=True, slots=True)
class Features:
    """Extract a song's features and write them to `folder`/features.npz."""

    job: str
    folder: str
    request: FeaturesRequest


@dataclass(frozen=True, slots=True)
class Body:
    """Give a SMPL model a shape and write the body to `folder`/body.npz."""

    job: str
    folder: str
    request: BodyRequest


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop the job, running or waiting; it answers with an Error of code `cancelled`. An unknown job is left alone."""

    job: str


@dataclass(frozen=True, slots=True)
class StatusRequest:
    """Ask for a State. Answered at once, also in the middle of a job."""


@dataclass(frozen=True, slots=True)
class Shutdown:
    """Stop what runs and end."""


Message = (
    Hello | State | Progress | Partial | Result | Error | Log
    | Generate | Features | Body | Cancel | StatusRequest | Shutdown
)  # fmt: skip
