"""The Backend panel: the state of the backend, and the buttons that install, repair or remove it."""

from typing import Any

import bpy

from ..backend.service import service
from ..ops.reasons import Reasoned
from ..ops.setup import (
    EDGE_DANCE_OT_free_memory,
    EDGE_DANCE_OT_remove_backend,
    EDGE_DANCE_OT_set_up_backend,
    why_offline,
)
from ..preferences import ADDON
from ..setup.health import ADD
from ..setup.installer import installer
from ..setup.status import watch
from .dance_tab import DanceTab
from .text_layout import draw_reasons, draw_text, duration

_ICONS = {
    "checking": "SORTTIME",
    "ready": "CHECKMARK",
    "missing": "IMPORT",
    "unfinished": "RECOVER_LAST",
    "outdated": "FILE_REFRESH",
    "broken": "ERROR",
}
REPAIRED_BY_SET_UP = {"package_missing", "backend_packages_missing", "backend_damaged", "backend_start"}
"""Codes of failed jobs that set-up repairs although the backend seemed ready."""

_STAGES = {
    "preparing": "Preparing",
    "downloading": "Downloading",
    "unpacking": "Unpacking",
    "testing": "Testing with a dance",
}


class VIEW3D_PT_edge_dance_backend(DanceTab):
    """The process that generates the dances"""

    bl_label = "Backend"
    bl_parent_id = "VIEW3D_PT_edge_dance_settings"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        layout: Any = self.layout
        if installer.run:
            draw_set_up(layout)
        else:
            now = watch.read().health
            draw_text(layout, context, now.words, _ICONS[now.state])
            if now.ours and now.state in ("ready", "outdated", "broken", "unfinished"):
                row = layout.row(align=True)
                row.operator("edge_dance.set_up_backend", text=now.mend or "Repair Backend", icon="TOOL_SETTINGS")
                reasons: list[type[Reasoned]] = [EDGE_DANCE_OT_set_up_backend]
                if now.mend != ADD:  # nothing has been added
                    row.operator("edge_dance.remove_backend", text="", icon="TRASH")
                    reasons.append(EDGE_DANCE_OT_remove_backend)
                draw_reasons(layout, context, *reasons)
                _draw_permission(layout, context)
        layout.operator("edge_dance.free_memory", icon="MEMORY")
        draw_reasons(layout, context, EDGE_DANCE_OT_free_memory)
        layout.operator("edge_dance.write_report", icon="TEXT")


def why_no_backend() -> str:
    """Why no dance can be generated, "" if one can. While a new backend is set up, the old one can be used."""
    health = watch.read().health
    if health.usable or health.state == "checking":
        return ""
    return "Dances can be made once the backend is set up." if installer.run else "Dances need the backend: see above."


def draw_state(layout: Any, context: bpy.types.Context) -> None:
    """Draw the state of the backend, and the button that sets it up unless it is the user's own Python."""
    if installer.run:
        draw_set_up(layout)
        return
    now = watch.read().health
    draw_text(layout, context, now.words, _ICONS[now.state])
    if now.ours:
        draw_set_up_button(layout, context, now.mend or "Repair Backend", "IMPORT")


def draw_set_up_button(layout: Any, context: bpy.types.Context, text: str, icon: str) -> None:
    """Draw the button, and the reason if it is disabled."""
    row = layout.row()
    row.scale_y = 1.3
    row.operator("edge_dance.set_up_backend", text=text, icon=icon)
    draw_reasons(layout, context, EDGE_DANCE_OT_set_up_backend)
    _draw_permission(layout, context)


def _draw_permission(layout: Any, context: bpy.types.Context) -> None:
    """Draw Blender's switch for online access, if that alone prevents set-up."""
    reason = why_offline(context)
    if reason and reason == EDGE_DANCE_OT_set_up_backend.why_not(context) and not bpy.app.online_access_override:
        layout.prop(
            context.preferences.system, "use_online_access", text="Allow Online Access", icon="URL", toggle=True
        )


def draw_health(layout: Any, context: bpy.types.Context) -> None:
    """Draw the backend's problem and the button that repairs it; nothing if the backend is ready."""
    if installer.run:
        draw_set_up(layout)
        return
    now = watch.read().health
    if now.urgent:
        box = layout.box()
        draw_text(box, context, now.words, _ICONS[now.state])
        if now.mend:
            draw_set_up_button(box, context, now.mend, _ICONS[now.state])
        else:
            box.operator("preferences.addon_show", text="Preferences", icon="PREFERENCES").module = ADDON
    elif now.ours and service.problem and service.problem.code in REPAIRED_BY_SET_UP:
        draw_set_up_button(layout, context, now.mend or "Repair Backend", "TOOL_SETTINGS")
    if problem := installer.problem:
        draw_text(layout, context, str(problem), "ERROR")
        layout.operator("edge_dance.copy_problem", icon="COPYDOWN")


def draw_set_up(layout: Any) -> None:
    """Draw the progress of set-up."""
    run = installer.run
    if run is None:
        return
    row = layout.row(align=True)
    row.scale_y = 1.6
    factor, text = _progress(run)
    row.progress(factor=factor, text=text)
    row.operator("edge_dance.cancel_set_up", text="", icon="X")


def _progress(run: Any) -> tuple[float, str]:
    now = run.progress
    if run.launch.remove:
        return 0.0, "Removing the backend"
    if run.state == "cancelling" or now is None:
        return 0.0, "Cancelling" if now else "Starting"
    text = _STAGES.get(now.stage, now.stage)
    if now.stage == "downloading" and now.total:
        text = f"{text} {now.done / 1e6:,.0f} of {now.total / 1e6:,.0f} MB"
        if now.eta and now.eta >= 1:
            text += f", {duration(now.eta)} left"
    return now.done / max(1, now.total), text
