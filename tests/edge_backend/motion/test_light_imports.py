"""What Blender imports of the backend needs numpy and the standard library only."""

import pkgutil
import subprocess
import sys

import pytest

import edge_backend.motion

HEAVY = ("torch", "scipy", "librosa", "av", "soundfile", "safetensors", "bpy")
MODULES = [
    "edge_backend.diffusion.body_parts",
    "edge_backend.schema.edits",
    "edge_backend.errors",
    "edge_backend.protocol.messages",
    "edge_backend.schema.requests",
    *(module.name for module in pkgutil.walk_packages(edge_backend.motion.__path__, "edge_backend.motion.")),
]


@pytest.mark.parametrize("modules", [MODULES], ids=["all"])
def test_nothing_heavy_comes_in(modules):
    script = f"import sys, {', '.join(modules)}\nprint(*(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
