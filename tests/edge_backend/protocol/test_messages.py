"""Messages: round trips, and safe handling of malformed ones."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge_backend.protocol import codec
from edge_backend.protocol.codec import MAX_LINE, LineSplitter, ProtocolError, decode, encode, from_json
from edge_backend.protocol.messages import Generate, Hello, Message, Progress
from edge_backend.schema.edits import EditRequest
from edge_backend.schema.requests import GenerateRequest

REPOSITORY = Path(__file__).parents[3]
MESSAGES = st.one_of([st.from_type(kind) for kind in get_args(Message)]).filter(
    lambda message: not re.search(r"\b(inf|nan)\b", repr(message))  # no message holds a number that JSON has not
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(MESSAGES)
def test_every_message_comes_back_as_it_went(message: Message) -> None:
    frame = encode(message)
    assert frame.endswith(b"\n")
    assert b"\n" not in frame[:-1]  # one line, whatever the texts hold
    assert decode(frame) == message


def test_the_manual_s_examples_of_edits_are_requests() -> None:
    manual = (REPOSITORY / "docs/protocol.md").read_text("utf-8")
    shown = [json.JSONDecoder().raw_decode(manual, found.end())[0] for found in re.finditer('"edit":', manual)]
    assert len(shown) == 4
    for edit in shown:
        assert from_json(EditRequest, json.dumps(edit).encode(), "edit") != EditRequest()


def test_file_names_that_are_not_unicode_survive() -> None:
    """Linux file names are bytes; Python shows odd ones as lone surrogates, which UTF-8 alone cannot carry."""
    song = b"caf\xe9.ogg".decode("utf-8", "surrogateescape")
    message = Generate("1", "/jobs/1", GenerateRequest(song))
    assert decode(encode(message)) == message


@given(st.binary(max_size=300))
@example(b"")
@example(b"[" * 100_000)
@example(b'{"type":"progress","job":"1","stage":"sampling","done":1,"total":2,"eta":1e999}')
@example(b'{"type":"progress","job":"1","stage":"sampling","done":1,"total":2,"eta":NaN}')
@example(b'{"type":"cancel","job":' + b"[" * 900 + b"]" * 900 + b"}")
@example(b'{"type":"hello","protocol":' + b"9" * 5000 + b"}")
@example(b"\xff\xfe")
@example(b"x" * (MAX_LINE + 1))
def test_bytes_that_are_no_message_raise_protocol_error_and_nothing_else(line: bytes) -> None:
    with pytest.raises(ProtocolError) as caught:
        decode(line)
    assert caught.value.code in {"frame_too_long", "frame_not_json", "frame_unknown_type", "frame_bad_field"}
    assert caught.value.message.isprintable()


@given(st.sampled_from(sorted(codec._NAMES.values())), st.dictionaries(st.text(max_size=8), JSON, max_size=5))
def test_fields_of_any_shape_give_a_message_or_protocol_error(name: str, body: dict[str, object]) -> None:
    _decode_or_refuse(json.dumps({**body, "type": name}).encode())


@given(MESSAGES, st.data())
def test_a_spoilt_field_gives_a_message_or_protocol_error(message: Message, data: st.DataObject) -> None:
    frame = json.loads(encode(message))
    frame[data.draw(st.sampled_from(sorted(frame)))] = data.draw(JSON)
    _decode_or_refuse(json.dumps(frame).encode())


@given(MESSAGES, st.data())
def test_a_cut_or_flipped_frame_gives_a_message_or_protocol_error(message: Message, data: st.DataObject) -> None:
    frame = bytearray(encode(message))
    at = data.draw(st.integers(0, len(frame) - 1))
    frame[at] = data.draw(st.integers(0, 255))
    _decode_or_refuse(bytes(frame))
    _decode_or_refuse(bytes(frame[:at]))


def _decode_or_refuse(line: bytes) -> None:
    try:
        message = decode(line)
    except ProtocolError:
        return
    assert isinstance(message, get_args(Message))


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        (b'{"type":"dance"}', "frame_unknown_type", "dance"),
        (b'{"type":"cancel"}', "frame_bad_field", "cancel.job is missing"),
        (b'{"type":"cancel","job":7}', "frame_bad_field", "cancel.job"),
        (b'{"type":"cancel","job":"1","now":true}', "frame_bad_field", "now"),
        (b'{"type":"generate","job":"1","folder":"/j","request":{"song":"a","seed":true}}', "frame_bad_field", "seed"),
        (b'{"type":"generate","job":"1","folder":"/j","request":{"song":"a","style":"no"}}', "frame_bad_field", "no"),
        (b'["hello"]', "frame_not_json", "object"),
        (b"Loading model...", "frame_not_json", "JSON"),
    ],
)  # fmt: skip
def test_the_error_names_what_is_wrong(line: bytes, code: str, words: str) -> None:
    with pytest.raises(ProtocolError, match=words) as caught:
        decode(line)
    assert caught.value.code == code


def test_fields_with_defaults_may_be_left_out() -> None:
    frame = b'{"type":"generate","job":"1","folder":"/j","request":{"song":"a.ogg"}}'
    assert decode(frame) == Generate("1", "/j", GenerateRequest("a.ogg"))


@given(st.lists(MESSAGES, max_size=5), st.lists(st.integers(1, 40), min_size=1))
def test_frames_survive_any_cutting_of_the_stream(messages: list[Message], sizes: list[int]) -> None:
    stream = b"".join(map(encode, messages)).replace(b"\n", b"\r\n")  # as a Windows text pipe would have it
    splitter, lines = LineSplitter(), []
    while stream:
        for size in sizes:
            lines += splitter.feed(stream[:size])
            stream = stream[size:]
    assert [decode(line) for line in lines] == messages


def test_an_endless_line_takes_bounded_memory_and_the_next_message_is_read() -> None:
    splitter = LineSplitter()
    lines = [line for _ in range(40) for line in splitter.feed(b"x" * 100_000)]
    assert lines == []
    too_long, hello = splitter.feed(b"\n" + encode(Hello(1, "0.1.0", 5, "cpu")))
    assert len(too_long) == MAX_LINE + 1
    with pytest.raises(ProtocolError, match="longer"):
        decode(too_long)
    assert decode(hello) == Hello(1, "0.1.0", 5, "cpu")


def test_progress_without_an_estimate_says_so() -> None:
    assert b'"eta":null' in encode(Progress("1", "sampling", 0, 50))


def test_blender_can_import_it_without_any_package() -> None:
    code = "import edge_backend.protocol.codec, sys; print([m for m in ('numpy', 'torch') if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
