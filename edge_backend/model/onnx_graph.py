"""Writes ONNX models: a graph of operators as the bytes of a ModelProto, without the onnx package.

The messages and their field numbers are those of <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto>; the wire
format is protobuf's. numpy and the standard library only.
"""

import struct
from typing import Any

import numpy as np

from ..numerics.array import Array

MICROSOFT = "com.microsoft"
"""The domain of ONNX Runtime's own operators."""

Attribute = int | float | tuple[int, ...]

_FLOAT, _INT64 = 1, 7  # TensorProto.DataType
_FLOAT_ATTRIBUTE, _INT_ATTRIBUTE, _INTS_ATTRIBUTE = 1, 2, 7  # AttributeProto.AttributeType
_IR_VERSION = 9
_OPSETS = {"": 20, MICROSOFT: 1}
_EXTERNAL = 1  # TensorProto.DataLocation


class GraphBuilder:
    """A graph under construction. Values are identified by names; the outputs of every operator get new ones.

    weights: float32 arrays by name, which `to_bytes` puts into the model or leaves to be passed when it is loaded.
    """

    def __init__(self) -> None:
        self.weights: dict[str, Array] = {}
        self._nodes: list[bytes] = []
        self._integers: list[bytes] = []
        self._inputs: list[bytes] = []
        self._outputs: list[bytes] = []
        self._count = 0

    def input(self, name: str, *shape: int | str) -> str:
        """A float32 input of the graph. shape: sizes, or names of sizes that are known at run time only."""
        self._inputs.append(_value_info(name, shape))
        return name

    def output(self, name: str, value: str, *shape: int | str) -> None:
        """Make a value an output of the graph."""
        self._nodes.append(_message((1, value), (2, name), (4, "Identity")))
        self._outputs.append(_value_info(name, shape))

    def weight(self, name: str, array: Array) -> str:
        """A constant array, as float32. If there is one of the same name already, that one is used."""
        if name not in self.weights:
            self.weights[name] = np.ascontiguousarray(array, dtype=np.float32)
        return name

    def integers(self, *values: int) -> str:
        """A constant vector of integers, such as a shape."""
        name = self._new("integers")
        self._integers.append(_tensor(name, np.array(values, dtype="<i8"), _INT64))
        return name

    def apply(self, operator: str, *inputs: str, domain: str = "", **attributes: Attribute) -> str:
        """The output of an operator."""
        (output,) = self.apply_many(1, operator, *inputs, domain=domain, **attributes)
        return output

    def apply_many(
        self, count: int, operator: str, *inputs: str, domain: str = "", **attributes: Attribute
    ) -> list[str]:
        """The `count` outputs of an operator."""
        outputs = [self._new(operator) for _ in range(count)]
        named = [(1, name) for name in inputs] + [(2, name) for name in outputs]
        given = [(5, _attribute(name, value)) for name, value in attributes.items()]
        self._nodes.append(_message(*named, (4, operator), (7, domain), *given))
        return outputs

    def to_bytes(self, *, with_weights: bool) -> bytes:
        """The model. with_weights: False = each array has to be passed by its name when the model is loaded."""
        arrays = [
            _tensor(name, array, _FLOAT) if with_weights else _external(name, array)
            for name, array in self.weights.items()
        ]
        graph = _message(
            *((1, node) for node in self._nodes),
            (2, "dance_decoder"),
            *((5, tensor) for tensor in arrays + self._integers),
            *((11, value) for value in self._inputs),
            *((12, value) for value in self._outputs),
        )
        opsets = [_message((1, domain), (2, version)) for domain, version in _OPSETS.items()]
        return _message((1, _IR_VERSION), (2, "EDGE Dance"), (7, graph), *((8, opset) for opset in opsets))

    def _new(self, kind: str) -> str:
        self._count += 1
        return f"{kind}_{self._count}"


def _attribute(name: str, value: Attribute) -> bytes:
    match value:
        case int():
            return _message((1, name), (3, value), (20, _INT_ATTRIBUTE))
        case float():
            return _message((1, name), (2, value), (20, _FLOAT_ATTRIBUTE))
    return _message((1, name), *((8, each) for each in value), (20, _INTS_ATTRIBUTE))


def _tensor(name: str, array: Array, kind: int) -> bytes:
    return _message(*((1, size) for size in array.shape), (2, kind), (8, name), (9, array.tobytes()))


def _external(name: str, array: Array) -> bytes:
    """A tensor whose data are not in the model."""
    location = _message((1, "location"), (2, name))
    return _message(*((1, size) for size in array.shape), (2, _FLOAT), (8, name), (13, location), (14, _EXTERNAL))


def _value_info(name: str, shape: tuple[int | str, ...]) -> bytes:
    sizes = [_message((2, size) if isinstance(size, str) else (1, size)) for size in shape]
    tensor = _message((1, _FLOAT), (2, _message(*((1, size) for size in sizes))))
    return _message((1, name), (2, _message((1, tensor))))


def _message(*fields: tuple[int, Any]) -> bytes:
    """A protobuf message of (field number, value); values are integers, floats, strings, and bytes of messages."""
    return b"".join(_field(number, value) for number, value in fields)


def _field(number: int, value: Any) -> bytes:
    match value:
        case int():
            return _varint(number << 3) + _varint(value)
        case float():
            return _varint(number << 3 | 5) + struct.pack("<f", value)
        case str():
            return _field(number, value.encode())
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    """An integer in protobuf's variable length: seven bits per byte, lowest first; negative numbers as 64 bits."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
