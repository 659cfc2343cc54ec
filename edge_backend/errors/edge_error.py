"""The failure that is shown to users. Standard library only: Blender imports it too."""

from collections.abc import Iterator
from contextlib import contextmanager


class EdgeError(Exception):
    """A failure with a sentence for the user.

    code: stable, listed in docs/errors.md. message: one sentence, what and where. hint: what to do.
    detail: for the log, may be long.
    """

    def __init__(self, code: str, message: str, hint: str = "", detail: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.detail = detail

    def with_detail(self, detail: str) -> "EdgeError":
        """The same failure with another detail."""
        return EdgeError(self.code, self.message, self.hint, detail)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


@contextmanager
def any_exception_as(failure: EdgeError) -> Iterator[None]:
    """Raise `failure` in place of any exception in this block, which becomes its detail; an EdgeError passes.

    For reading files: damaged ones raise exceptions of many types.
    """
    try:
        yield
    except EdgeError:
        raise
    except Exception as error:
        raise failure.with_detail(f"{type(error).__name__}: {error}") from error
