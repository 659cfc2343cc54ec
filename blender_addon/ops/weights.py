"""Operators that bring weights in: a checkpoint of EDGE's authors, and Jukebox, which theirs listens through."""

from pathlib import Path
from typing import Any

import bpy

from ..backend.launch import CommandLaunch
from ..backend.programs import Programs
from ..edge_backend.model.catalogue import SUFFIX
from ..preferences import launch, weights_folder
from .program import run_programs

JUKEBOX = "jukebox-5b"
_AUTHORS_FILE, _AUTHORS_ID = "checkpoint", "edge-jukebox"


class WeightsImport(Programs):
    """Imports, downloads and conversions."""

    busy = "weights_busy", "Weights are being brought in already."


weights_import = WeightsImport()
"""Of this Blender. `registration` stops it."""


class EDGE_DANCE_OT_import_weights(bpy.types.Operator):
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
    def poll(cls, _context: bpy.types.Context) -> bool:
        """One at a time."""
        cls.poll_message_set(weights_import.busy[1])
        return weights_import.run is None

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Ask for the file."""
        manager: Any = context.window_manager
        manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """The panel's weights are then these; until they are there, a dance says that they are missing."""
        source = Path(bpy.path.abspath(self.filepath)).resolve()
        stem = Path(self.name.strip() or source.stem).name
        if not self.name and stem == _AUTHORS_FILE:
            stem = _AUTHORS_ID
        folder = weights_folder(context)
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"{stem}{SUFFIX}"
        command = ("weights", "import", str(source), "-o", str(target), "--json")
        result = run_programs(self, context, weights_import, CommandLaunch(launch(context), command))
        if result == {"FINISHED"}:
            context.scene.edge_dance.weights = stem
        return result


class EDGE_DANCE_OT_get_jukebox(bpy.types.Operator):
    """Get Jukebox, through which the weights of EDGE's authors listen: 10.3 GB to download, 9.3 GB on the disk"""

    bl_idname = "edge_dance.get_jukebox"
    bl_label = "Get Jukebox"

    accept: bpy.props.BoolProperty(
        name="I accept Jukebox's licence", options={"SKIP_SAVE"}, description="github.com/openai/jukebox"
    )
    directory: bpy.props.StringProperty(
        name="Its Files",
        subtype="DIR_PATH",
        options={"SKIP_SAVE"},
        description="A folder with vqvae.pth.tar and prior_level_2.pth.tar. Empty: they are downloaded",
    )

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """One at a time."""
        cls.poll_message_set(weights_import.busy[1])
        return weights_import.run is None

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Show the licence first."""
        manager: Any = context.window_manager
        result: set[str] = manager.invoke_props_dialog(self, width=440)
        return result

    def draw(self, _context: bpy.types.Context) -> None:
        """What it is, and under which terms."""
        column: Any = self.layout.column()
        column.label(text="Jukebox is OpenAI's, under a Noncommercial Use License:", icon="INFO")
        column.label(text="it, and what is made with it, may be used for purposes that are not commercial.")
        column.label(text="Five seconds of music take about two minutes on two processor cores; a GPU is far quicker.")
        column.prop(self, "accept")
        column.prop(self, "directory")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Download what lacks, then convert; both go on where they were stopped."""
        if not self.accept:
            self.report({"ERROR"}, "Jukebox's licence was not accepted; nothing was fetched. Tick it, if you do.")
            return {"CANCELLED"}
        if not self.directory and not bpy.app.online_access:
            self.report(
                {"ERROR"},
                "Blender may not go online. Tick Allow Online Access in Preferences > System, or name its files.",
            )
            return {"CANCELLED"}
        folder = weights_folder(context)
        files = Path(bpy.path.abspath(self.directory)).resolve() if self.directory else folder / "openai"
        fetch = ("jukebox", "fetch", "-o", str(files), "--accept-licence", "--json")
        convert = ("jukebox", "convert", str(files), "-o", str(folder / JUKEBOX), "--json")
        start = launch(context)
        steps = [CommandLaunch(start, command) for command in ([] if self.directory else [fetch]) + [convert]]
        return run_programs(self, context, weights_import, *steps)


class EDGE_DANCE_OT_cancel_weights(bpy.types.Operator):
    """Stop bringing weights in; it goes on from there the next time"""

    bl_idname = "edge_dance.cancel_weights"
    bl_label = "Cancel"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only while there is something to stop."""
        return weights_import.run is not None

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """The timer sees its end."""
        if weights_import.run:
            weights_import.run.cancel()
        return {"FINISHED"}
