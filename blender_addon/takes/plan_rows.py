"""The plan of a take (choreography.plan_file) in its metadata: its rows for the panel, and edits of it."""

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import bpy

from ..edge_backend.choreography.plan import Plan
from ..edge_backend.choreography.plan_file import plan_of_json
from ..edge_backend.errors import EdgeError
from ..keyframes.take_details import PROPERTY, details

PLAN = "choreography"
"""Key of the plan in the take's metadata."""

CHANGED = "changed"
"""Key in a step of the stored plan: whether it was changed since the take was danced."""


@dataclass(frozen=True)
class PlanRow:
    """A slot of the plan, for the panel.

    start, end: seconds of the song's part. label: its section's. text: what is danced. phrase: its id, or "". changed:
    whether the take does not dance it yet. The others are as in choreography.plan.Step.
    """

    start: float
    end: float
    label: str
    text: str
    phrase: str
    mirrored: bool
    originality: float
    pinned: bool
    changed: bool


def plan_of(action: bpy.types.Action) -> dict[str, Any] | None:
    """The take's plan in JSON types; None if it has none."""
    return _parsed(str(details(action).get("meta", ""))).get(PLAN)


def plan_rows(action: bpy.types.Action) -> list[PlanRow]:
    """The slots of the take's plan; none without a plan."""
    plan = plan_of(action)
    steps = plan["steps"] if plan else []
    return [_row(step, steps) for step in steps]


def changed_slots(action: bpy.types.Action) -> list[int]:
    """The numbers of the slots that were changed since the take was danced."""
    return [number for number, row in enumerate(plan_rows(action)) if row.changed]


def mirror_slot(action: bpy.types.Action, number: int) -> None:
    """Exchange left and right in a slot of the plan. Raises EdgeError plan_fixed for the model's own dance."""
    steps = _steps(action)
    step = steps[number]
    if not step["phrase"] and step["again"] < 0:
        raise EdgeError(
            "plan_fixed", f"Bars {number + 1} are danced for the first time.", "Mirror bars in which a dance returns."
        )
    step["mirrored"] = not step["mirrored"]
    _store(action, steps)


def pin_slot(action: bpy.types.Action, number: int) -> None:
    """Pin or unpin a slot of the plan; pinned ones stay when the plan is made anew."""
    steps = _steps(action)
    steps[number]["pinned"] = not steps[number].get("pinned", False)
    _store(action, steps)


def free_slot(action: bpy.types.Action, number: int) -> None:
    """Let the model dance a slot of the plan anew; for slots that repeat it see `freed`."""
    steps = _steps(action)
    same = _followers(steps, number)
    _store(action, freed(steps, number), same)


def freed(steps: list[dict[str, Any]], number: int) -> list[dict[str, Any]]:
    """The steps after one is left to the model. Slots in which its dance returns now repeat the first of them.

    Those that wait to be danced do not have that dance: they repeat what comes.
    """
    followers = [later for later in _followers(steps, number) if not steps[later].get(CHANGED)]
    turned = bool(followers) and steps[followers[0]]["mirrored"]
    for later in followers:
        steps[later] |= {"again": followers[0], "mirrored": steps[later]["mirrored"] != turned}
    for first in followers[:1]:
        steps[first] |= {"again": -1, "originality": 0.0}
    steps[number] |= {"phrase": "", "again": -1, "mirrored": False, "originality": 0.0, CHANGED: True}
    return steps


def repeat_slot(action: bpy.types.Action, number: int, other: int) -> None:
    """Let a slot repeat an earlier one. Raises EdgeError plan_fixed if the other is not earlier."""
    steps = _steps(action)
    if not 0 <= other < number:
        raise EdgeError("plan_fixed", "Only the dance of earlier bars can return.", "Choose bars further up.")
    source = steps[other]
    origin = source["again"] if source["again"] >= 0 else other
    steps[number] |= {"phrase": source["phrase"], "again": -1 if source["phrase"] else origin}
    steps[number]["mirrored"] = source["mirrored"]
    _hand_down(steps, number)
    _store(action, steps)


def swap_slots(action: bpy.types.Action, number: int) -> None:
    """Exchange the dances of a slot and the next one.

    Raises EdgeError plan_fixed for the last slot, and if one of both is the model's own dance.
    """
    steps = _steps(action)
    if not 0 <= number < len(steps) - 1:
        raise EdgeError("plan_fixed", "There are no bars after these.", "Choose bars further up.")
    for each in (number, number + 1):
        if not steps[each]["phrase"] and steps[each]["again"] < 0:
            raise EdgeError(
                "plan_fixed", f"Bars {each + 1} are danced for the first time.",
                "Swap phrases, or bars in which a dance returns.",
            )  # fmt: skip
    what = ("phrase", "again", "mirrored", "originality")
    one, other = steps[number], steps[number + 1]
    for name in what:
        one[name], other[name] = other[name], one[name]
    _store(action, steps)


def vary_slot(action: bpy.types.Action, number: int, originality: float) -> None:
    """Set the originality of a slot, 0 to 1. Raises EdgeError plan_fixed for the model's own dance."""
    steps = _steps(action)
    if not steps[number]["phrase"] and steps[number]["again"] < 0:
        raise EdgeError(
            "plan_fixed", f"Bars {number + 1} are danced for the first time.", "Vary bars in which a dance returns."
        )
    steps[number]["originality"] = round(originality, 4)
    _store(action, steps)


def put_phrase(action: bpy.types.Action, number: int, phrase: str, mirrored: bool) -> None:
    """Let a slot dance a phrase of a library; for slots that repeat it see `freed`."""
    steps = _steps(action)
    same = _followers(steps, number)
    freed(steps, number)[number] |= {"phrase": phrase, "mirrored": mirrored}
    _hand_down(steps, number)
    _store(action, steps, same)


def replace_plan(action: bpy.types.Action, plan: Plan) -> None:
    """Give the take another plan of the same slots; pinned steps stay."""
    old = _steps(action)
    new = [asdict(step) for step in plan]
    _store(action, [before if before.get("pinned") else after for before, after in zip(old, new, strict=True)])


def load_plan(action: bpy.types.Action, content: Any, where: str) -> None:
    """Give the take a plan in JSON types. where: the file, for the error.

    Raises EdgeError plan_unreadable; plan_other_song if the plan is for another song or other slots.
    """
    plan, stored = plan_of_json(content, where), plan_of(action)
    begins = float(content.get("start", 0.0))
    fits = stored and content.get("song") == stored["song"] and abs(begins - stored["start"]) < 1e-3
    if not fits or [step.slot for step in plan] != [step.slot for step in plan_of_json(stored, action.name)]:
        raise EdgeError(
            "plan_other_song", f"{where} is the plan of a dance to another song, or to another part of it.",
            "Choose that song and part, or leave the plan out.",
        )  # fmt: skip
    _store(action, [asdict(step) for step in plan])


def hand_on_plan(action: bpy.types.Action, plan: dict[str, Any]) -> None:
    """Give a take that was made from another one that one's plan, with the marks of the bars that wait."""
    _write(action, plan | (plan_of(action) or {}) | {"steps": plan["steps"]})


def mirrored_plan(plan: dict[str, Any]) -> dict[str, Any]:
    """The plan of the mirrored dance: phrases have the other side, and what returns does so as before."""
    steps = [step | {"mirrored": step["mirrored"] != bool(step["phrase"])} for step in plan["steps"]]
    return plan | {"steps": steps}


def parsed_plan(action: bpy.types.Action) -> Plan:
    """The take's plan. Raises EdgeError plan_unreadable."""
    return plan_of_json(plan_of(action), action.name)


def _steps(action: bpy.types.Action) -> list[dict[str, Any]]:
    plan = plan_of(action)
    return json.loads(json.dumps(plan["steps"])) if plan else []


def _followers(steps: list[dict[str, Any]], number: int) -> list[int]:
    """The numbers of the steps that repeat a slot."""
    return [later for later in range(number + 1, len(steps)) if steps[later]["again"] == number]


def _hand_down(steps: list[dict[str, Any]], number: int) -> None:
    """Let the slots that repeat this one repeat what it does: its phrase, or another slot."""
    step = steps[number]
    for later in _followers(steps, number):
        turned = steps[later]["mirrored"] != step["mirrored"]
        steps[later] |= {"phrase": step["phrase"], "again": step["again"], "mirrored": turned}


def _store(action: bpy.types.Action, steps: list[dict[str, Any]], same: Collection[int] = ()) -> None:
    """Store the steps, and mark those that changed. same: numbers of those that only describe their dance anew."""
    for number, (before, step) in enumerate(zip(_steps(action), steps, strict=True)):
        names = ("phrase", *(() if number in same else ("originality", "again", "mirrored")))
        danced = any(before[name] != step[name] for name in names)
        step[CHANGED] = bool(before.get(CHANGED) or step.get(CHANGED) or danced)
    _write(action, {"steps": steps})


def _write(action: bpy.types.Action, members: dict[str, Any]) -> None:
    """Replace members of the take's plan."""
    stored: Any = action[PROPERTY]
    meta = json.loads(stored["meta"])
    meta[PLAN] = meta.get(PLAN, {}) | members
    stored["meta"] = json.dumps(meta, sort_keys=True, ensure_ascii=False)


@lru_cache(maxsize=8)
def _parsed(meta: str) -> dict[str, Any]:
    """The metadata from JSON, cached because panels read it whenever they are drawn."""
    found = json.loads(meta) if meta else {}
    return found if isinstance(found, dict) else {}


def _row(step: dict[str, Any], steps: list[dict[str, Any]]) -> PlanRow:
    slot, text = step["slot"], "New"
    if step["phrase"]:
        text = step["phrase"]
    elif step["again"] >= 0:
        text = f"As {clock(steps[step['again']]['slot']['counts'][0])}"
    counts = slot["counts"]
    return PlanRow(
        counts[0], counts[-1], slot["label"], text, step["phrase"], step["mirrored"], step["originality"],
        bool(step.get("pinned")), bool(step.get(CHANGED)),
    )  # fmt: skip


def clock(seconds: float) -> str:
    """Seconds as minutes:seconds."""
    return f"{int(seconds // 60)}:{seconds % 60:04.1f}"
