"""How named float64 arrays travel through a pipe: a length, a JSON head with names and shapes, the numbers.

Both sides use it; the side outside believes nothing and has bounds of its own.
"""

from __future__ import annotations

import json
import math
import os
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

MAX_HEAD = 1 << 16
MAX_NAME = 64
MAX_AXES = 8
MAX_NUMBERS = 1 << 40  # what the axes multiply to, those of length 0 left out: NumPy refuses more
_LENGTH = struct.Struct("<I")

Floats = np.ndarray[Any, np.dtype[np.float64]]


class BadFrame(ValueError):
    """Bytes that are no frame."""


def pack(head: Mapping[str, Any], arrays: Mapping[str, Floats]) -> list[bytes | memoryview]:
    """The pieces of a frame, in order; the numbers are not copied where they lie in one piece.

    Example:
        >>> _, arrays = unpack(b"".join(pack({}, {"x": np.array([1.0, 2.0])})))
        >>> arrays["x"].tolist()
        [1.0, 2.0]
    """
    shapes = [[name, list(array.shape)] for name, array in arrays.items()]
    text = json.dumps({**head, "arrays": shapes}).encode()
    flat = [_bytes(array) for array in arrays.values()]
    return [_LENGTH.pack(len(text)), text, *flat]


def _bytes(array: Floats) -> memoryview:
    flat: Any = np.ascontiguousarray(array, dtype="<f8").reshape(-1)
    return memoryview(flat).cast("B")


def unpack(data: bytes | bytearray, most: int = MAX_HEAD) -> tuple[dict[str, Any], dict[str, Floats]]:
    """Head and arrays of a frame.

    Args:
        most: bytes that the head may have.

    Raises:
        BadFrame: whatever is wrong with it.
    """
    try:
        (length,) = _LENGTH.unpack_from(data)
        if length > most or _LENGTH.size + length > len(data):
            raise BadFrame(f"a head of {length} bytes")
        head = json.loads(bytes(data[_LENGTH.size : _LENGTH.size + length]))
        shapes = [_named_shape(row) for row in head.pop("arrays")]
    except (struct.error, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadFrame(f"no frame: {str(error)[:80]}") from None
    at, arrays = _LENGTH.size + length, dict[str, Floats]()
    for name, shape in shapes:
        count = math.prod(shape)
        if name in arrays or at + 8 * count > len(data):
            raise BadFrame("fewer numbers than the head says, or a name twice")
        arrays[name] = np.frombuffer(data, "<f8", count, at).reshape(shape)
        at += 8 * count
    if at != len(data):
        raise BadFrame("more numbers than the head says")
    return head, arrays


def _named_shape(row: Any) -> tuple[str, tuple[int, ...]]:
    name, shape = row
    if not isinstance(name, str) or len(name) > MAX_NAME or len(shape) > MAX_AXES:
        raise BadFrame("a name or a shape that is too long")
    if not name.isprintable():  # neither control characters nor what no UTF-8 can hold
        raise BadFrame("a name that cannot be printed")
    if any(type(size) is not int or size < 0 for size in shape):
        raise BadFrame("a shape that is no shape")
    if math.prod(max(size, 1) for size in shape) > MAX_NUMBERS:
        raise BadFrame("a shape that is too large")
    return name, tuple(shape)


def write_all(file: int, pieces: list[bytes | memoryview]) -> None:
    """Write every byte to a blocking file descriptor."""
    for piece in pieces:
        rest = memoryview(piece)
        while rest:
            rest = rest[os.write(file, rest) :]


def read_all(file: int) -> bytearray:
    """Everything up to the end of a blocking file descriptor."""
    data = bytearray()
    while piece := os.read(file, 1 << 20):
        data += piece
    return data
