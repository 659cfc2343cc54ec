"""Settings and fixtures for all tests."""

import os
import sys

import pytest
from hypothesis import HealthCheck, settings

# An example may take as long to draw and to run as a busy machine needs.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

_exit_code = 0


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    global _exit_code  # noqa: PLW0603
    _exit_code = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave without the interpreter's clean-up: where bpy was imported, Blender 4.5 hangs in it and 4.2 crashes."""
    if "bpy" in sys.modules:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(_exit_code)
