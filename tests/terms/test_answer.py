"""Answers and format: what counts, exploits that must not pay, and numbers against exact fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewardsmith import terms
from rewardsmith.core.errors import BadInput
from rewardsmith.terms.answer import boxed_answers, find_answers, normal_form, read_number


def score(term, completion, reference=None):
    batch = {"completion": [completion]} | ({"reference": [reference]} if reference is not None else {})
    return term(batch).tolist()[0]


@pytest.mark.parametrize(
    ("completion", "reference", "right"),
    [
        (r"\boxed{4}", "4", True),
        (r"\boxed{ 4 }.", "$4$", True),
        (r"\boxed{\dfrac12}", r"\frac{1}{2}", True),
        (r"\boxed{\text{New York}}", "New  York", True),
        (r"\boxed{NewYork}", "New York", False),
        (r"\boxed{x + 1}", "x+1", True),
        (r"\boxed{2 x}", "2x", True),
        (r"\boxed{1 2}", "12", False),
        (r"\boxed{1,234}", "1234", True),
        (r"\boxed{1,23}", "123", False),  # a pair, not a number
        (r"\boxed{\left( 1, 2 \right)}", "(1,2)", True),
        (r"\boxed{b}", "B", False),
        (r"\fbox{4}", "4", True),
        (r"\boxed{\frac{\sqrt{3}}{2}}", r"\frac{\sqrt{3}}{2}", True),  # nested braces
        ("4", "4", False),  # not boxed
        ("", "4", False),  # an empty completion is a real, wrong answer
        (r"\boxed{4", "4", False),
        (r"\boxed{}", "4", False),
        # several answers: all must be right
        (r"\boxed{4}, that is \boxed{4}", "4", True),
        (r"\boxed{3} \boxed{4}", "4", False),
        (r"\boxed{4} \boxed{3}", "4", False),
        ("".join(rf"\boxed{{{n}}}" for n in range(100)), "99", False),
        # hidden in filler or in the thought
        (r"the answer 4 is in here, 4, 4, \boxed{5}", "4", False),
        (r"<think>\boxed{4}</think> \boxed{5}", "4", False),
        (r"<think>\boxed{5}</think> \boxed{4}", "4", True),
        (r"<think>so \boxed{4}", "4", False),
        (r"started thought \boxed{5}</think>\boxed{4}", "4", True),  # the prompt opened it
        (r"<think>a</think>\boxed{5}<think>\boxed{4}", "4", False),
    ],
)
def test_exact_boxed(completion, reference, right):
    assert score(terms.exact_answer, completion, reference) == float(right)


@pytest.mark.parametrize(
    ("find", "completion", "reference", "right"),
    [
        ("tags", "<answer>Paris</answer>", "Paris", True),
        ("tags", "<answer>Rome</answer><answer>Paris</answer>", "Paris", False),
        ("tags", "Paris <answer>Rome</answer>", "Paris", False),
        ("tags", "<answer>Paris, Rome, Berlin</answer>", "Paris", False),  # no substring match
        ("number", "it is 3, no, 4.", "4", True),
        ("number", "4 of 5", "4", False),
        ("number", "x4", "4", False),
        ("whole", "Paris", "Paris", True),
        ("whole", "It is Paris", "Paris", False),
        ("whole", "<think>hm</think>\n Paris.", "Paris", True),
    ],
)
def test_where_the_answer_is_looked_for(find, completion, reference, right):
    assert score(terms.exact_answer(find=find), completion, reference) == float(right)


def test_letters_of_either_case():
    assert score(terms.exact_answer(fold_case=True), r"\boxed{b}", "B") == 1.0


@pytest.mark.parametrize("term", [terms.exact_answer, terms.numeric_answer])
def test_no_verdict_and_bad_input(term):
    batch = {"completion": [None, r"\boxed{1}", r"\boxed{1}", ""], "reference": ["1", None, " ", "1"]}
    np.testing.assert_array_equal(term(batch), [np.nan, np.nan, np.nan, 0.0])
    with pytest.raises(BadInput, match="a list of texts"):
        term({"completion": "1", "reference": "1"})
    with pytest.raises(BadInput, match="received 3; allowed: a list of texts"):
        term({"completion": [3], "reference": ["1"]})
    with pytest.raises(BadInput, match="completion: 1, reference: 2"):
        term({"completion": ["1"], "reference": ["1", "2"]})
    with pytest.raises(BadInput, match="boxed, tags, number, whole"):
        term(find="first")({"completion": ["1"], "reference": ["1"]})


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**6))
def test_numbers_are_read_like_exact_fractions(above, below):
    exact = float(Fraction(above, below))
    sign = "-" if above < 0 else ""
    for text in (f"{above}/{below}", rf"{sign}\frac{{{abs(above)}}}{{{below}}}", f"$ {above} / {below} $"):
        assert read_number(text) == pytest.approx(exact, rel=1e-15)
    assert read_number(f"{above:,}") == float(above)
    assert read_number(f"{above}\\%") == pytest.approx(above / 100, rel=1e-15)
    assert read_number(f"{above}%", "ignore") == float(above)
    assert read_number(f"{exact:.6e}") == float(f"{exact:.6e}")


@pytest.mark.parametrize(
    "text",
    ["", "x", "1/0", "1e999", "1 2", "--1", "1.2.3", "nan", "inf", "0x10", "1_000", "12,34", "٣", "1/2/3"],
)
def test_what_is_no_number(text):
    assert read_number(text) is None


@pytest.mark.parametrize(
    ("options", "completion", "reference", "value"),
    [
        ({}, r"\boxed{0.5}", "1/2", 1.0),
        ({}, r"\boxed{50\%}", "1/2", 1.0),
        ({}, r"\boxed{50}", "50%", 0.0),
        ({"percent": "ignore"}, r"\boxed{50}", "50%", 1.0),
        ({}, r"\boxed{\$7}", "7.00", 1.0),
        ({}, "\\boxed{\u22123}", "-3", 1.0),
        ({}, r"\boxed{3.14}", "3.14159", 0.0),
        ({"relative": 1e-3}, r"\boxed{3.14}", "3.14159", 1.0),
        ({"absolute": 0.01}, r"\boxed{0.009}", "0", 1.0),
        ({}, r"\boxed{3} or \boxed{4}", "4", 0.0),
        ({}, r"\boxed{4} = \boxed{4.0}", "4", 1.0),
        ({}, r"\boxed{4 apples}", "4", 0.0),
        ({}, r"\boxed{4}", "four", np.nan),  # the reference decides nothing
        ({"find": "number"}, "between 3 and 1,004.5", "1004.5", 1.0),
        ({"find": "number"}, "no digits", "4", 0.0),
    ],
)
def test_numeric(options, completion, reference, value):
    np.testing.assert_equal(score(terms.numeric_answer(**options), completion, reference), value)


@given(st.text(alphabet="\\boxed{}frac$ 12a,.%/-+", max_size=60))
def test_no_text_breaks_the_readers(text):
    for find in ("boxed", "tags", "number", "whole"):
        for answer in find_answers(text, find):
            normal_form(answer)
            read_number(answer)
    assert normal_form(normal_form(text)) is not None


@given(st.lists(st.from_regex(r"[a-z0-9 ]{1,5}", fullmatch=True), max_size=5))
def test_boxes_are_found_in_order(contents):
    text = " and ".join(rf"\boxed{{{{{content}}}}}" for content in contents)
    assert boxed_answers(text) == [f"{{{content}}}" for content in contents]


@pytest.mark.parametrize(
    ("options", "completion", "value"),
    [
        ({}, "<think>a</think>b", 1.0),
        ({}, " <think>a</think>\nb ", 1.0),
        ({}, "<think>a</think>  ", 0.0),
        ({}, "x<think>a</think>b", 0.0),
        ({}, "<think>a</think>b<think>c</think>d", 0.0),
        ({}, "</think><think>b", 0.0),
        ({}, "<think></think>b", 1.0),
        ({"opened": True}, "a</think>b", 1.0),
        ({"opened": True}, "<think>a</think>b", 0.0),
        ({"answer_tags": True}, "<think>a</think><answer>b</answer>", 1.0),
        ({"answer_tags": True}, "<think>a</think><answer> </answer>", 0.0),
        ({"answer_tags": True}, "<think>a</think><answer>b</answer> more", 0.0),
        ({"answer_tags": True}, "<think>a</think><answer>b</answer><answer>c</answer>", 0.0),
        ({"answer_tags": True}, "<think>a</think>b", 0.0),
    ],
)
def test_think_format(options, completion, value):
    assert score(terms.think_format(**options), completion) == value


@pytest.mark.parametrize(
    ("options", "completion", "value"),
    [
        ({}, '{"a": [1, 2.5, null]}', 1.0),
        ({}, "7", 1.0),
        ({}, "<think>json?</think>[]", 1.0),
        ({}, "[1,]", 0.0),
        ({}, "{} {}", 0.0),
        ({}, '{"a": Infinity}', 0.0),
        ({}, "[" * 100_000, 0.0),
        ({}, "9" * 10_000, 0.0),  # more digits than Python converts
        ({}, "", 0.0),
        ({}, "```json\n{}\n```", 0.0),
        ({"fenced": True}, "Here:\n```json\n{}\n```", 1.0),
        ({"fenced": True}, "```json\n{}\n```\n```json\n{}\n```", 0.0),
        ({"fenced": True}, "{}", 1.0),
    ],
)
def test_json_valid(options, completion, value):
    assert score(terms.json_valid(**options), completion) == value
