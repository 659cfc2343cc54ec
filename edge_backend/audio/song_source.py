"""A song's file with its checksum and length, which features, caches and metadata share."""

from functools import cached_property, lru_cache
from pathlib import Path

from ..fileio.hashing import sha256_of
from .loading import Audio, check_file, load

SONG_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3", ".m4a", ".opus", ".oga", ".aac", ".aif", ".aiff")
"""Suffixes by which songs are found in folders. A file that is given by name may have any suffix."""


def song_beside(path: Path) -> Path | None:
    """The song with the name of the file at `path` and one of SONG_SUFFIXES beside it; None if there is none."""
    songs = (path.with_suffix(suffix) for suffix in SONG_SUFFIXES)
    return next((song for song in songs if song.is_file()), None)


class SongSource:
    """A song's file at `path`. Its checksum and length are computed at the first access and stored."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the file as hexadecimal digits. Raises OSError."""
        return sha256_of(self.path)

    @cached_property
    def duration(self) -> float:
        """Seconds of sound that can be decoded, whatever the header says. Raises EdgeError as loading.load."""
        return load(self.path).duration

    def load(self, start: float = 0.0, duration: float | None = None) -> Audio:
        """Read a range of the song, as loading.load. Reading to the end also sets `duration`."""
        audio = load(self.path, start, duration)
        if duration is None:
            self.__dict__.setdefault("duration", start + audio.duration)
        return audio


def song_source(path: str | Path) -> SongSource:
    """The SongSource of a file, the same object while the file is unchanged.

    Raises EdgeError audio_missing, audio_folder.
    """
    path = Path(path)
    check_file(path)
    state = path.stat()
    return _source(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=256)
def _source(path: Path, _changed: int, _size: int) -> SongSource:
    return SongSource(path)
