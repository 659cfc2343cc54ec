"""Finds hands, toes and twist bones of a body whose limbs are known."""

import numpy as np

from .body import Body
from .limbs import Evidence, Limb

_NAMED = 0.5


def hand_of(evidence: Evidence, arm: Limb) -> int:
    """The hand of an arm, -1 for none, as where several similar bones side by side on the forearm form the palm."""
    tree = evidence.tree
    if arm.end < 0 or evidence.names[arm.end].twist:
        return -1
    if evidence.says["hand"][arm.end] <= 0 and tree.is_below(arm.end, arm.lower):
        # Without a name the last bone may be a knuckle: the hand is the parent of several fingers.
        palms = [bone for bone in tree.between(arm.lower, arm.end) if len(tree.children[bone]) > 1]
        if palms:
            return palms[0]
    parent = tree.parents[arm.end]
    name = evidence.names[arm.end]
    alike = [bone for bone in tree.children[parent] if bone != arm.end and evidence.names[bone].stem == name.stem]
    return -1 if name.parts and alike else arm.end


def toes_of(evidence: Evidence, body: Body, leg: Limb) -> int:
    """The toes of a foot, -1 for none: by name, or the foot's child that is in front of the ankle."""
    tree, says = evidence.tree, evidence.says["toes"]
    below = [bone for bone in tree.below(leg.end) if len(tree.lines[bone]) - len(tree.lines[leg.end]) <= 3]
    named = [bone for bone in below if says[bone] > _NAMED and not evidence.names[bone].end]
    if named:
        return min(named, key=lambda bone: (len(tree.lines[bone]), -says[bone], evidence.names[bone].numbers))
    forward = -np.cross(body.up, body.left)
    size = float(np.linalg.norm(np.array(leg.tip) - tree.heads[leg.lower]))
    good = []
    for bone in tree.children[leg.end]:
        name = evidence.names[bone]
        offset = tree.heads[bone] - tree.heads[leg.end]
        if name.end or name.control or name.other or name.twist or (says[bone] < -1.5 and not name.digit):
            continue
        if offset @ forward > 0.06 * size and abs(float(offset @ body.left)) < float(offset @ forward):
            good.append(bone)
    return min(good, key=lambda bone: -tree.descendants[bone]) if good else -1


def twists_of(evidence: Evidence, arm: Limb, hand: int) -> dict[str, int]:
    """Bones in line with a section of an arm: the further parts of a split bone, or twist bones."""
    tree = evidence.tree
    found = {}
    for part, start, end in (("upper_arm", arm.upper, arm.lower), ("forearm", arm.lower, hand)):
        if end < 0 or not tree.is_below(end, start):
            continue
        between = [bone for bone in tree.between(start, end) if not evidence.names[bone].control]
        if between:
            found[f"{part}_twist"] = between[-1] if evidence.names[between[-1]].twist else between[0]
    return found
