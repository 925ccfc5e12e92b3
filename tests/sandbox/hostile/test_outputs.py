"""Whatever a job writes into its channels by itself: the caller gets an outcome, and the neighbour its own."""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator

import numpy as np
import pytest

from rewardsmith.core.errors import NonFiniteError, ProgramError
from rewardsmith.core.fields import Field
from rewardsmith.sandbox import (
    ArrayJob,
    Limits,
    Outcome,
    Pool,
    ProgramJob,
    Worker,
    get_backend,
    parse_python,
    using,
)

LIMITS = Limits(wall=2.0, cpu=2.0, memory=1 << 30, output=1 << 16)
WRITES = """
import os
def f(x):
    data = {}
    while data:
        data = data[os.write({}, data) :]
    os._exit(0)
"""


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    made = get_backend("bubblewrap").open(LIMITS)
    yield made
    made.close()


def run(worker: Worker, tier: str, source: str, limits: Limits = LIMITS) -> Outcome:
    if tier == "T1":
        return worker.run(ArrayJob(source, "f", {"x": np.arange(3.0)}), limits)
    return worker.run(ProgramJob(source, function="f", args=(1,)), limits)


def frame(head: bytes, numbers: bytes = b"") -> bytes:
    return len(head).to_bytes(4, "little") + head + numbers


def shapes(*rows: object) -> bytes:
    return json.dumps({"arrays": rows}).encode()


EIGHT = b"12345678"
FRAMES = {
    "nothing": b"",
    "a length alone": b"\xff\xff\xff\xff",
    "no JSON": frame(b"{"),
    "not UTF-8": frame(b"\xff\xfe"),
    "a list": frame(b"[]"),
    "no arrays": frame(b"{}"),
    "arrays of nothing": frame(b'{"arrays": null}'),
    "arrays by name": frame(b'{"arrays": {"ab": 1}}'),
    "deep": frame(b'{"arrays": ' + b"[" * 30_000 + b"]" * 30_000 + b"}"),
    "no name": frame(shapes([1, [0]])),
    "a long name": frame(shapes(["x" * 1000, []]), EIGHT),
    "a shape of truth": frame(shapes(["", [True]]), EIGHT),
    "a negative shape": frame(shapes(["", [-1]])),
    "a shape of fractions": frame(shapes(["", [1.0]]), EIGHT),
    "a shape of nothing": frame(b'{"arrays": [["", [NaN]]]}'),
    "a shape of shapes": frame(shapes(["", [[[]]]])),
    "a shape beyond all memory": frame(shapes(["", [10**10] * 3])),
    "a long number times zero": frame(b'{"arrays": [["", [' + b"9" * 4000 + b", 0]]]}"),
    "the longest axis times zero": frame(shapes(["", [2**63 - 1, 0]])),
    "many axes": frame(shapes(["", [1] * 40]), EIGHT),
    "a name twice": frame(shapes(["", []], ["", []]), 2 * EIGHT),
    "fewer numbers": frame(shapes(["", [3]]), EIGHT),
    "more numbers": frame(shapes(["", []]), 2 * EIGHT),
    "names that no text can hold": frame(b'{"arrays": [["\\u0000\\ud800", []]]}', EIGHT),
}


@pytest.mark.parametrize("name", FRAMES)
def test_a_forged_frame_is_no_answer(name: str, worker: Worker) -> None:
    outcome = run(worker, "T1", WRITES.format(repr(FRAMES[name]), 4))
    assert outcome.status == "crashed", outcome
    assert not outcome.arrays


def test_a_frame_that_is_right_is_only_an_answer(worker: Worker) -> None:
    outcome = run(worker, "T1", WRITES.format(repr(frame(shapes(["", [3]]), np.arange(3.0).tobytes())), 4))
    assert outcome.arrays[""].tolist() == [0, 1, 2]  # it may say what it likes, of its own reward


VALUES = {
    "nothing": "b''",
    "half": "b'[1'",
    "two": "b'1 2'",
    "not a number": "b'NaN'",
    "infinity": "b'Infinity'",
    "a number beyond all numbers": "b'1e999'",
    "minus that": "b'[-1e999]'",
    "too many digits": "b'9' * 5000",
    "deep": "b'[' * 20_000 + b']' * 20_000",
    "a text that no file can hold": "b'\"\\\\ud800\"'",
    "a key that no file can hold": "b'{\"\\\\ud800\": 1}'",
}


@pytest.mark.parametrize("name", VALUES)
def test_a_forged_value_is_no_answer(name: str, worker: Worker) -> None:
    outcome = run(worker, "T2", WRITES.format(VALUES[name], 4))
    assert (outcome.status, outcome.value) == ("crashed", None), outcome


def test_a_large_value_does_not_fill_the_memory_of_the_caller(worker: Worker) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    wide = Limits(wall=5.0, cpu=5.0, output=16 << 20)
    run(worker, "T2", WRITES.format("b'[' + b'[],' * 5_000_000 + b'[]]'", 4), wide)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 << 10  # KiB


ENDS = {
    "output in two pieces": "os.write(4, b'x' * 60_000)\n    os.write(4, b'x' * 6000)",
    "output in one piece": "os.write(4, b'x' * 65_537)",
    "output far beyond": "os.write(4, b'x' * 131_072)",
    "an exception too long": "os.write(3, b'x' * 16_385)",
}


@pytest.mark.parametrize("tier", ["T1", "T2"])
@pytest.mark.parametrize("name", ENDS)
def test_too_much_and_gone_at_once_does_not_hurt_the_neighbour(name: str, tier: str, worker: Worker) -> None:
    """The caller asks to stop a job that has ended meanwhile; the request must not reach anybody else."""
    source = f"import os\ndef f(x):\n    {ENDS[name]}\n    os._exit(0)\n"
    for _ in range(12):
        assert run(worker, tier, source).status in ("output", "raised")
        after = run(worker, tier, "def f(x):\n    return x")
        assert after.status == "done", after


FIELDS = (Field("x"),)
BATCH = {"x": np.arange(4.0)}
REFUSED = {
    "infinite": "return x * np.inf",
    "another shape": "return np.zeros(len(x) + 1)",
    "a matrix": "return np.zeros((len(x), 2))",
    "texts": "return np.array(['a'] * len(x))",
    "complex": "return x * 1j",
    "objects": "return np.array([object()] * len(x))",
    "nothing": "return None",
    "another part": "return {'a' + str(len(x)): x}",
    "another part than was shown": "d = {'a': x}\n    return {'a': x} if len(x) < 2 else {**d, 'b': x}",
    "ends": "raise SystemExit",
}


def reward(text: str) -> np.ndarray:
    with Pool("T1", LIMITS, size=1) as pool, using(pool):
        return parse_python(f"def reward(x):\n    {text}\n", FIELDS)(BATCH)


@pytest.mark.parametrize("name", REFUSED)
def test_a_reward_that_is_none_is_an_error(name: str) -> None:
    with pytest.raises((ProgramError, NonFiniteError)):
        reward(REFUSED[name])


def test_no_verdict_and_changed_inputs_stay_inside() -> None:
    assert np.isnan(reward("return x * np.nan")).all()
    assert reward("x[:] = 7\n    return x").tolist() == [7, 7, 7, 7]
    assert BATCH["x"].tolist() == [0, 1, 2, 3]
