"""Programs against unit tests: what passes, what does not, and what nobody can know."""

from __future__ import annotations

import json
import math
import signal
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rewardsmith import terms
from rewardsmith.core.errors import BadInput
from rewardsmith.sandbox import Limits, Pool, UnitTest, get_backend, passes_tests, read_tests, using, verdicts
from rewardsmith.sandbox.unit_tests import same_text, same_value
from rewardsmith.terms.code import last_program
from sandbox.test_pool import gone

DOUBLE = [("2", "4"), ("3", "6"), ("-1", "-2")]
CALLS = [{"function": "double", "args": [x], "output": 2 * x} for x in (2, 3, -1)]
# How long examples take says something about the machine alone.
PATIENTLY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module", autouse=True)
def pool() -> Iterator[Pool]:
    with Pool("T2", limits=Limits(wall=20.0), size=2) as opened, using(opened):
        yield opened


def row(program: str, tests: object = DOUBLE, **options: object) -> list[float]:
    return verdicts([program], [tests], **options)[0].tolist()


class TestPrograms:
    @pytest.mark.parametrize(
        "program",
        [
            "print(int(input()) * 2)",
            "import sys\nprint(int(sys.stdin.read()) * 2)",
            "import sys\nfor line in sys.stdin: print(int(line) * 2)",
            "import os\nos.write(1, b'%d' % (int(os.read(0, 99)) * 2))",
            "import sys\nsys.stdout.buffer.write(str(int(sys.stdin.buffer.read()) * 2).encode())",
            "print(int(open(0).read()) * 2)",
            "def main():\n    print(int(input()) * 2)\nif __name__ == '__main__':\n    main()",
            "import sys\nprint(int(input()) * 2)\nsys.exit()",
            "import sys\nprint('a remark', file=sys.stderr)\nprint(int(input()) * 2, '  ')\nprint()",
            "from decimal import Decimal\nimport ssl, sqlite3, asyncio\nprint(int(Decimal(input())) * 2)",
            "import numpy as np\nprint(np.int64(input()) * 2)",
            "from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int\nprint(A(int(input())).x * 2)",
            "import sys\nsys.setrecursionlimit(10**6)\ndef f(n):\n    return n and 1 + f(n - 1)\n"
            "x = int(input())\nprint(x * 2 if f(20000) == 20000 else 0)",
        ],
    )
    def test_that_double(self, program: str) -> None:
        assert row(program) == [1.0, 1.0, 1.0]

    @pytest.mark.parametrize(
        "program",
        [
            "def double(x): return x * 2",
            "class Solution:\n    def double(self, x):\n        return x * 2",
            "print('noise')\ndef double(x):\n    print('more noise')\n    return x + x",
            "import heapq, bisect, collections\ndouble = lambda x: x * 2.0",
        ],
    )
    def test_that_are_called(self, program: str) -> None:
        assert row(program, CALLS) == [1.0, 1.0, 1.0]

    @pytest.mark.parametrize(
        "program",
        [
            "print(4)",
            "print(int(input()) * 2) if input else 1\nraise SystemExit(0 if False else 3)",
            "print(4); print(5)",
            "pass",
            "not python",
            "input(); input()",
            "import sys; sys.exit(0)",
            "def double(x): return x * 2",
        ],
    )
    def test_that_do_not_double(self, program: str) -> None:
        assert 0.0 in row(program)

    @pytest.mark.parametrize(
        "program",
        [
            "def double(x): return str(x * 2)",
            "def double(x): return {x * 2}",
            "def double(x): return float('nan')",
            "def double(x): return [x * 2]",
            "def double(x): return True",
            "def double(): return 4",
            "def other(x): return 2 * x",
            "double = 4",
            "class Same(int):\n    def __eq__(self, other): return True\ndef double(x): return Same(7)",
            "import json\njson.dumps = lambda *a, **k: '[[[' \ndef double(x): return 2 * x",
        ],
    )
    def test_whose_function_does_not(self, program: str) -> None:
        assert row(program, CALLS) == [0.0, 0.0, 0.0]

    def test_what_is_expected_never_goes_in(self, pool: Pool) -> None:
        """All that a process could find: its memory, its files, its frames, its modules."""
        program = (
            "import gc, sys\ninput()\ntext = ' '.join(map(repr, gc.get_objects()))\nframe = sys._getframe()\n"
            "while frame:\n    text += repr(frame.f_locals)\n    frame = frame.f_back\n"
            "print('found' if ''.join(['un', 'guessable']) in text else 'not found')"
        )
        tests = [("x", "unguessable"), ("x", "not found")]
        assert row(program, tests) == [0.0, 1.0]

    def test_nothing_is_left_for_the_next_test(self) -> None:
        program = "import json, builtins\nn = getattr(builtins, 'n', 0) + 1\nbuiltins.n = json.n = n\nprint(n)"
        assert row(program, [("", "1")] * 6) == [1.0] * 6

    def test_a_poisoned_worker_changes_no_later_verdict(self, pool: Pool) -> None:
        poison = (
            "import builtins, sys, json\nbuiltins.print = lambda *a: None\nbuiltins.input = lambda: '2'\n"
            "json.loads = json.dumps = lambda *a: '4'\nsys.modules.clear()"
        )
        programs = [poison, "print(int(input()) * 2)"] * 6
        assert passes_tests(programs, [DOUBLE] * 12).tolist() == [0.0, 1.0] * 6

    def test_too_slow_is_failed_and_too_loud_too(self) -> None:
        limits = Limits(wall=20.0, cpu=0.3, output=1000)
        for program in (
            "while True: pass",
            "print('x' * 2000)",
            "while True: print('x')",
            "a = 'x' * (1 << 40)",
        ):
            assert row(program, [("", "x")], limits=limits) == [0.0]


class TestVerdicts:
    def test_all_or_share(self) -> None:
        half = "x = int(input())\nprint(x * 2 if x > 0 else 0)"
        programs = ["print(int(input()) * 2)", half, "print(1)", "", None, "print(1)"]
        tests = [DOUBLE] * 5 + [[]]
        np.testing.assert_array_equal(passes_tests(programs, tests), [1, 0, 0, 0, np.nan, np.nan])
        shares = passes_tests(programs, tests, share=True)
        np.testing.assert_array_equal(shares, [1, 2 / 3, 0, 0, np.nan, np.nan])

    def test_after_a_failure_not_all_are_run(self) -> None:
        tests = [("2", "5")] + [("2", "4")] * 9
        assert row("print(4)", tests) == [0.0] + [1.0] * 9
        stopped = row("print(4)", tests, all_of_them=False)
        assert stopped[0] == 0.0
        assert sum(math.isnan(x) for x in stopped) == 8  # two at a time, for two workers

    def test_a_failure_of_the_sandbox_is_no_verdict(self) -> None:
        class Dying:
            name, isolated, tiers = "dying", True, frozenset({"T2"})

            def available(self) -> None:
                return None

            def open(self, limits: Limits):
                worker = get_backend("bubblewrap").open(limits)
                import os

                os.kill(worker.pid, signal.SIGKILL)
                assert gone(worker.pid)  # until then what is inside may still answer
                return worker

        with Pool("T2", size=1, backend=Dying()) as dying, using(dying):
            for share in (False, True):
                assert np.isnan(passes_tests(["print(4)"], [[("2", "4")]], share=share)).all()
            assert dying.failures == 2

    def test_other_languages_are_refused(self) -> None:
        with pytest.raises(BadInput, match="language of programs: received 'rust'; allowed: python"):
            passes_tests([], [], language="rust")

    def test_every_program_has_its_tests(self) -> None:
        with pytest.raises(BadInput, match="programs and tests: received 2 and 1"):
            passes_tests(["", ""], [DOUBLE])


class TestForms:
    def test_of_tests(self) -> None:
        pairs = tuple(UnitTest(out, stdin=given) for given, out in DOUBLE)
        assert read_tests(DOUBLE) == pairs
        assert read_tests([list(pair) for pair in DOUBLE]) == pairs
        assert read_tests(np.array(DOUBLE, dtype=object)) == pairs
        assert read_tests([{"input": given, "output": out} for given, out in DOUBLE]) == pairs
        assert read_tests({"inputs": [g for g, _ in DOUBLE], "outputs": [o for _, o in DOUBLE]}) == pairs
        assert read_tests(json.dumps(DOUBLE)) == pairs
        assert read_tests(pairs) == pairs
        calls = tuple(UnitTest(2 * x, function="double", args=(x,)) for x in (2, 3, -1))
        assert read_tests(CALLS) == calls
        assert read_tests({"fn_name": "double", "inputs": [[2], [3], [-1]], "outputs": [4, 6, -2]}) == calls
        assert read_tests(json.dumps(CALLS)) == calls

    @pytest.mark.parametrize(
        "tests",
        [
            3,
            None,
            "not json",
            [3],
            [("1", 2)],
            [("1", "2", "3")],
            [{"input": "1"}],
            [{"function": "f", "args": 1, "output": 1}],
            [{"function": "f g", "args": [1], "output": 1}],
            [{"function": "f", "args": [object()], "output": 1}],
            [{"function": "f", "args": [], "output": math.nan}],
            {"inputs": ["1"], "outputs": []},
            {"inputs": ["1"]},
        ],
    )
    def test_of_anything_else_are_refused(self, tests: object) -> None:
        with pytest.raises(BadInput):
            read_tests(tests)

    def test_of_strangers_are_refused_too(self) -> None:
        """What JSON can hold and no process can be given: too deep, or half of a letter."""
        deep: list[object] = []
        for _ in range(3000):
            deep = [deep]
        hostile = ("[" * 100_000, "[" * 50_000 + "]" * 50_000, '[["\\ud800", "1"]]', [("\ud800", "1")])
        for tests in (*hostile, [{"function": "f", "args": [deep], "output": 1}]):
            with pytest.raises(BadInput):
                read_tests(tests)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


class TestComparison:
    @PATIENTLY
    @given(value=JSON, other=JSON)
    def test_of_values(self, value: object, other: object) -> None:
        """Oracle: the canonical text, where no float comes near another."""
        assert same_value(json.loads(json.dumps(value)), value)
        if same_value(value, other):
            assert same_value(other, value)
        elif "." not in f"{value}{other}" and "e" not in f"{value}{other}":
            assert json.dumps(value, sort_keys=True) != json.dumps(other, sort_keys=True)

    @pytest.mark.parametrize(
        ("got", "expected"), [(1, True), (True, 1), (0, False), ("1", 1), (None, 0), ([], {}), ([1], [1, 2]),
                              (10**400, 1.0), (1.0, 10**400), (1e-3, 2e-3), ({"a": 1}, {"b": 1}), ("", None)]
    )  # fmt: skip
    def test_of_different_values(self, got: object, expected: object) -> None:
        assert not same_value(got, expected)

    @pytest.mark.parametrize(("got", "expected"), [(1, 1.0), (0.1 + 0.2, 0.3), (10**400, 10**400), (-0.0, 0)])
    def test_of_equal_values(self, got: object, expected: object) -> None:
        assert same_value(got, expected)

    def test_of_text(self) -> None:
        assert same_text("a  \nb\n\n\n", "a\nb")
        assert same_text("a\r\nb\r\n", "a\nb")
        assert same_text("", "\n")
        assert not same_text("a\n\nb", "a\nb")
        assert not same_text(" a", "a")
        assert not same_text("ab", "a b")
        for other in ("\f", "\v", "\x1c", "\x85", "\u2028"):  # no ends of lines
            assert not same_text(f"a{other}b", "a\nb")


class TestTheTerm:
    def test_takes_the_last_program_after_the_thought(self) -> None:
        first, last = "```python\nprint(0)\n```", "```py\nprint(int(input()) * 2)\n```"
        completions = [
            f"{first} no, {last}",
            f"{last} no, {first}",
            f"<think>{first}</think>{last}",
            f"{first}<think>{last}",
            f"{last}\n```\n```text\nprint(1)\n```",
            "print(int(input()) * 2)",
            None,
        ]
        values = terms.passes_tests({"completion": completions, "tests": [DOUBLE] * 7})
        np.testing.assert_array_equal(values, [1, 0, 1, 0, 0, 0, np.nan])

    def test_which_block_is_it(self) -> None:
        assert last_program("```python\na\n```\n```\nb\n```") == "b\n"
        assert last_program("```python\na\n```\n```json\nb\n```") == "a\n"
        assert last_program("<think>```python\na\n```") == ""
