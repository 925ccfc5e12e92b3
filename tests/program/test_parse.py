"""Every source form, every refusal, and what is printed."""

from __future__ import annotations

import ast
import time
from pathlib import Path

import numpy as np
import pytest

import rewardsmith.program as program_package
from program.helpers import CONTROL, VECTORS, WRITTEN, Writer, bad_rewards, batch_of
from rewardsmith.core.errors import BadInput, ProgramError
from rewardsmith.core.fields import Field
from rewardsmith.program import CODES, Program, check, parse
from rewardsmith.program.codes import Answer

BAD = bad_rewards()


def test_catalogue_of_bad_inputs_is_complete() -> None:
    assert len(BAD) >= 150
    assert len({row["name"] for row in BAD}) == len(BAD)
    assert {code for row in BAD for code in row["answer"]} <= set(CODES)


@pytest.mark.parametrize("row", BAD, ids=lambda row: row["name"])
def test_bad_input_gets_its_answer(row: dict) -> None:
    batch = batch_of(VECTORS, 64)
    before = {name: array.copy() for name, array in batch.items()}
    for array in batch.values():
        array.flags.writeable = False
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        answer = _answer(row["code"], batch)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.05
    when, codes = row["when"], row["answer"]
    if when == "parse":
        assert isinstance(answer, ProgramError)
        assert answer.code in codes
        assert answer.line >= 1
        assert answer.column >= 1
        assert answer.allowed
        assert len(str(answer)) < 1000
        assert "\n" not in str(answer)
    elif when == "check":
        assert [finding.code for finding in answer if finding.level == "error"] == codes
        assert "of 64 rows" in answer[0].message
        assert "first row 0" in answer[0].message
    else:
        assert not [finding for finding in answer if finding.level == "error"]
        assert set(codes) <= {finding.code for finding in answer}
    for name, array in batch.items():
        np.testing.assert_array_equal(array, before[name])


def _answer(code: str, batch: dict) -> object:
    try:
        return check(parse(code, VECTORS), batch)
    except ProgramError as error:
        return error


@pytest.mark.parametrize("source", WRITTEN)
def test_written_programs_print_and_parse_back(source: str) -> None:
    program = parse(source, CONTROL)
    again = parse(str(program), CONTROL)
    assert again == program
    assert str(again) == str(program)
    assert again.structural_hash == program.structural_hash
    assert hash(again) == hash(program)
    ast.parse(str(program))


def test_random_text_prints_and_parses_back() -> None:
    writer = Writer(np.random.default_rng(1))
    for _ in range(500):
        program = parse(writer.program(), CONTROL)
        assert parse(str(program), CONTROL) == program


@pytest.mark.parametrize(
    ("source", "printed"),
    [
        ("x", "x"),
        ("- 2 * x", "-2.0 * x"),
        ("-2 ** x", "-2.0 ** x"),
        ("(-2) ** x", "(-2.0) ** x"),
        ("x ** -2", "x ** -2.0"),
        ("(x ** 2) ** 3", "(x ** 2.0) ** 3.0"),
        ("x ** 2 ** 3", "x ** 2.0 ** 3.0"),
        ("-x ** 2", "-x ** 2.0"),
        ("(-x) ** 2", "(-x) ** 2.0"),
        ("x - (speed - angle)", "x - (speed - angle)"),
        ("(x - speed) - angle", "x - speed - angle"),
        ("x / (speed * angle)", "x / (speed * angle)"),
        ("--x", "x"),
        ("(x < 1) < 2", "(x < 1.0) < 2.0"),
        ("x < 1 < 2", "x < 1.0 < 2.0"),
        ("not (x and speed or angle)", "not (x and speed or angle)"),
        ("x and (speed and angle)", "x and (speed and angle)"),
        ("1 if x else 0", "where(x, 1.0, 0.0)"),
        ("obs[:, -1]", "obs[:, 3]"),
        ("sum(obs[:, 1:])", "sum(obs[:, 1:4])"),
        ("{'reward': x}", "x"),
        (
            "a = x\nb = a\na = b * 2\nreturn a",
            "def reward(x):\n    a = x\n    b = a\n    a_2 = b * 2.0\n    return a_2",
        ),
        ("unused = speed\nreturn x", "x"),
        ("norm = norm(obs)\nreturn norm", "def reward(obs):\n    norm_2 = norm(obs)\n    return norm_2"),
    ],
)
def test_canonical_text(source: str, printed: str) -> None:
    # '-2 ** x' is -(2 ** x) in Python, which is not a literal.
    program = parse(source, CONTROL)
    assert str(program) == printed
    assert parse(printed, CONTROL) == program


def test_refusals_point_at_the_place() -> None:
    with pytest.raises(ProgramError) as caught:
        parse("def reward(x, speed):\n    a = x * 2\n    return a + speeed", CONTROL)
    assert (caught.value.code, caught.value.line, caught.value.column) == ("E_NAME", 3, 16)
    assert "speed (did you mean this?)" in caught.value.allowed


def test_anything_with_a_table_will_do() -> None:
    class Task:
        def table(self) -> tuple[Field, ...]:
            return CONTROL

    assert parse("x", Task()) == parse("x", CONTROL) == parse("x", {"x": CONTROL[4]})
    with pytest.raises(BadInput, match="a task, or a sequence of Field"):
        parse("x", ["x"])
    with pytest.raises(BadInput, match="source of a program"):
        parse(3, CONTROL)  # type: ignore[arg-type]


def test_strict_units() -> None:
    assert parse("x + speed", CONTROL)
    for source in ("x + speed", "exp(x)", "x < speed", "where(x > 0, x, speed)", "hypot(x, angle)"):
        with pytest.raises(ProgramError, match="E_UNIT"):
            parse(source, CONTROL, strict_units=True)
    for source in (
        "x + 1",
        "x * speed + 3",
        "x + speed * 0.1",
        "exp(x / next_x)",
        "sin(angle)",
        "obs[:, 0] + x",
    ):
        assert isinstance(parse(source, CONTROL, strict_units=True), Program)


def test_codes_say_what_is_allowed() -> None:
    for code, answer in CODES.items():
        assert code[:2] in ("E_", "W_")
        assert isinstance(answer, Answer)
        assert answer.meaning
        assert answer.allowed


def test_the_language_never_executes_text() -> None:
    folder = Path(program_package.__file__).parent
    names = {
        node.func.id
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert "refuse" in names
    assert not names & {"eval", "exec", "compile", "__import__", "open", "globals"}


def test_deep_callers_get_a_refusal_too() -> None:
    def down(levels: int) -> object:
        if levels:
            return down(levels - 1)
        return parse("abs(" * 30 + "x" + ")" * 30, CONTROL)

    outcomes = set()
    for levels in range(600, 1000, 10):
        try:
            outcomes.add(type(down(levels)).__name__)
        except ProgramError as error:
            outcomes.add(error.code)
        except RecursionError:
            break  # the caller's own frames no longer fit
    assert outcomes <= {"Program", "E_DEPTH"}
