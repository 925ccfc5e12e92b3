"""The convention of eval-protocol; `frameworks/run.py` runs its own decorator."""

from __future__ import annotations

from typing import Any

import pytest

from connect.single_rewards import FAULTY, REWARD, STATEFUL, best, brevity
from rewardsmith.connect import eval_protocol
from rewardsmith.core.errors import CompositionError, MissingField, ScopeError


def _rollout(text: str, question: str = "1+1") -> list[dict[str, str]]:
    return [{"role": "user", "content": question}, {"role": "assistant", "content": text}]


def test_pointwise() -> None:
    assert eval_protocol.pointwise(REWARD)(messages=_rollout("2"), ground_truth="2", dataset="d") == {
        "score": 1.25,
        "is_score_valid": True,
        "reason": "scored",
        "metrics": {
            "exact": {"score": 1.0, "is_score_valid": True, "reason": "share of exact"},
            "brevity": {"score": 0.25, "is_score_valid": True, "reason": "share of brevity"},
        },
        "error": None,
    }


def test_no_verdict_is_not_valid() -> None:
    result = eval_protocol.pointwise(REWARD)(messages=_rollout("2"), ground_truth=None)
    assert (result["score"], result["is_score_valid"], result["reason"]) == (0.0, False, "no verdict")
    assert not result["metrics"]["exact"]["is_score_valid"]


def test_batch() -> None:
    rollouts = [_rollout("a"), _rollout("bb"), _rollout("ccc", "2+2")]
    results = eval_protocol.batch(best + brevity)(rollouts_messages=rollouts)
    assert [result["score"] for result in results] == pytest.approx([1.5, 1 / 3, 1.25])
    scored = eval_protocol.batch(REWARD)(rollouts_messages=rollouts, ground_truth=["a", "b", "ccc"], tags="x")
    assert [result["score"] for result in scored] == [1.25, 0.0, 1.125]
    assert eval_protocol.batch(REWARD)(rollouts_messages=[]) == []


@pytest.mark.parametrize("faulty", FAULTY, ids=str)
def test_policies(faulty: Any) -> None:
    call = {"messages": _rollout("2"), "ground_truth": "2"}
    silent = eval_protocol.pointwise(faulty)(**call)
    assert not silent["is_score_valid"]
    assert silent["error"] is not None
    constant = eval_protocol.pointwise(faulty, on_error=0.5)(**call)
    assert (constant["score"], constant["is_score_valid"]) == (0.5, True)
    with pytest.raises((ValueError, ArithmeticError, MissingField)):
        eval_protocol.pointwise(faulty, on_error="raise")(**call)


def test_wiring() -> None:
    with pytest.raises(ScopeError, match="eval-protocol"):
        eval_protocol.pointwise(best)
    for make in (eval_protocol.pointwise, eval_protocol.batch):
        with pytest.raises(CompositionError, match="keeps a state"):
            make(STATEFUL)
