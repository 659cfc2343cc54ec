"""Operators that import weights: a checkpoint of EDGE's authors, and Jukebox, from which theirs get the music's
features."""

from pathlib import Path
from typing import Any

import bpy

from ..backend.launch import CommandLaunch
from ..backend.programs import Programs
from ..edge_backend.errors.from_exception import explain
from ..edge_backend.model.catalogue import SUFFIX
from ..edge_backend.setup.home import free_bytes
from ..preferences import launch, weights_folder
from ..setup.status import watch, why_not_added
from .program import run_program
from .reasons import Reasoned

_LICENCE = "https://github.com/openai/jukebox/blob/master/LICENSE"
_FETCHED, _CONVERTED = 10.3e9, 9.3e9  # bytes


class WeightsImport(Programs):
    """Imports, downloads and conversions of weights."""

    busy = "weights_busy", "Weights are being imported already."


weights_import = WeightsImport()
"""The import of this Blender process; `registration` stops it."""


class EDGE_DANCE_OT_import_weights(Reasoned, bpy.types.Operator):
    """Import a checkpoint of EDGE's network, of its authors or trained with their code"""

    bl_idname = "edge_dance.import_weights"
    bl_label = "Import Checkpoint"

    filepath: bpy.props.StringProperty(
        name="Checkpoint",
        subtype="FILE_PATH",
        options={"SKIP_SAVE"},
        description="The checkpoint file",
    )
    filter_glob: bpy.props.StringProperty(default="*.pt;*.pth;*.ckpt", options={"HIDDEN"})
    name: bpy.props.StringProperty(
        name="Name", options={"SKIP_SAVE"}, description="Name of the weights; by default that of the file"
    )

    @classmethod
    def why_not(cls, _context: bpy.types.Context) -> str:
        return weights_import.busy[1] if weights_import.run else why_not_added(watch.peek().health)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        manager: Any = context.window_manager
        manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Import the checkpoint and choose the weights for the next dance."""
        folder = weights_folder(context)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self.report({"ERROR"}, str(explain(error)))
            return {"CANCELLED"}
        command = ["weights", "import", str(Path(bpy.path.abspath(self.filepath)).resolve())]
        command += ["--weights-folder", str(folder)]
        if name := Path(self.name.strip()).name:
            command += ["-o", str(folder / f"{name}{SUFFIX}")]
        return run_program(self, context, weights_import, CommandLaunch(launch(context), tuple(command)), _choose)


class EDGE_DANCE_OT_get_edge(Reasoned, bpy.types.Operator):
    """Get the weights that EDGE's authors published, which need Jukebox's music features"""

    bl_idname = "edge_dance.get_edge"
    bl_label = "Get EDGE"

    accept: bpy.props.BoolProperty(
        name="I have read this", options={"SKIP_SAVE"}, description="Required for the download"
    )

    @classmethod
    def why_not(cls, _context: bpy.types.Context) -> str:
        return weights_import.busy[1] if weights_import.run else why_not_added(watch.peek().health)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Show the licence first."""
        manager: Any = context.window_manager
        result: set[str] = manager.invoke_props_dialog(self, width=480)
        return result

    def draw(self, context: bpy.types.Context) -> None:
        column: Any = self.layout.column()
        column.label(
            text="The checkpoint is of EDGE's authors, who state no licence for it; their code is MIT's.", icon="INFO"
        )
        column.label(text="It learned from AIST++, under the terms of the AIST Dance DB, and gets music features from")
        column.label(text="Jukebox: it and its dances may not be used commercially. Get Jukebox brings that, 10.3 GB.")
        column.prop(self, "accept")
        if not bpy.app.online_access:
            column.label(text="Online access is off: enable Allow Online Access.", icon="ERROR")
            column.prop(context.preferences.system, "use_online_access", text="Allow Online Access")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Download the checkpoint, import it and choose it for the next dance."""
        if not self.accept:
            self.report({"ERROR"}, "The licence was not accepted; nothing was downloaded.")
            return {"CANCELLED"}
        if not bpy.app.online_access:
            self.report({"ERROR"}, "Online access is off. Enable Allow Online Access in Preferences > System.")
            return {"CANCELLED"}
        command = ("weights", "fetch", "edge", "--accept-licence", "--weights-folder", str(weights_folder(context)))
        return run_program(self, context, weights_import, CommandLaunch(launch(context), command), _choose)


class EDGE_DANCE_OT_get_jukebox(Reasoned, bpy.types.Operator):
    """Get Jukebox for weights of EDGE's authors, which need its music features: 10.3 GB to download, 9.3 GB on disk"""

    bl_idname = "edge_dance.get_jukebox"
    bl_label = "Get Jukebox"

    accept: bpy.props.BoolProperty(
        name="I accept Jukebox's licence",
        options={"SKIP_SAVE"},
        description="Required for the download",
    )
    directory: bpy.props.StringProperty(
        name="OpenAI's Files",
        subtype="DIR_PATH",
        options={"SKIP_SAVE"},
        description="Folder with vqvae.pth.tar and prior_level_2.pth.tar. Empty: they are downloaded",
    )

    @classmethod
    def why_not(cls, _context: bpy.types.Context) -> str:
        return weights_import.busy[1] if weights_import.run else why_not_added(watch.peek().health)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Show the licence first."""
        self._free = free_bytes(weights_folder(context))
        manager: Any = context.window_manager
        result: set[str] = manager.invoke_props_dialog(self, width=480)
        return result

    def draw(self, context: bpy.types.Context) -> None:
        column: Any = self.layout.column()
        column.label(text="Jukebox is by OpenAI, under a Noncommercial Use License:", icon="INFO")
        column.label(text="it and what is made with it may be used for noncommercial purposes only.")
        column.operator("wm.url_open", text="Read the Licence", icon="URL").url = _LICENCE
        column.prop(self, "accept")
        column.separator()
        column.label(text="Five seconds of music take two minutes on two processor cores; a GPU is much faster.")
        needed, free = _CONVERTED + (0 if self.directory else _FETCHED), self._free
        later = "" if self.directory else f", {_CONVERTED / 1e9:.1f} GB of them permanently"
        text = f"It needs {needed / 1e9:.1f} GB of disk space{later}; {free / 1e9:.1f} GB are free."
        column.label(text=text, icon="NONE" if free > needed else "ERROR")
        column.prop(self, "directory", placeholder="Download them")
        if not self.directory and not bpy.app.online_access:
            column.label(text="Online access is off: enable Allow Online Access, or name OpenAI's files.", icon="ERROR")
            column.prop(context.preferences.system, "use_online_access", text="Allow Online Access")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Download what is missing, then convert it; both resume after an interruption."""
        if not self.accept:
            self.report({"ERROR"}, "Jukebox's licence was not accepted; nothing was downloaded.")
            return {"CANCELLED"}
        if not self.directory and not bpy.app.online_access:
            self.report(
                {"ERROR"},
                "Online access is off. Enable Allow Online Access in Preferences > System, or name OpenAI's files.",
            )
            return {"CANCELLED"}
        command = ["weights", "fetch", "jukebox", "--accept-licence", "--weights-folder", str(weights_folder(context))]
        if self.directory:
            command += ["--from", str(Path(bpy.path.abspath(self.directory)).resolve())]
        return run_program(self, context, weights_import, CommandLaunch(launch(context), tuple(command)))


class EDGE_DANCE_OT_cancel_weights(Reasoned, bpy.types.Operator):
    """Stop the import; it resumes from there the next time"""

    bl_idname = "edge_dance.cancel_weights"
    bl_label = "Cancel"
    bl_options = {"INTERNAL"}

    @classmethod
    def why_not(cls, _context: bpy.types.Context) -> str:
        return "" if weights_import.run else "No weights are being imported."

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """Request the end; the timer of `run_program` notices it."""
        if weights_import.run:
            weights_import.run.cancel()
        return {"FINISHED"}


def _choose(path: str) -> None:
    bpy.context.scene.edge_dance.weights = Path(path).stem
