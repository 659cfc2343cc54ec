"""What the foot cleanup does to a folder of dances, as a table and pictures. Run by hand, from the repository's root:

python tests/edge_backend/motion/feet/foot_report.py FOLDER [--faults] [--pictures OUT]

FOLDER holds motion files. With --faults the dances count as good ones: faults are put in, and what comes back is
compared with the good ones; without, the files are cleaned as they are, by the contacts in them.
"""

import argparse
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[4]))

import numpy as np
from foot_dances import ABOVE_HIPS, Track
from foot_faults import KINDS, add_fault
from foot_pictures import draw_feet

from edge_backend.evaluation.clips import clips
from edge_backend.evaluation.feet import pfc
from edge_backend.evaluation.feet import slide as independent_slide
from edge_backend.motion.contacts import CONTACT_JOINTS, edge_contacts
from edge_backend.motion.feet import Cleaned, clean
from edge_backend.motion.feet.metrics import plant_slide
from edge_backend.motion.files import load_motion
from edge_backend.numerics.array import Array
from edge_backend.numerics.intervals import runs

PICTURE_SECONDS = 6


@dataclass(frozen=True)
class Result:
    """One dance. good: None where no fault was put in. seconds: of one core, for a minute of dance."""

    name: str
    good: Track | None
    before: Track
    after: Track
    contacts: Array
    cleaned: Cleaned
    seconds: float


def measure_folder(folder: Path, fault: str | None) -> list[Result]:
    """Clean every motion file in the folder, by name."""
    return [_measure(path, fault, seed) for seed, path in enumerate(sorted(folder.glob("*.npz")))]


def _measure(path: Path, fault: str | None, seed: int) -> Result:
    motion = load_motion(path)
    before, contacts, good = Track(motion.rotations, motion.root), motion.contacts, None
    if fault is not None:
        good, contacts = before, edge_contacts(before.joints)
        before = Track(*add_fault(fault, good.rotations, good.root, seed))
    start = time.process_time()
    cleaned = clean(before.rotations, before.root, contacts)
    seconds = (time.process_time() - start) / motion.frames * 1800
    return Result(path.stem, good, before, Track(cleaned.rotations, cleaned.root), contacts, cleaned, seconds)


def rows(results: Sequence[Result]) -> Iterable[tuple[str, str, str]]:
    """Figure, before, after; means over the dances unless it says otherwise."""
    for label, share in (("median", 50), ("95 %", 95)):
        yield (f"slide in plants, {label}, mm/frame", *_both(results, _slides, share, "{:.2f}"))
    yield (
        "slide by speed and height alone, mm/frame",
        *_mean(results, lambda _, t: independent_slide(t.joints), "{:.2f}"),
    )
    yield "foot-skate ratio", *_mean(results, lambda _, t: t.skate, "{:.3f}")
    yield "deepest penetration of a sole, mm", *_most(results, lambda _, t: t.penetration * 1000, "{:.1f}")
    yield "float, without jumps", *_mean(results, lambda _, t: t.floating, "{:.3f}")
    yield "PFC", *_mean(results, lambda _, t: np.mean([pfc(clip) for clip in clips(t.joints)]), "{:.2f}")
    yield "contact consistency, mm/frame", *_mean(results, contact_motion, "{:.2f}")
    yield "jitter, m/s³", *_mean(results, lambda _, t: t.jitter, "{:.0f}")
    yield "jitter, largest ratio", "", f"{max(r.after.jitter / r.before.jitter for r in results):.3f}"
    yield "knee speed, largest ratio", "", f"{max(r.after.knee_speed / r.before.knee_speed for r in results):.2f}"
    yield "joints above the hips moved, mm", "", f"{np.mean([_moved(r.after, r.before) for r in results]):.1f}"
    yield "pose changed outside plants and blends", "", f"{max(_changed_outside(r) for r in results):.0e}"
    if all(r.good for r in results):
        yield "joints above the hips from the good dance, mm", *_mean(results, lambda r, t: _moved(t, r.good), "{:.1f}")
        yield "apex of jumps from the good dance, at most, mm", *_most(results, _apex_error, "{:.1f}")
    yield "seconds for a minute of dance, at most", "", f"{max(r.seconds for r in results):.2f}"


def contact_motion(result: Result, track: Track) -> float:
    """How far, mm per frame, rms, ankles and toes move where their contact channel is above 0.95: the contact
    consistency loss (Tseng et al. 2023, eq. 8) on poses, in units that can be read."""
    steps = np.linalg.norm(np.diff(track.joints[:, list(CONTACT_JOINTS)], axis=0), axis=-1)[result.contacts[:-1] > 0.95]
    return float(np.sqrt(np.mean(steps**2)) * 1000) if len(steps) else float("nan")


def _slides(result, track):
    return plant_slide(track.joints, result.cleaned.planted) * 1000


def _both(results, values, share, form):
    joined = (np.concatenate([values(r, track(r)) for r in results]) for track in (_before, _after))
    return [form.format(np.percentile(part, share)) for part in joined]


def _mean(results, value, form):
    return [form.format(np.nanmean([value(r, track(r)) for r in results])) for track in (_before, _after)]


def _most(results, value, form):
    return [form.format(np.nanmax([value(r, track(r)) for r in results])) for track in (_before, _after)]


def _before(result):
    return result.before


def _after(result):
    return result.after


def _moved(track, other):
    return np.linalg.norm(track.joints - other.joints, axis=-1)[:, ABOVE_HIPS].mean() * 1000


def _apex_error(result, track):
    jumps = runs(result.good.jumping)
    tops = [[each.joints[start:end, 0, 2].max() for each in (track, result.good)] for start, end in jumps]
    return max((abs(top - true) * 1000 for top, true in tops), default=np.nan)


def _changed_outside(result):
    worst = 0.0
    for leg, joints in enumerate(((1, 4, 7, 10), (2, 5, 8, 11))):
        free = ~result.cleaned.touched[:, leg]
        both = (track.rotations[free][:, joints] for track in (result.before, result.after))
        worst = max(worst, np.abs(np.subtract(*both)).max(initial=0))
    return worst


def _picture(result: Result, folder: Path, fault: str | None) -> None:
    """Six seconds of the left foot, from a quarter of the dance on."""
    first = len(result.before.root) // 4
    part = slice(first, first + 30 * PICTURE_SECONDS)
    before, after = (Track(track.rotations[part], track.root[part]) for track in (result.before, result.after))
    name = f"{result.name}-{(fault or 'as it is').replace(' ', '-')}"
    planted = result.cleaned.planted[part, 0]
    draw_feet(folder / f"{name}.png", f"{name}: left foot", (before, after), planted, first)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--faults", action="store_true", help="take the dances as good ones and put faults in")
    parser.add_argument("--pictures", type=Path, help="a folder for pictures, one a dance and fault")
    arguments = parser.parse_args()
    for fault in KINDS if arguments.faults else (None,):
        results = measure_folder(arguments.folder, fault)
        minutes = sum(len(r.before.root) for r in results) / 1800
        print(
            f"\n{len(results)} dances, {minutes:.1f} minutes; fault: {fault}\n"
            "\n| figure | before | after |\n|---|---|---|"
        )
        for row in rows(results):
            print("|", " | ".join(row), "|", flush=True)
        for result in results if arguments.pictures else ():
            arguments.pictures.mkdir(parents=True, exist_ok=True)
            _picture(result, arguments.pictures, fault)


if __name__ == "__main__":
    main()
