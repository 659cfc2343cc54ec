"""The network's sizes, and the names and shapes of its parameters. Standard library only."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, Self

ENCODER_LAYERS = 2
TIME_TOKENS = 2


class Shaped(Protocol):
    """Anything with a shape: an array or a tensor."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes of its dimensions."""


@dataclass(frozen=True)
class DecoderConfig:
    """The network's sizes; the defaults are the paper's.

    latent: width of every token. ff: inner width of the feed-forward parts. layers: of the decoder. heads: per
    attention. features: channels of the condition. frames: in a window. channels: of the motion vector. dropout: in
    training. frame_music: the music of each frame is also added to its token; the paper's network only attends to it.
    """

    latent: int = 512
    ff: int = 1024
    layers: int = 8
    heads: int = 8
    features: int = 4800
    frames: int = 150
    channels: int = 151
    dropout: float = 0.1
    frame_music: bool = False

    @classmethod
    def from_parameters(cls, parameters: Mapping[str, Shaped], heads: int) -> Self:
        """The sizes that follow from the shapes of a network's parameters and the number of heads.

        Raises KeyError or ValueError if they are not exactly a DanceDecoder's, or the heads do not divide its width.
        """
        latent, channels = parameters["input_projection.weight"].shape
        _, frames, _ = parameters["null_cond_embed"].shape
        ff, _ = parameters[f"{DECODER}.0.linear1.weight"].shape
        _, features = parameters["cond_projection.weight"].shape
        layers = len({name.split(".")[2] for name in parameters if name.startswith(f"{DECODER}.")})
        frame_music = "frame_projection.weight" in parameters
        config = cls(latent, ff, layers, heads, features, frames, channels, frame_music=frame_music)
        if heads < 1 or latent % heads:
            raise ValueError(f"{heads} attention heads do not divide its width of {latent}")
        config.check(parameters)
        return config

    def check(self, parameters: Mapping[str, Shaped]) -> None:
        """Raise ValueError with the first name, if parameters are missing, unknown or of other shapes."""
        expected = dict(self.parameter_shapes())
        for name in sorted(expected.keys() | parameters.keys()):
            found = tuple(parameters[name].shape) if name in parameters else None
            if found != expected.get(name):
                raise ValueError(f"{name} has the shape {found} instead of {expected.get(name)}")

    def parameter_shapes(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Names and shapes of all parameters of a DanceDecoder of these sizes."""
        latent = self.latent
        yield from _linear("input_projection", self.channels, latent)
        yield from _linear("cond_projection", self.features, latent)
        for layer in range(ENCODER_LAYERS):
            yield from self._layer(f"{ENCODER}.{layer}", ("self_attn",))
        yield from _norm("non_attn_cond_projection.0", latent)
        yield from _linear("non_attn_cond_projection.1", latent, latent)
        yield from _linear("non_attn_cond_projection.3", latent, latent)
        if self.frame_music:
            yield from _linear("frame_projection", latent, latent)
        yield "null_cond_embed", (1, self.frames, latent)
        yield "null_cond_hidden", (1, latent)
        yield from _linear("time_mlp.1", latent, 4 * latent)
        yield from _linear("to_time_cond.0", 4 * latent, latent)
        yield from _linear("to_time_tokens.0", 4 * latent, TIME_TOKENS * latent)
        yield from _norm("norm_cond", latent)
        for layer in range(self.layers):
            yield from self._layer(f"{DECODER}.{layer}", ("self_attn", "multihead_attn"))
            yield from _norm(f"{DECODER}.{layer}.norm3", latent)
            for film in (1, 2, 3):
                yield from _linear(f"{DECODER}.{layer}.film{film}.block.1", latent, 2 * latent)
        yield from _linear("final_layer", latent, self.channels)

    def _layer(self, name: str, attentions: tuple[str, ...]) -> Iterator[tuple[str, tuple[int, ...]]]:
        latent = self.latent
        for attention in attentions:
            yield f"{name}.{attention}.in_proj_weight", (3 * latent, latent)
            yield f"{name}.{attention}.in_proj_bias", (3 * latent,)
            yield from _linear(f"{name}.{attention}.out_proj", latent, latent)
        yield from _linear(f"{name}.linear1", latent, self.ff)
        yield from _linear(f"{name}.linear2", self.ff, latent)
        yield from _norm(f"{name}.norm1", latent)
        yield from _norm(f"{name}.norm2", latent)


ENCODER = "cond_encoder"
DECODER = "seqTransDecoder.stack"
"""The names of the two stacks of layers in the authors' checkpoint."""


def _linear(name: str, inputs: int, outputs: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (outputs, inputs)
    yield f"{name}.bias", (outputs,)


def _norm(name: str, width: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (width,)
    yield f"{name}.bias", (width,)
