"""Budgets, seeds and methods: bad ones are refused in one line, and stages share no seed."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewardsmith.core.errors import BadInput
from rewardsmith.design import Design, from_record, load_method, methods
from rewardsmith.design.loop import Search
from rewardsmith.design.schema import parse_method
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
        ({"trainings": 1, "method": "derl"}, "2 candidates x 1 seeds"),
        ({"steps": 0}, "at least 1"),
        ({"seeds": 0}, "at least 1"),
        ({"seed": -3}, "whole number from 0"),
        ({"method": "eurka"}, "did you mean eureka"),
        ({"ppo": (("clip", -1.0),)}, "PPO.clip"),
    ],
)
def test_bad_configurations_are_refused_in_one_line(change, says):
    with pytest.raises(BadInput, match=says) as caught:
        Design("cartpole_swingup", **change)
    assert "\n" not in str(caught.value)


def _person(method):
    """Whoever answers where a method asks people."""
    return "scripted:success" if method.selection.judge == "people" else None


def test_the_smallest_budget_of_every_method_leaves_groups_to_learn_from():
    """Whatever a design accepts, each round has as many candidates as its proposer needs."""
    task = load("cartpole")
    for name, method in methods().items():
        least = method.smallest * method.seeds
        config = Design("cartpole", name, trainings=least, feedback=_person(method))
        search = Search(config.budgeted(task), task, None, None)
        assert search._count() >= method.smallest
        assert search._count() * search.config.rounds * method.seeds <= least
        assert search.config.rounds == 1


GOOD = {"name": "mine", "meaning": "one", "strategy": {"kind": "evolve"}, "sees": ["order"]}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"strategy": {"kind": "oracle"}}, "independent"),
        ({"strategy": {"kind": "evolve", "parrents": 3}}, "did you mean parents"),
        ({"strategy": "evolve"}, "strategy: received .evolve.; allowed: a mapping with a kind"),
        ({"sees": ["success"]}, "order, terms, score"),
        ({"sees": []}, "evolve needs it"),
        ({"rounds": 0}, "at least 1"),
        ({"rounds": "5"}, "method: rounds: received '5'; allowed: a whole number$"),
        ({"rounds": 2.5}, "received 2.5; allowed: a whole number$"),
        ({"strategy": {"kind": "evolve", "fresh": "0.5"}}, "fresh: received '0.5'; allowed: a number$"),
        ({"training": {"first": 1.5}}, "training.first.*0 to 1"),
        ({"training": {"kind": "sac"}}, "'ppo', 'shared_replay' or 'plan'"),
        ({"training": {"checkpoint": "best"}}, "'last' or 'peak'"),
        ({"training": {"checkpoint": "peak", "kind": "plan"}}, "plan has no checkpoints"),
        ({"training": {"checkpoint": "peak", "kind": "shared_replay"}}, "shared_replay has no checkpoints"),
        ({"screens": [{"kind": "nose"}]}, "constant"),
        ({"screens": {"kind": "living"}}, "a list"),
        ({"writing": {"generator": "learned"}}, "also score"),
        ({"speed": 3}, "key 'speed'"),
        ({"meaning": None}, "meaning: received None; allowed: a text$"),
    ],
)
def test_bad_methods_are_refused_in_one_line(change, says):
    with pytest.raises(BadInput, match=says) as caught:
        parse_method(GOOD | change)
    assert "\n" not in str(caught.value)


def test_shared_replay_is_refused_before_a_run_is_made():
    with pytest.raises(BadInput, match="choices"):
        Design("pendulum_hold", "lares").budgeted(load("pendulum_hold"))
    assert Design("cartpole", "lares").budgeted(load("cartpole")).trainings


def test_a_method_of_ones_own_is_a_file(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\nmeaning: one\nstrategy: {kind: best, elitist: true}\nsees: [order]\n")
    assert Design("pendulum_hold", str(path)).resolved.strategy.elitist
    for text, says in (("name: [", "a YAML file"), ("- a", "a mapping")):
        bad = tmp_path / f"{says[:3].strip()}.yaml"
        bad.write_text(text)
        with pytest.raises(BadInput, match=says):
            load_method(str(bad))
    with pytest.raises(BadInput, match="no such file"):
        load_method(str(tmp_path / "none.yaml"))


@pytest.mark.parametrize("name", sorted(methods()))
def test_a_design_survives_its_record(name):
    """A resumed run is the run that was begun: the same configuration gives the same id."""
    task = load("pendulum_hold")
    person = _person(load_method(name))
    ppo = (("envs", 8),)
    design = Design("pendulum_hold", name, trainings=64, steps=50_000, seed=3, ppo=ppo, feedback=person)
    again = from_record(design.record(task))
    assert again.record(task) == design.record(task)
    assert again.resolved == load_method(name)
