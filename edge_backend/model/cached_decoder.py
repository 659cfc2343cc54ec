"""The decoder for sampling, for inference only: whatever is the same at every step is computed once.

Results are those of DanceDecoder.decode, within the rounding of reordered sums. Cached are: for a piece of music, the
keys and values of every cross-attention; for a timestep, the keys and values of its two tokens, and its part of FiLM;
for the null condition, which is the same in all windows, all of these.

In half precision, the layers' matrix products and attention have inputs and outputs of 16 bits. Norms, rotary
embedding, softmax, FiLM and the residual sums are float32, as are the projections of the dance at both ends, and, in
the last evaluations, the layers that make the dance tremble.
"""

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from .decoder import DanceDecoder, DecoderLayer, FiLM, Music, Rotary
from .engine import EXACT_BELOW

EXACT_LAYERS = 2
"""Last layers that are float32 below the timestep EXACT_BELOW: nearly all of the tremble that rounding leaves in a
dance comes from their self-attention."""

Linear = Callable[[Tensor], Tensor]
"""A linear layer: x (..., in) -> (..., out)."""


class KeysValues(NamedTuple):
    """Keys and values of a cross-attention, (W, tokens, latent) each, in the precision of the products."""

    keys: Tensor
    values: Tensor

    def to(self, precision: torch.dtype) -> "KeysValues":
        """The same in another precision."""
        return KeysValues(self.keys.to(precision), self.values.to(precision))


class Memory(NamedTuple):
    """Cached music of W windows. The last two tokens are the timestep's and are overwritten at every step.

    layers: keys and values of each layer. hidden: (W, latent), the music's part of FiLM. frames: (W, frames, latent),
    which is added to the dance's tokens; None for networks without frame_music.
    """

    layers: list[KeysValues]
    hidden: Tensor
    frames: Tensor | None

    @property
    def nbytes(self) -> int:
        """Its size in bytes."""
        layers = [part for layer in self.layers for part in layer]
        return sum(part.nbytes for part in [*layers, *([] if self.frames is None else [self.frames])])


class CachedDecoder:
    """DanceDecoder.decode for many steps with the same music. precision: of the layers' products and attention.

    Several threads may call it at the same time if they use the same timestep and different Memory objects.
    """

    @torch.inference_mode()
    def __init__(self, model: DanceDecoder, precision: torch.dtype = torch.float32) -> None:
        self._model = model
        self._turn = _turning(model.rotary)
        layers = cast("list[DecoderLayer]", list(model.seqTransDecoder.stack))
        self._stack = [_Layer(layer, precision) for layer in layers]
        self._exact_end = [_Layer(layer, torch.float32) for layer in layers[-EXACT_LAYERS:]]
        self._film = _AllFiLM([film for layer in layers for film in (layer.film1, layer.film2, layer.film3)])
        self._times: dict[int, _Time] = {}
        self._now: int | None = None  # the timestep that is in the memory of the null condition
        self._time_lock = threading.Lock()
        self._unconditional = self.memory(model.null_music(1))

    @torch.inference_mode()
    def memory(self, music: Music) -> Memory:
        """The keys and values that cross-attentions read of the music at every step."""
        tokens = self._model.norm_cond(music.tokens)
        turned = self._turn(tokens, 0)
        layers = []
        for layer in self._stack:
            keys, values = layer.keys_values(turned, tokens)
            room = (0, 0, 0, self._model.time_tokens)
            layers.append(KeysValues(functional.pad(keys, room), functional.pad(values, room)))
        projection = self._model.frame_projection
        frames = None if projection is None else projection(tokens)
        return Memory(layers, music.hidden, frames)

    @torch.inference_mode()
    def __call__(
        self,
        x: Tensor,
        t: int,
        conditional: Memory | None,
        *,
        unconditional: bool,
        baseline: Memory | None = None,
    ) -> Tensor:
        """Predictions of x0 (branches, W, frames, channels) from x (W, frames, channels) at timestep t.

        The first branch uses the memory `conditional`, unless it is None. The last, if `unconditional`, uses the memory
        `baseline` of one window; None: the null condition.
        """
        time = self._time(t)
        other = baseline or self._unconditional
        memories = [memory for memory in (conditional, other if unconditional else None) if memory]
        if conditional:
            _put_in(conditional, time)
        film = [self._film(time.film + conditional.hidden)] if conditional else []
        if unconditional:
            alike = time.unconditional
            if baseline:
                _put_in(baseline, time)  # threads at the same timestep write the same numbers
                alike = self._film(time.film + baseline.hidden)
            film.append(alike.expand(len(x), -1, -1, -1))
        parts = torch.stack(film)[:, :, None].unbind(3)  # three for each layer
        tokens = self._model.input_projection(x)[None]
        added = [memory.frames for memory in memories if memory.frames is not None]
        if added:
            tokens = torch.cat([tokens + frames for frames in added])
        stack = self._stack if t >= EXACT_BELOW else self._stack[:-EXACT_LAYERS] + self._exact_end
        for number, layer in enumerate(stack):
            read = [memory.layers[number] for memory in memories]
            tokens = layer(tokens, read, parts[3 * number : 3 * number + 3], self._turn)
        return self._model.final_layer(tokens)

    def _time(self, t: int) -> "_Time":
        with self._time_lock:
            if t not in self._times:
                self._times[t] = self._encoded_time(t)
            if t != self._now:
                _put_in(self._unconditional, self._times[t])
                self._now = t
            return self._times[t]

    def _encoded_time(self, t: int) -> "_Time":
        """The timestep's encoding."""
        model = self._model
        time = model.time_mlp(torch.tensor([t], device=model.null_cond_hidden.device))
        tokens = model.norm_cond(model.to_time_tokens(time).unflatten(-1, (model.time_tokens, -1)))
        turned = self._turn(tokens, model.config.frames)  # their positions follow those of the music
        film = model.to_time_cond(time)
        layers = [KeysValues(*layer.keys_values(turned, tokens)) for layer in self._stack]
        return _Time(film, layers, self._film(film + self._unconditional.hidden))


class _Time(NamedTuple):
    """A timestep's encoding: its vector (1, latent) for FiLM, keys and values (1, 2, latent) of its tokens for each
    layer, and the FiLM factors and shifts of the null condition."""

    film: Tensor
    layers: list[KeysValues]
    unconditional: Tensor


def _put_in(memory: Memory, time: _Time) -> None:
    for layer, tokens in zip(memory.layers, time.layers, strict=True):
        for cached, new in zip(layer, tokens, strict=True):
            cached[:, -new.shape[1] :] = new


class _AllFiLM:
    """The FiLM factors and shifts of all layers, in one matrix product."""

    def __init__(self, films: Sequence[FiLM]) -> None:
        self._weight = torch.cat([film.get_parameter("block.1.weight") for film in films])
        self._bias = torch.stack([film.get_parameter("block.1.bias") for film in films]).unflatten(1, (2, -1)).clone()
        self._bias[:, 0] += 1  # film(y) = (scale + 1) y + shift
        self._shape = self._bias.shape

    def __call__(self, vector: Tensor) -> Tensor:
        """Factors and shifts (W, films, 2, latent) from vectors (W, latent)."""
        return functional.linear(functional.mish(vector), self._weight, self._bias.flatten()).unflatten(1, self._shape)


class _Layer:
    """A DecoderLayer for several branches of the same windows; values that are equal in all are computed once."""

    def __init__(self, layer: DecoderLayer, precision: torch.dtype) -> None:
        def linear(weight: Tensor, bias: Tensor) -> Linear:
            return partial(functional.linear, weight=weight.to(precision), bias=bias.to(precision))

        own, cross = layer.self_attn, layer.multihead_attn
        query_key, value = (2 * own.out_proj.in_features, own.out_proj.in_features)
        weights, biases = own.in_proj_weight.split([query_key, value]), own.in_proj_bias.split([query_key, value])
        self._query_key, self._value = map(linear, weights, biases)
        parts = zip(cross.in_proj_weight.chunk(3), cross.in_proj_bias.chunk(3), strict=True)
        self._cross_query, self._cross_key, self._cross_value = (linear(*part) for part in parts)
        modules = (own.out_proj, cross.out_proj, layer.linear1, layer.linear2)
        self._out, self._cross_out, self._widen, self._narrow = (linear(m.weight, m.bias) for m in modules)
        self._norms: list[nn.Module] = [layer.norm1, layer.norm2, layer.norm3]
        self._heads = own.heads
        self._precision = precision

    def keys_values(self, turned: Tensor, tokens: Tensor) -> KeysValues:
        """Keys of `turned` and values of `tokens`, (W, tokens, latent) with and without rotary embedding."""
        return KeysValues(self._cross_key(turned.to(self._precision)), self._cross_value(tokens.to(self._precision)))

    def __call__(self, x: Tensor, read: Sequence[KeysValues], film: Sequence[Tensor], turn: "_Turn") -> Tensor:
        """x: (branches, or 1 while they are alike, W, T, latent) float32. read: by branch. film: three (branches, W, 1,
        2, latent), for the layer's three parts."""
        normed = self._norms[0](x)
        query, key = self._query_key(turn(normed, 0).to(self._precision)).chunk(2, dim=-1)
        value = self._value(normed.to(self._precision))
        attended = _attend(query.flatten(0, 1), key.flatten(0, 1), value.flatten(0, 1), self._heads)
        x = _modulated(x, self._out(attended.view(x.shape)), film[0])
        query = self._cross_query(turn(self._norms[1](x), 0).to(self._precision))
        # Windows with the same keys and values are joined to one long window.
        conditional = [
            _attend(part.reshape(len(kv.keys), -1, part.shape[-1]), *kv.to(part.dtype), self._heads).reshape(part.shape)
            for part, kv in zip(query, read, strict=True)
        ]
        x = _modulated(x, self._cross_out(torch.stack(conditional)), film[1])
        wide = functional.gelu(self._widen(self._norms[2](x).to(self._precision)))
        return _modulated(x, self._narrow(wide), film[2])


def _attend(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
    """Multi-head attention of queries (W, T, latent) to keys and values (W, M, latent)."""
    query, key, value = (part.unflatten(-1, (heads, -1)).transpose(1, 2) for part in (query, key, value))
    if query.dtype == torch.float32 or query.device.type != "cpu":
        mixed = functional.scaled_dot_product_attention(query, key, value)
    else:  # torch's kernel is no faster in 16 bits on a CPU, but its matrix products are
        mixed = torch.stack([_products(*window) for window in zip(query, key, value, strict=True)])
    return mixed.transpose(1, 2).flatten(-2)


def _products(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Attention (heads, T, width) of one window, whose scores fit into a cache, as two matrix products."""
    # Heads one after another in memory: of others, a product first copies the transposed keys number by number.
    query, key, value = query.contiguous(), key.contiguous(), value.contiguous()
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
    return scores.softmax(dim=-1) @ value  # which sums in float32


def _modulated(x: Tensor, y: Tensor, film: Tensor) -> Tensor:
    """x + film(y) in the precision of x; film: (..., 2, latent), factor and shift."""
    factor, shift = film.unbind(-2)
    return torch.addcmul(x, y.to(x.dtype), factor).add_(shift)


_Turn = Callable[[Tensor, int], Tensor]
"""(x (..., T, latent), position of the first token) -> x with rotary embedding."""


def _turning(rotary: Rotary) -> _Turn:
    """Rotary.forward as a product of complex numbers, which takes one pass over x instead of six."""
    turns = torch.complex(rotary.cos[:, ::2], rotary.sin[:, ::2])

    def turn(x: Tensor, first: int) -> Tensor:
        pairs = torch.view_as_complex(x.unflatten(-1, (-1, 2)))
        return torch.view_as_real(pairs * turns[first : first + x.shape[-2]]).flatten(-2)

    return turn
