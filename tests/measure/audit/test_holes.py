"""Each known hole is found by its code, and the strict twin of the grader is clean."""

from __future__ import annotations

import pytest

from measure.audit import graders
from rewardsmith.measure.audit import Audit, Example, arithmetic, audit, codes, examples_of
from rewardsmith.measure.check import Level

HOW = Audit(deadline=0.3, slow=0.004)
# This strict grader looks at the last word, whatever stands before, on purpose.
ON_PURPOSE = {"length_pays": {"A120", "A123"}}
WORDS = (
    ["Which two fruits are red?", "Which two are yellow?", "Which two are green?", "Which two are blue?"],
    ["apple cherry", "banana lemon", "lime kiwi", "plum sloe"],
)


def _examples(name: str) -> tuple[Example, ...]:
    return examples_of(*WORDS) if name == "set_overlap" else arithmetic(6, seed=3)


@pytest.mark.parametrize("name", sorted(graders.HOLES))
def test_a_hole_is_found(name: str) -> None:
    report = audit(graders.rows(getattr(graders, name)), _examples(name), HOW)
    assert report.codes >= graders.HOLES[name]


@pytest.mark.parametrize("name", sorted(graders.HOLES))
def test_the_strict_twin_is_clean(name: str) -> None:
    report = audit(graders.rows(getattr(graders, f"{name}_strict")), _examples(name), HOW)
    assert report.codes - ON_PURPOSE.get(name, set()) == set(), [f.message for f in report.findings]


def test_batches() -> None:
    assert audit(graders.in_batch, arithmetic(), HOW).codes == {"A134"}
    assert audit(graders.in_batch_strict, arithmetic(), HOW).codes == set()


def test_memory() -> None:
    assert "A133" in audit(graders.Remembers(), arithmetic(), HOW).codes


def test_a_grader_that_ends_its_process() -> None:
    report = audit(graders.exits, arithmetic(4), HOW)
    (found,) = [each for each in report.findings if each.code.code == "A130"]
    assert "exit code 3" in found.message
    assert found.severity is Level.ERROR


def test_a_grader_that_hangs_costs_twelve_deadlines_at_most() -> None:
    report = audit(graders.rows(graders.sleeps_forever), arithmetic(12), Audit(deadline=0.1))
    (found,) = [each for each in report.findings if each.code.code == "A131"]
    assert found.message.startswith("12 calls were ended")
    assert report.seconds < 60.0


def test_every_code_is_seeded() -> None:
    """What no seeded grader shows is listed here, with where it is tested instead."""
    elsewhere = {
        *("A102", "A154"),  # test_audit: notes
        *("A112", "A114", "A125"),  # test_audit: one grader each
        *("A134",),  # test_batches
        *("A141", "A142", "A143"),  # test_audit: declared relations
    }
    assert set().union(*graders.HOLES.values()) | elsewhere == set(codes())
