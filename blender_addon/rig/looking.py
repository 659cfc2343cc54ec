"""An armature's pose looked at frame by frame, in small steps between which Blender may be used."""

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from typing import Any

import bpy
import numpy as np

from ..edge_backend.errors import EdgeError
from ..edge_backend.numerics.array import Array
from ..lookups import by_session_uid

_STEP_S = 0.05
"""So long is looked before everything is put back and others may work, about; it takes a frame or two besides."""

Showing = Callable[[bpy.types.Object], AbstractContextManager[object]]
"""Has an armature show for a block what is to be looked at."""


def looks(armature: bpy.types.Object, scene: bpy.types.Scene, frames: Iterable[float]) -> Iterator[Any]:
    """The evaluated pose's bones at each of these frames; the scene's frame is as before afterwards."""
    before, subframe = scene.frame_current, scene.frame_subframe
    try:
        for frame in frames:
            scene.frame_set(int(frame // 1), subframe=float(frame % 1))
            yield armature.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones
    finally:
        scene.frame_set(before, subframe=subframe)


def poses_in_steps(
    armature: bpy.types.Object,
    names: Iterable[str],
    scene: bpy.types.Scene,
    frames: Sequence[float],
    showing: Showing = nullcontext,
) -> Generator[float, None, dict[str, Array]]:
    """Where bones are at these frames (T, 4, 4), armature space; yields how much is done.

    At each yield the scene's frame, and what `showing` changes, are as before. Raises EdgeError dancer_gone where
    armature or scene are not there any more; reading_ended where a bone is not, where another scene is shown, and after
    undo and redo, for half of it would be of another animation.
    """
    uids = armature.session_uid, scene.session_uid
    poses: dict[str, list[Array]] = {name: [] for name in names}
    done, undone = 0, [False]
    with _told_of_undo(undone):
        while done < len(frames):
            there, stage = found(bpy.data.objects, uids[0]), found(bpy.data.scenes, uids[1])
            if undone[0] or stage != bpy.context.scene or any(name not in there.pose.bones for name in poses):
                raise EdgeError(
                    "reading_ended",
                    f"{there.name}, its animation or its scene was changed while it was read.",
                    "Begin again.",
                )
            done += _step(there, stage, frames[done:], poses, showing)
            yield done / len(frames)
    return {name: np.stack(matrices) for name, matrices in poses.items()}


def _step(
    armature: bpy.types.Object,
    scene: bpy.types.Scene,
    frames: Sequence[float],
    poses: dict[str, list[Array]],
    showing: Showing,
) -> int:
    """Add the poses at the next frames; at how many of them."""
    deadline, count = time.perf_counter() + _STEP_S, 0
    with showing(armature), closing(looks(armature, scene, frames)) as seen:  # type: ignore[type-var]
        for bones in seen:
            count += 1
            for name, matrices in poses.items():
                matrices.append(np.array(bones[name].matrix))
            if time.perf_counter() >= deadline:
                break
    return count


def found(things: Any, uid: int) -> Any:
    """The one of Blender's objects, actions or scenes that has this session_uid. Raises EdgeError dancer_gone."""
    thing = by_session_uid(things, uid)
    if thing is None:
        raise EdgeError("dancer_gone", "A dancer, a take or the scene was deleted meanwhile.", "Begin again.")
    return thing


@contextmanager
def _told_of_undo(undone: list[bool]) -> Iterator[None]:
    """Have the list say whether anything is undone or redone in this block."""

    def note(*_what: Any) -> None:
        undone[0] = True

    handlers: Any = bpy.app.handlers
    happenings = handlers.undo_post, handlers.redo_post
    for happening in happenings:
        happening.append(note)
    try:
        yield
    finally:
        for happening in happenings:
            with suppress(ValueError):  # another file is open, which has none of them
                happening.remove(note)
