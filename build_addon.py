#!/usr/bin/env python3
"""Builds, demonstrates and tests EDGE Dance. Needs only Python and git; installs everything else into this folder.

    python3 build_addon.py            dist/edge_dance-VERSION-PLATFORM.zip, the extension to install in Blender
    python3 build_addon.py demo       generates a dance for a song in Blender; results in demo/
    python3 build_addon.py test       all checks that a change has to pass
    python3 build_addon.py release    the zips, checked, and the index from which Blender gets updates
    python3 build_addon.py env        the environment alone; the last line printed is its Python

Written, like build_tools, for Python 3.9 and the standard library, because it runs before anything is installed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from itertools import product

from build_tools.base import ROOT, BuildError, check, run, say
from build_tools.checks import (
    BLENDER_PARTS,
    BLENDER_TESTS,
    DEFAULT_BLENDERS,
    Step,
    blender_tests,
    prepare,
    pytest_run,
    run_all,
    split_targets,
    timing_targets,
    with_mark,
)
from build_tools.environments import BLENDERS, MAIN, ensure
from build_tools.extension import build_zip, validate_zip
from build_tools.processors import processor_steps
from build_tools.program import program_steps
from build_tools.release import build_repository, check_versions, notes
from build_tools.wheels import PLATFORMS, this_platform


def command_build(options: argparse.Namespace) -> int:
    """Build the zip of this platform, or those that are asked for."""
    for platform in options.platform or [this_platform()]:
        path = build_zip(platform=platform)
        judged = "Blender's own check passed" if validate_zip(path) else "not checked by Blender: no environment yet"
        say(f"{path.relative_to(ROOT)}  {path.stat().st_size / 1e6:.1f} MB  ({judged})")
    return 0


def command_env(options: argparse.Namespace) -> int:
    """Make or update one environment."""
    say(str(ensure(BLENDERS[options.blender])))
    return 0


def command_demo(options: argparse.Namespace) -> int:
    """Build the zip and run demo/make_demo.py with it."""
    python = ensure(MAIN)
    path = build_zip()
    validate_zip(path)
    say(f"Built {path.relative_to(ROOT)}")
    demo = ROOT / "demo"
    check([str(python), str(demo / "make_demo.py"), str(path), str(demo), *options.arguments])
    return 0


def command_release(options: argparse.Namespace) -> int:
    """Check the versions, and write zip, extension repository index and release notes to dist/."""
    version = check_versions(options.tag)
    ensure(MAIN)
    index = build_repository(ROOT / "dist")
    said = index.with_name("notes.md")
    said.write_text(notes(version) + "\n", encoding="utf-8")
    say(f"{version}: {index.relative_to(ROOT)}, the zips beside it, {said.relative_to(ROOT)}")
    return 0


def command_test(options: argparse.Namespace) -> int:
    """Run all checks, two at a time, the longest first; timing tests run after them, one by one.

    Returns exit code 0 if all passed, else 1.
    """
    targets, flags = split_targets(options.arguments)
    in_blender = [word for word in targets if word.startswith(BLENDER_TESTS)]
    asked = BLENDERS if options.matrix else options.blender
    names = (asked or DEFAULT_BLENDERS) if in_blender or not targets else ()
    python = str(ensure(MAIN) if options.program or options.processors else prepare(names))
    if options.program:
        return 0 if run_all({}, program_steps(options.program, targets, flags)) else 1
    if options.processors:
        return 0 if run_all({}, processor_steps(True, flags)) else 1
    steps: dict[str, Step] = {
        "lint": lambda _: run([python, "-m", "ruff", "check"]),
        "format": lambda _: run([python, "-m", "ruff", "format", "--check"]),
    }
    timed: dict[str, Step] = {}
    busy, quiet = with_mark(flags, "not timing"), with_mark(flags, "timing")
    elsewhere = [word for word in targets if not word.startswith(BLENDER_TESTS)]
    if elsewhere or not targets:
        where = elsewhere or ["tests", f"--ignore={BLENDER_TESTS}"]
        steps["tests"] = partial(pytest_run, MAIN, where, busy)
        if measured := timing_targets(where):
            timed["timing"] = partial(pytest_run, MAIN, measured, quiet)
    for (part, where), name in product({"": in_blender}.items() if in_blender else BLENDER_PARTS.items(), names):
        steps[f"Blender {name}{part}"] = partial(blender_tests, name, where, busy, bool(asked))
    if measured := timing_targets(in_blender or [BLENDER_TESTS]):
        for name in names:
            timed[f"timing in {name}"] = partial(blender_tests, name, measured, quiet, bool(asked))
    steps["types"] = lambda _: run([python, "-m", "mypy"])
    if not targets:
        steps.update(processor_steps(False, flags))
    return 0 if run_all(steps, timed) else 1


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse the command line. Arguments after -- are passed on to pytest or to the demo."""
    own, rest = list(arguments), []
    if "--" in own:
        cut = own.index("--")
        own, rest = own[:cut], own[cut + 1 :]
    summary = (__doc__ or "").split("\n")[0]
    parser = argparse.ArgumentParser(prog="build_addon.py", description=summary)
    parser.set_defaults(run=command_build)
    parser.add_argument(
        "--platform", action="append", choices=PLATFORMS, help="build its zip; may be given again (default: this one's)"
    )
    commands = parser.add_subparsers(title="commands (none builds the zip)", metavar="")
    env = commands.add_parser("env", help="make or update an environment; prints its Python last")
    env.add_argument("--blender", choices=BLENDERS, default="4.5", help="which Blender's (default: %(default)s, .venv)")
    env.set_defaults(run=command_env)
    demo = commands.add_parser("demo", help="song to dance to film in a real Blender; -- ARGS go to demo/make_demo.py")
    demo.set_defaults(run=command_demo)
    release = commands.add_parser("release", help="zips, extension repository and notes, in dist/")
    release.add_argument("--tag", default="", metavar="vX.Y.Z", help="check that everything is ready for this one")
    release.set_defaults(run=command_release)
    test = commands.add_parser("test", help="lint, types and all tests; -- ARGS go to pytest")
    test.add_argument("--matrix", action="store_true", help="Blender tests in 4.2, 4.5, 5.0 and 5.2")
    test.add_argument("--processors", action="store_true", help="the numeric tests alone, as older processors compute")
    test.add_argument("--blender", action="append", choices=BLENDERS, help="in this one alone; may be given again")
    test.add_argument(
        "--program",
        action="append",
        metavar="BLENDER",
        help="in this program alone, or in the one that this script starts",
    )
    test.set_defaults(run=command_test)
    return parser.parse_args(own, argparse.Namespace(arguments=rest))


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    options = parse(arguments)
    try:
        return int(options.run(options))
    except BuildError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
