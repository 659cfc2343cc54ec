"""A song's file: what is worked out about it once goes along through features, caches and metadata."""

from functools import cached_property, lru_cache
from pathlib import Path

from ..fileio.hashing import sha256_of
from .loading import Audio, check_file, load


class SongSource:
    """A song's file at `path`. Its checksum and its length are worked out when first asked for, and kept."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def sha256(self) -> str:
        """Of the file's content, as hexadecimal digits. Raises OSError."""
        return sha256_of(self.path)

    @cached_property
    def duration(self) -> float:
        """Seconds of sound that decode from the file, whatever its header says. Raises EdgeError as loading.load."""
        return load(self.path).duration

    def load(self, start: float = 0.0, duration: float | None = None) -> Audio:
        """A stretch of the song; see loading.load. One that goes to the end makes the song's length known."""
        audio = load(self.path, start, duration)
        if duration is None:
            self.__dict__.setdefault("duration", start + audio.duration)
        return audio


def song_source(path: str | Path) -> SongSource:
    """The song in that file: the same object as long as the file is the same.

    Raises EdgeError audio_missing, audio_folder.
    """
    path = Path(path)
    check_file(path)
    state = path.stat()
    return _source(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=256)
def _source(path: Path, _changed: int, _size: int) -> SongSource:
    return SongSource(path)
