"""Operators that set the backend up, look after it and give its memory back."""

import time
from pathlib import Path
from typing import Any

import bpy
import gpu as _gpu

from ..backend.service import service
from ..edge_backend.errors import EdgeError
from ..edge_backend.setup.home import Home, free_bytes
from ..edge_backend.setup.locked import lock_file, read_lock, this_system
from ..edge_backend.setup.machine import LABELS, suggest
from ..edge_backend.setup.program import bytes_needed
from ..preferences import PYTHON, backend_home, launch, preferences_of, set_up_launch
from ..setup.installer import installer
from ..setup.report import Host, ReportMaker
from .program import run_program

_TICK_S = 0.1


class EDGE_DANCE_OT_set_up_backend(bpy.types.Operator):
    """Install what makes the dances: a Python environment of its own, in this extension's user folder"""

    bl_idname = "edge_dance.set_up_backend"
    bl_label = "Set Up Backend"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Greyed with the reason."""
        if installer.run:
            cls.poll_message_set("The backend is being set up already")
            return False
        if service.busy:
            cls.poll_message_set("A dance is being made")
            return False
        if not bpy.app.online_access and not preferences_of(context).wheel_folder:
            cls.poll_message_set(
                "Blender may not go online: tick Allow Online Access in Preferences > System, "
                "or name a folder of wheels in this extension's preferences"
            )
            return False
        return True

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Ask first."""
        try:
            launch = set_up_launch(context)
            self._wheels = read_lock(lock_file(launch.build, this_system(), PYTHON))
            self._home = backend_home()
        except EdgeError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        window_manager: Any = context.window_manager
        result: set[str] = window_manager.invoke_props_dialog(self, width=440)
        return result

    def draw(self, context: bpy.types.Context) -> None:
        """What will happen."""
        layout: Any = self.layout
        preferences = preferences_of(context)
        found = suggest(PYTHON)
        launch = set_up_launch(context)
        wheels = read_lock(lock_file(launch.build, this_system(), PYTHON))
        column = layout.column()
        column.label(text=found.found, icon="INFO")
        column.prop(preferences, "torch_build")
        size = sum(wheel.size for wheel in wheels)
        where = "taken from " + str(launch.wheels) if launch.wheels else "downloaded"
        column.label(text=f"{len(wheels)} packages for {LABELS[launch.build]}, {size / 1e6:,.0f} MB, are {where}.")
        if not all(wheel.sha256 for wheel in wheels):
            column.label(text="PyTorch itself comes on top, and by the checksum of PyTorch's own index.")
        needed, free = bytes_needed(wheels, self._home / "downloads"), free_bytes(self._home)
        enough = "" if free > needed else ": too little"
        text = f"About {needed / 1e9:.1f} GB of the disk are needed, {free / 1e9:.1f} GB are free{enough}."
        column.label(text=text, icon="NONE" if free > needed else "ERROR")
        column.label(text="Nothing outside of this extension's user folder is changed.")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Start it; in the background, wait for it."""
        return begin(self, context, remove=False)


class EDGE_DANCE_OT_remove_backend(bpy.types.Operator):
    """Remove the backend that was set up, and give its disk space back"""

    bl_idname = "edge_dance.remove_backend"
    bl_label = "Remove Backend"

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Greyed with the reason."""
        cls.poll_message_set("It is busy")
        return not (installer.run or service.busy)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask first."""
        window_manager: Any = context.window_manager
        result: set[str] = window_manager.invoke_confirm(self, event)
        return result

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Start it; in the background, wait for it."""
        return begin(self, context, remove=True)


class EDGE_DANCE_OT_cancel_set_up(bpy.types.Operator):
    """Stop the set-up; it goes on from there the next time"""

    bl_idname = "edge_dance.cancel_set_up"
    bl_label = "Cancel Set-Up"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only while there is something to cancel."""
        return installer.run is not None

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """The timer sees its end."""
        if installer.run:
            installer.run.cancel()
        return {"FINISHED"}


class EDGE_DANCE_OT_free_memory(bpy.types.Operator):
    """End the idle backend, so that its memory and the GPU's are free; the next dance starts it anew"""

    bl_idname = "edge_dance.free_memory"
    bl_label = "Free Memory"

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only while it lives and nothing is being made."""
        cls.poll_message_set("A dance is being made" if service.busy else "The backend is not running")
        return service.running and not service.busy

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """At once."""
        service.stop()
        self.report({"INFO"}, "The backend's memory is free.")
        return {"FINISHED"}


class EDGE_DANCE_OT_write_report(bpy.types.Operator):
    """Look at the whole installation and copy what was found, without any path of yours, to paste into a report"""

    bl_idname = "edge_dance.write_report"
    bl_label = "Copy Report"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """In a thread; in the background, wait for it."""
        maker = ReportMaker(launch(context), Home(backend_home()), _host())
        if bpy.app.background:
            while maker.text is None:
                time.sleep(_TICK_S)
            _hand_over(maker.text)
            return {"FINISHED"}

        def tick() -> float | None:
            if maker.text is None:
                return _TICK_S
            _hand_over(maker.text)
            return None

        bpy.app.timers.register(tick, persistent=True)
        self.report({"INFO"}, "Looking; this takes a moment.")
        return {"FINISHED"}


def _host() -> Host:
    folders = [Path(bpy.app.tempdir), Path(bpy.utils.resource_path("USER"))]
    folders += [Path(bpy.data.filepath).parent] if bpy.data.filepath else []
    gpu = "none" if bpy.app.background else f"{_gpu.platform.vendor_get()} {_gpu.platform.renderer_get()}"
    return Host(bpy.app.version_string, gpu, service.problem or installer.problem, tuple(folders))


def _hand_over(text: str) -> None:
    """Onto the clipboard and into a text of the file."""
    name = "EDGE Dance Report"
    block = bpy.data.texts.get(name) or bpy.data.texts.new(name)
    block.from_string(text)
    bpy.context.window_manager.clipboard = text


def begin(operator: bpy.types.Operator, context: bpy.types.Context, remove: bool) -> set[str]:
    """Start set-up or removal and look after it; without a window, wait for it."""
    service.stop()  # its files are in use, and it may be the wrong one afterwards
    return run_program(operator, context, installer, set_up_launch(context, remove))
