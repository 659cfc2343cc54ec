"""Any exception as an EdgeError with a sentence and a stable code."""

import errno
import re
import traceback

from . import EdgeError

# torch: CUDA, CPU, Windows, and CUDA's libraries where not even their own work space is left.
_MEMORY_WORDS = ("out of memory", "can't allocate memory", "not enough memory", "_status_alloc_failed")
_LONGEST_DETAIL = 8000  # characters
_FULL = {errno.ENOSPC, errno.EDQUOT}
_RUST = re.compile(r"\(os error (\d+)\)")  # safetensors writes files itself, and has an exception of its own for them
_FULL_WINDOWS = 112


def explain(error: BaseException) -> EdgeError:
    """Any exception as an EdgeError: one sentence with a stable code, and the traceback as detail.

    An EdgeError is returned unchanged.
    """
    if isinstance(error, EdgeError):
        return error
    detail = "".join(traceback.format_exception(error))[-_LONGEST_DETAIL:]
    if is_out_of_memory(error):
        return EdgeError(
            "out_of_memory",
            "There is not enough free memory.",
            "Close other programs, choose a shorter stretch, or run on the CPU.",
            detail,
        )
    if isinstance(error, ImportError):
        return EdgeError(
            "package_missing",
            f"A Python package of the backend is missing or broken: {error.name or error}.",
            "In Blender click the button under Backend, elsewhere install the package.",
            detail,
        )
    if isinstance(error, OSError):
        return _of_file_system(error, detail)
    if found := _RUST.search(str(error)):
        number = errno.ENOSPC if int(found[1]) == _FULL_WINDOWS else int(found[1])
        return _of_file_system(OSError(number, str(error)), detail)
    sentence = f"The backend met a fault of its own: {type(error).__name__}."
    return EdgeError("internal", sentence, "Please report it with the log.", detail)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether the exception is an out-of-memory error, of the machine or of a GPU."""
    said = isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _MEMORY_WORDS)
    return said or isinstance(error, MemoryError)


def _of_file_system(error: OSError, detail: str) -> EdgeError:
    where = f": {error.filename}" if error.filename else ""
    if error.errno in _FULL:
        return EdgeError("disk_full", f"The disk is full{where}.", "Free some space and try again.", detail)
    reason = error.strerror or type(error).__name__
    return EdgeError("file_failed", f"{reason}{where}.", "Check the path and the rights to it.", detail)
