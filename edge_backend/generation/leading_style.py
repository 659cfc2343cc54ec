"""Which style leads a dance for which none was chosen: the mixture of real dance, not what the music resembles."""

import numpy as np

from ..model.controls import ANY_STYLE
from ..motion.files import load_motion
from ..schema.edits import EditRequest

SHARES = {"salsa": 0.429, "commercial": 0.300, "freestyle": 0.110, "indian": 0.062, "modern": 0.050}
"""Style -> its share of the frames that the starter weights learned from. Breakdance (0.049), which is danced on the
floor, comes where it is asked for."""

_STREAM = 22
"""Of the random numbers: the noise of the dance has others."""


def leading_style(style: str, seed: int, edit: EditRequest) -> str:
    """The style that was chosen; for "any", that of the dance that is edited, else one drawn from the seed by `SHARES`.

    Raises those of motion.files for an edited dance that cannot be read.
    """
    if style != ANY_STYLE:
        return style
    if edit.source:
        return str(load_motion(edit.source.motion).meta.get("leading_style", ANY_STYLE))
    chance = np.array(list(SHARES.values()))
    return str(np.random.default_rng([seed, _STREAM]).choice(list(SHARES), p=chance / chance.sum()))
