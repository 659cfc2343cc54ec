"""Exit codes of all commands. Standard library only."""

DONE = 0
SOME_FAILED = 1
"""Of several things that were to be done, at least one is done and one is not."""
FAILED = 2
"""Nothing could be done, or the options make no sense."""
INTERRUPTED = 130
"""By Ctrl-C, as shells have it."""


def of_many(asked: int, failed: int) -> int:
    """The exit code for `failed` failures among `asked` pieces of work."""
    if not failed:
        return DONE
    return SOME_FAILED if failed < asked else FAILED
