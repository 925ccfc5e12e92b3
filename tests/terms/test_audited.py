"""Every text term that the library ships is audited.  What is found and is no fault stands here, with why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from rewardsmith import terms
from rewardsmith.core.term import Term
from rewardsmith.measure.audit import Attack, Audit, Example, attacks, audit, examples_of, in_form

# Where a completion is graded for its form, only what has no form at all must earn nothing.
FORMLESS = ("empty", "junk", "None", "blank", "prompt echo", "filler", "refusal")
SUMS = examples_of([f"What is {n} + 1?" for n in (311, 452, 523, 674)], ["312", "453", "524", "675"])
CITIES = examples_of(
    ["Capital of France?", "Capital of Italy?", "Capital of Cuba?"],
    ["It is Paris", "It is Rome", "It is Havana"],
)
SOURCES = examples_of(["Does it rain?"] * 3, ["11", "22", "33"], {"sources": [["11"], ["22"], ["33"]]})
LAST = "without marks the last number or word is the answer, so that a chain of thought may stand before it"
SHARE = "a share: what is partly right is partly paid"


@dataclass(frozen=True)
class Case:
    """A term on rows, and what may be found.

    Args:
        knows: whether it compares with a reference; a term of form is attacked with what has no form, and a
            measure (a count, a ratio) is watched for its conduct only.
    """

    term: Term
    rows: tuple[Example, ...] = SUMS
    form: str = "auto"
    knows: str = "answer"
    fine: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def attacks(self) -> tuple[Attack, ...]:
        if self.knows == "answer":
            return attacks()
        return tuple(each for each in attacks() if self.knows == "form" and each.name in FORMLESS)


NUMBER = {"A120": LAST, "A123": LAST}
SIMILAR = dict.fromkeys(
    ("A115", "A120", "A121", "A122", "A123", "A125", "A150", "A151", "A155", "A160", "A161"),
    SHARE,
)
FORM = dict.fromkeys(("A111", "A114", "A117"), "a term of form: it does not know the answer")
CITED = {"A111": FORM["A111"], "A117": FORM["A117"], "A135": "no sentence, no share"}
MEASURE = {"A101": "a count or ratio: it knows no right answer"}
CASES = {
    "exact_answer": Case(terms.exact_answer),
    "exact_answer tags": Case(terms.exact_answer(find="tags")),
    "exact_answer whole": Case(terms.exact_answer(find="whole"), CITIES),
    "exact_answer number": Case(terms.exact_answer(find="number"), fine=NUMBER),
    "numeric_answer": Case(terms.numeric_answer),
    "numeric_answer tags": Case(terms.numeric_answer(find="tags")),
    "numeric_answer number": Case(terms.numeric_answer(find="number"), fine=NUMBER),
    "math_answer": Case(terms.math_answer(timeout=0.5, on_error=0.0), SUMS[:2], r"\boxed{{}}"),
    "word_cosine": Case(
        terms.word_cosine, CITIES, fine={**SIMILAR, "A135": "no words, no direction: undefined"}
    ),
    "citations_exist": Case(
        terms.citations_exist, SOURCES, "It rains [{}].", fine={"A121": SHARE, "A122": SHARE}
    ),
    "cited_sentences": Case(terms.cited_sentences, SUMS, "It is so [{}].", "form", CITED),
    "has_boxed": Case(terms.has_boxed, form=r"\boxed{{}}", knows="form", fine=FORM),
    "think_format": Case(terms.think_format, form="<think>so</think>{}", knows="form", fine=FORM),
    "json_valid": Case(terms.json_valid, form='{"n": {}}', knows="form"),
    "json_matches": Case(terms.json_matches(schema='{"type": "integer"}'), knows="form"),
    "matches": Case(terms.matches(pattern=r"\s*\d+\s*"), knows="form"),
    "phrase_count": Case(terms.phrase_count, knows="measure", fine=MEASURE),
    "word_count": Case(terms.word_count, CITIES, "{}", "measure", {"A170": "it is the length"}),
    "script_share": Case(terms.script_share, CITIES, knows="measure", fine=MEASURE),
    "repeated_ngrams": Case(terms.repeated_ngrams, knows="measure", fine=MEASURE),
    "distinct_ngrams": Case(terms.distinct_ngrams, CITIES, knows="measure", fine=MEASURE),
    "compression_ratio": Case(
        terms.compression_ratio, knows="measure", fine={"A140": "white space is text too"}
    ),
}
# Terms of text that cannot be audited here, and why.
LEFT_OUT = {
    "passes_tests": "a process for each test; what programs try is in tests/sandbox",
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_found_is_what_is_declared(name: str) -> None:
    """A reason for something that is not there would hide the next thing that is."""
    case = CASES[name]
    # the machine may be busy: how long a term takes is measured in benchmarks/
    how = Audit(case.form, case.attacks, allow=case.fine, deadline=20.0, slow=60.0)
    report = audit(case.term, case.rows, how)
    assert report.codes == set(), [f"{f.code.code} {f.message} {dict(f.evidence)}" for f in report.findings]
    assert {finding.code.code for finding, _ in report.allowed} == set(case.fine)


def test_every_text_term_is_here() -> None:
    shipped = {
        name
        for name, value in vars(terms).items()
        if isinstance(value, Term) and value.fields & {"completion"} and name in terms.__all__
    }
    listed = {name.partition(" ")[0] for name in CASES}
    assert shipped == listed | set(LEFT_OUT)


def test_forms_are_said() -> None:
    assert in_form(SUMS, '{"n": {}}')[0].oracle == '{"n": 312}'
