"""Differences of programs, and a writer who goes on in their direction."""

from __future__ import annotations

import numpy as np
import pytest

from rewardsmith.core.fields import Field, with_twins
from rewardsmith.design.candidate import Candidate, Parent
from rewardsmith.design.propose.ask import Ask
from rewardsmith.design.propose.difference import Difference, DifferenceWriter, pushed, reward_diff
from rewardsmith.program import Grammar, Program, mutate, parse, random_program

FIELDS = with_twins((Field("x", "m", -2.0, 2.0), Field("y", "m", -2.0, 2.0), Field("v", "m/s", -1.0, 1.0)))
GRAMMAR = Grammar.from_fields(FIELDS)


def program(text: str) -> Program:
    return parse(text, FIELDS)


def parent(found: Program, name: str = "r0c0") -> Parent:
    return Parent(Candidate(name, found, "fresh"))


def test_parts_are_matched_by_what_they_compute() -> None:
    before = program("return {'a': 2 * x, 'b': x + y, 'c': v}")
    after = program("return {'p': 3 * x, 'q': y + x, 'd': -abs(y)}")
    found = reward_diff(before, after)
    assert found == Difference(("d",), ("c",), (("p", (2.0,), (3.0,)),), ("q",))
    assert str(found) == "added d; dropped c; changed p: 2 -> 3"
    assert not reward_diff(before, before)
    assert str(reward_diff(before, before)) == "no difference"


def test_lines_before_the_return_are_part_of_what_is_computed() -> None:
    before, after = program("d = abs(x)\nreturn {'a': -d}"), program("return {'near': -abs(x)}")
    assert reward_diff(before, after) == Difference(kept=("near",))


def test_every_part_is_accounted_for_once() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        before = random_program(GRAMMAR, rng)
        after = mutate(before, rng, GRAMMAR)
        found = reward_diff(before, after)
        moved = len(found.changed) + len(found.kept)
        assert len(found.added) + moved == len(after.names)
        assert len(found.dropped) + moved == len(before.names)
        back = reward_diff(after, before)
        assert (len(back.added), len(back.dropped)) == (len(found.dropped), len(found.added))


@pytest.mark.parametrize(("before", "after", "next_"), [(2.0, 4.0, 8.0), (4.0, 2.0, 1.0), (1.0, -1.0, -3.0)])
def test_numbers_are_pushed_by_the_same_factor_or_step(before: float, after: float, next_: float) -> None:
    found = pushed(program("return {'a': 7 * x, 'b': y}"), ("a", (before,), (after,)))
    assert found.numbers() == {"program.a.c0": next_}


def test_the_writer_pushes_what_the_good_one_changed() -> None:
    earlier, good = program("return {'a': 2 * x}"), program("return {'a': 4 * x}")
    ask = Ask("improve", (parent(good), parent(program("return {'b': y}"), "r0c1")))
    writer = DifferenceWriter(GRAMMAR, push=1.0)
    (draft,) = writer.write(earlier, [ask], frozenset(), np.random.default_rng(0))
    assert draft.program == program("return {'a': 8.0 * x}")
    assert writer.learn(None, [draft], []) == good
    assert writer.learn(earlier, [], []) == earlier


def test_the_writer_does_not_go_towards_the_bad_one() -> None:
    good = program("return {'a': 2 * x, 'near': -abs(y)}")
    bad = program("return {'near': -abs(y), 'fast': v}")
    ask = Ask("improve", (parent(good), parent(bad, "r0c1")))
    drafts = DifferenceWriter(GRAMMAR).write(None, [ask] * 30, frozenset(), np.random.default_rng(0))
    assert len({draft.program.structural_hash for draft in drafts}) == 30
    assert all(len(reward_diff(bad, draft.program).kept) <= 1 for draft in drafts)


def test_other_asks_are_those_of_the_grammar() -> None:
    drafts = DifferenceWriter(GRAMMAR).write(None, [Ask("fresh")] * 3, frozenset(), np.random.default_rng(0))
    assert [draft.ask.operator for draft in drafts] == ["fresh"] * 3
