"""jukemirlib, the extractor of EDGE's authors, where it is installed, for comparison on a large GPU.

Its folder of weights is a constant of the package, which is set here. It stops at the last layer requested, so only one
is. It stores the batch size of its first call, so every call has one slice.
"""

import importlib
import importlib.metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import EdgeError
from ...schema.frames import FPS
from .extractor import Tick, no_tick
from .folder import PriorShape

_LAYER = PriorShape.layers


class JukemirlibExtractor:
    """An Extractor by jukemirlib. weights: the folder with OpenAI's own files, None = jukemirlib's default.

    Raises EdgeError package_missing if it is not installed.
    """

    group = 1

    def __init__(self, weights: Path | None = None) -> None:
        try:
            self._library: Any = importlib.import_module("jukemirlib")
            constants: Any = importlib.import_module("jukemirlib.constants")
        except ImportError as error:
            raise EdgeError(
                "package_missing",
                "The package jukemirlib is not installed.",
                "Choose the provider native, or install jukemirlib as its page says.",
                detail=str(error),
            ) from error
        if weights is not None:
            constants.CACHE_DIR = str(weights)

    @property
    def identity(self) -> str:
        """Contains the package's version; features are computed in float32."""
        try:
            version = importlib.metadata.version("jukemirlib")
        except importlib.metadata.PackageNotFoundError:
            version = "unknown"
        return f"jukemirlib-{version}-fp32"

    def estimate_s(self, slices: int) -> float:
        """0, unknown: jukemirlib chooses its device itself."""
        del slices
        return 0.0

    def features(self, sounds: NDArray[np.float32], tick: Tick = no_tick) -> NDArray[np.float32]:
        """As NativeExtractor.features."""
        made = []
        for done, sound in enumerate(sounds):
            tick(done, len(sounds))
            layers = self._library.extract(audio=sound, layers=[_LAYER], downsample_target_rate=FPS)
            made.append(np.asarray(layers[_LAYER], np.float32))
        tick(len(sounds), len(sounds))
        return np.stack(made)
