import os
import sys
import venv
from pathlib import Path

import pytest
from blender_stage import addon


def refusal(call):
    with pytest.raises(addon("edge_backend.errors").EdgeError) as caught:
        call()
    return caught.value


def test_the_chosen_python_starts_the_worker_of_the_installed_extension(preferences):
    launch = addon("backend.launch")
    python = Path(preferences.backend_python)
    command = launch.Launch(python, Path("own weights"), idle_minutes=2, threads=3).command()
    assert command[:4] == [str(python), "-m", "edge_backend", "worker"]
    assert command[4:] == ["--idle-minutes", "2", "--weights-folder", "own weights", "--threads", "3"]
    folder = Path(launch.worker_variables()["PYTHONPATH"])
    assert (folder / "edge_backend/worker/server.py").is_file() and (folder / "weights/index.json").is_file()


def test_the_users_own_python_settings_stay_out(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.setenv("PYTHONHOME", "/elsewhere")
    variables = addon("backend.launch").worker_variables()
    assert "PYTHONHOME" not in variables and "/somewhere" not in variables["PYTHONPATH"]
    assert variables["PATH"] == os.environ["PATH"]


def test_a_python_that_is_not_there_is_named(tmp_path):
    error = refusal(lambda: addon("backend.launch").find_python(tmp_path / "python"))
    assert error.code == "backend_python_missing" and str(tmp_path) in error.message


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_a_program_that_is_no_python_is_refused(tmp_path):
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho hello\n")
    program.chmod(0o755)
    assert refusal(lambda: addon("backend.launch").find_python(program)).code == "backend_python_broken"


def test_a_python_without_the_packages_is_refused_with_their_names(tmp_path):
    venv.create(tmp_path / "bare", with_pip=False)
    python = tmp_path / "bare" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    error = refusal(lambda: addon("backend.launch").find_python(python))
    assert error.code == "backend_packages_missing" and "torch" in error.message


def test_without_a_choice_a_fitting_python_on_the_path_is_found(preferences, monkeypatch):
    monkeypatch.setenv("PATH", str(Path(preferences.backend_python).parent))
    assert addon("backend.launch").find_python(None).parent == Path(preferences.backend_python).parent
    monkeypatch.setenv("PATH", "")
    assert refusal(lambda: addon("backend.launch").find_python(None)).code == "backend_missing"
