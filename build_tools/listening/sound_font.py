"""Renders songs by FluidSynth's library with a General MIDI sound font. Nothing else needs these two."""

import ctypes
import ctypes.util
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .score import DRUM_CHANNEL, Song

RATE = 22050
TAIL_S = 0.5


class Player:
    """A synthesiser with the sound font. Raises OSError if the library is missing, ValueError if the font is."""

    def __init__(self, sound_font: Path, library: str | None = None) -> None:
        self._lib = ctypes.CDLL(library or ctypes.util.find_library("fluidsynth") or "libfluidsynth.so.3")
        for name in ("new_fluid_settings", "new_fluid_synth"):
            getattr(self._lib, name).restype = ctypes.c_void_p
        settings = ctypes.c_void_p(self._lib.new_fluid_settings())
        self._lib.fluid_settings_setnum(settings, b"synth.sample-rate", ctypes.c_double(RATE))
        self._lib.fluid_settings_setnum(settings, b"synth.gain", ctypes.c_double(0.4))
        self._synth = ctypes.c_void_p(self._lib.new_fluid_synth(settings))
        self._font = self._lib.fluid_synth_sfload(self._synth, str(sound_font).encode(), 1)
        if self._font < 0:
            raise ValueError(f"{sound_font} is no sound font that FluidSynth reads")

    def play(self, song: Song) -> NDArray[np.float32]:
        """Stereo samples (n, 2) at RATE."""
        lib, synth = self._lib, self._synth
        lib.fluid_synth_system_reset(synth)
        for channel, (bank, program) in song.programs.items():
            lib.fluid_synth_program_select(synth, channel, self._font, bank, program)
        events = [(round(note.start * RATE), 1, note) for note in song.notes]
        events += [(round(note.end * RATE), 0, note) for note in song.notes if note.channel != DRUM_CHANNEL]
        end = round((song.seconds + TAIL_S) * RATE)
        out = np.zeros((end, 2), np.float32)
        place = 0
        for time, begins, note in sorted(events, key=lambda event: event[:2]):
            place = self._render(out, place, min(time, end))
            if begins:
                lib.fluid_synth_noteon(synth, note.channel, note.key, note.velocity)
            else:
                lib.fluid_synth_noteoff(synth, note.channel, note.key)
        self._render(out, place, end)
        return out

    def _render(self, out: NDArray[np.float32], start: int, end: int) -> int:
        if end > start:
            buffer = out.ctypes.data_as(ctypes.c_void_p)
            self._lib.fluid_synth_write_float(self._synth, end - start, buffer, start * 2, 2, buffer, start * 2 + 1, 2)
        return max(start, end)
