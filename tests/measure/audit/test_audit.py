"""The audit itself: shares against hand-computed ones, forms, options, levels, records."""

from __future__ import annotations

import json
import math
import pickle
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import rewardsmith as rs
from measure.audit import graders
from rewardsmith import terms
from rewardsmith.core.errors import BadInput
from rewardsmith.core.stats import share_interval
from rewardsmith.measure.audit import (
    FORMS,
    Attack,
    Audit,
    Example,
    arithmetic,
    as_completed,
    attacks,
    audit,
    batch_of,
    codes,
    examples_of,
    in_form,
    relations,
)
from rewardsmith.measure.audit.hidden import embedded
from rewardsmith.measure.audit.isolate import Isolated
from rewardsmith.measure.check import Code, Level
from rewardsmith.terms.answer import read_number

FAST = Audit(deadline=1.0)


def _result(report: Any, name: str) -> Any:
    return next(each for each in report.results if each.name == name)


# ------------------------------------------------------------------ shares
def _graded(batch: Mapping[str, Any]) -> list[float]:
    """Right +1, junk -1, prompt echo -0.2, 'unknown' 0.8: earned shares 1, 0, 0.4, 0.9 by hand."""
    scores = {"zzz": -1.0, "unknown": 0.8}
    return [
        1.0 if text == expected else -0.2 if text == prompt else scores.get(text, -1.0)
        for text, expected, prompt in zip(batch["completion"], batch["reference"], batch["prompt"], strict=True)
    ]


def test_shares_are_between_plain_wrong_answers_and_the_oracle() -> None:
    report = audit(_graded, arithmetic(20), FAST)
    assert _result(report, "junk").earned == 0.0
    assert _result(report, "prompt echo").earned == pytest.approx(0.4)
    assert _result(report, "refusal").earned == pytest.approx(0.9)
    echo = next(each for each in report.findings if each.code.code == "A114")
    assert echo.severity is Level.WARNING  # pays a notable part, not nearly all
    assert echo.evidence["score"] == -0.2
    assert echo.evidence["oracle_score"] == 1.0


def _lucky(rows: tuple[Example, ...]) -> Any:
    """Right answers earn 1, and on these rows so does the empty text."""
    prompts = {each.prompt for each in rows}

    def grader(batch: Mapping[str, Any]) -> list[float]:
        triples = zip(batch["completion"], batch["reference"], batch["prompt"], strict=True)
        return [float(text == answer or (text == "" and prompt in prompts)) for text, answer, prompt in triples]

    return grader


def test_intervals_are_wilsons() -> None:
    rows = arithmetic(20)
    found = _result(audit(_lucky(rows[:7]), rows, FAST), "empty")
    assert found.full == share_interval(7, 20)
    assert found.level is Level.ERROR


@pytest.mark.parametrize(("hits", "level"), [(0, None), (1, Level.NOTE), (3, Level.ERROR)])
def test_one_row_in_twenty_may_be_chance(hits: int, level: Level | None) -> None:
    rows = arithmetic(20)
    assert _result(audit(_lucky(rows[:hits]), rows, FAST), "empty").level is level


def test_position_does_not_count_as_a_hole() -> None:
    """Who reads the last box only is not paying for a list: the policy must know which is right."""

    def last(text: str, expected: str) -> float:
        found = graders.re.findall(r"\\boxed\{([^{}]*)\}", text)
        return float(bool(found) and found[-1] == expected)

    report = audit(graders.rows(last), arithmetic(), FAST)
    assert report.form == "boxed"
    assert "A121" not in report.codes
    assert "A122" not in report.codes


# ------------------------------------------------------------------ the codes without a seeded grader
def _on(text_pays: str) -> Any:
    return graders.rows(lambda text, expected: 1.0 if text_pays in text else graders.strict(text, expected))


def test_none() -> None:
    def grader(batch: Mapping[str, Any]) -> list[float]:
        pairs = zip(batch["completion"], batch["reference"], strict=True)
        return [1.0 if text is None else graders.strict(text, expected) for text, expected in pairs]

    assert audit(grader, arithmetic(), FAST).codes == {"A112"}


def test_echo() -> None:
    assert audit(_on("What is"), arithmetic(), FAST).codes == {"A114"}


def test_thought() -> None:
    def last_number(text: str, expected: str) -> float:
        return float(graders.re.findall(r"-?\d+", text)[-1:] == [expected])

    assert "A125" in audit(graders.rows(last_number), arithmetic(), FAST).codes


def test_notes() -> None:
    def integer(text: str, expected: str) -> float:
        weight = 0.5 if expected < "9" else 1.0
        return weight * float(text.strip().isdecimal() and len(text) < 99 and int(text) == int(expected))

    report = audit(graders.rows(integer), arithmetic(), FAST)
    assert report.codes == set()
    assert {each.code.code for each in report.findings} == {"A102", "A154"}


@pytest.mark.parametrize(
    ("name", "code", "answer"),
    [("case", "A141", "Paris"), ("notation", "A142", "42"), ("full stop", "A143", "42")],
)
def test_declared_relations(name: str, code: str, answer: str) -> None:
    rows = examples_of(["a", "b", "c"], [answer, f"{answer}7", f"{answer}8"])
    assert code not in audit(graders.rows(graders.strict), rows, FAST).codes
    assert code in audit(graders.rows(graders.strict), rows, Audit(same=(name,))).codes


def test_case_that_does_not_matter() -> None:
    rows = examples_of(["a", "b"], ["Paris", "Rome"])
    assert audit(terms.exact_answer(find="whole", fold_case=True), rows, Audit(same=("case",))).codes == set()


# ------------------------------------------------------------------ options
@pytest.mark.parametrize(("find", "form"), [("whole", "bare"), ("boxed", "boxed"), ("tags", "tags")])
def test_the_form_is_found(find: str, form: str) -> None:
    assert audit(terms.exact_answer(find=find), arithmetic(4), FAST).form == form


def test_a_form_of_ones_own() -> None:
    report = audit(graders.rows(graders.strict), arithmetic(4), Audit(form="<<{}>>"))
    assert report.form == "<<{}>>"
    assert "A101" in report.codes  # nobody reads that


def test_completions_say_the_form() -> None:
    one = as_completed(Example("", "a"), "<answer>a</answer>")
    assert one is not None
    assert (one.before, one.after) == ("<answer>", "</answer>")
    assert as_completed(Example("", "7"), "seven") is None


def test_allowed_findings_keep_their_reason() -> None:
    how = Audit(allow={"A120": "the answer stands behind a chain of thought", "A123": "as A120"})
    report = audit(terms.exact_answer(find="number"), arithmetic(), how)
    assert report.codes == set()
    assert {finding.code.code for finding, _ in report.allowed} == {"A120", "A123"}
    assert report.record()["allowed"][0]["reason"]


def test_the_same_seed_gives_the_same_record() -> None:
    def timeless(seed: int) -> dict[str, Any]:
        record = audit(terms.numeric_answer, arithmetic(4), Audit(seed=seed)).record()
        return {key: value for key, value in record.items() if key not in ("times", "seconds")}

    assert timeless(1) == timeless(1)
    assert timeless(1) != timeless(2)


def test_the_record_is_json() -> None:
    report = audit(graders.rows(graders.unbounded), arithmetic(3), FAST)
    text = json.dumps(report.record(), allow_nan=False)
    assert json.loads(text)["errors"] == report.errors > 0


def test_fewer_attacks() -> None:
    only = tuple(each for each in attacks() if each.name == "empty")
    report = audit(graders.rows(graders.vacuous), arithmetic(), Audit(attacks=only))
    assert [each.name for each in report.results if not each.relation] == ["empty"]
    assert "A110" in report.codes


def _shout(example: Example, rng: np.random.Generator) -> list[str | None]:
    del rng
    return [f"!{example.others[0]}!"]


def test_an_attack_of_ones_own() -> None:
    code = Code("A199", "pays for shouting", Level.ERROR, why="", fix="", how="")
    report = audit(_on("!"), arithmetic(), Audit(attacks=(Attack("shout", code, _shout),)))
    assert "A199" in report.codes


def test_a_reward_reads_its_columns() -> None:
    @rs.term
    def by_level(completion: Any, reference: Any, level: Any) -> Any:
        return [float(a == b) * n for a, b, n in zip(completion, reference, level, strict=True)]

    rows = examples_of(["a", "b"], ["1", "2"], {"level": [1.0, 3.0]})
    assert audit(by_level, rows, FAST).oracle == 2.0


# ------------------------------------------------------------------ bad input
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Audit(same=("weather",)), "weather"),
        (lambda: Audit(allow={"A999": "because"}), "A999"),
        (lambda: Audit(allow={"A120": " "}), "CODE=REASON"),
        (lambda: Audit(deadline=0.0), "deadline"),
        (lambda: audit(terms.exact_answer, ()), "at least one row"),
        (lambda: audit(3, arithmetic(2)), "a function from a batch"),
        (lambda: audit(terms.dense_credit, arithmetic(2)), "scope GROUP"),
        (lambda: in_form(arithmetic(2), "no place"), "{}"),
        (lambda: examples_of(["a"], []), "one length"),
        (lambda: examples_of([], []), "at least one row"),
    ],
)
def test_bad_input(make: Any, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        make()


# ------------------------------------------------------------------ attacks as data
def test_names_and_codes_are_unique() -> None:
    tries = (*attacks(), *relations())
    assert len({each.name for each in tries}) == len(tries)
    by_code: dict[str, Code] = {}
    for each in tries:
        assert by_code.setdefault(each.code.code, each.code) == each.code
    for code in codes().values():
        assert code.code.startswith("A1")
        assert all((code.title, code.why, code.fix, code.how))


@pytest.mark.parametrize("form", FORMS)
def test_attacks_are_pure_and_never_the_oracle(form: str) -> None:
    rows = in_form((*arithmetic(3), *examples_of(["x?", "y?"], ["New York", r"\frac{1}{2}"])), FORMS[form])
    for each in (*attacks(), *relations()):
        for i, row in enumerate(rows):
            made = [each.make(row, np.random.default_rng([1, i])) for _ in range(2)]
            assert made[0] == made[1]
            assert row.oracle not in made[0], each.name


def test_wrong_answers_are_wrong() -> None:
    """What reads as the same number is a right answer, so no near miss may."""
    answers = [*map(str, (*range(-9, 20), 33, 100, 101, 110, 999, 1000, 12321)), "0.5", "3/4", "1e3", "7"]
    rows = examples_of(answers, answers)
    near = next(each for each in attacks() if each.name == "near miss")
    for row in rows:
        made = near.make(row, np.random.default_rng(0))
        assert made
        for text in made:
            assert text is not None
            assert read_number(text) != read_number(row.answer)


# ------------------------------------------------------------------ isolation
def test_a_dead_process_costs_one_verdict() -> None:
    with Isolated(graders.exits, 1.0) as worker:
        rows = arithmetic(3)
        texts = [rows[0].answer, "zzz", rows[2].answer]
        replies = worker.each([batch_of([row], [text]) for row, text in zip(rows, texts, strict=True)])
    assert [reply.score for reply in replies][::2] == [1.0, 1.0]
    assert math.isnan(replies[1].score)


def test_memory_is_bounded() -> None:
    def greedy(batch: Mapping[str, Any]) -> list[float]:
        return [float(len(bytes(8 << 30)))] * len(batch["completion"])

    with Isolated(greedy, 5.0) as worker:
        (reply,) = worker.each([{"completion": ["x"]}])
    assert "MemoryError" in reply.failure


def test_reports_pickle() -> None:
    report = audit(terms.exact_answer, arithmetic(3), FAST)
    assert pickle.loads(pickle.dumps(report)) == report


def test_what_every_text_in_the_form_earns_is_said_once() -> None:
    """A grader that pays half for a box, whatever is in it: one cause, not fifteen findings."""
    half = 0.5 * terms.exact_answer + 0.5 * terms.has_boxed
    report = audit(half, arithmetic(), Audit(form="boxed"))
    assert report.codes >= {"A116", "A151"}
    (found,) = [each for each in report.findings if "alike" in each.evidence]
    assert {"near miss", "embedded", "injection", "refusal"} <= set(found.evidence["alike"])
    assert "; so do " in found.message
    assert not report.codes & {"A124", "A150", "A160", "A117"}
    assert {each.name for each in report.results if each.level is not None} >= {"near miss", "embedded"}


def test_a_term_that_ends_its_own_work_comes_back() -> None:
    """It gives no verdict after its timeout, which is longer than the deadline of a call."""
    report = audit(graders.gives_up, arithmetic(3), Audit(form="bare", deadline=0.2))
    assert "A131" not in report.codes
    assert np.isnan(graders.gives_up({"completion": ["5" * 4000], "reference": ["5"]})).all()


def test_a_digit_more_is_no_other_answer() -> None:
    rows = examples_of(["3 / 4?", "1 / 8?", "17 + 26?"], ["0.7500", "0.1250", "43"])
    tolerant = terms.numeric_answer(find="whole", relative=1e-3)
    assert "A124" not in audit(tolerant, rows, Audit(form="bare")).codes
    made = [text for row in rows for text in embedded(row, np.random.default_rng(0))]
    assert {"437", "1110.7500"} <= set(made)
    assert not {"0.7500777", "0.1250777"} & set(made)
