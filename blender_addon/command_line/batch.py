"""Makes takes and films for songs and seeds, one by one; existing ones are skipped."""

import argparse
import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import bpy

from ..backend.service import service
from ..edge_backend.errors import EdgeError
from ..edge_backend.errors.from_exception import explain
from ..edge_backend.fileio.atomic_write import atomic_write
from ..edge_backend.fileio.output_folder import check_folder
from ..keyframes.take_details import details, span
from ..lookups import scene_rate
from ..ops.generate import why_not_generate
from ..preferences import ADDON
from ..render.film_set import film_set_of
from ..render.look import render_film, use_look
from ..render.setup import set_up_film
from ..render.tracks import tracks_of
from ..rig.rig_check import check_rig
from ..settings import stored_settings
from ..takes.take_list import current_take, takes_of, use_take
from .report import Report, progress
from .scene import Work, open_scene, song_title, works_of


def run(options: argparse.Namespace, report: Report) -> dict[str, int]:
    """Make all takes and films. Returns the numbers of takes requested, made, skipped and failed, and of films made.

    Raises EdgeError if the only song fails.
    """
    _set_preferences(options)
    count = {"asked": 0, "takes": 0, "films": 0, "skipped": 0, "failed": 0}
    for work in works_of(options):
        try:
            for folder in () if options.dry_run else filter(None, (work.blend.parent, work.films)):
                check_folder(folder)
            armature = open_scene(work, options)
            _dance(work, armature, options, report, count)
        except EdgeError as error:
            if len(options.song) < 2:
                raise
            count["asked"] += 1
            count["failed"] += 1
            report.failed(error, work.name)
    report.say("done", **count)
    return count


def _dance(
    work: Work, armature: bpy.types.Object, options: argparse.Namespace, report: Report, count: dict[str, int]
) -> None:
    """Make all takes and films of one song."""
    settings, title = _scene().edge_dance, song_title()
    if problem := why_not_generate(bpy.context):
        raise problem
    for seed in options.seeds or [settings.seed]:
        settings.seed = seed
        count["asked"] += 1
        known = {"song": title, "seed": seed}
        take, film = _finished(armature, title), work.film(seed)
        todo = [] if take else ["dance"]
        if film and not (take and film.is_file()):
            todo.append("film")
        report.say("plan", **known, todo=" and ".join(todo) or "there already")
        if not todo:
            count["skipped"] += 1
        if options.dry_run:
            continue
        try:
            if take is None:
                take = _make(armature, report, known)
                if film:
                    film.unlink(missing_ok=True)  # it shows another take; remove it before the saved take can claim it
                _save(work, report)
                count["takes"] += 1
            if film and "film" in todo:
                _film(armature, take, film, options, report)
                count["films"] += 1
        except (EdgeError, RuntimeError, OSError) as error:
            count["failed"] += 1
            report.failed(explain(error), f"{title}, seed {seed}")


def _finished(armature: bpy.types.Object, title: str) -> bpy.types.Action | None:
    """The existing take of this song, made with the settings and the seed that are asked for."""
    wanted = stored_settings(_scene().edge_dance)
    for action in takes_of(armature):
        known = details(action)
        if Path(known.get("song", "")).stem == Path(title).stem and json.loads(known.get("settings", "{}")) == wanted:
            return action
    return None


def _make(armature: bpy.types.Object, report: Report, known: dict[str, Any]) -> bpy.types.Action:
    """Make a new take with the Generate Dance operator. Raises EdgeError."""
    layer: Any = bpy.context.view_layer
    layer.objects.active = armature
    service.problem = None
    operators: Any = bpy.ops.edge_dance  # type: ignore[attr-defined]
    try:
        with progress(report, _job_state, **known):
            operators.generate()
    except RuntimeError as error:
        raise service.problem or explain(error) from error
    take = current_take(armature)
    assert take  # noqa: S101 - the operator has finished
    first, last = span(take)
    seconds = (last - first) / scene_rate(_scene())
    report.say("take", **known, name=take.name, seconds=round(seconds, 3))
    for obstacle in check_rig(armature, bpy.context).obstacles:
        report.say("warning", **known, message=obstacle.text)
    return take


def _job_state() -> tuple[str, float] | None:
    job = service.job
    return (job.progress.stage, job.fraction) if job and job.progress else None


def _save(work: Work, report: Report) -> None:
    """Write the blend file, completely or not at all. Raises OSError, RuntimeError."""
    work.blend.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(work.blend) as part:
        bpy.ops.wm.save_as_mainfile(filepath=str(part), copy=True, compress=True, check_existing=False)
    report.say("saved", file=str(work.blend))


def _film(
    armature: bpy.types.Object, take: bpy.types.Action, film: Path, options: argparse.Namespace, report: Report
) -> None:
    """Render the take from its first frame to its last."""
    scene = _scene()
    use_take(armature, take)
    scene.frame_start, scene.frame_end = math.floor(span(take)[0]), math.ceil(span(take)[1])
    if options.size:
        scene.render.resolution_x, scene.render.resolution_y = options.size
        scene.render.resolution_percentage = 100
    if options.film_set == "always" or (options.film_set == "auto" and (scene.camera is None or film_set_of(scene))):
        frames = range(scene.frame_start, scene.frame_end + 1)
        set_up_film(scene, [armature], frames, tracks_of([armature], scene, frames))
    if options.engine != "scene":
        use_look(scene, options.engine.upper(), options.samples)
    with _counted_frames(scene) as state, progress(report, state, file=film.name):
        render_film(scene, film)
    report.say("film", file=str(film))


@contextmanager
def _counted_frames(scene: Any) -> Iterator[Callable[[], tuple[str, float]]]:
    """Count rendered frames in this block; yields a function that returns the stage and the fraction that is done."""
    total, written = scene.frame_end - scene.frame_start + 1, []

    def count(*_: object) -> None:
        written.append(1)

    bpy.app.handlers.render_write.append(count)
    try:
        yield lambda: ("rendering", len(written) / total)
    finally:
        bpy.app.handlers.render_write.remove(count)


def _scene() -> Any:
    return bpy.context.scene


def _set_preferences(options: argparse.Namespace) -> None:
    """Set preferences for this run, without saving them."""
    preferences: Any = bpy.context.preferences.addons[ADDON].preferences
    for name in ("backend_python", "weights_folder", "threads"):
        value = getattr(options, name)
        if value is not None:
            setattr(preferences, name, value if name == "threads" else str(value.absolute()))
