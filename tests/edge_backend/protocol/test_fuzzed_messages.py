"""With random messages on stdin, the worker keeps running, answers in time, and does the next job. Long form: slow."""

import random
import time
from pathlib import Path

import pytest
from pipeline_fixtures import write_song, write_weights
from worker_client import Client

from edge_backend.protocol.codec import MAX_LINE, LineSplitter, ProtocolError, decode, encode
from edge_backend.protocol.messages import (
    Body,
    Cancel,
    Error,
    Features,
    Generate,
    Hello,
    Message,
    Progress,
    Result,
    State,
    StatusRequest,
)
from edge_backend.schema.edits import Source, going_on
from edge_backend.schema.requests import BodyRequest, FeaturesRequest, GenerateRequest

ANSWER_S = 2.0  # the promise: no answer takes longer
A_ROUND = 100  # frames between two questions for the state


def seeds(folder: Path) -> list[bytes]:
    """Frames that are well-formed, to be spoilt; jobs in them come to nothing, quickly."""
    nowhere = str(folder / "nowhere")
    messages: list[Message] = [
        Generate("1", nowhere, GenerateRequest(str(folder / "no song.wav"), seed=5)),
        Generate("2", nowhere, GenerateRequest("a.wav", edit=going_on(Source(nowhere), 10))),
        Features("3", nowhere, FeaturesRequest("b.wav")),
        Body("4", nowhere, BodyRequest("c.pkl", (0.5, -1.0))),
        Cancel("1"),
        StatusRequest(),
        Hello(2, "0", 1, "cpu", ("starter",)),
        Progress("1", "sampling", 1, 2, 0.5),
    ]
    return [encode(message) for message in messages]


def fuzzed(good: list[bytes], draw: random.Random) -> bytes:  # noqa: PLR0911 - one for each way
    """A line, or some: truncated, flipped, noise, not UTF-8, too long, out of order, with fields of another frame."""
    frame = draw.choice(good)
    match draw.randrange(9):
        case 0:
            return frame[: draw.randrange(len(frame))] + b"\n"
        case 1:
            spoilt = bytearray(frame)
            for _ in range(draw.randrange(1, 6)):
                spoilt[draw.randrange(len(spoilt) - 1)] = draw.randrange(256)
            return bytes(spoilt)
        case 2:
            return draw.randbytes(draw.randrange(1, 300)) + b"\n"
        case 3:
            return frame.replace(b'"', "„".encode("utf-16"), 3)
        case 4 if draw.randrange(200) == 0:
            return b"[" * (MAX_LINE + draw.randrange(-2, 3)) + b"\n"
        case 5:
            other = draw.choice(good)
            return frame[:-2] + b"," + other[1:]
        case 6:
            return b"".join(draw.sample(good, 3))
        case 7:
            return frame.replace(b":5", b":" + b"9" * draw.randrange(1, 400)).replace(b"0.5", b"1e999")
        case _:
            return b'{"a":' * draw.randrange(1, 3000) + b"\n"


@pytest.mark.timing
@pytest.mark.parametrize("count", [600, pytest.param(12_000, marks=pytest.mark.slow)])
def test_the_worker_lives_through_fuzzed_frames(tmp_path: Path, count: int) -> None:
    write_weights(tmp_path)
    song = write_song(tmp_path / "song.wav")
    draw, good, slowest = random.Random(count), seeds(tmp_path), 0.0
    with Client(tmp_path) as client:
        client.wait_for(State, state="idle")
        for _ in range(count // A_ROUND):
            client.send(b"".join(fuzzed(good, draw) for _ in range(A_ROUND)), b"\n")
            slowest = max(slowest, time_to_answer(client))
        assert slowest < ANSWER_S
        client.send(Generate("last", str(tmp_path), GenerateRequest(str(song), weights="tiny", steps=2)))
        assert client.wait_for(Result, job="last").path == str(tmp_path / "dance.npz")
        assert b"Traceback" not in client.log
    print(f"{count} frames, slowest answer {slowest:.3f} s")


def time_to_answer(client: Client) -> float:
    """From a question that comes behind all that was sent to its answer: the last state, as fuzz may have asked too."""
    client.send(Cancel("a name that nobody has"), StatusRequest())
    client.send(Generate("sign", "/nowhere at all", GenerateRequest("x")))
    began = time.monotonic()
    client.wait_for(Error, job="sign")
    return time.monotonic() - began


@pytest.mark.timing
@pytest.mark.parametrize("count", [600, pytest.param(12_000, marks=pytest.mark.slow)])
def test_blender_s_side_takes_fuzzed_frames_for_messages_or_refuses_them(tmp_path: Path, count: int) -> None:
    """The same bytes through what reads them there: nothing else is raised, nothing takes long, no line is endless."""
    draw, good, splitter = random.Random(count + 1), seeds(tmp_path), LineSplitter()
    began = time.monotonic()
    understood = refused = 0
    for _ in range(count):
        for line in splitter.feed(fuzzed(good, draw)):
            assert len(line) <= MAX_LINE + 1
            try:
                decode(line)
                understood += 1
            except ProtocolError:
                refused += 1
    assert understood > count // 10 and refused > count // 4
    assert (time.monotonic() - began) / count < 0.01
