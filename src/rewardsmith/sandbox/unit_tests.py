"""Programs that a model wrote, judged by unit tests (trust tier T2): one fresh process for each test.

A program gets the input of a test and gives an output; whether that is right is decided here, on plain text or
JSON values.  What is expected never enters the process.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from ..core.errors import BadInput
from .jobs import Floats, Limits, Outcome, ProgramJob
from .pool import Pool, shared

LANGUAGES = ("python",)
LIMITS = Limits(wall=20.0, cpu=4.0, memory=1 << 30, output=1 << 20)
TOLERANCE = 1e-9

_FORMS = (
    "a list of (input, output) pairs of text; of mappings with input and output, or with function, args and "
    "output; or a mapping of lists: inputs, outputs and, for functions, fn_name"
)


@dataclass(frozen=True)
class UnitTest:
    """One test.

    Args:
        expected: what must come out: text that is printed, or the JSON value that the function returns.
        stdin: what the program reads, where no function is named.
        function: the function that is called (or a method of that name of a class ``Solution``).
        args: its arguments, JSON values.
    """

    expected: Any
    stdin: str = ""
    function: str = ""
    args: tuple[Any, ...] = ()

    def job(self, source: str) -> ProgramJob:
        """What the sandbox runs; it knows nothing of ``expected``."""
        return ProgramJob(source, self.stdin, self.function, self.args)

    def verdict(self, outcome: Outcome) -> float:
        """1 passed, 0 failed, NaN where the sandbox failed, which says nothing about the program."""
        if outcome.status == "infrastructure":
            return math.nan
        if outcome.status != "done":
            return 0.0
        if self.function:
            return float(same_value(outcome.value, self.expected))
        return float(same_text(outcome.text, self.expected))


def passes_tests(
    programs: Sequence[str | None], tests: Sequence[Any], *, language: str = "python", share: bool = False
) -> Floats:
    """1 where a program passes all its tests, 0 where it fails one, shape (N,); or the share that it passes.

    Args:
        programs: sources; None is no verdict, a blank one passes no test.
        tests: for each program its tests, see ``read_tests``; without tests there is no verdict.
        language: ``python`` alone.
        share: the share of the tests that were decided, instead of all or nothing.

    NaN where nothing was decided: the sandbox failed in every test (``share``), or in some and no other failed.

    Raises:
        NoSandbox: nothing on this machine can hold untrusted programs.

    Example:
        >>> programs = ["print(int(input()) + 1)", "print(3)"]
        >>> passes_tests(programs, [[("1", "2"), ("2", "3")]] * 2, share=True).tolist()
        [1.0, 0.5]
    """
    rows = verdicts(programs, tests, language=language, all_of_them=share)
    found = [_share(row) if share else _all(row) for row in rows]
    return np.array(found, dtype=np.float64)


def verdicts(
    programs: Sequence[str | None],
    tests: Sequence[Any],
    *,
    language: str = "python",
    all_of_them: bool = True,
    pool: Pool | None = None,
    limits: Limits = LIMITS,
) -> list[Floats]:
    """For each program one number for each test: 1 passed, 0 failed, NaN not decided.

    Args:
        all_of_them: also the tests after one that failed; else some of those are not run and are NaN.
        pool: by default the one of this process.
        limits: of one test.
    """
    if language not in LANGUAGES:
        raise BadInput("language of programs", repr(language), ", ".join(LANGUAGES))
    if len(programs) != len(tests):
        raise BadInput("programs and tests", f"{len(programs)} and {len(tests)}", "tests for each program")
    pairs = list(zip(programs, tests, strict=True))
    suites = [read_tests(each) if program is not None else () for program, each in pairs]
    rows = [np.full(len(suite), np.nan) for suite in suites]
    waiting: dict[int, int] = {}  # the first test that is still to come
    for i, (program, suite) in enumerate(zip(programs, suites, strict=True)):
        if program and program.strip():
            waiting |= {i: 0} if suite else {}
        else:
            rows[i][:] = 0.0
    pool = pool or (shared("T2") if waiting else None)
    while waiting and pool is not None:
        step = max(len(suite) for suite in suites) if all_of_them else max(1, pool.size // len(waiting))
        todo = [(i, k) for i, at in waiting.items() for k in range(at, min(at + step, len(suites[i])))]
        outcomes = pool.map((suites[i][k].job(str(programs[i])) for i, k in todo), limits)
        for (i, k), outcome in zip(todo, outcomes, strict=True):
            rows[i][k] = suites[i][k].verdict(outcome)
        after = {i: at + step for i, at in waiting.items() if at + step < len(suites[i])}
        waiting = {i: at for i, at in after.items() if all_of_them or not (rows[i] == 0).any()}
    return rows


def _all(row: Floats) -> float:
    if (row == 0).any():
        return 0.0
    return 1.0 if row.size and not np.isnan(row).any() else math.nan


def _share(row: Floats) -> float:
    known = row[~np.isnan(row)]
    return float(known.mean()) if known.size else math.nan


# ---------------------------------------------------------------------- tests as data
def read_tests(tests: Any) -> tuple[UnitTest, ...]:
    """Tests in one of the usual forms.

    Args:
        tests: (input, output) pairs of text, as in competitions; mappings with ``input`` and ``output``, or
            with ``function``, ``args`` and ``output``; a mapping with the lists ``inputs`` and ``outputs`` and,
            for functions, ``fn_name`` (the form of the APPS data set); or one of these as JSON text.

    Example:
        >>> read_tests([("1", "2")])[0].stdin
        '1'
        >>> read_tests({"inputs": [[1]], "outputs": [2], "fn_name": "f"})[0].args
        (1,)
    """
    if isinstance(tests, str):
        try:
            tests = json.loads(tests)
        except (ValueError, RecursionError):
            raise BadInput("tests", repr(tests)[:60], _FORMS) from None
    if isinstance(tests, Mapping):
        tests = _from_lists(cast(Mapping[str, Any], tests))
    if isinstance(tests, np.ndarray):
        tests = tests.tolist()
    if tests is None or not isinstance(tests, Iterable):
        raise BadInput("tests", repr(tests)[:60], _FORMS)
    return tuple(_read(test) for test in cast(Iterable[Any], tests))


def _from_lists(tests: Mapping[str, Any]) -> list[Any]:
    function = tests.get("fn_name") or ""
    try:
        pairs = list(zip(tests["inputs"], tests["outputs"], strict=True))
    except (KeyError, TypeError, ValueError):
        raise BadInput("tests", repr(dict(tests))[:60], _FORMS) from None
    if not function:
        return pairs
    return [{"function": function, "args": args, "output": output} for args, output in pairs]


def _read(test: Any) -> UnitTest:
    if isinstance(test, UnitTest):
        return test
    if isinstance(test, Mapping):
        given = cast(Mapping[str, Any], test)
        if set(given) == {"input", "output"}:
            return _of_text(given["input"], given["output"])
        if set(given) == {"function", "args", "output"} and isinstance(given["function"], str):
            args, expected = _json(given["args"]), _json(given["output"])
            if isinstance(args, list) and given["function"].isidentifier():
                return UnitTest(expected, function=given["function"], args=tuple(cast(list[Any], args)))
    elif isinstance(test, (tuple, list)) and len(cast(Sequence[Any], test)) == 2:
        return _of_text(*cast(Sequence[Any], test))
    raise BadInput("a test", repr(test)[:60], _FORMS)


def _of_text(given: Any, expected: Any) -> UnitTest:
    if not isinstance(given, str) or not isinstance(expected, str) or not _is_text(given):
        raise BadInput("a test", repr((given, expected))[:60], _FORMS)
    return UnitTest(expected, stdin=given)


def _is_text(given: str) -> bool:
    """False for half of a pair of surrogates, which JSON can hold and no input of a program can."""
    try:
        given.encode()
    except UnicodeEncodeError:
        return False
    return True


def _json(value: Any) -> Any:
    """As it comes back from a sandbox: tuples are lists."""
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except RecursionError:
        raise BadInput("a value in a test", type(value).__name__, "a JSON value", "too deep") from None
    except (TypeError, ValueError) as error:
        raise BadInput("a value in a test", repr(value)[:60], "a JSON value", str(error)) from None


# ---------------------------------------------------------------------- comparison
def same_text(got: str, expected: str) -> bool:
    r"""Equal line by line, without spaces at the ends of lines and blank lines at the end.

    Example:
        >>> same_text("1 \n2\n\n", "1\n2"), same_text("12", "1\n2")
        (True, False)
    """
    return _lines(got) == _lines(expected)


def _lines(text: str) -> list[str]:
    # not splitlines(), for which a form feed and others end a line too
    return "\n".join(line.rstrip(" \t\r") for line in text.split("\n")).rstrip("\n").split("\n")


def same_value(got: Any, expected: Any) -> bool:
    """Equal JSON values.  Whole numbers exactly, others within ``TOLERANCE``; true is not 1.

    Example:
        >>> same_value([1, 0.1 + 0.2], [1.0, 0.3]), same_value(True, 1), same_value({"a": 1}, {"a": 1, "b": 2})
        (True, False, False)
    """
    kinds = {type(got), type(expected)}
    if kinds == {list}:
        items, wanted = cast(list[Any], got), cast(list[Any], expected)
        return len(items) == len(wanted) and all(map(same_value, items, wanted))
    if kinds == {dict}:
        a, b = cast(dict[str, Any], got), cast(dict[str, Any], expected)
        return a.keys() == b.keys() and all(same_value(a[name], b[name]) for name in b)
    if float in kinds and kinds <= {int, float}:
        try:
            return math.isclose(got, expected, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
        except OverflowError:  # a whole number beyond all floats
            return False
    return len(kinds) == 1 and got == expected
