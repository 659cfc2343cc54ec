"""Chooses the number of concurrent worker processes, by cores and memory."""

import ctypes
import os
import sys
from pathlib import Path

PROCESS_BYTES = 1_200_000_000
"""Memory estimate for a process with the starter weights; docs/batch.md has measurements."""

_CONTAINER = Path("/sys/fs/cgroup")


def suitable_jobs(device: str, free: int, cores: int) -> int:
    """The number of concurrent processes; 1 on a GPU, which one process saturates.

    device: a torch device's type. free: bytes of free memory.
    """
    return max(1, min(cores, free // PROCESS_BYTES)) if device == "cpu" else 1


def usable_cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def free_memory() -> int:
    """Bytes of memory available without swapping; on macOS half of the total, because no figure is available."""
    if sys.platform == "win32":
        return _free_on_windows()
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
        available = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    return min(available, _free_in_container())


def _free_in_container() -> int:
    """Bytes left below the container's memory limit; sys.maxsize without a limit."""
    try:
        limit, used = (int((_CONTAINER / f"memory.{name}").read_text("ascii")) for name in ("max", "current"))
    except (OSError, ValueError):  # no container, or the word "max": no limit
        return sys.maxsize
    return max(limit - used, 0)


def _free_on_windows() -> int:
    class Status(ctypes.Structure):  # MEMORYSTATUSEX
        _fields_ = (
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            ("total", ctypes.c_ulonglong),
            ("available", ctypes.c_ulonglong),
            ("others", ctypes.c_ulonglong * 5),
        )

    status = Status(length=ctypes.sizeof(Status))
    ctypes.WinDLL("kernel32").GlobalMemoryStatusEx(ctypes.byref(status))  # type: ignore[attr-defined,unused-ignore]
    return int(status.available)
