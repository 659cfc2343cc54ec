"""Generates a dance for a request: connects audio, model, diffusion and postprocessing."""

import logging
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..audio.features import Features, song_features
from ..audio.listening import listen
from ..audio.loading import Audio
from ..audio.rhythm import CHANNELS as RHYTHM
from ..audio.song_source import SongSource, song_source
from ..choreography.changes import filled
from ..diffusion.constraints import Constraint
from ..diffusion.edit_constraints import read_edit
from ..diffusion.long_form import plan_windows
from ..diffusion.ring import Ring
from ..diffusion.samplers import Step
from ..diffusion.song import FinalFrames, SamplerSettings, Variation, ignore_final, sample_loop, sample_song
from ..errors import EdgeError
from ..fileio.atomic_write import atomic_write
from ..model import controls
from ..model.engine import BATCH, Engine
from ..model.engine_choice import engine_in_words
from ..model.weights_file import Weights, WeightsInfo
from ..motion.feet import FootSettings
from ..motion.files import save_motion
from ..motion.motion import Motion
from ..numerics.array import Array
from ..runtime.malloc_tuning import trim_heap
from ..runtime.oom_fallback import with_oom_fallback
from ..schema.edits import EditRequest
from ..schema.frames import WINDOW
from ..schema.progress import Report, silent
from ..schema.requests import FEATURE_KINDS, RAMPS, FeaturesRequest, GenerateRequest, LoopRequest
from ..schema.song_map import SongMap
from .beat_timing import BeatTiming
from .energy import EnergyLevel, energy_channel, energy_level, least_smoothness
from .form_sampling import sample_in_form
from .leading_style import leading_style
from .loop import find_span, finish_loop, loop_meta, song_around, sound_around
from .metadata import describe, edited_meta
from .model_cache import ModelCache
from .postprocess import Postprocessor
from .song_form import described, given_map, map_of, song_form
from .stage_times import StageTimes

logger = logging.getLogger(__name__)

LONGEST_S = 3600.0
LOUDNESS = RHYTHM.index("loudness")
SMOOTHEST_STEPS = 1000
ALL = (0.0, 1.0)  # share of a dance's sampling
PARTS = 1000  # resolution of the progress of a sampling in two passes
REMARKED_S = 0.5  # seconds of dance after the song's end that are remarked on

OnPartial = Callable[[Motion], None]
"""Called with the frames of a dance that follow those of the last call, and all beats up to their end, while the rest
is being generated; they do not change any more."""


def ignore_partial(_new: Motion) -> None:
    """An OnPartial that does nothing."""


def generate(
    request: GenerateRequest,
    report: Report = silent,
    model_cache: ModelCache | None = None,
    on_partial: OnPartial = ignore_partial,
) -> Motion:
    """Generate a dance of exactly round(duration * 30) frames, metres, z up, floor at z = 0, with beats and meta.

    Unless constraints prescribe a place, the root starts at x = y = 0 and the dancer faces -y: as a mean over the first
    second, or at the first bar if the dance begins with a phrase. Exact constraints are met exactly. The same request
    on the same machine gives the same numbers, bit for bit. report: is called at every stage and before every network
    evaluation; an exception from it stops the work. model_cache: holds weights between calls; None makes a new one.
    on_partial: is called with one part of the dance after another if the request is sequential. Raises EdgeError:
    request_invalid, feature_unavailable, control_unsupported, and those of audio, weights and
    diffusion.edit_constraints.
    """
    _check(request)
    report = StageTimes(report)
    feet = _foot_settings(request)
    report("loading", 0, 1)
    model_cache = model_cache or ModelCache()
    weights = model_cache.weights(request.weights)
    _check_features(weights.info, model_cache)
    engine = model_cache.engine(weights, request.arithmetic)
    report("loading", 1, 1)
    if request.loop:
        return _loop(request, request.loop, weights, feet=feet, model_cache=model_cache, report=report)

    report("features", 0, 1)
    song = song_source(request.song)
    audio = song.load(request.start, request.duration)
    frames = _frames(request, audio)
    logger.info(
        "a dance of %d frames: weights %s, seed %d, %s with %d steps, guidance %g, %s arithmetic",
        frames, weights.info.id, request.seed, request.sampler, request.steps, request.guidance, request.arithmetic,
    )  # fmt: skip
    edit = read_edit(request.edit, frames)
    given = given_map(request)
    features = song_features(
        audio,
        weights.info.feature_type,
        plan_windows(frames).padded_frames,
        model_cache.jukebox,
        report,
        correction=request.beats,
        song_map=given,
    )
    logger.debug("%s features %s, %d beats", features.kind, features.values.shape, len(features.beats.beats))
    song_map = map_of(request, audio, given)
    del audio  # 100 MB for 10 minutes
    info = weights.info
    style, level = _led_by(request, info)
    form = song_form(
        request, song_map, frames, song_sha256=song.sha256, style=style, level=level.mean, features=features
    )
    energy = form.energy if info.controls else request.energy
    condition, baseline = _conditions(features, info, style, energy, level, loudness=_loudness(features, frames))
    meta = {
        **_made(request, song, frames, weights),
        **described(form, song.sha256, request.start),
        "leading_style": style,
        "energy_level": level.mean,
        "downbeats": features.beats.downbeats.round(4).tolist(),
        "engine": engine_in_words(engine.name),
    }
    # A small variation of a dance also changes its timing little.
    on_beat = request.on_beat * (1.0 if edit.variation is None else edit.variation.strength)
    # Phrases are motion capture, which lacks the jitter for which styles are smoothed.
    smoothness = request.smoothness if form.library else _smoothness(request, info, style)
    timing = BeatTiming(features.beats.beats, features.beats.begins_bar, on_beat)
    planned = bool(form.plan) and request.edit == EditRequest()
    postprocessor = Postprocessor(
        timing.beats,
        edit,
        on_beat,
        replace(feet, contacts=edit.contacts),
        smoothness,
        meta,
        sharp=bool(form.library),
        begins_bar=timing.begins_bar,
        timed=planned,
        to_audience=planned and bool(form.library and form.plan[0].phrase),  # which may turn to it in its first second
    )
    report("features", 1, 1)

    def on_final(sampled: Motion) -> None:
        logger.debug("%d frames are final", sampled.frames)
        if sampled.frames < frames and (new := postprocessor.new_frames(sampled)):
            on_partial(new)

    def sample(batch: int, device: str) -> tuple[Motion, Constraint]:
        engine = model_cache.engine(weights, request.arithmetic, batch=batch, device=device)
        sampling = _Sampling(engine, weights, baseline, request, report)
        if planned:
            partly = on_final if request.sequential else ignore_final
            return sample_in_form(
                sampling, condition, form.plan, frames, partly, timing=timing, library=form.library,
                on_laid=postprocessor.join,
            )  # fmt: skip
        constraint = filled(edit.constraint, form.plan, form.library) if form.plan else edit.constraint
        return sampling(condition, constraint, on_final, variation=edit.variation), constraint

    sampled, constraint = with_oom_fallback(sample, BATCH, model_cache.device)
    report("feet", 0, 1)
    borders = constraint if planned else edit.constraint
    motion = postprocessor.whole(sampled, borders, laid=constraint if form.plan else None)
    trim_heap()
    report("feet", 1, 1)
    return motion


def _loop(
    request: GenerateRequest,
    loop: LoopRequest,
    weights: Weights,
    *,
    feet: FootSettings,
    model_cache: ModelCache,
    report: Report,
) -> Motion:
    """Generate a loop of the song's bars, with their beats and meta. Raises EdgeError loop_too_long."""
    report("features", 0, 1)
    song, info = song_source(request.song), weights.info
    audio = song.load(request.start, request.duration)

    def extract(sound: Audio, frames: int, kind: str = info.feature_type, song_map: SongMap | None = None) -> Features:
        return song_features(
            sound, kind, frames, model_cache.jukebox, report, correction=request.beats, song_map=song_map
        )

    rhythm = extract(audio, round(audio.duration * Motion.fps), "rhythm", given_map(request))
    span = find_span(rhythm.beats, loop.bars)
    ring = Ring(span.frames, loop.travel)
    style, level = _led_by(request, info)
    features = rhythm
    if info.feature_type == "rhythm":
        features = replace(rhythm, values=song_around(rhythm.values, span, ring))
    else:
        features = extract(sound_around(audio, span, ring), ring.covered)
    windows, baseline = _conditions(features, info, style, request.energy, level)
    smoothness = _smoothness(request, info, style)
    report("features", 1, 1)

    def sample(batch: int, device: str) -> tuple[Motion, Array]:
        engine = model_cache.engine(weights, request.arithmetic, batch=batch, device=device)
        progress = _Progress(report, request.steps)
        return sample_loop(
            engine,
            weights.normaliser,
            windows,
            ring,
            _sampler_settings(request),
            baseline=baseline,
            on_step=progress.on_step,
            poll=progress.poll,
        )

    sampled, travel = with_oom_fallback(sample, BATCH, model_cache.device)
    report("feet", 0, 1)
    motion = finish_loop(sampled, travel, span, on_beat=request.on_beat, feet=feet, smoothness=smoothness)
    report("feet", 1, 1)
    engine = model_cache.engine(weights, request.arithmetic)
    meta = _made(replace(request, start=request.start + span.start), song, span.frames, weights)
    found = loop_meta(span, motion, request, request.duration or audio.duration)
    bars = (rhythm.beats.downbeats - span.start).round(4)
    return replace(
        motion,
        meta=meta
        | {"leading_style": style, "energy_level": level.mean, "engine": engine_in_words(engine.name), "loop": found}
        | {"downbeats": bars[(bars >= -1e-3) & (bars < span.end - span.start - 1e-3)].tolist()},
    )


def _frames(request: GenerateRequest, audio: Audio) -> int:
    """The number of frames of the dance; warns if it goes on after the song. audio: the song from request.start on."""
    frames = round((request.duration or audio.duration) * Motion.fps)
    silent_s = frames / Motion.fps - audio.duration
    if silent_s >= REMARKED_S:
        where = f" from {request.start:g} s on" if request.start else ""
        sound = f"{audio.path.name} has {audio.duration:.1f} s of sound{where}"
        logger.warning("%s: the last %.1f s of the dance have no music.", sound, silent_s)
    return frames


def _made(request: GenerateRequest, song: SongSource, frames: int, weights: Weights) -> dict[str, Any]:
    info = weights.info
    return describe(
        request, song, frames, weights_id=info.id, weights_sha256=weights.sha256, features=info.feature_type
    )


def write_dance(
    request: GenerateRequest,
    path: str | Path,
    report: Report = silent,
    model_cache: ModelCache | None = None,
    on_partial: OnPartial = ignore_partial,
) -> None:
    """Generate a dance and write its motion file atomically. Raises as `generate`; OSError."""
    motion = generate(request, report, model_cache, on_partial)
    report("saving", 0, 1)
    save_motion(path, motion)
    report("saving", 1, 1)


def write_features(
    request: FeaturesRequest, path: str | Path, report: Report = silent, model_cache: ModelCache | None = None
) -> None:
    """Extract a song's features and write them as an npz, atomically.

    Arrays: values (frames, width), or (windows, 150, width) for features that are computed per window; kind; tempo
    (bpm); beats and downbeats (seconds from the request's start); metre (beats in a bar); confidence (0 to 1); song_map
    (the song's map as JSON).
    model_cache: for its Jukebox settings.
    Raises EdgeError as audio does; OSError.
    """
    report("features", 0, 1)
    audio = song_source(request.song).load(request.start, request.duration)
    frames = round((request.duration or audio.duration) * Motion.fps)
    jukebox = (model_cache or ModelCache()).jukebox
    given = given_map(request)
    features = song_features(audio, request.kind, frames, jukebox, report, correction=request.beats, song_map=given)
    grid = features.beats
    with atomic_write(path) as unfinished, unfinished.open("wb") as file:
        np.savez(
            file,
            values=features.values,
            kind=np.array(features.kind),
            song_map=np.array((given or listen(audio, request.beats)).to_json()),
            tempo=np.float64(grid.tempo),
            beats=grid.beats,
            downbeats=grid.downbeats,
            metre=np.int64(grid.metre),
            confidence=np.float64(grid.confidence),
        )
    report("features", 1, 1)


@dataclass(frozen=True)
class _Sampling:
    """Settings common to all samplings of a dance. baseline: as `_conditions` returns it."""

    engine: Engine
    weights: Weights
    baseline: Array | None
    request: GenerateRequest
    report: Report

    def __call__(
        self,
        condition: Array,
        constraint: Constraint,
        on_final: FinalFrames,
        share: tuple[float, float] = ALL,
        variation: Variation | None = None,
        *,
        guided: bool = True,
    ) -> Motion:
        """Sample a dance that is not yet postprocessed; see form_sampling.Sample."""
        progress = _Progress(self.report, self.request.steps, share=share)
        settings = _sampler_settings(self.request)
        return sample_song(
            self.engine,
            self.weights.normaliser,
            condition,
            constraint.frames,
            settings if guided else replace(settings, guidance=1.0),
            baseline=self.baseline,
            constraint=constraint,
            variation=variation,
            on_step=progress.on_step,
            on_final=on_final,
            poll=progress.poll,
        )


@dataclass
class _Progress:
    """Reports the progress of a sampling before every network evaluation and after every step.

    share: (start, end), 0 to 1, of this sampling within all samplings of the dance.
    """

    report: Report
    total: int
    done: int = 0
    share: tuple[float, float] = ALL

    def poll(self) -> None:
        if self.share == ALL:
            self.report("sampling", self.done, self.total)
        else:
            start, end = self.share
            self.report("sampling", round(PARTS * (start + (end - start) * self.done / self.total)), PARTS)

    def on_step(self, step: Step) -> None:
        self.done, self.total = step.index + 1, step.count
        self.poll()


def _sampler_settings(request: GenerateRequest) -> SamplerSettings:
    return SamplerSettings(
        request.sampler,
        request.steps,
        eta=request.eta,
        guidance=request.guidance,
        guidance_interval=request.guidance_interval,
        guidance_ramp=request.guidance_ramp,
        seed=request.seed,
        sequential=request.sequential,
    )


def _led_by(request: GenerateRequest, info: WeightsInfo) -> tuple[str, EnergyLevel]:
    """The style and the level of energy: as requested, else those of the edited dance, else drawn from the seed."""
    edited = edited_meta(request.edit)
    style = leading_style(request.style, request.seed, edited) if info.controls else request.style
    if request.energy is not None:
        return style, EnergyLevel(request.energy)
    return style, energy_level(info, style, request.seed, edited, drawn_style=request.style == controls.ANY_STYLE)


def _conditions(
    features: Features,
    info: WeightsInfo,
    style: str,
    energy: float | Array | None,
    level: EnergyLevel,
    *,
    loudness: Array | None = None,
) -> tuple[Array, Array | None]:
    """The network's condition (..., channels), and the one (150, channels) from which guidance leads to it.

    Music features, then the control channels of weights that have them. energy, level, loudness: as in energy_channel.
    The second condition has the same style, no energy, and zeros for the music, so that guidance acts on music and
    energy. It is None (EDGE's null condition) for weights without control channels or with other features than rhythm.
    Raises EdgeError control_unsupported, energy_out_of_range.
    """
    values = features.values
    if not info.controls:
        if style != controls.ANY_STYLE or energy is not None:
            raise EdgeError(
                "control_unsupported",
                f"The weights {info.id} know neither style nor energy.",
                "Choose style any and no energy, or other weights.",
            )
        return values, None
    asked = energy_channel(info, style, energy, loudness, level)
    if isinstance(asked, np.ndarray):
        asked = np.pad(asked, (0, values.shape[-2] - len(asked)), mode="edge")
    channels = controls.control_channels(style, asked, values.shape[-2])
    condition = np.concatenate([values, np.broadcast_to(channels, (*values.shape[:-1], channels.shape[-1]))], axis=-1)
    if info.feature_type != "rhythm":
        return condition, None
    unknown = np.zeros((WINDOW, values.shape[-1]), np.float32)
    return condition, np.concatenate([unknown, controls.control_channels(style, None, WINDOW)], axis=-1)


def _smoothness(request: GenerateRequest, info: WeightsInfo, style: str) -> float:
    """The requested smoothness combined with the style's: variances of successive Gaussians add up."""
    return min(1.0, math.hypot(request.smoothness, least_smoothness(info, style)))


def _loudness(features: Features, frames: int) -> Array | None:
    """The music's loudness (frames,), 0 to 1; None for features without it."""
    return features.values[:frames, LOUDNESS] if features.kind == "rhythm" else None


def _check(request: GenerateRequest) -> None:
    """Raise EdgeError request_invalid for settings outside their ranges."""
    duration, interval = request.duration, request.guidance_interval
    rules = {
        f"steps is {request.steps}, not between 1 and {SMOOTHEST_STEPS}": 1 <= request.steps <= SMOOTHEST_STEPS,
        f"seed is {request.seed}, less than 0": request.seed >= 0,
        f"guidance is {request.guidance:g}, not between 0 and 20": 0 <= request.guidance <= 20,
        f"eta is {request.eta:g}, not between 0 and 1": 0 <= request.eta <= 1,
        f"on beat is {request.on_beat:g}, not between 0 and 1": 0 <= request.on_beat <= 1,
        f"guidance ramp is {request.guidance_ramp}, not one of {', '.join(RAMPS)}": request.guidance_ramp in RAMPS,
        f"guidance interval is {interval}, not two timesteps, the lower first, from 0 to 999": interval is None
        or (len(interval) == 2 and 0 <= interval[0] <= interval[1] <= 999),
        "sampler is reference, which keeps nothing of another dance": request.sampler != "reference"
        or request.edit == EditRequest(),
        "loop is to keep something of another dance": request.loop is None or request.edit == EditRequest(),
        "loop has the sampler reference, which makes none": request.loop is None or request.sampler != "reference",
        f"loop is to have {request.loop.bars if request.loop else 1} bars, not 1 or more": request.loop is None
        or request.loop.bars >= 1,
        f"originality is {request.originality:g}, not between 0 and 1": 0 <= request.originality <= 1,
        f"smoothness is {request.smoothness:g}, not between 0 and 1": 0 <= request.smoothness <= 1,
        f"bar is {request.beats.bar}, not between 0 and 6": 0 <= request.beats.bar <= 6,
        f"beats' offset is {request.beats.offset:g} s, not between -10 and 10": abs(request.beats.offset) <= 10,
        f"duration is {duration} s, not above 0 and at most {LONGEST_S:g} s": duration is None
        or 0 < duration <= LONGEST_S,
    }
    for words, valid in rules.items():
        if not valid:
            raise EdgeError("request_invalid", f"The setting {words}.", "Change it.")


def _foot_settings(request: GenerateRequest) -> FootSettings:
    try:
        return FootSettings(**asdict(request.feet))
    except ValueError as error:
        raise EdgeError("request_invalid", f"The foot cleanup's {error}.", "Change that setting.") from None


def _check_features(info: WeightsInfo, model_cache: ModelCache) -> None:
    """Raise EdgeError feature_unavailable for weights whose music features cannot be computed here."""
    hint = "Choose other weights, such as starter."
    if info.feature_type == "jukebox" and model_cache.jukebox.provider == "native":
        from ..audio.jukebox.folder import open_folder  # noqa: PLC0415 - torch, for those who have Jukebox

        if model_cache.jukebox.folder and open_folder(model_cache.jukebox.folder).shape.width == info.feature_width:
            return
        hint = f"docs/jukebox.md says how to get Jukebox. {hint}"
    elif info.feature_type in FEATURE_KINDS:
        return
    raise EdgeError(
        "feature_unavailable",
        f"The weights {info.id} listen through {info.feature_type} features of {info.feature_width} channels, "
        "which this installation cannot make.",
        hint,
    )
