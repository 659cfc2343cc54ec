"""Packages into an environment, by pip."""

from __future__ import annotations

import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from .base import BuildError, say

PYTORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"


def lock_lines(lock: Path) -> Iterator[str]:
    """The requirements in a lock file and in those that it names by `-r`."""
    for line in lock.read_text(encoding="utf-8").splitlines():
        if line.startswith("-r "):
            yield from lock_lines(lock.parent / line[3:].strip())
        elif line and not line.startswith("#"):
            yield line


def install(python: Path, lock: Path) -> None:
    """Install a lock file into the environment of that Python. Raises BuildError if that fails.

    Modules are compiled as they are imported, which is a fraction of them.
    """
    lines = list(lock_lines(lock))
    torch = next((line.split(";")[0].strip() for line in lines if line.startswith("torch==")), None)
    if torch and sys.platform.startswith("linux") and not has_nvidia_gpu():
        install_cpu_torch(python, torch)
    say(f"Installing {lock.relative_to(lock.parent.parent)} ({len(set(lines))} packages)")
    pip(python, "install", "--no-compile", "-r", str(lock))


def has_nvidia_gpu() -> bool:
    """Whether NVIDIA's driver lists a GPU."""
    try:
        return "GPU" in subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return False


def install_cpu_torch(python: Path, torch: str) -> None:
    """Install torch's CPU build, so that the lock file's line finds itself satisfied.

    PyPI's torch for Linux brings gigabytes of CUDA libraries. Only CPU builds carry the label +cpu, and PyPI has none:
    asking for that label takes a wheel that pip is set up to find here, or PyTorch's own index, and never CUDA.
    """
    wanted = f"{torch}+cpu"
    say(f"No NVIDIA GPU: installing {wanted}")
    try:
        pip(python, "install", "--no-compile", "--no-deps", wanted)
    except BuildError:
        say(f"  from {PYTORCH_CPU_INDEX}")
        elsewhere = ["--retries", "2", "--index-url", PYTORCH_CPU_INDEX]
        pip(python, "install", "--no-compile", "--no-deps", *elsewhere, wanted)


def pip(python: Path, *arguments: str) -> None:
    """Run pip in the environment, a line for each package that it fetches. Raises BuildError with its last words."""
    command = [str(python), "-m", "pip", *arguments, "--disable-pip-version-check", "--no-input"]
    command += ["--progress-bar", "off"]
    place = python.parents[1].name  # two environments may be made at a time
    count, tail = 0, deque(maxlen=15)  # type: int, deque[str]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout or ():
            tail.append(line.rstrip())
            if line.startswith(("Collecting ", "Processing ")):
                count += 1
                say(f"  {place} {count:3d} {Path(line.split()[1]).name}")
            elif line.startswith("Installing collected"):
                say(f"  {place}     unpacking")
    if process.returncode != 0:
        raise BuildError("\n  ".join(["Packages could not be installed. pip's last words:", *tail]))
