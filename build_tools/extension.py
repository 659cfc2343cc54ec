"""The extension's zips, one for each platform, with the wheels that it needs to dance."""

from __future__ import annotations

import os
import re
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

from .base import ROOT, BuildError
from .environments import MAIN, REQUIREMENTS, Environment
from .wheels import Wheel, bundled_wheels, fetch, this_platform

BUNDLED_WEIGHTS = ("index.json", "README.md", "starter.safetensors")


def extension_version() -> str:
    """The version in the extension's manifest."""
    manifest = (ROOT / "blender_addon/blender_manifest.toml").read_text(encoding="utf-8")
    found = re.search(r'^version = "([^"]+)"', manifest, re.MULTILINE)
    if found is None:
        raise BuildError("blender_addon/blender_manifest.toml has no line 'version = \"...\"'.")
    return found.group(1)


def extension_files() -> dict[str, Path]:
    """What is in every zip: name inside it -> file. The add-on lies at the root, the backend and weights beside it."""
    files = dict(source_files(ROOT / "blender_addon"))
    files.update({f"edge_backend/{name}": path for name, path in source_files(ROOT / "edge_backend")})
    files.update({f"weights/{name}": ROOT / "weights" / name for name in BUNDLED_WEIGHTS})
    files.update({f"weights/phrases/{name}": path for name, path in source_files(ROOT / "weights" / "phrases")})
    # The lock files go along: the add-on makes environments from them.
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


def build_zip(folder: Path = ROOT / "dist", platform: str = "") -> Path:
    """Write edge_dance-VERSION-PLATFORM.zip into `folder` and return its path. Equal files give equal bytes.

    platform: as Blender names it, such as linux-x64; "" = this machine's. What is in the zip is what Blender's own
    `extension build --split-platforms` would put there. Raises BuildError if a file that belongs in it is missing, or
    a wheel cannot be fetched.
    """
    platform = platform or this_platform()
    wheels = bundled_wheels(platform)
    files = extension_files()
    missing = [path.relative_to(ROOT).as_posix() for path in files.values() if not path.is_file()]
    if missing:
        raise BuildError(f"The extension is not complete: {', '.join(missing)} missing.")
    fetch(wheels)
    files.update({f"wheels/{wheel.file}": wheel.cached for wheel in wheels})
    target = folder / f"edge_dance-{extension_version()}-{platform.replace('-', '_')}.zip"
    folder.mkdir(parents=True, exist_ok=True)
    part = target.with_suffix(".part")
    with zipfile.ZipFile(part, "w") as archive:
        for name in sorted(files):
            content = files[name].read_bytes()
            if name == "blender_manifest.toml":
                content += generated_table(platform, wheels).encode()
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            entry.create_system = 3  # Unix, wherever this runs
            entry.compress_type = zipfile.ZIP_STORED if name.endswith(".whl") else zipfile.ZIP_DEFLATED
            archive.writestr(entry, content, compresslevel=9)
    part.replace(target)
    return target


def generated_table(platform: str, wheels: list[Wheel]) -> str:
    """What Blender's own builder adds to the manifest in the zip of one platform."""
    listed = ", ".join(f'"./wheels/{wheel.file}"' for wheel in wheels)
    return (
        "\n\n# BEGIN GENERATED CONTENT.\n# This must not be included in source manifests.\n[build.generated]\n"
        f'platforms = ["{platform}"]\nwheels = [{listed}]\n# END GENERATED CONTENT.\n'
    )


def validate_zip(path: Path, environment: Environment = MAIN) -> bool:
    """Let Blender's own extension tool judge the zip. False if there is no Blender to ask. Raises BuildError."""
    tool = blender_tool(environment)
    if tool is None:
        return False
    command = [str(environment.python), str(tool), "validate", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BuildError(f"Blender does not accept {path.name}:\n{done.stdout}{done.stderr}")
    return True


def blender_tool(environment: Environment = MAIN) -> Path | None:
    """The program behind `blender --command extension`, of the Blender in an environment; None if there is none."""
    packages = "Lib/site-packages" if os.name == "nt" else "lib/python*/site-packages"
    tools = sorted(environment.folder.glob(f"{packages}/bpy/*/scripts/addons_core/bl_pkg/cli/blender_ext.py"))
    return tools[0] if tools and environment.python.exists() else None
