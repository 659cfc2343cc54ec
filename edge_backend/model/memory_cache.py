"""A cache of limited size for the music's keys and values between steps. Standard library only."""

from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar

ROOM_BYTES = 128 << 20  # of cached values; others are computed again at every step


class Sized(Protocol):
    """Anything with a size in memory."""

    @property
    def nbytes(self) -> int:
        """Its size in bytes."""


K = TypeVar("K", bound=Hashable)
V = TypeVar("V", bound=Sized)


class MemoryCache(Generic[K, V]):
    """Values by key, computed by `make` at the first access and stored up to ROOM_BYTES in total.

    Several threads may access it at the same time if they use different keys.
    """

    def __init__(self, make: Callable[[K], V]) -> None:
        self._make = make
        self._values: dict[K, V] = {}
        self._room = ROOM_BYTES

    def of(self, key: K) -> V:
        """The value for the key."""
        if key in self._values:
            return self._values[key]
        value = self._make(key)
        if value.nbytes <= self._room:
            self._room -= value.nbytes
            self._values[key] = value
        return value
