"""What is read from a source without running it, and what is refused with which place and remedy."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rewardsmith.core.errors import ProgramError
from rewardsmith.sandbox.codes import CODES, MODULES
from rewardsmith.sandbox.python_source import MAX_LENGTH, Reading, read

KNOWN = ("angle", "action", "obs")
# How long examples take says something about the machine alone.
PATIENTLY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def refusal(source: str, function: str = "reward") -> ProgramError:
    with pytest.raises(ProgramError) as caught:
        read(source, function, KNOWN)
    return caught.value


@pytest.mark.parametrize(
    ("body", "parts", "total"),
    [
        ("return angle", ("reward",), False),
        ("return -abs(angle) + helper(angle)", ("reward",), False),
        ("return {'up': angle, 'still': 1.0}", ("up", "still"), False),
        ("return dict(up=angle, still=1.0)", ("up", "still"), False),
        ("p = {'up': angle}; p['still'] = 1.0; return p", ("up", "still"), False),
        ("p = {}; p['up'] = angle; return p", ("up",), False),
        ("p = dict(); p['up'] = angle; return p", ("up",), False),
        ("p: dict = {'up': angle}; return p", ("up",), False),
        ("x = angle; x[0] = 1; return x", ("reward",), False),
        ("return angle, {'up': angle}", ("up",), True),
        ("p = {'up': angle}; return sum(p.values()), p", ("up",), True),
        ("f = lambda: None\n    def g():\n        return 1\n    return {'up': g()}", ("up",), False),
        (
            "if angle.sum() > 0:\n        return {'a': 1.0, 'b': angle}\n    return {'b': angle, 'a': 2.0}",
            ("a", "b"),
            False,
        ),
    ],
)
def test_the_parts_are_those_of_the_return(body: str, parts: tuple[str, ...], total: bool) -> None:
    found = read(f"def reward(angle):\n    {body}", "reward", KNOWN)
    assert (found.parts, found.total) == (parts, total)
    assert found.names == (*parts, *(["rest"] if total else []))


@pytest.mark.parametrize(
    ("source", "code", "place", "said"),
    [
        ("def reward(angle)\n    return angle", "Y_SYNTAX", (1, 18), "expected ':'"),
        ("def reward(angle):\n    return (angle", "Y_SYNTAX", (2, 12), "never closed"),
        ("", "Y_FUNCTION", (1, 1), "no function 'reward'; it defines no function"),
        ("def other(angle): return angle", "Y_FUNCTION", (1, 1), "it defines other"),
        ("async def reward(angle): return angle", "Y_FUNCTION", (1, 1), "defines no function"),
        ("def reward(speed): return speed", "Y_SIGNATURE", (1, 12), "'speed' is no field"),
        ("def reward(*angle): return angle", "Y_SIGNATURE", (1, 13), r"\*angle"),
        ("def reward(**angle): return angle", "Y_SIGNATURE", (1, 14), r"\*angle"),
        ("def reward(angle, /): return angle", "Y_SIGNATURE", (1, 12), "before a /"),
        ("def reward(): return 1", "Y_SIGNATURE", (1, 1), "reads no field"),
        ("def reward(scale=1.0): return scale", "Y_SIGNATURE", (1, 1), "reads no field"),
        ("import os\ndef reward(angle): return angle", "Y_IMPORT", (1, 1), "import of os"),
        ("def reward(angle):\n    from scipy.stats import norm\n    return angle", "Y_IMPORT", (2, 5), "scipy"),
        ("def reward(angle):\n    from . import x\n    return angle", "Y_IMPORT", (2, 5), r"import of \."),
        ("def reward(angle):\n    pass", "Y_RETURN", (1, 1), "no return"),
        ("def reward(angle):\n    return", "Y_RETURN", (2, 5), "without a value"),
        ("def reward(angle):\n    return {}", "Y_RETURN", (2, 12), "empty dict"),
        ("def reward(angle):\n    return {f'{1}': angle}", "Y_RETURN", (2, 13), "no literal text"),
        ("def reward(angle):\n    return {**angle}", "Y_RETURN", (2, 12), "no literal text"),
        ("def reward(angle):\n    p = {}\n    return p", "Y_RETURN", (3, 12), "does not show"),
        ("def reward(angle):\n    return angle, angle", "Y_RETURN", (2, 5), r"not \(total, dict"),
        ("def reward(angle):\n    return {'two words': angle}", "Y_RETURN", (1, 1), "two words"),
        ("def reward(angle):\n    return angle, {'rest': angle}", "Y_RETURN", (1, 1), "rest"),
        (
            "def reward(angle):\n    if 1: return angle\n    return {'a': angle}",
            "Y_RETURN",
            (3, 5),
            "different parts",
        ),
        ("x = " + "(" * 200 + ")" * 200, "Y_SIZE", (1, 1), "100 brackets"),
        ("x = " + "-" * 5000 + "1", "Y_SIZE", (1, 1), "signs"),
        ("x = " + "- " * 5000 + "1", "Y_SIZE", (1, 1), "signs"),
        ("x = a" + ".b" * 9000, "Y_SIZE", (1, 1), "nested"),
        ("x = " + "not " * 4000 + "1", "Y_SIZE", (1, 1), "nested"),
        ("def reward(angle): return " + "a if b else " * 1500 + "1", "Y_SIZE", (1, 1), "nested"),
        ("# " + "x" * MAX_LENGTH, "Y_SIZE", (1, 1), "20,002 characters"),
        (
            "def reward(angle):\n    return {" + ", ".join(f"'p{i}': angle" for i in range(33)) + "}",
            "Y_SIZE",
            (1, 1),
            "33",
        ),
        ("x\0y", "Y_SYNTAX", (1, 1), "null"),
    ],
)
def test_refusals_name_code_place_and_remedy(source: str, code: str, place: tuple[int, int], said: str) -> None:
    error = refusal(source)
    assert (error.code, error.line, error.column) == (code, *place), error
    assert re.search(said, error.message), error.message
    assert error.allowed
    assert code in CODES


def test_arguments_with_a_default_are_no_fields() -> None:
    source = "def reward(obs, scale=2.0, *, angle, power=1): return scale * angle"
    assert read(source, "reward", KNOWN).fields == ("obs", "angle")


@pytest.mark.parametrize("module", MODULES)
def test_what_may_be_imported(module: str) -> None:
    name = "annotations" if module == "__future__" else "*"
    assert read(f"from {module} import {name}\ndef reward(angle): return angle", "reward", KNOWN).parts == (
        "reward",
    )


def test_the_hash_ignores_what_has_no_meaning() -> None:
    plain = "def reward(angle, action):\n    x = angle * 2.0\n    return x - action"
    dressed = (
        '"""A reward."""\n# with a comment\n\n'
        'def reward(angle: np.ndarray, action: "float") -> float:\n    """Doc."""\n'
        "    x = (angle*2.0)  # twice\n\n    return (x -\n        action)"
    )
    assert read(plain, "reward", KNOWN).digest == read(dressed, "reward", KNOWN).digest
    for other in (
        plain.replace("2.0", "2.5"),
        plain.replace("- action", "+ action"),
        plain.replace("2.0", "2"),
    ):
        assert read(plain, "reward", KNOWN).digest != read(other, "reward", KNOWN).digest


def test_the_size_counts_statements_and_expressions() -> None:
    """Counted by hand: def, return, the sum, angle, and the number."""
    assert read("def reward(angle):\n    return angle + 1.0", "reward", KNOWN).size == 5


WORDS = st.sampled_from(
    ["def reward(angle):", "def", "return", "{", "}", "'a'", ":", ",", "(", ")", "[", "]", "angle", "=",
     "lambda", "import", "os", "*", "**", "-", "1e999", "\n", "\n    ", "p", "dict", "yield", "await", "f'{",
     "\\", '"""', "\t", "é", "\x00", "class", "@", "...", "async", "match", "_", "global"]
)  # fmt: skip


@PATIENTLY
@given(st.lists(WORDS, max_size=40).map(" ".join) | st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    for source in (text, f"def reward(angle):\n    {text}\n    return angle"):
        found: Reading | ProgramError
        try:
            found = read(source, "reward", KNOWN)
        except ProgramError as error:
            found = error
        if isinstance(found, Reading):
            assert found.names
        else:
            assert found.code in CODES
            assert (found.line, found.column) >= (1, 1)
