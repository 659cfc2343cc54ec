"""What a caller asks of the backend: the words that Blender, the command line and the pipeline share.

Standard library only: Blender imports it, and `--help` reads its choices.
"""

from dataclasses import dataclass, field
from typing import Literal, get_args

from .edits import EditRequest

Sampler = Literal["ddim", "ddpm", "dpmpp", "reference"]
Style = Literal["any", "salsa", "commercial", "freestyle", "indian", "modern", "breakdance"]
Ramp = Literal["auto", "constant", "rising"]
TempoChange = Literal["heard", "half", "double"]
FeatureKind = Literal["rhythm", "baseline", "jukebox"]
Provider = Literal["native", "jukemirlib"]
Plan = Literal["auto", "full", "int8", "stream"]
Precision = Literal["fp32", "fp16"]

Arithmetic = Literal["exact", "fastest"]

ARITHMETICS: tuple[str, ...] = get_args(Arithmetic)
SAMPLERS: tuple[str, ...] = get_args(Sampler)
STYLES: tuple[str, ...] = get_args(Style)
RAMPS: tuple[str, ...] = get_args(Ramp)
TEMPO_CHANGES: tuple[str, ...] = get_args(TempoChange)
FEATURE_KINDS: tuple[str, ...] = get_args(FeatureKind)
PROVIDERS: tuple[str, ...] = get_args(Provider)
QUALITIES: dict[str, tuple[Sampler, int]] = {"draft": ("dpmpp", 5), "normal": ("dpmpp", 7), "best": ("dpmpp", 20)}
"""What people choose from: sampler and network evaluations per window."""

PLANS: tuple[str, ...] = get_args(Plan)
PRECISIONS: tuple[str, ...] = get_args(Precision)


@dataclass(frozen=True, slots=True)
class FeetRequest:
    """Foot cleanup. The fields are those of motion.feet.FootSettings, which tells what they do."""

    enabled: bool = True
    strength: float = 1.0
    contact_threshold: float = 0.5
    blend_frames: int = 6
    allow_pivots: bool = True


@dataclass(frozen=True, slots=True)
class BeatsRequest:
    """What the user says of the beats that were heard.

    tempo: as heard, every second beat alone, or one more between any two. offset: seconds by which they come later.
    bar: so many beats later the bar begins.
    """

    tempo: TempoChange = "heard"
    offset: float = 0.0
    bar: int = 0


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """One dance. The same request on the same machine gives the same dance, bit for bit.

    song: path of an audio file. start, duration: seconds of the song; duration None = to its end.
    seed: 0 or more. steps: network evaluations per window. guidance: how strongly the music leads (1 = as trained).
    weights: an id that `weights list` shows, or a path. energy: 0 (calm) to 1 (wild), None = left to the music.
    sequential: a few windows at a time, so that the dance's beginning is there early, instead of all at once.
    edit: what is kept of another dance, or the dance that is varied. beats: the user's correction of the beats; models
    that listen through rhythm features dance to it, the others keep their own ears. smoothness: 0 to 1, how much
    tremble is taken out of the dance before its feet are cleaned; 0 leaves it as the model made it.
    eta: of DDIM, 0 = deterministic. guidance_interval: timesteps (low, high), of 0 to 999, outside which guidance is 1;
    near the end it changes nothing that is seen, and costs half of the work.
    guidance_ramp: rising = from 0 up to guidance halfway, constant = the same all the time, auto = EDGE's rules: rising
    in dances of more than one window, never above 1 in the last 100 timesteps of ddpm.
    sampler: reference = EDGE's own, plainly: 50 steps whatever steps says, slow, to measure against; it keeps nothing.
    arithmetic: exact = float32; fastest = what is quickest on this machine, with a dance of its own (model.arithmetic).
    on_beat: how far the dance's stops are drawn onto the beats, 0 = not at all, 1 = all the way (`timing`).
    """

    song: str
    start: float = 0.0
    duration: float | None = None
    seed: int = 0
    steps: int = QUALITIES["normal"][1]
    sampler: Sampler = "dpmpp"
    guidance: float = 3.0
    weights: str = "starter"
    style: Style = "any"
    energy: float | None = None
    sequential: bool = False
    feet: FeetRequest = field(default_factory=FeetRequest)
    edit: EditRequest = field(default_factory=EditRequest)
    beats: BeatsRequest = field(default_factory=BeatsRequest)
    smoothness: float = 0.0
    eta: float = 1.0
    guidance_interval: tuple[int, int] | None = (20, 999)
    guidance_ramp: Ramp = "constant"
    on_beat: float = 1.0
    arithmetic: Arithmetic = "exact"


@dataclass(frozen=True, slots=True)
class FeaturesRequest:
    """What a model hears of a song. song, start, duration, beats: as in GenerateRequest."""

    song: str
    kind: FeatureKind = "rhythm"
    start: float = 0.0
    duration: float | None = None
    beats: BeatsRequest = field(default_factory=BeatsRequest)


@dataclass(frozen=True, slots=True)
class BodyRequest:
    """A body to skin. model: path of a SMPL model file. betas: its shape, standard deviations; those left out are 0."""

    model: str
    betas: tuple[float, ...] = ()
