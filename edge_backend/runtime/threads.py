"""How many CPU threads the network may use. Standard library only."""

import os

_chosen: int | None = None


def use_threads(count: int | None) -> None:
    """Let the engines that are made from now on use `count` CPU threads; None leaves the number to them."""
    global _chosen  # noqa: PLW0603 - it is the process's, as torch's own number is
    _chosen = count or None


def chosen_threads() -> int | None:
    """What use_threads was told last."""
    return _chosen


def cpu_threads() -> int:
    """The threads to use: those chosen, else those of OMP_NUM_THREADS, else one for each core of this process."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    if _chosen or (told.isdigit() and int(told)):
        return _chosen or int(told)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
