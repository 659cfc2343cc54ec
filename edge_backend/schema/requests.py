"""Requests to the backend, shared by the add-on, the command line and the pipeline.

Standard library only: Blender imports it, and `--help` shows its choices.
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
Precision = Literal["fp32", "fp16", "bf16"]

Form = Literal["song", "free"]
Returning = Literal["same", "mirrored"]
Arithmetic = Literal["exact", "fastest"]
EngineName = Literal["onnx", "torch"]
EngineChoice = Literal["auto", "onnx", "torch"]

FORMS: tuple[str, ...] = get_args(Form)
RETURNING: tuple[str, ...] = get_args(Returning)
ENGINES: tuple[str, ...] = get_args(EngineChoice)
ARITHMETICS: tuple[str, ...] = get_args(Arithmetic)
SAMPLERS: tuple[str, ...] = get_args(Sampler)
STYLES: tuple[str, ...] = get_args(Style)
RAMPS: tuple[str, ...] = get_args(Ramp)
TEMPO_CHANGES: tuple[str, ...] = get_args(TempoChange)
FEATURE_KINDS: tuple[str, ...] = get_args(FeatureKind)
PROVIDERS: tuple[str, ...] = get_args(Provider)
QUALITIES: dict[str, tuple[Sampler, int]] = {"draft": ("dpmpp", 5), "normal": ("dpmpp", 7), "best": ("dpmpp", 20)}
"""The panel's quality levels: sampler and network evaluations per window."""

PLANS: tuple[str, ...] = get_args(Plan)
PRECISIONS: tuple[str, ...] = get_args(Precision)


@dataclass(frozen=True, slots=True)
class FeetRequest:
    """Settings of the foot cleanup, which motion.feet.FootSettings describes."""

    enabled: bool = True
    strength: float = 1.0
    contact_threshold: float = 0.5
    blend_frames: int = 6
    allow_pivots: bool = True


@dataclass(frozen=True, slots=True)
class BeatsRequest:
    """The user's correction of the detected beats.

    tempo: heard = as detected, half = every second beat, double = one more between any two. offset: seconds that are
    added to all beats. bar: beats, 0 to 3, by which downbeats are moved later.
    """

    tempo: TempoChange = "heard"
    offset: float = 0.0
    bar: int = 0


@dataclass(frozen=True, slots=True)
class LoopRequest:
    """A dance to some bars of the song that leads back into its beginning.

    bars: 1 or more. travel: whether the dancer may end elsewhere than where the loop began.
    """

    bars: int
    travel: bool = False


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """One dance. The same request on the same machine gives the same dance, bit for bit.

    song: path of an audio file. start, duration: seconds of the song; duration None = to its end.
    seed: 0 or more. steps: network evaluations per window. guidance: weight of classifier-free guidance, 1 = none.
    weights: an id that `weights list` shows, or a path. energy: 0 (calm) to 1 (wild), None = drawn from the seed.
    sequential: sample a few windows at a time, so that the dance's beginning is available early.
    edit: constraints from another dance, or the dance that is varied. beats: the user's correction of the beats; it
    affects beat alignment, and the condition of weights with rhythm features. smoothness: 0 to 1, strength of the
    smoothing before the foot cleanup, 0 = none.
    eta: of DDIM, 0 = deterministic. guidance_interval: timesteps (low, high), of 0 to 999, outside which guidance is 1,
    which takes half of the work; guidance in the last timesteps has no visible effect.
    guidance_ramp: rising = linearly from 0 to guidance in the first half, constant, or auto = EDGE's rules: rising in
    dances of more than one window, at most 1 in the last 100 timesteps of ddpm.
    sampler: reference = EDGE's own sampler with 50 steps whatever `steps` is, slow, for comparison; without edits.
    arithmetic: exact = float32; fastest = the fastest on this machine, with other numbers (model.arithmetic).
    form: song = where the song's music returns, its dance returns, and the energy follows the bars; free = every bar is
    danced anew. A song whose beat is unclear, and a dance that keeps something of another one, are danced freely.
    returning: the dance of a returning section is the same, or every second time mirrored. originality: how far it
    leaves the first one, and phrases of a library are left, 0 = not at all to 1 = danced anew.
    phrases: folders of phrase libraries, or "starter", of whose phrases the dance is made; none = the model dances.
    plan: path of a plan of the dance (choreography.plan_file), instead of one that is made for the song. With an edit,
    what the edit leaves open is danced by the plan.
    song_map: path of a song map (schema.song_map) from `start` on, whose beats are used instead of
    detected and corrected ones; "" = none.
    on_beat: how far the dance's stops are moved to the beats and its tempo has their pulse, from 0 to 1
    (motion.beat_alignment).
    loop: a seamless loop from the first bar line at or after `start`, without edits; None = a dance to the whole.
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
    loop: LoopRequest | None = None
    form: Form = "song"
    returning: Returning = "same"
    originality: float = 0.0
    phrases: tuple[str, ...] = ()
    plan: str = ""
    song_map: str = ""


@dataclass(frozen=True, slots=True)
class FeaturesRequest:
    """The music features of a song. song, start, duration, beats, song_map: as in GenerateRequest."""

    song: str
    kind: FeatureKind = "rhythm"
    start: float = 0.0
    duration: float | None = None
    beats: BeatsRequest = field(default_factory=BeatsRequest)
    song_map: str = ""


@dataclass(frozen=True, slots=True)
class BodyRequest:
    """A skinned body. model: path of a SMPL model file. betas: shape components, standard deviations; others are 0."""

    model: str
    betas: tuple[float, ...] = ()
