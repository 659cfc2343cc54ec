"""What belongs to this machine rather than to a file: the backend's Python, weights, how long the worker stays."""

from pathlib import Path

import bpy

from .backend.launch import Launch
from .backend.service import service

ADDON = __package__


class EDGE_DANCE_Preferences(bpy.types.AddonPreferences):
    """The extension's preferences"""

    bl_idname = ADDON

    backend_python: bpy.props.StringProperty(
        name="Backend Python",
        description="The Python that has torch and librosa. Empty: the first one found on the PATH",
        subtype="FILE_PATH",
    )
    weights_folder: bpy.props.StringProperty(
        name="Weights Folder",
        description="A folder with weights of your own. The starter weights are always there",
        subtype="DIR_PATH",
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

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the preferences."""
        layout = self.layout
        layout.use_property_split = True
        layout.prop(self, "backend_python", placeholder="Automatic")
        layout.prop(self, "weights_folder", placeholder="Starter weights only")
        layout.prop(self, "idle_minutes", text="Keep Warm (minutes)")
        layout.prop(self, "threads")
        if service.problem:
            layout.label(text=service.problem.message, icon="ERROR")


def launch(context: bpy.types.Context) -> Launch:
    """How the worker is to be started, as the preferences have it."""
    preferences = context.preferences.addons[ADDON].preferences
    return Launch(
        python=_path(preferences.backend_python),
        weights_folder=_path(preferences.weights_folder),
        idle_minutes=preferences.idle_minutes,
        threads=preferences.threads,
    )


def _path(text: str) -> Path | None:
    return Path(bpy.path.abspath(text)) if text else None
