"""Converts the options that `generate` and `batch` share to a GenerateRequest."""

import argparse

from ...schema.requests import BeatsRequest, FeetRequest, GenerateRequest, LoopRequest


def dancing(options: argparse.Namespace) -> GenerateRequest:
    """The request with all shared options; song, start, duration, seed and edit are left at their defaults."""
    return GenerateRequest(
        song="",
        steps=options.steps,
        sampler=options.sampler,
        guidance=options.guidance,
        weights=options.weights,
        style=options.style,
        energy=options.energy,
        sequential=options.sequential,
        feet=FeetRequest(enabled=not options.no_feet, strength=options.feet_strength),
        beats=BeatsRequest(options.tempo, options.beat_offset, options.bar),
        smoothness=options.smoothness,
        eta=options.eta,
        guidance_interval=options.guidance_interval,
        guidance_ramp=options.guidance_ramp,
        on_beat=options.on_beat,
        arithmetic=options.arithmetic,
        loop=LoopRequest(options.loop_bars, options.loop_travel) if options.loop_bars else None,
        form=options.form,
        returning=options.returning,
        originality=options.originality,
        phrases=tuple(options.phrases),
        plan=options.plan_file,
    )
