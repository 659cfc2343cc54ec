"""`bones RIG.json`: recognises the bones of a described skeleton, and says whether it can dance."""

import argparse
import json
from typing import Any

from ...errors.exit_codes import DONE, FAILED
from ...motion.retarget.description import found_in, read_description
from ...motion.retarget.slots import slot_names, slot_words


def run(options: argparse.Namespace) -> int:
    """Print the bone map. Returns the exit code, FAILED for a skeleton that cannot dance.

    Raises EdgeError rig_unreadable.
    """
    found = found_in(read_description(options.rig))
    print(json.dumps(found, ensure_ascii=False) if options.json else "\n".join(_lines(found)))
    return FAILED if found["problems"] else DONE


def _lines(found: dict[str, Any]) -> list[str]:
    lines = [f"{found['armature'] or 'no armature'}{f', {name}' if (name := found['family']) else ''}"]
    for slot in slot_names():
        if bone := found["slots"].get(slot):
            doubt = f"  ({found['doubts'][slot]})" if slot in found["doubts"] else ""
            lines.append(f"  {slot_words(slot):<22}{bone}{doubt}")
    lines += [f"  {digit:<22}{', '.join(chain)}" for digit, chain in found["fingers"].items()]
    return [*lines, *found["problems"]]
