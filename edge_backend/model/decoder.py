"""EDGE's network, the DanceDecoder: predicts the clean dance from a noisy one and music features.

Parameters have the names of the authors' checkpoint, so that it loads without renaming. Unlike theirs, it has no
dropout on attention weights, which fused attention does not support on every device.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..numerics.array import Array
from .decoder_config import ENCODER_LAYERS, TIME_TOKENS, DecoderConfig


class Music(NamedTuple):
    """Encoded music: tokens (W, frames, latent), and hidden (W, latent) for FiLM."""

    tokens: Tensor
    hidden: Tensor


class DanceDecoder(nn.Module):
    """EDGE's network (Tseng et al. 2023, figure 3). It predicts x0, not the noise."""

    time_tokens = TIME_TOKENS

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.config = config
        latent = config.latent
        rotary = Rotary(latent, config.frames + TIME_TOKENS)
        self.rotary = rotary

        self.input_projection = nn.Linear(config.channels, latent)
        self.cond_projection = nn.Linear(config.features, latent)
        self.cond_encoder = nn.ModuleList(EncoderLayer(config, rotary) for _ in range(ENCODER_LAYERS))
        self.non_attn_cond_projection = nn.Sequential(
            nn.LayerNorm(latent), nn.Linear(latent, latent), nn.SiLU(), nn.Linear(latent, latent)
        )
        self.frame_projection = nn.Linear(latent, latent) if config.frame_music else None
        self.null_cond_embed = nn.Parameter(torch.randn(1, config.frames, latent))
        self.null_cond_hidden = nn.Parameter(torch.randn(1, latent))

        self.time_mlp = nn.Sequential(TimeEmbedding(latent), nn.Linear(latent, 4 * latent), nn.Mish())
        self.to_time_cond = nn.Sequential(nn.Linear(4 * latent, latent))
        self.to_time_tokens = nn.Sequential(nn.Linear(4 * latent, TIME_TOKENS * latent))

        self.norm_cond = nn.LayerNorm(latent)
        self.seqTransDecoder = DecoderStack(config, rotary)
        self.final_layer = nn.Linear(latent, config.channels)

    def forward(self, x: Tensor, cond: Tensor, t: Tensor, drop: Tensor | None = None) -> Tensor:
        """The clean dance x0 (W, frames, channels), normalised.

        x: (W, frames, channels) noisy, normalised. cond: (W, frames, features). t: (W,) diffusion steps, 0 = clean.
        drop: (W,) bool, True = the null condition in place of the window's music; None = none.
        """
        music = self.encode_music(cond)
        if drop is not None:
            music = self.drop_music(music, drop)
        return self.decode(x, music, t)

    def encode_music(self, cond: Tensor) -> Music:
        """The music's part of forward, which depends on neither x nor t. cond: (W, frames, features)."""
        projected = self.cond_projection(cond)
        tokens = projected.to(self.cond_projection.weight.dtype)
        for layer in self.cond_encoder:
            tokens = layer(tokens)
        return Music(tokens, self.non_attn_cond_projection(tokens.mean(dim=1)))

    def null_music(self, windows: int) -> Music:
        """The null condition, which the network learns by condition dropout."""
        return Music(self.null_cond_embed.expand(windows, -1, -1), self.null_cond_hidden.expand(windows, -1))

    def drop_music(self, music: Music, drop: Tensor) -> Music:
        """The music with the null condition in the windows where drop (W,) is True."""
        return Music(
            torch.where(drop[:, None, None], self.null_cond_embed, music.tokens),
            torch.where(drop[:, None], self.null_cond_hidden, music.hidden),
        )

    def decode(self, x: Tensor, music: Music, t: Tensor) -> Tensor:
        """The dance's part of forward: x (W, frames, channels), t (W,) to x0 (W, frames, channels)."""
        time = self.time_mlp(t)
        film_vector = self.to_time_cond(time) + music.hidden
        time_tokens = self.to_time_tokens(time).unflatten(-1, (TIME_TOKENS, -1))
        memory = self.norm_cond(torch.cat([music.tokens, time_tokens.to(music.tokens.dtype)], dim=1))
        # The residual stream stays in the weights' precision while autocast computes in bf16.
        tokens = self.input_projection(x).to(self.input_projection.weight.dtype)
        if self.frame_projection is not None:
            tokens = tokens + self.frame_projection(memory[:, : x.shape[1]])
        return self.final_layer(self.seqTransDecoder(tokens, memory, film_vector))


class Rotary(nn.Module):
    """Rotary position embedding over the whole width, in interleaved pairs (Su et al. 2021, eq. 34; theta 10000).

    EDGE applies it to the input of the attention's projections, not to their output.
    """

    cos: Tensor
    sin: Tensor

    def __init__(self, width: int, positions: int) -> None:
        super().__init__()
        angles = torch.outer(torch.arange(positions, dtype=torch.float32, device="cpu"), rotary_frequencies(width))
        self.register_buffer("cos", angles.cos().repeat_interleave(2, dim=-1), persistent=False)
        self.register_buffer("sin", angles.sin().repeat_interleave(2, dim=-1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """x (W, positions, width) with the embedding; positions are counted from 0."""
        turned = torch.stack([-x[..., 1::2], x[..., ::2]], dim=-1).flatten(-2)
        positions = x.shape[1]
        return x * self.cos[:positions] + turned * self.sin[:positions]


def rotary_frequencies(width: int) -> Tensor:
    """Radians per position of each pair: (width / 2,) float32."""
    return 10000 ** -(torch.arange(0, width, 2, dtype=torch.float32, device="cpu") / width)


class TimeEmbedding(nn.Module):
    """Sinusoidal embedding of the diffusion step: half sines, then half cosines."""

    frequencies: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        half = width // 2
        step = math.log(10000) / (half - 1)
        self.register_buffer("frequencies", torch.exp(torch.arange(half, device="cpu") * -step), persistent=False)

    def forward(self, t: Tensor) -> Tensor:
        """t: (W,) diffusion steps. Returns (W, width)."""
        angles = t[:, None] * self.frequencies
        return torch.cat([angles.sin(), angles.cos()], dim=-1)


class Attention(nn.Module):
    """Multi-head attention with the parameters of nn.MultiheadAttention, on torch's fused kernel."""

    def __init__(self, latent: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * latent, latent))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * latent))
        self.out_proj = nn.Linear(latent, latent)
        nn.init.xavier_uniform_(self.in_proj_weight)
        nn.init.zeros_(self.out_proj.bias)

    def self_attention(self, rotated: Tensor, plain: Tensor) -> Tensor:
        """rotated: (W, T, latent) with rotary embedding, for queries and keys. plain: without it, for values."""
        query, key = self._project(rotated, 0, 2).chunk(2, dim=-1)
        return self._attend(query, key, self._project(plain, 2, 3))

    def cross_attention(self, rotated: Tensor, memory_rotated: Tensor, memory: Tensor) -> Tensor:
        """rotated: (W, T, latent), for queries. memory_rotated, memory: (W, M, latent), for keys and values."""
        return self._attend(
            self._project(rotated, 0, 1), self._project(memory_rotated, 1, 2), self._project(memory, 2, 3)
        )

    def _project(self, x: Tensor, first: int, last: int) -> Tensor:
        """Projections `first` to `last` of query, key and value, whose matrices are stacked in in_proj."""
        part = slice(first * x.shape[-1], last * x.shape[-1])
        return functional.linear(x, self.in_proj_weight[part], self.in_proj_bias[part])

    def _attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        query, key, value = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (query, key, value))
        mixed = functional.scaled_dot_product_attention(query, key, value)
        return self.out_proj(mixed.transpose(1, 2).flatten(-2))


class EncoderLayer(nn.Module):
    """Self-attention and feed-forward over the music's tokens, pre-norm."""

    def __init__(self, config: DecoderConfig, rotary: Rotary) -> None:
        super().__init__()
        self.rotary = rotary
        self.self_attn = Attention(config.latent, config.heads)
        self.linear1 = nn.Linear(config.latent, config.ff)
        self.linear2 = nn.Linear(config.ff, config.latent)
        self.norm1 = nn.LayerNorm(config.latent)
        self.norm2 = nn.LayerNorm(config.latent)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        """x: (W, T, latent). Returns the same shape."""
        normed = self.norm1(x)
        x = x + self.dropout(self.self_attn.self_attention(self.rotary(normed), normed))
        hidden = self.dropout(functional.gelu(self.linear1(self.norm2(x))))
        return x + self.dropout(self.linear2(hidden))


class FiLM(nn.Module):
    """Feature-wise linear modulation (Perez et al. 2018): scale and shift per channel, computed from a vector."""

    def __init__(self, latent: int) -> None:
        super().__init__()
        self.block = nn.Sequential(nn.Mish(), nn.Linear(latent, 2 * latent))

    def forward(self, x: Tensor, vector: Tensor) -> Tensor:
        """x: (W, T, latent). vector: (W, latent)."""
        scale, shift = self.block(vector)[:, None].chunk(2, dim=-1)
        return (scale + 1) * x + shift


class DecoderLayer(nn.Module):
    """Self-attention, cross-attention to the music, and feed-forward, pre-norm, each with its own FiLM."""

    def __init__(self, config: DecoderConfig, rotary: Rotary) -> None:
        super().__init__()
        latent = config.latent
        self.rotary = rotary
        self.self_attn = Attention(latent, config.heads)
        self.multihead_attn = Attention(latent, config.heads)
        self.linear1 = nn.Linear(latent, config.ff)
        self.linear2 = nn.Linear(config.ff, latent)
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(latent), nn.LayerNorm(latent), nn.LayerNorm(latent)
        self.film1, self.film2, self.film3 = FiLM(latent), FiLM(latent), FiLM(latent)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, memory_rotated: Tensor, memory: Tensor, film_vector: Tensor) -> Tensor:
        """x: (W, T, latent). memory_rotated, memory: (W, M, latent). film_vector: (W, latent)."""
        normed = self.norm1(x)
        attended = self.self_attn.self_attention(self.rotary(normed), normed)
        x = x + self.film1(self.dropout(attended), film_vector)
        attended_music = self.multihead_attn.cross_attention(self.rotary(self.norm2(x)), memory_rotated, memory)
        x = x + self.film2(self.dropout(attended_music), film_vector)
        hidden = self.dropout(functional.gelu(self.linear1(self.norm3(x))))
        return x + self.film3(self.dropout(self.linear2(hidden)), film_vector)


class DecoderStack(nn.Module):
    """The decoder's layers, under the name that they have in the authors' checkpoint."""

    def __init__(self, config: DecoderConfig, rotary: Rotary) -> None:
        super().__init__()
        self.rotary = rotary
        self.stack = nn.ModuleList(DecoderLayer(config, rotary) for _ in range(config.layers))

    def forward(self, x: Tensor, memory: Tensor, film_vector: Tensor) -> Tensor:
        """x: (W, T, latent). memory: (W, M, latent), normed. film_vector: (W, latent)."""
        memory_rotated = self.rotary(memory)
        for layer in self.stack:
            x = layer(x, memory_rotated, memory, film_vector)
        return x


def build_decoder(config: DecoderConfig, parameters: Mapping[str, Array | Tensor]) -> DanceDecoder:
    """The network with these parameters in float32, in eval mode. Raises RuntimeError if they do not match config."""
    with torch.device("meta"):  # parameters without values; the given ones are assigned without a copy
        decoder = DanceDecoder(config)
    given = {name: value if isinstance(value, Tensor) else _tensor(value) for name, value in parameters.items()}
    decoder.load_state_dict({name: value.float() for name, value in given.items()}, assign=True)
    return decoder.eval()


def parameters_of(decoder: DanceDecoder) -> dict[str, Array]:
    """The network's parameters as arrays, by name, as weights files store them."""
    return {name: value.detach().cpu().float().numpy() for name, value in decoder.state_dict().items()}


def _tensor(array: Array) -> Tensor:
    return torch.from_numpy(array if array.flags.writeable else array.copy())
