from __future__ import annotations

import errno
import hashlib
import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rewardsmith.core.errors import BadInput, StoreError
from rewardsmith.store import files

dtypes = (
    hnp.boolean_dtypes()
    | hnp.integer_dtypes()
    | hnp.floating_dtypes(sizes=(16, 32, 64))
    | hnp.unicode_string_dtypes()
)
arrays = hnp.arrays(dtypes, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
names = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), min_size=1, max_size=8)


@given(st.dictionaries(names, arrays, max_size=4))
def test_round_trip_is_bit_exact(
    tmp_path_factory: pytest.TempPathFactory, given_arrays: dict[str, Any]
) -> None:
    path = tmp_path_factory.getbasetemp() / "round-trip.npz"
    checked = files.as_arrays(given_arrays)
    read = files.read_arrays(path, files.write_arrays(path, checked))
    assert read.keys() == given_arrays.keys()
    for name, value in given_arrays.items():
        assert (read[name].dtype, read[name].shape) == (value.dtype, value.shape)
        assert read[name].tobytes() == value.tobytes()
    assert files.content_digest(files.as_arrays(read)) == files.content_digest(checked)


def test_numpy_reads_the_file_and_equal_arrays_give_equal_bytes(tmp_path: Path) -> None:
    one = {"b": np.arange(6.0).reshape(2, 3).T, "a": np.float32(2)}
    first = files.write_arrays(tmp_path / "1.npz", files.as_arrays(one))
    second = files.write_arrays(tmp_path / "2.npz", files.as_arrays(dict(reversed(one.items()))))
    assert first == second
    with np.load(tmp_path / "1.npz") as read:
        assert read["b"].tolist() == [[0, 3], [1, 4], [2, 5]]
        assert read["a"] == 2


@pytest.mark.parametrize(
    "other",
    [
        {"x": np.array([0.0, 2.0])},
        {"y": np.array([-0.0, 2.0])},
        {"x": np.array([-0.0, 2.0], np.float32)},
        {"x": np.array([[-0.0, 2.0]])},
        {"x": np.array([-0.0, 2.0]), "y": np.zeros(0)},
    ],
)
def test_the_content_digest_sees_every_difference(other: dict[str, Any]) -> None:
    one = files.as_arrays({"x": np.array([-0.0, 2.0])})
    assert files.content_digest(one) != files.content_digest(files.as_arrays(other))


@pytest.mark.parametrize(
    "bad", [{"x": np.array([object()])}, {"": [1]}, {"a\0": [1]}, {3: [1]}, {"x": np.zeros(2, "i4,f4")}]
)
def test_what_cannot_come_back_is_refused(bad: dict[Any, Any]) -> None:
    with pytest.raises(BadInput, match="arrays"):
        files.as_arrays(bad)


def test_every_flipped_bit_is_noticed_and_the_file_named(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    checksum = files.write_arrays(path, files.as_arrays({"x": np.arange(5)}))
    whole = path.read_bytes()
    rng = random.Random(0)
    for place in [0, len(whole) - 1, *(rng.randrange(len(whole)) for _ in range(60))]:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged)
        with pytest.raises(StoreError, match=r"corrupt: .*x\.npz") as caught:
            files.read_arrays(path, checksum)
        assert "\n" not in str(caught.value)
    for cut in (0, 1, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(StoreError, match=r"x\.npz"):
            files.read_arrays(path, checksum)
    path.unlink()
    with pytest.raises(StoreError, match="missing"):
        files.read_arrays(path, checksum)


class Failing:
    """The system calls of ``files``, of which the k-th fails (or writes half and then fails)."""

    def __init__(self, at: int) -> None:
        self.left = at

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        return self._counted(real) if name in ("open", "write", "fsync", "replace") else real

    def _counted(self, real: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.left -= 1
            if self.left == 0:
                if real is os.write:
                    real(args[0], bytes(args[1])[: len(args[1]) // 2])
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(*args, **kwargs)

        return call


def test_disk_full_at_every_kth_call_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.npz"
    new = files.as_arrays({"x": np.ones(9), "y": np.arange(3)})
    files.write_arrays(path, files.as_arrays({"x": np.zeros(9)}))
    before = path.read_bytes()
    files.write_arrays(tmp_path / "after.npz", new)
    after = (tmp_path / "after.npz").read_bytes()
    (tmp_path / "after.npz").unlink()
    messages: list[str] = []
    states: list[bytes] = []
    for k in range(1, 100):
        system = Failing(k)
        monkeypatch.setattr(files, "os", system)
        try:
            files.write_arrays(path, new)
        except StoreError as error:
            messages.append(str(error))
        states.append(path.read_bytes())
        assert [entry.name for entry in tmp_path.iterdir()] == ["x.npz"]
        if system.left > 0:
            break
    assert len(messages) == k - 1 > 8
    assert all("disk full" in text and "--resume" in text for text in messages)
    # The old file stands, untouched, until the new one is whole; then only flushing the folder can fail.
    renamed = states.index(after)
    assert states == [before] * renamed + [after] * (k - renamed)
    assert k - renamed <= 4
    monkeypatch.undo()
    assert files.read_arrays(path, hashlib.sha256(after).hexdigest())["y"].tolist() == [0, 1, 2]
