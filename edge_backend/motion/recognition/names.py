"""Reads bone names: part of the body, side, and words that distinguish helpers from bones of the body.

`words.json` has the words of many conventions and languages. Names are evidence only.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

PARTS = ("hips", "spine", "neck", "head", "collar", "upper_arm", "forearm", "hand", "thigh", "shin", "foot", "toes")
DIGITS = ("thumb", "index", "middle", "ring", "pinky")

Meaning = float | str

_SHARED = 0.7
"""A prefix of more than this share of the names is ignored."""
_ESCAPED = re.compile(r"FBXASC(\d{3})")
_UPPER, _LOWER = "A-ZÀ-ÖØ-ÞА-ЯЁ", "a-zß-öø-ÿа-яё"
_CAMEL = re.compile(
    rf"[{_UPPER}]+(?=[{_UPPER}][{_LOWER}])|[{_UPPER}]?[{_LOWER}]+|[{_UPPER}]+|\d+|[^\W\d_{_LOWER}{_UPPER}]+"
)
_CAPITALS = re.compile(r"(?<![A-Za-z])([LR])([UFL])(?=Arm|Leg)")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


_SECTIONED, _LETTERS = ("arm", "leg"), {"u": "upper", "l": "lower", "f": "fore"}


@dataclass(frozen=True, slots=True)
class NameEvidence:
    """The content of a name.

    parts: part -> evidence, 0 to 3. side: "L", "R" or "". digit: of a finger, "finger" if it is unknown. end, twist,
    control: whether it has such a word. other: whether it has a word for something that is not part of the skeleton.
    palm: whether it has a word for metacarpals. stem: the name without side and numbers. numbers: those in the name.
    """

    parts: dict[str, float] = field(default_factory=dict)
    side: str = ""
    digit: str = ""
    end: bool = False
    twist: bool = False
    control: bool = False
    other: bool = False
    palm: bool = False
    stem: str = ""
    numbers: tuple[int, ...] = ()

    def row(self) -> list[float]:
        """Evidence of the name for each of PARTS, positive for and negative against it."""
        if self.other or self.digit:
            return [-3.0 if self.other else -2.5] * len(PARTS)
        less = 2.0 * self.end + 2.0 * self.twist + 2.0 * self.control
        if not self.parts:
            return [-less] * len(PARTS)
        against = -0.8 * max(self.parts.values())
        return [self.parts.get(part, against) - less for part in PARTS]


def read_names(names: Sequence[str]) -> list[NameEvidence]:
    """Read the names of a skeleton; a prefix that they share is ignored."""
    plain = [_ESCAPED.sub(lambda match: chr(int(match[1])), unicodedata.normalize("NFKC", name)) for name in names]
    prefix = _shared_prefix(plain)
    return [_read(name[len(prefix) :] if name.startswith(prefix) else name) for name in plain]


def _shared_prefix(names: Sequence[str]) -> str:
    """The prefix of most names, up to the last whole word."""
    ordered = sorted(names)
    window = max(2, int(_SHARED * len(ordered)))
    best = ""
    for first, last in zip(ordered, ordered[window:], strict=False):
        if first[: len(best)] == last[: len(best)]:
            same = next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), 99))
            best = max(best, first[:same], key=len)
    cut = best.rstrip("0123456789")
    return cut if len(cut) >= 3 else ""


@lru_cache(maxsize=8192)
def _read(name: str) -> NameEvidence:
    words = _WORDS
    tokens = _in_full([token for word in _tokens(name) for token in _unglued(word)])
    side, rest = "", []
    for token in tokens:
        if token in words.sides and not side:
            side = words.sides[token]
        else:
            rest.append(token)
    numbers = tuple(int(token) for token in rest if token.isdigit())
    rest = [token for token in rest if not token.isdigit()]
    parts: dict[str, float] = {}
    digit, flags = "", set()
    place = 0
    while place < len(rest):
        length, meaning = words.longest(rest, place)
        for kind, value in meaning:
            if kind in PARTS:
                parts[kind] = max(parts.get(kind, 0.0), float(value))
            elif kind == "digit":
                digit = str(value) if digit in ("", "finger") else digit
            else:
                flags.add(kind)
        place += length
    if _CJK.search(name) and set(rest) & {"p", "c", "d"}:
        flags.add("controls")  # MMD's helpers: 肩P, 肩C, 足D
    _settle(parts, side, rest)
    if "toes" in parts and parts["toes"] > 2:
        digit = ""
    return NameEvidence(
        parts, side, digit, "ends" in flags, "twists" in flags, "controls" in flags, "other" in flags,
        "palms" in flags, " ".join(rest), numbers,
    )  # fmt: skip


def _in_full(tokens: list[str]) -> list[str]:
    """Letters before arm and leg written in full: u and l in R_UArm and R_LArm, f in LFArm."""
    full = list(tokens)
    for place, (letter, following) in enumerate(pairwise(tokens)):
        sided = any(other in _WORDS.sides for number, other in enumerate(tokens) if number != place)
        if following in _SECTIONED and letter in _LETTERS and (letter != "l" or sided):
            full[place] = _LETTERS[letter]
    return full


def _settle(parts: dict[str, float], side: str, tokens: list[str]) -> None:
    """Resolve words whose meaning depends on the side, and prefer toes and soles to feet."""
    if side:
        if parts.get("hips", 0) >= 3 and not parts.get("thigh"):
            parts["thigh"] = 0.2  # pelvis.L is between hips and thigh
            parts["hips"] = 0.0
        elif parts.get("thigh"):
            parts.pop("hips", None)
        for part in ("spine", "neck", "head"):
            if part in parts:
                parts[part] *= 0.3
    elif parts.get("hips", 0) >= 3:
        parts.pop("thigh", None)
    if parts.get("toes", 0) > 2 and parts.get("foot"):
        parts["foot"] = 0.5
    if parts.get("hand") and parts.get("forearm", 0) < 1 and tokens and "forearm" not in tokens:
        parts.pop("forearm", None)


def _tokens(name: str) -> Iterable[str]:
    for piece in re.split(r"[\s._\-:|@#()\[\]+/,;]+", _CAPITALS.sub(r"\1_\2_", name)):
        yield from (token.casefold() for token in _CAMEL.findall(piece))


@lru_cache(maxsize=8192)
def _unglued(token: str) -> tuple[str, ...]:
    """A word that consists of several known ones, split; any other as it is."""
    words = _WORDS
    if token.isdigit() or token in words.known:
        return (token,)
    if _CJK.search(token):
        return tuple(_taken_from(token, words.known))
    if len(token) < 4:
        return (token,)
    if token[1:] in _SECTIONED and token[0] in _LETTERS:
        return token[0], token[1:]
    if token[2:] in _SECTIONED and token[0] in "lr" and token[1] in _LETTERS:
        return token[0], token[1], token[2:]
    apart = _apart(token, words.pieces)
    if apart is None and token[0] in "lr":
        apart = _apart(token[1:], words.pieces)
        apart = (token[0], *apart) if apart else None
    if apart is None and token[-1] in "lr":
        apart = _apart(token[:-1], words.pieces)
        apart = (*apart, token[-1]) if apart else None
    return apart or (token,)


def _taken_from(token: str, known: frozenset[str]) -> Iterable[str]:
    place = 0
    while place < len(token):
        for length in range(min(6, len(token) - place), 0, -1):
            if token[place : place + length] in known:
                yield token[place : place + length]
                place += length
                break
        else:
            place += 1


def _apart(token: str, pieces: frozenset[str]) -> tuple[str, ...] | None:
    if token in pieces:
        return (token,)
    for length in range(len(token) - 2, 2, -1):
        if token[:length] in pieces and (rest := _apart(token[length:], pieces)):
            return (token[:length], *rest)
    return None


@dataclass(frozen=True)
class _Words:
    sides: dict[str, str]
    meanings: dict[tuple[str, ...], list[tuple[str, Meaning]]]
    known: frozenset[str]
    pieces: frozenset[str]
    most: int

    def longest(self, tokens: Sequence[str], place: int) -> tuple[int, list[tuple[str, Meaning]]]:
        """The length of the longest known sequence of words from `place` on, and its meaning, empty if unknown."""
        for length in range(min(self.most, len(tokens) - place), 0, -1):
            found = self.meanings.get(tuple(tokens[place : place + length]))
            if found:
                return length, found
        return 1, []


def _read_words() -> _Words:
    data = json.loads((Path(__file__).parent / "words.json").read_text(encoding="utf-8"))
    sides = {word: side for side, words in (("L", data["left"]), ("R", data["right"])) for word in words}
    meanings: dict[tuple[str, ...], list[tuple[str, Meaning]]] = {}

    def add(phrase: str, kind: str, value: Meaning) -> None:
        plain = unicodedata.normalize("NFKC", phrase).casefold()
        meanings.setdefault(tuple(plain.split()), []).append((kind, value))

    for part, phrases in data["parts"].items():
        for phrase, weight in phrases.items():
            add(phrase, part, weight)
    for digit, phrases in data["fingers"].items():
        for phrase in phrases:
            add(phrase, "digit", digit)
    for kind in ("ends", "twists", "controls", "other", "palms"):
        for phrase in data[kind]:
            add(phrase, kind, 1.0)
    single = {word for phrase in meanings for word in phrase}
    known = frozenset(single | set(sides) | set(data["glue"]))
    pieces = frozenset(word for word in known if len(word) > 2)
    return _Words(sides, meanings, known, pieces, max(map(len, meanings)))


_WORDS = _read_words()
"""Read at import, because panels that need a recognition must not read files."""
