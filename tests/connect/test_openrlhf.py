"""The convention of OpenRLHF; `frameworks/run.py` runs OpenRLHF's own executor."""

from __future__ import annotations

from typing import Any

import pytest

from connect.single_rewards import FAULTY, REWARD, STATEFUL, best
from rewardsmith.connect import openrlhf
from rewardsmith.connect.single import NoVerdict
from rewardsmith.core.errors import CompositionError, MissingField, ScopeError


def _lists(result: Any) -> Any:
    logs = {name: values.tolist() for name, values in result["extra_logs"].items()}
    return result["rewards"].tolist(), result["scores"].tolist(), logs


def test_rewards_scores_and_logs() -> None:
    function = openrlhf.reward_func(REWARD, no_verdict=-1.0)
    queries, prompts = ["1+1=2<|im_end|>", "<s>1+1=3</s>", "1+1=2"], ["1+1="] * 3
    totals = [1.25, 0.0, -1.0]
    logs = {"exact": [1.0, 0.0, -1.0], "brevity": [0.25, 0.0, -1.0], "verdict": [1.0, 1.0, 0.0]}
    assert _lists(function(queries, prompts, ["2", "2", None])) == (totals, totals, logs)
    assert _lists(function(queries, prompts, ["2", "2", None], images=None)) == (totals, totals, logs)
    assert _lists(function([], [], [])) == ([], [], {})


@pytest.mark.parametrize(
    ("query", "prompt", "completion"),
    [
        ("what? yes", "what?", " yes"),
        ("<|begin_of_text|>what? yes<|eot_id|>", "what?", " yes"),
        ("<bos>what?<eos>", "what?", ""),
        ("what? a </s> b</s><pad><pad>", "what?", " a </s> b"),
        ("what? <b>bold</b>", "what?", " <b>bold</b>"),
        ("decoded otherwise", "what?", "decoded otherwise"),
        ("text [PAD]", "", "text "),
    ],
)
def test_the_completion_in_a_query(query: str, prompt: str, completion: str) -> None:
    assert openrlhf.completion_of(query, prompt) == completion


@pytest.mark.parametrize("faulty", FAULTY, ids=str)
def test_policies(faulty: Any) -> None:
    def total(**policy: Any) -> Any:
        return openrlhf.reward_func(faulty, **policy)(["pq"], ["p"], ["q"])["rewards"].tolist()

    assert total(no_verdict=-1.0) == [-1.0]
    assert total(no_verdict=-1.0, on_error=0.5) == [0.5]
    with pytest.raises(NoVerdict):
        total(no_verdict="raise")
    with pytest.raises((ValueError, ArithmeticError, MissingField)):
        total(no_verdict=-1.0, on_error="raise")


def test_wiring_and_lengths() -> None:
    with pytest.raises(ScopeError, match="OpenRLHF"):
        openrlhf.reward_func(best, no_verdict=0.0)
    with pytest.raises(CompositionError, match="keeps a state"):
        openrlhf.reward_func(STATEFUL, no_verdict=0.0)
    with pytest.raises(ValueError, match="shorter"):
        openrlhf.reward_func(REWARD, no_verdict=0.0)(["a", "b"], ["a"], ["a"])
