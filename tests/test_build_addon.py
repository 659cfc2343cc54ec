"""The command that people type first: its environments, and the zip that they install."""

import ast
import re
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

import build_addon
import edge_backend
from build_addon import BuildError, Environment

THIS_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


# --- The zip


@pytest.fixture(scope="module")
def extension(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_addon.build_zip(tmp_path_factory.mktemp("dist"))


def test_the_zip_is_named_after_the_one_version_that_backend_and_manifest_share(extension: Path) -> None:
    assert build_addon.extension_version() == edge_backend.__version__
    assert extension.name == f"edge_dance-{edge_backend.__version__}.zip"


def test_the_zip_holds_the_addon_at_its_root_and_all_that_it_needs_beside_it(extension: Path) -> None:
    names = set(zipfile.ZipFile(extension).namelist())
    assert names >= {
        "blender_manifest.toml",
        "__init__.py",
        "edge_backend/__main__.py",
        "edge_backend/worker.py",
        "weights/index.json",
        "weights/starter.safetensors",
        "requirements/backend.txt",
        "LICENSE",
        "README.md",
    }


def test_the_zip_holds_nothing_that_is_made_by_running(extension: Path) -> None:
    assert not [name for name in zipfile.ZipFile(extension).namelist() if "__pycache__" in name or "/." in name]


def test_equal_sources_give_equal_bytes(extension: Path, tmp_path: Path) -> None:
    again = build_addon.build_zip(tmp_path)
    assert again.read_bytes() == extension.read_bytes()


def test_blenders_own_tool_accepts_the_zip(extension: Path) -> None:
    assert build_addon.validate_zip(extension, Environment(Path(sys.prefix), THIS_PYTHON, build_addon.MAIN.lock))


def test_blenders_own_tool_refuses_a_zip_without_a_manifest(tmp_path: Path) -> None:
    empty = tmp_path / "empty.zip"
    zipfile.ZipFile(empty, "w").close()
    with pytest.raises(BuildError, match=r"does not accept empty\.zip"):
        build_addon.validate_zip(empty, Environment(Path(sys.prefix), THIS_PYTHON, build_addon.MAIN.lock))


# --- What it needs to start


def test_it_starts_on_python_39_with_the_standard_library_alone() -> None:
    source = Path(build_addon.__file__).read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 9))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names


def test_every_locked_package_is_pinned_to_one_version() -> None:
    for environment in build_addon.BLENDERS.values():
        pins: dict[str, str] = {}
        for line in build_addon.lock_lines(environment.lock):
            found = re.fullmatch(r"([A-Za-z0-9._-]+)==([^\s;]+)(\s*;.*)?", line)
            assert found, f"{environment.lock.name}: {line}"
            assert pins.setdefault(found[1], found[2]) == found[2]


# --- Environments. Their packages are wheels made here, so that nothing is fetched.


def write_wheel(folder: Path, name: str, version: str) -> None:
    """The smallest package that pip installs: one module with its version."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"version = '{version}'\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)


def installed_version(environment: Environment, module: str) -> str:
    program = f"import {module}; print({module}.version)"
    return subprocess.check_output([environment.python, "-c", program], text=True).strip()


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that is all that pip sees."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    write_wheel(folder, "shoes", "1.0")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null" if sys.platform != "win32" else "nul")
    return folder


@pytest.fixture(scope="module")
def bare_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once; the tests below work on copies, which start as well as the first."""
    folder = tmp_path_factory.mktemp("bare") / "venv"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    return folder


@pytest.fixture
def environment(tmp_path: Path, bare_environment: Path, wheels: Path) -> Environment:
    lock = tmp_path / "requirements/lock.txt"
    lock.parent.mkdir()
    lock.write_text("shoes==1.0\n", encoding="utf-8")
    folder = tmp_path / "venv"
    shutil.copytree(bare_environment, folder, symlinks=True)
    return Environment(folder, THIS_PYTHON, lock)


def test_an_environment_gets_what_its_lock_file_names(environment: Environment) -> None:
    assert build_addon.ensure(environment) == environment.python
    assert installed_version(environment, "shoes") == "1.0"


def test_a_second_run_is_done_at_once(environment: Environment) -> None:
    build_addon.ensure(environment)
    began = time.monotonic()
    build_addon.ensure(environment)
    assert time.monotonic() - began < 0.1  # reading two files; starting pip alone takes longer


def test_a_changed_lock_file_is_followed(environment: Environment, wheels: Path) -> None:
    build_addon.ensure(environment)
    write_wheel(wheels, "shoes", "2.0")
    environment.lock.write_text("shoes==2.0\n", encoding="utf-8")
    build_addon.ensure(environment)
    assert installed_version(environment, "shoes") == "2.0"


def test_an_environment_whose_installation_was_killed_is_made_anew(environment: Environment) -> None:
    half_installed = environment.folder / "half_installed"
    half_installed.touch()
    (environment.folder / build_addon.STAMP).write_text(build_addon.UNFINISHED, encoding="utf-8")
    build_addon.ensure(environment)
    assert not half_installed.exists()
    assert installed_version(environment, "shoes") == "1.0"


def test_an_environment_works_only_with_its_own_python_version_and_pip(environment: Environment) -> None:
    assert build_addon.works(environment)
    assert not build_addon.works(Environment(environment.folder, "3.99", environment.lock))
    for package in environment.folder.rglob("site-packages/pip"):
        shutil.rmtree(package)
    assert not build_addon.works(environment)


def test_a_package_that_cannot_be_had_is_named_and_the_next_run_goes_on(environment: Environment) -> None:
    environment.lock.write_text("gloves==1.0\n", encoding="utf-8")
    with pytest.raises(BuildError, match=r"gloves==1\.0"):
        build_addon.ensure(environment)
    environment.lock.write_text("shoes==1.0\n", encoding="utf-8")
    build_addon.ensure(environment)
    assert installed_version(environment, "shoes") == "1.0"


def test_without_the_wanted_python_it_says_which_one_to_install(tmp_path: Path, environment: Environment) -> None:
    with pytest.raises(BuildError, match=r"Python 3\.99 .* Install it"):
        build_addon.ensure(Environment(tmp_path / "other", "3.99", environment.lock))
    assert not (tmp_path / "other").exists()


def test_without_a_gpu_torchs_cpu_build_is_taken_although_another_is_offered(
    environment: Environment, wheels: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_wheel(wheels, "torch", "9.9")
    write_wheel(wheels, "torch", "9.9+cpu")
    environment.lock.write_text("torch==9.9\n", encoding="utf-8")
    monkeypatch.setattr(build_addon, "has_nvidia_gpu", lambda: False)
    monkeypatch.setattr(sys, "platform", "linux")
    build_addon.ensure(environment)
    assert installed_version(environment, "torch") == "9.9+cpu"


# --- The command line


def test_the_last_line_of_env_is_the_environments_python(
    environment: Environment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(build_addon.BLENDERS, "4.5", environment)
    assert build_addon.main(["env"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(environment.python)


def test_what_goes_wrong_is_told_in_words_and_by_the_exit_code(
    environment: Environment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = Environment(environment.folder / "none", "3.99", environment.lock)
    monkeypatch.setitem(build_addon.BLENDERS, "4.5", lost)
    assert build_addon.main(["env"]) == 1
    assert "No Python 3.99" in capsys.readouterr().err


def test_words_behind_two_dashes_go_to_pytest_sorted_into_tests_and_options() -> None:
    options = build_addon.parse(["test", "--matrix", "--", "-m", "slow", "tests/test_build_addon.py::test_x"])
    assert options.matrix
    assert build_addon.split_targets(options.arguments) == (["tests/test_build_addon.py::test_x"], ["-m", "slow"])
