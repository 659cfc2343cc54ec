"""Renders songs for training: spectra with annotations, or sound files with annotations in JSON beside them.

    python -m build_tools.listening.render_songs FOLDER --font FluidR3_GM.sf2 --songs 500 [--sound]

Needs FluidSynth's library and a General MIDI sound font. The bundled network was trained on 1140 songs, seeds 24 to
475 and 10000 to 10687, played with FluidR3 (MIT licence); then on 1472 others, seeds 300024 to 300755, and 310002 to
310741 with --kinds strings six_eight waltz strings strings_waltz six_eight piano ballad five strings piano_six_eight
waltz march reggae.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from edge_backend.audio.log_spectrum import log_spectrum

from .grooves import KINDS
from .score import Song, write_song
from .sound_font import RATE, Player


def render(player: Player, seed: int, folder: Path, kind: str | None, *, sound: bool, alike: bool) -> None:
    """Write the song of that seed, as a spectrum with annotations or as a sound file with a JSON file.

    kind: of music, None = drawn at random.
    """
    rng = np.random.default_rng(seed)
    song = write_song(rng, kind, alike=alike)
    samples = player.play(song)
    if sound:
        soundfile.write(folder / f"{seed:03}_{song.kind}.ogg", 0.8 * samples / max(np.abs(samples).max(), 1e-6), RATE)
        (folder / f"{seed:03}_{song.kind}.json").write_text(json.dumps(song.truth()), encoding="utf-8")
    else:
        _write_spectrum(folder / f"{seed}.npz", song, _mastered(rng, samples.mean(axis=1)))


def _mastered(rng: np.random.Generator, samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """The samples (n, 2) as after mastering: at random with clipped peaks, at random with noise."""
    peak = float(np.abs(samples).max())
    if rng.random() < 0.3:
        samples = np.tanh(samples / peak * rng.uniform(1, 3))
    if rng.random() < 0.3:
        samples = samples + rng.normal(0, 10 ** rng.uniform(-4, -2.2), len(samples)) * float(np.abs(samples).max())
    return samples.astype(np.float32)


def _write_spectrum(path: Path, song: Song, samples: NDArray[np.float32]) -> None:
    np.savez(
        path,
        s=log_spectrum(samples).astype(np.float16),
        beats=song.beats,
        metre=song.metre,
        kind=song.kind,
        sections=json.dumps(song.truth()["sections"]),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--font", type=Path, required=True)
    parser.add_argument("--songs", type=int, default=500)
    parser.add_argument("--first", type=int, default=0, help="seed of the first song")
    parser.add_argument("--sound", action="store_true")
    parser.add_argument("--alike", action="store_true", help="sections that differ in chords and tune alone")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, help="kinds of music, one after the other")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    player = Player(options.font)
    for seed in range(options.first, options.first + options.songs):
        kind = options.kinds[seed % len(options.kinds)] if options.kinds else None
        render(player, seed, options.folder, kind, sound=options.sound, alike=options.alike)
