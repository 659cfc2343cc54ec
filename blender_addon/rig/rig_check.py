"""A cache of checks whether armatures can dance, for panels and buttons, which ask at every redraw.

It is cleared by every change of the file.
"""

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
    """The result of a check.

    faults: reasons why the armature cannot dance, one or two sentences each. obstacles: what hides a dance; not looked
    for if bones are missing.
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
    """The check of the armature, in the state of the last evaluation of the dependency graph.

    A script that has just changed something may see an outdated result. Before writing keys, call `bone_map_of` and
    `faults_of` instead.
    """
    # Frame and chosen bones are part of the key, because no handler is called when they change.
    key = (armature.session_uid, context.scene.frame_current_final, chosen_bones(armature))
    if key not in _checks:
        if len(_checks) >= _MOST:
            _checks.clear()
        bone_map = bone_map_of(armature)
        obstacles = () if bone_map.problems else tuple(obstacles_of(armature, bone_map, context))
        _checks[key] = RigCheck(bone_map, tuple(faults_of(armature, bone_map)), obstacles)
    return _checks[key]


def register() -> None:
    """Add the handlers, and read the families of rigs, because panels must not read files."""
    families()
    for happenings in _happenings():
        happenings.append(_forget)


def unregister() -> None:
    """Remove the handlers."""
    for happenings in _happenings():
        happenings.remove(_forget)
    _checks.clear()


def _happenings() -> tuple[Any, ...]:
    handlers = bpy.app.handlers
    return handlers.depsgraph_update_post, handlers.undo_post, handlers.redo_post, handlers.load_post


@persistent
def _forget(*_what: Any) -> None:
    _checks.clear()
