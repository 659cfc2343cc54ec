"""Fixtures for the extension: the zip that users install, installed into a real Blender with a user folder of its own.

Blender's user folder is a temporary one; it has to be set before bpy is imported.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

USER_FOLDER = tempfile.mkdtemp(prefix="edge_dance_tests_")
os.environ["BLENDER_USER_RESOURCES"] = USER_FOLDER

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent / "rig")]  # the latter for characters

import bpy  # noqa: E402
from blender_fixtures import PACKAGE, addon, write_song  # noqa: E402

import build_addon  # noqa: E402

WORKER_PYTHON = Path(os.environ.get("EDGE_DANCE_PYTHON") or build_addon.MAIN.python)


MIXDOWNS = ("test_music.py", "test_bundled.py")
"""Files whose tests have Blender mix sound: after a film, Mixdown of Blender 5.2 is silent until the process ends."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What mixes sound comes before what renders films."""
    items.sort(key=lambda item: item.path.name not in MIXDOWNS)


@pytest.fixture(scope="session")
def addon_zip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_addon.build_zip(tmp_path_factory.mktemp("zip"))


@pytest.fixture(scope="session", autouse=True)
def installed(addon_zip: Path) -> Iterator[None]:
    bpy.ops.extensions.package_install_files(filepath=str(addon_zip), repo="user_default", enable_on_install=True)
    assert PACKAGE in bpy.context.preferences.addons
    yield
    addon("backend.service").service.stop()
    shutil.rmtree(USER_FOLDER, ignore_errors=True)


@pytest.fixture(scope="session")
def worker_python() -> Path:
    """A Python with torch; Blender's own has none."""
    return WORKER_PYTHON


@pytest.fixture(autouse=True)
def empty_file(installed: None) -> None:
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    bpy.context.scene.frame_end = 100
    addon("backend.service").service.problem = None


@pytest.fixture
def preferences() -> Iterator[Any]:
    """The extension's preferences, restored after the test."""
    preferences = bpy.context.preferences.addons[PACKAGE].preferences
    before = {name: getattr(preferences, name) for name in ("backend_python", "weights_folder", "threads")}
    preferences.backend_python = str(WORKER_PYTHON)
    preferences.threads = 1
    yield preferences
    registered = bpy.context.preferences.addons[PACKAGE].preferences  # a test may have enabled the extension anew
    for name, value in before.items():
        setattr(registered, name, value)


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small random network under the name of the starter weights: fast, but no real dance."""
    folder = tmp_path_factory.mktemp("weights")
    code = "import sys, pathlib, pipeline_fixtures as p; p.write_weights(pathlib.Path(sys.argv[1]), 'starter')"
    paths = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests/edge_backend")])}
    subprocess.run([str(WORKER_PYTHON), "-c", code, str(folder)], env=os.environ | paths, check=True)
    return folder


@pytest.fixture
def quick_worker(preferences: Any, tiny_weights: Path) -> Any:
    """The real worker with small random weights. Returns the preferences."""
    preferences.weights_folder = str(tiny_weights)
    return preferences


@pytest.fixture(scope="session")
def song_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_song(tmp_path_factory.mktemp("song") / "Test Song.wav", seconds=8)
