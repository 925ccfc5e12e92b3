"""What counts as a tie, and that simpler rewards must prove themselves."""

from __future__ import annotations

import math

import pytest

from rewardsmith.core.errors import StoreError
from rewardsmith.core.fields import Field
from rewardsmith.design.candidate import Candidate, TermTrace
from rewardsmith.design.race import Standing
from rewardsmith.design.select import choose, pruned
from rewardsmith.program import parse

FIELDS = (Field("x"), Field("v"))
BIG = Candidate("r0c0", parse("{'a': x, 'b': 0.001 * v}", FIELDS), "random")
SMALL = Candidate("r0c1", parse("{'a': x}", FIELDS), "random")
POOL = {each.id: each for each in (BIG, SMALL)}


def standing(id, success, signal, **shares):
    terms = {name: TermTrace(0.0, 0.0, share) for name, share in shares.items()}
    return Standing(id, (success,), signal, True, True, terms)


def test_a_clear_difference_of_success_decides():
    assert choose([standing("r0c0", 0.9, 0.1), standing("r0c1", 0.5, 0.9)], POOL) is BIG


def test_who_has_no_verdict_is_not_chosen():
    assert choose([standing("r0c0", math.nan, 0.9), standing("r0c1", 0.1, 0.1)], POOL) is SMALL
    with pytest.raises(StoreError, match="no finalist"):
        choose([standing("r0c0", math.nan, 0.9)], POOL)


def test_among_tied_the_steadier_wins():
    assert choose([standing("r0c0", 0.92, 0.8), standing("r0c1", 0.99, 0.3)], POOL) is BIG


def test_among_equally_steady_the_simpler_wins():
    assert choose([standing("r0c0", 0.99, 0.80), standing("r0c1", 0.97, 0.78)], POOL) is SMALL


def test_idle_parts_are_dropped_in_a_candidate_of_its_own():
    found = pruned([BIG], {"r0c0": standing("r0c0", 1.0, 1.0, a=0.995, b=0.005)})
    assert [(each.id, each.operator, each.parents) for each in found] == [("r0c0p", "prune", ("r0c0",))]
    assert found[0].program == SMALL.program


def test_nothing_is_pruned_where_every_part_pays_or_nothing_would_be_left():
    assert pruned([BIG], {"r0c0": standing("r0c0", 1.0, 1.0, a=0.9, b=0.1)}) == []
    assert pruned([BIG], {"r0c0": standing("r0c0", 1.0, 1.0, a=0.0, b=0.0)}) == []


def test_a_pruned_program_that_is_already_a_finalist_is_not_trained_twice():
    shares = {"r0c0": standing("r0c0", 1.0, 1.0, a=0.995, b=0.005), "r0c1": standing("r0c1", 1.0, 1.0, a=1.0)}
    assert pruned([BIG, SMALL], shares) == []
