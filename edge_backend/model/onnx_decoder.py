"""The DanceDecoder as ONNX graphs: the same sums as `decoder` and `cached_decoder`, for one window and one branch.

There is one graph for each part that runs at its own rate: `encoder` and `memory` once per window of a song, `time`
once per timestep, `film` once per step, `step` for every window and branch of a step. `network` is all of them in one.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ..numerics.array import Array
from .decoder_config import DECODER, ENCODER, ENCODER_LAYERS, TIME_TOKENS, DecoderConfig
from .onnx_graph import MICROSOFT, GraphBuilder

_EPSILON = 1e-5  # of torch's LayerNorm


class KeysValues(NamedTuple):
    """Keys and values of a cross-attention: names of values (1, heads, tokens, latent / heads)."""

    keys: str
    values: str


class OnnxDecoder:
    """Makes the graphs of a network with these parameters. All inputs and outputs are float32.

    Shapes: T = frames of a window, D = latent, L = layers, H = heads. Values of FiLM are 6 L vectors: factor and shift
    of the three FiLM of each layer.
    """

    def __init__(self, config: DecoderConfig, parameters: Mapping[str, Array]) -> None:
        self._config = config
        self._parameters = parameters

    def encoder(self) -> GraphBuilder:
        """cond (T, features) -> tokens (T, D), hidden (1, D): the music's part, before `memory`."""
        part, config = self._part(), self._config
        tokens, hidden = part.encode(part.graph.input("cond", config.frames, config.features))
        part.graph.output("tokens", tokens, config.frames, config.latent)
        part.graph.output("hidden", hidden, 1, config.latent)
        return part.graph

    def memory(self) -> GraphBuilder:
        """tokens (T, D) -> the music's inputs of `step`: keys_0, values_0, ... (1, H, T, D / H), and frames (T, D) if
        the network has frame_music."""
        part, config = self._part(), self._config
        read, frames = part.memory(part.graph.input("tokens", config.frames, config.latent), first=0)
        part.output_keys_values("", read, config.frames)
        if frames:
            part.graph.output("frames", frames, config.frames, config.latent)
        return part.graph

    def time(self) -> GraphBuilder:
        """t (1,) -> vector (1, D) for FiLM, and the timestep's tokens: time_keys_0, ... (1, H, 2, D / H)."""
        part = self._part()
        vector, read = part.time(part.graph.input("t", 1))
        part.graph.output("vector", vector, 1, self._config.latent)
        part.output_keys_values("time_", read, TIME_TOKENS)
        return part.graph

    def film(self) -> GraphBuilder:
        """vector (W, D), the sum of the timestep's and the music's -> film (W, 6 L, D)."""
        part, latent = self._part(), self._config.latent
        numbers = part.film(part.graph.input("vector", "W", latent))
        part.graph.output("film", numbers, "W", 6 * self._config.layers, latent)
        return part.graph

    def step(self) -> GraphBuilder:
        """x (T, channels), film (6 L, D), and the outputs of `memory` and of `time` -> x0 (T, channels)."""
        part, config = self._part(), self._config
        x = part.graph.input("x", config.frames, config.channels)
        film = part.graph.input("film", 6 * config.layers, config.latent)
        frames = part.graph.input("frames", config.frames, config.latent) if config.frame_music else None
        music, time = part.input_keys_values("", config.frames), part.input_keys_values("time_", TIME_TOKENS)
        part.graph.output("x0", part.decode(x, film, frames, part.joined(music, time)), config.frames, config.channels)
        return part.graph

    def network(self) -> GraphBuilder:
        """x (T, channels), t (1,), cond (T, features) -> conditional and unconditional x0 (T, channels)."""
        part, config = self._part(), self._config
        x, t = part.graph.input("x", config.frames, config.channels), part.graph.input("t", 1)
        cond = part.graph.input("cond", config.frames, config.features)
        time, time_read = part.time(t)
        for name, (tokens, hidden) in {"conditional": part.encode(cond), "unconditional": part.unknown_music()}.items():
            read, frames = part.memory(tokens, first=0)
            film = part.graph.apply("Reshape", part.film(part.graph.apply("Add", time, hidden)), part.rows)
            x0 = part.decode(x, film, frames, part.joined(read, time_read))
            part.graph.output(name, x0, config.frames, config.channels)
        return part.graph

    def _part(self) -> "_Part":
        return _Part(self._config, self._parameters)


class _Part:
    """Parts of the network in one graph, for one window. Tokens are (T, D)."""

    def __init__(self, config: DecoderConfig, parameters: Mapping[str, Array]) -> None:
        self.graph = GraphBuilder()
        self._config = config
        self._parameters = parameters
        self.rows = self.graph.integers(-1, config.latent)
        self._batch = self.graph.integers(1, -1, config.latent)
        self._split_heads = self.graph.integers(1, -1, config.heads, config.latent // config.heads)

    # --- the parts of DanceDecoder ---

    def encode(self, cond: str) -> tuple[str, str]:
        """Tokens (T, D) and hidden (1, D) of the music: DanceDecoder.encode_music."""
        tokens = self._linear(cond, "cond_projection")
        for number in range(ENCODER_LAYERS):
            name = f"{ENCODER}.{number}"
            normed = self._norm(tokens, f"{name}.norm1")
            tokens = self._add(tokens, self._self_attention(normed, f"{name}.self_attn"))
            tokens = self._add(tokens, self._feed_forward(self._norm(tokens, f"{name}.norm2"), name))
        mean = self.graph.apply("ReduceMean", tokens, self.graph.integers(0), keepdims=1)
        name = "non_attn_cond_projection"
        hidden = self._linear(self._norm(mean, f"{name}.0"), f"{name}.1")
        hidden = self.graph.apply("Mul", hidden, self.graph.apply("Sigmoid", hidden))
        return tokens, self._linear(hidden, f"{name}.3")

    def unknown_music(self) -> tuple[str, str]:
        """Tokens (T, D) and hidden (1, D) of the null condition."""
        tokens, hidden = (self._parameters[f"null_cond_{name}"] for name in ("embed", "hidden"))
        return self.graph.weight("null_cond_embed", tokens[0]), self.graph.weight("null_cond_hidden", hidden)

    def memory(self, tokens: str, first: int) -> tuple[list[KeysValues], str | None]:
        """Keys and values of every layer of tokens (n, D), whose positions start at `first`, and the vectors that are
        added to the dance's tokens."""
        normed = self._norm(tokens, "norm_cond")
        turned = self._turn(normed, first)
        read = []
        for number in range(self._config.layers):
            attention = f"{DECODER}.{number}.multihead_attn"
            keys, values = self._projected(turned, attention, 1, 2), self._projected(normed, attention, 2, 3)
            read.append(KeysValues(self._heads_apart(keys), self._heads_apart(values)))
        return read, self._linear(normed, "frame_projection") if self._config.frame_music else None

    def time(self, t: str) -> tuple[str, list[KeysValues]]:
        """The timestep's vector (1, D) for FiLM, and its tokens' keys and values."""
        half = self._config.latent // 2
        frequencies = np.exp(np.arange(half, dtype=np.float32) * np.float32(-math.log(10000) / (half - 1)))
        angles = self.graph.apply("Mul", t, self.graph.weight("time_frequencies", frequencies[None]))
        waves = [self.graph.apply(wave, angles) for wave in ("Sin", "Cos")]
        time = self.graph.apply("Mish", self._linear(self.graph.apply("Concat", *waves, axis=1), "time_mlp.1"))
        tokens = self.graph.apply("Reshape", self._linear(time, "to_time_tokens.0"), self.rows)
        read, _ = self.memory(tokens, first=self._config.frames)  # their positions follow those of the music
        return self._linear(time, "to_time_cond.0"), read

    def film(self, vector: str) -> str:
        """Factors and shifts (W, 6 L, D) from vectors (W, D)."""
        layers, latent = self._config.layers, self._config.latent
        films = [f"{DECODER}.{layer}.film{number}.block.1" for layer in range(layers) for number in (1, 2, 3)]
        weight = np.concatenate([self._parameters[f"{film}.weight"] for film in films])
        bias = np.stack([self._parameters[f"{film}.bias"] for film in films]).astype(np.float32)
        bias[:, :latent] += 1  # film(y) = (scale + 1) y + shift
        numbers = self._product(self.graph.apply("Mish", vector), "film", weight, bias.ravel())
        return self.graph.apply("Reshape", numbers, self.graph.integers(-1, 6 * layers, latent))

    def decode(self, x: str, film: str, frames: str | None, read: Sequence[KeysValues]) -> str:
        """x0 (T, channels) from x, values of FiLM (6 L, D), and keys and values of the cross-attentions."""
        layers = self._config.layers
        numbers = self.graph.apply_many(6 * layers, "Split", film, axis=0, num_outputs=6 * layers)
        films = list(zip(numbers[::2], numbers[1::2], strict=True))
        tokens = self._linear(x, "input_projection")
        if frames:
            tokens = self._add(tokens, frames)
        for number, memory in enumerate(read):
            name = f"{DECODER}.{number}"
            attended = self._self_attention(self._norm(tokens, f"{name}.norm1"), f"{name}.self_attn")
            tokens = self._modulated(tokens, attended, films[3 * number])
            attention = f"{name}.multihead_attn"
            query = self._projected(self._turn(self._norm(tokens, f"{name}.norm2"), 0), attention, 0, 1)
            attended = self._linear(self._attend(query, *memory), f"{attention}.out_proj")
            tokens = self._modulated(tokens, attended, films[3 * number + 1])
            widened = self._feed_forward(self._norm(tokens, f"{name}.norm3"), name)
            tokens = self._modulated(tokens, widened, films[3 * number + 2])
        return self._linear(tokens, "final_layer")

    # --- keys and values ---

    def input_keys_values(self, prefix: str, tokens: int) -> list[KeysValues]:
        """Keys and values of every layer as inputs of the graph."""
        shape = (1, self._config.heads, tokens, self._config.latent // self._config.heads)
        names = [(f"{prefix}keys_{layer}", f"{prefix}values_{layer}") for layer in range(self._config.layers)]
        return [KeysValues(*(self.graph.input(name, *shape) for name in pair)) for pair in names]

    def output_keys_values(self, prefix: str, read: Sequence[KeysValues], tokens: int) -> None:
        """Keys and values of every layer as outputs of the graph."""
        shape = (1, self._config.heads, tokens, self._config.latent // self._config.heads)
        for layer, (keys, values) in enumerate(read):
            self.graph.output(f"{prefix}keys_{layer}", keys, *shape)
            self.graph.output(f"{prefix}values_{layer}", values, *shape)

    def joined(self, music: Sequence[KeysValues], time: Sequence[KeysValues]) -> list[KeysValues]:
        """Keys and values of the music's tokens, followed by those of the timestep's."""
        return [
            KeysValues(*(self.graph.apply("Concat", *pair, axis=2) for pair in zip(one, other, strict=True)))
            for one, other in zip(music, time, strict=True)
        ]

    # --- layers ---

    def _self_attention(self, normed: str, name: str) -> str:
        both = self._projected(self._turn(normed, 0), name, 0, 2)
        query, key = self.graph.apply_many(2, "Split", both, axis=1, num_outputs=2)
        value = self._projected(normed, name, 2, 3)
        key, value = (self.graph.apply("Reshape", part, self._batch) for part in (key, value))
        return self._linear(self._attend(query, key, value), f"{name}.out_proj")

    def _attend(self, query: str, key: str, value: str) -> str:
        """query: (T, D). key, value: (1, tokens, D) or, split by heads, (1, H, tokens, D / H). Returns (T, D)."""
        query = self.graph.apply("Reshape", query, self._batch)
        mixed = self.graph.apply(
            "MultiHeadAttention", query, key, value, domain=MICROSOFT, num_heads=self._config.heads
        )
        return self.graph.apply("Reshape", mixed, self.rows)

    def _heads_apart(self, tokens: str) -> str:
        """Tokens (n, D) split by heads, (1, H, n, D / H)."""
        apart = self.graph.apply("Reshape", tokens, self._split_heads)
        return self.graph.apply("Transpose", apart, perm=(0, 2, 1, 3))

    def _feed_forward(self, normed: str, name: str) -> str:
        hidden = self.graph.apply("Gelu", self._linear(normed, f"{name}.linear1"))
        return self._linear(hidden, f"{name}.linear2")

    def _modulated(self, tokens: str, change: str, film: tuple[str, str]) -> str:
        """tokens + film(change)."""
        factor, shift = film
        return self._add(self._add(tokens, self.graph.apply("Mul", change, factor)), shift)

    def _turn(self, tokens: str, first: int) -> str:
        """Tokens (n, D) with rotary embedding over the whole width, for positions from `first`."""
        latent, positions = self._config.latent, self._config.frames + TIME_TOKENS
        frequencies = 10000 ** -(np.arange(0, latent, 2, dtype=np.float32) / np.float32(latent))
        angles = np.outer(np.arange(positions, dtype=np.float32), frequencies)
        waves = self.graph.weight("rotary_cos", np.cos(angles)), self.graph.weight("rotary_sin", np.sin(angles))
        batch = self.graph.apply("Reshape", tokens, self._batch)
        where = self.graph.integers(first)
        turned = self.graph.apply("RotaryEmbedding", batch, where, *waves, domain=MICROSOFT, interleaved=1)
        return self.graph.apply("Reshape", turned, self.rows)

    def _norm(self, tokens: str, name: str) -> str:
        weight, bias = self._parameter(f"{name}.weight"), self._parameter(f"{name}.bias")
        return self.graph.apply("LayerNormalization", tokens, weight, bias, epsilon=_EPSILON)

    def _linear(self, x: str, name: str) -> str:
        return self._product(x, name, self._parameters[f"{name}.weight"], self._parameters[f"{name}.bias"])

    def _projected(self, x: str, attention: str, first: int, last: int) -> str:
        """Projections `first` to `last` of query, key and value, whose matrices are stacked in in_proj."""
        rows = slice(first * self._config.latent, last * self._config.latent)
        weight, bias = (self._parameters[f"{attention}.in_proj_{kind}"][rows] for kind in ("weight", "bias"))
        return self._product(x, f"{attention}.{first}.{last}", weight, bias)

    def _product(self, x: str, name: str, weight: Array, bias: Array) -> str:
        """x (n, in) times weight (out, in), plus bias. name: of the pair, which is stored once per graph."""
        return self.graph.apply(
            "Gemm", x, self.graph.weight(f"{name}.weight", weight.T), self.graph.weight(f"{name}.bias", bias)
        )

    def _parameter(self, name: str) -> str:
        return self.graph.weight(name, self._parameters[name])

    def _add(self, one: str, other: str) -> str:
        return self.graph.apply("Add", one, other)
