"""Chooses the style of a dance for which the user has chosen none."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..model.controls import ANY_STYLE

SHARES = {"salsa": 0.429, "commercial": 0.300, "freestyle": 0.110, "indian": 0.062, "modern": 0.050}
"""Style -> its share of the frames of the starter weights' motion capture. Breakdance (0.049), which is danced on the
floor, is only used on request."""

_STREAM = 22
"""Number of the random stream, so that the style does not depend on the dance's noise."""


def leading_style(style: str, seed: int, edited: Mapping[str, Any] | None = None) -> str:
    """The style to generate with: `style` itself; for "any" that of the edited dance, else one drawn with `SHARES`.

    edited: the metadata of the edited dance, as of metadata.edited_meta.
    """
    if style != ANY_STYLE:
        return style
    if edited is not None:
        return str(edited.get("leading_style", ANY_STYLE))
    chance = np.array(list(SHARES.values()))
    return str(np.random.default_rng([seed, _STREAM]).choice(list(SHARES), p=chance / chance.sum()))
