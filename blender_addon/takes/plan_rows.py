"""The plan of a take (choreography.plan_file), stored in the take's metadata: as rows for the panel, and its edits."""

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import bpy

from ..edge_backend.errors import EdgeError
from ..keyframes.take_details import PROPERTY, details

PLAN = "choreography"
"""Of the take's metadata."""


@dataclass(frozen=True)
class PlanRow:
    """A slot of the plan. start, end: seconds of the song's part. label: of its section. text: what is danced."""

    start: float
    end: float
    label: str
    text: str
    mirrored: bool
    returns: bool


def plan_of(action: bpy.types.Action) -> dict[str, Any] | None:
    """The take's plan, of JSON types; None where it has none."""
    return _parsed(str(details(action).get("meta", ""))).get(PLAN)


def plan_rows(action: bpy.types.Action) -> list[PlanRow]:
    """The slots of the take's plan; none without a plan."""
    plan = plan_of(action)
    steps = plan["steps"] if plan else []
    return [_row(step, steps) for step in steps]


def mirror_slot(action: bpy.types.Action, number: int) -> None:
    """Exchange left and right in a slot of the plan. Raises EdgeError plan_fixed where the network dances it first."""
    steps = _steps(action)
    step = steps[number]
    if not step["phrase"] and step["again"] < 0:
        raise EdgeError(
            "plan_fixed", f"Bars {number + 1} are danced for the first time.", "Mirror bars in which a dance returns."
        )
    step["mirrored"] = not step["mirrored"]
    _store(action, steps)


def free_slot(action: bpy.types.Action, number: int) -> None:
    """Leave a slot of the plan to the network; slots that took it up do so no longer, and take up each other."""
    steps = _steps(action)
    steps[number] |= {"phrase": "", "again": -1, "mirrored": False, "originality": 0.0}
    _store(action, steps)


def repeat_slot(action: bpy.types.Action, number: int, other: int) -> None:
    """Let a slot dance what an earlier one dances. Raises EdgeError plan_fixed where that one is not earlier."""
    steps = _steps(action)
    if not 0 <= other < number:
        raise EdgeError("plan_fixed", "Only the dance of earlier bars can return.", "Choose bars further up.")
    source = steps[other]
    origin = source["again"] if source["again"] >= 0 else other
    steps[number] |= {"phrase": source["phrase"], "again": -1 if source["phrase"] else origin}
    steps[number]["mirrored"] = source["mirrored"]
    for later in steps[number + 1 :]:
        if later["again"] == number:
            later |= {"phrase": steps[number]["phrase"], "again": steps[number]["again"]}
    _store(action, steps)


def _steps(action: bpy.types.Action) -> list[dict[str, Any]]:
    plan = plan_of(action)
    return json.loads(json.dumps(plan["steps"])) if plan else []


def _store(action: bpy.types.Action, steps: list[dict[str, Any]]) -> None:
    stored: Any = action[PROPERTY]
    meta = json.loads(stored["meta"])
    meta[PLAN]["steps"] = steps
    stored["meta"] = json.dumps(meta, sort_keys=True, ensure_ascii=False)


@lru_cache(maxsize=8)
def _parsed(meta: str) -> dict[str, Any]:
    """The metadata; panels ask for it at every drawing."""
    found = json.loads(meta) if meta else {}
    return found if isinstance(found, dict) else {}


def _row(step: dict[str, Any], steps: list[dict[str, Any]]) -> PlanRow:
    slot, text = step["slot"], "New"
    if step["phrase"]:
        text = step["phrase"]
    elif step["again"] >= 0:
        text = f"As {_clock(steps[step['again']]['slot']['counts'][0])}"
    counts = slot["counts"]
    return PlanRow(counts[0], counts[-1], slot["label"], text, step["mirrored"], step["again"] >= 0)


def _clock(seconds: float) -> str:
    return f"{int(seconds // 60)}:{seconds % 60:04.1f}"
