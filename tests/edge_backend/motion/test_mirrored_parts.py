"""Left and right exchanged in some parts of a dance: what is mirrored, what is not, and how one becomes the other."""

import numpy as np
import pytest

from edge_backend.choreography.library import STARTER, open_libraries
from edge_backend.motion.mirrored_parts import LEEWAY, REACH, mirrored_parts_in_steps
from edge_backend.motion.motion import Motion
from edge_backend.motion.steps import at_once

BORDERS = [120, 240, 330]
FRAMES = 450


@pytest.fixture(scope="module")
def clips() -> list[Motion]:
    """Motion capture of the starter library, 15 s of each clip that is long enough."""
    library = open_libraries([STARTER])
    first = {phrase.clip: number for number, phrase in reversed(list(enumerate(library.phrases)))}
    found = (library.clip(number) for _, number in sorted(first.items())[:12])
    return [clip.part(slice(FRAMES)) for clip in found if clip.frames >= FRAMES]


def test_every_second_part_is_the_mirror_image_in_another_place(clips: list[Motion]) -> None:
    near = REACH + LEEWAY
    for clip in clips:
        made, image = at_once(mirrored_parts_in_steps(clip, BORDERS)), clip.mirrored()
        for number, (first, stop) in enumerate(zip([0, *BORDERS], [*BORDERS, FRAMES], strict=True)):
            kept = slice(first + near * (number > 0), stop - near * (stop < FRAMES))
            source = image if number % 2 else clip
            np.testing.assert_array_equal(made.rotations[kept], source.rotations[kept])
            shift = made.root[kept] - source.root[kept]
            np.testing.assert_allclose(shift, np.broadcast_to(shift[0], shift.shape), atol=1e-5)
            assert abs(shift[0, 2]) < 1e-6


def test_the_dancer_does_not_jump_where_sides_change(clips: list[Motion]) -> None:
    """Merely cut, the largest acceleration there is 11 times the dance's 99th percentile (median), at most 34 times."""
    worst = []
    for clip in clips:
        made = at_once(mirrored_parts_in_steps(clip, BORDERS))
        bends = np.linalg.norm(np.diff(made.joints(), n=2, axis=0), axis=-1)
        usual = np.percentile(np.linalg.norm(np.diff(clip.joints(), n=2, axis=0), axis=-1), 99)
        worst += [bends[max(border - 30, 0) : border + 30].max() / usual for border in BORDERS]
    assert np.median(worst) < 2
    assert np.percentile(worst, 90) < 4
