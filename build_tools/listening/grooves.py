"""Kinds of music for composed training songs: metre, tempo, and patterns of drums, bass and chords."""

from dataclasses import dataclass

import numpy as np

from ..starter_pack.arrangement import GROOVES

# A bar of each part in steps: k kick, s snare, h closed hat, o open hat, r ride, c rim click or clap, p percussion.
# Upper case = accented. A part may be several bars long.
Pattern = dict[str, str]

MORE_GROOVES: dict[str, Pattern] = {
    "disco": {"k": "K...K...K...K...", "s": "....S.......S...", "o": "..o...o...o...o.", "h": "h...h...h...h..."},
    "one_drop": {"k": "........K.......", "c": "........c.......", "h": "h.h.h.h.h.h.h.h."},
    "steppers": {"k": "K...K...K...K...", "c": "........c.......", "h": "..h...h...h...h."},
    "rockers": {"k": "K.......K.......", "s": "....s.......s...", "h": "..h...h...h...h."},
    "trap": {"k": "K.....k...k.....", "c": "........C.......", "h": "h.h.h.h.h.h.hhhh"},
    "drill": {"k": "K.....k.......k.", "c": "........C.....c.", "h": "h..h..h.h..h..h."},
    "break": {"k": "K.........K.....", "s": "....S.......S...", "h": "h.h.h.h.h.h.h.h."},
    "amen": {"k": "K.K.......KK....", "s": "....S..s.s..S..s", "h": "h.h.h.h.h.h.h.h."},
    "bossa": {
        "k": "K..kK..kK..kK..k",
        "c": "c..c..c...c..c....c..c..c..c..c.",
        "h": "h.h.h.h.h.h.h.h.",
    },
    "ballad": {"k": "K.......K.......", "s": "....S.......S...", "h": "h.h.h.h.h.h.h.h."},
    "slow_sixteenths": {"k": "K.....k.K.......", "s": "....S.......S...", "h": "hhhhhhhhhhhhhhhh"},
    "train": {"k": "K...k...K...k...", "s": "s.s.S.s.s.s.S.s."},
    "double_time": {"k": "K...K...K...K...", "s": "..S...S...S...S.", "h": "h.h.h.h.h.h.h.h."},
    "techno": {"k": "K...K...K...K...", "h": "..h...h...h...h.", "c": "....c.......c..."},
    "hats_alone": {"h": "h.h.h.h.h.h.h.h."},
    "kick_alone": {"k": "K...K...K...K..."},
    "tango": {"k": "K...k...K...k.k.", "c": "c.....c.c...c..."},
    "swing": {"r": "r..r.rr..r.r", "h": "...h.....h..", "k": "k..k..k..k.."},
    "shuffle": {"k": "K.....K....k", "s": "...S.....S..", "h": "h.hh.hh.hh.h"},
    "blues": {"k": "K.....K.k...", "s": "...S.....S..", "h": "hhhhhhhhhhhh"},
    "waltz": {"k": "K...........", "s": "....s...s...", "h": "h...h...h..."},
    "waltz_hats": {"k": "K...........", "h": "....h...h..."},
    "waltz_pop": {"k": "K.....k.....", "s": "........S...", "h": "h.h.h.h.h.h."},
    "jazz_waltz": {"r": "r..r.rr..", "h": "...h.....", "k": "k........"},
    "nine_eight": {"k": "K........", "s": "...s..s..", "h": "hhhhhhhhh"},
    "six_eight": {"k": "K.....", "s": "...S..", "h": "hhhhhh"},
    "six_eight_rock": {"k": "K.k..k", "s": "...S..", "h": "h.hh.h"},
    "jig": {"k": "K..k..", "p": "p.pp.p"},
    "tarantella": {"k": "K..K..", "p": "P.pP.p", "h": "..h..h"},
    "march_two": {"k": "K...k...", "s": "..s.s.ss"},
    "march_rolls": {"k": "K...K...", "s": "S.s.S.sssss.S.s."},
    "polka": {"k": "K...k...", "s": "..s...s."},
    "samba_two": {"k": "K..kK..k", "h": "hhhhhhhh", "p": "p.p..p.p"},
    "five_jazz": {"k": "K.....k.....K.......", "s": "....s...s.......s...", "h": "h...h...h...h...h..."},
    "five_rock": {"k": "K.......k...K.......", "s": "....S...........S...", "h": "h.h.h.h.h.h.h.h.h.h."},
    "five_two_three": {"k": "K.......K...........", "s": "....S.......S...S...", "h": "h.h.h.h.h.h.h.h.h.h."},
    "six_four": {"k": "K...........K...........", "s": "....S...S.......S...S...", "h": "h.h.h.h.h.h.h.h.h.h.h.h."},
    "seven_rock": {"k": "K.......K.......K...........", "s": "....S.......S.......S...s..."},
    "seven_eights": {"k": "K...K...K.....", "s": "..s...s...s.s.", "h": "hhhhhhhhhhhhhh"},
}
DRUMS: dict[str, Pattern] = {**GROOVES, **MORE_GROOVES}


@dataclass(frozen=True)
class Kind:
    """A kind of music.

    metre: beats in a bar. steps: of the grid, per beat. tempo: range, bpm. grooves: names in DRUMS; none = no drums.
    chords, bass, lead: playing styles, one of which is drawn for a song. weight: relative frequency of the kind.
    """

    metre: int
    steps: int
    tempo: tuple[float, float]
    grooves: tuple[str, ...]
    chords: tuple[str, ...] = ("held", "offbeats", "strum", "syncopated", "arpeggio", "stabs")
    bass: tuple[str, ...] = ("roots", "eighths", "groups", "tresillo")
    weight: float = 1.0
    swing: float = 0.0
    rubato: float = 0.0


KINDS: dict[str, Kind] = {
    "rock": Kind(4, 4, (95, 180), ("rock", "double_time", "ballad"), ("strum", "held", "chug"), ("eighths", "roots")),
    "pop": Kind(4, 4, (80, 135), ("rock", "ballad", "half_time", "four_on_the_floor", "slow_sixteenths", "sparse")),
    "disco": Kind(4, 4, (105, 132), ("disco", "four_on_the_floor"), bass=("octaves", "eighths", "offbeat")),
    "house": Kind(4, 4, (112, 138), ("house", "techno", "four_on_the_floor"), bass=("offbeat", "tresillo", "roots")),
    "techno": Kind(4, 4, (120, 152), ("techno", "kick_alone", "house"), bass=("offbeat", "sixteenths"), weight=0.7),
    "funk": Kind(
        4, 4, (85, 120), ("funk", "break", "amen"), ("syncopated", "stabs", "held"), ("syncopated", "eighths")
    ),
    "hip_hop": Kind(
        4, 4, (78, 108), ("hip_hop", "slow_sixteenths", "break", "half_time"), bass=("roots", "syncopated")
    ),
    "reggae": Kind(
        4, 4, (64, 92), ("one_drop", "steppers", "rockers"), ("offbeats",), ("syncopated", "groups", "roots")
    ),
    "ska": Kind(4, 4, (105, 150), ("rockers", "rock"), ("offbeats",), ("walking", "eighths"), weight=0.4),
    "trap": Kind(4, 4, (124, 158), ("trap", "drill", "half_time"), ("held", "arpeggio"), ("roots", "syncopated"), 1.3),
    "dnb": Kind(
        4, 4, (158, 180), ("break", "amen"), ("held", "syncopated", "stabs"), ("roots", "syncopated", "groups")
    ),
    "bossa": Kind(4, 4, (100, 150), ("bossa",), ("syncopated", "held"), ("bossa", "roots")),
    "latin": Kind(4, 4, (88, 130), ("salsa", "reggaeton", "tango"), ("syncopated", "stabs"), ("tresillo", "groups")),
    "samba": Kind(2, 4, (95, 132), ("samba_two",), ("syncopated", "offbeats"), ("groups", "bossa"), 0.5),
    "country": Kind(4, 4, (90, 135), ("train", "rock"), ("strum", "oompah"), ("fifths",), 0.5),
    "world": Kind(4, 4, (80, 130), ("tabla", "sparse", "samba"), ("held", "arpeggio"), weight=0.5),
    "swing": Kind(4, 3, (108, 190), ("swing",), ("syncopated", "stabs", "held"), ("walking", "roots"), 1.4),
    "shuffle": Kind(4, 3, (75, 140), ("shuffle", "blues"), ("held", "strum", "stabs"), ("walking", "eighths"), 0.8),
    "slow_blues": Kind(4, 3, (52, 80), ("blues",), ("held", "strum", "arpeggio"), ("groups", "roots"), 0.4),
    "waltz": Kind(
        3, 4, (84, 176), ("waltz", "waltz_hats", "waltz_pop"), ("oompah", "held", "arpeggio"), ("roots",), 2.0
    ),
    "jazz_waltz": Kind(3, 3, (100, 180), ("jazz_waltz",), ("oompah", "syncopated", "held"), ("roots", "walking"), 0.7),
    "nine_eight": Kind(3, 3, (58, 100), ("nine_eight",), ("held", "arpeggio", "oompah"), ("roots", "groups"), 0.3),
    "six_eight": Kind(
        2,
        3,
        (52, 92),
        ("six_eight", "six_eight_rock", "jig", "tarantella"),
        ("arpeggio", "held", "strum", "oompah"),
        ("roots", "groups"),
        2.2,
    ),
    "jig": Kind(
        2, 3, (92, 135), ("jig", "tarantella", "six_eight_rock"), ("strum", "held", "oompah"), ("groups",), 0.5
    ),
    "march": Kind(
        2, 4, (92, 136), ("march_two", "march_rolls", "polka"), ("oompah", "offbeats", "held"), ("fifths",), 2.4
    ),
    "polka": Kind(2, 4, (100, 140), ("polka",), ("oompah", "offbeats"), ("fifths",), 0.8),
    "five": Kind(
        5,
        4,
        (90, 190),
        ("five_jazz", "five_rock", "five_two_three"),
        ("groups", "held", "oompah", "arpeggio"),
        ("groups", "roots", "eighths"),
        2.0,
    ),
    "six_four": Kind(6, 4, (100, 180), ("six_four",), ("groups", "held", "arpeggio"), ("groups", "roots"), 0.7),
    "seven": Kind(7, 4, (100, 200), ("seven_rock",), ("groups", "held", "arpeggio"), ("groups", "eighths"), 0.9),
    "seven_eight": Kind(7, 2, (150, 215), ("seven_eights",), ("groups", "held", "arpeggio"), ("groups",), 0.4),
    "ballad": Kind(
        4, 4, (56, 88), ("ballad", "slow_sixteenths", "sparse"), ("held", "arpeggio"), ("roots", "groups"), 1.6
    ),
    "piano": Kind(
        4, 4, (66, 150), (), ("arpeggio", "oompah", "held", "strum", "stride"), ("roots", "octaves"), 1.6, rubato=0.06
    ),
    "piano_waltz": Kind(3, 4, (80, 170), (), ("oompah", "arpeggio"), ("roots",), 0.7, rubato=0.06),
    "piano_six_eight": Kind(2, 3, (48, 84), (), ("arpeggio", "oompah"), ("roots",), 0.5, rubato=0.05),
    "strings": Kind(4, 4, (60, 120), (), ("held", "marcato"), ("roots", "groups"), 0.7, rubato=0.04),
    "strings_waltz": Kind(3, 4, (72, 130), (), ("held", "marcato", "oompah"), ("roots",), 1.6, rubato=0.04),
    "guitar": Kind(4, 4, (70, 140), (), ("arpeggio", "strum"), ("roots", "fifths"), 0.6, rubato=0.03),
    "chip": Kind(4, 4, (100, 175), ("rock", "four_on_the_floor", "march"), ("arpeggio",), ("eighths", "octaves"), 0.7),
    "anything": Kind(4, 4, (75, 170), tuple(GROOVES), weight=1.5),
}


def draw_kind(rng: np.random.Generator) -> str:
    """Draw the name of a kind, with probabilities proportional to the weights."""
    weights = np.array([kind.weight for kind in KINDS.values()])
    return str(rng.choice(list(KINDS), p=weights / weights.sum()))
