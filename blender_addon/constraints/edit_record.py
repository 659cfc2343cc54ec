"""The record of an edit on the take that it made, so that the edit can be repeated."""

import json
from dataclasses import asdict, dataclass, replace
from typing import Any

import bpy

from ..edge_backend.errors import EdgeError
from ..edge_backend.motion.skeleton import Joint
from ..keyframes.take_details import PROPERTY, details
from ..takes.identity import ensure_unique_ids
from .rows import Row

_EDIT = "edit"


@dataclass(frozen=True, slots=True)
class Edit:
    """An edit of a dance.

    first, last: the new dance's first and last frame in the scene. rows: the constraints. vary: the strength of the
    variation, None without one. source: the name of the edited action; source_id: its id, if it is a take. suffix: of
    the new take's name. plan: of JSON types, by which is danced what is not kept; None without one.
    """

    first: float
    last: float
    rows: tuple[Row, ...]
    vary: float | None = None
    source: str = ""
    source_id: str = ""
    suffix: str = ""
    plan: dict[str, Any] | None = None


def with_source(edit: Edit, source: bpy.types.Action | None) -> Edit:
    """The edit with this action as its source; unchanged without one."""
    return replace(edit, source=source.name, source_id=str(details(source).get("id", ""))) if source else edit


def store_edit(take: bpy.types.Action, edit: Edit) -> None:
    """Store the edit with the take that it made."""
    properties: Any = take[PROPERTY]
    properties[_EDIT] = json.dumps(asdict(edit), default=sorted)  # sets become lists


def edit_of(take: bpy.types.Action) -> Edit | None:
    """The edit that made the take, None if it was not made by an edit."""
    stored = details(take).get(_EDIT)
    if not stored:
        return None
    values = json.loads(stored)
    return Edit(**values | {"rows": tuple(_row(row) for row in values["rows"])})


def source_of(edit: Edit) -> bpy.types.Action | None:
    """The action that was edited, None without one. A take is found by its id, even if it was renamed.

    Raises EdgeError source_gone.
    """
    if not edit.source:
        return None
    ensure_unique_ids()
    for action in bpy.data.actions:
        if details(action).get("id", "") == edit.source_id if edit.source_id else action.name == edit.source:
            return action
    raise EdgeError(
        "source_gone",
        f"{edit.source}, which this take was made from, is no longer in the file.",
        "Generate a new dance, or undo the removal.",
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
