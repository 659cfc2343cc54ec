#!/usr/bin/env python3
"""Builds, shows and tests EDGE Dance. Needs Python and git alone: what else is wanted, it installs beside itself.

    python3 build_addon.py            dist/edge_dance-VERSION.zip, the extension to install in Blender
    python3 build_addon.py demo       a song becomes a dance in a real Blender; look in demo/
    python3 build_addon.py test       every check that a change has to pass
    python3 build_addon.py env        the environment alone; the last line printed is its Python

Written for Python 3.9 and the standard library, because it runs before there is anything else.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent
REQUIREMENTS = ROOT / "requirements"
PYTORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"


class BuildError(Exception):
    """Something that the person at the keyboard can mend: one sentence, or a few."""


def say(text: str) -> None:
    """Print at once, also into a pipe."""
    print(text, flush=True)


# --- Environments ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Environment:
    """A virtual environment: where it lies, its Python's version, and the lock file that says what is in it."""

    folder: Path
    version: str
    lock: Path

    @property
    def python(self) -> Path:
        """The environment's interpreter, whether it exists yet or not."""
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


MAIN = Environment(ROOT / ".venv", "3.11", REQUIREMENTS / "dev.txt")

# Every Blender that the extension supports, as the bpy package; 4.5 lives together with the backend.
BLENDERS = {
    "4.2": Environment(ROOT / ".venv-blender-4.2", "3.11", REQUIREMENTS / "blender-4.2.txt"),
    "4.5": MAIN,
    "5.0": Environment(ROOT / ".venv-blender-5.0", "3.11", REQUIREMENTS / "blender-5.0.txt"),
    "5.2": Environment(ROOT / ".venv-blender-5.2", "3.13", REQUIREMENTS / "blender-5.2.txt"),
}

STAMP = "edge_dance_lock.txt"  # in the environment: fingerprint of what was installed last
UNFINISHED = "unfinished"


def ensure(environment: Environment) -> Path:
    """Make the environment, or bring it up to its lock file; returns its Python. At once if nothing changed.

    A broken environment, one of another Python version and one whose installation was killed are made anew.
    Raises BuildError if there is no Python of the wanted version or if packages cannot be installed.
    """
    stamp = environment.folder / STAMP
    wanted = fingerprint(environment.lock)
    state = stamp.read_text(encoding="utf-8") if stamp.exists() else ""
    if state == wanted and environment.python.exists():
        return environment.python

    if environment.folder.exists() and (state == UNFINISHED or not works(environment)):
        say(f"{environment.folder.name} is not usable and is made anew.")
        shutil.rmtree(environment.folder)
    if not environment.folder.exists():
        base = find_python(environment.version)
        if base is None:
            raise BuildError(missing_python(environment.version))
        say(f"Making {environment.folder.name} with {base}")
        check([str(base), "-m", "venv", str(environment.folder)])
    stamp.write_text(UNFINISHED, encoding="utf-8")
    try:
        install(environment)
    except BuildError:
        stamp.unlink()  # pip failed in an orderly way: the next run goes on from here
        raise
    stamp.write_text(wanted, encoding="utf-8")
    return environment.python


def lock_lines(lock: Path) -> Iterator[str]:
    """The requirements in a lock file and in those that it names by `-r`."""
    for line in lock.read_text(encoding="utf-8").splitlines():
        if line.startswith("-r "):
            yield from lock_lines(lock.parent / line[3:].strip())
        elif line and not line.startswith("#"):
            yield line


def fingerprint(lock: Path) -> str:
    """Changes when anything in the lock file changes."""
    return hashlib.sha256("\n".join(lock_lines(lock)).encode()).hexdigest()


def works(environment: Environment) -> bool:
    """Whether the environment's Python starts, is of the right version and has pip."""
    return python_version([str(environment.python)], "pip") == environment.version


def python_version(command: Sequence[str], *needs: str) -> str | None:
    """Version ("3.11") of the Python that `command` starts; None if there is none or it lacks a module in `needs`."""
    program = f"import sys, {', '.join(('os', *needs))}; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run([*command, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def find_python(version: str) -> Path | None:
    """A Python of this version that can make environments: this one, on the PATH, or where managers put theirs."""
    home = Path.home()
    pyenv = Path(os.environ.get("PYENV_ROOT", home / ".pyenv"))
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR", home / ".local/share/uv/python"))
    found = [getattr(sys, "_base_executable", sys.executable)]
    found += [shutil.which(name) for name in (f"python{version}", "python3", "python")]
    found += sorted(pyenv.glob(f"versions/{version}.*/bin/python"), reverse=True)
    found += sorted(uv.glob(f"cpython-{version}.*/bin/python"), reverse=True)
    found += [py_launcher(version)] if os.name == "nt" else []
    for candidate in filter(None, found):
        if python_version([str(candidate)], "venv", "ensurepip") == version:
            return Path(candidate)
    return None


def py_launcher(version: str) -> str | None:
    """The Python that Windows' `py` would start for this version."""
    try:
        command = ["py", f"-{version}", "-c", "import sys; print(sys.executable)"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def missing_python(version: str) -> str:
    """What to do when there is no Python of this version."""
    return (
        f"No Python {version} that can make virtual environments was found. Install it from python.org, with your "
        f"system's package manager (Debian and Ubuntu: python{version} and python{version}-venv), pyenv or uv, "
        "and run this again."
    )


# --- Packages -------------------------------------------------------------------------------------------------------


def install(environment: Environment) -> None:
    """Install the lock file. Raises BuildError if that fails."""
    lines = list(lock_lines(environment.lock))
    torch = next((line.split(";")[0].strip() for line in lines if line.startswith("torch==")), None)
    if torch and sys.platform.startswith("linux") and not has_nvidia_gpu():
        install_cpu_torch(environment, torch)
    say(f"Installing {environment.lock.relative_to(environment.lock.parent.parent)} ({len(set(lines))} packages)")
    pip(environment, "install", "-r", str(environment.lock))


def has_nvidia_gpu() -> bool:
    """Whether NVIDIA's driver lists a GPU."""
    try:
        return "GPU" in subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return False


def install_cpu_torch(environment: Environment, torch: str) -> None:
    """Install torch's CPU build, so that the lock file's line finds itself satisfied.

    PyPI's torch for Linux brings gigabytes of CUDA libraries. Only CPU builds carry the label +cpu, and PyPI has none:
    asking for that label takes a wheel that pip is set up to find here, or PyTorch's own index, and never CUDA.
    """
    wanted = f"{torch}+cpu"
    say(f"No NVIDIA GPU: installing {wanted}")
    try:
        pip(environment, "install", "--no-deps", wanted)
    except BuildError:
        say(f"  from {PYTORCH_CPU_INDEX}")
        pip(environment, "install", "--no-deps", "--retries", "2", "--index-url", PYTORCH_CPU_INDEX, wanted)


def pip(environment: Environment, *arguments: str) -> None:
    """Run pip in the environment, a line for each package that it fetches. Raises BuildError with its last words."""
    command = [str(environment.python), "-m", "pip", *arguments, "--disable-pip-version-check", "--no-input"]
    command += ["--progress-bar", "off"]
    count, tail = 0, deque(maxlen=15)  # type: int, deque[str]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout or ():
            tail.append(line.rstrip())
            if line.startswith(("Collecting ", "Processing ")):
                count += 1
                say(f"  {count:3d} {Path(line.split()[1]).name}")
            elif line.startswith("Installing collected"):
                say("      unpacking")
    if process.returncode != 0:
        raise BuildError("\n  ".join(["Packages could not be installed. pip's last words:", *tail]))


# --- The extension --------------------------------------------------------------------------------------------------

BUNDLED_WEIGHTS = ("index.json", "README.md", "starter.safetensors")


def extension_version() -> str:
    """The version in the extension's manifest."""
    manifest = (ROOT / "blender_addon/blender_manifest.toml").read_text(encoding="utf-8")
    found = re.search(r'^version = "([^"]+)"', manifest, re.MULTILINE)
    if found is None:
        raise BuildError("blender_addon/blender_manifest.toml has no line 'version = \"...\"'.")
    return found.group(1)


def extension_files() -> dict[str, Path]:
    """What is in the zip: name inside it -> file. The add-on lies at the root, the backend and weights beside it."""
    files = dict(source_files(ROOT / "blender_addon"))
    files.update({f"edge_backend/{name}": path for name, path in source_files(ROOT / "edge_backend")})
    files.update({f"weights/{name}": ROOT / "weights" / name for name in BUNDLED_WEIGHTS})
    # The lock file goes along: the add-on makes the backend's environment from it.
    files.update({name: ROOT / name for name in ("LICENSE", "README.md", "requirements/backend.txt")})
    files.update({f"requirements/locked/{path.name}": path for path in (REQUIREMENTS / "locked").glob("*.txt")})
    return files


def source_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Name relative to `folder` and path of every file in it that belongs to the sources."""
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        hidden = any(part.startswith(".") or part == "__pycache__" for part in parts)
        if path.is_file() and not hidden and path.suffix != ".pyc":
            yield "/".join(parts), path


def build_zip(folder: Path = ROOT / "dist") -> Path:
    """Write edge_dance-VERSION.zip into `folder` and return its path. Equal files give equal bytes.

    Raises BuildError if a file that belongs in it is missing.
    """
    files = extension_files()
    missing = [path.relative_to(ROOT).as_posix() for path in files.values() if not path.is_file()]
    if missing:
        raise BuildError(f"The extension is not complete: {', '.join(missing)} missing.")
    target = folder / f"edge_dance-{extension_version()}.zip"
    folder.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    with zipfile.ZipFile(part, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            entry.create_system = 3  # Unix, wherever this runs
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[name].read_bytes(), compresslevel=9)
    part.replace(target)
    return target


def validate_zip(path: Path, environment: Environment = MAIN) -> bool:
    """Let Blender's own extension tool judge the zip. False if there is no Blender to ask. Raises BuildError."""
    packages = "Lib/site-packages" if os.name == "nt" else "lib/python*/site-packages"
    tools = sorted(environment.folder.glob(f"{packages}/bpy/*/scripts/addons_core/bl_pkg/cli/blender_ext.py"))
    if not tools or not environment.python.exists():
        return False
    command = [str(environment.python), str(tools[0]), "validate", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BuildError(f"Blender does not accept {path.name}:\n{done.stdout}{done.stderr}")
    return True


# --- Tests ----------------------------------------------------------------------------------------------------------

BLENDER_TESTS = "tests/blender_addon"
DEFAULT_BLENDERS = ("4.5", "5.2")  # the older and the newer Python
NO_TESTS_COLLECTED = 5  # pytest's exit code; no failure where the caller picked tests that lie elsewhere


def pytest_run(environment: Environment, targets: Sequence[str], options: Sequence[str]) -> int:
    """Run pytest on `targets` in an environment and return its exit code."""
    variables = {**os.environ, "EDGE_DANCE_PYTHON": str(MAIN.python), "PYTHONUNBUFFERED": "1"}
    command = [str(environment.python), "-m", "pytest", *targets, *options]
    code = subprocess.run(command, cwd=ROOT, env=variables, check=False).returncode
    return 0 if options and code == NO_TESTS_COLLECTED else code


def split_targets(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Sort pytest's arguments into what names files or folders of tests, and the options."""
    targets = [word for word in arguments if not word.startswith("-") and (ROOT / word.split("::")[0]).exists()]
    return targets, [word for word in arguments if word not in targets]


def blender_tests(name: str, targets: Sequence[str], options: Sequence[str], required: bool) -> int | None:
    """Run tests in one Blender; returns pytest's exit code. Without a Python for it: 1 if it is required, else None."""
    environment = BLENDERS[name]
    if not works(environment) and find_python(environment.version) is None:
        say(f"Blender {name} is not tested. {missing_python(environment.version)}")
        return 1 if required else None
    try:
        ensure(environment)
    except BuildError as error:
        say(str(error))
        return 1
    return pytest_run(environment, targets, options)


# --- Commands -------------------------------------------------------------------------------------------------------


def command_build(_: argparse.Namespace) -> int:
    """Build the zip."""
    path = build_zip()
    judged = "Blender's own check passed" if validate_zip(path) else "not checked by Blender: no environment yet"
    say(f"{path.relative_to(ROOT)}  {path.stat().st_size / 1e6:.1f} MB  ({judged})")
    return 0


def command_env(options: argparse.Namespace) -> int:
    """Make or update one environment."""
    say(str(ensure(BLENDERS[options.blender])))
    return 0


def command_demo(options: argparse.Namespace) -> int:
    """Build, install, dance, render."""
    python = ensure(MAIN)
    path = build_zip()
    validate_zip(path)
    say(f"Built {path.relative_to(ROOT)}")
    demo = ROOT / "demo"
    check([str(python), str(demo / "make_demo.py"), str(path), str(demo), *options.arguments])
    return 0


def command_test(options: argparse.Namespace) -> int:
    """Every check, one after the other; the exit code says whether all of them passed."""
    python = str(ensure(MAIN))
    targets, flags = split_targets(options.arguments)
    steps: list[tuple[str, Callable[[], int | None]]] = [
        ("lint", lambda: run([python, "-m", "ruff", "check"])),
        ("format", lambda: run([python, "-m", "ruff", "format", "--check"])),
        ("types", lambda: run([python, "-m", "mypy"])),
    ]
    elsewhere = [word for word in targets if not word.startswith(BLENDER_TESTS)]
    if elsewhere or not targets:
        where = elsewhere or ["tests", f"--ignore={BLENDER_TESTS}"]
        steps.append(("tests", lambda: pytest_run(MAIN, where, flags)))
    in_blender = [word for word in targets if word.startswith(BLENDER_TESTS)]
    for name in BLENDERS if in_blender or not targets else ():
        if options.matrix or name in DEFAULT_BLENDERS:
            test = partial(blender_tests, name, in_blender or [BLENDER_TESTS], flags, required=options.matrix)
            steps.append((f"Blender {name}", test))

    summary = []
    for name, step in steps:
        say(f"\n=== {name}")
        began = time.monotonic()
        code = step()
        verdict = "SKIPPED" if code is None else "passed" if code == 0 else "FAILED"
        summary.append(f"{verdict:8s}{name:12s}{time.monotonic() - began:7.1f} s")
    say("\n" + "\n".join(summary))
    return 1 if any(line.startswith("FAILED") for line in summary) else 0


def run(command: Sequence[str]) -> int:
    """Run a program in the repository with its output shown; returns its exit code."""
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def check(command: Sequence[str]) -> None:
    """Run a program. Raises BuildError if it fails."""
    code = run(command)
    if code != 0:
        raise BuildError(f"{Path(command[0]).name} {' '.join(command[1:3])} ended with exit code {code}.")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line. Words after -- are handed on to pytest or to the demo."""
    own, rest = list(arguments), []
    if "--" in own:
        cut = own.index("--")
        own, rest = own[:cut], own[cut + 1 :]
    summary = (__doc__ or "").split("\n")[0]
    parser = argparse.ArgumentParser(prog="build_addon.py", description=summary)
    parser.set_defaults(run=command_build)
    commands = parser.add_subparsers(title="commands (none builds the zip)", metavar="")
    env = commands.add_parser("env", help="make or update an environment; prints its Python last")
    env.add_argument("--blender", choices=BLENDERS, default="4.5", help="which Blender's (default: %(default)s, .venv)")
    env.set_defaults(run=command_env)
    demo = commands.add_parser("demo", help="song to dance to film in a real Blender; -- ARGS go to demo/make_demo.py")
    demo.set_defaults(run=command_demo)
    test = commands.add_parser("test", help="lint, types and all tests; -- ARGS go to pytest")
    test.add_argument("--matrix", action="store_true", help="Blender tests in 4.2, 4.5, 5.0 and 5.2")
    test.set_defaults(run=command_test)
    return parser.parse_args(own, argparse.Namespace(arguments=rest))


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    options = parse(arguments)
    try:
        return int(options.run(options))
    except BuildError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
