import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from blender_fixtures import addon


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
    folder = Path(addon("backend.interpreter").worker_variables()["PYTHONPATH"])
    assert (folder / "edge_backend/worker/server.py").is_file() and (folder / "weights/index.json").is_file()


def test_the_users_own_python_settings_stay_out(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.setenv("PYTHONHOME", "/elsewhere")
    variables = addon("backend.interpreter").worker_variables()
    assert "PYTHONHOME" not in variables and "/somewhere" not in variables["PYTHONPATH"]
    assert variables["PATH"] == os.environ["PATH"]


def test_a_python_that_is_not_there_is_named(tmp_path):
    error = refusal(lambda: addon("backend.interpreter").find_interpreter(tmp_path / "python"))
    assert error.code == "backend_python_missing" and str(tmp_path) in error.message


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_a_program_that_is_no_python_is_refused(tmp_path):
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho hello\n")
    program.chmod(0o755)
    assert refusal(lambda: addon("backend.interpreter").find_interpreter(program)).code == "backend_python_broken"


def test_a_python_without_the_packages_is_refused_with_their_names(tmp_path):
    venv.create(tmp_path / "bare", with_pip=False)
    python = tmp_path / "bare" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    error = refusal(lambda: addon("backend.interpreter").find_interpreter(python))
    assert error.code == "backend_packages_missing" and "torch" in error.message


def without_wheels(monkeypatch):
    """As where Blender has installed none of the extension's wheels."""
    monkeypatch.setattr(addon("backend.interpreter"), "WHEELS", ("no_such_wheel",))


def test_without_a_choice_blenders_own_python_runs_the_backend_with_the_wheels_of_the_zip(monkeypatch, tmp_path):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = addon("backend.interpreter").find_interpreter(None)
    assert found.bundled and found.python == Path(sys.executable)
    where = f"python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    assert found.wheels.as_posix().endswith(f".local/lib/{where}")
    facts = (
        "import json, numpy, onnxruntime, soundfile, edge_backend; print(json.dumps([sys.flags.isolated, sys.path, "
        "[module.__file__ for module in (onnxruntime, soundfile, edge_backend)]]))"
    )
    program = addon("backend.interpreter")._RUN + facts
    variables = addon("backend.interpreter").worker_variables()
    done = subprocess.run(found._isolated(program), capture_output=True, text=True, check=True, env=variables)
    isolated, folders, files = json.loads(done.stdout)
    assert isolated and str(tmp_path) not in folders
    assert all(Path(file).is_relative_to(found.wheels) for file in files[:2])
    assert Path(files[2]).parent.parent == addon("backend.interpreter").ADDON_FOLDER


def test_the_bundled_python_answers_as_a_worker(monkeypatch):
    monkeypatch.setenv("PATH", "")
    command = addon("backend.launch").Launch(threads=1).command()
    variables = addon("backend.interpreter").worker_variables()
    done = subprocess.run(command, input="", capture_output=True, text=True, env=variables, timeout=60, check=True)
    hello = done.stdout.splitlines()[0]
    assert json.loads(hello)["type"] == "hello"


def test_wheels_that_do_not_load_are_reported_in_a_sentence_and_set_up_is_offered(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", "")
    folder = tmp_path / f".local/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    (folder / "onnxruntime").mkdir(parents=True)
    said = "/lib64/libc.so.6: version `GLIBC_2.28' not found (required by libonnxruntime.so)"
    (folder / "onnxruntime/__init__.py").write_text(f"raise ImportError({said!r})")
    monkeypatch.syspath_prepend(str(folder))
    error = refusal(lambda: addon("backend.interpreter").find_interpreter(None))
    assert error.code == "backend_missing" and said in error.message and "Set Up Backend" in error.hint


def test_without_wheels_a_fitting_python_on_the_path_is_found(preferences, monkeypatch):
    without_wheels(monkeypatch)
    monkeypatch.setenv("PATH", str(Path(preferences.backend_python).parent))
    found = addon("backend.interpreter").find_interpreter(None)
    assert found.python.parent == Path(preferences.backend_python).parent and not found.bundled
    monkeypatch.setenv("PATH", "")
    error = refusal(lambda: addon("backend.interpreter").find_interpreter(None))
    assert error.code == "backend_missing" and "has not installed" in error.message


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_a_blender_that_names_itself_as_its_python_is_not_started_again(monkeypatch, tmp_path):
    interpreter = addon("backend.interpreter")
    python = tmp_path / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    python.write_text("#!/bin/sh")
    python.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", "/usr/bin/blender")
    assert interpreter.blender_python() == python
