"""What belongs to this machine rather than to a file: the backend's set-up, weights, how long the worker stays."""

import sys
from pathlib import Path
from typing import Any

import bpy

from .backend.launch import Launch
from .backend.pending_results import PendingResults
from .edge_backend.setup.machine import LABELS, suggest
from .setup.run import SetUpLaunch

ADDON = __package__

PYTHON = sys.version_info[:2]


class Preferences:
    """The preferences' properties; `ui.preferences` registers and draws them."""

    backend_python: bpy.props.StringProperty(
        name="Backend Python",
        description="A Python of your own that has the backend's packages. Empty: the one that Set Up Backend makes",
        subtype="FILE_PATH",
    )
    weights_folder: bpy.props.StringProperty(
        name="Weights Folder",
        description="A folder with weights of your own. Empty: one that stays when the extension is updated",
        subtype="DIR_PATH",
    )
    start_ahead: bpy.props.BoolProperty(
        name="Preload Backend",
        description="Start the backend when the Dance tab shows a character, so that the first dance begins at once",
        default=True,
    )
    idle_minutes: bpy.props.IntProperty(
        name="Keep Warm",
        description="Minutes after which an idle backend ends and frees its memory. 0: never",
        default=10,
        min=0,
        max=1440,
    )
    threads: bpy.props.IntProperty(
        name="Threads",
        description="Processor threads that the backend may use. 0: as many as it likes",
        default=0,
        min=0,
        max=256,
    )
    torch_build: bpy.props.EnumProperty(
        name="Runs On",
        description="The build of PyTorch that Set Up Backend installs",
        items=[
            ("auto", "Automatic", "What suits this machine"),
            ("cuda", LABELS["cuda"], "NVIDIA's GPUs, on Linux and Windows"),
            ("rocm", LABELS["rocm"], "AMD's GPUs, on Linux"),
            ("apple", LABELS["apple"], "Macs with Apple's processors"),
            ("cpu", LABELS["cpu"], "Any machine; the smallest download"),
        ],
        default="auto",
    )
    mirror: bpy.props.StringProperty(
        name="Package Mirror",
        description="Address of a mirror's simple index, for networks without PyPI. What comes is checked all the same",
    )
    proxy: bpy.props.StringProperty(
        name="Proxy",
        description="Address of the proxy for set-up. Empty: that of the variable https_proxy, if there is one",
    )
    wheel_folder: bpy.props.StringProperty(
        name="Wheel Folder",
        description="Install from wheels in this folder, without a network; docs/install.md says how to fill it",
        subtype="DIR_PATH",
    )


def preferences_of(context: bpy.types.Context) -> Any:
    """The extension's preferences."""
    found: Any = context.preferences.addons[ADDON].preferences
    return found


def user_folder(name: str) -> Path:
    """A folder of the extension that stays when it is updated; it may not exist yet."""
    return Path(bpy.utils.extension_path_user(ADDON, path=name))


def backend_home() -> Path:
    """Where set-up puts its environments."""
    return user_folder("backend")


def pending_results() -> PendingResults:
    """The dances that were made but not applied."""
    return PendingResults(user_folder("results"))


def weights_folder(context: bpy.types.Context) -> Path:
    """Where the user's own weights lie; it may not exist yet."""
    return _path(preferences_of(context).weights_folder) or user_folder("weights")


def launch(context: bpy.types.Context) -> Launch:
    """How the worker is to be started, as the preferences have it."""
    preferences = preferences_of(context)
    return Launch(
        python=_path(preferences.backend_python),
        home=backend_home(),
        weights_folder=weights_folder(context),
        idle_minutes=preferences.idle_minutes,
        threads=preferences.threads,
    )


def set_up_launch(context: bpy.types.Context, remove: bool = False) -> SetUpLaunch:
    """How set-up is to be started, as the preferences have it."""
    preferences = preferences_of(context)
    build = preferences.torch_build
    return SetUpLaunch(
        home=backend_home(),
        build=suggest(PYTHON).build if build == "auto" else build,
        mirror=preferences.mirror.strip(),
        proxy=preferences.proxy.strip(),
        wheels=_path(preferences.wheel_folder),
        remove=remove,
    )


def _path(text: str) -> Path | None:
    return Path(bpy.path.abspath(text)) if text else None
