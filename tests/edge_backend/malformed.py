"""Malformed files: cut short, with flipped bits, with wrong numbers, with code that must not be run."""

import io
import json
import os
import pickle
import random
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch

Spoil = Callable[[bytes, random.Random], bytes]


class Executed:
    """A pickle of it runs a command when it is read without care; the file that it makes tells."""

    def __init__(self, sign: Path, how: int = 0) -> None:
        self.sign, self.how = sign, how

    def __reduce__(self):
        command = f"touch '{self.sign}'"
        if self.how == 0:
            return os.system, (command,)
        if self.how == 1:
            return eval, (f"__import__('os').system({command!r})",)
        return exec, (f"import pathlib; pathlib.Path({str(self.sign)!r}).touch()",)


def spoilt(content: bytes, draw: random.Random, number: int) -> bytes:
    """The content, spoilt in the way `number`; never as it was, and never whole."""
    ways: list[Spoil] = [_cut, _flip_head, _zeros, _noise, _overwrite, _shuffle, _doubled_head, _largest_numbers]
    changed = ways[number % len(ways)](content, draw)
    return changed if changed != content else changed[:-1]


def _cut(content: bytes, draw: random.Random) -> bytes:
    return content[: draw.randrange(0, max(1, len(content) // 2))]


def _flip_head(content: bytes, draw: random.Random) -> bytes:
    spoilt_bytes = bytearray(content)
    for _ in range(8):
        place = draw.randrange(0, min(len(content), 400))
        spoilt_bytes[place] ^= 1 << draw.randrange(8)
    return bytes(spoilt_bytes)


def _zeros(content: bytes, draw: random.Random) -> bytes:
    return bytes(draw.randrange(1, 4000))


def _noise(content: bytes, draw: random.Random) -> bytes:
    return draw.randbytes(draw.randrange(1, 5000))


def _overwrite(content: bytes, draw: random.Random) -> bytes:
    place = draw.randrange(0, max(1, len(content) - 200))
    return content[:place] + draw.randbytes(200) + content[place + 200 :]


def _shuffle(content: bytes, draw: random.Random) -> bytes:
    pieces = [content[start : start + 64] for start in range(0, len(content), 64)]
    draw.shuffle(pieces)
    return b"".join(pieces)


def _doubled_head(content: bytes, draw: random.Random) -> bytes:
    return content[:40] + content[: draw.randrange(1, 200)] + content[40 : len(content) // 2]


def _largest_numbers(content: bytes, draw: random.Random) -> bytes:
    spoilt_bytes = bytearray(content[: len(content) // 2])
    for _ in range(4):
        place = draw.randrange(0, max(1, min(len(spoilt_bytes), 200) - 8))
        spoilt_bytes[place : place + 4] = b"\xff\xff\xff\x7f"
    return bytes(spoilt_bytes)


def pickles(sign: Path) -> Iterator[bytes]:
    """Pickles, torch files and npz that want to run something."""
    for how in range(3):
        for protocol in (0, 2, 4):
            yield pickle.dumps({"ema_state_dict": Executed(sign, how)}, protocol=protocol)
        for zipped in (True, False):
            stream = io.BytesIO()
            torch.save({"ema_state_dict": Executed(sign, how)}, stream, _use_new_zipfile_serialization=zipped)
            yield stream.getvalue()
        stream = io.BytesIO()
        np.savez(stream, poses=np.array([Executed(sign, how)], dtype=object))
        yield stream.getvalue()
    yield b"cos\nsystem\n(S'touch " + str(sign).encode() + b"'\ntR."
    yield b"\x80\x04\x8c\x02os\x94\x8c\x06system\x93\x8c\x05touch\x85R."


def headers_that_lie() -> Iterator[bytes]:
    """safetensors whose header promises what is not there."""
    for header in (
        {"a": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}},
        {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
         "b": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}},
        {"a": {"dtype": "F99", "shape": [2], "data_offsets": [0, 8]}},
        {"a": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}},
        {"__metadata__": {"format": "1"}, "a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}},
        {"__metadata__": "text"},
        ["a"],
    ):  # fmt: skip
        text = json.dumps(header).encode()
        yield struct.pack("<Q", len(text)) + text + bytes(16)
    yield struct.pack("<Q", 1 << 62) + b"{}"
    yield struct.pack("<Q", 2) + b"{}"


def npz(**arrays: object) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def npz_that_lie() -> Iterator[bytes]:
    """npz with headers of arrays that fit into no memory, with entries that point out of the file or folder."""
    for shape in ((1 << 40, 72), (-1, 72), (2, 1 << 62)):
        header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".encode().ljust(117) + b"\n"
        array = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            for name in ("poses", "root", "contacts", "beats", "meta"):
                archive.writestr(f"{name}.npy", array)
        yield stream.getvalue()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:  # 1000 times as large as the file
        archive.writestr("poses.npy", bytes(50_000_000))
    yield stream.getvalue()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("../../poses.npy", b"out of the folder")
    yield stream.getvalue()
    good = {"root": np.zeros((3, 3)), "contacts": np.zeros((3, 4)), "beats": np.zeros(2), "meta": np.array("{}")}
    yield npz(poses=np.full((3, 72), np.nan), **good)
    yield npz(poses=np.zeros((0, 72)), **good)
    yield npz(poses=np.zeros((4, 72)), **good)
    yield npz(poses=np.zeros((3, 71)), **good)
    yield npz(poses=np.array(["text"] * 3), **good)
    yield npz(poses=np.zeros((3, 72)), **good | {"meta": np.array("[" * 100_000)})
    yield npz(poses=np.zeros((3, 72)), **good | {"meta": np.array('{"a": NaN}'), "beats": np.array([np.inf])})
