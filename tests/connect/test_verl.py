"""The convention of verl; `frameworks/run.py` runs verl's own loader and reward managers."""

from __future__ import annotations

import asyncio
import inspect
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from connect.single_rewards import FAULTY, REWARD, STATEFUL, best, brevity, exact
from rewardsmith.connect import verl
from rewardsmith.connect.single import NoVerdict
from rewardsmith.core.errors import BadInput, CompositionError, MissingField, ScopeError


def _call(function: Any, text: str, truth: Any, **info: Any) -> Any:
    return function(data_source="sums", solution_str=text, ground_truth=truth, extra_info=info)


def test_score_and_parts() -> None:
    function = verl.compute_score(REWARD, no_verdict=0.0)
    assert _call(function, "2", "2") == {"exact": 1.0, "brevity": 0.25, "verdict": 1.0, "score": 1.25}
    assert function("sums", "3", 2)["score"] == 0.0
    assert function("sums", "2", 2, None, reward_router_address="host")["score"] == 1.25


def test_every_sample_has_the_same_keys() -> None:
    function = verl.compute_score(REWARD, no_verdict=-1.0)
    keys = ["exact", "brevity", "verdict", "score"]
    assert [list(_call(function, text, truth)) for text, truth in (("2", "2"), ("2", None))] == [keys] * 2
    assert _call(function, "2", None) == {"exact": -1.0, "brevity": -1.0, "verdict": 0.0, "score": -1.0}
    for faulty in FAULTY:
        result = _call(verl.compute_score(REWARD + faulty, no_verdict=-1.0), "2", "2")
        assert list(result) == ["exact", "brevity", faulty.label, "verdict", "score"]


@pytest.mark.parametrize("faulty", FAULTY, ids=str)
def test_policies(faulty: Any) -> None:
    assert _call(verl.compute_score(faulty, no_verdict=-1.0), "2", "2")["score"] == -1.0
    constant = _call(verl.compute_score(faulty, no_verdict=-1.0, on_error=0.5), "2", "2")
    assert (constant["score"], constant["verdict"]) == (0.5, 0.0)
    with pytest.raises(NoVerdict, match="has no verdict"):
        _call(verl.compute_score(faulty, no_verdict="raise"), "2", "2")
    with pytest.raises((ValueError, ArithmeticError, MissingField)):
        _call(verl.compute_score(faulty, no_verdict=-1.0, on_error="raise"), "2", "2")


def test_wiring() -> None:
    with pytest.raises(ScopeError, match="verl, which scores one completion at a time"):
        verl.compute_score(best, no_verdict=0.0)
    with pytest.raises(CompositionError, match="keeps a state"):
        verl.compute_score(STATEFUL, no_verdict=0.0)
    with pytest.raises(BadInput, match="no_verdict"):
        verl.compute_score(REWARD, no_verdict=float("nan"))
    with pytest.raises(TypeError, match="no_verdict"):
        verl.compute_score(REWARD)  # type: ignore[call-arg]  # it must be said


def test_fields_of_extra_info() -> None:
    function = verl.compute_score(exact, no_verdict=0.0, columns={"reference": "target"})
    assert _call(function, "2", None, target="2")["score"] == 1.0


def test_async_is_seen_as_async_and_threads_are_fine() -> None:
    function = verl.compute_score(REWARD, no_verdict=0.0)
    assert not inspect.iscoroutinefunction(function)
    assert inspect.iscoroutinefunction(function.awaited)
    assert asyncio.run(_call(function.awaited, "2", "2"))["score"] == 1.25
    with ThreadPoolExecutor(4) as pool:
        scores = list(pool.map(lambda text: _call(function, text, "2")["score"], ["2", "3"] * 20))
    assert scores == [1.25, 0.0] * 20


def test_it_is_a_value() -> None:
    function = verl.compute_score(brevity, no_verdict=0.0)
    assert pickle.loads(pickle.dumps(function)) == function
