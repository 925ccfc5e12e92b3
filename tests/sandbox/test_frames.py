"""Frames and reports come from somebody who may write anything."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from rewardsmith.sandbox.inside.frames import BadFrame, pack, unpack
from rewardsmith.sandbox.verdict import read_fault

SHAPES = arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
FLOATS = SHAPES.flatmap(lambda shape: arrays.arrays(np.float64, shape))
NAMES = st.text(st.characters(exclude_categories=("C", "Z")), max_size=20)  # names that can be printed
# How long examples take says something about the machine alone.
PATIENTLY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def frame(head: object, numbers: bytes = b"") -> bytes:
    text = json.dumps(head).encode()
    return struct.pack("<I", len(text)) + text + numbers


@PATIENTLY
@given(st.dictionaries(NAMES, FLOATS, max_size=4))
def test_what_is_packed_comes_out(named: dict[str, np.ndarray]) -> None:
    head, found = unpack(b"".join(pack({"x": 1}, named)))
    assert head == {"x": 1}
    assert list(found) == list(named)
    for name, array in named.items():
        np.testing.assert_array_equal(found[name], array)


def test_arrays_that_are_not_in_one_piece_are_packed_too() -> None:
    array = np.arange(12.0).reshape(3, 4)[:, ::2]
    np.testing.assert_array_equal(unpack(b"".join(pack({}, {"x": array})))[1]["x"], array)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0",
        b"\xff\xff\xff\xff",
        struct.pack("<I", 5) + b"{}",
        frame([]),
        frame({}),
        frame({"arrays": 1}),
        frame({"arrays": [1]}),
        frame({"arrays": [["x"]]}),
        frame({"arrays": [[1, [1]]]}, bytes(8)),
        frame({"arrays": [["x", [1]]]}),
        frame({"arrays": [["x", [1]]]}, bytes(7)),
        frame({"arrays": [["x", [1]]]}, bytes(9)),
        frame({"arrays": [["x", [-1]]]}, bytes(8)),
        frame({"arrays": [["x", [-1, -1]]]}, bytes(8)),
        frame({"arrays": [["x", [True]]]}, bytes(8)),
        frame({"arrays": [["x", [1.0]]]}, bytes(8)),
        frame({"arrays": [["x", [2**62, 4]]]}, bytes(8)),
        frame({"arrays": [["x", [1]], ["x", [1]]]}, bytes(16)),
        frame({"arrays": [["x" * 65, [1]]]}, bytes(8)),
        frame({"arrays": [["x", [1] * 9]]}, bytes(8)),
        struct.pack("<I", 60000) + b"[" * 60000,
        struct.pack("<I", 1 << 20) + b" " * (1 << 20),
    ],
)
def test_everything_else_is_no_frame(data: bytes) -> None:
    with pytest.raises(BadFrame):
        unpack(data)


@PATIENTLY
@given(st.binary(max_size=200), st.integers(0, 100))
def test_bytes_are_a_frame_or_not(data: bytes, length: int) -> None:
    for each in (data, struct.pack("<I", length) + data):
        try:
            _, found = unpack(each)
        except BadFrame:
            continue
        assert isinstance(found, dict)


@PATIENTLY
@given(
    st.binary(max_size=100)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(lambda v: json.dumps(v).encode())
)
def test_a_report_is_read_as_short_plain_text(report: bytes) -> None:
    fault = read_fault(report)
    assert len(fault.type) <= 80
    assert len(fault.message) <= 500
    assert (fault.type + fault.message).isprintable()
    assert fault.line >= 0


def test_a_report_with_other_kinds_in_it() -> None:
    told = {"type": "E\x1b[31m", "message": ["x"], "line": 10**9, "column": True}
    fault = read_fault(json.dumps(told).encode())
    assert (fault.type, fault.message, fault.line, fault.column) == ("E [31m", "", 0, 0)
