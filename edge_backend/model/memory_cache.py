"""What engines keep of the music between steps, as far as there is room for it. numpy and the standard library only."""

from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar

ROOM_BYTES = 128 << 20  # for what the decoder reads of a song's windows; what finds no room is worked out at every step


class Sized(Protocol):
    """Something that takes memory."""

    @property
    def nbytes(self) -> int:
        """In bytes."""


K = TypeVar("K", bound=Hashable)
V = TypeVar("V", bound=Sized)


class MemoryCache(Generic[K, V]):
    """Values by key, worked out by `make` when first asked for, and kept up to ROOM_BYTES together.

    Threads may ask at the same time, each for keys of its own.
    """

    def __init__(self, make: Callable[[K], V]) -> None:
        self._make = make
        self._kept: dict[K, V] = {}
        self._room = ROOM_BYTES

    def of(self, key: K) -> V:
        """The value for the key."""
        if key in self._kept:
            return self._kept[key]
        value = self._make(key)
        if value.nbytes <= self._room:
            self._room -= value.nbytes
            self._kept[key] = value
        return value
