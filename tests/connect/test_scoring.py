from __future__ import annotations

import pickle
import time
from typing import Any

import numpy as np
import pytest

import rewardsmith as rs
from rewardsmith import transforms
from rewardsmith.connect.parts import keeps_state, part_names
from rewardsmith.connect.scoring import Scorer, Scores, ScoreTimeout
from rewardsmith.core.errors import BadInput, MissingField, NonFiniteError, ScopeError
from rewardsmith.testing import sample_batch

CALLS: list[int] = []


@rs.term
def size(completion: Any) -> Any:
    return [float(len(text)) for text in completion]


@rs.term
def picky(completion: Any) -> Any:
    CALLS.append(len(completion))
    if "bad" in completion:
        raise ValueError("cannot read\nthis")
    return [None if text == "?" else 1.0 for text in completion]


@rs.term
def short_list(completion: Any) -> Any:
    return [1.0] * (len(completion) - 1)


@rs.term
def endless(completion: Any) -> Any:
    return [np.inf for _ in completion]


@rs.term
def slow(completion: Any) -> Any:
    time.sleep(1.0)
    return [1.0 for _ in completion]


@rs.term
def offline(completion: Any) -> Any:
    CALLS.append(len(completion))
    raise ConnectionError("no route to the judge")


@rs.term(scope=rs.Scope.GROUP)
def rank(completion: Any, group: Any) -> Any:
    if "bad" in completion:
        raise ValueError("a bad group")
    return [float(sum(g == own for g in group)) for own in group]


TEXTS = ["a", "bb", "bad", "?"]


def test_values_parts_and_no_verdict() -> None:
    scores = Scorer(2.0 * size + picky | rs.Clip(0, 4)).score({"completion": ["a", "?", "abc"]})
    assert scores == Scores(
        [3.0, None, 4.0],
        {"size": [2.0, 2.0, 6.0], "picky": [1.0, None, 1.0], "clip": [0.0, None, -3.0]},
        [],
        scores.state,
    )


@pytest.mark.parametrize("policy", ["raise", "abstain", -2.0])
def test_no_verdict_is_none_under_every_policy(policy: Any) -> None:
    assert Scorer(picky, policy).score({"completion": ["?", "a"]}).total == [None, 1.0]


@pytest.mark.parametrize(
    ("reward", "batch", "error", "says"),
    [
        (picky, {"completion": ["bad"]}, ValueError, "cannot read this"),
        (size, {"prompt": ["x"]}, MissingField, "term size reads the field 'completion'"),
        (size, {"completion": ["x"], "prompt": ["x", "y"]}, BadInput, "field prompt: received 2 entries"),
        (size, {"completion": ["x"], "prompt": "x"}, BadInput, "field prompt: received one text"),
        (short_list, {"completion": ["x"], "terminated": np.ones(1, bool)}, BadInput, "one number per step"),
        (short_list, {"completion": ["x"]}, BadInput, "one number per sample"),
        (endless, {"completion": ["x"]}, NonFiniteError, "is infinite"),
    ],
)
def test_one_policy_for_everything(reward: Any, batch: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error):
        Scorer(reward, "raise").score(batch)
    abstained = Scorer(reward, "abstain").score(batch)
    assert abstained.total == [None]
    assert abstained.terms == {reward.label: [None]}
    assert len(abstained.errors) == 1
    assert "\n" not in abstained.errors[0]
    assert says in abstained.errors[0]
    assert Scorer(reward, -1).score(batch).total == [-1.0]


def test_a_bad_sample_costs_its_own_verdict_only() -> None:
    batch = {"completion": [*"abcdefg", "bad", *"hijklmno"], "weight": 2.0}
    CALLS.clear()
    scores = Scorer(picky).score(batch)
    assert scores.total == [1.0] * 7 + [None] + [1.0] * 8
    assert scores.errors == ["ValueError: cannot read this"]
    assert CALLS == [16, 8, 4, 4, 2, 2, 1, 1, 8]
    assert Scorer(picky, 0.5).score(batch).total == [1.0] * 7 + [0.5] + [1.0] * 8


def test_a_bad_sample_costs_its_group_where_groups_are_compared() -> None:
    batch = {"completion": ["a", "bad", "c", "d"], "group": [7, 9, 7, 9]}
    assert Scorer(rank).score(batch).total == [2.0, None, 2.0, None]
    assert Scorer(rank).score({**batch, "group": np.array([7, 9, 7, 9])}).total == [2.0, None, 2.0, None]


def test_a_lost_connection_is_no_samples_fault() -> None:
    CALLS.clear()
    assert Scorer(offline).score({"completion": TEXTS}).total == [None] * 4
    assert CALLS == [4]


def test_the_timeout_returns() -> None:
    begun = time.monotonic()
    with pytest.raises(ScoreTimeout, match="not scored in time"):
        Scorer(slow, "raise", timeout=0.05).score({"completion": TEXTS})
    scores = Scorer(slow, timeout=0.05).score({"completion": TEXTS})
    assert time.monotonic() - begun < 0.9
    assert scores.total == [None] * 4
    assert scores.errors == ["ScoreTimeout: not scored in time; late evaluations that still run: 2"]
    assert Scorer(size, timeout=5.0).score({"completion": ["ab"]}).total == [2.0]
    assert Scorer(slow, timeout=0.05).score({"completion": TEXTS * 64}).total == [None] * 256


def test_empty_batches_have_the_same_keys() -> None:
    for reward in (size, endless, offline, size + picky | rs.Clip(0, 1)):
        for batch in ({}, {"completion": []}, {"completion": [], "group": np.zeros(0, int)}):
            scores = Scorer(reward, "raise").score(batch)
            assert (scores.total, scores.errors) == ([], [])
            assert scores.terms == {name: [] for name in part_names(reward)}


def test_state_goes_in_and_comes_out() -> None:
    scorer = Scorer(size | rs.Normalize())
    batches = [{"completion": ["a", "bb"]}, {"completion": ["cccc", "dddddd"]}]
    one = scorer.score({"completion": batches[0]["completion"] + batches[1]["completion"]})
    first = scorer.score(batches[0])
    second = scorer.score(batches[1], first.state)
    assert second.total == pytest.approx(one.total[2:])
    assert second.total != pytest.approx(scorer.score(batches[1]).total)
    failed = scorer.score({"prompt": ["x"]}, first.state)
    assert failed.total == [None]
    assert failed.state == first.state


def test_wiring() -> None:
    scorer = Scorer(rank + size)
    scorer.require("a trainer", rs.Scope.GROUP, ["completion", "group", "prompt"])
    scorer.require("a trainer", rs.Scope.GROUP)
    with pytest.raises(ScopeError, match="rank must see a whole GROUP, but one sample at a time shows"):
        scorer.require("one sample at a time", rs.Scope.STEP)
    with pytest.raises(MissingField, match=r"in a trainer reads the field 'group'.*has: completion, prompt"):
        scorer.require("a trainer", rs.Scope.GROUP, ["completion", "prompt"])


@pytest.mark.parametrize(
    "arguments",
    [(abs,), (size, "zero"), (size, True), (size, float("nan")), (size, "raise", 0), (size, "raise", -1.0)],
)
def test_bad_arguments(arguments: Any) -> None:
    with pytest.raises(BadInput):
        Scorer(*arguments)


def test_a_scorer_is_a_value() -> None:
    scorer = Scorer(0.5 * size | rs.Clip(0, 1), "abstain", 2.0)
    assert pickle.loads(pickle.dumps(scorer)) == scorer


def _all_transforms() -> list[Any]:
    kinds = [getattr(transforms, name) for name in transforms.__all__]
    chosen = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, rs.Transform)]
    return [example for kind in chosen for example in kind.examples()]


@rs.term
def plain(state: Any) -> Any:
    return state * 1.0


@rs.term
def never(state: Any) -> Any:
    raise AssertionError("the names of the parts are known without evaluating a term")


@pytest.mark.parametrize("transform", _all_transforms(), ids=str)
def test_the_names_of_the_parts_are_known_beforehand(transform: Any) -> None:
    """For every shipped transform: what is foretold is what comes out."""
    reward = plain + 0.5 * rs.gate(rs.minimum(plain, 2.0 * rs.success), when=rs.success) | transform
    batch = sample_batch(reward.fields, np.random.default_rng(0), (6,))
    assert part_names(reward) == tuple(reward.terms(batch))


def test_no_term_is_evaluated_for_the_names() -> None:
    reward = (
        never + 0.5 * rs.gate(never, when=never) * never | rs.Potential(never, discount=0.9) | rs.Clip(0, 1)
    )
    assert part_names(reward) == ("never", "gate*never", "potential", "clip")


def test_programs_have_named_parts() -> None:
    program = rs.program.parse("def reward(x):\n    return {'near': -abs(x), 'far': x}", [rs.Field("x")])
    assert part_names(program + rs.success) == ("near", "far", "success")


def test_what_keeps_a_state() -> None:
    assert keeps_state(size | rs.Normalize() | rs.Clip(0, 1))
    assert not keeps_state(size + rank | rs.Clip(0, 1))
