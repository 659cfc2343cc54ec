"""A release: one version everywhere, the zips, and the index from which Blender gets updates."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from .base import ROOT, BuildError
from .environments import MAIN, Environment
from .extension import blender_tool, build_zip, extension_version, validate_zip
from .wheels import PLATFORMS

CHANGELOG = ROOT / "CHANGELOG.md"
_HEADING = re.compile(r"^## (\d+\.\d+\.\d+) \((\d{4}-\d{2}-\d{2}|not released yet)\)$", re.MULTILINE)


def check_versions(tag: str = "", changelog: Path = CHANGELOG) -> str:
    """The version that manifest, backend and changelog share.

    tag: of the release, such as v0.1.0; then the changelog must give it a day. Raises BuildError where they differ.
    """
    version = extension_version()
    found = {"edge_backend/__init__.py": _backend_version()}
    headings = _HEADING.findall(changelog.read_text(encoding="utf-8"))
    found[changelog.name] = headings[0][0] if headings else "none"
    if tag:
        found[f"the tag {tag}"] = tag[1:] if tag.startswith("v") else tag
    wrong = [f"{place} says {other}" for place, other in found.items() if other != version]
    if wrong:
        raise BuildError(f"blender_manifest.toml has the version {version}, but {', '.join(wrong)}.")
    if tag:
        check_day(version, headings[0][1])
    return version


def check_day(version: str, day: str) -> None:
    """Raise BuildError unless the changelog has a valid date for the version."""
    try:
        date.fromisoformat(day)
    except ValueError:
        raise BuildError(f"{CHANGELOG.name} gives {version} no day: it says ({day}).") from None


def notes(version: str, changelog: Path = CHANGELOG) -> str:
    """The changelog's entry of a version. Raises BuildError if there is none."""
    _, *parts = _HEADING.split(changelog.read_text(encoding="utf-8"))
    said = {parts[at]: parts[at + 2].strip() for at in range(0, len(parts), 3)}
    if not said.get(version):
        raise BuildError(f"{changelog.name} says nothing of {version}.")
    return said[version]


def build_repository(folder: Path, environment: Environment = MAIN, platforms: Iterable[str] = PLATFORMS) -> Path:
    """Make `folder` a static extension repository with this version's zips, and return its index.json.

    Put on any web server, index.json's address is what users add under Get Extensions > Repositories. Zips of older
    versions that lie in the folder stay, and Blender offers the newest. Raises BuildError where there is no Blender to
    make the index, or it refuses.
    """
    for platform in platforms:
        if not validate_zip(build_zip(folder, platform), environment):
            raise BuildError("The index is made by Blender's own tool: python3 build_addon.py env installs it.")
    tool = blender_tool(environment)
    command = [str(environment.python), str(tool), "server-generate", "--repo-dir", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    index = folder / "index.json"
    if done.returncode != 0 or not index.is_file():
        raise BuildError(f"Blender could not make the index of {folder}:\n{done.stdout}{done.stderr}")
    return index


def _backend_version() -> str:
    text = (ROOT / "edge_backend/__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"', text, re.MULTILINE)
    return found.group(1) if found else "nothing"
