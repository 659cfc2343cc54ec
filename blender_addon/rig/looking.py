"""Reads armatures frame by frame, in small steps between which Blender may be used."""

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext, suppress
from typing import Any

import bpy
import numpy as np

from ..edge_backend.errors import EdgeError
from ..edge_backend.numerics.array import Array
from ..lookups import by_session_uid

_STEP_S = 0.05
"""Seconds of reading and of restoring the scene, about."""

_LONGEST_STEP_S = 0.25
"""If redrawing takes longer than a step, steps become as long as that, up to this, so that half of the time is used."""

Showing = Callable[[bpy.types.Object], AbstractContextManager[object]]
"""(armature) -> context in which the armature shows what is to be read."""


def looks(
    armatures: Sequence[bpy.types.Object], scene: bpy.types.Scene, frames: Iterable[float]
) -> Iterator[list[Any]]:
    """The evaluated armatures at each of these frames; afterwards the scene's frame is restored."""
    before, subframe = scene.frame_current, scene.frame_subframe
    try:
        for frame in frames:
            scene.frame_set(int(frame // 1), subframe=float(frame % 1))
            depsgraph = bpy.context.evaluated_depsgraph_get()
            yield [armature.evaluated_get(depsgraph) for armature in armatures]
    finally:
        scene.frame_set(before, subframe=subframe)


def poses_in_steps(
    armature: bpy.types.Object,
    names: Iterable[str],
    scene: bpy.types.Scene,
    frames: Sequence[float],
    showing: Showing = nullcontext,
) -> Generator[float, None, dict[str, Array]]:
    """Bone name -> matrices (T, 4, 4), armature space, at these frames; yields the fraction done.

    showing: as for `seen_in_steps`, which describes the state between steps and the exceptions.
    """
    poses: dict[str, list[Array]] = {name: [] for name in names}

    def see(armatures: Sequence[bpy.types.Object]) -> None:
        bones = armatures[0].pose.bones
        for name, matrices in poses.items():
            matrices.append(np.array(bones[name].matrix))

    yield from seen_in_steps([armature], scene, frames, see, showing=showing)
    return {name: np.stack(matrices) for name, matrices in poses.items()}


def seen_in_steps(
    armatures: Sequence[bpy.types.Object],
    scene: bpy.types.Scene,
    frames: Sequence[float],
    see: Callable[[Sequence[bpy.types.Object]], None],
    *,
    showing: Showing = nullcontext,
    step_s: float | None = None,
) -> Generator[float, None, None]:
    """Call `see` with the evaluated armatures at each of these frames; yields the fraction done.

    At each yield the scene's frame and whatever `showing` changes are restored. step_s: seconds between yields, about;
    None = short enough for Blender to stay responsive. Raises EdgeError dancer_gone if an armature or the scene no
    longer exists; reading_ended if a bone does not (`see` raises KeyError), if another scene is shown, and after undo
    or redo, because the rest might be of another animation.
    """
    uids, stage = [armature.session_uid for armature in armatures], scene.session_uid
    done, undone, away = 0, [False], 0.0
    with _noting_undo(undone):
        while done < len(frames):
            seconds = max(_STEP_S, min(away, _LONGEST_STEP_S)) if step_s is None else step_s
            there, scene = [found(bpy.data.objects, uid) for uid in uids], found(bpy.data.scenes, stage)
            if undone[0] or scene != bpy.context.scene:
                raise _ended(there)
            with ExitStack() as shown:
                for armature in there:
                    shown.enter_context(showing(armature))
                try:
                    done += _step(there, scene, frames[done:], see, seconds)
                except KeyError:
                    raise _ended(there) from None
            left = time.perf_counter()
            yield done / len(frames)
            away = time.perf_counter() - left


def _ended(armatures: Sequence[bpy.types.Object]) -> EdgeError:
    names = ", ".join(armature.name for armature in armatures)
    return EdgeError(
        "reading_ended", f"{names}, its animation or its scene was changed while it was read.", "Begin again."
    )


def _step(
    armatures: Sequence[bpy.types.Object],
    scene: bpy.types.Scene,
    frames: Sequence[float],
    see: Callable[[Sequence[bpy.types.Object]], None],
    seconds: float,
) -> int:
    """Read the next frames for about `seconds`, with the one that restoring the scene takes. Returns their number.

    If the first frame takes longer, because Blender has to build its dependency graph for what is shown, half of that
    time is used for more: else each frame would have it built.
    """
    began = read = time.perf_counter()
    deadline, count = began + seconds, 0
    with closing(looks(armatures, scene, frames)) as seen:  # type: ignore[type-var]
        for evaluated in seen:
            see(evaluated)
            now, count = time.perf_counter(), count + 1
            if count == 1:
                deadline, read = max(deadline, now + seconds / 2), now
            if now + (now - read) >= deadline:
                break
            read = now
    return count


def found(things: Any, uid: int) -> Any:
    """The object, action or scene with this session_uid among bpy.data's `things`. Raises EdgeError dancer_gone."""
    thing = by_session_uid(things, uid)
    if thing is None:
        raise EdgeError("dancer_gone", "A dancer, a take or the scene was deleted meanwhile.", "Begin again.")
    return thing


@contextmanager
def _noting_undo(undone: list[bool]) -> Iterator[None]:
    """In this block, append True to the list at every undo and redo."""

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
            with suppress(ValueError):  # after another file was opened, the handlers are gone
                happening.remove(note)
