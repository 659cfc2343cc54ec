"""The extension's preferences, stored per user and not in blend files: backend, weights, threads, set-up."""

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
    """Properties of the preferences. `ui.preferences` registers and draws them."""

    backend_python: bpy.props.StringProperty(
        name="Backend Python",
        description="A Python of your own with the backend's packages. Empty: the one that Set Up Backend installs",
        subtype="FILE_PATH",
    )
    weights_folder: bpy.props.StringProperty(
        name="Weights Folder",
        description="Folder with weights of your own. Empty: one in Blender's user folder, which updates do not touch",
        subtype="DIR_PATH",
    )
    start_ahead: bpy.props.BoolProperty(
        name="Preload Backend",
        description="Start the backend when the Dance tab shows a character, so that the first dance starts at once",
        default=True,
    )
    idle_minutes: bpy.props.IntProperty(
        name="Keep Warm",
        description="Minutes after which an idle backend exits and frees its memory. 0: never",
        default=10,
        min=0,
        max=1440,
    )
    engine: bpy.props.EnumProperty(
        name="Engine",
        description="The library that evaluates the network",
        items=[
            ("auto", "Automatic", "PyTorch on a GPU and where weights need it, else ONNX Runtime"),
            ("onnx", "ONNX Runtime", "On the CPU; comes with the extension"),
            ("torch", "PyTorch", "On the CPU or a GPU, once Add GPU and Jukebox has installed it"),
        ],
        default="auto",
    )
    threads: bpy.props.IntProperty(
        name="Threads",
        description="Processor threads that the backend may use. 0: automatic",
        default=0,
        min=0,
        max=256,
    )
    torch_build: bpy.props.EnumProperty(
        name="Runs On",
        description="The build of PyTorch that Set Up Backend installs",
        items=[
            ("auto", "Automatic", "The build that fits this machine"),
            ("cuda", LABELS["cuda"], "NVIDIA GPUs, on Linux and Windows"),
            ("rocm", LABELS["rocm"], "AMD GPUs, on Linux"),
            ("apple", LABELS["apple"], "Macs with Apple silicon"),
            ("cpu", LABELS["cpu"], "Any machine; the smallest download"),
        ],
        default="auto",
    )
    mirror: bpy.props.StringProperty(
        name="Package Mirror",
        description="Address of a mirror's simple index, for networks without PyPI. Checksums are still verified",
    )
    proxy: bpy.props.StringProperty(
        name="Proxy",
        description="Address of the proxy for set-up. Empty: the variable https_proxy, if it is set",
    )
    wheel_folder: bpy.props.StringProperty(
        name="Wheel Folder",
        description="Install from wheels in this folder, without a network. docs/install.md explains how to fill it",
        subtype="DIR_PATH",
    )


def preferences_of(context: bpy.types.Context) -> Any:
    """The extension's preferences."""
    found: Any = context.preferences.addons[ADDON].preferences
    return found


def user_folder(name: str) -> Path:
    """A folder of the extension in Blender's user folder, which updates leave in place. It may not exist yet."""
    return Path(bpy.utils.extension_path_user(ADDON, path=name))


def backend_home() -> Path:
    """The folder in which set-up installs the backend's environments."""
    return user_folder("backend")


def pending_results() -> PendingResults:
    """The store of dances that were generated but not applied."""
    return PendingResults(user_folder("results"))


def weights_folder(context: bpy.types.Context) -> Path:
    """The folder with the user's own weights. It may not exist yet."""
    return _path(preferences_of(context).weights_folder) or user_folder("weights")


def launch(context: bpy.types.Context) -> Launch:
    """How to start the worker, according to the preferences."""
    preferences = preferences_of(context)
    return Launch(
        python=_path(preferences.backend_python),
        home=backend_home(),
        weights_folder=weights_folder(context),
        idle_minutes=preferences.idle_minutes,
        threads=preferences.threads,
        engine=preferences.engine,
    )


def set_up_launch(context: bpy.types.Context, remove: bool = False) -> SetUpLaunch:
    """How to start set-up, according to the preferences. remove: remove the backend instead."""
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
