"""The prior's conditioning on artist, genre and time; it is the same for every slice and computed once."""

from collections.abc import Mapping

import torch
from torch import Tensor

from .encoder import HOP
from .sound import RATE

CONTEXT = 8192  # codes, the prior's longest input

# Jukebox bins times into 128 rows: where in the song, over up to 600 s; how far through the song; how long the song is.
_BINS = 128
_SONG = 62 * RATE // HOP * HOP  # samples: every slice is labelled as the start of a song of 62 s, as EDGE's authors do
_LONGEST = 600 * RATE
_WINDOW = CONTEXT * HOP


def start_vector(state: Mapping[str, Tensor]) -> Tensor:
    """The vector (width,) before the first code: unknown artist, unknown genre."""
    return state["y_emb.bow_genre_emb.emb.weight"][0] + state["y_emb.artist_emb.emb.weight"][0]


def time_table(state: Mapping[str, Tensor]) -> Tensor:
    """The time embedding of each code, (8192, width)."""
    code = torch.arange(CONTEXT, dtype=torch.float64)
    position = (_BINS * code * HOP / _LONGEST).floor().long()
    share = (_BINS * (_WINDOW / _SONG) * (code / CONTEXT)).floor().long()
    table = state["y_emb.absolute_pos_emb.emb.weight"][position]
    table += state["y_emb.total_length_emb.emb.weight"][0]
    table += state["y_emb.relative_pos_emb.emb.weight"][share]
    return table
