"""Skeletons of real characters with the truth about their bones, and changes that leave the truth as it is."""

import copy
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from edge_backend.motion.retarget.description import found_in, read_description

DATA = Path(__file__).parents[3] / "data" / "rigs"
FILES = sorted(path.name.removesuffix(".json") for path in DATA.glob("*.json"))
CORE = ("hips", *(f"{part}.{side}" for part in ("thigh", "shin", "foot", "upper_arm", "forearm") for side in "LR"))

Rig = dict[str, Any]


def rig(name: str) -> Rig:
    """The file as it is."""
    data: Rig = json.loads((DATA / f"{name}.json").read_text("utf-8"))
    return data


def look(data: Rig, folder: Path) -> dict[str, Any]:
    """What is found in a rig."""
    path = folder / "rig.json"
    path.write_text(json.dumps(data), "utf-8")
    return found_in(read_description(path))


def placed(data: Rig, change: Callable[[np.ndarray], np.ndarray]) -> Rig:
    """The rig with every point moved."""
    data = copy.deepcopy(data)
    for bone in data["armatures"][0]["bones"]:
        bone["head"], bone["tail"] = (change(np.array(bone[end])).tolist() for end in ("head", "tail"))
    return data


def renamed(data: Rig, name: Callable[[str], str]) -> Rig:
    """The rig and its truth under other names."""
    data = copy.deepcopy(data)
    truth = data["truth"]
    for bone in data["armatures"][0]["bones"]:
        bone["name"], bone["parent"] = name(bone["name"]), bone["parent"] and name(bone["parent"])
    truth["slots"] = {slot: name(bone) for slot, bone in truth["slots"].items()}
    for key in ("optional", "fingers"):
        truth[key] = {slot: [name(bone) for bone in bones] for slot, bones in truth.get(key, {}).items()}
    for key in ("may_skip", "may_add"):
        truth[key] = [name(bone) for bone in truth.get(key, [])]
    return data


def other_words(data: Rig, words: dict[str, str]) -> Rig:
    """The rig with the words of another convention: part -> template with {side} and {number}."""
    slots = {bone: slot for slot, bone in data["truth"]["slots"].items()}

    def name(bone: str) -> str:
        if bone not in slots:
            return bone
        part, _, side = slots[bone].partition(".")
        template = words.get(part.rstrip("0123456789"), "")
        number = part[-1] if part[-1].isdigit() else ""
        return template.format(side=side, number=number) if template else bone

    return renamed(data, name)


def meaningless(data: Rig) -> Rig:
    """The rig with names that say nothing."""
    return renamed(data, lambda name: f"n{zlib.crc32(name.encode())}")


def differences(truth: Rig, found: dict[str, str]) -> list[str]:
    """Slots that are not as the truth has them; empty ones that may be empty aside."""
    wrong = []
    optional, empty = truth.get("optional", {}), truth.get("may_be_empty", [])
    for slot in dict.fromkeys((*truth["slots"], *found)):
        if slot[:5] in ("spine", "trave") or slot[:4] == "neck" or "twist" in slot:
            continue
        want, got = truth["slots"].get(slot), found.get(slot)
        if got != want and got not in optional.get(slot, []) and not (got is None and slot in empty):
            wrong.append(f"{slot}: {got} for {want}")
    for part in ("spine", "neck"):
        chain, seen = (
            [slots[f"{part}{n}"] for n in range(1, 7) if f"{part}{n}" in slots] for slots in (truth["slots"], found)
        )
        seen = [bone for bone in seen if bone in chain or bone not in truth.get("may_add", [])]
        chain = [bone for bone in chain if bone in seen or bone not in truth.get("may_skip", [])]
        if seen != chain:
            wrong.append(f"{part}: {seen} for {chain}")
    return wrong
