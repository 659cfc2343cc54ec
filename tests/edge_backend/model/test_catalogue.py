"""Weights are found by name, by path, and in the user's folder before the bundled one."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import edge_backend
from edge_backend.errors import EdgeError
from edge_backend.model import catalogue
from edge_backend.model.catalogue import identify_source, known, resolve

PACKAGE = Path(edge_backend.__file__).parent


@pytest.fixture
def bundled(tmp_path, monkeypatch):
    """A bundled folder with the real index and an empty starter file."""
    folder = tmp_path / "bundled"
    folder.mkdir()
    shutil.copy(catalogue.BUNDLED_FOLDER / "index.json", folder)
    (folder / "starter.safetensors").touch()
    monkeypatch.setattr(catalogue, "BUNDLED_FOLDER", folder)
    return folder


@pytest.fixture
def own(tmp_path):
    folder = tmp_path / "own"
    folder.mkdir()
    return folder


def refusal(*arguments):
    with pytest.raises(EdgeError) as caught:
        resolve(*arguments)
    assert caught.value.code == "weights_missing"
    return caught.value


def test_the_index_contains_the_starter_and_the_authors_checkpoint():
    ids = [entry.id for entry in known()]
    assert ids[:2] == ["starter", "edge-jukebox"]


def test_bundled_weights_by_name(bundled):
    assert resolve("starter") == bundled / "starter.safetensors"


def test_the_users_file_of_the_same_name_comes_first(bundled, own):
    (own / "starter.safetensors").touch()
    assert resolve("starter", own) == own / "starter.safetensors"


def test_own_trainings_are_listed_by_their_file_names(bundled, own):
    (own / "tango.safetensors").touch()
    assert [entry.id for entry in known(own)] == ["starter", "edge-jukebox", "tango"]
    assert resolve("tango", own) == own / "tango.safetensors"


def test_a_path_is_taken_as_it_is(bundled, own):
    (own / "tango.safetensors").touch()
    assert resolve(own / "tango.safetensors") == own / "tango.safetensors"


def test_weights_that_the_user_must_bring_say_how(bundled):
    assert "weights import" in refusal("edge-jukebox").hint


def test_an_unknown_name_lists_the_known_ones(bundled, own):
    assert "starter, edge-jukebox" in refusal("tango", own).hint


def test_a_folder_is_no_weights_file(bundled, own):
    refusal(own)


def test_a_checkpoint_is_recognised_by_its_content(bundled, tmp_path):
    index = json.loads((bundled / "index.json").read_text())
    index["weights"][1]["source_sha256"] = hashlib.sha256(b"abc").hexdigest()
    (bundled / "index.json").write_text(json.dumps(index))
    (tmp_path / "any_name.pt").write_bytes(b"abc")
    (tmp_path / "other.pt").write_bytes(b"abcd")
    assert identify_source(tmp_path / "any_name.pt").id == "edge-jukebox"
    assert identify_source(tmp_path / "other.pt") is None


def test_weights_are_found_where_the_extension_was_unpacked(tmp_path):
    """edge_backend and weights side by side, under any parent package; and listing them needs no torch."""
    extension = tmp_path / "edge_dance"
    shutil.copytree(PACKAGE, extension / "edge_backend", ignore=shutil.ignore_patterns("__pycache__"))
    (extension / "weights").mkdir()
    shutil.copy(catalogue.BUNDLED_FOLDER / "index.json", extension / "weights")
    (extension / "__init__.py").touch()
    script = (
        "import sys; from edge_dance.edge_backend.model.catalogue import BUNDLED_FOLDER, known\n"
        "print(BUNDLED_FOLDER, known()[0].id, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(extension / "weights"), "starter", "False"]
