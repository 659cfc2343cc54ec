"""A listener's changes of a song map."""

import numpy as np
import pytest

from edge_backend.schema.song_map import Bar, Section, SongMap, Stretch
from edge_backend.schema.song_map_edits import (
    begin_bar,
    merge_sections,
    move_section,
    section_at,
    shifted,
    split_section,
    tapped,
)

BEATS = tuple((0.5 + 0.5 * number, number % 4 + 1) for number in range(64))  # 16 bars of 2 s from 0.5 s on
BARS = tuple(Bar(0.5 + 2 * number, 2.5 + 2 * number, 0.2 if number < 8 else 0.8) for number in range(16))
MAP = SongMap(
    duration=33.0,
    tempo=120.0,
    metre=4,
    beats=BEATS,
    bars=BARS,
    sections=(Section(0.5, 16.5, "A", 0.2), Section(16.5, 32.5, "B", 0.8)),
    breaks=(Stretch(8.5, 10.5),),
    confidence=0.5,
)


def spans(song_map: SongMap) -> list[tuple[float, float, str]]:
    return [(section.start, section.end, section.label) for section in song_map.sections]


def test_a_section_is_split_at_the_nearest_bar_and_both_parts_keep_the_label() -> None:
    found = split_section(MAP, 9.0)
    assert spans(found) == [(0.5, 8.5, "A"), (8.5, 16.5, "A"), (16.5, 32.5, "B")]
    assert split_section(found, 8.7) == found  # one begins there already
    assert spans(merge_sections(found, 0)) == spans(MAP)


def test_merged_sections_have_the_first_ones_label_and_the_energy_of_all_their_bars() -> None:
    (section,) = merge_sections(MAP, 0).sections
    assert (section.start, section.end, section.label) == (0.5, 32.5, "A")
    assert section.energy == pytest.approx(0.5)
    assert merge_sections(MAP, 1) == MAP  # the last one


def test_a_section_begins_at_another_bar_and_leaves_its_neighbours_one() -> None:
    assert spans(move_section(MAP, 1, 12.9)) == [(0.5, 12.5, "A"), (12.5, 32.5, "B")]
    assert spans(move_section(MAP, 1, -5.0)) == [(0.5, 2.5, "A"), (2.5, 32.5, "B")]
    assert spans(move_section(MAP, 1, 99.0)) == [(0.5, 30.5, "A"), (30.5, 32.5, "B")]
    assert move_section(MAP, 0, 5.0) == MAP


def test_bars_begin_at_the_beat_that_is_pointed_at() -> None:
    found = begin_bar(MAP, 1.6)
    assert [beat for beat, number in found.beats if number == 1][:2] == [1.5, 3.5]
    assert found.bars[0].start == 1.5
    assert found.method == "user"
    assert {section.start for section in found.sections} <= {bar.start for bar in found.bars}
    assert [section.label for section in found.sections] == ["A", "B"]


@pytest.mark.parametrize(("period", "expected"), [(0.25, 0.25), (0.51, 0.5), (1.0, 1.0), (0.76, 0.75), (0.62, 0.62)])
def test_tapping_beside_the_song_sets_the_tempo_and_follows_the_songs_own_where_it_can(
    period: float, expected: float
) -> None:
    found = tapped(MAP, [100 + period * number for number in range(6)], in_song=False)
    steps = np.diff([beat for beat, _ in found.beats])
    np.testing.assert_allclose(steps, expected, atol=1e-6)
    assert found.tempo == pytest.approx(60 / expected, abs=0.01)
    assert 32 - expected <= found.beats[-1][0] <= 33


def test_tapping_while_the_song_plays_determines_the_phase() -> None:
    """Every second beat, from the second one on, tapped a little late."""
    found = tapped(MAP, [5.02, 6.01, 7.0, 8.03], in_song=True)
    np.testing.assert_allclose([beat % 1 for beat, _ in found.beats], 0.01, atol=0.03)
    found = tapped(MAP, [4.52, 5.51, 6.5, 7.53], in_song=True)
    np.testing.assert_allclose([beat % 1 for beat, _ in found.beats], 0.51, atol=0.03)
    even = tapped(MAP, [3.0 + 0.62 * number for number in range(6)], in_song=True)
    assert min(abs(beat - 3.0) for beat, _ in even.beats) < 1e-6


def test_a_stretch_of_the_song_has_its_part_of_the_map() -> None:
    found = shifted(MAP, 10.0, 10.0)
    assert found.duration == 10.0
    assert found.beats[0][0] == pytest.approx(0.0)
    assert [bar.start for bar in found.bars] == pytest.approx([0.5, 2.5, 4.5, 6.5])
    assert spans(found) == [(0.5, 6.5, "A"), (6.5, 8.5, "B")]
    assert section_at(found, 7.0) == 1
    assert shifted(MAP, 0.0, 33.0) == MAP
