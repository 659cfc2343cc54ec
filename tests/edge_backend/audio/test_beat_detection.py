"""Songs of several metres are detected; for sound without a beat the map says so."""

import json
from pathlib import Path

import numpy as np
import pytest
from made_sound import audio, hats, kicks, snares

from edge_backend.audio.bar_likeness import compare_bars
from edge_backend.audio.bar_pointer import decode, state_space
from edge_backend.audio.bars import best_count, harmony_changes
from edge_backend.audio.beat_detection import pointed, spectrum_of
from edge_backend.audio.beat_network import METRES, beat_activations, bundled_weights
from edge_backend.audio.listening import listen
from edge_backend.audio.loading import load
from edge_backend.audio.log_spectrum import band_frequencies, chroma, log_spectrum
from edge_backend.audio.sections import BOUNDARY, LONGEST, best_spans, boundary_features, find_sections, same_labels
from edge_backend.cli.commands.evaluate_listening import read_truth
from edge_backend.evaluation.listening import compare, f_measure, levels, pairwise
from edge_backend.schema.song_map import SongMap, from_json

SONGS = Path(__file__).parents[2] / "data" / "listening"


@pytest.mark.parametrize(("name", "metre"), [("10_march", 2), ("27_five", 5)])
def test_other_metres_than_four_are_detected(name: str, metre: int) -> None:
    song = load(SONGS / f"{name}.ogg")
    found = listen(song)
    measured = compare(name, found, read_truth(SONGS / f"{name}.json"))
    assert (found.metre, found.method) == (metre, "network")
    assert measured.beats > 0.97
    assert measured.downbeats > 0.97
    assert found.sections[0].start == found.bars[0].start
    assert found.sections[-1].end == found.bars[-1].end
    assert {section.start for section in found.sections} <= {bar.start for bar in found.bars}
    assert all(0 <= bar.energy <= 1 for bar in found.bars)


def _softly_in_bars(bar_s: float, bars: int) -> np.ndarray:
    """Chords with vibrato, one a bar, that swell in a tenth of a second: nothing else says where beats are."""
    rng, time = np.random.default_rng(3), np.arange(round(22050 * (bar_s + 0.15))) / 22050
    swell = np.minimum(time / 0.1, 1) * np.minimum((time[-1] - time) / 0.2, 1)
    sound = np.zeros(round(22050 * (bar_s * bars + 1.4)))
    for bar in range(bars):
        first = round(22050 * (0.4 + bar * bar_s))
        for step in (-12, 0, 4, 7):
            hertz = 220 * 2 ** (((0, 5, 7, 3)[bar % 4] + step) / 12)
            vibrato = 0.0006 * np.sin(2 * np.pi * 5 * time + rng.uniform(0, 6))
            phases = (2 * np.pi * hertz * part * (time + vibrato) + rng.uniform(0, 6) for part in range(1, 9))
            sound[first : first + len(time)] += swell * sum(
                np.sin(phase) / part for part, phase in enumerate(phases, start=1)
            )
    return 0.1 * sound


def test_bars_of_soft_chords_are_detected_and_said_to_be_unclear() -> None:
    found = listen(audio(_softly_in_bars(2.4, 12)))
    bars = np.array([second for second, number in found.beats if number == 1])
    assert (found.method, found.metre) == ("network", 4)
    assert f_measure(0.4 + 2.4 * np.arange(12), bars) > 0.9
    assert found.confidence < 0.18  # so low that the onsets decided, which have no beat here


def test_six_eight_with_weak_strokes_in_mid_bar_is_not_taken_as_three_four() -> None:
    beat = 60 / 66
    beats, eighths = np.arange(0.3, 24, beat), np.arange(0.3, 24, beat / 3)
    weak = kicks(beats[1::2], 24.0) + snares(beats[1::2], 24.0)
    time = np.arange(24 * 22050) / 22050
    bar = np.maximum(np.floor((time - 0.3) / (2 * beat)), 0).astype(int)
    root = np.array([0, 5, 7, 3])[bar % 4]
    chord = sum(np.sin(2 * np.pi * 220 * 2 ** ((root + step) / 12) * time) for step in (0, 4, 7))
    fading = np.exp(-1.5 * (time - 0.3 - 2 * beat * bar))
    found = listen(audio(kicks(beats[::2], 24.0) + 0.15 * weak + hats(eighths, 24.0) + 0.1 * chord * fading))
    assert found.metre == 2
    assert found.tempo == pytest.approx(66, abs=1)


def test_the_map_is_the_same_after_json() -> None:
    found = listen(load(SONGS / "10_march.ogg"))
    again = from_json(found.to_json())
    assert again.beats == found.beats
    assert again.sections == found.sections
    assert again.to_json() == found.to_json()
    content = json.loads(found.to_json())
    assert {"duration", "tempo", "metre", "beats", "tempo_curve", "sections", "bars", "heard_by"} <= content.keys()
    assert np.mean([bpm for _, bpm in content["tempo_curve"]]) == pytest.approx(119.5, abs=1)
    with pytest.raises(ValueError, match="no song map"):
        from_json("{}")


@pytest.mark.parametrize("kind", ["noise", "tone", "silence", "birds"])
@pytest.mark.parametrize("seconds", [1.0, 2.0, 20.0])
def test_sound_without_a_beat_gets_a_map_that_is_not_sure(kind: str, seconds: float) -> None:
    rng = np.random.default_rng(2)
    time = np.arange(round(22050 * seconds)) / 22050
    sound = {
        "noise": rng.standard_normal(len(time)),
        "tone": np.sin(2 * np.pi * 440 * time),
        "silence": np.zeros(len(time)),
        "birds": np.sin(2 * np.pi * 3000 * time + 40 * np.sin(9 * time)) * (np.sin(1.7 * time**1.3) > 0.8),
    }[kind]
    found = listen(audio(0.3 * sound))
    assert found.confidence < 0.2
    assert found.method != "network"
    assert len(found.beats) >= 1
    assert found.duration == pytest.approx(seconds)
    assert from_json(found.to_json()).beats == found.beats


def test_soft_bars_have_less_energy_than_loud_ones() -> None:
    beats = np.arange(0.2, 20, 0.5)
    loud = kicks(beats, 20.0) + hats(beats + 0.25, 20.0)
    found = listen(audio(np.where(np.arange(len(loud)) < 10 * 22050, 0.03, 1.0) * loud))
    soft = [bar.energy for bar in found.bars if bar.end < 10]
    assert max(soft) < 0.5 * min(bar.energy for bar in found.bars if bar.start > 10 and bar.end < 19.5)


def test_a_song_cut_in_the_middle_of_a_bar_ends_with_a_shorter_one() -> None:
    whole = listen(load(SONGS / "27_five.ogg"))
    cut = whole.bars[8].start + 0.4
    found = listen(load(SONGS / "27_five.ogg", duration=cut))
    assert found.metre == 5
    assert found.beats[-1][0] <= cut
    assert found.bars[-1].end <= cut + 1e-3


def test_the_bar_pointer_keeps_the_tempo_over_missing_beats() -> None:
    space = state_space(100.0, 55.0, 215.0, 100.0)
    heard = np.full(1500, -0.2, np.float32)
    beats = np.arange(30, 1500, 47)
    heard[beats[(beats < 600) | (beats > 900)]] = 4.0
    found = decode(heard, space)
    np.testing.assert_allclose(found[1:-1], beats[1 : len(found) - 1], atol=3)


def test_slow_beats_are_found_themselves_and_not_three_for_two() -> None:
    beats = np.arange(0.4, 29.5, 60 / 50)
    distance = np.abs(np.arange(3000)[:, None] / 100 - beats).min(axis=1)
    likely = np.maximum(0.9 * (1 - distance / 0.05), 0.005)
    assert f_measure(beats, pointed(np.column_stack([1 - likely, likely, 0 * likely]))) > 0.95


def test_bars_are_counted_from_the_strongest_beats_and_may_be_cut_short_once() -> None:
    evidence = np.full(40, -1.0)
    evidence[[2, 5, 8, 11, 14, 16, 19, 22, 25, 28, 31, 34, 37]] = 2.0  # threes, one bar of two at 14
    numbers = best_count(evidence, 3)[1]
    assert np.flatnonzero(numbers == 1).tolist() == [2, 5, 8, 11, 14, 16, 19, 22, 25, 28, 31, 34, 37]
    assert max(METRES, key=lambda metre: best_count(evidence, metre)[0]) == 3


def test_harmony_changes_where_the_chord_does() -> None:
    tones = np.zeros((400, 12))
    tones[:200, [0, 4, 7]] = 1
    tones[200:, [2, 5, 9]] = 1
    changes = harmony_changes(tones, np.arange(20.0, 400, 20), 2)
    assert int(changes.argmax()) == 9  # the beat at frame 200
    assert changes[9] == pytest.approx(1)
    np.testing.assert_allclose(np.delete(changes, [8, 9, 10]), 0, atol=1e-9)


def test_a_tone_is_highest_in_its_band_and_its_pitch_class() -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(22050) / 22050).astype(np.float32)
    spectrum = log_spectrum(tone)
    assert band_frequencies()[spectrum[25].argmax()] == pytest.approx(440, rel=0.03)
    assert chroma(spectrum, 130, 2100)[25].argmax() == 0
    np.testing.assert_allclose(log_spectrum(0.01 * tone), spectrum, atol=1e-4)  # loudness makes no difference


def test_sections_are_found_where_the_chords_change_and_named_by_repetition() -> None:
    """Loops of four bars, A A B B A A, in tones that last a bar."""
    loops = {"A": (0, 5, 7, 3), "B": (2, 9, 10, 4)}
    steps = [step for label in "AABBAA" for step in loops[label]]
    time = np.arange(22050) / 22050
    bar = [np.sin(2 * np.pi * 220 * 2 ** (step / 12) * time) * np.exp(-2 * time) for step in steps]
    found = find_sections(log_spectrum(np.concatenate(bar).astype(np.float32)), np.arange(25.0))
    assert [(part.first, part.end, part.label) for part in found] == [(0, 8, "A"), (8, 16, "B"), (16, 24, "A")]


def test_the_network_is_that_of_its_training() -> None:
    torch = pytest.importorskip("torch")
    from build_tools.listening.train import BeatNetwork  # noqa: PLC0415

    spectrum = spectrum_of(load(SONGS / "10_march.ogg", duration=8.0))
    network = BeatNetwork(spectrum.shape[1]).eval()
    network.load_state_dict({name: torch.from_numpy(value) for name, value in bundled_weights().items()})
    with torch.no_grad():
        beats, metres = network(torch.from_numpy(spectrum)[None])
    found = beat_activations(spectrum)
    np.testing.assert_allclose(found.beats, torch.softmax(beats, 1)[0].T.numpy(), atol=1e-5)
    np.testing.assert_allclose(found.metres, torch.softmax(metres, 1)[0].T.numpy(), atol=1e-5)


def test_measures_of_hearing() -> None:
    true = np.arange(0, 10, 0.5)
    assert f_measure(true, true + 0.06) == 1.0
    assert f_measure(true, true + 0.08) == 0.0
    assert f_measure(true, true[::2]) == pytest.approx(2 / 3)
    assert max(f_measure(true, other) for other in levels(true[::2])) > 0.97
    spans = [(0.0, 4.0, "A"), (4.0, 8.0, "B"), (8.0, 12.0, "A")]
    assert pairwise(spans, [(0.0, 4.0, "x"), (4.0, 8.0, "y"), (8.0, 12.0, "x")]) == 1.0
    assert pairwise(spans, [(0.0, 12.0, "x")]) < 0.72


def test_phrases_are_counted_from_the_beginning_of_each_section() -> None:
    found = from_json(SongMap(1.0, 120.0, 4, ((0.0, 1),)).to_json())
    assert found.phrases == []
    found = listen(load(SONGS / "10_march.ogg"))
    assert found.phrases[0].start == found.sections[0].start
    assert {section.start for section in found.sections} <= {phrase.start for phrase in found.phrases}


def test_a_cymbal_begins_a_new_section_of_the_same_music() -> None:
    """Sixteen equal bars of kick and hats, with a cymbal on the ninth."""
    beats = np.arange(0, 32, 0.5)
    sound = kicks(beats, 32.0) + hats(beats + 0.25, 32.0)
    cymbal = np.random.default_rng(0).normal(0, 0.3, 22050) * np.exp(-3 * np.arange(22050) / 22050)
    struck = sound.copy()
    struck[16 * 22050 : 17 * 22050] += np.diff(cymbal, prepend=0.0)
    edges = np.arange(0, 33, 2.0)
    begins = [
        boundary_features(compare_bars(log_spectrum(heard.astype(np.float32)), edges))[
            :, list(BOUNDARY).index("cymbal")
        ]
        for heard in (sound, struck)
    ]
    assert int(begins[1].argmax()) == 8
    assert begins[1][8] > begins[0][8] + 1


def test_repetitions_are_named_alike_whatever_lies_between() -> None:
    odds = np.array([[0, -2, 3, -1], [-2, 0, -2, 2], [3, -2, 0, -3], [-1, 2, -3, 0]])
    assert same_labels(odds) == [0, 1, 0, 1]
    assert same_labels(-np.ones((3, 3))) == [0, 1, 2]


def test_without_other_evidence_sections_have_usual_lengths() -> None:
    odds = np.full(16, -3.0)
    odds[[7, 8]] = 0.9  # a bar early, and at eight bars, equally likely
    assert best_spans(odds, np.full((16, LONGEST + 1), -np.inf)) == [(0, 8), (8, 16)]
