"""Whether armatures can dance, kept until something in the file changes: panels and buttons ask at every redraw."""

from dataclasses import dataclass
from typing import Any

import bpy
from bpy.app.handlers import persistent

from ..edge_backend.errors import EdgeError
from ..edge_backend.motion.retarget.bone_map import BoneMap
from ..edge_backend.motion.retarget.families import families
from .obstacles import Obstacle, obstacles_of
from .retarget import bone_map_of, chosen_bones, faults_of

_MOST = 64
_checks: dict[tuple[Any, ...], "RigCheck"] = {}


@dataclass(frozen=True, slots=True)
class RigCheck:
    """An armature's bone map, what keeps it from dancing, and what keeps a dance on it from being seen as it is.

    faults: a sentence or two each, none if it can dance. obstacles: none where bones are missing.
    """

    bone_map: BoneMap
    faults: tuple[str, ...]
    obstacles: tuple[Obstacle, ...]

    def error(self, armature: bpy.types.Object) -> EdgeError | None:
        """All faults in one error; None if there are none."""
        if self.faults:
            return EdgeError("rig_unfit", f"{armature.name} cannot dance yet.", " ".join(self.faults))
        return None


def check_rig(armature: bpy.types.Object, context: bpy.types.Context) -> RigCheck:
    """What `bone_map_of`, `faults_of` and `obstacles_of` say of the armature as it was evaluated last.

    Operators' polls and panels see what is evaluated; a script that has just changed something may not. So before keys
    are written, `bone_map_of` and `faults_of` are asked themselves.
    """
    # Of another frame and of changes in the bone map's list Blender does not tell.
    key = (armature.session_uid, context.scene.frame_current_final, chosen_bones(armature))
    if key not in _checks:
        if len(_checks) >= _MOST:
            _checks.clear()
        bone_map = bone_map_of(armature)
        obstacles = () if bone_map.problems else tuple(obstacles_of(armature, bone_map, context))
        _checks[key] = RigCheck(bone_map, tuple(faults_of(armature, bone_map)), obstacles)
    return _checks[key]


def register() -> None:
    """Be told of changes; read the families of rigs now, not when a panel is drawn for the first time."""
    families()
    for happenings in _happenings():
        happenings.append(_forget)


def unregister() -> None:
    """Be told no more."""
    for happenings in _happenings():
        happenings.remove(_forget)
    _checks.clear()


def _happenings() -> tuple[Any, ...]:
    handlers = bpy.app.handlers
    return handlers.depsgraph_update_post, handlers.undo_post, handlers.redo_post, handlers.load_post


@persistent
def _forget(*_what: Any) -> None:
    _checks.clear()
