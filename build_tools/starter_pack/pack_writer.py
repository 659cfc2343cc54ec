"""Writes the starter pack: dance pieces, several synthetic songs for each, and the songs' rhythm features.

    python -m build_tools.starter_pack.pack_writer dance_smpl24_30fps.npz starter_pack.safetensors

`edge_backend.training.pack` describes and reads the file.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file

from edge_backend.audio.beats import BeatGrid
from edge_backend.audio.loading import Audio
from edge_backend.audio.rhythm import rhythm_features
from edge_backend.fileio.atomic_write import atomic_write
from edge_backend.model.controls import STYLES
from edge_backend.motion.beat_alignment import motion_beats, places_on_the_beat
from edge_backend.motion.kinematics import forward_kinematics
from edge_backend.motion.rotations import axis_angle_to_matrix
from edge_backend.runtime.child_processes import process_pool
from edge_backend.schema.frames import FPS

from .accents import GRID, accent_curve, stops_of
from .arrangement import RATE, STEPS, draw_mix, render
from .beat_grid import DanceBeats, lay_beats, warp_to_tempo
from .style_in_music import style_accuracy

Array = NDArray[np.floating]

# bpm. The variants of a piece take them in turns, so that every piece has music of every tempo, and the tempo does not
# predict the style.
TEMPO_BANDS = [(78, 100), (94, 122), (116, 148), (144, 182)]
OWN_TEMPOS = (0.5, 1.0, 2.0)  # of a piece whose tempo is known
STRETCH = 0.13  # the whole dance is played faster or slower by a factor of up to exp(STRETCH)
MARGIN = 8.0  # seconds of music before and after the dance, for the beat tracker
TRIES = 4  # renderings per variant, until the beat tracker finds the rendered beat
KNOWN_BEAT = 0.5  # above this confidence, a piece's own tempo is used in the bands in which it lies


@dataclass(frozen=True)
class Piece:
    """One dance of the source file.

    joints: (frames, 24, 3) metres, world. contacts: (frames, 4). bpm, bpm_confidence: its tempo as far as known.
    """

    joints: Array
    contacts: Array
    bpm: float
    bpm_confidence: float

    @property
    def seconds(self) -> float:
        """Length of the dance in seconds."""
        return (len(self.joints) - 1) / FPS


def read_pieces(data: dict[str, NDArray]) -> list[Piece]:
    """All dances of the source file, by its arrays."""
    pieces = []
    for start, length, bpm, confidence in zip(
        data["start"], data["length"], data["bpm"], data["bpm_confidence"], strict=True
    ):
        span = slice(start, start + length)
        joints = forward_kinematics(axis_angle_to_matrix(data["poses"][span]), data["root"][span])
        pieces.append(Piece(joints.astype(np.float64), data["contact"][span], float(bpm), float(confidence)))
    return pieces


def tempos_to_try(piece: Piece, band: tuple[float, float]) -> Array:
    """The tempos (n,), bpm, within the band, among which a variant's beat is searched."""
    low, high = band
    own = [piece.bpm * factor for factor in OWN_TEMPOS if low <= piece.bpm * factor < high]
    if own and piece.bpm_confidence >= KNOWN_BEAT:
        return np.arange(own[0] * 0.96, own[0] * 1.04, 1.0)
    return np.arange(low, high, 2.0)


def make_variant(piece: Piece, band: tuple[float, float], seed: int) -> tuple[Array, Array] | None:
    """Make a song for a piece: time warp (frames,) in frames of the piece, and rhythm features (frames, 12).

    band: where the song's tempo, bpm, lies before it is stretched.

    Returns None if no steady beat fits, or if the beat tracker finds another beat than the rendered one.
    """
    rng = np.random.default_rng(seed)
    beats = lay_beats(accent_curve(piece.joints, piece.contacts), tempos_to_try(piece, band))
    if not beats.fits:
        return None
    tempo = beats.tempo * float(np.exp(rng.uniform(-STRETCH, STRETCH)))
    warp = warp_to_tempo(beats, piece.seconds, tempo)
    downbeat = float(np.interp(strongest_beat(piece, beats), warp, np.arange(len(warp)) / FPS))
    warp = draw_stops(piece, warp, downbeat, 60 / tempo)
    hits = _hits(piece, warp)
    for _ in range(TRIES):
        features, detected = _render_and_analyse(downbeat, 60 / tempo, hits, len(warp), rng)
        if same_beat(detected, downbeat + MARGIN, 60 / tempo):
            return warp * FPS, features
    return None


def strongest_beat(piece: Piece, beats: DanceBeats) -> float:
    """Seconds of the first downbeat: of beats two to five, the one from which every fourth beat has most accent."""
    curve = accent_curve(piece.joints, piece.contacts)
    caught = np.interp(beats.times, np.arange(len(curve)) / GRID, curve)
    return float(beats.times[max(range(1, 5), key=lambda k: caught[k::4].mean())])


def draw_stops(piece: Piece, warp: Array, downbeat: float, beat: float) -> Array:
    """The warp (frames,), seconds, changed so that more of the dance's stops fall on beats.

    By `motion.beat_alignment`, as in generation: the network learns the relation of stops and beats from these dances.
    """
    beats = np.arange(downbeat % beat, len(warp) / FPS, beat)
    stops = motion_beats(_warped(piece, warp))
    places = places_on_the_beat(stops, beats, np.zeros(len(warp), bool))
    return warp if places is None else np.interp(places, np.arange(len(warp)), warp)


def _warped(piece: Piece, warp: Array) -> Array:
    """Joints (frames, 24, 3) of a piece at the times warp (frames,), seconds, interpolated linearly."""
    places = np.clip(warp * FPS, 0, len(piece.joints) - 1)
    before = np.minimum(places.astype(int), len(piece.joints) - 2)
    share = (places - before)[:, None, None]
    return piece.joints[before] * (1 - share) + piece.joints[before + 1] * share


def _hits(piece: Piece, warp: Array) -> Array:
    """The warped dance's strongest stops (n, 2): time in seconds, and strength."""
    joints = _warped(piece, warp)
    speed = np.linalg.norm(np.gradient(joints - joints[:, :1], 1 / FPS, axis=0), axis=-1).mean(axis=1)
    times, strengths = stops_of(speed)
    strong = strengths > 0.6
    return np.stack([times[strong], strengths[strong]], axis=1)


def _render_and_analyse(
    downbeat: float, beat: float, hits: Array, frames: int, rng: np.random.Generator
) -> tuple[Array, BeatGrid]:
    """Render a song with MARGIN around the dance and analyse it with the product's code.

    Returns the features (frames, 12) of the dance's part, and the detected beats of the whole.
    """
    bar = STEPS / 4 * beat
    seconds = frames / FPS + 2 * MARGIN
    first = (downbeat + MARGIN) % bar - bar
    shifted = hits + np.array([MARGIN, 0.0]) if len(hits) and rng.random() < 0.7 else np.zeros((0, 2))
    samples = render(draw_mix(rng), seconds, first, beat, hits=shifted, rng=rng)
    total = int(seconds * FPS)
    features, detected = rhythm_features(Audio(samples, RATE, Path("made")), total)
    start = int(MARGIN * FPS)
    return features[start : start + frames], detected


def same_beat(detected: BeatGrid, downbeat: float, beat: float) -> bool:
    """Whether detected beats are the rendered ones, at the same, half or double tempo.

    downbeat: seconds of the rendered first beat of a bar. beat: seconds per beat. At half the tempo, the detected beats
    must be the first and third of the bar.
    """
    ratio = detected.tempo * beat / 60
    octave = min((0.5, 1.0, 2.0), key=lambda o: abs(np.log(ratio / o)))
    if abs(np.log(ratio / octave)) > 0.06:
        return False
    grid = beat / octave
    distance = np.abs((detected.beats - downbeat + grid / 2) % grid - grid / 2)
    return bool(np.mean(distance < 0.05) > 0.85)


def _job(args: tuple[Piece, tuple[float, float], int]) -> tuple[Array, Array] | None:
    return make_variant(*args)


def write_pack(source: Path, target: Path, variants: int, workers: int, seed: int = 0) -> None:
    """Read the dance file, make `variants` songs for each piece, and write the pack."""
    with np.load(source, allow_pickle=False) as archive:
        data = {key: archive[key] for key in archive.files}
    pieces = read_pieces(data)
    holdout = data["split"] == "holdout"
    jobs = [
        (number, TEMPO_BANDS[k % len(TEMPO_BANDS)], seed * 1_000_003 + number * 1009 + k)
        for number in range(len(pieces))
        for k in range(2 if holdout[number] else variants)
    ]
    made: list[tuple[int, Array, Array]] = []
    with process_pool(workers) as pool:
        results = pool.map(_job, [(pieces[number], band, job_seed) for number, band, job_seed in jobs], chunksize=4)
        for done, ((number, _, _), result) in enumerate(zip(jobs, results, strict=True), 1):
            if result is not None:
                made.append((number, *result))
            if done % 20 == 0:
                print(f"{done}/{len(jobs)} songs tried, {len(made)} kept", flush=True)
    found = style_accuracy(
        [music for _, _, music in made], [str(data["style"][n]) for n, _, _ in made], [n for n, _, _ in made]
    )
    print(f"tempo and density tell the style in {found:.2f} of the songs, all styles alike")
    made += _unaccompanied(pieces)
    with atomic_write(target) as unfinished:
        about = {"edge_dance_pack": json.dumps(_about(data, variants))}
        save_file(_arrays(data, holdout, made), unfinished, metadata=about)
    print(f"{target}: {target.stat().st_size / 1e6:.1f} MB, {len(made)} variants")


def _unaccompanied(pieces: list[Piece]) -> list[tuple[int, Array, Array]]:
    """A variant of every piece without warp and with "no music known", so that pieces without a beat are included."""
    return [
        (n, np.arange(len(p.joints), dtype=np.float64), np.zeros((len(p.joints), 12))) for n, p in enumerate(pieces)
    ]


def _arrays(data: dict[str, NDArray], holdout: NDArray, made: list[tuple[int, Array, Array]]) -> dict[str, NDArray]:
    lengths = np.array([len(warp) for _, warp, _ in made])
    poses = data["poses"][:, :22].reshape(len(data["poses"]), 66)
    arrays = {
        "poses": np.round(poses / np.pi * 32767).astype(np.int16),
        "root": data["root"].astype(np.float32),
        "contacts": data["contact"].astype(np.uint8),
        "piece_start": data["start"].astype(np.int32),
        "piece_length": data["length"].astype(np.int32),
        "piece_style": np.array([STYLES.index(style) for style in data["style"]], np.uint8),
        "piece_split": holdout.astype(np.uint8),
        "variant_piece": np.array([number for number, _, _ in made], np.int32),
        "variant_start": (np.cumsum(lengths) - lengths).astype(np.int32),
        "variant_length": lengths.astype(np.int32),
        "warp": np.concatenate([warp for _, warp, _ in made]).astype(np.float32),
        "features": np.concatenate([features for _, _, features in made]).astype(np.float16),
    }
    # safetensors writes an array's memory in its order: a column-major array would be read wrongly.
    return {name: np.ascontiguousarray(array) for name, array in arrays.items()}


def _about(data: dict[str, NDArray], variants: int) -> dict[str, object]:
    return {
        "format": 1,
        "sources": sorted({str(s) for s in data["source"]}),
        "licences": sorted({str(s) for s in data["licence"]}),
        "variants_per_piece": variants,
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--variants", type=int, default=12)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    write_pack(options.source, options.target, options.variants, options.workers)


if __name__ == "__main__":
    main()
