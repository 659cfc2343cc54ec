"""The number of CPU threads for the network. Standard library only."""

import os

_chosen: int | None = None


def use_threads(count: int | None) -> None:
    """Set the number of CPU threads of engines that are made from now on; None = their own choice."""
    global _chosen  # noqa: PLW0603 - one number per process, as torch's own
    _chosen = count or None


def chosen_threads() -> int | None:
    """The number that was passed to use_threads, None = the engines' choice."""
    return _chosen


def cpu_threads() -> int:
    """The number of threads to use: the chosen one, else OMP_NUM_THREADS, else the cores of this process."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    if _chosen or (given.isdigit() and int(given)):
        return _chosen or int(given)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
