"""The plan of a take (choreography.plan_file), stored in the take's metadata: as rows for the panel, and its edits."""

import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import bpy

from ..edge_backend.choreography.plan import Plan
from ..edge_backend.choreography.plan_file import plan_of_json
from ..edge_backend.errors import EdgeError
from ..edge_backend.motion.motion import Motion
from ..keyframes.take_details import PROPERTY, details

PLAN = "choreography"
"""Of the take's metadata."""


_SLACK = 0.5 / Motion.fps  # seconds: slots begin between frames

CHANGED = "changed"
"""Of a step of the stored plan: whether it was changed since the take was danced."""


@dataclass(frozen=True)
class PlanRow:
    """A slot of the plan. start, end: seconds of the song's part. label: of its section. text: what is danced.

    phrase: id of its phrase, if any. originality: 0 as it is to 1. pinned: stays when the plan is made anew. changed:
    the take does not dance it yet.
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
    """The take's plan, of JSON types; None where it has none."""
    return _parsed(str(details(action).get("meta", ""))).get(PLAN)


def plan_rows(action: bpy.types.Action) -> list[PlanRow]:
    """The slots of the take's plan; none without a plan."""
    plan = plan_of(action)
    steps = plan["steps"] if plan else []
    return [_row(step, steps) for step in steps]


def slot_at(action: bpy.types.Action, second: float) -> int | None:
    """The number of the slot that is danced at a moment of the song's part; None beside all slots."""
    rows = plan_rows(action)
    return next((number for number, row in enumerate(rows) if row.start - _SLACK <= second < row.end - _SLACK), None)


def changed_slots(action: bpy.types.Action) -> list[int]:
    """The numbers of the slots that were changed since the take was danced."""
    return [number for number, row in enumerate(plan_rows(action)) if row.changed]


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


def pin_slot(action: bpy.types.Action, number: int) -> None:
    """Pin a slot of the plan, or free it again: a pinned one stays when the plan is made anew."""
    steps = _steps(action)
    steps[number]["pinned"] = not steps[number].get("pinned", False)
    _store(action, steps)


def free_slot(action: bpy.types.Action, number: int) -> None:
    """Leave a slot of the plan to the network; slots that took it up do so no longer, and take up each other."""
    _store(action, freed(_steps(action), number))


def freed(steps: list[dict[str, Any]], number: int) -> list[dict[str, Any]]:
    """The steps, of which the network dances one anew; what took that one up keeps the dance that it has."""
    followers = [later for later in range(number + 1, len(steps)) if steps[later]["again"] == number]
    for place, later in enumerate(followers):
        steps[later]["again"] = -1 if place == 0 else followers[0]
        if place == 0:
            steps[later]["mirrored"] = False
    steps[number] |= {"phrase": "", "again": -1, "mirrored": False, "originality": 0.0, CHANGED: True}
    return steps


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


def swap_slots(action: bpy.types.Action, number: int) -> None:
    """Exchange what a slot and the next one dance. Raises EdgeError plan_fixed where the network dances one of them
    first: its dance is nowhere else; and for the last slot.
    """
    steps = _steps(action)
    if not 0 <= number < len(steps) - 1:
        raise EdgeError("plan_fixed", "There are no bars behind these.", "Choose bars further up.")
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
    """Set how far a slot leaves what returns in it, or its phrase, 0 to 1. Raises EdgeError as mirror_slot."""
    steps = _steps(action)
    if not steps[number]["phrase"] and steps[number]["again"] < 0:
        raise EdgeError(
            "plan_fixed", f"Bars {number + 1} are danced for the first time.", "Vary bars in which a dance returns."
        )
    steps[number]["originality"] = round(originality, 4)
    _store(action, steps)


def put_phrase(action: bpy.types.Action, number: int, phrase: str, mirrored: bool) -> None:
    """Let a slot dance a phrase of a library; what took the slot up keeps the dance that it has."""
    steps = freed(_steps(action), number)
    steps[number] |= {"phrase": phrase, "mirrored": mirrored}
    _store(action, steps)


def replace_plan(action: bpy.types.Action, plan: Plan) -> None:
    """Give the take another plan of the same slots; what is pinned stays."""
    old = _steps(action)
    new = [asdict(step) for step in plan]
    _store(action, [before if before.get("pinned") else after for before, after in zip(old, new, strict=True)])


def load_plan(action: bpy.types.Action, content: Any, where: str) -> None:
    """Give the take a plan of JSON types. where: the file, for the error.

    Raises EdgeError plan_unreadable; plan_other_song where the take is not danced to the plan's song and slots.
    """
    plan, stored = plan_of_json(content, where), plan_of(action)
    fits = stored and content.get("song") == stored["song"] and abs(content.get("start", 0.0) - stored["start"]) < 1e-3
    if not fits or [step.slot for step in plan] != [step.slot for step in plan_of_json(stored, action.name)]:
        raise EdgeError(
            "plan_other_song", f"{where} is the plan of a dance to another song, or to another part of it.",
            "Choose that song and part, or leave the plan out.",
        )  # fmt: skip
    _store(action, [asdict(step) for step in plan])


def parsed_plan(action: bpy.types.Action) -> Plan:
    """The take's plan. Raises EdgeError plan_unreadable."""
    return plan_of_json(plan_of(action), action.name)


def _steps(action: bpy.types.Action) -> list[dict[str, Any]]:
    plan = plan_of(action)
    return json.loads(json.dumps(plan["steps"])) if plan else []


def _store(action: bpy.types.Action, steps: list[dict[str, Any]]) -> None:
    """Store the steps; those that dance something else than before are marked."""
    for before, step in zip(_steps(action), steps, strict=True):
        danced = any(before[name] != step[name] for name in ("phrase", "mirrored", "originality"))
        step[CHANGED] = bool(before.get(CHANGED) or step.get(CHANGED) or danced or _takes_up_other(before, step))
    stored: Any = action[PROPERTY]
    meta = json.loads(stored["meta"])
    meta[PLAN]["steps"] = steps
    stored["meta"] = json.dumps(meta, sort_keys=True, ensure_ascii=False)


def _takes_up_other(before: dict[str, Any], step: dict[str, Any]) -> bool:
    """Whether the step takes up other bars than before; the network's own dance may get another name for itself."""
    return bool(step["again"] >= 0 and step["again"] != before["again"] and before["again"] < 0)


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
        text = f"As {clock(steps[step['again']]['slot']['counts'][0])}"
    counts = slot["counts"]
    return PlanRow(
        counts[0], counts[-1], slot["label"], text, step["phrase"], step["mirrored"], step["originality"],
        bool(step.get("pinned")), bool(step.get(CHANGED)),
    )  # fmt: skip


def clock(seconds: float) -> str:
    """Seconds as minutes:seconds."""
    return f"{int(seconds // 60)}:{seconds % 60:04.1f}"
