"""Runs the numeric tests with the instruction sets of older processors in numpy, torch and their libraries."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from functools import partial

from .base import ROOT
from .checks import Step, pytest_run, with_mark
from .environments import MAIN

ROOMS = tuple(
    f"tests/edge_backend/{name}"
    for name in (
        "audio",
        "body",
        "diffusion",
        "evaluation",
        "model",
        "motion",
        "training",
        "generation/test_pipeline.py",
        "generation/test_postprocess.py",
        "numerics",
        "runtime/test_oom_fallback.py",
    )
)
# Takes under a minute: tests in which rounding can decide, as between two equal minima.
SHORT = tuple(
    f"tests/edge_backend/{name}"
    for name in (
        "audio/test_beat_finding.py",
        "diffusion/test_schedule.py",
        "evaluation/test_beat_alignment.py",
        "evaluation/test_evaluation.py",
        "model/test_decoder_parity.py",
        "motion/test_motion_parity.py",
        "motion/test_rotations.py",
        "motion/feet/test_clean.py",
        "motion/retarget/test_retargeting.py",
        "motion/test_on_the_beat.py",
        "numerics/test_filters.py",
    )
)

_LOOK = (
    "import json, numpy, torch; found = numpy.show_config(mode='dicts')['SIMD Extensions'].get('found', []);"
    "print(json.dumps([torch.backends.cpu.get_cpu_capability(), found]))"
)


def processor_steps(whole: bool, options: Sequence[str]) -> dict[str, Step]:
    """Steps for the numeric tests on each older processor that this one can emulate. options: pytest's.

    whole: all numeric tests, also on this processor, with one and with two threads; else the tests of SHORT, with one.
    """
    look = subprocess.run([str(MAIN.python), "-c", _LOOK], cwd=ROOT, capture_output=True, text=True, check=True)
    capability, found = json.loads(look.stdout)
    variables = older_processors(capability, found)
    if whole:
        variables["this"] = {}
    chosen = with_mark(options, "not timing")
    return {
        f"{name}, {threads} thread{'s' * (threads > 1)}": partial(
            pytest_run, MAIN, ROOMS if whole else SHORT, chosen, more={**more, "OMP_NUM_THREADS": str(threads)}
        )
        for name, more in variables.items()
        for threads in ((1, 2) if whole else (1,))
    }


def older_processors(capability: str, found: Sequence[str]) -> dict[str, dict[str, str]]:
    """Name of an older processor -> environment variables that restrict libraries to its instructions.

    capability: torch's name for this processor, such as "AVX512". found: the optional instruction sets that numpy uses
    here. Empty where torch has no lower level, as on ARM.
    """
    newest = [name for name in found if name.startswith("AVX512") or name == "X86_V4"]
    older: dict[str, dict[str, str]] = {}
    if capability == "AVX512":
        older["AVX2"] = _variables("avx2", "AVX2", "AVX2", "Haswell", newest)
    if capability in ("AVX2", "AVX512"):
        older["SSE"] = _variables("default", "SSE4_2", "SSE41", "Nehalem", found)
    return older


def _variables(torch: str, mkl: str, onednn: str, openblas: str, without: Sequence[str]) -> dict[str, str]:
    return {
        "ATEN_CPU_CAPABILITY": torch,
        "MKL_ENABLE_INSTRUCTIONS": mkl,
        "ONEDNN_MAX_CPU_ISA": onednn,
        "OPENBLAS_CORETYPE": openblas,
        "NPY_DISABLE_CPU_FEATURES": " ".join(without),
    }
