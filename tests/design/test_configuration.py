"""Budgets, seeds and methods: bad ones are refused in one line, and stages share no seed."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewardsmith.core.errors import BadInput
from rewardsmith.design import METHODS, Design, Method, from_record, load_method
from rewardsmith.design.loop import Search
from rewardsmith.design.seeds import Seeds
from rewardsmith.tasks import load


@given(
    base=st.integers(0, 1000), search=st.integers(1, 50), selection=st.integers(1, 50), final=st.integers(1, 50)
)
def test_stages_never_share_a_seed(base, search, selection, final):
    seeds = Seeds(base, search, selection, final)
    for a, b in combinations(("search", "selection", "final"), 2):
        assert not set(seeds.of(a)) & set(seeds.of(b))
    assert not set(seeds.of("final")) & set(Seeds(base + 1, 50, 50, 50).of("search"))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"trainings": -1}, "at least 1"),
        ({"trainings": True}, "whole number"),
        ({"trainings": 2}, "x 5 rounds"),
        ({"steps": 0}, "at least 1"),
        ({"seeds": 0}, "at least 1"),
        ({"seed": -3}, "whole number from 0"),
        ({"method": "evolv"}, "did you mean evolve"),
        ({"ppo": (("clip", -1.0),)}, "PPO.clip"),
    ],
)
def test_bad_configurations_are_refused_in_one_line(change, says):
    with pytest.raises(BadInput, match=says) as caught:
        Design("cartpole_swingup", **change)
    assert "\n" not in str(caught.value)


def test_the_smallest_budget_of_every_method_leaves_groups_to_learn_from():
    """Whatever a design accepts, each round has as many candidates as its proposer needs."""
    task = load("pendulum_hold")
    for name, method in METHODS.items():
        least = method.rounds * method.islands * method.smallest
        search = Search(Design("pendulum_hold", name, trainings=least).budgeted(task), task, None, None)
        assert search._count() >= method.smallest
        assert search._count() * method.rounds * method.islands <= least


@pytest.mark.parametrize(
    "change", [{"proposer": "oracle"}, {"sees": ("success",)}, {"rounds": 0}, {"fresh": 1.5}]
)
def test_bad_methods_are_refused(change):
    with pytest.raises(BadInput):
        Method(**({"name": "mine", "meaning": "", "proposer": "random"} | change))


@pytest.mark.parametrize("name", METHODS)
def test_a_design_survives_its_record(name):
    """A resumed run is the run that was begun: the same configuration gives the same id."""
    task = load("pendulum_hold")
    design = Design("pendulum_hold", name, trainings=64, steps=50_000, seed=3, ppo=(("envs", 8),))
    again = from_record(design.record(task))
    assert again.record(task) == design.record(task)
    assert again.resolved == load_method(name)
