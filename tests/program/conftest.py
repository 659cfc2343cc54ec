"""The extension, installed into Blender's real program by the program's own command line."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import real_program

import build_addon
from edge_backend.audio.clicks import write_clicks

HERE = Path(__file__).parent
SONG_S = 3


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not real_program.PROGRAM:
        skip = pytest.mark.skip(reason="EDGE_DANCE_PROGRAM names no Blender: build_addon.py test --program BLENDER")
        for item in items:
            if HERE in item.path.parents:
                item.add_marker(skip)


@pytest.fixture(scope="session")
def addon_zip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_addon.build_zip(tmp_path_factory.mktemp("zip"))


@pytest.fixture(scope="session")
def user_folder(addon_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user folder with the extension installed and enabled."""
    folder = tmp_path_factory.mktemp("user")
    real_program.install(folder, addon_zip)
    return folder


@pytest.fixture(scope="session")
def worker_python() -> Path:
    return Path(os.environ.get("EDGE_DANCE_PYTHON") or build_addon.MAIN.python)


@pytest.fixture
def song(tmp_path: Path) -> Path:
    return write_clicks(tmp_path / "song.wav", SONG_S)


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder for the program's temporary files."""
    folder = Path(tempfile.mkdtemp(prefix="program_"))
    monkeypatch.setenv("TMPDIR", str(folder))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
