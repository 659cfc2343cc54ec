"""Colours of sections: those that Blender has for strips, one for each name."""

from collections.abc import Iterable

COLOURS = 9
"""How many colours Blender's theme has for strips."""


def colour_numbers(labels: Iterable[str]) -> dict[str, int]:
    """The number of the colour of each label, in the order in which they come first."""
    return {label: number % COLOURS for number, label in enumerate(dict.fromkeys(labels))}
