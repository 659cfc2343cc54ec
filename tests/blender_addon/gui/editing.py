"""Takes, the keep list and edits in Blender's real window: one undo reverts an edit, and any order of calls works.

Runs inside Blender, started by window.py; test_editing_window.py reads the facts that it writes. Environment variables:
those of desk, and SEED.
"""

import contextlib
import os
import random
import sys
from collections.abc import Iterator
from typing import Any

import bpy
import numpy as np
from desk import PACKAGE, area, facts, here, play, region, running, service, set_stage, shot, until, window

CALLS = 50
compat = sys.modules[f"{PACKAGE}.compat"]


def plain(value: Any) -> Any:
    """A custom property or a setting as comparable values."""
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if isinstance(value, bpy.types.ID):
        return value.name
    return list(value) if hasattr(value, "__len__") and not isinstance(value, str | set) else value


def properties(group: Any) -> dict[str, Any]:
    found = {}
    for prop in group.bl_rna.properties:
        if prop.identifier == "rna_type" or (prop.is_readonly and prop.type != "COLLECTION"):
            continue
        value = getattr(group, prop.identifier)
        found[prop.identifier] = [properties(item) for item in value] if prop.type == "COLLECTION" else plain(value)
    return found


def curve(fcurve: Any) -> tuple[Any, ...]:
    parts = []
    for name in ("co", "handle_left", "handle_right"):
        numbers = np.empty(2 * len(fcurve.keyframe_points), np.float32)
        fcurve.keyframe_points.foreach_get(name, numbers)
        parts.append(numbers.tobytes())
    kinds = tuple((point.interpolation, point.handle_left_type) for point in fcurve.keyframe_points)
    return fcurve.data_path, fcurve.array_index, fcurve.group.name, *parts, kinds


def strip(found: Any) -> tuple[Any, ...]:
    return found.name, found.action and found.action.name, found.frame_start, found.frame_end, found.blend_in


def dump() -> dict[str, Any]:
    """All data that an edit can change, exactly."""
    scene = bpy.context.scene
    return {
        "actions": {
            action.name: (
                action.use_fake_user,
                tuple(action.frame_range),
                {key: plain(action[key]) for key in action.keys()},  # noqa: SIM118 (no dict)
                [curve(fcurve) for fcurve in compat.fcurves_of(action)],
            )
            for action in bpy.data.actions
        },
        "objects": {
            ob.name: (
                [tuple(row) for row in ob.matrix_world],
                ob.animation_data and ob.animation_data.action and ob.animation_data.action.name,
                [
                    (track.name, track.mute, [strip(found) for found in track.strips])
                    for track in (ob.animation_data.nla_tracks if ob.animation_data else ())
                ],
                [properties(take) for take in ob.edge_dance_takes],
                [properties(row) for row in ob.edge_dance_keep],
                ob.edge_dance_keep_row,
            )
            for ob in bpy.data.objects
        },
        "collections": sorted(collection.name for collection in bpy.data.collections),
        "markers": sorted((marker.name, marker.frame) for marker in scene.timeline_markers),
        "scene": (scene.frame_start, scene.frame_end, properties(scene.edge_dance)),
    }  # fmt: skip


def orphans() -> list[str]:
    """Actions and objects that are unreachable."""
    listed = {take.action for ob in bpy.data.objects for take in ob.edge_dance_takes}
    used = {ob.animation_data.action for ob in bpy.data.objects if ob.animation_data}
    used |= {
        s.action for ob in bpy.data.objects if ob.animation_data for t in ob.animation_data.nla_tracks for s in t.strips
    }
    lost = [action.name for action in bpy.data.actions if action not in listed | used]
    return lost + [ob.name for ob in bpy.data.objects if not ob.users_scene]


def dancer() -> Any:
    return next(
        ob for ob in bpy.data.objects if ob.type == "ARMATURE" and not ob.users_collection[0].name.startswith("Takes")
    )


def call(name: str, **options: Any) -> str:
    """Call the operator as a button does, with its undo step; a refusal is a result too."""
    with here():
        operator = getattr(bpy.ops.edge_dance, name)
        try:
            if not operator.poll():
                return "greyed"
            return str(*operator("EXEC_DEFAULT", True, **options))
        except RuntimeError as error:
            if "Traceback" in str(error):
                raise
            return f"refused: {error}"


def undo(kind: str) -> None:
    with here(), contextlib.suppress(RuntimeError):  # there may be nothing to undo
        getattr(bpy.ops.ed, kind)()


def show_everything() -> Iterator[float]:
    """The sidebar's Dance tab, and a dope sheet below the view."""
    area().spaces.active.show_region_ui = True
    yield 0.5
    region("UI").active_panel_category = "Dance"
    for other in window().screen.areas:
        if other.type == "DOPESHEET_EDITOR":
            other.spaces.active.mode = "ACTION"
    area().tag_redraw()
    yield 0.5


def edit(name: str) -> Iterator[float]:
    """Run the operator modally, as a button does, while the window runs on."""
    with here():
        getattr(bpy.ops.edge_dance, name)("INVOKE_DEFAULT")
    yield from until(lambda: not running())
    yield 0.3


def choose_range() -> None:
    scene = bpy.context.scene
    scene.use_preview_range, scene.frame_preview_start, scene.frame_preview_end = True, 40, 90


def undo_once() -> Iterator[float]:
    """Undo and redo each kind of edit once."""
    choose_range()
    with here():
        bpy.ops.ed.undo_push(message="Range chosen")
    facts["undone"] = {}
    for name in ("regenerate_range", "generate_kept", "vary", "variations", "mark_beats"):
        call("clear_beats")
        before = dump()
        yield from edit(name)
        after = dump()
        undo("undo")
        yield 0.3
        undone = dump()
        undo("redo")
        yield 0.3
        facts["undone"][name] = [after != before, undone == before, dump() == after, str(service.problem)]


def at_random() -> Iterator[float]:
    """Fifty calls in random order, with undo, redo, renames, deletions and clicks between them."""
    chance = random.Random(int(os.environ["SEED"]))

    def frame() -> None:
        bpy.context.scene.frame_set(chance.randint(-5, 200))

    def rename() -> None:
        action = chance.choice([*bpy.data.actions, None])
        if action:
            action.name = chance.choice(["Take", "Tänze", "x" * 60])
        dancer().name = chance.choice(["Dancer", "Ann", "ソロ"])

    def remove() -> None:
        if len(bpy.data.actions) > 1:
            bpy.data.actions.remove(chance.choice(list(bpy.data.actions)))

    def click() -> None:
        dancer().edge_dance_take = chance.randint(-1, 5)

    def select() -> None:
        action = dancer().animation_data and dancer().animation_data.action
        for fcurve in compat.fcurves_of(action) if action else ():
            for point in fcurve.keyframe_points:
                point.select_control_point = round(point.co.x) in (30, 60, 100)

    between = [frame, rename, remove, click, select]
    calls = [
        ("generate", {}), ("regenerate_range", {}), ("generate_kept", {}), ("vary", {}), ("in_between", {}),
        ("continue_dance", {"seconds": 1}), ("pose_to_beat", {}), ("mirror", {}), ("regenerate_bones", {}),
        ("generate_again", {}), ("delete_take", {}), ("stash_take", {}), ("show_takes", {}), ("hide_takes", {}),
        ("load_settings", {}), ("change_density", {"density": "CURVES"}), ("change_density", {"density": "BLOCKING"}),
        ("keys_to_beats", {}), ("mark_beats", {}), ("clear_beats", {}), ("new_seed", {}), ("remove_kept", {}),
    ]  # fmt: skip
    sources = ("POSE", "KEYS", "BONES", "RANGE", "BEFORE", "CURVE", "PATH", "FEET")
    calls += [("keep", {"source": source}) for source in sources]
    log = []
    for _ in range(CALLS):
        for _ in range(chance.randint(0, 2)):
            step = chance.choice([*between, lambda: undo("undo"), lambda: undo("redo")])
            step()
            yield 0.02
        with here():
            bpy.context.view_layer.objects.active = dancer()
            dancer().select_set(True)
        if dancer().edge_dance_take < 0 and chance.random() < 0.6:
            click()  # after a blend the NLA plays, and no take is shown
        if chance.random() < 0.1 and len(bpy.data.actions) > 1:
            first = chance.choice(list(bpy.data.actions)).name
            name, options = "blend_takes", {"first": first, "start": 30.0, "end": 40.0}
        else:
            name, options = chance.choice(calls)
        log.append((name, call(name, **options)))
        yield 0.05
        facts["log"] = log
        facts["orphans"] = orphans()
        if facts["orphans"]:
            break
    undo("undo")
    yield 0.3
    dump()
    facts["busy"] = service.busy


def act() -> Iterator[float]:
    yield from show_everything()
    set_stage()
    yield 1.0
    yield from edit("generate")
    facts["takes"] = [take.action.name for take in dancer().edge_dance_takes]
    bpy.context.scene.frame_set(110)
    call("keep", source="POSE")
    choose_range()
    call("keep", source="RANGE")
    bpy.context.scene.frame_set(20)
    call("keep", source="BEFORE")
    dancer().edge_dance_keep[1].part, dancer().edge_dance_keep[1].weight = "upper", 0.6
    call("mark_beats")
    yield 1.0
    shot("editing_1_kept")
    yield from undo_once()
    shot("editing_2_undone")
    yield from at_random()
    shot("editing_3_random")


play(act())
