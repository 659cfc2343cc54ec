"""The array type for annotations; docstrings state shapes, units and frames of reference."""

from typing import Any

import numpy.typing as npt

Array = npt.NDArray[Any]
