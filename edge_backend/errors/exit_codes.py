"""Exit codes of all commands. Standard library only."""

DONE = 0
SOME_FAILED = 1
"""Of several pieces of work, at least one succeeded and at least one failed."""
FAILED = 2
"""All of the work failed, or the options are invalid."""
INTERRUPTED = 130
"""Ended by Ctrl-C; the value that shells use."""


def of_many(asked: int, failed: int) -> int:
    """The exit code for `failed` failures among `asked` pieces of work."""
    if not failed:
        return DONE
    return SOME_FAILED if failed < asked else FAILED
