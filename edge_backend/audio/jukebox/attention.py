"""The three sparse attentions that Jukebox's prior takes in turn (after Child et al. 2019, "Sparse Transformers").

Codes are laid out in rows of 64: within a row, along a column, and to the whole row before.
"""

from torch import Tensor
from torch.nn import functional

ROW = 64  # codes
KINDS = 3


def attend(qkv: Tensor, heads: int, kind: int) -> Tensor:
    """Queries, keys and values side by side, (B, L, 3 S), to what the queries find, (B, L, S).

    kind: 0 = codes of the same row up to this one; 1 = codes of the same column up to this one; 2 = all codes of the
    row before, and nothing, that is zeros, for the first row. Scores are scaled by 1/sqrt(S / heads).
    """
    batch, length, width = qkv.shape
    # The zeros that fill the last row lie behind all codes: none of these sees them.
    padded = functional.pad(qkv, (0, 0, 0, -length % ROW))
    rows = padded.view(batch, -1, ROW, 3, heads, width // 3 // heads)
    q, k, v = rows.permute(3, 0, 1, 4, 2, 5)  # each (B, rows, heads, 64, S / heads)
    if kind == 0:
        found = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    elif kind == 1:
        q, k, v = (part.transpose(1, 3) for part in (q, k, v))  # (B, 64, heads, rows, S / heads)
        found = functional.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 3)
    else:
        k, v = (functional.pad(part[:, :-1], (0, 0, 0, 0, 0, 0, 1, 0)) for part in (k, v))  # row i - 1 at place i
        found = functional.scaled_dot_product_attention(q, k, v)
    return found.transpose(2, 3).reshape(batch, -1, width // 3)[:, :length]
