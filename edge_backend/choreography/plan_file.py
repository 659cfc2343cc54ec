"""Plans as JSON, in a dance and in files."""

import itertools
import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..errors import EdgeError
from ..fileio.atomic_write import atomic_write
from .plan import Plan, Step
from .slots import Slot

FORMAT = 1


def plan_as_json(plan: Plan, song_sha256: str, start: float) -> dict[str, Any]:
    """The plan in JSON types. start: second of the song at which the dance begins."""
    return {"format": FORMAT, "song": song_sha256, "start": start, "steps": [asdict(step) for step in plan]}


def plan_of_json(content: Any, where: str) -> Plan:
    """The plan from the JSON types of plan_as_json. where: the file, for the error.

    Raises EdgeError plan_unreadable.
    """
    try:
        if content["format"] > FORMAT:
            raise ValueError("a newer EDGE Dance wrote it")
        if not math.isfinite(float(content.get("start", 0.0))):
            raise ValueError("it begins at no second of the song")
        steps = tuple(_step(row) for row in content["steps"])
        _check(steps)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise _unreadable(where, error) from None
    return steps


def read_plan(path: Path, song_sha256: str, start: float) -> Plan:
    """The plan in a file, for a dance to this song. Raises EdgeError plan_unreadable, plan_other_song; OSError."""
    content = plan_content(path)
    plan = plan_of_json(content, str(path))
    if content.get("song") != song_sha256 or abs(float(content.get("start", 0.0)) - start) > 1e-3:
        raise EdgeError(
            "plan_other_song", f"{path} is the plan of a dance to another song, or to another part of it.",
            "Choose that song and part, or leave the plan out.",
        )  # fmt: skip
    return plan


def plan_content(path: Path) -> Any:
    """The JSON content of a plan file. Raises EdgeError plan_unreadable; OSError."""
    try:
        return json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise _unreadable(str(path), error) from None


def write_plan(path: Path, content: dict[str, Any]) -> None:
    """Write the JSON types of a plan, atomically. Raises OSError."""
    with atomic_write(path) as unfinished:
        unfinished.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _unreadable(where: str, error: Exception) -> EdgeError:
    why = f": {error}" if isinstance(error, ValueError) else ""  # others name a field of the program
    return EdgeError(
        "plan_unreadable", f"{where} is no plan of a dance{why}.", "Save the plan of a dance anew.", str(error)
    )


def _step(row: dict[str, Any]) -> Step:
    slot = row["slot"]
    counts = tuple(float(second) for second in slot["counts"])
    energy, *bars = (float(each) for each in (slot["energy"], *slot.get("bars", ())))
    if not all(map(math.isfinite, (*counts, energy, *bars))):
        raise ValueError("a count or an energy is no number")
    return Step(
        Slot(str(slot["label"]), int(slot["section"]), int(slot["place"]), counts, energy, tuple(bars)),
        str(row["phrase"]),
        int(row["again"]),
        bool(row["mirrored"]),
        float(row["originality"]),
        bool(row.get("pinned", False)),
    )


def _check(steps: Plan) -> None:
    """Raise ValueError unless counts ascend, slots do not overlap and steps repeat only danced, earlier ones."""
    for number, step in enumerate(steps):
        counts = step.slot.counts
        if len(counts) < 2 or not all(before < after for before, after in itertools.pairwise(counts)):
            raise ValueError(f"the counts of step {number} do not ascend")
        if step.slot.start < 0 or step.slot.stop <= step.slot.start:
            raise ValueError(f"step {number} has no frames of the dance")
        if number and step.slot.start < steps[number - 1].slot.stop:
            raise ValueError(f"step {number} begins before the one before it ends")
        if not -1 <= step.again < number or (step.again >= 0 and steps[step.again].again >= 0):
            raise ValueError(f"step {number} repeats no step that is danced")
        if not 0 <= step.originality <= 1:
            raise ValueError(f"step {number} has an originality of {step.originality}")
