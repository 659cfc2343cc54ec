"""The interface of engines: the network as a function of numpy arrays; see onnx_engine and torch_engine.

numpy and the standard library only: neither ONNX Runtime nor torch is imported.
"""

from collections.abc import Callable
from typing import Any, Literal, Protocol

from ..numerics.array import Array
from ..schema.requests import EngineName

ProductArithmetic = Literal["fp32", "fp16", "bf16"]

BATCH = 4  # windows; with both branches of the guidance their activations just fit into a cache of some MB

EXACT_BELOW = 10
"""Timestep below which the network, or the part of it that matters, is evaluated in float32: the rounding of 16 bits
differs from frame to frame, and the last evaluation would leave it in the dance as a tremble. Of 7 steps one is below,
of 20 three."""

Poll = Callable[[], None]
"""Callback before each network evaluation; an exception from it stops the work."""


def carry_on() -> None:
    """The Poll that does nothing."""


class Engine(Protocol):
    """A network, ready to be evaluated. Arrays are float32 and normalised; W = windows.

    name: of the engine. version: of its library. arithmetic: of its matrix products. device: "cpu", "cuda" or "mps".
    Equal calls give equal numbers, bit for bit.
    """

    name: EngineName
    version: str
    arithmetic: ProductArithmetic

    @property
    def device(self) -> str:
        """The device on which it computes."""

    @property
    def threads(self) -> int:
        """Number of CPU threads that it uses."""

    def encode(self, cond: Array, poll: Poll = carry_on, *, baseline: Array | None = None) -> Any:
        """Encode the music cond (W, 150, features) for all timesteps. The result's type is the engine's own.

        baseline: (150, features), the condition of the unconditional branch of guidance, the same for every window.
        None: the network's null condition.
        """

    def predict(
        self, x: Array, t: int, music: Any, *, conditional: bool, unconditional: bool, poll: Poll = carry_on
    ) -> list[Array]:
        """Predictions of x0, (W, 150, 151) each, from x (W, 150, 151) at timestep t, as far as they are requested.

        First the conditional one, which depends on the windows' music, then the unconditional one, which depends on the
        baseline alone. music: of `encode`, for these windows.
        """

    def plain(self, x: Array, t: int, cond: Array, *, unconditional: bool) -> Array:
        """The prediction of x0 (W, 150, 151) by the whole network, without caches.

        cond: (W, 150, features). unconditional: use the null condition in its place.
        """
