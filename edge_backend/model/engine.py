"""What an engine is: the network as a function of numpy arrays. Two modules have one: onnx_engine and torch_engine.

numpy and the standard library only: neither ONNX Runtime nor torch is imported here.
"""

from collections.abc import Callable
from typing import Any, Protocol

from ..numerics.array import Array
from ..schema.requests import EngineName

BATCH = 4  # windows; with both branches of the guidance their activations just fit into a cache of some MB

Poll = Callable[[], None]
"""Called before each network evaluation; what it raises ends the work there."""


def carry_on() -> None:
    """The poll that never ends anything."""


class Engine(Protocol):
    """A network, ready to be evaluated. Arrays are float32 and normalised; W = windows.

    name: of the engine. version: of its library. device: "cpu", "cuda" or "mps".
    The same calls give the same numbers, bit for bit.
    """

    name: EngineName
    version: str

    @property
    def device(self) -> str:
        """Where it computes."""

    @property
    def threads(self) -> int:
        """How many threads of the CPU it uses."""

    def encode(self, cond: Array, poll: Poll = carry_on, *, baseline: Array | None = None) -> Any:
        """Music cond (W, 150, features), encoded once for all timesteps. What it is, only this engine needs to know.

        baseline: (150, features), the condition of the other branch of guidance, the same for every window. None: the
        network's own "no condition".
        """

    def predict(
        self, x: Array, t: int, music: Any, *, conditional: bool, unconditional: bool, poll: Poll = carry_on
    ) -> list[Array]:
        """The predictions of x0, (W, 150, 151) each, from x (W, 150, 151) at timestep t: the conditional one, which
        depends on the music of these windows, and the unconditional one, which depends on the baseline alone, as far
        as they are asked for."""

    def plain(self, x: Array, t: int, cond: Array, *, unconditional: bool) -> Array:
        """One prediction of x0 (W, 150, 151) as the network's definition has it, nothing being kept for another call.
        unconditional: leave the music cond (W, 150, features) out."""
