"""Terms that run in worker processes: patterns, schemas, formulas; and the refusal to run programs."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from rewardsmith import terms
from rewardsmith.core.errors import BadInput


def score(term, completion, reference=None):
    batch = {"completion": [completion]} | ({"reference": [reference]} if reference is not None else {})
    return term(batch).tolist()[0]


@pytest.mark.parametrize(
    ("options", "text", "value"),
    [
        ({"pattern": r"\d+"}, "42", 1.0),
        ({"pattern": r"\d+"}, "a 42 b", 0.0),  # the whole text, no search
        ({"pattern": r"a.b"}, "a\nb", 0.0),
        ({"pattern": r"a.b", "flags": "si"}, "A\nb", 1.0),
        ({}, "x", 1.0),
        ({}, " \n", 0.0),
    ],
)
def test_matches(options, text, value):
    assert score(terms.matches(**options), text) == value


def test_endless_backtracking_costs_only_its_own_verdict(caplog):
    term = terms.matches(pattern="(a+)+b", timeout=0.5)
    texts = ["aab"] * 20
    texts[7] = "a" * 60
    started = time.monotonic()
    values = term({"completion": texts})
    assert time.monotonic() - started < 5
    assert np.isnan(values[7])
    assert (np.delete(values, 7) == 1.0).all()
    assert "1 of 20 samples failed" in caplog.text


def test_bad_patterns_and_schemas_are_one_line():
    for term, why in (
        (terms.matches(pattern="("), "a regular expression"),
        (terms.matches(flags="q"), "letters of a, i, m, s, x"),
        (terms.json_matches(schema="{"), "a JSON schema"),
        (terms.json_matches(schema='{"type": "nothing"}'), "a JSON schema"),
        (terms.math_answer(find="first"), "boxed, tags"),
    ):
        with pytest.raises(BadInput, match=why) as caught:
            term({"completion": ["a", "b"], "reference": ["1", "2"]})
        assert "\n" not in str(caught.value)


SCHEMA = """{
  "type": "object",
  "properties": {"answer": {"type": "integer", "minimum": 0}, "unit": {"enum": ["m", "s"]}},
  "required": ["answer"], "additionalProperties": false
}"""


@pytest.mark.parametrize(
    ("options", "text", "value"),
    [
        ({}, '{"answer": 3, "unit": "m"}', 1.0),
        ({}, '{"answer": 3, "unit": "kg"}', 0.0),
        ({}, '{"answer": -1}', 0.0),
        ({}, '{"answer": 3.5}', 0.0),
        ({}, '{"answer": 3, "more": 1}', 0.0),
        ({}, '{"unit": "m"}', 0.0),
        ({}, "no json", 0.0),
        ({}, "", 0.0),
        ({}, '```json\n{"answer": 3}\n```', 0.0),
        ({"fenced": True}, '```json\n{"answer": 3}\n```', 1.0),
        ({}, '<think>{"answer": -1}</think>{"answer": 3}', 1.0),
    ],
)
def test_json_matches(options, text, value):
    assert score(terms.json_matches(schema=SCHEMA, **options), text) == value


def test_a_schema_fetches_nothing_and_cannot_hang(caplog):
    remote = terms.json_matches(schema='{"$ref": "http://127.0.0.1:9/schema.json"}')
    assert np.isnan(score(remote, "{}"))
    assert "Unresolvable" in caplog.text
    slow = terms.json_matches(schema='{"type": "string", "pattern": "^(a+)+$"}', timeout=0.5)
    values = slow({"completion": ['"aa"', '"' + "a" * 60 + '!"', '"b"']})
    np.testing.assert_array_equal(values, [1.0, np.nan, 0.0])


@pytest.mark.parametrize(
    ("completion", "reference", "value"),
    [
        (r"\boxed{0.5}", "1/2", 1.0),
        (r"\boxed{\frac{2}{4}}", r"$\frac12$", 1.0),
        (r"\boxed{x^2 + 2x + 1}", "(x+1)^2", 1.0),
        (r"\boxed{x^2 + 2x}", "(x+1)^2", 0.0),
        (r"\boxed{\sqrt{8}}", r"2\sqrt{2}", 1.0),
        (r"\boxed{\{1, 2\}}", r"\{2, 1\}", 1.0),
        (r"\boxed{50\%}", "0.5", 1.0),
        (r"\boxed{\text{Paris}}", "Paris", 1.0),
        (r"\boxed{7}", "", np.nan),
        ("7", "7", 0.0),  # not boxed
        ("", "7", 0.0),
        (r"\boxed{}", "7", 0.0),
        # hedging: every answer must be right
        (r"\boxed{0.5} = \boxed{\frac12}", "1/2", 1.0),
        (r"\boxed{0.4} or \boxed{0.5}", "1/2", 0.0),
        (r"\boxed{0.5} or \boxed{0.4}", "1/2", 0.0),
        (r"<think>\boxed{0.5}</think>\boxed{0.4}", "1/2", 0.0),
        (r"0.5 \boxed{\text{see above}}", "1/2", 0.0),
    ],
)
def test_math_answer(completion, reference, value):
    np.testing.assert_equal(score(terms.math_answer, completion, reference), value)


def test_math_in_a_thread_of_the_trainer():
    """Where math-verify raises by itself: its alarm works in the main thread only."""
    from math_verify import parse

    found = {}

    def work():
        try:
            parse("$1$", raise_on_error=True)
        except ValueError as error:
            found["alone"] = str(error)
        found["ours"] = terms.math_answer({"completion": [r"\boxed{0.5}"] * 3, "reference": ["1/2"] * 3})

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert "thread" in found["alone"]
    assert found["ours"].tolist() == [1.0, 1.0, 1.0]


def test_a_formula_that_cannot_be_computed_costs_only_its_own_verdict(caplog):
    texts = [r"\boxed{4}"] * 8
    texts[3] = r"\boxed{9^{9^{9^{9^{9}}}} - 9^{9^{9^{9^{8}}}}}"
    started = time.monotonic()
    values = terms.math_answer(timeout=2.0)({"completion": texts, "reference": ["4"] * 8})
    assert time.monotonic() - started < 20
    assert values[3] != 1.0  # no verdict, or wrong: never right
    assert (np.delete(values, 3) == 1.0).all()
