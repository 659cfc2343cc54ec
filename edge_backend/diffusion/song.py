"""Sampling for a whole song, or for a loop of it: the entry points of this room."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain, repeat
from typing import assert_never

import numpy as np

from ..errors import EdgeError
from ..model.engine import Engine, Poll, carry_on
from ..motion.motion import Motion
from ..motion.representation import CHANNELS, ROOT, Normaliser, unpack
from ..numerics.array import Array
from ..numerics.intervals import consecutive
from ..schema.frames import WINDOW
from ..schema.requests import Ramp, Sampler
from .constraint_guidance import WindowConstraint, with_constraint, with_origin
from .constraints import Constraint, check_length, free
from .guidance import Guidance, constant, ddpm_rule, guided, in_interval, long_form_ramp
from .heading_projection import with_heading_projection
from .long_form import WindowPlan, agreeing, plan_windows, share_overlap, stitch
from .noise import WindowNoise
from .reference import sample_reference
from .ring import Ring
from .rotation_constraint import with_rotation_constraint
from .samplers import Denoiser, Noise, Step, StepCallback, ignore, sample_ddim, sample_ddpm, sample_dpm_solver_pp
from .schedule import CLEAN, Schedule, cosine_schedule, ddim_times, log_snr_times
from .timeline import Timeline, origins

FIRST_PASSES = (1, 2, 4)  # windows; the first two make 5 and 5 s, so that the dance can play while the third is made
LARGEST_PASS = 8


@dataclass(frozen=True, slots=True)
class SamplerSettings:
    """How to sample.

    steps: network evaluations per window. eta: of DDIM, 0 = deterministic. guidance: how strongly the music leads,
    1 = as trained. guidance_interval: timesteps (low, high) outside which there is none. guidance_ramp: as in
    schema.requests.GenerateRequest. seed: 0 or more.
    sequential: sample a few windows at a time, each continuing the ones before, instead of all at once.
    """

    sampler: Sampler = "ddim"
    steps: int = 50
    eta: float = 1.0
    guidance: float = 2.0
    guidance_interval: tuple[int, int] | None = None
    guidance_ramp: Ramp = "auto"
    seed: int = 0
    sequential: bool = False


@dataclass(frozen=True, slots=True)
class Variation:
    """A dance to start from, vectors (frames, 151) in metres, and how far to leave it: 0 = not at all, 1 = altogether.

    As SDEdit does (Meng et al. 2022): noise is put on the dance, and it is denoised from there.
    """

    dance: Array
    strength: float


FinalFrames = Callable[[Motion], None]
"""Called with the first n frames of the dance, as they will be in the result."""


def ignore_final(_beginning: Motion) -> None:
    """The on_final that does nothing."""


def sample_song(
    engine: Engine,
    normaliser: Normaliser,
    cond: Array,
    frames: int,
    settings: SamplerSettings,
    *,
    baseline: Array | None = None,
    constraint: Constraint | None = None,
    variation: Variation | None = None,
    on_step: StepCallback = ignore,
    on_final: FinalFrames = ignore_final,
    poll: Poll = carry_on,
) -> Motion:
    """Sample a dance of `frames` frames: float32, metres, z up, not placed at the origin; without beats and meta.

    cond: the music, (frames or more, features), or (windows, 150, features) where windows are encoded alone; windows as
    plan_windows(frames) has them. Where (T, features) ends before the last window does, its last frame is repeated.
    baseline: (150, features), the condition from which guidance leads to the music's; None: no condition (Ho and
    Salimans 2022). constraint: windows without a free channel are not sampled. variation: a dance to start from,
    instead of from noise.
    poll: called before each network evaluation; raises Cancelled to stop there. on_step: called at each step with x0
    (windows sampled at a time, 150, 151), normalised; may raise Cancelled too. on_final: called when frames become
    final: once, or, with settings.sequential, after every window.
    The result depends on seed and settings; on the engine only by rounding.
    The sampler "reference" is EDGE's own and ignores constraint, variation, steps and eta.
    Raises EdgeError constraint_length where constraint or variation are for another number of frames.
    """
    plan = plan_windows(frames)
    constraint = constraint or free(frames)
    check_length(constraint, frames)
    start = None if variation is None else _start(variation, frames)
    music = _windows_of(cond, plan)
    timeline = Timeline(plan, constraint, normaliser)
    strength = 1.0 if variation is None else variation.strength
    sampling = _Sampling(engine, normaliser, settings, plan, strength, baseline, poll)
    if settings.sampler == "reference":
        motion = stitch(normaliser.unnormalise(sampling.reference(music, on_step))).part(slice(frames))
        on_final(motion)
        return motion
    away = origins(plan, constraint, start, normaliser)
    passes = _passes(timeline.open_windows(), settings.sequential)
    for windows in passes:
        if any(timeline.is_open(window) for window in windows):
            x0 = sampling.run(
                windows,
                music[windows.start : windows.stop],
                origin=None if away is None else away[windows.start : windows.stop],
                window_constraint=timeline.constraint_of(windows, sampling.schedule.steps),
                start=None if start is None else timeline.windows_of(start, windows),
                on_step=_counted(on_step, windows, passes),
            )
            timeline.write_windows(windows, x0, look_back=settings.sequential)
            on_final(timeline.final())
    return timeline.motion.part(slice(frames))


def sample_loop(
    engine: Engine,
    normaliser: Normaliser,
    windows: Array,
    ring: Ring,
    settings: SamplerSettings,
    *,
    baseline: Array | None = None,
    on_step: StepCallback = ignore,
    poll: Poll = carry_on,
) -> tuple[Motion, Array]:
    """Sample a loop of ring.frames frames. Returns it and its travel (2,) per lap, metres, world.

    windows: the music (ring.windows, 150, features), as the ring cuts it. The frame after the last is the first one,
    moved by the travel over the floor, which is 0 unless ring.travels. All windows are sampled at once. baseline,
    on_step, poll: as for `sample_song`. Raises ValueError for the sampler "reference".
    """
    plan = WindowPlan(ring.frames, ring.windows)
    sampling = _Sampling(engine, normaliser, settings, plan, 1.0, baseline, poll, ring.share, ring.agreeing)
    x0 = sampling.run(range(ring.windows), windows, window_constraint=None, origin=None, start=None, on_step=on_step)
    frames, travel = ring.blend(x0)
    contacts, root, rotations = unpack(normaliser.unnormalise(frames, clip=False))
    place = normaliser.scale[ROOT.start : ROOT.start + 2]
    return Motion(rotations, root, contacts.clip(0, 1)), travel / place


def _chain(noise: Array) -> Array:
    """Windows (W, 150, channels) of noise in which each begins as the one before it ends."""
    return share_overlap(noise, CLEAN)


@dataclass(frozen=True)
class _Sampling:
    """Settings common to all passes over a song.

    share: noise (W, 150, channels) with equal values where windows overlap. agree: a denoiser whose windows agree
    there.
    """

    engine: Engine
    normaliser: Normaliser
    settings: SamplerSettings
    plan: WindowPlan
    strength: float
    baseline: Array | None
    poll: Poll
    share: Callable[[Array], Array] = _chain
    agree: Callable[[Denoiser], Denoiser] = agreeing
    schedule: Schedule = field(default_factory=cosine_schedule)

    def run(
        self,
        windows: range,
        cond: Array,
        *,
        window_constraint: WindowConstraint | None,
        origin: Array | None,
        start: Array | None,
        on_step: StepCallback,
    ) -> Array:
        """x0 (W, 150, 151), normalised, of these windows, all at once; they agree where they overlap.

        cond: their music. origin, start: (W, 1 or 150, 151), normalised, what x is noise around.
        """
        denoise = self._denoiser(cond, window_constraint, origin)
        streams = WindowNoise(self.settings.seed, windows, (WINDOW, CHANNELS))

        def noise() -> Array:
            return self.share(streams())

        times = self._times()
        x = noise()
        base = origin if start is None else start
        if base is not None:
            x = self.schedule.q_sample(base, times[0] if times else CLEAN, x)
        return self._sample(denoise, x, times, noise, on_step)

    def reference(self, cond: Array, on_step: StepCallback) -> Array:
        """x0 of all windows as EDGE's own sampler makes it; they are not yet stitched."""
        ramp = long_form_ramp if self.plan.windows > 1 else constant
        return sample_reference(
            self.engine,
            cond,
            self.schedule,
            guidance=ramp(self.settings.guidance),
            noise=WindowNoise(self.settings.seed, range(self.plan.windows), (WINDOW, CHANNELS)),
            on_step=on_step,
            poll=self.poll,
        )

    def _denoiser(self, cond: Array, window_constraint: WindowConstraint | None, origin: Array | None) -> Denoiser:
        music = self.engine.encode(cond, self.poll, baseline=self.baseline)
        denoise = guided(self.engine, music, self._guidance(), poll=self.poll)
        if origin is not None:
            denoise = with_origin(denoise, origin, self.schedule)
        denoise = with_heading_projection(denoise, self.normaliser)
        if window_constraint is not None:
            denoise = with_constraint(
                with_rotation_constraint(denoise, window_constraint, self.normaliser), window_constraint
            )
        return self.agree(denoise)

    def _guidance(self) -> Guidance:
        """As the settings say; "auto" is EDGE's rules: none near the end of ddpm, a ramp in long dances."""
        settings = self.settings
        weight, interval, ramp = settings.guidance, settings.guidance_interval, settings.guidance_ramp
        if ramp == "auto" and settings.sampler == "ddpm":
            guidance = ddpm_rule(weight)
        elif ramp == "rising" or (ramp == "auto" and self.plan.windows > 1):
            guidance = long_form_ramp(weight)
        else:
            guidance = constant(weight)
        return in_interval(guidance, *interval) if interval else guidance

    def _times(self) -> list[int]:
        """The sampler's timesteps; for a variation those from its strength down, none at strength 0."""
        first = round(self.strength * self.schedule.steps) - 1
        if first == CLEAN:
            return []
        if self.settings.sampler == "dpmpp":
            return log_snr_times(self.settings.steps, self.schedule, first)
        times = ddim_times(self.settings.steps, self.schedule)
        return times if first >= times[0] else [first, *(t for t in times if t < first)]

    def _sample(self, denoise: Denoiser, x: Array, times: list[int], noise: Noise, on_step: StepCallback) -> Array:
        match self.settings.sampler:
            case "ddim":
                eta = self.settings.eta
                return sample_ddim(denoise, x, times, self.schedule, noise=noise, eta=eta, on_step=on_step)
            case "ddpm":
                return sample_ddpm(denoise, x, times, self.schedule, noise=noise, on_step=on_step)
            case "dpmpp":
                return sample_dpm_solver_pp(denoise, x, times, self.schedule, on_step=on_step)
            case "reference":
                raise ValueError("the reference is not a step rule: see sample_reference")
        assert_never(self.settings.sampler)


def _passes(windows: list[int], sequential: bool) -> list[range]:
    """Ranges of windows that are sampled together, in the order of the song: all adjacent ones, or, if sequential, few
    at the beginning, so that it is there soon, then more and more."""
    together = consecutive(windows)
    if not sequential:
        return together
    sizes = chain(FIRST_PASSES, repeat(LARGEST_PASS))
    return [part for run in together for part in _pieces(run, sizes)]


def _pieces(run: range, sizes: Iterator[int]) -> Iterator[range]:
    start = run.start
    while start < run.stop:
        stop = min(start + next(sizes), run.stop)
        yield range(start, stop)
        start = stop


def _counted(on_step: StepCallback, windows: range, passes: list[range]) -> StepCallback:
    """The callback for one pass that counts steps over all passes, weighted by their number of windows."""
    weights = [len(each) for each in passes] if len(passes) > 1 else [1]
    number = passes.index(windows)
    before, weight, total = sum(weights[:number]), weights[number], sum(weights)

    def counted(step: Step) -> None:
        index = before * step.count + weight * (step.index + 1) - 1
        on_step(replace(step, index=index, count=total * step.count))

    return counted


def _start(variation: Variation, frames: int) -> Array:
    """The dance to vary, checked. Raises EdgeError constraint_length, ValueError where the strength is none."""
    if not 0 <= variation.strength <= 1:
        raise ValueError(f"a strength of {variation.strength} is not between 0 and 1")
    if len(variation.dance) != frames:
        raise EdgeError(
            "constraint_length",
            f"The dance to vary has {len(variation.dance)} frames, the new one {frames}.",
            "Ask for a dance of the same length.",
        )
    return variation.dance


def _windows_of(cond: Array, plan: WindowPlan) -> Array:
    """The music's windows (W, 150, features), from features over the song or from windows encoded alone."""
    values = np.asarray(cond, dtype=np.float32)
    if values.ndim == 3:
        if len(values) != plan.windows:
            raise ValueError(f"{plan.frames} frames have {plan.windows} windows, the music has {len(values)}")
        return values
    missing = max(plan.padded_frames - len(values), 0)
    return plan.cut(np.pad(values, ((0, missing), (0, 0)), mode="edge"))
