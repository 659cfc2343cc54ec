"""On Windows, ends the worker when Blender ends in any way, by a job object whose only handle Blender has. No bpy."""

import ctypes
import importlib
import sys
from typing import Any

_KILL_ON_CLOSE = 0x2000
_EXTENDED_LIMITS = 9  # JobObjectExtendedLimitInformation


class _Basic(ctypes.Structure):
    _fields_ = (
        ("process_time", ctypes.c_int64),
        ("job_time", ctypes.c_int64),
        ("flags", ctypes.c_uint32),
        ("least_set", ctypes.c_size_t),
        ("largest_set", ctypes.c_size_t),
        ("processes", ctypes.c_uint32),
        ("affinity", ctypes.c_size_t),
        ("priority", ctypes.c_uint32),
        ("scheduling", ctypes.c_uint32),
    )


class _Extended(ctypes.Structure):
    _fields_ = (
        ("basic", _Basic),
        ("io", ctypes.c_uint64 * 6),
        ("process_memory", ctypes.c_size_t),
        ("job_memory", ctypes.c_size_t),
        ("peak_process", ctypes.c_size_t),
        ("peak_job", ctypes.c_size_t),
    )


def tie(process: Any) -> int | None:
    """Make a subprocess.Popen end with this process. Returns the job's handle, None on other systems or on failure.

    The handle must exist as long as the process; the end of this process closes it.
    """
    if sys.platform != "win32":
        return None
    kernel: Any = importlib.import_module("ctypes").WinDLL("kernel32", use_last_error=True)
    kernel.CreateJobObjectW.restype = ctypes.c_void_p
    kernel.SetInformationJobObject.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_uint32)
    kernel.AssignProcessToJobObject.argtypes = (ctypes.c_void_p, ctypes.c_void_p)
    kernel.CloseHandle.argtypes = (ctypes.c_void_p,)
    job: int | None = kernel.CreateJobObjectW(None, None)
    if job is None:
        return None
    limits = _Extended(basic=_Basic(flags=_KILL_ON_CLOSE))
    size = ctypes.sizeof(limits)
    if kernel.SetInformationJobObject(job, _EXTENDED_LIMITS, ctypes.byref(limits), size) and (
        kernel.AssignProcessToJobObject(job, int(process._handle))
    ):
        return job
    kernel.CloseHandle(job)
    return None
