"""torch without what only its compilers use: a third of the time that importing it takes."""

import importlib
import re
import sys
from types import ModuleType

from .devices import torch_version_file

KNOWN = r"^__version__ *= *['\"]2\.13\."
"""Versions of torch that are known to do without; others are imported whole."""

_LEFT_OUT = "torch._meta_registrations"
"""Shapes of thousands of functions for tensors without data, and the decompositions that it imports in turn."""


def import_torch() -> None:
    """Import torch, before anything else does. Whoever wants to compile imports torch._meta_registrations first.

    On macOS it comes whole: there torch itself uses what would be left out.
    """
    known = sys.platform != "darwin" and re.search(KNOWN, torch_version_file() or "", re.MULTILINE)
    if "torch" in sys.modules or not known:
        importlib.import_module("torch")
        return
    sys.modules[_LEFT_OUT] = ModuleType(_LEFT_OUT)
    try:
        torch = importlib.import_module("torch")
    finally:
        del sys.modules[_LEFT_OUT]
    del torch._meta_registrations
