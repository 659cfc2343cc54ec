"""Operators that install, repair and remove the backend, free its memory and report on it."""

import time
from pathlib import Path
from typing import Any, NamedTuple

import bpy
import gpu as _gpu

from ..backend.service import service
from ..edge_backend.errors import EdgeError
from ..edge_backend.errors.from_exception import explain
from ..edge_backend.setup.home import Home, free_bytes
from ..edge_backend.setup.locked import lock_file, read_lock, this_system
from ..edge_backend.setup.machine import LABELS, suggest
from ..edge_backend.setup.program import bytes_needed
from ..preferences import PYTHON, backend_home, launch, preferences_of, set_up_launch
from ..setup.installer import installer
from ..setup.report import Host, ReportMaker
from ..setup.status import watch
from .program import run_program
from .reasons import Reasoned, why_busy

_TICK_S = 0.1


class Packages(NamedTuple):
    """The packages of a build.

    size: bytes to download. needed: bytes of disk space. all_locked: every checksum is known.
    """

    number: int
    size: int
    needed: int
    all_locked: bool


class EDGE_DANCE_OT_set_up_backend(Reasoned, bpy.types.Operator):
    """Install the backend that generates the dances, a Python environment in this extension's user folder"""

    bl_idname = "edge_dance.set_up_backend"
    bl_label = "Set Up Backend"

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        if installer.run:
            return "The backend is being set up already."
        if busy := why_busy():
            return busy
        return watch.peek().no_packages or why_offline(context)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Find the packages for this machine, then show the dialog."""
        home = backend_home()
        try:
            self._found = suggest(PYTHON)
            locks = {build: read_lock(lock_file(build, this_system(), PYTHON)) for build in self._found.builds}
            self._packages = {
                build: Packages(len(wheels), sum(wheel.size for wheel in wheels),
                                bytes_needed(wheels, home / "downloads"), all(wheel.sha256 for wheel in wheels))
                for build, wheels in locks.items()
            }  # fmt: skip
            self._free = free_bytes(home)
        except (EdgeError, OSError) as error:
            self.report({"ERROR"}, str(explain(error)))
            return {"CANCELLED"}
        window_manager: Any = context.window_manager
        result: set[str] = window_manager.invoke_props_dialog(self, width=440)
        return result

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        preferences = preferences_of(context)
        column = layout.column()
        column.label(text=self._found.found, icon="INFO")
        column.prop(preferences, "torch_build")
        build = self._found.build if preferences.torch_build == "auto" else preferences.torch_build
        packages = self._packages.get(build)
        if packages is None:
            column.label(text=f"There are no packages for {LABELS[build]} on this machine.", icon="ERROR")
            return
        folder = preferences.wheel_folder
        where = f"taken from {folder}" if folder else "downloaded"
        column.label(
            text=f"{packages.number} packages for {LABELS[build]}, {packages.size / 1e6:,.0f} MB, are {where}."
        )
        if not packages.all_locked:
            column.label(text="PyTorch is added to these, with the checksum of PyTorch's own index.")
        enough = packages.needed < self._free
        text = f"About {packages.needed / 1e9:.1f} GB of disk space are needed, {self._free / 1e9:.1f} GB are free"
        column.label(text=f"{text}." if enough else f"{text}: not enough.", icon="NONE" if enough else "ERROR")
        column.label(text="Nothing outside this extension's user folder is changed.")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Start set-up; in background mode, wait for it."""
        return begin(self, context, remove=False)


class EDGE_DANCE_OT_remove_backend(Reasoned, bpy.types.Operator):
    """Remove the installed backend and free its disk space"""

    bl_idname = "edge_dance.remove_backend"
    bl_label = "Remove Backend"

    @classmethod
    def why_not(cls, _context: bpy.types.Context) -> str:
        if installer.run:
            return "The backend is being set up already."
        return why_busy()

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        window_manager: Any = context.window_manager
        result: set[str] = window_manager.invoke_confirm(self, event)
        return result

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Start the removal; in background mode, wait for it."""
        return begin(self, context, remove=True)


class EDGE_DANCE_OT_cancel_set_up(Reasoned, bpy.types.Operator):
    """Stop the set-up; it resumes from there the next time"""

    bl_idname = "edge_dance.cancel_set_up"
    bl_label = "Cancel Setup"
    bl_options = {"INTERNAL"}

    @classmethod
    def why_not(cls, _context: bpy.types.Context) -> str:
        return "" if installer.run else "The backend is not being set up."

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Request the end; the timer of `run_program` notices it."""
        if installer.run:
            installer.run.cancel()
        return {"FINISHED"}


class EDGE_DANCE_OT_free_memory(Reasoned, bpy.types.Operator):
    """Stop the idle backend to free its memory and that of the GPU; the next dance starts it again"""

    bl_idname = "edge_dance.free_memory"
    bl_label = "Free Memory"

    @classmethod
    def why_not(cls, _context: bpy.types.Context) -> str:
        if busy := why_busy():
            return busy
        return "" if service.running else "The backend is not running: there is no memory to free."

    def execute(self, _context: bpy.types.Context) -> set[str]:
        service.stop()
        self.report({"INFO"}, "The backend's memory is free.")
        return {"FINISHED"}


class EDGE_DANCE_OT_write_report(bpy.types.Operator):
    """Check the whole installation and copy a report, without any path of yours, to paste into an issue"""

    bl_idname = "edge_dance.write_report"
    bl_label = "Copy Report"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Make the report in a thread; in background mode, wait for it."""
        maker = ReportMaker(launch(context), Home(backend_home()), _host())
        if bpy.app.background:
            while maker.text is None:
                time.sleep(_TICK_S)
            _copy_report(maker.text)
            return {"FINISHED"}

        def tick() -> float | None:
            if maker.text is None:
                return _TICK_S
            _copy_report(maker.text)
            return None

        bpy.app.timers.register(tick, persistent=True)
        self.report({"INFO"}, "Checking the installation; this takes a moment.")
        return {"FINISHED"}


def why_offline(context: bpy.types.Context) -> str:
    """Why set-up cannot get packages, "" if it can: online access is off, and there is no wheel folder."""
    if bpy.app.online_access or preferences_of(context).wheel_folder:
        return ""
    if bpy.app.online_access_override:
        return "Blender was started in offline mode: restart it without, or set a Wheel Folder in the preferences."
    return "Online access is off: enable Allow Online Access, or set a Wheel Folder in the preferences."


def _host() -> Host:
    folders = [Path(bpy.app.tempdir), Path(bpy.utils.resource_path("USER"))]
    folders += [Path(bpy.data.filepath).parent] if bpy.data.filepath else []
    gpu = "none" if bpy.app.background else f"{_gpu.platform.vendor_get()} {_gpu.platform.renderer_get()}"
    return Host(bpy.app.version_string, gpu, service.problem or installer.problem, tuple(folders))


def _copy_report(text: str) -> None:
    """Copy the report to the clipboard and into a text data-block."""
    name = "EDGE Dance Report"
    block = bpy.data.texts.get(name) or bpy.data.texts.new(name)
    block.from_string(text)
    bpy.context.window_manager.clipboard = text


def begin(operator: bpy.types.Operator, context: bpy.types.Context, remove: bool) -> set[str]:
    """Start set-up or removal and poll it; without a window, wait for it."""
    service.stop()  # its files are in use
    return run_program(operator, context, installer, set_up_launch(context, remove), _restart_worker)


def _restart_worker(_sentence: str) -> None:
    """End a worker that was started meanwhile: the next dance takes the new backend."""
    if not service.busy:
        service.stop()
