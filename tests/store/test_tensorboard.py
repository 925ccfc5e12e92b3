"""The TensorBoard file, read back with another project's parser and checksum."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

from tensorboardX.crc32c import crc32c
from tensorboardX.proto import event_pb2

from rewardsmith.store import Run
from rewardsmith.store import tensorboard as board


def read_back(path: Path) -> list[Any]:
    """Read a TFRecord file of events, with tensorboardX's CRC-32C and protocol buffers as the oracle."""

    def masked(data: bytes) -> int:
        value = crc32c(data)
        return ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF

    data, out = path.read_bytes(), []
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        assert struct.unpack("<I", data[8:12]) == (masked(data[:8]),)
        body, (check,) = data[12 : 12 + length], struct.unpack("<I", data[12 + length : 16 + length])
        assert check == masked(body)
        out.append(event_pb2.Event.FromString(body))
        data = data[16 + length :]
    return out


def points(run: Run) -> list[tuple[str, float, int]]:
    first, *rest = read_back(run.folder / "tensorboard" / board.FILE)
    assert first.file_version == "brain.Event:2"
    assert first.wall_time == run.created
    return [(e.summary.value[0].tag, e.summary.value[0].simple_value, e.step) for e in rest]


def test_scalars_arrive_once_even_after_a_resume(tmp_path: Path) -> None:
    nested = {
        "step": 70_000,
        "success": {"mean": 0.5, "low": float("nan")},
        "alive": True,
        "text": "x",
        "n": 300,
    }
    with Run.create(tmp_path, {"a": 1}) as run:
        run.record("chunk", "one", nested)
        run.record("größe", "two", {"value": -2.5, "huge": 1e300})
    expected = [("chunk/n", 300.0, 70_000), ("chunk/success/mean", 0.5, 70_000), ("größe/value", -2.5, 2)]
    assert points(run) == expected
    with Run.resume(tmp_path) as again:
        again.record("chunk", "one", nested)
        again.record("chunk", "three", {"step": 1, "v": 1})
    assert points(run) == [*expected, ("chunk/v", 1.0, 1)]
    times = [event.wall_time for event in read_back(run.folder / "tensorboard" / board.FILE)]
    assert times == [run.created, *(event.time for event in run.events() for _ in board.scalars(event))]


def test_it_can_be_left_out(tmp_path: Path) -> None:
    with Run.create(tmp_path, {"a": 1}, tensorboard=False) as run:
        run.record("k", "e", {"v": 1})
    assert not (run.folder / "tensorboard").exists()


def test_the_checksum_has_the_published_value() -> None:
    # RFC 3720, appendix B.4: CRC-32C of 32 zero bytes is 0x8A9136AA.
    masked = ((0x8A9136AA >> 15 | 0x8A9136AA << 17) + 0xA282EAD8) & 0xFFFFFFFF
    assert struct.unpack("<I", board._masked_crc(bytes(32))) == (masked,)
