"""build_addon.py: its environments, and the extension's zip."""

import ast
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

import build_addon
import edge_backend
from build_tools import checks, environments, extension, packages, program, release, wheels
from build_tools.base import BuildError
from build_tools.environments import Environment

ROOT, MANIFEST = Path(build_addon.__file__).parent, "blender_addon/blender_manifest.toml"
THIS_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


# --- The zip


@pytest.fixture(scope="module")
def extension_zip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return extension.build_zip(tmp_path_factory.mktemp("dist"))


def test_the_zip_is_named_after_the_one_version_that_backend_and_manifest_share(extension_zip: Path) -> None:
    assert extension.extension_version() == edge_backend.__version__
    platform = wheels.this_platform().replace("-", "_")
    assert extension_zip.name == f"edge_dance-{edge_backend.__version__}-{platform}.zip"


def test_the_zip_holds_the_addon_at_its_root_and_all_that_it_needs_beside_it(extension_zip: Path) -> None:
    names = set(zipfile.ZipFile(extension_zip).namelist())
    assert names >= {
        "blender_manifest.toml",
        "__init__.py",
        "edge_backend/__main__.py",
        "edge_backend/worker/server.py",
        "weights/index.json",
        "weights/starter.safetensors",
        "requirements/backend.txt",
        "LICENSE",
        "README.md",
    }


def test_the_zip_holds_nothing_that_is_made_by_running(extension_zip: Path) -> None:
    assert not [name for name in zipfile.ZipFile(extension_zip).namelist() if "__pycache__" in name or "/." in name]


def test_equal_sources_give_equal_bytes(extension_zip: Path, tmp_path: Path) -> None:
    again = extension.build_zip(tmp_path)
    assert again.read_bytes() == extension_zip.read_bytes()


def test_blenders_own_tool_accepts_the_zip(extension_zip: Path) -> None:
    assert extension.validate_zip(extension_zip, this_blender())


def test_the_manifest_lists_every_wheel_that_is_locked() -> None:
    manifest = tomllib.loads((ROOT / MANIFEST).read_text(encoding="utf-8"))
    assert manifest["platforms"] == list(wheels.PLATFORMS)
    assert manifest["wheels"] == [f"./wheels/{wheel.file}" for wheel in wheels.bundled_wheels()]


@pytest.mark.parametrize("platform", wheels.PLATFORMS)
def test_every_zip_has_the_wheels_of_both_pythons_that_blender_org_ships(platform: str) -> None:
    found = wheels.bundled_wheels(platform)
    for python in ("cp311", "cp313"):
        for name in ("onnxruntime", "cffi"):
            assert [wheel for wheel in found if wheel.file.startswith(f"{name}-") and f"-{python}-" in wheel.file]
    assert len({wheel.requirement for wheel in found}) == 4  # one version of each


def test_the_zip_has_its_wheels_as_they_were_fetched(extension_zip: Path) -> None:
    with zipfile.ZipFile(extension_zip) as archive:
        packed = {name: archive.read(name) for name in archive.namelist() if name.startswith("wheels/")}
        listed = tomllib.loads(archive.read("blender_manifest.toml").decode())["build"]["generated"]
    expected = wheels.bundled_wheels(wheels.this_platform())
    assert listed == {"platforms": [wheels.this_platform()], "wheels": [f"./wheels/{one.file}" for one in expected]}
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in packed.items()}
    assert sums == {f"wheels/{one.file}": one.sha256 for one in expected}
    assert extension_zip.stat().st_size < 150e6


def test_it_is_what_blenders_own_tool_would_build(extension_zip: Path, tmp_path: Path) -> None:
    """File for file, with the same manifest; big files are empty here, as their bytes are compared above."""
    source, built = tmp_path / "source", tmp_path / "built"
    files = extension.extension_files() | {f"wheels/{one.file}": Path() for one in wheels.bundled_wheels()}
    for name, path in files.items():
        target = source / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes() if name == "blender_manifest.toml" else b"")
    built.mkdir()
    command = [sys.executable, str(extension.blender_tool(this_blender())), "build", "--split-platforms"]
    subprocess.run([*command, "--source-dir", source, "--output-dir", built], check=True, capture_output=True)
    with zipfile.ZipFile(built / extension_zip.name) as theirs, zipfile.ZipFile(extension_zip) as ours:
        assert sorted(theirs.namelist()) == sorted(ours.namelist())
        assert theirs.read("blender_manifest.toml") == ours.read("blender_manifest.toml")


def test_a_wheel_that_is_not_the_one_that_was_locked_is_not_taken(
    tmp_path: Path, wheels_alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (made,) = wheels_alone.glob("shoes-*.whl")
    digest = hashlib.sha256(made.read_bytes()).hexdigest()
    monkeypatch.setattr(wheels, "CACHE", tmp_path / "cache")
    right, wrong = (wheels.Wheel("shoes==1.0", known, made.name) for known in (digest, "0" * 64))
    with pytest.raises(BuildError, match="could not be"):
        wheels.fetch([wrong])
    assert not list((tmp_path / "cache").iterdir())
    wheels.fetch([right])
    assert right.cached.read_bytes() == made.read_bytes()
    made.unlink()
    wheels.fetch([right])  # it is there


def test_a_platform_without_wheels_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(BuildError, match=r"no wheels for plan9-mips; .*linux-x64"):
        extension.build_zip(platform="plan9-mips")


def test_blenders_own_tool_refuses_a_zip_without_a_manifest(tmp_path: Path) -> None:
    empty = tmp_path / "empty.zip"
    zipfile.ZipFile(empty, "w").close()
    with pytest.raises(BuildError, match=r"does not accept empty\.zip"):
        extension.validate_zip(empty, this_blender())


# --- A release


def this_blender() -> Environment:
    return Environment(Path(sys.prefix), THIS_PYTHON, environments.MAIN.lock)


def test_manifest_backend_and_changelog_agree_on_the_version() -> None:
    assert release.check_versions() == edge_backend.__version__


@pytest.mark.parametrize(
    ("heading", "tag", "words"),
    [
        ("## 9.9.9 (2026-01-31)", "", r"CHANGES\.md says 9\.9\.9"),
        ("nothing", "", r"CHANGES\.md says none"),
        ("## {} (not released yet)", "v{}", "no day"),
        ("## {} (2026-02-30)", "v{}", "no day"),
        ("## {} (2026-01-31)", "v9.9.9", r"the tag v9\.9\.9 says 9\.9\.9"),
    ],
)
def test_a_release_whose_parts_disagree_is_refused(tmp_path: Path, heading: str, tag: str, words: str) -> None:
    changelog = tmp_path / "CHANGES.md"
    changelog.write_text("# Changelog\n\n" + heading.format(edge_backend.__version__) + "\n", encoding="utf-8")
    with pytest.raises(BuildError, match=words):
        release.check_versions(tag.format(edge_backend.__version__), changelog)


def test_what_is_new_is_what_the_changelog_says_of_that_version(tmp_path: Path) -> None:
    changelog = tmp_path / "CHANGES.md"
    changelog.write_text(
        "# C\n\n## 0.2.0 (2026-02-01)\n\n- New.\n\n## 0.1.0 (2026-01-31)\n\n- First.\n", encoding="utf-8"
    )
    assert release.notes("0.2.0", changelog) == "- New."
    assert release.notes("0.1.0", changelog) == "- First."
    with pytest.raises(BuildError, match=r"nothing of 0\.3\.0"):
        release.notes("0.3.0", changelog)


def test_blender_finds_and_installs_what_is_in_the_repository(tmp_path: Path, extension_zip: Path) -> None:
    """By the program that Blender itself runs when it looks for updates, from a folder instead of a server."""
    index = release.build_repository(tmp_path / "server", this_blender(), [wheels.this_platform()])
    (entry,) = json.loads(index.read_text(encoding="utf-8"))["data"]
    assert (entry["id"], entry["version"]) == ("edge_dance", edge_backend.__version__)
    assert entry["blender_version_min"] == "4.2.0"
    assert entry["archive_url"] == f"./{extension_zip.name}"
    assert entry["archive_hash"] == "sha256:" + hashlib.sha256(extension_zip.read_bytes()).hexdigest()

    here = tmp_path / "blender"
    here.mkdir()
    where = ["--remote-url", index.as_uri(), "--local-dir", str(here)]
    version = ["--blender-version", "4.5.0", "--python-version", f"{THIS_PYTHON}.0", "--local-cache", "0"]
    for words in (["sync", *where], ["install", *where, *version, "edge_dance"]):
        command = [sys.executable, str(extension.blender_tool(this_blender())), *words]
        subprocess.run(command, check=True, capture_output=True)
    with zipfile.ZipFile(extension_zip) as archive:
        assert (here / "edge_dance/blender_manifest.toml").read_bytes() == archive.read("blender_manifest.toml")


# --- What it needs to start


def test_it_starts_on_python_39_with_the_standard_library_alone() -> None:
    start = Path(build_addon.__file__)
    for source in (start, *(start.parent / "build_tools").glob("*.py")):
        tree = ast.parse(source.read_text(encoding="utf-8"), feature_version=(3, 9))
        nodes = list(ast.walk(tree))
        imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        imported |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
        assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names | {"build_tools"}, source.name


def test_every_locked_package_is_pinned_to_one_version() -> None:
    for environment in environments.BLENDERS.values():
        pins: dict[str, str] = {}
        for line in packages.lock_lines(environment.lock):
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
def wheels_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
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
def environment(tmp_path: Path, bare_environment: Path, wheels_alone: Path) -> Environment:
    lock = tmp_path / "requirements/lock.txt"
    lock.parent.mkdir()
    lock.write_text("shoes==1.0\n", encoding="utf-8")
    folder = tmp_path / "venv"
    shutil.copytree(bare_environment, folder, symlinks=True)
    return Environment(folder, THIS_PYTHON, lock)


def test_an_environment_gets_what_its_lock_file_names(environment: Environment) -> None:
    assert environments.ensure(environment) == environment.python
    assert installed_version(environment, "shoes") == "1.0"


def test_a_second_run_starts_no_program(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    environments.ensure(environment)
    started: list[object] = []
    monkeypatch.setattr(subprocess, "Popen", lambda *arguments, **_: started.append(arguments))
    assert environments.ensure(environment) == environment.python
    assert not started  # two files were read


def test_a_changed_lock_file_is_followed(environment: Environment, wheels_alone: Path) -> None:
    environments.ensure(environment)
    write_wheel(wheels_alone, "shoes", "2.0")
    environment.lock.write_text("shoes==2.0\n", encoding="utf-8")
    environments.ensure(environment)
    assert installed_version(environment, "shoes") == "2.0"


def test_an_environment_whose_installation_was_killed_is_made_anew(environment: Environment) -> None:
    half_installed = environment.folder / "half_installed"
    half_installed.touch()
    (environment.folder / environments.STAMP).write_text(environments.UNFINISHED, encoding="utf-8")
    environments.ensure(environment)
    assert not half_installed.exists()
    assert installed_version(environment, "shoes") == "1.0"


def test_an_environment_works_only_with_its_own_python_version_and_pip(environment: Environment) -> None:
    assert environments.works(environment)
    assert not environments.works(Environment(environment.folder, "3.99", environment.lock))
    for package in environment.folder.rglob("site-packages/pip"):
        shutil.rmtree(package)
    assert not environments.works(environment)


def test_a_package_that_cannot_be_had_is_named_and_the_next_run_goes_on(environment: Environment) -> None:
    environment.lock.write_text("gloves==1.0\n", encoding="utf-8")
    with pytest.raises(BuildError, match=r"gloves==1\.0"):
        environments.ensure(environment)
    environment.lock.write_text("shoes==1.0\n", encoding="utf-8")
    environments.ensure(environment)
    assert installed_version(environment, "shoes") == "1.0"


def test_without_the_wanted_python_it_says_which_one_to_install(tmp_path: Path, environment: Environment) -> None:
    with pytest.raises(BuildError, match=r"Python 3\.99 .* Install it"):
        environments.ensure(Environment(tmp_path / "other", "3.99", environment.lock))
    assert not (tmp_path / "other").exists()


def test_without_space_on_the_disk_it_says_so_before_anything_is_made(environment: Environment) -> None:
    large = replace(environment, folder=environment.folder.parent / "large", space=1e9)
    with pytest.raises(BuildError, match=r"^large needs 1000000000 GB, and the disk of .* has \d+\.\d GB free\. Free "):
        environments.ensure(large)
    assert not large.folder.exists()


def test_without_a_gpu_torchs_cpu_build_is_taken_although_another_is_offered(
    environment: Environment, wheels_alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_wheel(wheels_alone, "torch", "9.9")
    write_wheel(wheels_alone, "torch", "9.9+cpu")
    environment.lock.write_text("torch==9.9\n", encoding="utf-8")
    monkeypatch.setattr(packages, "has_nvidia_gpu", lambda: False)
    monkeypatch.setattr(sys, "platform", "linux")
    environments.ensure(environment)
    assert installed_version(environment, "torch") == "9.9+cpu"


# --- The command line


def test_the_last_line_of_env_is_the_environments_python(
    environment: Environment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(environments.BLENDERS, "4.5", environment)
    assert build_addon.main(["env"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(environment.python)


def test_failures_are_reported_in_words_and_by_the_exit_code(
    environment: Environment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = Environment(environment.folder / "none", "3.99", environment.lock)
    monkeypatch.setitem(environments.BLENDERS, "4.5", lost)
    assert build_addon.main(["env"]) == 1
    assert "No Python 3.99" in capsys.readouterr().err


def test_words_behind_two_dashes_go_to_pytest_sorted_into_tests_and_options() -> None:
    options = build_addon.parse(["test", "--matrix", "--", "-m", "slow", "tests/test_build_addon.py::test_x"])
    assert options.matrix
    assert checks.split_targets(options.arguments) == (["tests/test_build_addon.py::test_x"], ["-m", "slow"])


@pytest.fixture
def a_program(tmp_path: Path) -> Path:
    """A script that answers as Blender does."""
    if sys.platform == "win32":
        pytest.skip("a script is no program on Windows")
    script = tmp_path / "blender here"
    script.write_text("#!/bin/sh\necho 'Blender 7.8.9 LTS'\necho '\tbuild date: today'\n", encoding="utf-8")
    script.chmod(0o755)
    return script


def test_a_program_is_tested_alone_with_all_its_tests(a_program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[tuple[list[str], dict[str, str]]] = []

    def run(command: list[str], *, env: dict[str, str], **_: object) -> subprocess.CompletedProcess[str]:
        runs.append((command, env))
        return subprocess.CompletedProcess(command, 0)

    steps = program.program_steps([str(a_program)], [], ["-x"])
    assert list(steps) == ["program 7.8.9"]
    monkeypatch.setattr(subprocess, "run", run)
    assert steps["program 7.8.9"](None) == 0
    ((command, variables),) = runs
    assert command[1:] == ["-m", "pytest", "tests/program", "tests/blender_addon/gui", "-m", "", "-x"]
    assert variables["EDGE_DANCE_PROGRAM"] == str(a_program)
    assert all((ROOT / place).is_dir() for place in program.PROGRAM_TESTS)


@pytest.mark.parametrize(
    ("given", "words"), [("no such program", "There is no program no such"), (sys.executable, "not Blender")]
)
def test_what_is_no_blender_is_not_tested(given: str, words: str) -> None:
    with pytest.raises(BuildError, match=words):
        program.program_steps([given], [], [])
