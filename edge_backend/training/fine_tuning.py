"""Fine-tuning: training that begins with the network of a weights file instead of a random one."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from ..errors import EdgeError
from ..model.catalogue import resolve
from ..model.controls import CHANNELS
from ..model.weights_file import WeightsInfo, load_weights
from ..numerics.array import Array
from .pack import DanceSet
from .settings import TrainSettings


class Beginning(NamedTuple):
    """What a training begins with. parameters: the network's, by name; None: random ones."""

    settings: TrainSettings
    dances: DanceSet
    parameters: Mapping[str, Array] | None


def beginning(settings: TrainSettings, dances: DanceSet) -> Beginning:
    """Settings and dances for a fine-tuning of `settings.start_from`, unchanged where that is "".

    The network, the normaliser and the range of energies are those of the weights, so that they mean the same after the
    training. Raises EdgeError training_mismatch where the weights know other music or other controls than the pack
    has, and those of catalogue and weights_file.
    """
    if not settings.start_from:
        return Beginning(settings, dances, None)
    weights = load_weights(resolve(settings.start_from))
    info = weights.info
    _check(info, dances)
    low, high = info.training.get("energy_range_m_s", dances.energy_range)
    named = replace(settings.as_network(info.config), start_from=_named(settings.start_from, info))
    return Beginning(named, dances.in_units_of(weights.normaliser, (float(low), float(high))), weights.parameters)


def _check(info: WeightsInfo, dances: DanceSet) -> None:
    kind, width = dances.feature_type, dances.features.shape[-1]
    if info.controls != CHANNELS:
        problem = "know neither style nor energy"
    elif (info.feature_type, info.feature_width) != (kind, width):
        problem = f"know music by {info.feature_width} {info.feature_type} channels, the pack has {width} of {kind}"
    else:
        return
    raise EdgeError(
        "training_mismatch",
        f"The weights {info.id} cannot be trained further with this pack: they {problem}.",
        "Choose other weights, or train without --start-from.",
    )


def _named(given: str, info: WeightsInfo) -> str:
    """What is saved with the settings: an id as it is, a file's whole path, so that a run resumes from any folder."""
    return given if given == info.id else str(Path(given).absolute())
