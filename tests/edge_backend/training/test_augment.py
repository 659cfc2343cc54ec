from dataclasses import replace

import numpy as np
import pytest
import torch

from edge_backend.audio.rhythm import CHANNELS as MUSIC
from edge_backend.errors import EdgeError
from edge_backend.model.controls import CHANNELS as CONTROLS
from edge_backend.model.controls import STYLES, control_channels
from edge_backend.model.kinematics import vector_joints
from edge_backend.training.augment import Augmentation, WindowSampler
from edge_backend.training.pack import load_pack

PLAIN = Augmentation(p_mirror=0, heading=0, place=0, p_any_style=0, p_no_energy=0, p_no_music=0, noise=0)


@pytest.fixture(scope="module")
def dances(pack_path):
    return load_pack(pack_path)


def draw(dances, augmentation, windows=64, seed=3, **options):
    torch.manual_seed(seed)
    return WindowSampler(dances, augmentation, **options).draw(windows)


def test_every_window_is_a_stretch_of_one_training_dance_moved_and_turned(dances):
    """Distances between joints and frames survive moving, turning and mirroring the whole window."""
    batch = draw(dances, replace(Augmentation(), p_mirror=0, noise=0), windows=16)
    joints = vector_joints(WindowSampler(dances, PLAIN).scale.unnormalise(batch.target))
    shape = (joints[:, ::50] - joints[:, :1]).norm(dim=-1)
    candidates = []
    for start, length, holdout in zip(dances.start, dances.length, dances.holdout, strict=True):
        if not holdout and length >= 150:
            own = vector_joints(dances.vectors[start : start + length])
            windows = own.unfold(0, 150, 1).movedim(-1, 1)
            candidates.append((windows[:, ::50] - windows[:, :1]).norm(dim=-1))
    distance = torch.cdist(shape.flatten(1), torch.cat(candidates).flatten(1)).amin(dim=1)
    assert distance.max() < 0.01


def test_the_music_of_a_window_is_that_of_its_frames(dances):
    batch = draw(dances, PLAIN, windows=8)
    rows = {tuple(row.tolist()): frame for frame, row in enumerate(dances.features)}
    for window in batch.condition[..., : len(MUSIC)]:
        frames = [rows[tuple(row.tolist())] for row in window]
        assert np.diff(frames).tolist() == [1] * 149


def test_controls_stand_where_generation_puts_them(dances):
    batch = draw(dances, PLAIN)
    assert batch.condition.shape[-1] == len(MUSIC) + len(CONTROLS)
    for window in batch.condition[..., len(MUSIC) :]:
        style = STYLES[int(window[0, : len(STYLES)].argmax())]
        wanted = control_channels(style, energy=0.5)
        wanted[:, -2] = window[:, -2]
        np.testing.assert_array_equal(window.numpy(), wanted)


def test_controls_are_left_open_as_generation_leaves_them_open(dances):
    batch = draw(dances, replace(PLAIN, p_any_style=1, p_no_energy=1), windows=4)
    for window in batch.condition[..., len(MUSIC) :]:
        np.testing.assert_array_equal(window.numpy(), control_channels())


def test_unknown_music_is_all_zeros_and_never_noisy(dances):
    batch = draw(dances, replace(PLAIN, p_no_music=1, noise=1))
    assert (batch.condition[..., : len(MUSIC)] == 0).all()


def test_noise_touches_onsets_and_loudness_only(dances):
    clean, noisy = (draw(dances, replace(PLAIN, noise=noise)).condition for noise in (0, 0.1))
    changed = {MUSIC[c] for c in range(len(MUSIC)) if not torch.equal(clean[..., c], noisy[..., c])}
    assert changed == {"onset_low", "onset_mid", "onset_high", "loudness"}
    assert noisy[..., 6:10].min() >= 0
    assert noisy[..., 6:10].max() <= 1


def test_the_path_lies_about_the_origin_inside_the_reach(dances):
    batch = draw(dances, replace(Augmentation(), place=10.0), windows=256)
    path = WindowSampler(dances, PLAIN).scale.unnormalise(batch.target)[..., 4:6]
    assert path.abs().max() <= 2.8 + 1e-4
    middle = (path.amin(1) + path.amax(1)) / 2
    assert middle.std() > 1  # they do go everywhere


def test_headings_are_all_around_half_of_the_time(dances):
    near, wide = (draw(dances, replace(PLAIN, heading=h), windows=2000) for h in (0.0, 0.35))
    scale = WindowSampler(dances, PLAIN).scale
    still = dances.vectors[dances.start[0], 7:13]
    turned = scale.unnormalise(near.target)[:, 0, 7:13]
    # With heading 0 the half that keeps the data's heading shows the data's own pelvis sway only.
    kept = ((turned - still).norm(dim=-1) < 1.2).float().mean()
    assert 0.45 < kept < 0.8
    assert not torch.equal(near.target, wide.target)


def test_half_of_the_windows_are_mirrored(dances):
    plain, both = (draw(dances, replace(PLAIN, p_mirror=p), windows=1000) for p in (0, 0.5))
    same = (plain.target == both.target).flatten(1).all(1).float().mean()
    assert 0.45 < same < 0.55


def test_rare_styles_are_drawn_more_often_than_their_minutes(dances):
    even, by_minutes = (draw(dances, replace(PLAIN, style_power=p), windows=4000).condition for p in (0.0, 1.0))
    first = len(MUSIC)
    assert even[:, 0, first].mean().item() == pytest.approx(0.5, abs=0.03)
    usable = dances.usable(150, holdout=False)
    windows = (dances.length - 149) * usable
    share = (windows[dances.style == 0].sum() / windows.sum()).item()
    assert by_minutes[:, 0, first].mean().item() == pytest.approx(share, abs=0.03)


def test_the_same_seed_draws_the_same_windows(dances):
    a, b, c = (draw(dances, Augmentation(), seed=seed) for seed in (1, 1, 2))
    assert torch.equal(a.target, b.target)
    assert torch.equal(a.condition, b.condition)
    assert not torch.equal(a.target, c.target)


def test_drawing_does_not_change_the_data(dances):
    before = dances.vectors.clone(), dances.features.clone()
    draw(dances, Augmentation())
    assert torch.equal(dances.vectors, before[0])
    assert torch.equal(dances.features, before[1])


def test_a_set_without_a_long_enough_dance_is_refused(dances):
    short = replace(dances, length=dances.length * 0 + 100)
    with pytest.raises(EdgeError, match="training dance"):
        WindowSampler(short, Augmentation())
