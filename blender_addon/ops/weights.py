"""Operators that bring weights in: a checkpoint of EDGE's authors, and Jukebox, which theirs listens through."""

from pathlib import Path
from typing import Any

import bpy

from ..backend.launch import CommandLaunch
from ..backend.programs import Programs
from ..edge_backend.model.catalogue import SUFFIX
from ..edge_backend.setup.home import free_bytes
from ..preferences import launch, weights_folder
from .program import run_program
from .reasons import Reasoned

_LICENCE = "https://github.com/openai/jukebox/blob/master/LICENSE"
_FETCHED, _CONVERTED = 10.3e9, 9.3e9  # bytes


class WeightsImport(Programs):
    """Imports, downloads and conversions."""

    busy = "weights_busy", "Weights are being brought in already."


weights_import = WeightsImport()
"""Of this Blender. `registration` stops it."""


class EDGE_DANCE_OT_import_weights(Reasoned, bpy.types.Operator):
    """Make weights from a checkpoint of EDGE's network, its authors' or one that was trained with their code"""

    bl_idname = "edge_dance.import_weights"
    bl_label = "Import Checkpoint"

    filepath: bpy.props.StringProperty(
        name="Checkpoint", subtype="FILE_PATH", options={"SKIP_SAVE"}, description="The file that training wrote"
    )
    filter_glob: bpy.props.StringProperty(default="*.pt;*.pth;*.ckpt", options={"HIDDEN"})
    name: bpy.props.StringProperty(
        name="Name", options={"SKIP_SAVE"}, description="What the weights are to be called; by default as their file"
    )

    @classmethod
    def why_not(cls, _context: bpy.types.Context) -> str:
        """One at a time."""
        return weights_import.busy[1] if weights_import.run else ""

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Ask for the file."""
        manager: Any = context.window_manager
        manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Once they are made, the dance's weights are these."""
        folder = weights_folder(context)
        folder.mkdir(parents=True, exist_ok=True)
        command = ["weights", "import", str(Path(bpy.path.abspath(self.filepath)).resolve())]
        command += ["--weights-folder", str(folder)]
        if name := Path(self.name.strip()).name:
            command += ["-o", str(folder / f"{name}{SUFFIX}")]
        return run_program(self, context, weights_import, CommandLaunch(launch(context), tuple(command)), _choose)


class EDGE_DANCE_OT_get_jukebox(Reasoned, bpy.types.Operator):
    """Get Jukebox, through which the weights of EDGE's authors hear music: 10.3 GB to download, 9.3 GB on the disk"""

    bl_idname = "edge_dance.get_jukebox"
    bl_label = "Get Jukebox"

    accept: bpy.props.BoolProperty(
        name="I accept Jukebox's licence",
        options={"SKIP_SAVE"},
        description="Without this nothing is fetched",
    )
    directory: bpy.props.StringProperty(
        name="OpenAI's Files",
        subtype="DIR_PATH",
        options={"SKIP_SAVE"},
        description="A folder with vqvae.pth.tar and prior_level_2.pth.tar. Empty: they are downloaded",
    )

    @classmethod
    def why_not(cls, _context: bpy.types.Context) -> str:
        """One at a time."""
        return weights_import.busy[1] if weights_import.run else ""

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Show the licence first."""
        self._free = free_bytes(weights_folder(context))
        manager: Any = context.window_manager
        result: set[str] = manager.invoke_props_dialog(self, width=480)
        return result

    def draw(self, context: bpy.types.Context) -> None:
        """What it is, under which terms, and what it takes."""
        column: Any = self.layout.column()
        column.label(text="Jukebox is OpenAI's, under a Noncommercial Use License:", icon="INFO")
        column.label(text="it, and what is made with it, may be used for purposes that are not commercial.")
        column.operator("wm.url_open", text="Read the Licence", icon="URL").url = _LICENCE
        column.prop(self, "accept")
        column.separator()
        column.label(text="Five seconds of music take it two minutes on two processor cores; a GPU is far quicker.")
        needed, free = _CONVERTED + (0 if self.directory else _FETCHED), self._free
        later = "" if self.directory else f", {_CONVERTED / 1e9:.1f} GB of them for good"
        text = f"It needs {needed / 1e9:.1f} GB of the disk{later}; {free / 1e9:.1f} GB are free."
        column.label(text=text, icon="NONE" if free > needed else "ERROR")
        column.prop(self, "directory", placeholder="Download them")
        if not self.directory and not bpy.app.online_access:
            column.label(
                text="Blender may not go online: tick Allow Online Access, or name OpenAI's files.", icon="ERROR"
            )
            column.prop(context.preferences.system, "use_online_access", text="Allow Online Access")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Download what lacks, then convert; both go on where they were stopped."""
        if not self.accept:
            self.report({"ERROR"}, "Jukebox's licence was not accepted; nothing was fetched.")
            return {"CANCELLED"}
        if not self.directory and not bpy.app.online_access:
            self.report(
                {"ERROR"},
                "Blender may not go online. Tick Allow Online Access in Preferences > System, or name its files.",
            )
            return {"CANCELLED"}
        command = ["weights", "fetch", "jukebox", "--accept-licence", "--weights-folder", str(weights_folder(context))]
        if self.directory:
            command += ["--from", str(Path(bpy.path.abspath(self.directory)).resolve())]
        return run_program(self, context, weights_import, CommandLaunch(launch(context), tuple(command)))


class EDGE_DANCE_OT_cancel_weights(Reasoned, bpy.types.Operator):
    """Stop bringing weights in; it goes on from there the next time"""

    bl_idname = "edge_dance.cancel_weights"
    bl_label = "Cancel"
    bl_options = {"INTERNAL"}

    @classmethod
    def why_not(cls, _context: bpy.types.Context) -> str:
        """Only while there is something to stop."""
        return "" if weights_import.run else "Nothing is being brought in."

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """The timer sees its end."""
        if weights_import.run:
            weights_import.run.cancel()
        return {"FINISHED"}


def _choose(path: str) -> None:
    bpy.context.scene.edge_dance.weights = Path(path).stem
