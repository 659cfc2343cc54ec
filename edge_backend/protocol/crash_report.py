"""Why a worker ended, in one sentence, from its exit code and the tail of its log. Standard library only."""

import re
import signal
import sys
from collections.abc import Sequence

from ..errors import EdgeError

_OUT_OF_MEMORY = re.compile(r"MemoryError|out of memory|bad_alloc|Cannot allocate", re.IGNORECASE)
_NO_MODULE = re.compile(r"ModuleNotFoundError: No module named '([\w.]+)'")
_NO_SPACE = re.compile(r"No space left on device|ENOSPC")
_WINDOWS_CRASHES = {
    0xC0000005: "an access violation",
    0xC00000FD: "a stack overflow",
    0xC000001D: "an illegal instruction",
}


def explain_exit(code: int, log_tail: Sequence[str], memory_hint: str = "choose Draft") -> EdgeError | None:
    """The reason, or None for exit code 0.

    code: as subprocess gives it: negative = the number of the signal. log_tail: the last lines of its log.
    memory_hint: advice for the hint when memory ran out.
    """
    if code == 0:
        return None
    log = "\n".join(log_tail)
    if module := _NO_MODULE.search(log):
        return EdgeError(
            "backend_packages_missing",
            f"The backend's Python lacks {module[1]}.",
            "Choose another Python in the extension's preferences, or install the package.",
        )
    if _OUT_OF_MEMORY.search(log):
        return EdgeError("out_of_memory", "The backend ran out of memory.", f"Close other programs or {memory_hint}.")
    if _NO_SPACE.search(log):
        return EdgeError("disk_full", "The disk is full.", "Free some space and try again.")
    if code == -9 and sys.platform != "win32":
        return EdgeError(
            "backend_killed",
            "The backend was killed from outside, most likely because the machine ran out of memory.",
            f"Close other programs or {memory_hint}.",
        )
    said = next((line.strip() for line in reversed(log_tail) if line.strip()), "")
    sentence = f"The backend ended with {_cause(code)}" + (f": {said}" if said else "")
    return EdgeError("backend_died", sentence.rstrip(".") + ".", "Try again; it starts anew.")


def _cause(code: int) -> str:
    if code < 0 and sys.platform != "win32":
        names = {member.value: member.name for member in signal.Signals}
        return f"signal {names.get(-code, str(-code))}"
    return _WINDOWS_CRASHES.get(code & 0xFFFFFFFF, f"exit code {code}")
