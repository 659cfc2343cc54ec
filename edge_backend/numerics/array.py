"""The type of arrays in annotations; shapes, units and frames of reference stand in docstrings."""

from typing import Any

import numpy.typing as npt

Array = npt.NDArray[Any]
