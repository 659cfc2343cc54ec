"""How a take came of another action, so that it can be made once more: what was kept of it."""

import json
from dataclasses import asdict, dataclass, replace
from typing import Any

import bpy

from ..edge_backend.errors import EdgeError
from ..edge_backend.motion.skeleton import Joint
from ..keyframes.take_details import PROPERTY, details
from ..takes.identity import tell_apart
from .rows import Row

_EDIT = "edit"


@dataclass(frozen=True, slots=True)
class Edit:
    """An edit of a dance.

    first, last: the new dance's frames of the scene. rows: what was kept. vary: how far it was varied, None = not.
    source: the action's name, source_id: its mark, if it is a take. suffix: of the new take's name.
    """

    first: float
    last: float
    rows: tuple[Row, ...]
    vary: float | None = None
    source: str = ""
    source_id: str = ""
    suffix: str = ""


def of_action(edit: Edit, source: bpy.types.Action | None) -> Edit:
    """The edit as one of this action; without one nothing was read."""
    return replace(edit, source=source.name, source_id=str(details(source).get("id", ""))) if source else edit


def note_edit(take: bpy.types.Action, edit: Edit) -> None:
    """Keep the edit with the take that it made."""
    kept: Any = take[PROPERTY]
    kept[_EDIT] = json.dumps(asdict(edit), default=sorted)  # sets become lists


def edit_of(take: bpy.types.Action) -> Edit | None:
    """The edit that made the take, None if it was made from nothing."""
    kept = details(take).get(_EDIT)
    if not kept:
        return None
    values = json.loads(kept)
    return Edit(**values | {"rows": tuple(_row(row) for row in values["rows"])})


def source_of(edit: Edit) -> bpy.types.Action | None:
    """The action that was edited; a take is found though it was renamed. None if nothing was read.

    Raises EdgeError source_gone.
    """
    if not edit.source:
        return None
    tell_apart()
    for action in bpy.data.actions:
        if details(action).get("id", "") == edit.source_id if edit.source_id else action.name == edit.source:
            return action
    raise EdgeError(
        "source_gone",
        f"{edit.source}, of which this take keeps something, is no longer in the file.",
        "Generate a new dance, or undo its removal.",
    )


def _row(values: dict[str, Any]) -> Row:
    joints, points, feet = values["joints"], values["points"], values["feet"]
    return Row(
        **values
        | {
            "joints": None if joints is None else frozenset(map(Joint, joints)),
            "without": frozenset(map(Joint, values["without"])),
            "points": tuple((x, y) for x, y in points),
            "feet": tuple(feet),
        }
    )
