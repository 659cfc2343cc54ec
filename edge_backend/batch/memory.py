"""How many dances go on at a time on this machine: as many as there are cores and memory for."""

import ctypes
import os
import sys
from pathlib import Path

PROCESS_BYTES = 1_200_000_000
"""What is counted for a process that dances with the starter weights; docs/batch.md has what was measured."""

_CONTAINER = Path("/sys/fs/cgroup")


def suitable_jobs(device: str, free: int, cores: int) -> int:
    """So many processes at a time; 1 on a GPU, which one keeps busy. device: a torch device's type. free: bytes."""
    return max(1, min(cores, free // PROCESS_BYTES)) if device == "cpu" else 1


def usable_cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def free_memory() -> int:
    """Bytes that programs can have without swapping; on macOS, which does not tell, half of all."""
    if sys.platform == "win32":
        return _free_on_windows()
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
        available = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    return min(available, _free_in_container())


def _free_in_container() -> int:
    """What the container's limit leaves; without one, more than any machine has."""
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
