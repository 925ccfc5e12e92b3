"""Signs of programs: against the formula, written down by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rewardsmith.core.fields import Field
from rewardsmith.design.candidate import Candidate, Parent
from rewardsmith.design.compose import composed, plain, signs, uncomposed
from rewardsmith.design.propose.ask import Ask, Draft
from rewardsmith.program import Grammar, Program, parse, random_program
from rewardsmith.sandbox import PythonReward

FIELDS = (Field("x", "m", -2.0, 2.0), Field("y", "m/s", -2.0, 2.0), Field("sparse_value"))
RNG = np.random.default_rng(0)
BATCH = {field.name: RNG.normal(size=200).round(1) for field in FIELDS}


def slow(program: Program) -> np.ndarray:
    """sign(sparse) + 0.1 sign(sum of the others), step by step."""
    shares = program.share(BATCH, None)[0].parts
    found = []
    for step in range(200):
        others = sum(float(values[step]) for name, values in shares.items() if name != "sparse")
        sparse = float(shares["sparse"][step]) if "sparse" in shares else 0.0
        found.append(sum(w * np.sign(v) for w, v in ((1.0, sparse), (0.1, others)) if abs(v) > 1e-9))
    return np.array(found)


@pytest.mark.parametrize(
    "text",
    [
        "return {'sparse': x, 'dense': -y}",
        "return {'dense': 100 * y, 'sparse': x > 1}",
        "return {'sparse': sparse_value, 'a': x, 'b': -0.5 * x}",
        "d = abs(x) - 1\nreturn {'near': -d, 'sparse': d * y}",
        "return {'sparse': x}",
        "x + y",
    ],
)
def test_signs_are_those_of_the_formula(text: str) -> None:
    program = parse(text, FIELDS)
    found = signs(program)
    assert np.asarray(found(BATCH)) == pytest.approx(slow(program))
    assert set(found.names) <= {"sparse", "dense"}
    assert signs(found) == found
    assert parse(str(found), FIELDS)(BATCH) == pytest.approx(slow(program))


def test_random_programs_and_scales() -> None:
    grammar, rng = Grammar.from_fields(FIELDS), np.random.default_rng(1)
    for _ in range(30):
        program = random_program(grammar, rng)
        assert np.asarray(signs(program)(BATCH)) == pytest.approx(slow(program))
    small, large = (parse(f"return {{'sparse': x > 1, 'dense': {scale} * y}}", FIELDS) for scale in (1, 100))
    assert (np.asarray(signs(small)(BATCH)) == signs(large)(BATCH)).all()


PYTHON = """
def size(x):
    return np.abs(x)

def reward(x, y):
    {body}
"""


@pytest.mark.parametrize(
    "body",
    [
        "return {{'sparse': 50.0 * (x > 1), 'dense': -size(y)}}",
        "parts = {{'dense': 3.0 * y, 'sparse': x}}; return x + y, parts",
    ],
)
def test_signs_of_python_are_those_of_the_formula(body: str) -> None:
    reward = PythonReward(PYTHON.format(body=body.format()), "reward", FIELDS[:2])
    asked = Ask("improve", (Parent(Candidate("r0c0", reward, "fresh")),))
    made = composed(Draft(reward, asked), "signs").program
    assert set(made.names) == {"sparse", "dense"}
    shares = reward.share(BATCH, None)[0].parts
    slow_signs = np.sign(shares["sparse"]) + 0.1 * np.sign(shares["dense"])
    assert np.asarray(made(BATCH)) == pytest.approx(slow_signs)
    assert composed(Draft(made, asked), "signs").program == made
    again = replace(asked, parents=(Parent(Candidate("r0c0", made, "fresh")),))
    assert uncomposed(again, "signs").parents[0].candidate.program == reward


def test_tiny_values_are_nothing_and_nan_is_not_hidden() -> None:
    program = signs(parse("return {'sparse': x, 'dense': y}", FIELDS))
    rows = {"x": np.array([1e-10, 0.0, 2e-9, 1.0]), "y": np.array([-1e-10, 1.0, 0.0, np.nan])}
    with np.errstate(all="ignore"):
        assert np.asarray(program(rows)).tolist() == pytest.approx([0, 0.1, 1.0, np.nan], nan_ok=True)


def test_drafts_are_composed_where_the_method_says_so() -> None:
    draft = Draft(parse("x", FIELDS), Ask("fresh"))
    assert composed(draft, "sum") is draft
    assert composed(draft, "signs").program == signs(draft.program)
    empty = Draft(None, Ask("fresh"))
    assert composed(empty, "signs") is empty


def test_writers_see_parents_without_signs() -> None:
    program = parse("d = abs(x) - 1\nreturn {'near': -d, 'fast': 2 * y, 'sparse': d * y}", FIELDS)
    back = plain(signs(program))
    assert set(back.names) == {"sparse", "dense"}
    assert np.asarray(back(BATCH)) == pytest.approx(np.asarray(program(BATCH)))
    assert signs(back) == signs(program)
    parent = Parent(Candidate("r0c0", signs(program), "fresh"))
    ask = Ask("improve", (parent,))
    assert uncomposed(ask, "sum") is ask
    (seen,) = uncomposed(ask, "signs").parents
    assert seen.candidate == Candidate("r0c0", back, "fresh")
