#!/usr/bin/env python3
"""Writes the lock files of wheels for every Python and system on which there is a Blender.

    python3 requirements/make_locked.py [--uv UV] [--torch-cpu WHEEL ...]
    python3 requirements/make_locked.py --bundled [--uv UV]

bundled.txt has the wheels that the extension's zips hold; locked/*.txt what Add GPU and Jukebox installs, one file for
each Python, system and build of torch.

uv resolves `backend.txt` against PyPI and names every wheel with its address, size and SHA-256; of them the one that
fits the machine is written. PyTorch's own index has the builds that PyPI has not: their checksums are WHEELs' at
hand, or left out, and then set-up takes them from that index over https and says so.
"""

import argparse
import hashlib
import os
import re
import subprocess
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from packaging.tags import Tag, compatible_tags, cpython_tags, mac_platforms
from packaging.utils import parse_wheel_filename

HERE = Path(__file__).resolve().parent

# Python, and the systems on which some Blender has it: 3.11 and 3.13 are those of blender.org's own Blenders, 3.12 and
# 3.14 those of Linux distributions, whose Blender runs on the system's Python.
PYTHONS = {
    "3.11": ("linux-x86_64", "windows-amd64", "macos-arm64"),
    "3.12": ("linux-x86_64",),
    "3.13": ("linux-x86_64", "windows-amd64", "macos-arm64"),
    "3.14": ("linux-x86_64",),
}
PYTORCH = "https://download.pytorch.org/whl"

# uv's name of each system, and which wheels run there, the best first. glibc 2.28 is what Blender needs, too.
SYSTEMS = {
    "linux-x86_64": (
        "x86_64-manylinux_2_28",
        [f"manylinux_2_{minor}_x86_64" for minor in range(28, 4, -1)]
        + ["manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64"],
    ),
    "windows-amd64": ("x86_64-pc-windows-msvc", ["win_amd64"]),
    "macos-arm64": ("aarch64-apple-darwin", list(mac_platforms((14, 0), "arm64"))),
}

# Build of torch -> what stands behind torch's version and in which of PyTorch's indexes; None = PyPI's own wheel.
BUILDS: dict[str, dict[str, str | None]] = {
    "linux-x86_64": {"cpu": "cpu", "cuda": None, "rocm": "rocm*"},  # of ROCm whichever version the index has
    "windows-amd64": {"cpu": None, "cuda": "cu130"},
    "macos-arm64": {"apple": None},
}
VIRTUALENV = "virtualenv==21.15.11"  # makes environments where Python comes without venv or ensurepip; all of it Python
ONLY_FOR_CUDA = ("nvidia-", "cuda-", "triton")

# What the extension brings along to dance without set-up. onnxruntime asks for flatbuffers, protobuf and packaging,
# too: its tools import them, inference does not. numpy is Blender's.
BUNDLED = ("onnxruntime==1.32.0", "soundfile==0.14.0", "cffi==2.1.1", "typing-extensions==4.16.0")

HEADER = """\
# Made by requirements/make_locked.py. Behind each wheel's checksum: its size in bytes and its address.
# By hand: pip install --no-deps --require-hashes -r THIS_FILE
"""


def backend() -> tuple[list[str], list[str]]:
    """What the backend needs, and the versions of backend.txt."""
    project = tomllib.loads((HERE.parent / "pyproject.toml").read_text("utf-8"))["project"]
    return project["dependencies"], (HERE / "backend.txt").read_text("utf-8").splitlines()


def resolve(uv: str, python: str, platform: str, needed: list[str], pinned: list[str]) -> dict[str, Any]:
    """uv's lock of what is needed: PEP 751's pylock.toml."""
    with tempfile.TemporaryDirectory() as folder:
        lock = Path(folder) / "pylock.toml"
        top = Path(folder) / "top.in"
        top.write_text("\n".join(needed), "utf-8")
        pins = Path(folder) / "pins.txt"
        # numpy 1.26 is for the Blenders with Python 3.11, and has no wheels for 3.13.
        pins.write_text("\n".join(row for row in pinned if python == "3.11" or not row.startswith("numpy==")), "utf-8")
        subprocess.run(
            [uv, "pip", "compile", str(top), "-c", str(pins), "-q", "--format", "pylock.toml", "-o", str(lock),
             "--python-version", python, "--python-platform", platform, "--only-binary", ":all:",
             "--default-index", "https://pypi.org/simple", "--no-header"],
            check=True, env=os.environ | {"MACOSX_DEPLOYMENT_TARGET": "14.0"},
        )  # fmt: skip
        return tomllib.loads(lock.read_text("utf-8"))


def tags(python: str, platforms: list[str]) -> list[Tag]:
    """What runs on that Python and system, the best first."""
    major, minor = map(int, python.split("."))
    own = cpython_tags((major, minor), platforms=platforms)
    return [*own, *compatible_tags((major, minor), f"cp{major}{minor}", platforms)]


def rows(lock: dict[str, Any], fitting: list[Tag]) -> Iterator[tuple[str, str]]:
    """(name, line) for every package."""
    rank = {tag: place for place, tag in enumerate(fitting)}
    for package in lock["packages"]:
        wheels = []
        for wheel in package.get("wheels", ()):
            name = wheel.get("name") or unquote(wheel["url"].rsplit("/", 1)[1])
            places = [rank[tag] for tag in parse_wheel_filename(name)[3] if tag in rank]
            if places:
                wheels.append((min(places), wheel["url"], wheel["size"], wheel["hashes"]["sha256"]))
        if not wheels:
            raise SystemExit(f"{package['name']} has no wheel that fits.")
        _, url, size, sha256 = min(wheels)
        name, version = package["name"], package["version"]
        yield name, f"{name}=={version} --hash=sha256:{sha256} # {size} {url}"


def torch_of_pytorch(channel: str, version: str, python: str, system: str, at_hand: dict[str, Path]) -> str:
    """The line for a build that only PyTorch's index has."""
    tag = "cp" + python.replace(".", "")
    platform = "manylinux_2_28_x86_64" if system.startswith("linux") else "win_amd64"
    name = f"torch-{version}+{channel}-{tag}-{tag}-{platform}.whl"
    if wheel := at_hand.get(name):
        sha256 = hashlib.file_digest(wheel.open("rb"), "sha256").hexdigest()
        address = f"{PYTORCH}/{channel}/{quote(name)}"
        return f"torch=={version}+{channel} --hash=sha256:{sha256} # {wheel.stat().st_size} {address}"
    page = f"{PYTORCH}/torch" if "*" in channel else f"{PYTORCH}/{channel}/torch"
    return f"torch=={version}+{channel} # 0 {page}/{quote(name, safe='*')}"


def bundled(uv: str) -> list[str]:
    """The lines of bundled.txt: every wheel of BUNDLED for every Python and system, each once."""
    names = {row.partition("==")[0] for row in BUNDLED}
    lines = set()
    for python, systems in PYTHONS.items():
        for system in systems:
            platform, platforms = SYSTEMS[system]
            found = rows(resolve(uv, python, platform, list(BUNDLED), []), tags(python, platforms))
            lines |= {line for name, line in found if name in names}
    return sorted(lines, key=lambda line: (line.partition("==")[0], line.rpartition("/")[2]))


def write(name: str, lines: list[str]) -> None:
    """One lock file."""
    path = HERE / f"{name}.txt"
    path.write_text(HEADER + "\n".join(lines) + "\n", "utf-8", newline="\n")
    print(path.name, len(lines))


def main() -> None:
    """Write all files."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--uv", default="uv")
    parser.add_argument("--torch-cpu", type=Path, nargs="*", default=[], metavar="WHEEL")
    parser.add_argument("--bundled", action="store_true", help="write bundled.txt alone")
    options = parser.parse_args()
    write("bundled", bundled(options.uv))
    if options.bundled:
        return
    at_hand = {wheel.name: wheel for wheel in options.torch_cpu}
    (HERE / "locked").mkdir(exist_ok=True)
    pure = resolve(options.uv, "3.11", SYSTEMS["linux-x86_64"][0], [VIRTUALENV], [])
    write("locked/virtualenv", [line for _, line in rows(pure, [Tag("py3", "none", "any")])])
    for python, systems in PYTHONS.items():
        for system in systems:
            platform, platforms = SYSTEMS[system]
            found = dict(rows(resolve(options.uv, python, platform, *backend()), tags(python, platforms)))
            version = re.match(r"torch==([\w.]+)", found["torch"])
            for build, channel in BUILDS[system].items():
                lines = dict(found)
                if channel and version:
                    lines["torch"] = torch_of_pytorch(channel, version[1], python, system, at_hand)
                    lines = {name: line for name, line in lines.items() if not name.startswith(ONLY_FOR_CUDA)}
                write(f"locked/cp{python.replace('.', '')}-{system}-{build}", list(lines.values()))


if __name__ == "__main__":
    main()
