"""Scalars of the journal as a TensorBoard event file, without needing any TensorBoard package.

Every finite number of an event's payload becomes a point: the tag is ``kind/path/to/number``, the step is
the payload's ``step`` (else the event's sequence), the time is the event's.  NaN is no verdict: no point.

The format is TFRecord (length, masked CRC-32C of the length, data, masked CRC-32C of the data) around the
protocol buffer ``tensorflow.Event``; its few fields used here are written by hand, because the packages
that can write them import TensorFlow or PyTorch, which takes seconds.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Any

from rewardsmith.store.journal import Event

FILE = "events.out.tfevents.rewardsmith"
_LARGEST = 3.4028234663852886e38
# Field keys of the protocol buffers: number << 3 | wire type (0 varint, 1 double, 2 bytes, 5 float).
_WALL_TIME, _STEP, _VERSION, _SUMMARY = b"\x09", b"\x10", b"\x1a", b"\x2a"
_VALUE, _TAG, _SIMPLE = b"\x0a", b"\x0a", b"\x15"


def head(created: float) -> bytes:
    """Return the record that starts an event file."""
    version = b"brain.Event:2"
    return _record(_WALL_TIME + struct.pack("<d", created) + _VERSION + _sized(version))


def encode(event: Event) -> bytes:
    """Return the records of an event's points; empty if it has no numbers."""
    return b"".join(_point(tag, value, step, event.time) for tag, value, step in scalars(event))


def scalars(event: Event) -> Iterator[tuple[str, float, int]]:
    """Yield ``(tag, value, step)`` for every finite number of an event's payload.

    Example:
        >>> event = Event(3, "chunk", "c1", {"step": 100, "success": {"mean": 0.5}}, {}, {}, 0.0)
        >>> list(scalars(event))
        [('chunk/success/mean', 0.5, 100)]
    """
    step, rest = event.sequence, event.payload
    own = rest.get("step")
    if isinstance(own, int) and not isinstance(own, bool) and 0 <= own < 2**63:
        step, rest = own, {name: value for name, value in rest.items() if name != "step"}
    for tag, value in _numbers(event.kind, rest):
        yield tag, value, step


def _numbers(tag: str, value: Any) -> Iterator[tuple[str, float]]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _numbers(f"{tag}/{name}", item)
    elif isinstance(value, bool) or not isinstance(value, (int, float)):
        return
    elif abs(value) <= _LARGEST:  # False for NaN; larger ones do not fit the format's 32-bit floats
        yield tag, float(value)


def _point(tag: str, value: float, step: int, time: float) -> bytes:
    name = tag.encode(errors="replace")
    summary = _VALUE + _sized(_TAG + _sized(name) + _SIMPLE + struct.pack("<f", value))
    return _record(_WALL_TIME + struct.pack("<d", time) + _STEP + _varint(step) + _SUMMARY + _sized(summary))


def _sized(data: bytes) -> bytes:
    return _varint(len(data)) + data


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + _masked_crc(length) + data + _masked_crc(data)


def _masked_crc(data: bytes) -> bytes:
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def _table() -> tuple[int, ...]:
    """Return the table of CRC-32C (Castagnoli, reflected polynomial 0x82F63B78)."""
    out: list[int] = []
    for number in range(256):
        for _ in range(8):
            number = number >> 1 ^ (0x82F63B78 if number & 1 else 0)
        out.append(number)
    return tuple(out)


_TABLE = _table()
