"""Parses lists of seeds. Standard library only: the parser of the command line imports it."""

_MOST_SEEDS = 10_000


def seeds_in(text: str) -> tuple[int, ...]:
    """The seeds of `1-8` or `3,5,10-12`, each once. Raises ValueError."""
    seeds: dict[int, None] = {}
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise ValueError(f"{text!r} is no list of seeds such as 1-8 or 3,5,10-12")
        found = range(int(first), int(last if dash else first) + 1)
        if not 0 < len(found) <= _MOST_SEEDS:
            raise ValueError(f"{part!r} is no range of 1 to {_MOST_SEEDS} seeds")
        seeds.update(dict.fromkeys(found))
    return tuple(seeds)
