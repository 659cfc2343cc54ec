"""The three sparse attentions between which the layers of Jukebox's prior alternate (Child et al. 2019).

Codes are laid out in rows of 64. A code attends to its row, to its column, or to the whole previous row.
"""

from torch import Tensor
from torch.nn import functional

ROW = 64  # codes
KINDS = 3


def attend(qkv: Tensor, heads: int, kind: int) -> Tensor:
    """Attention outputs (B, L, S) of queries, keys and values side by side, (B, L, 3 S).

    kind: 0 = codes of the same row up to this one; 1 = codes of the same column up to this one; 2 = all codes of the
    previous row; outputs of the first row are then zeros. Scores are scaled by 1/sqrt(S / heads).
    """
    batch, length, width = qkv.shape
    # The last row is padded with zeros after all codes; no code attends to a later one.
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
